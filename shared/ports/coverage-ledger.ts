import type { CoverageRow } from '../model/coverage.ts';

/** Per account, source and native type: what was heard, listed and refused. Errors: `STORE_UNAVAILABLE` (retry). */
export interface CoverageLedger {
  /** Sets what a row gives and leaves the rest of it. What is told last stands: figures are of the last look. */
  note(rows: readonly CoverageRow[]): Promise<void>;
  /** All rows of a source, or those of one account. */
  list(source: string, account?: string): Promise<readonly CoverageRow[]>;
}
