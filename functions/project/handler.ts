/** Derives findings, events and the re-judging of dependents from the commits of the resources table. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import middleware from '@middy/core';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { makeEventBridgeBus } from '../../shared/adapters/eventbridge/event-bus.ts';
import { systemClock } from '../../shared/adapters/service/clock.ts';
import { makeJudging } from '../../shared/adapters/service/judging.ts';
import {
  makeProjectMessages,
  makeProjectRecords,
  type ProjectionMessage,
  refreshForPublishing,
} from '../../shared/adapters/service/project.ts';
import { VERSION } from '../../shared/model/version.ts';
import type { Rejudge } from '../../shared/model/change.ts';
import { makePublish } from '../../shared/pipeline/publish.ts';
import { makeDocumentClient } from '../../shared/adapters/dynamodb/client.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('project', process.env);
const telemetry = makeTelemetry('project', env);
const sqs = sqsClient();
const { resources, active } = makeJudging(env, telemetry);
const publish = makePublish({
  resources,
  findings: makeDynamoFindingStore({ client: makeDocumentClient(), name: env.FINDINGS_TABLE }),
  bus: makeEventBridgeBus(new EventBridgeClient(), env.BUS_NAME),
  rejudge: makeSqsQueue<Rejudge>(sqs, env.RE_JUDGE_QUEUE_URL),
  policy: async (id) => (await active.current())?.engine.manifest.policies.find((policy) => policy.id === id),
  version: VERSION,
});
const deps = {
  publish,
  resources,
  queue: makeSqsQueue<ProjectionMessage>(sqs, env.PROJECTION_QUEUE_URL),
  nowMs: () => systemClock.now(),
  count: telemetry.count,
  log: telemetry.failed,
};
const projectRecords = makeProjectRecords(deps);
const projectMessages = makeProjectMessages(deps);

export const handler = middleware<DynamoDBStreamEvent | SQSEvent>()
  .use(baseStack(telemetry))
  .handler(async (event) => {
    await refreshForPublishing(active);
    if (isQueueEvent(event)) return answerBatch(event, projectMessages);
    await projectRecords(event.Records);
    return { batchItemFailures: [] };
  });

const isQueueEvent = (event: DynamoDBStreamEvent | SQSEvent): event is SQSEvent =>
  event.Records.some((record) => record.eventSource === 'aws:sqs');
