import type { CanaryPath } from '../model/canary.ts';

/** One move of the canary, and what became of it. */
export interface Probe {
  readonly path: CanaryPath;
  readonly sentAt: string;
  /** What the change should be judged as. */
  readonly expects: 'violation' | 'compliant';
  readonly outcome?: 'detected' | 'missed';
  /** When the verdict was known. */
  readonly detectedAt?: string;
}

/** The moves of the canary: kept for 13 months as evidence that the controls worked. Errors: `STORE_UNAVAILABLE` (retry). */
export interface ProbeLog {
  /** The last one. Strong. */
  last(path: CanaryPath): Promise<Probe | undefined>;
  /** Writes it, or what became of it. Idempotent. */
  note(probe: Probe): Promise<void>;
}
