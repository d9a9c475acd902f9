import { isAppError } from '../../model/errors.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import type { DoorDeps } from '../http-auth/door.ts';
import { type SweepMessage, sweepMessageSchema } from './sweep.ts';
import type { Delivered } from './work-batch.ts';

/** SQS delays a message by no more. */
const MAX_DELAY_SECONDS = 900;

/**
 * Works on the sweep queue. A page that the provider throttles goes back with the provider's own hint, and not into the
 * count of deliveries after which a message is dead: a large inventory is throttled as a matter of course.
 */
export function makeSweepBatch(deps: {
  readonly sweep: (message: SweepMessage) => Promise<void>;
  readonly queue: JsonQueue<SweepMessage>;
  readonly log: DoorDeps['log'];
}): (messages: readonly Delivered[]) => Promise<ReadonlySet<string>> {
  return async (messages) => {
    const done = new Set<string>();
    for (const { messageId, body } of messages) {
      try {
        const message = sweepMessageSchema.parse(JSON.parse(body));
        await deps.sweep(message).catch(async (error: unknown) => {
          const waitMs = hintOf(error);
          if (waitMs === undefined) throw error;
          deps.log('a page of a sweep was throttled', error, { messageId });
          const delaySeconds = Math.min(MAX_DELAY_SECONDS, Math.max(1, Math.ceil(waitMs / 1000)));
          await deps.queue.send([message], { delaySeconds });
        });
        done.add(messageId);
      } catch (error) {
        deps.log('a message of the sweep could not be worked on', error, { messageId });
      }
    }
    return done;
  };
}

/** How long a page waits whose provider does not say: Google's client does not hand its hint on. */
const UNTOLD_MS = 60_000;
/** How long the provider asks to wait; undefined: it did not throttle. */
function hintOf(error: unknown): number | undefined {
  if (!isAppError(error, 'UPSTREAM_THROTTLED')) return undefined;
  const { retryAfterMs } = error.details;
  return typeof retryAfterMs === 'number' ? retryAfterMs : UNTOLD_MS;
}
