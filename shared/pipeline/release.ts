import type { ContextConfig } from '../mappings/context.ts';
import { instant } from '../model/change.ts';
import { AppError } from '../model/errors.ts';
import type { Bundle } from '../policy/bundle.ts';
import type { Clock } from '../ports/clock.ts';
import type { Activation, PolicyStore } from '../ports/policy-store.ts';

export interface ReleaseDeps {
  readonly policies: PolicyStore;
  readonly clock: Clock;
}

/** What to put in force; what is not given stays as it is. */
export interface Release {
  readonly bundle?: Bundle;
  readonly context?: ContextConfig;
  readonly by?: string;
}

/** How often an activation is tried again because someone else activated meanwhile. */
const MAX_ATTEMPTS = 10;

/**
 * Stores what is given and makes it active under the next number. The same bundle and configuration as those in force:
 * nothing changes, and what is active is returned. Errors: `INPUT_INVALID` (the first release needs both),
 * `STORE_UNAVAILABLE`.
 */
export async function release(deps: ReleaseDeps, what: Release): Promise<Activation> {
  const bundle = what.bundle === undefined ? undefined : await deps.policies.putBundle(what.bundle);
  const context = what.context === undefined ? undefined : await deps.policies.putContext(what.context);
  return activate(deps, what.by, (active) => {
    const next = { bundle: bundle ?? active?.bundle, context: context ?? active?.context };
    if (next.bundle === undefined || next.context === undefined)
      throw new AppError('INPUT_INVALID', 'the first release needs a bundle and a context configuration');
    return { bundle: next.bundle, context: next.context };
  });
}

/**
 * Points back: makes the bundle and context configuration of an earlier activation active again, under a new number
 * (numbers never go back). Default: the last activation with another bundle than the one in force. Errors: `INPUT_INVALID`.
 */
export async function rollback(
  deps: ReleaseDeps,
  to?: { readonly sequence?: number; readonly by?: string },
): Promise<Activation> {
  const history = await deps.policies.activations(1000);
  const [active] = history;
  const target =
    to?.sequence === undefined
      ? history.find((a) => a.bundle !== active?.bundle)
      : history.find((a) => a.sequence === to.sequence);
  if (target === undefined)
    throw new AppError('INPUT_INVALID', 'there is no such activation to go back to', {
      details: { sequence: to?.sequence },
    });
  return activate(deps, to?.by, () => ({ bundle: target.bundle, context: target.context }));
}

async function activate(
  deps: ReleaseDeps,
  by: string | undefined,
  choose: (active: Activation | undefined) => { readonly bundle: string; readonly context: string },
): Promise<Activation> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const active = await deps.policies.active();
    const { bundle, context } = choose(active);
    if (active !== undefined && active.bundle === bundle && active.context === context) return active;
    const sequence = (active?.sequence ?? 0) + 1;
    const next: Activation = {
      sequence,
      bundle,
      bundleSequence: active?.bundle === bundle ? active.bundleSequence : sequence,
      context,
      contextSequence: active?.context === context ? active.contextSequence : sequence,
      activatedAt: instant(deps.clock.now()),
      ...(by === undefined ? {} : { by }),
    };
    if (await deps.policies.activate(next)) return next;
  }
  throw new AppError('STORE_UNAVAILABLE', 'others activated too often meanwhile');
}
