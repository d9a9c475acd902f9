/** Judges what changed: batches of the changes queue. */
import { S3Client } from '@aws-sdk/client-s3';
import middleware from '@middy/core';
import type { SQSEvent } from 'aws-lambda';
import { firehoseClient, makeFirehoseArchive } from '../../shared/adapters/aws/firehose-archive.ts';
import { makeNoticeDoor } from '../../shared/adapters/aws/notice-door.ts';
import { makeS3Quarantine } from '../../shared/adapters/aws/s3-quarantine.ts';
import { makeSqsQueue, sqsClient } from '../../shared/adapters/aws/sqs-queue.ts';
import { now, sleep, systemClock } from '../../shared/adapters/service/clock.ts';
import { makeJudging } from '../../shared/adapters/service/judging.ts';
import { makeCountedObserve } from '../../shared/adapters/service/counted-observe.ts';
import { makeKeeping } from '../../shared/adapters/service/keeping.ts';
import { countOutcomes } from '../../shared/adapters/service/outcome-counts.ts';
import { makeReadBacks } from '../../shared/adapters/service/read-backs.ts';
import { makeWorkBatch } from '../../shared/adapters/service/work-batch.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import type { QueueMessage } from '../../shared/model/change.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { baseStack } from '../../shared/runtime/middleware.ts';
import { answerBatch } from '../../shared/runtime/sqs-batch.ts';
import { makeTelemetry } from '../../shared/runtime/telemetry.ts';

const env = parseEnvironment('evaluate', process.env);
const telemetry = makeTelemetry('evaluate', env);
const { count, failed: log } = telemetry;
const quarantine = makeS3Quarantine(new S3Client(), env.QUARANTINE_BUCKET);
const { active, judge, sources, repaired, ledger } = makeJudging(env, telemetry);
const observe = makeCountedObserve(quarantine, telemetry);
const readBack = makeReadBacks(env, telemetry);
const kept =
  env.ARCHIVE_STREAM === undefined
    ? undefined
    : makeKeeping(makeFirehoseArchive(firehoseClient(), env.ARCHIVE_STREAM, sleep), { count, log });
const work = makeWorkBatch({
  active,
  notices: makeNoticeDoor({ observe, quarantine, now, count, local: env.EDICT_LOCAL }),
  normalize: makeNormalize({ forms, registry, readBack, quarantine, clock: systemClock, keep: kept?.keep }),
  judge,
  again: makeSqsQueue<QueueMessage>(sqsClient(), env.CHANGES_QUEUE_URL),
  sources,
  repaired,
  ledger,
  quarantine,
  now,
  count,
  log,
});

export const handler = middleware<SQSEvent>()
  .use(baseStack(telemetry))
  .handler((event) =>
    answerBatch(event, async (messages) => {
      const { done, outcomes } = await work(messages);
      countOutcomes(telemetry, outcomes);
      await kept?.flush();
      return done;
    }),
  );
