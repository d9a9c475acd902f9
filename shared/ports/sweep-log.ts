/** How a scope of a sweep ended. */
export type ScopeOutcome = 'swept' | 'denied';

/** One scope (a subscription, a kind of content) of one run of the sweep. */
export interface SweptScope {
  readonly source: string;
  readonly scope: string;
  /** It was never swept before: what is found in it is told by the digest of the run. */
  readonly baseline: boolean;
  /** When it last got on: its page was worked on, or it was begun. */
  readonly at: string;
  /** None: pages of it are still to come, or nobody will ever bring them. */
  readonly outcome?: ScopeOutcome;
}

/** What became of the scopes of a run. One row each, so that a run of thousands fits in no message. Errors: `STORE_UNAVAILABLE` (retry). */
export interface SweepLog {
  /** Notes that these scopes belong to the run. Those that are noted already are left as they are. */
  begin(run: string, scopes: readonly Omit<SweptScope, 'at' | 'outcome'>[], at: string): Promise<void>;
  /** Notes that a scope of a run that was begun got on, or ended. Its first outcome stands: pages may be delivered twice. */
  note(run: string, source: string, scope: string, at: string, outcome?: ScopeOutcome): Promise<void>;
  /** All scopes of the run. Strong. */
  scopes(run: string): Promise<readonly SweptScope[]>;
}
