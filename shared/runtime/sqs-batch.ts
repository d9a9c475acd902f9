import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { PartialItemFailureResponse } from '@aws-lambda-powertools/batch/types';
import type { SQSEvent } from 'aws-lambda';

/**
 * Works on a batch of queue messages and answers with those that come again: every message that `work` does not prove
 * done. If `work` throws, all come again.
 */
export async function answerBatch(
  event: SQSEvent,
  work: (messages: SQSEvent['Records']) => Promise<ReadonlySet<string>>,
): Promise<PartialItemFailureResponse> {
  const done = await work(event.Records);
  const processor = new BatchProcessor(EventType.SQS);
  return processPartialResponse(
    event,
    async (record: { readonly messageId: string }) => {
      await Promise.resolve();
      if (!done.has(record.messageId)) throw new Error(`message ${record.messageId} is not proven done`);
    },
    processor,
    // Failures of single messages are the queue's to count; only what `work` throws is an error of the function.
    { throwOnFullBatchFailure: false },
  );
}
