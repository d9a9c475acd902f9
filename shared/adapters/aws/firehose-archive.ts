import { FirehoseClient, type FirehoseClientConfig, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { AppError } from '../../model/errors.ts';
import type { ArchiveWriter } from '../../ports/archive.ts';
import { lineOf } from '../archive-lines.ts';
import { fromStore } from './errors.ts';

/** What Firehose takes in one call and in one record. Bytes: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html, read 2026-11-25. */
const MAX_RECORDS = 500;
const MAX_CALL_BYTES = 4 * 1024 * 1024;
const MAX_RECORD_BYTES = 1000 * 1024;

/** How often what Firehose did not take is put again, and how long before: it takes some of a batch and not the rest. */
const PAUSES_MS = [50, 200];

/** An archive that does not answer must not hold up the answer to the queue: in the SDK a time that is over only warns, unless it is told to throw. */
export const firehoseClient = (config: FirehoseClientConfig = {}, requestTimeout = 3000): FirehoseClient =>
  new FirehoseClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 1000, requestTimeout, throwOnRequestTimeout: true },
    ...config,
  });

/**
 * Writes through a delivery stream, a line a record. Firehose says of each record whether it took it; the others are put
 * again, twice. `STORE_UNAVAILABLE` with `details.lost`: so many changes were not taken, the rest were.
 */
export const makeFirehoseArchive = (
  client: FirehoseClient,
  stream: string,
  sleep: (ms: number) => Promise<void>,
): ArchiveWriter => ({
  async write(changes) {
    const records = changes.map((change) => Buffer.from(lineOf(change)));
    const fitting = records.filter((r) => r.byteLength <= MAX_RECORD_BYTES);
    let lost = records.length - fitting.length;
    let cause: unknown;
    for (const batch of batchesOf(fitting)) {
      try {
        lost += await putAll(client, stream, batch, sleep);
      } catch (error) {
        lost += batch.length;
        cause = fromStore(error, 'put into the archive');
      }
    }
    if (lost > 0)
      throw new AppError('STORE_UNAVAILABLE', `${lost} changes were not taken by the archive`, {
        details: { lost },
        ...(cause === undefined ? {} : { cause }),
      });
  },
});

function* batchesOf(records: readonly Buffer[]): Generator<readonly Buffer[]> {
  let batch: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    if (batch.length === MAX_RECORDS || (batch.length > 0 && bytes + record.byteLength > MAX_CALL_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += record.byteLength;
  }
  if (batch.length > 0) yield batch;
}

/** Returns how many were not taken. */
async function putAll(
  client: FirehoseClient,
  stream: string,
  batch: readonly Buffer[],
  sleep: (ms: number) => Promise<void>,
): Promise<number> {
  let rest = batch;
  for (const pauseMs of [...PAUSES_MS, undefined]) {
    const answer = await client.send(
      new PutRecordBatchCommand({ DeliveryStreamName: stream, Records: rest.map((Data) => ({ Data })) }),
    );
    const answers = answer.RequestResponses ?? [];
    rest = answer.FailedPutCount === 0 ? [] : rest.filter((_, i) => answers[i]?.RecordId === undefined);
    if (rest.length === 0 || pauseMs === undefined) break;
    await sleep(pauseMs);
  }
  return rest.length;
}
