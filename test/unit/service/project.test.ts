/** The projection: what fails for a reason of its own does not hold up the others, and what was left behind is found. */
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { encode } from '../../../shared/adapters/dynamodb/resource-item.ts';
import {
  makeProjectImages,
  makeProjectMessages,
  makeProjectRecords,
  type ProjectionMessage,
  refreshForPublishing,
} from '../../../shared/adapters/service/project.ts';
import { AppError } from '../../../shared/model/errors.ts';
import type { ResourceImage } from '../../../shared/pipeline/stages.ts';
import { makeDoorWorld } from '../../support/door.ts';
import { change, makeWorld, NOON } from '../../support/world.ts';

const shop = (at: number, open: boolean) =>
  change({ type: 'Test::Store', id: 'shop', at, body: { open, versioned: true } });

async function setUp(fail: (image: ResourceImage) => AppError | Error | undefined = () => undefined) {
  const world = makeWorld({ policies: ['not-public'] });
  await world.activate();
  const queued: ProjectionMessage[] = [];
  const door = makeDoorWorld();
  const deps = {
    publish: (image: ResourceImage) => {
      const error = fail(image);
      return error === undefined ? world.publish(image) : Promise.reject(error);
    },
    resources: world.resources,
    queue: { send: (messages: readonly ProjectionMessage[]) => Promise.resolve(void queued.push(...messages)) },
    nowMs: () => NOON + 60 * 60 * 1000,
    count: door.deps.count,
    log: door.deps.log,
  };
  return {
    world,
    queued,
    door,
    images: makeProjectImages(deps),
    records: makeProjectRecords(deps),
    messages: makeProjectMessages(deps),
  };
}

describe('the stream', () => {
  it('publishes from the last image of a resource everything that is pending of it', async () => {
    const { world, images, door } = await setUp();
    await world.deliver(shop(1, true));
    await world.deliver(shop(2, false));
    await images(world.stream);
    expect(world.bus.events.map((e) => e.detailType)).toEqual(['FindingOpened.v1', 'FindingResolved.v1']);
    expect(door.count('Transitions')).toBe(2);
  });

  it('delivered again publishes nothing again', async () => {
    const { world, images } = await setUp();
    await world.deliver(shop(1, true));
    const stream = [...world.stream];
    await images(stream);
    await images(stream);
    expect(world.bus.events).toHaveLength(1);
  });

  it('sends a poisoned commit to its own queue, and goes on', async () => {
    const { world, images, queued, door } = await setUp((image) =>
      image.id === 'shop' ? new AppError('INVARIANT_BROKEN', 'an event is too large') : undefined,
    );
    await world.deliver(shop(1, true), change({ type: 'Test::Store', id: 'other', at: 1, body: { open: true } }));
    await images(world.stream);
    expect(queued).toEqual([{ resourceId: 'shop' }]);
    expect(world.bus.events.map((e) => e.resource)).toEqual(['other']);
    expect(door.count('RecordsPoisoned')).toBe(1);
  });

  it('sends a record that cannot be read to its own queue by its key, and goes on', async () => {
    const { world, records, queued, door } = await setUp();
    await world.deliver(shop(1, true));
    const stored = await world.resources.read('shop');
    if (stored === undefined) throw new Error('nothing was committed');
    const { attributes } = encode({ state: stored, evidence: {} });
    const image = (id: string, more: object) =>
      marshall({ resource: id, item: 'state', ...attributes, ...more }, { removeUndefinedValues: true });
    await records([
      {
        eventName: 'MODIFY',
        dynamodb: { Keys: { resource: { S: 'broken' } }, NewImage: image('broken', { pending: ['{'] }) },
      },
      { eventName: 'MODIFY', dynamodb: { Keys: { resource: { S: 'shop' } }, NewImage: image('shop', {}) } },
    ]);
    expect(queued).toEqual([{ resourceId: 'broken' }]);
    expect(door.count('RecordsPoisoned')).toBe(1);
    expect(world.bus.events.map((e) => e.resource)).toEqual(['shop']);
  });

  it('needs no bundle to publish what was judged; only a store that does not answer is thrown', async () => {
    const failing = (code: 'POLICY_LOAD_FAILED' | 'STORE_UNAVAILABLE') => ({
      refresh: () => Promise.reject(new AppError(code, 'x')),
    });
    await expect(refreshForPublishing(failing('POLICY_LOAD_FAILED'))).resolves.toBeUndefined();
    await expect(refreshForPublishing(failing('STORE_UNAVAILABLE'))).rejects.toMatchObject({ retryable: true });
  });

  it('throws for infrastructure, so that everything comes again in its order', async () => {
    const { world, images, queued } = await setUp(() => new AppError('STORE_UNAVAILABLE', 'x'));
    await world.deliver(shop(1, true));
    await expect(images(world.stream)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(queued).toEqual([]);
  });

  it('counts verdicts that are errors', async () => {
    const { world, images, door } = await setUp();
    await world.deliver(shop(1, true));
    const broken = world.stream.map((state) => ({
      ...state,
      pending: state.pending.map((p) => (p.is === 'transition' ? { ...p, to: 'error' as const } : p)),
    }));
    await images(broken);
    expect(door.count('PolicyErrors')).toBe(1);
  });
});

describe('the projection queue', () => {
  const body = (message: unknown) => [{ messageId: 'm0', body: JSON.stringify(message) }];

  it('projects from the item as it is now', async () => {
    const { world, messages } = await setUp();
    await world.deliver(shop(1, true));
    expect([...(await messages(body({ resourceId: 'shop' })))]).toEqual(['m0']);
    expect(world.bus.events).toHaveLength(1);
  });

  it('has what fails again, and what it does not understand, come again until it is a dead letter', async () => {
    const { world, messages } = await setUp(() => new AppError('INVARIANT_BROKEN', 'x'));
    await world.deliver(shop(1, true));
    expect((await messages(body({ resourceId: 'shop' }))).size).toBe(0);
    expect((await messages(body({ hello: 'world' }))).size).toBe(0);
    expect((await messages([{ messageId: 'm0', body: 'not json' }])).size).toBe(0);
  });

  it('repairs what the stream lost; one that fails does not keep the others', async () => {
    const { world, messages, door } = await setUp((image) =>
      image.id === 'shop' ? new AppError('INVARIANT_BROKEN', 'x') : undefined,
    );
    await world.deliver(shop(1, true), change({ type: 'Test::Store', id: 'other', at: 1, body: { open: true } }));
    expect([...(await messages(body({ job: 'repair' })))]).toEqual(['m0']);
    expect(world.bus.events.map((e) => e.resource)).toEqual(['other']);
    expect(door.count('RecordsPoisoned')).toBe(1);
  });
});
