import { forms } from '../../mappings/dialects/index.ts';
import { makeObserve } from '../../pipeline/observe.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import type { Quarantine } from '../../ports/quarantine.ts';
import type { Telemetry } from '../../runtime/telemetry.ts';
import { countOutcomes } from './outcome-counts.ts';

/** The observe stage over every form there is, what it turns away counted. */
export function makeCountedObserve(
  quarantine: Quarantine,
  telemetry: Telemetry,
): (observation: Observation) => Promise<Observed> {
  const observe = makeObserve({ forms, quarantine });
  return async (observation) => {
    const observed = await observe(observation);
    countOutcomes(telemetry, observed.outcomes);
    return observed;
  };
}
