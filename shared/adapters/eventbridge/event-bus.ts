import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../../model/deployment.ts';
import { AppError } from '../../model/errors.ts';
import type { FindingEvent } from '../../model/finding-event.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import { fromStore } from '../aws/errors.ts';

/** One call takes ten entries and 256 KB in all: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html, read 2026-11-25. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;
/** How often entries that the bus refused are sent again before the caller retries everything. */
const MAX_TRIES = 3;

/** Publishes on an EventBridge bus. Entries that were refused are sent again, the others are not. */
export function makeEventBridgeBus(client: EventBridgeClient, busName: string): EventBus {
  const put = async (entries: readonly PutEventsRequestEntry[]): Promise<void> => {
    let left = entries;
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MAX_TRIES)
        throw new AppError('STORE_UNAVAILABLE', `${left.length} events were not taken by the bus`);
      try {
        const answer = await client.send(new PutEventsCommand({ Entries: [...left] }));
        const results = answer.Entries ?? [];
        // What is not surely taken is not taken.
        left = left.filter((_entry, i) => results[i]?.EventId === undefined);
      } catch (error) {
        throw fromStore(error, 'publish events');
      }
    }
  };
  return {
    publish: async (events) => {
      let batch: PutEventsRequestEntry[] = [];
      let bytes = 0;
      for (const event of events) {
        const entry = entryOf(event, busName);
        const size = sizeOf(entry);
        if (size > MAX_BYTES)
          throw new AppError('INVARIANT_BROKEN', 'an event is larger than the bus takes', {
            details: { eventId: event.id, bytes: size },
          });
        if (batch.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
          await put(batch);
          batch = [];
          bytes = 0;
        }
        batch.push(entry);
        bytes += size;
      }
      await put(batch);
    },
  };
}

const entryOf = (event: FindingEvent, EventBusName: string): PutEventsRequestEntry => ({
  EventBusName,
  Source: EVENT_SOURCE,
  DetailType: event.detailType,
  Time: new Date(event.time),
  Resources: [event.resource],
  Detail: JSON.stringify(event.detail),
});

/** How the service counts: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html, read 2026-11-25. */
function sizeOf(entry: PutEventsRequestEntry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  return 14 + texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
}
