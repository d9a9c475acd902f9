/** How the documents of a resource add up to its state: each part a last-writer-wins register, in whatever order they come. */
import { partKey } from '../mappings/assemble.ts';
import { contentHash } from '../model/change.ts';
import { canonicalJson } from '../model/json.ts';
import { type StoredPart, TOMBSTONE_DAYS } from '../model/resource.ts';

export type Registers = Readonly<Record<string, StoredPart>>;

/** The parts of a resource, and the newest deletion of it that was ever seen. */
export interface Merged {
  readonly parts: Registers;
  readonly bornAfter?: string;
}

/** `applied`: the state changed. `stale`: older than what is stored, or of a former life. `duplicate`: stored already. */
export type MergeResult = 'applied' | 'stale' | 'duplicate';

/** The part with the hash of everything it says, which orders documents that claim the same version. */
export function sealPart(part: Omit<StoredPart, 'hash'>): StoredPart {
  return { ...part, hash: contentHash(part) };
}

/**
 * Merges one document into the registers. Commutative, associative and idempotent: any order of the same documents ends
 * in the same registers.
 *
 * - The greater (order key, deletion, when it was read again, what it shows, hash) wins. One version may be told twice: a deletion carries the
 *   version that it ended, and a sweep's row shows less of a version than its event did, which takes nothing away. The
 *   hash decides only where one key came with two contents that show as much; where they differ in what they say,
 *   `readAgain` asks for the truth.
 * - A deletion of the main part ends a life: satellites that are not newer belong to it and go, also those that come later.
 */
export function merge(
  before: Merged,
  update: { readonly part: StoredPart; readonly main: boolean },
): { readonly merged: Merged; readonly result: MergeResult; readonly readAgain: boolean } {
  const { part, main } = update;
  const key = partKey(part);
  const stored = before.parts[key];
  const unchanged = (result: MergeResult, readAgain = false) => ({ merged: before, result, readAgain });
  const ends = main && part.deleted ? later(before.bornAfter, part.changedAt) : before.bornAfter;

  if (!main && before.bornAfter !== undefined && part.changedAt <= before.bornAfter) return unchanged('stale');

  const order = stored === undefined ? 1 : compareVersions(versionOf(part), versionOf(stored));
  // What the same document says by later mappings is no contradiction: nobody has to be asked.
  const isReread = (part.derivedAt ?? '') > (stored?.derivedAt ?? '');
  const readAgain =
    stored !== undefined && part.orderKey === stored.orderKey && order !== 0 && !isReread && !saysTheSame(part, stored);
  if (order === 0) return unchanged('duplicate');
  // A late deletion does not undo what is newer, but what it ended stays ended.
  if (order < 0 && ends === before.bornAfter) return unchanged('stale', readAgain);

  const parts: Record<string, StoredPart> = { ...before.parts, ...(order > 0 ? { [key]: part } : {}) };
  const mainPart = main ? part.part : undefined;
  if (ends !== before.bornAfter && ends !== undefined)
    for (const [k, p] of Object.entries(parts)) if (p.part !== mainPart && p.changedAt <= ends) delete parts[k];
  return {
    merged: { parts, ...(ends === undefined ? {} : { bornAfter: ends }) },
    result: order > 0 ? 'applied' : 'stale',
    readAgain,
  };
}

/** What decides which of two documents of one part stands. */
export interface Version extends Pick<StoredPart, 'orderKey' | 'deleted' | 'derivedAt' | 'hash'> {
  /** How many readings it shows as known, and how many at all. */
  readonly known: number;
  readonly shown: number;
}

export const versionOf = (part: StoredPart): Version => ({
  orderKey: part.orderKey,
  deleted: part.deleted,
  ...(part.derivedAt === undefined ? {} : { derivedAt: part.derivedAt }),
  hash: part.hash,
  known: shows(part, 'known'),
  shown: shows(part),
});

/** Which of two documents of one part stands: a total order, so that everyone agrees whatever came first. */
export const compareVersions = (a: Version, b: Version): number =>
  compare(a.orderKey, b.orderKey) ||
  Number(a.deleted) - Number(b.deleted) ||
  compare(a.derivedAt ?? '', b.derivedAt ?? '') ||
  a.known - b.known ||
  a.shown - b.shown ||
  compare(a.hash, b.hash);

/** How many of its readings (and its tags) a document shows in this state, or at all. */
const shows = (part: StoredPart, as?: 'known'): number =>
  [...Object.values(part.readings), ...(part.about.tags === undefined ? [] : [part.about.tags])].filter(({ state }) =>
    as === undefined ? state !== 'unknown' : state === as,
  ).length;

/** Drops the tombstones of satellites that nothing can replay any more, so that rules and containers come and go without end. */
export function forget(parts: Registers, mainPart: string, nowMs: number): Registers {
  const oldest = new Date(nowMs - TOMBSTONE_DAYS * 86_400_000).toISOString();
  const kept = Object.entries(parts).filter(([, p]) => p.part === mainPart || !p.deleted || p.changedAt > oldest);
  return kept.length === Object.keys(parts).length ? parts : Object.fromEntries(kept);
}

/**
 * Whether two documents of one part cannot both be right: one is a deletion, or a reading that both show differs. What only
 * one of them shows is no contradiction: a list shows less than an event, and a read-back more than a notification.
 */
export function contradicts(a: StoredPart, b: StoredPart): boolean {
  if (a.deleted !== b.deleted) return true;
  return Object.entries(a.readings).some(([name, one]) => {
    const other = b.readings[name];
    if (one.state === 'unknown' || other === undefined || other.state === 'unknown') return false;
    return canonicalJson([one.value]) !== canonicalJson([other.value]);
  });
}

/** Whether two documents say the same of the world, wherever in the document they say it. */
function saysTheSame(a: StoredPart, b: StoredPart): boolean {
  return canonicalJson(sayings(a)) === canonicalJson(sayings(b));
}

const sayings = (part: StoredPart): unknown => [
  part.deleted,
  Object.fromEntries(
    Object.entries(part.readings).map(([name, r]) => [
      name,
      r.state === 'unknown' ? ['unknown', r.why] : [r.value, r.closed ?? null],
    ]),
  ),
];

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const later = (a: string | undefined, b: string): string => (a === undefined || a < b ? b : a);
