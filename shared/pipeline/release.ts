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
  /** Policies to put into shadow besides those that are: judged and kept, and nobody is alerted. */
  readonly shadow?: readonly string[];
  /** Policies to take out of shadow: their open findings are told. */
  readonly unshadow?: readonly string[];
  /** The sequence that was in force when this was decided (0: none): another one is in force, and nothing happens. @default whatever is */
  readonly after?: number;
}

/** How often an activation is tried again because someone else activated meanwhile. */
const MAX_ATTEMPTS = 10;

/**
 * Stores what is given and makes it active under the next number. The same bundle and configuration as those in force:
 * nothing changes, and what is active is returned. Errors: `INPUT_INVALID` (the first release needs both; a policy that is
 * not there), `STORE_STALE` (`after` is not in force any more), `STORE_UNAVAILABLE`.
 */
export async function release(deps: ReleaseDeps, what: Release): Promise<Activation> {
  const { shadow = [], unshadow = [] } = what;
  const bundle = what.bundle === undefined ? undefined : await deps.policies.putBundle(what.bundle);
  const context = what.context === undefined ? undefined : await deps.policies.putContext(what.context);
  return activate(deps, what, async (active) => {
    const next = { bundle: bundle ?? active?.bundle, context: context ?? active?.context };
    if (next.bundle === undefined || next.context === undefined)
      throw new AppError('INPUT_INVALID', 'the first release needs a bundle and a context configuration');
    const before = active?.shadow ?? [];
    const awake = unshadow.filter((id) => !before.includes(id));
    if (awake.length > 0)
      throw new AppError(
        'INPUT_INVALID',
        `not in shadow: ${awake.join(', ')}; in shadow ${before.length === 0 ? 'is nothing' : `are ${before.join(', ')}`}`,
      );
    const wanted = [...before.filter((id) => !unshadow.includes(id)), ...shadow];
    if (wanted.length === 0) return { bundle: next.bundle, context: next.context, shadow: [] };
    const { manifest } = what.bundle ?? (await deps.policies.bundle(next.bundle)) ?? { manifest: undefined };
    const there = new Set(manifest?.policies.map((p) => p.id));
    const strange = shadow.filter((id) => !there.has(id));
    if (strange.length > 0)
      throw new AppError('INPUT_INVALID', `the bundle has no policy ${strange.join(', ')}: nothing was released`);
    // One that the bundle no longer has is in shadow no more either.
    return { bundle: next.bundle, context: next.context, shadow: wanted.filter((id) => there.has(id)) };
  });
}

/**
 * Points back: makes the bundle, the shadow policies and the context configuration of an earlier activation active again,
 * under a new number (numbers never go back). Default: the last activation that judged or told by other policies than the
 * one in force (`judgesOtherwise`). Errors: `INPUT_INVALID`, `STORE_STALE`.
 */
export async function rollback(
  deps: ReleaseDeps,
  to: { readonly sequence?: number; readonly by?: string; readonly after?: number } = {},
): Promise<Activation> {
  const history = await deps.policies.activations(1000);
  // What is pointed at, and not the newest that was written down: whoever wrote the table by hand wrote no history.
  const active = await deps.policies.active();
  const target =
    to.sequence === undefined
      ? history.find((a) => active === undefined || judgesOtherwise(a, active))
      : history.find((a) => a.sequence === to.sequence);
  if (target === undefined)
    throw new AppError('INPUT_INVALID', 'there is no such activation to go back to', {
      details: { sequence: to.sequence },
    });
  const { bundle, context, shadow = [] } = target;
  return activate(deps, to, () => ({ bundle, context, shadow }));
}

/** Whether two activations have other policies, or others in shadow. */
export const judgesOtherwise = (a: Activation, b: Activation): boolean =>
  a.bundle !== b.bundle || !sameShadow(a.shadow, b.shadow);

const sameShadow = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((id) => b.includes(id));

interface Chosen {
  readonly bundle: string;
  readonly context: string;
  readonly shadow: readonly string[];
}

/** Somebody else activated since the decision was made: it was made about something else. */
const overtaken = (active: Activation | undefined): AppError =>
  new AppError(
    'STORE_STALE',
    active === undefined
      ? 'nothing is in force any more: nothing was activated'
      : `${active.by ?? 'somebody'} activated sequence ${active.sequence} meanwhile (${active.activatedAt}, bundle ${active.bundle.slice(0, 12)}): nothing of yours was activated. Look at it, and then again`,
    { details: { sequence: active?.sequence } },
  );

async function activate(
  deps: ReleaseDeps,
  { by, after }: Pick<Release, 'by' | 'after'>,
  choose: (active: Activation | undefined) => Chosen | Promise<Chosen>,
): Promise<Activation> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const active = await deps.policies.active();
    if (after !== undefined && after !== (active?.sequence ?? 0)) throw overtaken(active);
    const { bundle, context, ...chosen } = await choose(active);
    const shadow = [...new Set(chosen.shadow)].sort();
    const sameBundle = active?.bundle === bundle && sameShadow(active.shadow, shadow);
    if (active !== undefined && sameBundle && active.context === context) return active;
    const sequence = (active?.sequence ?? 0) + 1;
    const next: Activation = {
      sequence,
      bundle,
      // A policy that comes out of shadow, or goes into it, is judged by another bundle as far as a finding is concerned.
      bundleSequence: active !== undefined && sameBundle ? active.bundleSequence : sequence,
      context,
      contextSequence: active?.context === context ? active.contextSequence : sequence,
      activatedAt: instant(deps.clock.now()),
      ...(by === undefined ? {} : { by }),
      ...(shadow.length === 0 ? {} : { shadow }),
    };
    if (await deps.policies.activate(next)) return next;
  }
  throw new AppError('STORE_UNAVAILABLE', 'others activated too often meanwhile');
}
