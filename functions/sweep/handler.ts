/** Takes the inventory of every cloud, step by step, as the state machine of a sweep asks. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import middleware from '@middy/core';
import type { Context } from 'aws-lambda';
import { makeS3Quarantine } from '../../shared/adapters/aws/s3-quarantine.ts';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { makeDynamoSourceLog } from '../../shared/adapters/dynamodb/source-log.ts';
import { makeEventBridgeBus } from '../../shared/adapters/eventbridge/event-bus.ts';
import { systemClock } from '../../shared/adapters/service/clock.ts';
import { makeCountedObserve } from '../../shared/adapters/service/counted-observe.ts';
import { makeInventories } from '../../shared/adapters/service/inventories.ts';
import { makeReconciling } from '../../shared/adapters/service/reconciling.ts';
import { makeSweep, sweepStepSchema } from '../../shared/adapters/service/sweep.ts';
import type { Change } from '../../shared/model/change.ts';
import { isAppError } from '../../shared/model/errors.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('sweep', process.env);
const telemetry = makeTelemetry('sweep', env);
const { count, failed: log } = telemetry;
const client = makeDocumentClient();
/** What the machine does not try again: it is the name of the error that Lambda hands on. */
class BadInput extends Error {
  override readonly name = 'BadInput';
}

export const handler = middleware<unknown>()
  .use(baseStack(telemetry))
  .handler(async (event, context: Context) => {
    const { data: step, error } = sweepStepSchema.safeParse(event);
    if (step === undefined) throw new BadInput(error.message);
    const sweep = makeSweep({
      inventories: step.job === 'give_up' ? [] : await makeInventories(env, log),
      observe: makeCountedObserve(makeS3Quarantine(new S3Client(), env.QUARANTINE_BUCKET), telemetry),
      send: makeSqsQueue<Change>(sqsClient(), env.CHANGES_QUEUE_URL).send,
      sources: makeDynamoSourceLog({ client, name: env.RESOURCES_TABLE }),
      ...makeReconciling({ client, name: env.RESOURCES_TABLE }),
      findings: makeDynamoFindingStore({ client, name: env.FINDINGS_TABLE }),
      bus: makeEventBridgeBus(new EventBridgeClient(), env.BUS_NAME),
      nowMs: () => systemClock.now(),
      count,
      log,
    });
    return sweep(step, () => context.getRemainingTimeInMillis()).catch((cause: unknown) => {
      throw isAppError(cause, 'INPUT_INVALID') ? new BadInput(cause.message, { cause }) : cause;
    });
  });
