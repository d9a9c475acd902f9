import type { ContextConfig } from '../mappings/context.ts';
import type { Bundle } from '../policy/bundle.ts';

/** What is in force, at one instant: a bundle and a context configuration under one monotonic number. */
export interface Activation {
  /** Goes up with every activation, a rollback too. */
  readonly sequence: number;
  readonly bundle: string;
  /** The activation that brought this bundle with these shadow policies / this context configuration. */
  readonly bundleSequence: number;
  readonly context: string;
  readonly contextSequence: number;
  readonly activatedAt: string;
  readonly by?: string;
  /** Policies of the bundle that are judged and kept, and that nobody is alerted by. Sorted, not empty. */
  readonly shadow?: readonly string[];
}

/** The policies table. Errors: `STORE_UNAVAILABLE` (retry). */
export interface PolicyStore {
  /** Stores a bundle under its hash (`bundleHash`), in chunks. Idempotent. */
  putBundle(bundle: Bundle): Promise<string>;
  /** The bundle; undefined if it was never stored. Throws `POLICY_LOAD_FAILED` if what is stored is not what the hash says. */
  bundle(hash: string): Promise<Bundle | undefined>;
  /** Stores a context configuration under its hash. Idempotent. */
  putContext(config: ContextConfig): Promise<string>;
  /** The configuration; undefined if never stored. Throws `POLICY_LOAD_FAILED` if it is not what the hash says. */
  context(hash: string): Promise<ContextConfig | undefined>;
  /** What is active; undefined before the first activation. Strong. */
  active(): Promise<Activation | undefined>;
  /**
   * Makes `next` active if the active sequence is still `next.sequence - 1`, and keeps it in the history, in one write.
   * False: someone was faster.
   */
  activate(next: Activation): Promise<boolean>;
  /** Activations, newest first, at most `limit`. */
  activations(limit: number): Promise<readonly Activation[]>;
}
