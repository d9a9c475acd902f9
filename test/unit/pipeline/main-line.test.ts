import { describe, expect, it } from 'vitest';
import { findingId } from '../../../shared/model/finding.ts';
import { firstRevision } from '../../../shared/model/resource.ts';
import { change, makeWorld, NOON, t } from '../../support/world.ts';

describe('the life of a change', () => {
  it('becomes an item, a finding and an event', async () => {
    const w = makeWorld();
    await w.activate();

    const outcomes = await w.deliver(
      change({ type: 'Test::Store', id: 's1', at: 0, body: { open: true, versioned: true }, actor: 'ann' }),
    );
    await w.drain();

    expect(outcomes.map((o) => o.outcome)).toEqual(['judged']);
    const [item] = w.resources.all();
    expect(item?.verdicts['store.not-public']?.verdict).toBe('violation');
    expect(item?.verdicts['store.versioned']?.verdict).toBe('compliant');
    expect(item?.verdicts['store.encrypted-in-production']?.verdict).toBe('not_applicable');
    expect(item?.pending).toEqual([]);
    const finding = await w.findings.find(findingId('store.not-public', 's1'));
    expect(finding).toMatchObject({
      status: 'open',
      verdict: 'violation',
      severity: 'critical',
      since: { trueAt: t(0) },
    });
    expect(w.findings.all()).toHaveLength(1);
    expect(w.bus.events).toHaveLength(1);
    expect(w.bus.events[0]).toMatchObject({
      detailType: 'FindingOpened.v1',
      resource: 's1',
      detail: {
        class_uid: 2003,
        edict: {
          policy: { id: 'store.not-public' },
          clauses: [{ id: 'not-public', says: 'nobody outside can read', verdict: 'fails' }],
          from: null,
          to: 'violation',
          assumed: ['public_read'],
          cause: { is: 'change', actor: 'ann' },
          trueAt: t(0),
        },
      },
    });
  });

  it('tells the story created bad, fixed, deleted, each transition once', async () => {
    const w = makeWorld();
    await w.activate();
    const doc = { type: 'Test::Store', id: 's1' } as const;

    await w.deliver(change({ ...doc, at: 0, body: { open: true, versioned: false } }));
    await w.drain();
    await w.deliver(change({ ...doc, at: 10, body: { open: false, versioned: false } }));
    await w.drain();
    await w.deliver(change({ ...doc, at: 20, deleted: true }));
    await w.drain();

    expect(w.bus.events.map((e) => [e.detailType, e.time, (e.detail.edict as { to?: unknown }).to])).toEqual([
      ['FindingOpened.v1', t(0), 'violation'],
      ['FindingOpened.v1', t(0), 'violation'],
      ['FindingResolved.v1', t(10), 'compliant'],
      ['FindingResolved.v1', t(20), null],
    ]);
    expect(w.findings.all().map((f) => [f.policy, f.status, f.resolution])).toEqual([
      ['store.not-public', 'resolved', 'fixed'],
      ['store.versioned', 'resolved', 'resource_deleted'],
    ]);
    expect(await w.findings.history(findingId('store.not-public', 's1'))).toHaveLength(2);
  });

  it('makes an exposure of five seconds inside one batch a finding too', async () => {
    const w = makeWorld({ policies: ['not-public'] });
    await w.activate();
    const doc = { type: 'Test::Store', id: 's1' } as const;

    await w.deliver(
      change({ ...doc, at: 5, body: { open: false } }),
      change({ ...doc, at: 0, body: { open: true } }),
      change({ ...doc, at: -5, body: { open: false } }),
    );
    await w.drain();

    expect(w.bus.events.map((e) => [e.detailType, e.time])).toEqual([
      ['FindingOpened.v1', t(0)],
      ['FindingResolved.v1', t(5)],
    ]);
    expect(w.resources.all()[0]?.revision).toBe(firstRevision(NOON));
  });

  it('an owner tag without a value names nobody: the empty key of an index would cost the whole finding', async () => {
    const w = makeWorld();
    await w.activate();
    await w.deliver(change({ type: 'Test::Store', id: 's1', at: 0, body: { open: true }, tags: { owner: '' } }));
    await w.drain();
    const finding = await w.findings.read(findingId('store.not-public', 's1'));
    expect(finding?.status).toBe('open');
    expect(finding?.resource).not.toHaveProperty('owner');
    expect(await w.resources.read('s1')).not.toHaveProperty('owner');
  });

  it('an event that is told again is the same, also when the resource has another owner by then', async () => {
    const w = makeWorld();
    await w.activate();
    const doc = { type: 'Test::Store', id: 's1', body: { open: true } } as const;
    await w.deliver(change({ ...doc, at: 0, tags: { owner: 'team-a' } }));
    const first = w.stream.shift();
    if (first === undefined) throw new Error('nothing was committed');
    await w.publish(first);
    // As if the function had died before it could note that.
    const [unmarked] = w.bus.events;
    await w.deliver(change({ ...doc, at: 5, tags: { owner: 'team-b' } }));
    const later = w.stream.shift();
    if (later === undefined) throw new Error('nothing was committed');
    w.resources.expire('s1'); // no mark
    await w.publish({ ...later, projectedRevision: 0, pending: [...first.pending, ...later.pending] });
    const told = w.bus.events.filter((e) => e.id === unmarked?.id).map((e) => e.detail.edict);
    expect(told).toHaveLength(2);
    expect(told[1]).toEqual(told[0]);
  });

  it('a resource that comes back when its tombstone is forgotten is a finding again, under an event of its own', async () => {
    const w = makeWorld();
    await w.activate();
    const doc = { type: 'Test::Store', id: 's1' } as const;
    await w.deliver(change({ ...doc, at: 0, body: { open: true } }));
    await w.deliver(change({ ...doc, at: 5, body: { open: false } }));
    await w.deliver(change({ ...doc, at: 6, body: { open: true } }));
    await w.deliver(change({ ...doc, at: 7, deleted: true }));
    await w.drain();
    const day = 86_400;
    w.clock.advance(46 * day * 1000);
    w.resources.expire('s1');

    await w.deliver(change({ ...doc, at: 46 * day, body: { open: true } }));
    await w.drain();

    const id = findingId('store.not-public', 's1');
    expect(await w.findings.read(id)).toMatchObject({ status: 'open', verdict: 'violation', openings: 3 });
    expect(
      w.bus.events
        .filter(({ detail: { edict } }) => 'findingId' in edict && edict.findingId === id)
        .map((e) => e.detailType),
    ).toEqual(['FindingOpened.v1', 'FindingResolved.v1', 'FindingOpened.v1', 'FindingResolved.v1', 'FindingOpened.v1']);
    expect(new Set(w.bus.events.map((e) => e.id)).size).toBe(w.bus.events.length);
  });
});
