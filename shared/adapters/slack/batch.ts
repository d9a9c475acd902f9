import type { FindingEvent } from '../../model/finding-event.ts';
import { isObject } from '../../model/json.ts';
import type { TellDue } from './due.ts';
import { findingEventIn } from './finding-message.ts';
import type { Told } from './notify.ts';

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/**
 * Works on a batch of the queue: news, and the clock's `{"job":"tick"}`; with `"digests":"now"` it is a person who does not
 * want to wait for the clock. Returns the ids of the messages that are done; one
 * that holds neither is not, and ends as a dead letter, where somebody sees it.
 */
export async function tellBatch(
  messages: readonly QueueMessage[],
  notify: (events: readonly FindingEvent[], again: ReadonlySet<string>) => Promise<Told>,
  tellDue: (wish: TellDue) => Promise<number>,
): Promise<{ readonly done: ReadonlySet<string>; readonly told: number }> {
  const read = messages.map((m) => ({ ...m, event: findingEventIn(m.body), tick: tickIn(m.body) }));
  const again = new Set(
    read.flatMap(({ event, attributes }) =>
      event !== undefined && Number(attributes?.ApproximateReceiveCount ?? 1) > 1 ? [event.id] : [],
    ),
  );
  const { messages: sent, failed } = await notify(
    read.flatMap(({ event }) => event ?? []),
    again,
  );
  const ticks = read.flatMap(({ tick }) => tick ?? []);
  const due = ticks.length === 0 ? 0 : await tellDue({ digestsNow: ticks.some(({ digestsNow }) => digestsNow) });
  const done = read.flatMap(({ messageId, event, tick }) =>
    tick !== undefined || (event !== undefined && !failed.has(event.id)) ? [messageId] : [],
  );
  return { done: new Set(done), told: sent + due };
}

function tickIn(body: string): { readonly digestsNow: boolean } | undefined {
  try {
    const said: unknown = JSON.parse(body);
    return isObject(said) && said['job'] === 'tick' ? { digestsNow: said['digests'] === 'now' } : undefined;
  } catch {
    return undefined;
  }
}
