/** What is seen and what is not: of which accounts and types Edict heard, since when a source is silent, what it may not read. Pure. */
import { CANARY_MINUTES, isCanaryAccount, NOTICE_PROMISE_MS } from './canary.ts';
import type { Cloud } from './cloud.ts';

/** The sources of a cloud: who tells, and who lists. */
export const CLOUD_SOURCES = {
  aws: { events: ['aws.config', 'aws.sagemaker'], sweep: 'aws.sweep' },
  azure: { events: ['azure.event-grid'], sweep: 'azure.sweep' },
  gcp: { events: ['gcp.asset-feed'], sweep: 'gcp.sweep' },
} as const satisfies { readonly [C in Cloud]?: { readonly events: readonly string[]; readonly sweep: string } };
export type SweptCloud = keyof typeof CLOUD_SOURCES;
export const SWEPT_CLOUDS = Object.keys(CLOUD_SOURCES) as readonly SweptCloud[];

/** A list of everything is promised daily; two hours are for the list itself. */
export const SWEEP_PROMISE_MS = 26 * 3_600_000;

/** A source through which the canary is not heard for so long is silent: two moves, and twice the promise. */
const CANARY_SILENCE_MS = 2 * CANARY_MINUTES * 60_000 + 2 * NOTICE_PROMISE_MS;

/** When an account was last heard through a source: silence shows as stale, never as green. */
export interface Heard {
  readonly source: string;
  /** Or the scope of a sweep. */
  readonly account: string;
  readonly lastSeenAt: string;
  /** When a sweep of it last ended. None: it was never swept, so the next one is its baseline. */
  readonly lastSweptAt?: string;
  /** When a sweep of it last ended of which nothing was refused, left out or unreadable. */
  readonly lastWholeAt?: string;
  /** When the provider last refused to list it. */
  readonly lastDeniedAt?: string;
  /** When it was not listed in full for longer than is promised, oldest first. */
  readonly gaps?: readonly ObservationGap[];
}

/** Between two whole lists of a scope more time went by than is promised. `from` null: before the first one. */
export interface ObservationGap {
  readonly from: string | null;
  readonly to: string;
}

/** The gap that a whole list at `at` ends; undefined: there was none. */
export function gapBefore(lastWholeAt: string | undefined, at: string): ObservationGap | undefined {
  if (lastWholeAt === undefined) return { from: null, to: at };
  return Date.parse(at) - Date.parse(lastWholeAt) > SWEEP_PROMISE_MS ? { from: lastWholeAt, to: at } : undefined;
}

/** What is known of one native type in one account through one source. */
export interface CoverageRow {
  readonly source: string;
  readonly account: string;
  readonly type: string;
  /** Events: when the last one arrived, and how long after the change. */
  readonly lastEventAt?: string;
  readonly lagMs?: number;
  /** Sweeps: when the last run that listed or held any was told; whether its list was whole; how many the provider listed, and how many were held; what no event had told. */
  readonly lastSweptAt?: string;
  readonly whole?: boolean;
  readonly listed?: number;
  readonly held?: number;
  readonly missed?: number;
  /** When a read of one was last refused. */
  readonly deniedAt?: string;
}

/** A source that does not keep its promise. */
export interface StaleSource {
  readonly source: string;
  /** The account or scope; `*`: all of them. */
  readonly account: string;
  /** What is known is as of then; null: it was never listed in full. */
  readonly since: string | null;
  readonly why: 'denied' | 'incomplete' | 'silent' | 'never_listed';
}

const isScope = (h: Heard): boolean =>
  h.lastSweptAt !== undefined || h.lastDeniedAt !== undefined || h.lastWholeAt !== undefined;

/** The sources that do not keep their promise, by what was heard of each. A cloud of which nothing was ever heard is not there. */
export function staleSources(heard: readonly Heard[], nowMs: number): readonly StaleSource[] {
  const oldest = new Date(nowMs - SWEEP_PROMISE_MS).toISOString();
  const heardSince = new Date(nowMs - CANARY_SILENCE_MS).toISOString();
  return SWEPT_CLOUDS.flatMap((cloud): readonly StaleSource[] => {
    const { events, sweep: source } = CLOUD_SOURCES[cloud];
    const scopes = heard.filter((h) => h.source === source && isScope(h));
    const tellers = heard.filter((h) => events.some((name) => name === h.source));
    // The canary moves by the clock: where it was heard and is not any more, nobody else is heard either.
    const silent = tellers
      .filter((h) => isCanaryAccount(h.account) && h.lastSeenAt < heardSince)
      .map((h): StaleSource => ({ source: h.source, account: '*', since: h.lastSeenAt, why: 'silent' }));
    const isTold = tellers.some((h) => !isCanaryAccount(h.account));
    if (scopes.length === 0)
      return isTold ? [{ source, account: '*', since: null, why: 'never_listed' }, ...silent] : silent;
    const unlisted = scopes.flatMap(({ account, lastSweptAt = '', lastWholeAt, lastDeniedAt = '' }) => {
      const kept = lastWholeAt !== undefined && lastWholeAt >= oldest;
      if (kept && lastDeniedAt <= lastWholeAt) return [];
      const why = lastDeniedAt > lastSweptAt ? 'denied' : lastSweptAt > (lastWholeAt ?? '') ? 'incomplete' : 'silent';
      return [{ source, account, since: lastWholeAt ?? null, why } as const];
    });
    return [...unlisted, ...silent];
  });
}

