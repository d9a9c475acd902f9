import type { Finding, FindingFilter, Page } from '../model/finding.ts';
import type { Transition } from '../model/resource.ts';

/** The findings table, written by the projection alone. Errors: `STORE_UNAVAILABLE` (retry). */
export interface FindingStore {
  /** The current row, strong; undefined if the finding never was. */
  read(id: string): Promise<Finding | undefined>;
  /**
   * Writes the current row and the row of its last transition. The current row is left alone if a transition of a
   * higher (revision, n) is already in it; the transition's row is written in any case. Idempotent.
   */
  write(finding: Finding): Promise<void>;
}

/** What people ask of the findings table. Eventually consistent. Errors: `INPUT_INVALID` (a page token that is none), `STORE_UNAVAILABLE`. */
export interface FindingQueries {
  /** Findings that match, open first, worst first, then oldest first, at most `limit` (default 100). A page may hold fewer than `limit` although there are more. */
  list(filter: FindingFilter, page?: { readonly limit?: number; readonly next?: string }): Promise<Page<Finding>>;
  find(id: string): Promise<Finding | undefined>;
  /** All transitions of a finding, oldest first. */
  history(id: string): Promise<readonly Transition[]>;
}
