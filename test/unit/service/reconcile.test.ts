/** What a sweep says of what is not there, and of the news that it should have been told. */
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/model/errors.ts';
import type { ReadAnswer } from '../../../shared/ports/read-back.ts';
import { type Doc, t } from '../../support/world.ts';
import { makeReconcileWorld } from '../../support/reconcile-world.ts';

const DAY = 86_400;
const store = (id: string, at: number, more: Partial<Doc> = {}): Doc => ({
  type: 'Test::Store',
  id,
  at,
  // A version of its own, whoever tells of it.
  orderKey: t(at),
  body: { open: true, versioned: true },
  ...more,
});
const block: Doc = { type: 'Test::Block', id: 'block/111122223333', at: 0, body: { blocked: false } };

/** A world that has been swept once: `keep` and `gone` are there, and the account itself. */
async function setUp() {
  const world = makeReconcileWorld();
  await world.activate();
  for (const doc of [block, store('keep', 0), store('gone', 0)]) await world.happen(doc);
  world.at(DAY);
  await world.sweep();
  return world;
}
const verdictOf = async (world: Awaited<ReturnType<typeof setUp>>, id: string) => {
  const state = await world.resources.read(id);
  return [state?.deleted, state?.verdicts['store.not-public']?.verdict];
};

describe('what a whole list lacks', () => {
  it('is closed: its findings end with resource_deleted, by the cause reconcile, as of when the list began', async () => {
    const world = await setUp();
    await world.happen(store('gone', DAY + 10, { deleted: true }), false);
    world.at(2 * DAY);
    const [event] = await world.sweep();
    expect(world.live()).toEqual(['keep']);
    const last = world.bus.events.findLast((e) => e.detailType === 'FindingResolved.v1');
    expect(last?.detail.edict).toMatchObject({
      resource: { id: 'gone' },
      resolution: 'resource_deleted',
      cause: { is: 'reconcile', source: 'aws.sweep' },
      trueAt: new Date(Date.parse('2026-11-27T09:00:00.000Z') - 15 * 60_000).toISOString(),
    });
    expect(event?.detail.edict).toMatchObject({
      absent: 1,
      listed: 2,
      held: 3,
      missedEvents: { unknown: 0, changed: 0, deleted: 1 },
    });
  });

  it('is closed too if no list ever had it: made and gone between two sweeps, and nobody told the end', async () => {
    const world = await setUp();
    await world.happen(store('brief', DAY + 10));
    await world.happen(store('brief', DAY + 20, { deleted: true }), false);
    world.at(2 * DAY);
    await world.sweep();
    expect(world.live()).toEqual(['gone', 'keep']);
  });

  it('is not closed if there is news of it since the list began, or shortly before', async () => {
    const world = await setUp();
    world.at(2 * DAY);
    // The list does not have it yet.
    await world.happen(store('young', 2 * DAY - 60));
    world.truth.delete('young');
    world.meanwhile(async (_scope, page) => {
      if (page !== 0) return;
      await world.happen(store('newborn', 2 * DAY + 1));
      world.truth.delete('newborn');
    });
    await world.sweep();
    expect(world.live()).toEqual(['gone', 'keep', 'newborn', 'young']);
  });

  it('loses against the creation that is told while the deletion is on its way', async () => {
    const world = await setUp();
    await world.happen(store('gone', DAY + 10, { deleted: true }), false);
    world.at(2 * DAY);
    await world.sweep();
    await world.happen(store('gone', 2 * DAY + 5, { body: { open: false, versioned: true } }));
    expect(await verdictOf(world, 'gone')).toEqual([false, 'compliant']);
  });

  it('is not closed by what lists other types, or only parts of it were ever seen', async () => {
    const world = await setUp();
    await world.happen({ type: 'Test::StorePolicy', id: 'orphan/policy', at: DAY, body: { encryption: 'none' } });
    world.truth.clear();
    for (const doc of [block, store('keep', 0), store('gone', 0)]) world.truth.set(doc.id, doc);
    world.at(2 * DAY);
    await world.sweep();
    expect((await world.resources.read('orphan'))?.deleted).toBe(false);
  });

  it('is not closed where nothing of its account is listed any more: that is an account lost, not everything deleted', async () => {
    const world = await setUp();
    world.truth.clear();
    world.at(2 * DAY);
    await world.sweep();
    expect(world.live()).toEqual(['gone', 'keep']);
  });

  it.each([
    ['denied', new AppError('UPSTREAM_DENIED', 'x')],
    ['not answered', new AppError('UPSTREAM_UNAVAILABLE', 'x')],
    ['unreadable in part', 'unreadable'],
    ['incomplete, says the provider', 'incomplete'],
  ] as const)('is not closed where a page is %s', async (_what, trouble) => {
    const world = await setUp();
    await world.happen(store('gone', DAY + 10, { deleted: true }), false);
    world.trouble(() => trouble);
    world.at(2 * DAY);
    await world.sweep();
    expect(world.live()).toEqual(['gone', 'keep']);
    world.trouble(() => undefined);
    world.at(3 * DAY);
    await world.sweep();
    expect(world.live()).toEqual(['keep']);
  });

  it('is there again once a list has it again, although its version is as old as it was', async () => {
    const world = await setUp();
    const doc = world.truth.get('gone');
    world.truth.delete('gone');
    world.at(2 * DAY);
    await world.sweep();
    expect(world.live()).toEqual(['keep']);
    if (doc !== undefined) world.truth.set('gone', doc);
    for (const day of [3, 4]) {
      world.at(day * DAY);
      await world.sweep();
      expect(await verdictOf(world, 'gone')).toEqual([false, 'violation']);
    }
    // And what happens to it since is news as ever.
    await world.happen(store('gone', 2 * DAY + 30, { body: { open: false, versioned: true } }));
    expect(await verdictOf(world, 'gone')).toEqual([false, 'compliant']);
  });
});

