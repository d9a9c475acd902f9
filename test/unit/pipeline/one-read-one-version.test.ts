import { expect, it } from 'vitest';
import { change, makeWorld } from '../../support/world.ts';

const store = { type: 'Test::Store', id: 's1', at: 0, tags: { environment: 'production' } } as const;
const policy = {
  type: 'Test::StorePolicy',
  id: 's1/policy',
  at: 0,
  body: { encryption: 'customer_key' },
} as const;

it('judges the parts that one read found together: between them the world was never half of them', async () => {
  const world = makeWorld();
  await world.activate();
  const main = change({ ...store, body: { open: false, versioned: true } });
  const { work: seen } = await world.normalize([main, change(policy)]);
  const [work] = seen;
  if (work === undefined) throw new Error('nothing to judge');

  // As a read-back does it: every part under the id of the one change.
  const updates = work.updates.map((update) => ({ ...update, changeId: main.changeId }));
  await world.judge({ ...work, updates });
  await world.drain();

  expect(updates).toHaveLength(2);
  expect(world.bus.events).toEqual([]);
});

it('still hears of what was true between two changes', async () => {
  const world = makeWorld();
  await world.activate();

  await world.deliver(
    change({ ...store, body: { open: true, versioned: true } }),
    change({ ...store, at: 1, body: { open: false, versioned: true } }),
  );
  await world.drain();

  expect(world.bus.events.map((e) => e.detailType)).toContain('FindingOpened.v1');
  expect(world.bus.events.map((e) => e.detailType)).toContain('FindingResolved.v1');
});