/**
 * The sources that did not keep their promise at an instant of the past: what was seen before a gap and after it says
 * nothing of what was in between. (Of the canary nothing is kept.)
 */
export function staleThen(heard: readonly Heard[], thenMs: number): readonly StaleSource[] {
  const then = new Date(thenMs).toISOString();
  return SWEPT_CLOUDS.flatMap((cloud): readonly StaleSource[] => {
    const { events, sweep: source } = CLOUD_SOURCES[cloud];
    const scopes = heard.filter((h) => h.source === source && isScope(h));
    const isTold = heard.some((h) => events.some((name) => name === h.source) && !isCanaryAccount(h.account));
    if (scopes.length === 0) return isTold ? [{ source, account: '*', since: null, why: 'never_listed' }] : [];
    return scopes.flatMap(({ account, lastWholeAt, gaps = [] }): readonly StaleSource[] => {
      const within = gaps.find(({ from, to }) => (from ?? '') < then && then < to);
      const since = within === undefined ? (lastWholeAt ?? null) : within.from;
      if (since === null) return [{ source, account, since, why: 'never_listed' }];
      if (within === undefined && then <= since) return [];
      return thenMs - Date.parse(since) > SWEEP_PROMISE_MS ? [{ source, account, since, why: 'silent' }] : [];
    });
  });
}

/** What stands in the way of an account's lists. Undefined: nothing. */
export function staleAccount(
  cloud: SweptCloud,
  account: string,
  stale: readonly StaleSource[],
  heard: readonly Heard[],
): StaleSource | undefined {
  const source = CLOUD_SOURCES[cloud].sweep;
  const sources: readonly string[] = [...CLOUD_SOURCES[cloud].events, source];
  const of = stale.filter((s) => sources.includes(s.source));
  // Where each account is a scope it is that scope; elsewhere every scope holds a share of every account.
  const isOwnScope = heard.some((h) => h.source === source && h.account === account && isScope(h));
  const own = isOwnScope ? of.filter((s) => s.account === account || s.account === '*') : of;
  return own.toSorted((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1))[0];
}

/**
 * How far a policy is judged in an account. `judged`: there is something to judge, and all of it is known. `told`: events
 * told of something, and the account was never listed in full. `nothing`: listed in full, and nothing to judge. `unknown`:
 * nothing is known, or what was known is too old: never green.
 */
export type ControlStatus = 'judged' | 'told' | 'nothing' | 'unknown';
export interface Control {
  readonly policy: string;
  readonly cloud: SweptCloud;
  readonly account: string;
  readonly status: ControlStatus;
  /** `unknown`: since when; null: ever since. */
  readonly since: string | null;
}

/** Every policy in every account that was heard of. `typesOf` gives the native types of a kind in a cloud; none: the policy does not apply there. */
export function controlsOf(
  policies: readonly { readonly id: string; readonly kind: string }[],
  rows: readonly CoverageRow[],
  heard: readonly Heard[],
  typesOf: (kind: string, cloud: SweptCloud) => readonly string[],
  nowMs: number,
): readonly Control[] {
  const stale = staleSources(heard, nowMs);
  return SWEPT_CLOUDS.flatMap((cloud) => {
    const { events, sweep } = CLOUD_SOURCES[cloud];
    const sources = new Set<string>([...events, sweep]);
    const accounts = Map.groupBy(
      rows.filter((r) => sources.has(r.source)),
      (r) => r.account,
    );
    for (const h of heard)
      if (sources.has(h.source) && !isScope(h)) accounts.set(h.account, accounts.get(h.account) ?? []);
    return [...accounts].flatMap(([account, of]) => {
      if (isCanaryAccount(account)) return [];
      const why = staleAccount(cloud, account, stale, heard);
      return policies.flatMap(({ id: policy, kind }): readonly Control[] => {
        // Azure does not keep the case of names.
        const types = typesOf(kind, cloud).map((type) => type.toLowerCase());
        if (types.length === 0) return [];
        const has = of.some(
          (r) => types.includes(r.type.toLowerCase()) && (r.lastEventAt !== undefined || (r.held ?? r.listed ?? 0) > 0),
        );
        const status = statusOf(has, why);
        return [{ policy, cloud, account, status, since: status === 'unknown' ? (why?.since ?? null) : null }];
      });
    });
  });
}

function statusOf(has: boolean, stale: StaleSource | undefined): ControlStatus {
  if (stale === undefined) return has ? 'judged' : 'nothing';
  return has && stale.since === null && stale.why !== 'denied' ? 'told' : 'unknown';
}
