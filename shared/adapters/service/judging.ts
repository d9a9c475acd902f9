import { registry } from '../../mappings/registry.ts';
import { makeActiveSource } from '../../pipeline/active.ts';
import { makeEvaluate } from '../../pipeline/evaluate.ts';
import { makeJudge } from '../../pipeline/judge.ts';
import { makeRecord } from '../../pipeline/record.ts';
import type { Telemetry } from '../../runtime/telemetry.ts';
import { makeDocumentClient } from '../dynamodb/client.ts';
import { makeDynamoExceptionStore } from '../dynamodb/exception-store.ts';
import { makeDynamoPolicyStore } from '../dynamodb/policy-store.ts';
import { makeDynamoResourceStore } from '../dynamodb/resource-store.ts';
import { makeDynamoCoverageLedger } from '../dynamodb/coverage-ledger.ts';
import { makeDynamoSourceLog } from '../dynamodb/source-log.ts';
import { makeDynamoSweepLog } from '../dynamodb/sweep-log.ts';
import { loadEngine } from '../opa/engine.ts';
import { systemClock } from './clock.ts';
import { makeRepaired } from './reconciled.ts';

/** Everything that judges a resource against what is active: what evaluate and re-judge have in common. */
export function makeJudging(
  env: { readonly RESOURCES_TABLE: string; readonly POLICIES_TABLE: string },
  telemetry: Telemetry,
) {
  const client = makeDocumentClient();
  const resources = makeDynamoResourceStore({ client, name: env.RESOURCES_TABLE });
  const policies = makeDynamoPolicyStore({ client, name: env.POLICIES_TABLE });
  const exceptions = makeDynamoExceptionStore({ client, name: env.POLICIES_TABLE });
  const sources = makeDynamoSourceLog({ client, name: env.RESOURCES_TABLE });
  const ledger = makeDynamoCoverageLedger({ client, name: env.RESOURCES_TABLE });
  const repaired = makeRepaired(makeDynamoSweepLog({ client, name: env.RESOURCES_TABLE }), () => systemClock.now());
  const active = makeActiveSource({
    policies,
    loadEngine: async (bundle) => loadEngine(bundle),
    onBad: ({ sequence, bundle }, error) => {
      telemetry.count('BundlesRejected');
      telemetry.failed('the active bundle cannot be used', error, { sequence, bundle });
    },
  });
  const judge = makeJudge({
    evaluate: makeEvaluate({ resources, exceptions, active, registry, clock: systemClock }),
    record: makeRecord({ resources }),
    active,
  });
  return { resources, policies, exceptions, sources, active, judge, repaired, ledger };
}
