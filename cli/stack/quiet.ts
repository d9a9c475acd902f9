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

const COUNTED = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;

/** Messages that wait or are being worked on; NaN: SQS does not say. */
export async function depth(sqs: SQSClient, QueueUrl: string, abortSignal?: AbortSignal): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTED] }),
    abortSignal === undefined ? {} : { abortSignal },
  );
  return COUNTED.reduce((sum, name) => sum + Number(Attributes?.[name] ?? Number.NaN), 0);
}
