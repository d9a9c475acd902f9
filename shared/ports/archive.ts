import type { Change } from '../model/change.ts';

/** From when to when changes were received, both inclusive: instants. */
export interface ArchiveRange {
  readonly from: string;
  readonly until: string;
}

/**
 * Where what was observed is kept: every change of something mapped, its documents without secrets and whole (what a
 * notice led to in its place), under an id that is the hash of what it says. Kept at least once, in about the order of
 * arrival.
 */
export interface ArchiveWriter {
  /** Keeps all. Errors: `STORE_UNAVAILABLE` (some may be kept: write all again, or do without them). */
  write(changes: readonly Change[]): Promise<void>;
}

/** The history that was kept. */
export interface ArchiveReader {
  /**
   * What was received in this time, in about the order of arrival, one after the other: memory does not grow with it.
   * What is there and cannot be read is told to `onBad` and left out. Errors: `UPSTREAM_UNAVAILABLE`, `UPSTREAM_THROTTLED`, `UPSTREAM_DENIED`.
   */
  read(range: ArchiveRange, onBad: (where: string, why: string) => void): AsyncIterable<Change>;
}
