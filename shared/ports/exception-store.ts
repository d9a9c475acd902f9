import type { Exception } from '../model/exception.ts';

/** Something the clock has to do for an exception: remind of it `days` before its end; 0: it ends. */
export interface Due {
  readonly exceptionId: string;
  readonly at: string;
  readonly days: number;
}

/** The exceptions, in the policies table. Every read is strong. Errors: `STORE_UNAVAILABLE` (retry). */
export interface ExceptionStore {
  /** The exception; undefined if there is none. Throws `INVARIANT_BROKEN` if what is stored is no exception. */
  get(id: string): Promise<Exception | undefined>;
  /**
   * Writes the exception if the stored revision is still the one before its own (none: 1), in one write, together with
   * what finds it by the resources that it covers and by the instants at which something is due. False: someone was faster.
   */
  put(exception: Exception): Promise<boolean>;
  /**
   * Every exception that covers this resource, whatever its state, sorted by id. What is stored and is no exception
   * (`exceptionSchema`) is left out: it grants nothing.
   */
  concerning(resourceId: string): Promise<readonly Exception[]>;
  /** All exceptions, newest first. */
  list(): Promise<readonly Exception[]>;
  /** What is due at `at` or before and not done, oldest first, at most 100. */
  due(at: string): Promise<readonly Due[]>;
  /** What was due is done. Idempotent. */
  done(due: Due): Promise<void>;
}
