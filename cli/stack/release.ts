/** Making policies and context rules active in a stack. */
import type { ContextConfig } from '../../shared/mappings/context.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Bundle } from '../../shared/policy/bundle.ts';
import type { Activation, PolicyStore } from '../../shared/ports/policy-store.ts';

/** How often somebody else may be faster. */
const MAX_TRIES = 5;

export interface Release {
  readonly bundle: Bundle;
  readonly context: ContextConfig;
  /** Who does it, for the history. */
  readonly by?: string;
  /** ISO-8601 UTC with milliseconds. */
  readonly now: () => string;
}

/** What is in force after the release; `changed` is false if it was in force already. */
export interface Released {
  readonly activation: Activation;
  readonly changed: boolean;
}

/** Uploads the bundle and the context rules, and makes them active together. Releasing what is active changes nothing. */
export async function release(store: PolicyStore, wanted: Release): Promise<Released> {
  const bundle = await store.putBundle(wanted.bundle);
  const context = await store.putContext(wanted.context);
  return activate(store, wanted, async () => ({ bundle, context }));
}

/**
 * Makes active again what was active before: the newest activation that differs from the present one, or that of the
 * sequence `to`. Throws `INPUT_INVALID` if there is none.
 */
export function rollback(
  store: PolicyStore,
  wanted: Pick<Release, 'by' | 'now'> & { readonly to?: number },
): Promise<Released> {
  return activate(store, wanted, async (active) => {
    const history = await store.activations(HISTORY);
    const target = history.find((a) =>
      wanted.to === undefined
        ? a.sequence < (active?.sequence ?? 0) && (a.bundle !== active?.bundle || a.context !== active.context)
        : a.sequence === wanted.to,
    );
    if (target !== undefined) return target;
    throw new AppError(
      'INPUT_INVALID',
      wanted.to === undefined
        ? 'There is nothing to go back to: nothing else was active before'
        : `There is no activation ${wanted.to} among the last ${history.length}: ${history.map((a) => a.sequence).join(', ')}`,
    );
  });
}
const HISTORY = 100;

async function activate(
  store: PolicyStore,
  by: Pick<Release, 'by' | 'now'>,
  choose: (active: Activation | undefined) => Promise<Pick<Activation, 'bundle' | 'context'>>,
): Promise<Released> {
  for (let i = 0; i < MAX_TRIES; i++) {
    const active = await store.active();
    const { bundle, context } = await choose(active);
    if (active !== undefined && active.bundle === bundle && active.context === context)
      return { activation: active, changed: false };
    const sequence = (active?.sequence ?? 0) + 1;
    const activation: Activation = {
      sequence,
      bundle,
      bundleSequence: active?.bundle === bundle ? active.bundleSequence : sequence,
      context,
      contextSequence: active?.context === context ? active.contextSequence : sequence,
      activatedAt: by.now(),
      ...(by.by === undefined ? {} : { by: by.by }),
    };
    if (await store.activate(activation)) return { activation, changed: true };
  }
  throw new AppError('STORE_UNAVAILABLE', 'Others keep releasing at the same time: try again');
}
