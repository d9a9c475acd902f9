/** Judges again from stored facts: a new activation, a changed dependency, a clause on age that flips, an exception. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { S3Client } from '@aws-sdk/client-s3';
import middleware from '@middy/core';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { makeS3Quarantine } from '../../shared/adapters/aws/s3-quarantine.ts';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeEventBridgeBus } from '../../shared/adapters/eventbridge/event-bus.ts';
import { now, systemClock } from '../../shared/adapters/service/clock.ts';
import { makeJudging } from '../../shared/adapters/service/judging.ts';
import { makeReJudgeBatch } from '../../shared/adapters/service/re-judge-batch.ts';
import { makeReJudgeJobs, type ReJudgeJob } from '../../shared/adapters/service/re-judge-jobs.ts';
import { makeWorkBatch } from '../../shared/adapters/service/work-batch.ts';
import type { QueueMessage, Rejudge } from '../../shared/model/change.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('re-judge', process.env);
const telemetry = makeTelemetry('re-judge', env);
const { count, failed: log } = telemetry;
const { resources, policies, exceptions, active, judge } = makeJudging(env, telemetry);
const queue = makeSqsQueue<ReJudgeJob | Rejudge>(sqsClient(), env.RE_JUDGE_QUEUE_URL);
const work = makeReJudgeBatch({
  jobs: makeReJudgeJobs({
    resources,
    policies,
    exceptions,
    bus: makeEventBridgeBus(new EventBridgeClient(), env.BUS_NAME),
    queue,
    nowMs: () => systemClock.now(),
    count,
    log,
  }),
  work: makeWorkBatch({
    active,
    // Only wishes arrive here: no document, so nothing to normalise and nothing to read again.
    normalize: async () => ({ work: [], outcomes: [] }),
    judge,
    again: makeSqsQueue<QueueMessage>(sqsClient(), env.RE_JUDGE_QUEUE_URL),
    quarantine: makeS3Quarantine(new S3Client(), env.QUARANTINE_BUCKET),
    now,
    count,
    log,
  }),
  log,
});

export const handler = middleware<DynamoDBStreamEvent | SQSEvent>()
  .use(baseStack(telemetry))
  .handler(async (event) => {
    if (isQueueEvent(event)) return answerBatch(event, work);
    // The stream of the policies table: something was activated, or an exception was asked for, approved or revoked.
    const ids = new Set(event.Records.flatMap((record) => record.dynamodb?.Keys?.['id']?.S ?? []));
    const exceptionIds = [...ids].filter((id) => id.startsWith(EXCEPTION)).map((id) => id.slice(EXCEPTION.length));
    await queue.send([
      ...(ids.has('active') ? [{ job: 'activation' } as const] : []),
      ...exceptionIds.map((id) => ({ job: 'exception', id }) as const),
    ]);
    return { batchItemFailures: [] };
  });

const EXCEPTION = 'exception#';
const isQueueEvent = (event: DynamoDBStreamEvent | SQSEvent): event is SQSEvent =>
  event.Records.some((record) => record.eventSource === 'aws:sqs');
