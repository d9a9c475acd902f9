import type { ErrorCode } from '../model/errors.ts';

/** Content that cannot be used and that redelivery cannot help. */
export interface Quarantined {
  /** Derived from content and source: quarantined again, it is the same. */
  readonly id: string;
  readonly source: string;
  readonly account?: string;
  readonly receivedAt: string;
  readonly code: ErrorCode;
  /** What failed, and what was allowed. No values. */
  readonly reason: string;
  /** The pointer to the offending place, where there is one. */
  readonly pointer?: string;
  /** The content, secrets redacted (`redact`), cut at 1 MB. */
  readonly content: string;
}

/** Where unusable content is kept for 30 days. Errors: `STORE_UNAVAILABLE` (retry). */
export interface Quarantine {
  /** Idempotent by id. */
  put(item: Quarantined): Promise<void>;
}
