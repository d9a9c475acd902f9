import type { Page } from '../model/finding.ts';

/** How a scope of a sweep ended. `partial`: to its end, but something in it could not be read or was left out. */
export type ScopeOutcome = 'swept' | 'partial' | 'denied';

/** One scope (a subscription, a kind of content) of one run of the sweep. */
export interface SweptScope {
  readonly source: string;
  readonly scope: string;
  /** It was never swept before: what is found in it is told by the digest of the run. */
  readonly baseline: boolean;
  /** None: pages of it are still to come, or it was given up. */
  readonly outcome?: ScopeOutcome;
  /** When its list began, less how far it may lie behind. With the outcome. */
  readonly began?: string;
}

/** What a run counts of the resources of one account and native type. */
export const SWEEP_COUNTS = ['listed', 'held', 'absent', 'unknown', 'changed', 'deleted'] as const;
export type SweepCount = (typeof SWEEP_COUNTS)[number];
export interface SweepCounts {
  readonly source: string;
  readonly account: string;
  readonly type: string;
  /** `listed` by the provider; `held` by us where its list is whole; `absent` from that; and what was repaired (`Repair`). */
  readonly counts: { readonly [C in SweepCount]?: number };
}

/**
 * What became of a run of the sweep. One row for each scope and count, so that a run of thousands is in no message. Kept
 * for a month. Errors: `STORE_UNAVAILABLE` (retry). */
export interface SweepLog {
  /** Notes that these scopes belong to the run. Those that are noted already are left as they are. */
  begin(run: string, scopes: readonly Omit<SweptScope, 'outcome'>[], at: string): Promise<void>;
  /** Notes how a scope of a run that was begun ended. Its first outcome stands: pages may be listed twice. */
  end(
    run: string,
    source: string,
    scope: string,
    end: { readonly outcome: ScopeOutcome; readonly began?: string },
  ): Promise<void>;
  /** All scopes of the run. Strong. */
  scopes(run: string): Promise<readonly SweptScope[]>;
  /** Notes that what the run finds first is told by a digest that is still to come. Idempotent. */
  owe(run: string, at: string): Promise<void>;
  /** The runs whose digest is still to come, of the last month: the last, and those that never came to their end. Strong. */
  owed(): Promise<readonly string[]>;
  /** Notes that the digest of the run was told. Idempotent. */
  settle(run: string, at: string): Promise<void>;
  /** Notes that something was listed of these places. Idempotent. */
  listed(run: string, source: string, places: readonly string[], at: string): Promise<void>;
  /** Whether something was listed of the place. Strong. */
  wasListed(run: string, source: string, place: string): Promise<boolean>;
  /** Adds to the counts. Told again after a failure, it counts twice: counts are for people. */
  count(run: string, counts: SweepCounts, at: string): Promise<void>;
  counts(run: string, next?: string): Promise<Page<SweepCounts>>;
}
