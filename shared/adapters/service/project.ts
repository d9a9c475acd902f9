import * as z from 'zod';
import { isAppError } from '../../model/errors.ts';
import type { ResourceState } from '../../model/resource.ts';
import { SEGMENTS } from '../../model/tables.ts';
import type { ActiveSource } from '../../pipeline/active.ts';
import type { Published, ResourceImage } from '../../pipeline/stages.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import { imageOf, type StreamRecord } from '../dynamodb/stream.ts';
import type { DoorDeps } from '../http-auth/door.ts';
import { inParallel } from './in-parallel.ts';
import type { Delivered } from './work-batch.ts';

/** What waits in the projection's own queue: a resource whose commit could not be projected, or the wish to look for such. */
export const projectionMessageSchema = z.union([
  z.strictObject({ resourceId: z.string().min(1) }),
  z.strictObject({ job: z.literal('repair') }),
]);
export type ProjectionMessage = z.infer<typeof projectionMessageSchema>;

export interface ProjectDeps extends Pick<DoorDeps, 'count' | 'log'> {
  readonly publish: (image: ResourceImage) => Promise<Published>;
  readonly resources: ResourceStore;
  readonly queue: JsonQueue<ProjectionMessage>;
  readonly nowMs: () => number;
}

/** How long a commit may be unpublished before the repair job looks after it. */
const LAG_MS = 5 * 60 * 1000;
/** How many resources are projected at once: each is five calls, one after the other. */
const PARALLEL = 10;

/**
 * Projects the commits of one stretch of the stream. A commit that fails for a reason of its own goes to the projection's
 * queue, so that those behind it are not held up; infrastructure that fails is thrown, and the stream delivers again.
 */
export function makeProjectImages(deps: ProjectDeps): (images: readonly ResourceImage[]) => Promise<void> {
  return async (images) => {
    // The last image of a resource carries everything that is pending of it.
    const last = new Map(images.map((image) => [image.id, image]));
    await inParallel([...last.values()], PARALLEL, async (image) => {
      try {
        await publishCounted(deps, image);
      } catch (error) {
        if (isAppError(error) && error.retryable) throw error;
        deps.log('a commit could not be projected', error, { resourceId: image.id, stage: 'publish' });
        deps.count('RecordsPoisoned');
        await deps.queue.send([{ resourceId: image.id }], { delaySeconds: 5 });
      }
    });
  };
}

/**
 * Projects the records of one stretch of the stream. One that cannot even be read goes to the projection's queue by its
 * key: it must not hold up its shard until the stream gives up on it.
 */
export function makeProjectRecords(deps: ProjectDeps): (records: readonly StreamRecord[]) => Promise<void> {
  const projectImages = makeProjectImages(deps);
  return async (records) => {
    const images: ResourceImage[] = [];
    for (const record of records) {
      try {
        const image = imageOf(record);
        if (image !== undefined) images.push(image);
      } catch (error) {
        const resourceId = record.dynamodb?.Keys?.['resource']?.S;
        deps.log('a record of the stream could not be read', error, { resourceId, stage: 'publish' });
        deps.count('RecordsPoisoned');
        if (resourceId !== undefined) await deps.queue.send([{ resourceId }], { delaySeconds: 5 });
      }
    }
    await projectImages(images);
  };
}

/**
 * Refreshes what is active, as far as it can be used: publishing reads there only what to do about a finding, so a bundle
 * that cannot be used holds up nothing that was judged. A store that does not answer is thrown.
 */
export async function refreshForPublishing(active: Pick<ActiveSource, 'refresh'>): Promise<void> {
  try {
    await active.refresh();
  } catch (error) {
    // The source of what is active has counted and logged it.
    if (isAppError(error) && error.retryable) throw error;
  }
}

async function publishCounted(deps: ProjectDeps, image: ResourceImage): Promise<void> {
  const { transitions } = await deps.publish(image);
  deps.count('Transitions', transitions);
  if (transitions === 0) return;
  const errors = image.pending.filter((p) => p.is === 'transition' && p.to === 'error').length;
  deps.count('PolicyErrors', errors);
}

/** Works on the projection's queue: from the item as it is now, not as it was. Returns the ids of messages that are done. */
export function makeProjectMessages(
  deps: ProjectDeps,
): (messages: readonly Delivered[]) => Promise<ReadonlySet<string>> {
  const project = async (resourceId: string): Promise<void> => {
    const state: ResourceState | undefined = await deps.resources.read(resourceId);
    if (state === undefined) return;
    await publishCounted(deps, state);
  };
  return async (messages) => {
    const done = new Set<string>();
    for (const { messageId, body } of messages) {
      try {
        const message = projectionMessageSchema.parse(JSON.parse(body));
        if ('resourceId' in message) await project(message.resourceId);
        else await repair(deps, project);
        done.add(messageId);
      } catch (error) {
        deps.log('a resource could not be projected', error, { messageId, stage: 'publish' });
      }
    }
    return done;
  };
}

/** Projects what the stream lost or left behind. One that fails by itself does not keep the others. */
async function repair(deps: ProjectDeps, project: (resourceId: string) => Promise<void>): Promise<void> {
  const before = deps.nowMs() - LAG_MS;
  for (let segment = 0; segment < SEGMENTS; segment++) {
    let next: string | undefined;
    do {
      const page = await deps.resources.lagging(segment, before, next);
      for (const resourceId of page.items) {
        try {
          await project(resourceId);
        } catch (error) {
          if (isAppError(error) && error.retryable) throw error;
          deps.log('a lagging resource could not be projected', error, { resourceId, stage: 'publish' });
          deps.count('RecordsPoisoned');
        }
      }
      next = page.next;
    } while (next !== undefined);
  }
}
