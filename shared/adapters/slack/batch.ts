import type { FindingEvent } from '../../model/finding-event.ts';
import { isObject } from '../../model/json.ts';
import { findingEventIn } from './finding-message.ts';
import type { Told } from './notify.ts';

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/**
 * Works on a batch of the queue: news, and the clock's `{"job":"tick"}`. Returns the ids of the messages that are done; one
 * that holds neither is not, and ends as a dead letter, where somebody sees it.
 */
export async function tellBatch(
  messages: readonly QueueMessage[],
  notify: (events: readonly FindingEvent[], again: ReadonlySet<string>) => Promise<Told>,
  tellDue: () => Promise<number>,
): Promise<{ readonly done: ReadonlySet<string>; readonly told: number }> {
  const read = messages.map((m) => ({ ...m, event: findingEventIn(m.body), tick: isTick(m.body) }));
  const again = new Set(
    read.flatMap(({ event, attributes }) =>
      event !== undefined && Number(attributes?.ApproximateReceiveCount ?? 1) > 1 ? [event.id] : [],
    ),
  );
  const { messages: sent, failed } = await notify(
    read.flatMap(({ event }) => event ?? []),
    again,
  );
  const ticks = read.filter(({ tick }) => tick);
  const due = ticks.length === 0 ? 0 : await tellDue();
  const done = read.flatMap(({ messageId, event, tick }) =>
    tick || (event !== undefined && !failed.has(event.id)) ? [messageId] : [],
  );
  return { done: new Set(done), told: sent + due };
}

function isTick(body: string): boolean {
  try {
    const said: unknown = JSON.parse(body);
    return isObject(said) && said['job'] === 'tick';
  } catch {
    return false;
  }
}
