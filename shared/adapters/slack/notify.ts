import type { FindingEvent, FindingTransitionEvent } from '../../model/finding-event.ts';
import type { SlackClient } from './client.ts';
import { baselineMessage, causeMessage, expiringMessage, groupByCause, isNews, type SlackMessage } from './message.ts';
import type { SentRecord } from './sent-record.ts';

export interface Told {
  readonly messages: number;
  /** Ids of events that could not be told and have to come again. */
  readonly failed: ReadonlySet<string>;
}

/** Tells a batch of events: one message for each cause, nothing twice. `onFailure` hears why a message was not sent. */
export function makeNotify(deps: {
  readonly slack: SlackClient;
  readonly sent: SentRecord;
  readonly onFailure: (error: unknown, events: number) => void;
}): (events: readonly FindingEvent[]) => Promise<Told> {
  /** Sends one message for these events, those of them that nobody has told. */
  const tell = async <E extends FindingEvent>(
    events: readonly E[],
    message: (events: readonly E[]) => SlackMessage,
    failed: Set<string>,
  ): Promise<number> => {
    const claimed: E[] = [];
    try {
      for (const event of events) {
        const claim = await deps.sent.claim(event.id);
        if (claim === 'mine') claimed.push(event);
        else if (claim === 'held') failed.add(event.id);
      }
      if (claimed.length === 0) return 0;
      await deps.slack.send(message(claimed));
    } catch (error) {
      deps.onFailure(error, events.length);
      for (const event of events) failed.add(event.id);
      // A claim that stays lapses by itself.
      for (const event of claimed) await deps.sent.release(event.id).catch(() => undefined);
      return 0;
    }
    // Told. If this cannot be noted the lease holds off a second telling for as long as it lasts.
    for (const event of claimed) await deps.sent.done(event.id).catch((error) => deps.onFailure(error, 0));
    return 1;
  };

  return async (events) => {
    const failed = new Set<string>();
    let messages = 0;
    const news: FindingTransitionEvent[] = [];
    const seen = new Set<string>();
    for (const event of events) {
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      if (event.detailType === 'FindingsBaselined.v1')
        messages += await tell([event], () => baselineMessage(event), failed);
      else if (event.detailType === 'ExceptionExpiring.v1')
        messages += await tell([event], () => expiringMessage(event), failed);
      else if (event.detailType !== 'SourceReconciled.v1' && isNews(event)) news.push(event);
    }
    for (const { causeKey, events: group } of groupByCause(news))
      messages += await tell(group, (told) => causeMessage({ causeKey, events: told }), failed);
    return { messages, failed };
  };
}
