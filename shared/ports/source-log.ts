import type { Heard } from '../model/coverage.ts';

export type { Heard } from '../model/coverage.ts';

/** When accounts were heard and scopes listed. Errors: `STORE_UNAVAILABLE` (retry). */
export interface SourceLog {
  /** Raises `lastSeenAt`; never lowers it. */
  heard(source: string, account: string, at: string): Promise<void>;
  /** Raises `lastSweptAt`, and `lastWholeAt` where the list was whole; never lowers them. @default whole */
  swept(source: string, account: string, at: string, whole?: boolean): Promise<void>;
  /** Raises `lastDeniedAt`; never lowers it. */
  denied(source: string, account: string, at: string): Promise<void>;
  /** Every account of a source. */
  list(source: string): Promise<readonly Heard[]>;
}
