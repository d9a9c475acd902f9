import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AppError } from '../../model/errors.ts';
import { fromStore } from './errors.ts';

/** What SQS takes in one call: ten messages. Bytes: the queue's own limit is 1 MiB, EventBridge and DLQ tools still think of 256 KB. */
const MAX_MESSAGES = 10;
const MAX_BYTES = 250 * 1024;

/** The client of every queue: it calls the service's endpoint and not the host that a queue's URL names. */
export const sqsClient = (): SQSClient => new SQSClient({ useQueueUrlAsEndpoint: false });

/** A queue of JSON messages on SQS: fits the port `Queue` for every type of message. */
export interface JsonQueue<M> {
  readonly send: (messages: readonly M[], options?: { readonly delaySeconds?: number }) => Promise<void>;
}

/** Sends in batches. A message that is not surely enqueued makes the whole call fail with `STORE_UNAVAILABLE`: send all again. */
export function makeSqsQueue<M>(client: SQSClient, queueUrl: string): JsonQueue<M> {
  const sendBatch = async (bodies: readonly string[], delaySeconds: number | undefined): Promise<void> => {
    try {
      const answer = await client.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: bodies.map((MessageBody, index) => ({
            Id: String(index),
            MessageBody,
            ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
          })),
        }),
      );
      const failed = answer.Failed ?? [];
      if (failed.length > 0)
        throw new AppError('STORE_UNAVAILABLE', `${failed.length} messages were not taken by the queue`, {
          details: { code: failed[0]?.Code },
        });
    } catch (error) {
      throw fromStore(error, 'send to the queue');
    }
  };
  return {
    async send(messages, options = {}) {
      let batch: string[] = [];
      let bytes = 0;
      for (const message of messages) {
        const body = JSON.stringify(message);
        const size = Buffer.byteLength(body);
        if (batch.length === MAX_MESSAGES || (batch.length > 0 && bytes + size > MAX_BYTES)) {
          await sendBatch(batch, options.delaySeconds);
          batch = [];
          bytes = 0;
        }
        batch.push(body);
        bytes += size;
      }
      if (batch.length > 0) await sendBatch(batch, options.delaySeconds);
    },
  };
}
