/** Takes the inventory of every cloud, a page at a time. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import middleware from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
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
import { makeSweep, type SweepMessage } from '../../shared/adapters/service/sweep.ts';
import { makeSweepBatch } from '../../shared/adapters/service/sweep-batch.ts';
import type { Change } from '../../shared/model/change.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('sweep', process.env);
const telemetry = makeTelemetry('sweep', env);
const { count, failed: log } = telemetry;
const client = makeDocumentClient();
const sqs = sqsClient();
const queue = makeSqsQueue<SweepMessage>(sqs, env.SWEEP_QUEUE_URL);
let inventories: ReturnType<typeof makeInventories> | undefined;

const work = makeSweepBatch({
  sweep: async (message) => {
    inventories ??= makeInventories(env);
    return makeSweep({
      inventories: await inventories,
      observe: makeCountedObserve(makeS3Quarantine(new S3Client(), env.QUARANTINE_BUCKET), telemetry),
      send: makeSqsQueue<Change>(sqs, env.CHANGES_QUEUE_URL).send,
      queue,
      sources: makeDynamoSourceLog({ client, name: env.RESOURCES_TABLE }),
      ...makeReconciling({ client, name: env.RESOURCES_TABLE }),
      findings: makeDynamoFindingStore({ client, name: env.FINDINGS_TABLE }),
      bus: makeEventBridgeBus(new EventBridgeClient(), env.BUS_NAME),
      nowMs: () => systemClock.now(),
      count,
      log,
    })(message);
  },
  queue,
  log,
});

export const handler = middleware<SQSEvent>()
  .use(baseStack(telemetry))
  .handler((event) => answerBatch(event, work));
