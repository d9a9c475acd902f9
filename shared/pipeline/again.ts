/**
 * What is judged or published again without a change of the world: after an activation, when time flips a verdict, and
 * when the projection was left behind. Each is a pass over segments of the inventory, to be run until it finds nothing.
 */
import type { Page } from '../model/finding.ts';
import type { Rejudge } from '../model/change.ts';
import { SEGMENTS } from '../model/tables.ts';
import type { Clock } from '../ports/clock.ts';
import type { PolicyStore } from '../ports/policy-store.ts';
import type { Queue } from '../ports/queue.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import type { Published, ResourceImage } from './stages.ts';

/** The longest that an evaluator works with the activation it read at the start of its batch: the function's timeout. */
export const MAX_BATCH_MS = 15 * 60 * 1000;

export interface AgainDeps {
  readonly resources: ResourceStore;
  readonly policies: PolicyStore;
  readonly queue: Queue<Rejudge>;
  readonly clock: Clock;
}

/** What a pass found. `done`: no further pass is needed. */
export interface Pass {
  readonly enqueued: number;
  readonly done: boolean;
}

const everySegment: readonly number[] = Array.from({ length: SEGMENTS }, (_, i) => i);

async function* pagesOf(list: (next?: string) => Promise<Page<string>>): AsyncGenerator<readonly string[]> {
  let next: string | undefined;
  do {
    const page = await list(next);
    if (page.items.length > 0) yield page.items;
    next = page.next;
  } while (next !== undefined);
}

const again = (resourceId: string, cause: Rejudge['cause']): Rejudge => ({
  type: 'rejudge',
  version: 1,
  resourceId,
  cause,
});

/**
 * Enqueues every resource that was judged by an older activation than the active one. It is not done when it finds none:
 * an evaluator that read the old activation may still commit. It is done when it finds none and began so long after the
 * activation that no batch from before it can be under way.
 */
export async function rejudgeBelow(deps: AgainDeps, segments: readonly number[] = everySegment): Promise<Pass> {
  const active = await deps.policies.active();
  if (active === undefined) return { enqueued: 0, done: true };
  const settled = deps.clock.now() >= Date.parse(active.activatedAt) + MAX_BATCH_MS;
  let enqueued = 0;
  for (const segment of segments)
    for await (const ids of pagesOf((next) => deps.resources.belowActivation(segment, active.sequence, next))) {
      await deps.queue.send(ids.map((id) => again(id, 'activation')));
      enqueued += ids.length;
    }
  return { enqueued, done: enqueued === 0 && settled };
}

/** Enqueues every resource whose verdict time has flipped by now. */
export async function rejudgeDue(deps: AgainDeps, segments: readonly number[] = everySegment): Promise<Pass> {
  const now = Math.floor(deps.clock.now() / 1000);
  let enqueued = 0;
  for (const segment of segments)
    for await (const ids of pagesOf((next) => deps.resources.dueToFlip(segment, now, next))) {
      await deps.queue.send(ids.map((id) => again(id, 'clock')));
      enqueued += ids.length;
    }
  return { enqueued, done: enqueued === 0 };
}

/**
 * Publishes what has been pending for longer than `olderThanMs`: the stream keeps its records for 24 hours, and a record
 * may have been given up. Returns how many resources were behind.
 */
export async function repairLagging(
  deps: Pick<AgainDeps, 'resources' | 'clock'> & { readonly publish: (image: ResourceImage) => Promise<Published> },
  olderThanMs: number,
  segments: readonly number[] = everySegment,
): Promise<number> {
  let behind = 0;
  for (const segment of segments)
    for await (const ids of pagesOf((next) => deps.resources.lagging(segment, deps.clock.now() - olderThanMs, next)))
      for (const id of ids) {
        const state = await deps.resources.read(id);
        if (state === undefined || state.pending.length === 0) continue;
        await deps.publish(state);
        behind += 1;
      }
  return behind;
}