describe('what a list lacks that leaves out what we may not see', () => {
  const native = {
    dialect: 'aws.config',
    type: 'Test::Store',
    id: 'gone',
    name: 'gone',
    account: '111122223333',
  } as const;
  /** A list that lacks `gone`, and a provider that answers so when it is asked for it. */
  async function asked(answer: ReadAnswer | AppError) {
    const world = makeReconcileWorld({
      ask: { read: () => (answer instanceof AppError ? Promise.reject(answer) : Promise.resolve(answer)) },
    });
    await world.activate();
    for (const doc of [block, store('keep', 0), store('gone', 0)]) await world.happen(doc);
    world.truth.delete('gone');
    world.at(2 * DAY);
    await world.sweep();
    return world;
  }
  const readKey = '2026-11-27T09:00:00.000Z';

  it('is gone if the provider says so', async () => {
    const world = await asked({ is: 'gone', readKey, native });
    expect(world.live()).toEqual(['keep']);
    const last = world.bus.events.findLast((e) => e.detailType === 'FindingResolved.v1');
    expect(last?.detail.edict).toMatchObject({ cause: { is: 'reconcile' }, resolution: 'resource_deleted' });
  });

  it('is unknown if the provider refuses to show it, and never gone', async () => {
    const world = await asked({ is: 'denied', readKey, native });
    expect(world.live()).toEqual(['gone', 'keep']);
    expect(await verdictOf(world, 'gone')).toEqual([false, 'unknown']);
  });

  it.each(['UPSTREAM_THROTTLED', 'UPSTREAM_UNAVAILABLE'] as const)(
    'stays as it is where the answer is %s',
    async (code) => {
      const world = await asked(new AppError(code, 'x'));
      expect(await verdictOf(world, 'gone')).toEqual([false, 'violation']);
    },
  );
});

describe('what is told of an account', () => {
  it('is how many of each type were listed and held, whether the list was whole, and who refused', async () => {
    const world = await setUp();
    await world.happen(store('gone', DAY + 10, { deleted: true }), false);
    world.at(2 * DAY);
    await world.sweep();
    const rows = await world.ledger.list('aws.sweep', '111122223333');
    expect(rows.find((r) => r.type === 'Test::Store')).toMatchObject({ whole: true, listed: 1, held: 2, missed: 1 });
    world.trouble(() => new AppError('UPSTREAM_DENIED', 'x'));
    world.at(3 * DAY);
    await world.sweep();
    const [scope] = await world.sources.list('aws.sweep');
    expect(scope?.lastDeniedAt?.slice(0, 10)).toBe('2026-11-28');
    expect(scope?.lastWholeAt?.slice(0, 10)).toBe('2026-11-27');
  });
});
