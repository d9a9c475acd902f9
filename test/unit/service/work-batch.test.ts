/** What becomes of everything that may lie on the queue of changes: nothing passes in silence, nothing is lost. */
import { describe, expect, it } from 'vitest';
import { makeNoticeDoor } from '../../../shared/adapters/aws/notice-door.ts';
import { makeMemoryQueue, makeMemorySourceLog } from '../../../shared/adapters/memory/services.ts';
import { makeWorkBatch } from '../../../shared/adapters/service/work-batch.ts';
import type { Change, QueueMessage } from '../../../shared/model/change.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { firstRevision } from '../../../shared/model/resource.ts';
import type { ReadBack } from '../../../shared/ports/read-back.ts';
import { makeDoorWorld } from '../../support/door.ts';
import { change, type Doc, makeWorld, NOON, t, type WorldOptions } from '../../support/world.ts';

const shop: Doc = { type: 'Test::Store', id: 'shop', at: 1, body: { open: true, versioned: true } };
/** A Config change with a planted secret. */
const configEvent = {
  version: '0',
  source: 'aws.config',
  'detail-type': 'Config Configuration Item Change',
  account: '111122223333',
  region: 'eu-central-1',
  detail: {
    messageType: 'ConfigurationItemChangeNotification',
    configurationItem: {
      resourceType: 'Test::Store',
      resourceId: 'shop',
      ARN: 'shop',
      awsAccountId: '111122223333',
      awsRegion: 'eu-central-1',
      configurationItemStatus: 'OK',
      configurationStateId: '1',
      configurationItemCaptureTime: '2026-11-25T09:00:01.000Z',
      configuration: { open: true, masterUserPassword: 'hunter2hunter2' },
    },
  },
};
const notice: Change = {
  type: 'change',
  version: 1,
  changeId: '0'.repeat(32),
  source: 'azure.event-grid',
  origin: 'event',
  receivedAt: t(1),
  content: { is: 'notice', cloud: 'azure', resourceId: 'shop', changedAt: t(1) },
};

async function setUp(options: WorldOptions = {}) {
  const world = makeWorld({ policies: ['not-public', 'versioned'], ...options });
  await world.activate();
  const door = makeDoorWorld();
  const again = makeMemoryQueue<QueueMessage>();
  const sources = makeMemorySourceLog();
  const { quarantine, now, count, log, observe } = door.deps;
  const work = makeWorkBatch({
    active: world.active,
    notices: makeNoticeDoor({ observe, quarantine, now, count, local: false }),
    normalize: world.normalize,
    judge: world.judge,
    again,
    sources,
    quarantine,
    now,
    count,
    log,
  });
  const deliver = (...bodies: readonly unknown[]) =>
    work(
      bodies.map((body, i) => ({
        messageId: `m${i}`,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })),
    );
  const verdicts = async (id: string) =>
    Object.fromEntries(
      Object.entries((await world.resources.read(id))?.verdicts ?? {}).map(([policy, v]) => [policy, v.verdict]),
    );
  return { world, door, again, sources, deliver, verdicts };
}

describe('a batch', () => {
  it('is judged, and its messages are done', async () => {
    const { deliver, verdicts, sources } = await setUp();
    const { done, outcomes } = await deliver(change(shop));
    expect([...done]).toEqual(['m0']);
    expect(outcomes).toMatchObject([{ outcome: 'judged' }]);
    expect(await verdicts('shop')).toEqual({ 'store.not-public': 'violation', 'store.versioned': 'compliant' });
    expect(await sources.list('aws.config')).toMatchObject([{ account: '111122223333' }]);
  });

  it('with the same change twice does it once, and both messages are done', async () => {
    const { deliver, world } = await setUp();
    const { done } = await deliver(change(shop), change(shop));
    expect([...done]).toEqual(['m0', 'm1']);
    expect((await world.resources.read('shop'))?.revision).toBe(firstRevision(NOON));
  });

  it('takes wishes to judge again along', async () => {
    const { deliver, world } = await setUp();
    const wish = { type: 'rejudge', version: 1, resourceId: 'shop', cause: 'repair' } as const;
    const { done } = await deliver(change(shop), wish);
    expect(done.size).toBe(2);
    expect(await world.resources.read('shop')).toBeDefined();
  });
});

