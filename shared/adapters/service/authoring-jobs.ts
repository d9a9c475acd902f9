/** Sentences on their way to a policy: what was asked, what was said, what each call of a model cost, and what came of it. */
import type { ModelCall } from '../../ports/language-model.ts';
import type { LogLine } from '../anthropic/recorded.ts';

/** `running`: from the first message until something comes of it; only whoever holds the lease works on it. */
export type AuthoringState = 'running' | 'waiting' | 'drafted' | 'refused' | 'failed';

/** What is asked for. */
export interface AuthoringAsked {
  readonly id: string;
  readonly intent: string;
  readonly kinds?: readonly string[];
  /** Whoever asks, as the message says: nothing is decided by it. */
  readonly requestedBy: string;
  readonly requestedAt: string;
  /** The hash of the bundle whose policies it is compared with, for as long as it takes; null where none was active. */
  readonly bundle: string | null;
}

export interface AuthoringJob<Outcome> {
  readonly asked: AuthoringAsked;
  readonly state: AuthoringState;
  /** What came of it last; while it runs again, of the run before. */
  readonly outcome?: Outcome;
  /** Goes up with each lease. */
  readonly revision: number;
}

/** Errors of all: `STORE_UNAVAILABLE` (retry). Every read is strong. */
export interface AuthoringJobs<Outcome> {
  /** Keeps what is asked for, `running` and held by nobody. Where there is one of that id, that one is given and nothing is written. */
  create(asked: AuthoringAsked): Promise<AuthoringJob<Outcome>>;
  read(id: string): Promise<AuthoringJob<Outcome> | undefined>;
  /** The newest, by when they were asked for. */
  list(limit: number): Promise<readonly AuthoringJob<Outcome>[]>;
  /**
   * Takes it to work on, for as long as the lease lasts. Undefined: someone else has it.
   *
   *     A: claim ─▶ … ─▶ settle                  B: claim ✗ … later: claim ─▶ replays what A was told
   *     A: claim ─▶ ✗ (dies)   B: claim ✗ … after the lease: claim ─▶ replays what A was told, and goes on
   */
  claim(id: string): Promise<AuthoringJob<Outcome> | undefined>;
  /** Says what came of it and gives the lease back; without an outcome it is still `running`. `STORE_STALE`: the lease lapsed and someone else has it. */
  settle(
    job: AuthoringJob<Outcome>,
    end?: { readonly state: AuthoringState; readonly outcome: Outcome },
  ): Promise<void>;
  /** Everything that was said, in the order of each key. */
  lines(id: string): Promise<readonly LogLine[]>;
  /** Keeps the n-th answer to a key, with the audit record of its call. False: there is one, and it stands. */
  append(id: string, line: LogLine, n: number, by?: string): Promise<boolean>;
  /** Keeps the audit record of a call whose answer is not kept. */
  audit(id: string, call: ModelCall): Promise<void>;
  calls(id: string): Promise<readonly (ModelCall & { readonly at: string })[]>;
  /** Keeps a file of the draft, by its path below a folder of policies. */
  putFile(id: string, path: string, text: string): Promise<void>;
  files(id: string): Promise<readonly { readonly path: string; readonly text: string }[]>;
}

/** Longer than the function may run, shorter than the queue waits before it delivers again. */
export const LEASE_MS: number = 16 * 60 * 1000;
/** As long as the audit records are kept; what they speak of is kept with them. */
export const KEPT_DAYS = 400;
