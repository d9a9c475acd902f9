import type { QueueMessage } from '../model/change.ts';

/** A queue of the evaluator: changes, or wishes to judge again. */
export interface Queue<M extends QueueMessage = QueueMessage> {
  /**
   * Enqueues all, in as many calls as it takes, at least once, in no particular order.
   * Errors: `STORE_UNAVAILABLE` (some may be enqueued: send all again).
   */
  send(messages: readonly M[], options?: { readonly delaySeconds?: number }): Promise<void>;
}
