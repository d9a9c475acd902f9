import type { ContextConfig } from '../mappings/context.ts';
import type { Engine } from '../ports/engine.ts';
import type { Activation, PolicyStore } from '../ports/policy-store.ts';
import { AppError, isAppError } from '../model/errors.ts';
import type { Bundle } from '../policy/bundle.ts';

/** What is in force, ready to judge. */
export interface Active {
  readonly activation: Activation;
  readonly engine: Engine;
  readonly context: ContextConfig;
}

/** Where the stages get what is in force. */
export interface ActiveSource {
  /** Reads the ACTIVE pointer (strongly) and loads what it points to if that is not loaded yet. Call it at each batch. Undefined before the first activation. */
  refresh(): Promise<Active | undefined>;
  /** What the last `refresh` found; refreshes the first time. */
  current(): Promise<Active | undefined>;
}

/** The longest that an evaluator works by the activation it read at the start of its batch: Lambda's longest timeout. */
export const MAX_BATCH_MS = 15 * 60 * 1000;

/**
 * Whether every batch that began under an older activation is over. Until then, that no resource is judged by less proves
 * nothing: such a batch may still commit one that is new.
 */
export const isSettled = (activation: Activation, nowMs: number): boolean =>
  nowMs >= Date.parse(activation.activatedAt) + MAX_BATCH_MS;

/** How many activations back a process looks that finds the last one unusable when it starts. */
const LOOK_BACK = 10;

/**
 * Keeps the last good activation: a bundle that cannot be loaded (missing, not what its hash says, refused by the
 * engine) leaves the one before in force, also in a process that starts later, and `onBad` is told. Throws
 * `POLICY_LOAD_FAILED` only if there is none before.
 */
export function makeActiveSource(deps: {
  readonly policies: PolicyStore;
  readonly loadEngine: (bundle: Bundle) => Promise<Engine>;
  readonly onBad: (activation: Activation, error: unknown) => void;
}): ActiveSource {
  let good: Active | undefined;
  let known = false;
  /** The sequence that could not be loaded: not tried again at every batch. */
  let bad: number | undefined;

  const load = async (activation: Activation): Promise<Active> => {
    let engine = good?.activation.bundle === activation.bundle ? good.engine : undefined;
    if (engine === undefined) {
      const bundle = await deps.policies.bundle(activation.bundle);
      if (bundle === undefined) throw missing('bundle', activation.bundle);
      engine = await deps.loadEngine(bundle);
    }
    let context = good?.activation.context === activation.context ? good.context : undefined;
    context ??= await deps.policies.context(activation.context);
    if (context === undefined) throw missing('context configuration', activation.context);
    return { activation, engine, context };
  };

  /** A process that starts now has none to stay with: it takes the one that those are staying with who were there before. */
  const lastGood = async (not: Activation): Promise<Active | undefined> => {
    for (const before of await deps.policies.activations(LOOK_BACK)) {
      if (before.sequence >= not.sequence || before.bundle === not.bundle) continue;
      try {
        return await load(before);
      } catch (error) {
        if (isAppError(error) && error.retryable) throw error;
        deps.onBad(before, error);
      }
    }
    return undefined;
  };

  const refresh = async (): Promise<Active | undefined> => {
    const activation = await deps.policies.active();
    known = true;
    if (activation === undefined || activation.sequence === good?.activation.sequence) return good;
    if (activation.sequence === bad && good !== undefined) return good;
    try {
      good = await load(activation);
      bad = undefined;
    } catch (error) {
      // A store that does not answer says nothing about the bundle.
      if (isAppError(error) && error.retryable) throw error;
      bad = activation.sequence;
      deps.onBad(activation, error);
      good ??= await lastGood(activation);
      if (good === undefined) throw error;
    }
    return good;
  };
  return { refresh, current: async () => (known ? good : refresh()) };
}

const missing = (what: string, hash: string): AppError =>
  new AppError('POLICY_LOAD_FAILED', `the active ${what} ${hash} is not in the store`);
