/** An inventory becomes changes, page by page; what a run finds first is told as one digest. */
import { describe, expect, it } from 'vitest';
import {
  makeMemoryBus,
  makeMemoryCoverageLedger,
  makeMemoryRoster,
  makeMemorySourceLog,
  makeMemorySweepLog,
} from '../../../shared/adapters/memory/services.ts';
import { makeMemoryFindingStore } from '../../../shared/adapters/memory/finding-store.ts';
import { makeMemoryResourceStore } from '../../../shared/adapters/memory/resource-store.ts';
import { makeSweep, type SweepStep, sweepStepSchema } from '../../../shared/adapters/service/sweep.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { type BaselineEvent, DIGEST_ROWS } from '../../../shared/model/finding-event.ts';
import { type Finding, findingId } from '../../../shared/model/finding.ts';
import type { Inventory, InventoryPage } from '../../../shared/ports/inventory.ts';
import { transition } from '../../support/conformance/finding-store.ts';
import { makeDoorWorld } from '../../support/door.ts';
import { runMachine, TRIES_AGAIN } from '../../support/sweep-machine.ts';
import { NOON, registry } from '../../support/world.ts';

const notice = (id: string): InventoryPage['contents'][number] => ({
  is: 'notice',
  cloud: 'azure',
  resourceId: id,
  changedAt: '2026-11-25T11:59:00.000Z',
});
const READ_KEY = '2026-11-25T11:59:00.000Z';

type Pages = { readonly [next: string]: InventoryPage | AppError };

function setUp(pages: Pages, others: readonly Inventory[] = []) {
  const door = makeDoorWorld();
  let now = NOON;
  const bus = makeMemoryBus();
  const sources = makeMemorySourceLog();
  const { observe, send, count, log } = door.deps;
  const findings = makeMemoryFindingStore();
  const inventoried = {
    registry,
    read: () => [],
    resources: makeMemoryResourceStore(),
    roster: makeMemoryRoster(),
    ledger: makeMemoryCoverageLedger(),
  };
  const inventories = [inventory('azure.sweep', ['one'], () => pages), ...others];
  const deps = {
    inventories,
    observe,
    send,
    sources,
    runs: makeMemorySweepLog(),
    findings,
    bus,
    count,
    log,
    ...inventoried,
  };
  const sweep = makeSweep({ ...deps, nowMs: () => now });
  /** Sweeps as the state machine does. `before` sees each step, and may fail it. */
  const run = (only?: string[], before: (step: SweepStep) => void = () => undefined) =>
    runMachine(
      async (step) => {
        before(step);
        return sweep(sweepStepSchema.parse(step));
      },
      { nowMs: () => now, wait: (ms) => void (now += ms) },
      only === undefined ? {} : { sources: only },
    );
  return { door, bus, sources, findings, sweep, run, waitedMs: () => now - NOON };
}

const inventory = (source: string, scopes: readonly string[], pagesOf: (scope: string) => Pages): Inventory => ({
  source,
  scopes,
  page: (scope, next) => {
    const page = pagesOf(scope)[next ?? 'first'];
    return page instanceof AppError || page === undefined ? Promise.reject(page) : Promise.resolve(page);
  },
});
const onePage = { first: { contents: [notice('d')], readKey: READ_KEY } };
const denied = { first: new AppError('UPSTREAM_DENIED', 'x') };
const digestEvents = (world: ReturnType<typeof setUp>): readonly BaselineEvent[] =>
  world.bus.events.flatMap((event) => (event.detailType === 'FindingsBaselined.v1' ? [event] : []));
const digests = (world: ReturnType<typeof setUp>) => digestEvents(world).map((event) => event.detail.edict);

/** A finding of a run, as the projection writes it. */
async function find(world: ReturnType<typeof setUp>, run: string, resource: string, account = 'a'): Promise<void> {
  const finding: Finding = {
    id: findingId('store.not-public', resource),
    policy: 'store.not-public',
    title: 'not public',
    severity: 'critical',
    status: 'open',
    verdict: 'violation',
    resource: { id: resource, mapping: 'm', cloud: 'azure', kind: 'store', nativeType: 'T', account },
    since: { trueAt: READ_KEY, knownAt: READ_KEY },
    firstSeenAt: READ_KEY,
    lastChangedAt: READ_KEY,
    openings: 1,
    last: transition(1, null, 'violation'),
    baseline: run,
  };
  await world.findings.write(finding, finding.last);
}
const RUN = 'sweep-2026-11-25T12:00:00.000Z';

