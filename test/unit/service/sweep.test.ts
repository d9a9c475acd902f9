/** An inventory becomes changes, page by page; the first one of a source is told as one digest. */
import { describe, expect, it } from 'vitest';
import { makeMemoryBus, makeMemorySourceLog } from '../../../shared/adapters/memory/services.ts';
import { makeMemoryFindingStore } from '../../../shared/adapters/memory/finding-store.ts';
import { makeSweep, type SweepMessage } from '../../../shared/adapters/service/sweep.ts';
import { makeSweepBatch } from '../../../shared/adapters/service/sweep-batch.ts';
import { AppError } from '../../../shared/model/errors.ts';
import type { Inventory, InventoryPage } from '../../../shared/ports/inventory.ts';
import { makeDoorWorld } from '../../support/door.ts';
import { NOON } from '../../support/world.ts';

const notice = (id: string): InventoryPage['contents'][number] => ({
  is: 'notice',
  cloud: 'azure',
  resourceId: id,
  changedAt: '2026-11-25T11:59:00.000Z',
});
const READ_KEY = '2026-11-25T11:59:00.000Z';

function setUp(pages: { readonly [next: string]: InventoryPage | AppError }) {
  const door = makeDoorWorld();
  const queued: { readonly message: SweepMessage; readonly delaySeconds: number | undefined }[] = [];
  const queue = {
    send: (messages: readonly SweepMessage[], options?: { readonly delaySeconds?: number }) =>
      Promise.resolve(
        void queued.push(...messages.map((message) => ({ message, delaySeconds: options?.delaySeconds }))),
      ),
  };
  const inventory: Inventory = {
    source: 'azure.sweep',
    scopes: ['one'],
    page: (_scope, next) => {
      const page = pages[next ?? 'first'];
      return page instanceof AppError || page === undefined ? Promise.reject(page) : Promise.resolve(page);
    },
  };
  const bus = makeMemoryBus();
  const sources = makeMemorySourceLog();
  const { observe, send, count, log } = door.deps;
  const findings = makeMemoryFindingStore();
  const deps = { inventories: [inventory], observe, send, queue, sources, findings, bus, count, log };
  const sweep = makeSweep({ ...deps, nowMs: () => NOON });
  const batch = makeSweepBatch({ sweep, queue, log });
  return { door, queued, bus, sources, sweep, batch, take: () => queued.splice(0).map(({ message }) => message) };
}
const twoPages = {
  first: { contents: [notice('a'), notice('b')], readKey: READ_KEY, next: 'second' },
  second: { contents: [notice('c')], readKey: READ_KEY },
};

async function run(world: ReturnType<typeof setUp>): Promise<void> {
  for (let messages = world.take(); messages.length > 0; messages = world.take())
    for (const message of messages) await world.sweep(message);
}

describe('a sweep', () => {
  it('sends what every page holds, keyed by when its read began, and notes its end', async () => {
    const world = setUp(twoPages);
    await world.sweep({ job: 'sweep' });
    await run(world);
    expect(world.door.sent).toMatchObject(
      ['a', 'b', 'c'].map((resourceId) => ({
        source: 'azure.sweep',
        origin: 'sweep',
        readKey: READ_KEY,
        sweep: { baseline: true },
        content: { resourceId },
      })),
    );
    expect(await world.sources.list('azure.sweep')).toMatchObject([
      { account: 'one', lastSweptAt: expect.any(String) },
    ]);
    expect(world.door.count('ResourcesSwept')).toBe(3);
  });

  it('is the baseline of its source once, and tells one digest', async () => {
    const world = setUp(twoPages);
    await world.sweep({ job: 'sweep' });
    await run(world);
    expect(world.bus.events.map((e) => e.detailType)).toEqual(['FindingsBaselined.v1']);
    world.door.sent.length = 0;
    await world.sweep({ job: 'sweep' });
    await run(world);
    expect(world.door.sent.every((change) => change.sweep?.baseline === false)).toBe(true);
    expect(world.bus.events).toHaveLength(1);
  });

  it('of other sources is none of this', async () => {
    const world = setUp(twoPages);
    await world.sweep({ job: 'sweep', sources: ['gcp.sweep'] });
    expect(world.queued).toEqual([]);
  });

  it('that is denied says so and goes on elsewhere; it notes no end', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_DENIED', 'x') });
    await world.sweep({ job: 'sweep' });
    await run(world);
    expect(world.door.count('SweepsDenied')).toBe(1);
    expect(await world.sources.list('azure.sweep')).toEqual([]);
    expect(world.bus.events).toEqual([]);
  });

  it('that is throttled waits as long as the provider asks, and loses no page', async () => {
    const world = setUp({
      first: new AppError('UPSTREAM_THROTTLED', 'x', { details: { retryAfterMs: 42_000 } }),
    });
    const message = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: 's', baseline: false } } as const;
    const done = await world.batch([{ messageId: 'm0', body: JSON.stringify(message) }]);
    expect([...done]).toEqual(['m0']);
    expect(world.queued).toEqual([{ message, delaySeconds: 42 }]);
  });

  it('that is throttled without a hint waits a minute', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_THROTTLED', 'x') });
    const message = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: 's', baseline: false } } as const;
    await world.batch([{ messageId: 'm0', body: JSON.stringify(message) }]);
    expect(world.queued).toEqual([{ message, delaySeconds: 60 }]);
  });

  it('that is not answered comes again by the queue, and so does what is no message', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_UNAVAILABLE', 'x') });
    const message = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: 's', baseline: false } };
    const bodies = [JSON.stringify(message), '{"job":"dance"}', 'not json'];
    const done = await world.batch(bodies.map((body, i) => ({ messageId: `m${i}`, body })));
    expect(done.size).toBe(0);
    expect(world.queued).toEqual([]);
  });
});