describe('what redelivery cannot help is kept, and done', () => {
  it.each([
    ['malformed JSON', '{"type":', 'EVENT_INVALID'],
    ['no message of ours', { hello: 'world' }, 'EVENT_INVALID'],
    ['a missing field', { ...change(shop), changeId: undefined }, 'EVENT_INVALID'],
    ['an unknown field', { ...change(shop), extra: 1 }, 'EVENT_INVALID'],
    ['an unknown version', { ...change(shop), version: 2 }, 'CONTRACT_UNKNOWN_VERSION'],
    [
      'an event of a source that nobody asked for',
      { source: 'aws.ec2', 'detail-type': 'EC2 Instance State-change Notification', detail: {} },
      'EVENT_INVALID',
    ],
    [
      'a private source outside the local context',
      { source: 'edict.local.config', 'detail-type': 'Config Configuration Item Change', detail: {} },
      'EVENT_INVALID',
    ],
    [
      'a SageMaker event that names nothing',
      { source: 'aws.sagemaker', 'detail-type': 'SageMaker Endpoint State Change', detail: {} },
      'EVENT_INVALID',
    ],
  ])('%s', async (_what, body, code) => {
    const { deliver, door } = await setUp();
    const { done } = await deliver(body);
    expect([...done]).toEqual(['m0']);
    expect(door.kept()).toMatchObject([{ code }]);
  });

  it('a document without a usable version, beside one that is judged', async () => {
    const { deliver, verdicts, world } = await setUp();
    const future = change({ ...shop, id: 'future', orderKey: '2099-01-01T00:00:00.000Z' });
    const { done, outcomes } = await deliver(future, change(shop));
    expect(done.size).toBe(2);
    expect(outcomes.map((o) => o.outcome).sort()).toEqual(['judged', 'quarantined']);
    expect(world.quarantine.kept.size).toBe(1);
    expect(await verdicts('shop')).toMatchObject({ 'store.versioned': 'compliant' });
  });

  it('an unmapped type, which is counted by its name', async () => {
    const { deliver } = await setUp();
    const { done, outcomes } = await deliver(change({ ...shop, type: 'Test::Unmapped' }));
    expect(done.size).toBe(1);
    expect(outcomes).toMatchObject([{ outcome: 'unsupported', nativeTypes: ['Test::Unmapped'] }]);
  });
});

describe('a read-back', () => {
  const answering = (read: ReadBack['read']) => setUp({ readBack: { azure: { read } } });

  it.each(['UPSTREAM_THROTTLED', 'UPSTREAM_UNAVAILABLE'] as const)('that ends in %s comes again', async (code) => {
    const { deliver, verdicts } = await answering(() => Promise.reject(new AppError(code, 'x')));
    const { done, outcomes } = await deliver(notice, change({ ...shop, id: 'other' }));
    expect([...done]).toEqual(['m1']);
    expect(outcomes).toContainEqual({ changeId: notice.changeId, outcome: 'failed', code });
    expect(await verdicts('other')).toMatchObject({ 'store.versioned': 'compliant' });
  });

  it('that is denied makes facts unknown, and is neither compliant nor gone', async () => {
    const { deliver, verdicts, world } = await answering(() =>
      Promise.resolve({
        is: 'denied',
        readKey: t(5),
        native: { dialect: 'aws.config', type: 'Test::Store', id: 'shop', account: '111122223333' },
      }),
    );
    await deliver(change({ ...shop, body: { open: false, versioned: true } }));
    expect(await verdicts('shop')).toEqual({ 'store.not-public': 'compliant', 'store.versioned': 'compliant' });
    const { done } = await deliver(notice);
    expect(done.size).toBe(1);
    expect(await verdicts('shop')).toEqual({ 'store.not-public': 'unknown', 'store.versioned': 'unknown' });
    expect((await world.resources.read('shop'))?.deleted).toBe(false);
  });

  it('of a cloud that is not configured is kept, not retried for ever', async () => {
    const { deliver, world } = await setUp();
    const { done } = await deliver(notice);
    expect(done.size).toBe(1);
    expect([...world.quarantine.kept.values()][0]?.reason).toMatch(/azure/);
  });
});

