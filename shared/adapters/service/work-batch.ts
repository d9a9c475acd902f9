import { registry } from '../../mappings/registry.ts';
import { type Change, type QueueMessage, queueMessageSchema, type Rejudge } from '../../model/change.ts';
import type { CoverageRow } from '../../model/coverage.ts';
import { isAppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { ActiveSource } from '../../pipeline/active.ts';
import type { JudgedWork } from '../../pipeline/judge.ts';
import { settle } from '../../pipeline/outcomes.ts';
import type { Normalized, Outcome, PartUpdate, Repair, Work } from '../../pipeline/stages.ts';
import type { CoverageLedger } from '../../ports/coverage-ledger.ts';
import type { Queue } from '../../ports/queue.ts';
import type { SourceLog } from '../../ports/source-log.ts';
import { isEventBridgeEvent } from '../aws/notice-door.ts';
import { type DoorDeps, keep } from '../http-auth/door.ts';
import { inParallel } from './in-parallel.ts';

/** One message of a queue, as it was delivered. */
export interface Delivered {
  readonly messageId: string;
  readonly body: string;
}

export interface WorkBatchDeps extends Pick<DoorDeps, 'quarantine' | 'now' | 'count' | 'log'> {
  readonly active: ActiveSource;
  /** Takes AWS's own events off their envelope. Undefined where none can arrive. */
  readonly notices?: (event: { readonly [key: string]: Json }) => Promise<readonly Change[]>;
  readonly normalize: (changes: readonly Change[]) => Promise<Normalized>;
  readonly judge: (work: Work) => Promise<JudgedWork>;
  /** Where a wish goes to read a resource again: two documents with one version differ. */
  readonly again: Queue;
  /** Where it is counted what a sweep repaired. @default nowhere */
  readonly repaired?: (repairs: readonly Repair[]) => Promise<void>;
  /** Where it is noted that an account was heard. @default nowhere */
  readonly sources?: SourceLog;
  /** Where it is noted what was heard of an account's types. @default nowhere */
  readonly ledger?: CoverageLedger;
}

/** What a batch led to: the outcome of every change, and the messages that have to be delivered again. */
export interface WorkedBatch {
  readonly outcomes: readonly Outcome[];
  /** Ids of messages that are proven done. All others come again. */
  readonly done: ReadonlySet<string>;
}

/** How often it is noted that an account was heard: silence is told in hours, and every note is a write. */
const HEARD_MS = 60_000;
/** How many resources are judged at once. */
const PARALLEL = 8;

/**
 * Works on a batch of the changes queue or of the re-judge queue: reads what is active once, normalises all changes
 * together, and judges each resource once with everything that the batch holds for it.
 */
export function makeWorkBatch(deps: WorkBatchDeps): (messages: readonly Delivered[]) => Promise<WorkedBatch> {
  const heard = makeHeard(deps);
  return async (messages) => {
    await deps.active.refresh();
    const done = new Set<string>();
    const failed: Outcome[] = [];
    const changes: Change[] = [];
    const rejudge: Rejudge[] = [];
    /** The messages that a change or a wish came with. */
    const from = new Map<string, string[]>();
    const remember = (key: string, messageId: string): void =>
      void from.set(key, [...(from.get(key) ?? []), messageId]);

    /** Changes that came in the provider's own words, by message. */
    const raw = new Map<string, readonly QueueMessage[]>();

    for (const { messageId, body } of messages) {
      try {
        const { told, isRaw } = await read(deps, body);
        if (isRaw) raw.set(messageId, told);
        for (const message of told) {
          if (message.type === 'change') {
            remember(message.changeId, messageId);
            // Told twice in one batch: once is enough.
            if ((from.get(message.changeId)?.length ?? 0) === 1) changes.push(message);
          } else {
            remember(wishKey(message), messageId);
            rejudge.push(message);
          }
        }
        done.add(messageId);
      } catch (error) {
        deps.log('a message could not be read now', error, { messageId });
      }
    }

    const normalized = await deps.normalize(changes);
    const outcomes: Outcome[] = [...normalized.outcomes];
    await heard(normalized.work);
    const works = withWishes(normalized.work, rejudge);
    const repairs: Repair[] = [];
    const judgeOne = async (work: Work): Promise<void> => {
      try {
        const judged = await deps.judge(work);
        outcomes.push(...judged.outcomes);
        repairs.push(...judged.repairs);
        if (judged.readAgain) await readAgain(deps, work);
      } catch (error) {
        deps.log('a resource could not be judged now', error, {
          resourceId: work.resourceId,
          changeId: work.updates[0]?.changeId,
        });
        const code = isAppError(error) ? error.code : 'INVARIANT_BROKEN';
        for (const { changeId } of work.updates) failed.push({ changeId, outcome: 'failed', code });
        for (const wish of work.rejudge) for (const messageId of from.get(wishKey(wish)) ?? []) done.delete(messageId);
      }
    };
    // What others rest on first (a database's parameter group came with the database): judged before it, they would be
    // undecided for a moment, and people would hear of it.
    await inParallel(works.filter(isFoundation), PARALLEL, judgeOne);
    await inParallel(
      works.filter((work) => !isFoundation(work)),
      PARALLEL,
      judgeOne,
    );

    await noteRepairs(deps, repairs);
    const settled = settle([...outcomes, ...failed]);
    for (const { changeId, outcome } of settled)
      if (outcome === 'failed') for (const messageId of from.get(changeId) ?? []) done.delete(messageId);
    // A change without an outcome was lost in our own code: it is not proven done.
    const accounted = new Set(settled.map(({ changeId }) => changeId));
    for (const { changeId } of changes)
      if (!accounted.has(changeId)) for (const messageId of from.get(changeId) ?? []) done.delete(messageId);
    await comeAgainWithoutSecrets(deps, raw, done);
    return { outcomes: settled, done };
  };
}

/** Notes which accounts and types were heard, each once in a while. That it could not be noted fails nothing. */
function makeHeard(deps: WorkBatchDeps): (works: readonly Work[]) => Promise<void> {
  const noted = new Map<string, number>();
  return async (works) => {
    const at = deps.now();
    const isDue = (key: string): boolean => {
      if (Date.parse(at) - (noted.get(key) ?? 0) < HEARD_MS) return false;
      noted.set(key, Date.parse(at));
      return true;
    };
    const failed = (error: unknown): void => deps.log('it could not be noted that an account was heard', error);
    const rows: CoverageRow[] = [];
    for (const { updates } of works) {
      for (const update of updates) {
        const { source, cloud, part } = update;
        const { account = `${cloud}:unknown` } = part.about;
        if (deps.sources !== undefined && isDue(`${source} ${account}`))
          await deps.sources.heard(source, account, at).catch(failed);
        const isDenied = Object.values(part.readings).some((r) => r.state === 'unknown' && r.why === 'denied');
        if (isDue(`${source} ${account} ${part.native} ${isDenied}`)) rows.push(rowOf(update, account, at, isDenied));
      }
    }
    if (rows.length > 0) await deps.ledger?.note(rows).catch(failed);
  };
}

/** What news of a resource says of its account and type. What a sweep asked for is the sweep's to tell, but for a refusal. */
function rowOf({ source, sweep, part }: PartUpdate, account: string, at: string, isDenied: boolean): CoverageRow {
  const lagMs = Math.max(0, Date.parse(at) - Date.parse(part.changedAt));
  return {
    source,
    account,
    type: part.native,
    ...(sweep === undefined ? { lastEventAt: at, lagMs } : {}),
    ...(isDenied ? { deniedAt: at } : {}),
  };
}

/** Counts what a sweep repaired. That it could not be counted fails nothing: what was repaired is repaired. */
async function noteRepairs(deps: WorkBatchDeps, repairs: readonly Repair[]): Promise<void> {
  if (repairs.length === 0) return;
  deps.count('MissedEvents', repairs.length);
  await deps.repaired?.(repairs).catch((error: unknown) => {
    deps.log('it could not be counted what a sweep repaired', error);
  });
}

/** Whether the resource is there for others alone: it is of no kind of its own. */
const isFoundation = (work: Work): boolean =>
  work.updates.some(({ mapping }) => registry.mapping(mapping)?.kind === null);

const wishKey = (wish: Rejudge): string => `wish ${wish.resourceId}`;

/** How long a change waits that comes again under our own hand. */
const AGAIN_SECONDS = 60;

/**
 * An event in AWS's own words that could not be worked on comes again as the changes that were read from it: those have
 * no secrets, and dead letters are kept for two weeks. If that cannot be sent the queue has the event still.
 */
async function comeAgainWithoutSecrets(
  deps: WorkBatchDeps,
  raw: ReadonlyMap<string, readonly QueueMessage[]>,
  done: Set<string>,
): Promise<void> {
  for (const [messageId, told] of raw) {
    if (done.has(messageId)) continue;
    try {
      await deps.again.send(told, { delaySeconds: AGAIN_SECONDS });
      done.add(messageId);
    } catch (error) {
      deps.log('a change could not be put back', error, { messageId });
    }
  }
}

interface Read {
  readonly told: readonly QueueMessage[];
  /** The provider's own words, secrets included. */
  readonly isRaw: boolean;
}

/** What a message holds. Content that redelivery cannot help is kept in the quarantine: nothing to do. */
async function read(deps: WorkBatchDeps, body: string): Promise<Read> {
  const unusable = async (reason: string, code: 'EVENT_INVALID' | 'CONTRACT_UNKNOWN_VERSION'): Promise<Read> => {
    await keep(deps, 'queue', body, { reason, code });
    return { told: [], isRaw: false };
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return unusable('the message is not JSON', 'EVENT_INVALID');
  }
  if (deps.notices !== undefined && isEventBridgeEvent(parsed))
    return { told: await deps.notices(parsed), isRaw: true };
  const message = queueMessageSchema.safeParse(parsed);
  if (message.success) return { told: [message.data], isRaw: false };
  const version = isObject(parsed) ? parsed['version'] : undefined;
  return typeof version === 'number' && version !== 1
    ? unusable('the message is of a version that this build does not know', 'CONTRACT_UNKNOWN_VERSION')
    : unusable(
        `the message is no change and no wish: ${message.error.issues[0]?.path.join('/') ?? ''}`,
        'EVENT_INVALID',
      );
}

/** The work of the batch, with the wishes to judge again: one judgement for each resource. */
function withWishes(works: readonly Work[], wishes: readonly Rejudge[]): readonly Work[] {
  const byResource = new Map<string, Work>(works.map((work) => [work.resourceId, work]));
  for (const wish of wishes) {
    const work = byResource.get(wish.resourceId) ?? { resourceId: wish.resourceId, updates: [], rejudge: [] };
    byResource.set(wish.resourceId, { ...work, rejudge: [...work.rejudge, wish] });
  }
  return [...byResource.values()];
}

/** Asks the provider again. Only ARM can be asked by id alone; elsewhere versions do not collide, or a sweep settles it. */
async function readAgain(deps: WorkBatchDeps, work: Work): Promise<void> {
  const update = work.updates.at(-1);
  if (update === undefined) return;
  deps.log('two documents of one version differ', undefined, {
    resourceId: work.resourceId,
    changeId: update.changeId,
  });
  if (update.cloud !== 'azure') return;
  const receivedAt = deps.now();
  await deps.again.send(
    [
      {
        type: 'change',
        version: 1,
        changeId: update.changeId,
        source: update.source,
        origin: 'read_back',
        receivedAt,
        content: { is: 'notice', cloud: 'azure', resourceId: work.resourceId, changedAt: receivedAt },
      },
    ],
    { delaySeconds: 5 },
  );
}
