import type { MetricName } from '../../model/telemetry.ts';
import { tally } from '../../pipeline/outcomes.ts';
import { OUTCOMES, type Outcome, type OutcomeKind } from '../../pipeline/stages.ts';
import type { Telemetry } from '../../runtime/telemetry.ts';

const METRIC_OF: { readonly [K in OutcomeKind]: MetricName } = {
  judged: 'ChangesJudged',
  stale: 'ChangesStale',
  unsupported: 'ChangesUnsupported',
  quarantined: 'ChangesQuarantined',
  failed: 'ChangesFailed',
};

/** Publishes what became of the changes of a batch, and logs those that need attention. */
export function countOutcomes(telemetry: Telemetry, outcomes: readonly Outcome[]): void {
  const counts = tally(outcomes);
  for (const kind of OUTCOMES) telemetry.count(METRIC_OF[kind], counts[kind]);
  for (const { changeId, outcome, code, nativeTypes } of outcomes)
    if (outcome !== 'judged' && outcome !== 'stale')
      telemetry.logger.info('a change was not judged', { changeId, outcome, code, nativeTypes, stage: 'normalize' });
}