describe('our own faults', () => {
  it('come again: a store that does not answer', async () => {
    const { deliver, world } = await setUp({
      wrap: (port) =>
        'commit' in port
          ? new Proxy(port, {
              get: (target, key) =>
                key === 'commit'
                  ? () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'x'))
                  : Reflect.get(target, key),
            })
          : port,
    });
    const { done, outcomes } = await deliver(change(shop));
    expect(done.size).toBe(0);
    expect(outcomes).toMatchObject([{ outcome: 'failed', code: 'STORE_UNAVAILABLE' }]);
    expect(world.quarantine.kept.size).toBe(0);
  });

  it('an event in AWS’s own words comes again without its secrets, and not as itself', async () => {
    const { door, world, again } = await setUp();
    const { quarantine, now, count, log, observe } = door.deps;
    const failing = (queue: Pick<typeof again, 'send'>) =>
      makeWorkBatch({
        active: world.active,
        notices: makeNoticeDoor({ observe, quarantine, now, count, local: false }),
        normalize: (changes) =>
          Promise.resolve({
            work: [],
            outcomes: changes.map(({ changeId }) => ({ changeId, outcome: 'failed', code: 'STORE_UNAVAILABLE' })),
          }),
        judge: world.judge,
        again: queue,
        quarantine,
        now,
        count,
        log,
      })([{ messageId: 'm0', body: JSON.stringify(configEvent) }]);
    expect([...(await failing(again)).done]).toEqual(['m0']);
    const put = again.take();
    expect(put).toMatchObject([{ type: 'change', source: 'aws.config', content: { is: 'document' } }]);
    expect(JSON.stringify(put)).not.toContain('hunter2');
    // What cannot be put back is still where it was.
    const full = { send: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'x')) };
    expect((await failing(full)).done.size).toBe(0);
  });

  it('come again: a quarantine that does not take what cannot be used', async () => {
    const { door, world } = await setUp();
    const { now, count, log } = door.deps;
    const quarantine = { put: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'x')) };
    const { active, normalize, judge } = world;
    const again = makeMemoryQueue<QueueMessage>();
    const work = makeWorkBatch({ active, normalize, judge, again, quarantine, now, count, log });
    expect((await work([{ messageId: 'm0', body: '{' }])).done.size).toBe(0);
  });

  it('come again: a change that no stage accounts for', async () => {
    const { door, world } = await setUp();
    const { now, count, log, quarantine } = door.deps;
    const { active, judge } = world;
    const work = makeWorkBatch({
      active,
      normalize: () => Promise.resolve({ work: [], outcomes: [] }),
      judge,
      again: makeMemoryQueue<QueueMessage>(),
      quarantine,
      now,
      count,
      log,
    });
    expect((await work([{ messageId: 'm0', body: JSON.stringify(change(shop)) }])).done.size).toBe(0);
  });

  it('fail the whole batch while nothing can be known to be active', async () => {
    const { deliver } = await setUp({
      wrap: (port) =>
        'active' in port
          ? new Proxy(port, { get: () => () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'x')) })
          : port,
    });
    await expect(deliver(change(shop))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('a bundle whose hash does not match leaves the last good one in force', async () => {
    const { deliver, verdicts, world } = await setUp();
    await deliver(change(shop));
    const { bundle } = await import('../../support/world.ts');
    await world.activate(bundle(['versioned']));
    world.policies.corrupt((await world.policies.active())?.bundle ?? '');
    const { done } = await deliver(change({ ...shop, at: 9, body: { open: false, versioned: true } }));
    expect(done.size).toBe(1);
    expect(world.bad).toMatchObject([{ code: 'POLICY_LOAD_FAILED' }]);
    expect(await verdicts('shop')).toEqual({ 'store.not-public': 'compliant', 'store.versioned': 'compliant' });
  });
});
