/** When a stack has nothing left to do. */
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** How often the queues are looked at, and how often in a row they must be empty: a message may be on its way between two. */
const LOOK_MS = 60;
const CALM_LOOKS = 2;

/**
 * Resolves true when all of these queues are empty (what is delayed is for later), false when they are not by then.
 * Queues count approximately: in an account of AWS "empty" may be a minute early.
 */
export async function quiet(
  sqs: SQSClient,
  queueUrls: readonly string[],
  options: { readonly patienceMs?: number; readonly lookMs?: number } = {},
): Promise<boolean> {
  const until = Date.now() + (options.patienceMs ?? 60_000);
  for (let calm = 0; calm < CALM_LOOKS; ) {
    const waiting = await Promise.all(queueUrls.map((url) => depth(sqs, url)));
    calm = waiting.every((n) => n === 0) ? calm + 1 : 0;
    if (calm < CALM_LOOKS && Date.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, options.lookMs ?? LOOK_MS));
  }
  return true;
}

/** Messages that wait or are being worked on. */
async function depth(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return (
    Number(Attributes?.['ApproximateNumberOfMessages'] ?? 0) +
    Number(Attributes?.['ApproximateNumberOfMessagesNotVisible'] ?? 0)
  );
}
