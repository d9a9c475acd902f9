/** When an account was last heard through a source: silence shows as stale, never as green. */
export interface Heard {
  readonly source: string;
  readonly account: string;
  readonly lastSeenAt: string;
  /** When a sweep of it last ended. None: it was never swept, so the next one is its baseline. */
  readonly lastSweptAt?: string;
}

/** Errors: `STORE_UNAVAILABLE` (retry). */
export interface SourceLog {
  /** Raises `lastSeenAt`; never lowers it. */
  heard(source: string, account: string, at: string): Promise<void>;
  /** Raises `lastSweptAt`; never lowers it. */
  swept(source: string, account: string, at: string): Promise<void>;
  /** Every account of a source. */
  list(source: string): Promise<readonly Heard[]>;
}
