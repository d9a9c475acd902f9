/**
 * When a finding that changes to and fro is told, as pure decisions: two messages in any hour, and what it came to in the
 * end always.
 *
 *     open ─▶ told   resolved ─▶ told   open, resolved, … (48 more) ─▶ held
 *     an hour after the first: "flaps: 48 changes since …, now …"   quiet for 15 minutes: "settled: now …"
 */

/** The most messages about one finding in any hour. */
export const MAX_AN_HOUR = 2;
export const HOUR_MS = 60 * 60 * 1000;
/** A finding that did not change for so long has settled. */
export const QUIET_MS = 15 * 60 * 1000;

/** The revision and place of a transition: what is later is higher. */
export type Order = readonly [revision: number, n: number];

export interface Flapping {
  /** The last change that was seen; undefined where its id does not say. */
  readonly order?: Order;
  readonly changedAt: number;
  /** When it was told, at most the last two; and by which events: delivered again, they are told again. */
  readonly told: readonly number[];
  readonly tells: readonly string[];
  /** Changes that were held, since the first of them; none: it does not flap. */
  readonly held: number;
  readonly since?: number;
  /** That it flaps was told. */
  readonly reported: boolean;
  /** When to look again. */
  readonly due?: number;
}

export interface Change {
  readonly id: string;
  readonly order?: Order;
  readonly nowMs: number;
}

const recentOf = (told: readonly number[], nowMs: number): readonly number[] =>
  told.filter((at) => at > nowMs - HOUR_MS);
const isLater = (a: Order, b: Order): boolean => a[0] > b[0] || (a[0] === b[0] && a[1] > b[1]);

/** Whether a change is told now; if not, it is held until `state.due`. The same change decided again is decided the same. */
export function decide(
  before: Flapping | undefined,
  change: Change,
): { readonly state: Flapping; readonly tell: boolean } {
  const { id, order, nowMs } = change;
  const known = before ?? { changedAt: nowMs, told: [], tells: [], held: 0, reported: false };
  const overtaken = order !== undefined && known.order !== undefined && isLater(known.order, order);
  // What came after it was told, is being told or is held.
  if (overtaken) return { state: known, tell: false };
  if (known.tells.includes(id)) return { state: known, tell: true };
  if (order !== undefined && known.order !== undefined && !isLater(order, known.order))
    return { state: known, tell: false };
  const seen = { ...known, changedAt: nowMs, ...(order === undefined ? {} : { order }) };
  const recent = recentOf(known.told, nowMs);
  if (known.held === 0 && recent.length < MAX_AN_HOUR)
    return {
      state: { ...seen, told: [...recent, nowMs], tells: [...known.tells, id].slice(-MAX_AN_HOUR) },
      tell: true,
    };
  const since = known.since ?? nowMs;
  const due = known.due ?? freeAt(recent, nowMs);
  return { state: { ...seen, held: known.held + 1, since, due }, tell: false };
}

/** What is said of a finding that flaps. */
export interface FlapReport {
  readonly is: 'flaps' | 'settled';
  readonly changes: number;
  readonly since: number;
}

/** What a look at `nowMs` comes to: something to say, or when to look again. */
export function wake(state: Flapping, nowMs: number): { readonly state: Flapping; readonly say?: FlapReport } {
  if (state.held === 0 || state.since === undefined) return { state };
  const recent = recentOf(state.told, nowMs);
  const quiet = nowMs - state.changedAt >= QUIET_MS;
  const report = { changes: state.held, since: state.since };
  if (recent.length < MAX_AN_HOUR && quiet) {
    const { since: _since, due: _due, ...rest } = state;
    return {
      state: { ...rest, held: 0, reported: false, told: [...recent, nowMs] },
      say: { is: 'settled', ...report },
    };
  }
  const says = recent.length < MAX_AN_HOUR && !state.reported;
  const told = says ? [...recent, nowMs] : state.told;
  const due = Math.max(state.changedAt + QUIET_MS, freeAt(recentOf(told, nowMs), nowMs));
  const next = { ...state, told, due, reported: state.reported || says };
  return says ? { state: next, say: { is: 'flaps', ...report } } : { state: next };
}

/** When one more message is allowed. */
const freeAt = (recent: readonly number[], nowMs: number): number =>
  recent.length < MAX_AN_HOUR ? nowMs : Math.max(nowMs, (recent.at(-MAX_AN_HOUR) ?? nowMs) + HOUR_MS);
