import { instant } from '../../model/change.ts';
import { isAppError } from '../../model/errors.ts';
import type { FindingEvent, FindingTransitionEvent } from '../../model/finding-event.ts';
import { type DigestPeriod, type NotifyConfig, routeOf } from '../../model/notify.ts';
import { inParallel } from '../service/in-parallel.ts';
import type { Posted, SlackClient } from './client.ts';
import { type Due, DUE, dueId, type Gathered, digestList, periodOf } from './due.ts';
import { decide, type Order } from './flapping.ts';
import { newsOf, type Standing, standingOf } from './follow-message.ts';
import {
  baselineMessage,
  type CauseGroup,
  causeMessage,
  expiringMessage,
  groupByCause,
  isBad,
  isNews,
  type SlackMessage,
} from './message.ts';
import { changeNote, type Notes } from './notes.ts';
import type { SentRecord } from './sent-record.ts';
import { type FindingNote, findingNote, makeThreads } from './threads.ts';

export interface Told {
  readonly messages: number;
  /** Ids of events that could not be told and have to come again. */
  readonly failed: ReadonlySet<string>;
}

export interface NotifyDeps {
  readonly slack: SlackClient;
  readonly sent: SentRecord;
  readonly notes: Notes;
  readonly config: NotifyConfig;
  readonly now: () => number;
  /** Hears why a message was not sent. */
  readonly onFailure: (error: unknown, events: number) => void;
}

/** The most messages for one channel of one batch: at one a second they have to fit the function's minute. */
const PER_BATCH = 20;
/** Channels that are told at once. */
const MAX_CHANNELS = 20;
/** News that belongs to more threads than this is told once, in the channel. */
const MAX_THREADS = 5;
const WIDTH = 10;

/**
 * The messages for one channel: one for each cause. Where they are more than a batch may send, and where they come again
 * because Slack did not take them, those beyond are told in one: nothing is dropped.
 */
export function planned(groups: readonly CauseGroup[], again: ReadonlySet<string>): readonly CauseGroup[] {
  const isLate = ({ events }: CauseGroup): boolean => events.some((event) => again.has(event.id));
  const onTime = groups.filter((group) => !isLate(group));
  const kept = onTime.slice(0, onTime.length > PER_BATCH ? PER_BATCH - 1 : PER_BATCH);
  return [...merged(groups.filter(isLate)), ...kept, ...merged(onTime.slice(kept.length))];
}

const merged = (groups: readonly CauseGroup[]): readonly CauseGroup[] =>
  groups.length < 2 ? groups : [{ causeKey: '', events: groups.flatMap((g) => g.events), causes: groups.length }];