const twoPages = {
  first: { contents: [notice('a'), notice('b')], readKey: READ_KEY, next: 'second' },
  second: { contents: [notice('c')], readKey: READ_KEY },
};

describe('a sweep', () => {
  it('sends what every page holds, keyed by when its read began, and notes its end', async () => {
    const world = setUp(twoPages);
    await world.run();
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
    await world.run();
    expect(digestEvents(world)).toHaveLength(1);
    world.door.sent.length = 0;
    await world.run();
    expect(world.door.sent.every((change) => change.sweep?.baseline === false)).toBe(true);
    expect(digestEvents(world)).toHaveLength(1);
  });

  it('of many sources and scopes is one run and one digest', async () => {
    const world = setUp(twoPages, [
      inventory('aws.sweep', ['account', 'services'], () => onePage),
      inventory('gcp.sweep', ['projects/p#RESOURCE', 'projects/p#IAM_POLICY'], () => onePage),
    ]);
    await find(world, RUN, 'r1');
    await find(world, RUN, 'r2');
    const worked = await world.run();
    expect(new Set(world.door.sent.map((c) => c.sweep?.id))).toEqual(new Set([RUN]));
    expect(digests(world)).toMatchObject([
      { sweep: RUN, findings: 2, resources: 2, scopes: { swept: 5, notSeen: 0 }, notSeen: [] },
    ]);
    // However many scopes, no message of the run holds more than one of them.
    expect(Math.max(...worked.map((m) => JSON.stringify(m).length))).toBeLessThan(300);
  });

  it('whose begin is tried again is still one run and one event', async () => {
    const world = setUp(twoPages, [inventory('aws.sweep', ['account'], () => onePage)]);
    const begin = { job: 'begin', startedAt: '2026-11-25T12:00:00Z', asked: {} } as const;
    expect(await world.sweep(begin)).toEqual(await world.sweep(begin));
    await world.run();
    expect(digests(world)).toMatchObject([{ sweep: RUN, scopes: { swept: 2, notSeen: 0 } }]);
  });

  it('waits with the digest until the last scope is swept, and names one that is denied', async () => {
    const pages = new Map(
      'abcdefgh'.split('').map((c, i, all) => [c, { contents: [], readKey: READ_KEY, next: all[i + 1] }]),
    );
    const long: Pages = Object.fromEntries(
      [...pages].map(([c, { next, ...page }]) => [
        c === 'a' ? 'first' : c,
        next === undefined ? page : { ...page, next },
      ]),
    );
    const world = setUp(long, [
      inventory('aws.sweep', ['account', 'services'], (s) => (s === 'services' ? denied : onePage)),
    ]);
    const worked = await world.run();
    const jobs = worked.map(({ job }) => job);
    expect(jobs.filter((job, i) => job !== jobs[i - 1])).toEqual(['begin', 'page', 'walk', 'digest']);
    expect(jobs.filter((job) => job === 'digest').length).toBeGreaterThan(1);
    expect(digests(world)).toMatchObject([
      {
        scopes: { swept: 2, notSeen: 1 },
        notSeen: [{ source: 'aws.sweep', scope: 'services', why: 'denied' }],
      },
    ]);
  });

  it('gives up a scope whose page fails every time, counts it, and says in the digest that it is not finished', async () => {
    const world = setUp(twoPages, [inventory('aws.sweep', ['account'], () => onePage)]);
    const worked = await world.run(undefined, (step) => {
      if (step.job === 'page' && step.source === 'aws.sweep') throw new Error('out of order');
    });
    expect(digests(world)).toMatchObject([
      { scopes: { swept: 1, notSeen: 1 }, notSeen: [{ source: 'aws.sweep', scope: 'account', why: 'not_finished' }] },
    ]);
    expect(world.door.count('SweepsGivenUp')).toBe(1);
    expect(worked.filter((step) => step.job === 'page' && step.source === 'aws.sweep')).toHaveLength(1 + TRIES_AGAIN);
  });

  it('tells in the next digest what a run found first that never came to its own', async () => {
    const world = setUp(twoPages);
    await find(world, RUN, 'r1');
    await world.run(undefined, (step) => {
      if (step.job === 'digest') throw new Error('out of order');
    });
    expect(digests(world)).toEqual([]);
    expect(world.door.count('SweepsGivenUp')).toBe(1);
    await world.run();
    expect(digests(world)).toMatchObject([{ findings: 1, scopes: { swept: 1, notSeen: 0 } }]);
    await world.run();
    expect(digests(world)).toHaveLength(1);
  });

  it('of a source that there is not is refused, once and for all', async () => {
    const world = setUp(twoPages);
    const begin = { job: 'begin', startedAt: '2026-11-25T12:00:00Z', asked: { sources: ['azur'] } };
    await expect(world.sweep(begin as SweepStep)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('goes on with what follows for as long as there is time, and keeps what was done when something fails', async () => {
    const world = setUp({ first: twoPages.first, second: { ...twoPages.second, next: 'third' } });
    const page = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: RUN, baseline: false } } as const;
    expect(await world.sweep(page)).toMatchObject({ again: { next: 'second' }, waitSeconds: 0 });
    // The third page is not there: it is tried again by itself, and the first two are not.
    expect(await world.sweep(page, () => 200_000)).toMatchObject({ again: { next: 'third' }, waitSeconds: 0 });
    await expect(world.sweep({ ...page, next: 'third' }, () => 200_000)).rejects.toBeUndefined();
    let looks = 0;
    expect(await world.sweep(page, () => (looks++ === 0 ? 200_000 : 1000))).toMatchObject({ again: { next: 'third' } });
    expect(looks).toBe(2);
  });

  it('tells its digest once what it found is judged: two looks see the same', async () => {
    const world = setUp(twoPages);
    let looks = 0;
    await world.run(undefined, (step) => {
      // Each look finds one more, the first four times: the pipeline is still judging.
      if (step.job === 'digest' && looks < 4) void find(world, RUN, `r${looks++}`);
    });
    expect(digests(world)).toMatchObject([{ findings: 4 }]);
    expect(world.waitedMs()).toBe(5 * 60_000);
  });

  it('of thousands of scopes and accounts tells a digest that fits the bus', async () => {
    const scopes = Array.from({ length: 3000 }, (_, i) => `subscription-${i}`);
    const world = setUp(twoPages, [
      inventory('aws.sweep', scopes, (s) =>
        s.endsWith('7') ? denied : { first: { contents: [], readKey: READ_KEY } },
      ),
    ]);
    for (let i = 0; i < 1000; i++) await find(world, RUN, `r${i}`, `account-${i}`);
    await world.run();
    const [digest] = digests(world);
    expect(digest).toMatchObject({ findings: 1000, scopes: { swept: 2701, notSeen: 300 }, truncated: true });
    expect([digest?.byAccount.length, digest?.notSeen.length]).toEqual([DIGEST_ROWS, DIGEST_ROWS]);
    expect(JSON.stringify(digest).length).toBeLessThan(200_000);
  });

  it('of other sources is none of this', async () => {
    const world = setUp(twoPages, [inventory('gcp.sweep', [], () => ({}))]);
    expect(new Set((await world.run(['gcp.sweep'])).map(({ job }) => job))).toEqual(new Set(['begin', 'walk']));
    expect(world.bus.events).toEqual([]);
  });

  it('that is denied says so and goes on elsewhere; it notes no end', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_DENIED', 'x') });
    await world.run();
    expect(world.door.count('SweepsDenied')).toBe(1);
    const noted = await world.sources.list('azure.sweep');
    expect(noted.map((h) => [h.account, h.lastSweptAt, h.lastDeniedAt !== undefined])).toEqual([
      ['one', undefined, true],
    ]);
    expect(digestEvents(world)).toEqual([]);
  });

  it.each([
    ['as long as the provider asks', { retryAfterMs: 42_000 }, 42],
    ['a minute without a hint', {}, 60],
    ['a quarter of an hour at most', { retryAfterMs: 86_400_000 }, 900],
  ])('that is throttled waits %s, and loses no page', async (_, details, waitSeconds) => {
    const world = setUp({ first: new AppError('UPSTREAM_THROTTLED', 'x', { details }) });
    const page = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: 's', baseline: false } } as const;
    expect(await world.sweep(page, () => 300_000)).toEqual({ again: page, waitSeconds });
  });

  it('that is not answered is tried again', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_UNAVAILABLE', 'x') });
    const page = { job: 'page', source: 'azure.sweep', scope: 'one', sweep: { id: 's', baseline: false } } as const;
    await expect(world.sweep(page)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it.each([{ job: 'dance' }, { job: 'begin', startedAt: 'x', asked: { sources: 'all' } }, null, 'page'])(
    'does nothing that is no step: %j',
    (step) => expect(sweepStepSchema.safeParse(step).success).toBe(false),
  );
});
