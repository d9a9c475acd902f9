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
import { makeSweep, type SweepMessage } from '../../../shared/adapters/service/sweep.ts';
import { makeSweepBatch } from '../../../shared/adapters/service/sweep-batch.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { type BaselineEvent, DIGEST_ROWS } from '../../../shared/model/finding-event.ts';
import { type Finding, findingId } from '../../../shared/model/finding.ts';
import type { Inventory, InventoryPage } from '../../../shared/ports/inventory.ts';
import { transition } from '../../support/conformance/finding-store.ts';
import { makeDoorWorld } from '../../support/door.ts';
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
  const queued: { readonly message: SweepMessage; readonly delaySeconds: number | undefined }[] = [];
  const queue = {
    send: (messages: readonly SweepMessage[], options?: { readonly delaySeconds?: number }) =>
      Promise.resolve(
        void queued.push(...messages.map((message) => ({ message, delaySeconds: options?.delaySeconds }))),
      ),
  };
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
    queue,
    sources,
    runs: makeMemorySweepLog(),
    findings,
    bus,
    count,
    log,
    ...inventoried,
  };
  const sweep = makeSweep({ ...deps, nowMs: () => now });
  const batch = makeSweepBatch({ sweep, queue, log });
  /** Works on what is queued until nothing is, each round as late as its longest delay. What is lost is never worked on. */
  const run = async (isLost: (message: SweepMessage) => boolean = () => false): Promise<readonly SweepMessage[]> => {
    const worked: SweepMessage[] = [];
    for (let round = queued.splice(0); round.length > 0; round = queued.splice(0)) {
      now += 1000 * Math.max(...round.map(({ delaySeconds }) => delaySeconds ?? 0));
      for (const { message } of round) {
        worked.push(message);
        if (!isLost(message)) await sweep(message);
      }
    }
    return worked;
  };
  return { door, queued, bus, sources, findings, sweep, batch, run, waitedMs: () => now - NOON };
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
    await world.sweep({ job: 'sweep' });
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
    await world.sweep({ job: 'sweep' });
    await world.run();
    expect(digestEvents(world)).toHaveLength(1);
    world.door.sent.length = 0;
    await world.sweep({ job: 'sweep' });
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
    await world.sweep({ job: 'sweep' });
    const worked = await world.run();
    expect(new Set(world.door.sent.map((c) => c.sweep?.id))).toEqual(new Set([RUN]));
    expect(digests(world)).toMatchObject([
      { sweep: RUN, findings: 2, resources: 2, scopes: { swept: 5, notSeen: 0 }, notSeen: [] },
    ]);
    // However many scopes, no message of the run holds more than one of them.
    expect(Math.max(...worked.map((m) => JSON.stringify(m).length))).toBeLessThan(300);
  });

  it('whose begin is delivered twice is still one run and one event', async () => {
    const world = setUp(twoPages, [inventory('aws.sweep', ['account'], () => onePage)]);
    await world.sweep({ job: 'begin', run: RUN });
    await world.sweep({ job: 'begin', run: RUN });
    await world.run();
    expect(new Set(digestEvents(world).map(({ id }) => id)).size).toBe(1);
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
    await world.sweep({ job: 'sweep' });
    const worked = await world.run();
    const last = worked.findLastIndex(({ job }) => job === 'page');
    expect(worked.slice(last).filter(({ job }) => job === 'digest').length).toBeGreaterThan(1);
    expect(digests(world)).toMatchObject([
      {
        scopes: { swept: 2, notSeen: 1 },
        notSeen: [{ source: 'aws.sweep', scope: 'services', why: 'denied' }],
      },
    ]);
  });

  it('does not wait for ever for a scope whose page was lost: the digest says that it is not finished', async () => {
    const world = setUp(twoPages, [inventory('aws.sweep', ['account'], () => onePage)]);
    await world.sweep({ job: 'sweep' });
    await world.run((m) => m.job === 'page' && m.source === 'aws.sweep');
    expect(digests(world)).toMatchObject([
      { scopes: { swept: 1, notSeen: 1 }, notSeen: [{ source: 'aws.sweep', scope: 'account', why: 'not_finished' }] },
    ]);
    expect(world.waitedMs()).toBeGreaterThan(3 * 3_600_000);
    expect(world.waitedMs()).toBeLessThan(4 * 3_600_000);
  });

  it('tells its digest once what it found is judged: two looks see the same', async () => {
    const world = setUp(twoPages);
    await world.sweep({ job: 'sweep' });
    let looks = 0;
    await world.run((message) => {
      // Each look finds one more, the first four times: the pipeline is still judging.
      if (message.job === 'digest' && message.found >= 0 && looks < 4) void find(world, RUN, `r${looks++}`);
      return false;
    });
    expect(digests(world)).toMatchObject([{ findings: 4 }]);
  });

  it('of thousands of scopes and accounts tells a digest that fits the bus', async () => {
    const scopes = Array.from({ length: 3000 }, (_, i) => `subscription-${i}`);
    const world = setUp(twoPages, [
      inventory('aws.sweep', scopes, (s) =>
        s.endsWith('7') ? denied : { first: { contents: [], readKey: READ_KEY } },
      ),
    ]);
    for (let i = 0; i < 1000; i++) await find(world, RUN, `r${i}`, `account-${i}`);
    await world.sweep({ job: 'sweep' });
    await world.run();
    const [digest] = digests(world);
    expect(digest).toMatchObject({ findings: 1000, scopes: { swept: 2701, notSeen: 300 }, truncated: true });
    expect([digest?.byAccount.length, digest?.notSeen.length]).toEqual([DIGEST_ROWS, DIGEST_ROWS]);
    expect(JSON.stringify(digest).length).toBeLessThan(200_000);
  });

  it('of other sources is none of this', async () => {
    const world = setUp(twoPages);
    await world.sweep({ job: 'sweep', sources: ['gcp.sweep'] });
    expect((await world.run()).map(({ job }) => job)).toEqual(['begin']);
    expect(world.bus.events).toEqual([]);
  });

  it('that is denied says so and goes on elsewhere; it notes no end', async () => {
    const world = setUp({ first: new AppError('UPSTREAM_DENIED', 'x') });
    await world.sweep({ job: 'sweep' });
    await world.run();
    expect(world.door.count('SweepsDenied')).toBe(1);
    const noted = await world.sources.list('azure.sweep');
    expect(noted.map((h) => [h.account, h.lastSweptAt, h.lastDeniedAt !== undefined])).toEqual([
      ['one', undefined, true],
    ]);
    expect(digestEvents(world)).toEqual([]);
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
