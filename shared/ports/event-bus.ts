import type { FindingEvent } from '../model/finding-event.ts';

/** The bus that Edict publishes on. */
export interface EventBus {
  /**
   * Publishes all events, in order, in as many calls as it takes; each is at most 256 KB. Not idempotent on the bus:
   * an event's id is the same when it is told again, and consumers drop what they have seen.
   * Errors: `STORE_UNAVAILABLE` (retry all), `INVARIANT_BROKEN` (an event is too large).
   */
  publish(events: readonly FindingEvent[]): Promise<void>;
}
