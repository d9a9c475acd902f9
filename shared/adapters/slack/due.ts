/** What the clock has to do: tell digests, and of what flaps. */
import { createHash } from 'node:crypto';
import { instant } from '../../model/change.ts';
import type { DigestPeriod } from '../../model/notify.ts';
import { inParallel } from '../service/in-parallel.ts';
import { digestMessage, flapMessage, type FindingNews, standingOf } from './follow-message.ts';
import { type FlapReport, HOUR_MS, type Order, wake } from './flapping.ts';
import type { NotifyDeps } from './notify.ts';
import { changeNote } from './notes.ts';
import { type FindingNote, findingNote, makeThreads } from './threads.ts';

/** The list of what is due. Its ids begin with the instant. */
export const DUE = 'due';
export type Due =
  | { readonly is: 'flap'; readonly finding: string }
  | {
      readonly is: 'digest';
      readonly period: DigestPeriod;
      readonly channel?: string;
      readonly from: string;
      readonly until: string;
    };

/** The same wish at the same instant has the same id. */
export const dueId = (at: number, job: Due): string =>
  `${instant(at)}#${job.is}#${job.is === 'flap' ? job.finding : digestList(job)}`;

/** What a digest gathered. */
export const digestList = ({ channel = '', until, period }: Extract<Due, { is: 'digest' }>): string =>
  `digest#${period}#${channel}#${until}`;
export interface Gathered {
  readonly of: FindingNews;
  readonly order: Order;
}

/** The hour (UTC) at which a day's digest ends. */
const DAY_ENDS = 8;
/** Longer than the function that gathers may run: what was gathered in time is there. */
const GRACE_MS = 90_000;
const WIDTH = 10;

export interface TellDue {
  /** Digests are told as far as they are, and do not wait for the end of their period; what comes after is told by one more. */
  readonly digestsNow?: boolean;
}

/** The period in which an instant lies, and when its digest is told. */
export function periodOf(
  period: DigestPeriod,
  nowMs: number,
): { readonly from: number; readonly until: number; readonly due: number } {
  const length = period === 'hourly' ? HOUR_MS : 24 * HOUR_MS;
  const shift = period === 'hourly' ? 0 : DAY_ENDS * HOUR_MS;
  const from = Math.floor((nowMs - shift) / length) * length + shift;
  return { from, until: from + length, due: from + length + GRACE_MS };
}

/**
 * Does what is due; returns how many messages that were. What fails is kept, for the next time: what cannot be told stays
 * until it can. Every minute or so; two at once tell nothing twice.
 */
export function makeTellDue(deps: NotifyDeps): (wish?: TellDue) => Promise<number> {
  const { slack, sent, notes, now } = deps;
  const threads = makeThreads(deps);

  /** Sends once, whoever else tries. False: someone else is at it. */
  const once = async (id: string, send: () => Promise<void>): Promise<'sent' | 'told' | 'held'> => {
    const claim = await sent.claim(id);
    if (claim !== 'mine') return claim;
    try {
      await send();
    } catch (error) {
      await sent.release(id).catch(() => undefined);
      throw error;
    }
    await sent.done(id).catch((error: unknown) => deps.onFailure(error, 0));
    return 'sent';
  };

  const tellDigest = async (job: Extract<Due, { is: 'digest' }>): Promise<number | undefined> => {
    const list = digestList(job);
    const gathered = await notes.list<Gathered>(list);
    const last = new Map<string, Gathered>();
    for (const { value } of gathered) {
      const known = last.get(value.of.findingId);
      if (
        known === undefined ||
        known.order[0] < value.order[0] ||
        (known.order[0] === value.order[0] && known.order[1] < value.order[1])
      )
        last.set(value.of.findingId, value);
    }
    if (last.size === 0) return 0;
    const message = digestMessage(
      [...last.values()].map(({ of }) => of),
      job.from,
      job.until,
    );
    const { channel } = job;
    // By what is in it: what is gathered once this was told is told by one more.
    const content = createHash('sha256').update(gathered.map(({ id }) => id).join('\n'));
    const outcome = await once(`${list}#${content.digest('hex').slice(0, 24)}`, async () => {
      await slack.send(message, channel === undefined ? {} : { channel });
    });
    if (outcome === 'held') return undefined;
    await inParallel(gathered, WIDTH, ({ id }) => notes.remove(list, id));
    return outcome === 'sent' ? 1 : 0;
  };

  const tellFlapping = async (finding: string): Promise<number | undefined> => {
    const key = findingNote(finding);
    const nowMs = now();
    const { value: note } = await notes.read<FindingNote>(key);
    if (note === undefined) return 0;
    const { say } = wake(note.flapping, nowMs);
    let outcome: 'sent' | 'told' | 'held' | undefined;
    if (say !== undefined) {
      outcome = await once(`flap#${finding}#${say.since}#${say.changes}#${say.is}`, () => tellReport(note, say));
      if (outcome === 'held') return undefined;
    }
    const after = await changeNote<FindingNote>(notes, key, (known) =>
      known === undefined ? undefined : { ...known, flapping: charged(known.flapping, say, nowMs) },
    );
    const due = after?.flapping.due;
    if (due !== undefined) await notes.add(DUE, dueId(due, { is: 'flap', finding }), { is: 'flap', finding });
    return outcome === 'sent' ? 1 : 0;
  };

  const tellReport = async ({ of, channel, thread }: FindingNote, report: FlapReport): Promise<void> => {
    const message = flapMessage(of, report);
    const followed = thread !== undefined && (await threads.isFollowed(thread));
    await slack.send(
      message,
      followed
        ? { channel: thread.channel, thread: thread.ts, broadcast: true }
        : channel === undefined
          ? {}
          : { channel },
    );
    if (followed && report.is === 'settled') await threads.follow(thread, { [of.findingId]: standingOf(of) });
  };

  return async ({ digestsNow = false } = {}) => {
    let messages = 0;
    const until = instant(now());
    for (const { id, value } of await notes.list<Due>(DUE, digestsNow ? {} : { upTo: until })) {
      if (id > until && value.is !== 'digest') continue;
      try {
        const told = value.is === 'digest' ? await tellDigest(value) : await tellFlapping(value.finding);
        messages += told ?? 0;
        if (told === undefined) continue;
        await notes.remove(DUE, id);
        // Gathered meanwhile: whoever gathers says so after what it gathered, so one of the two is seen.
        if (value.is === 'digest' && (await notes.list(digestList(value))).length > 0) await notes.add(DUE, id, value);
      } catch (error) {
        deps.onFailure(error, 1);
      }
    }
    return messages;
  };
}

/** The state once this was said, whatever changed meanwhile: what changed after it was said is held still. */
function charged(state: FindingNote['flapping'], said: FlapReport | undefined, nowMs: number): FindingNote['flapping'] {
  const next = wake(state, nowMs);
  if (said === undefined) return next.say === undefined ? next.state : { ...state, due: nowMs + 1000 };
  if (next.say?.is === said.is) return next.state;
  return wake({ ...state, told: [...state.told, nowMs] }, nowMs).state;
}
