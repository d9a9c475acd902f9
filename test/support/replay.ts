/** History for tests of the replay: what a service kept, and the replay of it. */
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import type { Change } from '../../shared/model/change.ts';
import type { Transition } from '../../shared/model/resource.ts';
import { makeMeaningEngine } from '../../shared/pipeline/meaning-engine.ts';
import { replay, type ReplayTime } from '../../shared/pipeline/replay.ts';
import { bundle, type PolicyName, registry, store, t, testForm } from './world.ts';

export async function* streamOf(changes: readonly Change[]): AsyncGenerator<Change> {
  for (const change of changes) {
    await Promise.resolve();
    yield change;
  }
}

/** A change as it was received so many seconds after nine. */
export const receivedAt = (change: Change, seconds: number): Change => ({ ...change, receivedAt: t(seconds) });

export const engineOf = (names: readonly PolicyName[]) => makeMeaningEngine(bundle(names), [store]);

/** Replays changes under policies of the small world. */
export const replayed = (
  changes: readonly Change[],
  names: readonly PolicyName[],
  options: { readonly active?: readonly PolicyName[]; readonly time?: Partial<ReplayTime> } = {},
) =>
  replay(
    {
      forms: [testForm],
      registry,
      resources: makeMemoryResourceStore(),
      draft: engineOf(names),
      ...(options.active === undefined ? {} : { active: engineOf(options.active) }),
      context: DEFAULT_CONTEXT,
    },
    streamOf(changes),
    { since: t(-3600), until: t(3600), ...options.time },
  );

/** What a transition says, without the ids and revisions that depend on who tells. */
export const told = ({ policy, from, to, trueAt, knownAt, resolution, cause, clauses, facts }: Transition) => ({
  policy,
  from,
  to,
  trueAt,
  knownAt,
  resolution,
  cause: cause.is,
  clauses,
  facts,
});