/** Revision and place of the transition that an event tells, by its id (`transitionId`). */
export function orderOf(eventId: string): Order | undefined {
  const found = /-(\d+)-(\d+)$/.exec(eventId);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/**
 * Tells a batch of events: one message for each cause and channel, nothing twice; what flaps is held, what goes to a
 * digest is gathered. `again`: ids of events that were delivered before.
 */
export function makeNotify(
  deps: NotifyDeps,
): (events: readonly FindingEvent[], again?: ReadonlySet<string>) => Promise<Told> {
  const { slack, sent, notes, config, now } = deps;
  const threads = makeThreads(deps);

  /** Works on those of these events that nobody has told; what is not `done` at the end has to come again. */
  const tell = async <E extends FindingEvent>(
    events: readonly E[],
    work: (claimed: readonly E[], done: (events: readonly E[]) => Promise<void>) => Promise<number>,
    failed: Set<string>,
  ): Promise<number> => {
    const claimed = new Map<string, E>();
    const over = new Set<string>();
    let messages = 0;
    const done = async (told: readonly E[]): Promise<void> => {
      for (const { id } of told) {
        claimed.delete(id);
        over.add(id);
        // If this cannot be noted the lease holds off a second telling for as long as it lasts.
        await sent.done(id).catch((error: unknown) => deps.onFailure(error, 0));
      }
    };
    try {
      for (const event of events) {
        const claim = await sent.claim(event.id);
        if (claim === 'mine') claimed.set(event.id, event);
        else if (claim === 'told') over.add(event.id);
      }
      if (claimed.size > 0) messages = await work([...claimed.values()], done);
    } catch (error) {
      deps.onFailure(error, events.length - over.size);
      // A claim that stays lapses by itself.
      for (const id of claimed.keys()) await sent.release(id).catch(() => undefined);
    }
    for (const { id } of events) if (!over.has(id)) failed.add(id);
    return messages;
  };
  /** One message for these, in the usual channel. */
  const plainly =
    <E extends FindingEvent>(message: SlackMessage) =>
    async (claimed: readonly E[], done: (events: readonly E[]) => Promise<void>): Promise<number> => {
      await slack.send(message, whereOf(config.channel));
      await done(claimed);
      return 1;
    };

  /** Which of them are told now; the others are held until they settle, and the first message says that they flap. */
  const decided = async (
    events: readonly FindingTransitionEvent[],
    channel: string | undefined,
  ): Promise<{ readonly telling: readonly Telling[]; readonly held: readonly FindingTransitionEvent[] }> => {
    const telling: Telling[] = [];
    const held: FindingTransitionEvent[] = [];
    await inParallel(inTurn(events), WIDTH, async (ofOne) => {
      for (const event of ofOne) {
        const { edict } = event.detail;
        const order = orderOf(event.id);
        let tells = false;
        const note = await changeNote<FindingNote>(notes, findingNote(edict.findingId), (known) => {
          const { state, tell: now_ } = decide(known?.flapping, {
            id: event.id,
            nowMs: now(),
            ...(order === undefined ? {} : { order }),
          });
          tells = now_;
          if (known !== undefined && state === known.flapping) return undefined;
          const { thread } = known ?? {};
          const where = channel === undefined ? {} : { channel };
          return { flapping: state, of: newsOf(edict), ...where, ...(thread === undefined ? {} : { thread }) };
        });
        if (tells) telling.push({ event, thread: note?.thread });
        else held.push(event);
        const due = note?.flapping.due;
        if (due === undefined || note === undefined) continue;
        const job: Due = { is: 'flap', finding: edict.findingId };
        await notes.add(DUE, dueId(due, job), job);
        if (!tells && note.thread !== undefined) await threads.follow(note.thread, { [edict.findingId]: 'flaps' });
      }
    });
    return { telling, held };
  };

  /** Tells what belongs under one first message there, and what has none by a message of its own. */
  const tellGroup =
    ({ causes }: CauseGroup, channel: string | undefined) =>
    async (
      claimed: readonly FindingTransitionEvent[],
      done: (events: readonly FindingTransitionEvent[]) => Promise<void>,
    ): Promise<number> => {
      const { telling, held } = await decided(claimed, channel);
      await done(held);
      const byThread = new Map<string, { at: Posted | undefined; events: FindingTransitionEvent[] }>();
      for (const { event, thread } of telling) {
        const key = thread === undefined ? '' : `${thread.channel} ${thread.ts}`;
        const known = byThread.get(key);
        if (known === undefined) byThread.set(key, { at: thread, events: [event] });
        else known.events.push(event);
      }
      const own: FindingTransitionEvent[] = [];
      const begins: FindingTransitionEvent[] = [];
      const replies: { at: Posted; events: readonly FindingTransitionEvent[] }[] = [];
      for (const { at, events } of byThread.values()) {
        const followed = at !== undefined && (await threads.isFollowed(at));
        if (followed) await threads.follow(at, standingsOf(events));
        else begins.push(...events);
        if (followed && byThread.size <= MAX_THREADS) replies.push({ at, events });
        else own.push(...events);
      }
      const grouped = (events: readonly FindingTransitionEvent[]): SlackMessage =>
        causeMessage({ causeKey: '', events, ...(causes === undefined ? {} : { causes }) });
      for (const { at, events } of replies) {
        const broadcast = events.some(({ detail }) => isBad(detail.edict.to));
        await slack.send(grouped(events), { channel: at.channel, thread: at.ts, broadcast });
        await done(events);
      }
      if (own.length > 0) {
        const message = grouped(own);
        const at = await slack.send(message, whereOf(channel));
        await done(own);
        const standings = standingsOf(begins);
        // A thread that is not remembered costs its findings their thread, not the news.
        if (at !== undefined && Object.values(standings).some((standing) => standing !== 'ended'))
          await threads.begin(at, message, standings).catch((error: unknown) => deps.onFailure(error, 0));
      }
      return replies.length + (own.length > 0 ? 1 : 0);
    };

  /** What is no news by itself still changes what the first message says: it was decided after all, or may stand. */
  const followQuietly = async (
    { id, detail: { edict } }: FindingTransitionEvent,
    failed: Set<string>,
  ): Promise<void> => {
    if (edict.from === null || edict.shadow !== undefined || edict.baseline !== undefined) return;
    try {
      const { value } = await notes.read<FindingNote>(findingNote(edict.findingId));
      if (value?.thread !== undefined) await threads.follow(value.thread, { [edict.findingId]: standingOf(edict) });
    } catch (error) {
      deps.onFailure(error, 1);
      failed.add(id);
    }
  };

  /** Keeps news for its digest. */
  const gather =
    (period: DigestPeriod, channel: string | undefined) =>
    async (
      claimed: readonly FindingTransitionEvent[],
      done: (events: readonly FindingTransitionEvent[]) => Promise<void>,
    ): Promise<number> => {
      const span = periodOf(period, now());
      const job: Due = {
        is: 'digest',
        period,
        ...whereOf(channel),
        from: instant(span.from),
        until: instant(span.until),
      };
      await inParallel(claimed, WIDTH, async ({ id, detail }) => {
        const gathered: Gathered = { of: newsOf(detail.edict), order: orderOf(id) ?? [0, 0] };
        await notes.add(digestList(job), id, gathered);
      });
      await notes.add(DUE, dueId(span.due, job), job);
      await done(claimed);
      return 0;
    };

  return async (events, again = new Set()) => {
    const failed = new Set<string>();
    let messages = 0;
    const routed = new Map<
      string,
      { period?: DigestPeriod; channel: string | undefined; events: FindingTransitionEvent[] }
    >();
    const seen = new Set<string>();
    for (const event of events) {
      if (seen.has(event.id)) continue;
      seen.add(event.id);
      if (event.detailType === 'FindingsBaselined.v1')
        messages += await tell([event], plainly(baselineMessage(event)), failed);
      else if (event.detailType === 'ExceptionExpiring.v1')
        messages += await tell([event], plainly(expiringMessage(event)), failed);
      else if (event.detailType === 'SourceReconciled.v1') continue;
      else if (!isNews(event)) await followQuietly(event, failed);
      else {
        const route = routeOf(config, event.detail.edict);
        if (route.is === 'quiet') continue;
        const { channel } = route;
        const period = route.is === 'digest' ? { period: route.period } : {};
        const key = JSON.stringify([period, channel]);
        const known = routed.get(key);
        if (known === undefined) routed.set(key, { ...period, channel, events: [event] });
        else known.events.push(event);
      }
    }
    // Side by side: a channel waits for its own pace, and not for that of another.
    await inParallel([...routed.values()], MAX_CHANNELS, async ({ period, channel, events: news }) => {
      if (period !== undefined) {
        await tell(news, gather(period, channel), failed);
        return;
      }
      let full = false;
      for (const group of planned(groupByCause(news), again)) {
        if (full) {
          for (const { id } of group.events) failed.add(id);
          continue;
        }
        const work = tellGroup(group, channel);
        const sentNow = await tell(
          group.events,
          async (...given) => {
            try {
              return await work(...given);
            } catch (error) {
              // What is left for this channel comes again, and together.
              full = isAppError(error) && error.code === 'UPSTREAM_THROTTLED';
              throw error;
            }
          },
          failed,
        );
        messages += sentNow;
      }
    });
    return { messages, failed };
  };
}

interface Telling {
  readonly event: FindingTransitionEvent;
  readonly thread: Posted | undefined;
}

const whereOf = (channel: string | undefined): { readonly channel?: string } =>
  channel === undefined ? {} : { channel };

/** The events of each finding, in their order: two of one are decided one after the other. */
function inTurn(events: readonly FindingTransitionEvent[]): readonly (readonly FindingTransitionEvent[])[] {
  const byFinding = Map.groupBy(events, (event) => event.detail.edict.findingId);
  const at = ({ id }: FindingTransitionEvent): Order => orderOf(id) ?? [0, 0];
  return [...byFinding.values()].map((of) => of.toSorted((a, b) => at(a)[0] - at(b)[0] || at(a)[1] - at(b)[1]));
}

/** What each finding is after these events: by the last of each. */
function standingsOf(events: readonly FindingTransitionEvent[]): { readonly [finding: string]: Standing } {
  const standings: Record<string, Standing> = {};
  for (const of of inTurn(events)) {
    const last = of.at(-1)?.detail.edict;
    if (last !== undefined) standings[last.findingId] = standingOf(last);
  }
  return standings;
}
