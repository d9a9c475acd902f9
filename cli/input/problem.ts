/** Something that could not be used: which document, where in it, why, and what to do. */
export interface Problem {
  readonly document: string;
  /** Counted from 1; null where the reason has no place. */
  readonly line: number | null;
  readonly column: number | null;
  readonly reason: string;
  readonly action: string;
}

/** A problem of a whole document. */
export const problem = (
  document: string,
  reason: string,
  action: string,
  place: { readonly line: number; readonly column: number } | null = null,
): Problem => ({ document, line: place?.line ?? null, column: place?.column ?? null, reason, action });

/** A document that was passed by, and why. */
export interface Skipped {
  readonly document: string;
  readonly reason: string;
}
