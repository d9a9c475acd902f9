import type { Finding, FindingFilter, Page } from '../model/finding.ts';
import type { Transition } from '../model/resource.ts';

/** The findings table, written by the projection alone. Errors: `STORE_UNAVAILABLE` (retry). */
export interface FindingStore {
  /** The current row, strong; undefined if the finding never was. */
  read(id: string): Promise<Finding | undefined>;
  /**
   * Writes the row of the transition, then the current row. The current row is left alone if it already holds a
   * transition of the same or a higher (revision, n). Idempotent.
   */
  write(finding: Finding, transition: Transition): Promise<void>;
}

/** What people ask of the findings table. Eventually consistent. Errors: `INPUT_INVALID` (a page token that is none), `STORE_UNAVAILABLE`. */
export interface FindingQueries {
  /** Findings that match, open first, worst first, then oldest first, at most `limit` (default 100). A page may hold fewer than `limit` although there are more. */
  list(filter: FindingFilter, page?: { readonly limit?: number; readonly next?: string }): Promise<Page<Finding>>;
  find(id: string): Promise<Finding | undefined>;
  /** All transitions of a finding, oldest first. */
  history(id: string): Promise<readonly Transition[]>;
}
