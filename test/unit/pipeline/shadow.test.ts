/** A policy in shadow is judged and kept, nobody is alerted; active, its open findings are told. */
import { describe, expect, it } from 'vitest';
import { sumUp } from '../../../shared/adapters/service/baseline-digest.ts';
import { isNews } from '../../../shared/adapters/slack/message.ts';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import { findingId } from '../../../shared/model/finding.ts';
import { FINDING_DETAIL_TYPES, type FindingTransitionEvent } from '../../../shared/model/finding-event.ts';
import { type Release, release, rollback } from '../../../shared/pipeline/release.ts';
import { bundle, change, makeWorld, NOON } from '../../support/world.ts';

const POLICIES = ['not-public', 'versioned'] as const;
const shadowed = 'store.not-public';

function setUp() {
  const world = makeWorld({ policies: POLICIES });
  const deps = { policies: world.policies, clock: world.clock };
  const told = world.bus.events as readonly FindingTransitionEvent[];
  const again = async (): Promise<void> => {
    await world.active.refresh();
    const all = world.resources.all().map(({ id }) => id);
    await world.judgeAgain(all.map((resourceId) => ({ type: 'rejudge', version: 1, resourceId, cause: 'activation' })));
    await world.drain();
  };
  return {
    ...world,
    deps,
    told,
    again,
    /** Releases, judges everything again and gives the events that this made. */
    release: async (what: Release) => {
      const before = told.length;
      await release(deps, { bundle: bundle(POLICIES), context: DEFAULT_CONTEXT, ...what });
      await again();
      return told.slice(before).map(brief);
    },
    see: async (at: number, body: { readonly open: boolean; readonly versioned: boolean }) => {
      const before = told.length;
      await world.deliver(change({ type: 'Test::Store', id: 's1', at, body }));
      await world.drain();
      return told.slice(before).map(brief);
    },
    finding: () => world.findings.find(findingId(shadowed, 's1')),
  };
}
const brief = (e: FindingTransitionEvent) => [
  e.detailType,
  e.detail.edict.policy.id,
  e.detail.edict.from,
  e.detail.edict.to,
];
/** The same move of another policy. */
const moved = (what: Release, name: string): Release =>
  Object.fromEntries(Object.keys(what).map((how) => [how, [`store.${name}`]]));
const bad = { open: true, versioned: false };
const good = { open: false, versioned: true };

describe('a policy in shadow', () => {
  it('is judged, its findings are kept and marked, and no event of it is of a type that alerts', async () => {
    const w = setUp();
    await w.release({ shadow: [shadowed] });
    expect(await w.see(1, bad)).toEqual([
      ['ShadowFindingOpened.v1', shadowed, null, 'violation'],
      ['FindingOpened.v1', 'store.versioned', null, 'violation'],
    ]);
    expect(await w.finding()).toMatchObject({ status: 'open', shadow: true, last: { activation: 1 } });
    expect((await w.findings.list({ shadow: true })).items.map((f) => f.policy)).toEqual([shadowed]);
    expect((await w.findings.list({ shadow: false })).items.map((f) => f.policy)).toEqual(['store.versioned']);
    expect((await w.findings.list({})).items).toHaveLength(2);
    const [hidden, heard] = w.told;
    expect(hidden?.detail.edict.shadow).toBe(true);
    expect(FINDING_DETAIL_TYPES).not.toContain(hidden?.detailType);
    expect([hidden, heard].map((e) => e !== undefined && isNews(e))).toEqual([false, true]);
    expect(await w.see(2, good)).toEqual([
      ['ShadowFindingResolved.v1', shadowed, 'violation', 'compliant'],
      ['FindingResolved.v1', 'store.versioned', 'violation', 'compliant'],
    ]);
  });

  it('made active, tells its open findings, and what is not open not at all', async () => {
    const w = setUp();
    await w.release({ shadow: [shadowed] });
    await w.see(1, bad);
    await w.deliver(change({ type: 'Test::Store', id: 'fine', at: 1, body: good }));
    expect(await w.release({ unshadow: [shadowed] })).toEqual([['FindingOpened.v1', shadowed, null, 'violation']]);
    const found = await w.finding();
    expect(found).toMatchObject({ status: 'open', openings: 1, since: { trueAt: '2026-11-25T09:00:01.000Z' } });
    expect(found).not.toHaveProperty('shadow');
    // Once: judged again, there is no more to tell.
    await w.again();
    expect(
      w.told.filter((e) => e.detailType === 'FindingOpened.v1' && e.detail.edict.policy.id === shadowed),
    ).toHaveLength(1);
    expect(await w.see(5, good)).toContainEqual(['FindingResolved.v1', shadowed, 'violation', 'compliant']);
  });

  it('that goes into shadow ends for those who were told, and goes on', async () => {
    const w = setUp();
    await w.release({});
    await w.see(1, bad);
    expect(await w.release({ shadow: [shadowed] })).toEqual([
      ['FindingResolved.v1', shadowed, 'violation', null],
      ['ShadowFindingOpened.v1', shadowed, null, 'violation'],
    ]);
    expect(await w.finding()).toMatchObject({ status: 'open', shadow: true });
    expect(await w.see(5, good)).toContainEqual(['ShadowFindingResolved.v1', shadowed, 'violation', 'compliant']);
  });

  it('that passes in the moment in which it moves, tells the end to those who heard of the beginning, and to no one else', async () => {
    for (const [from, to, end] of [
      [{ shadow: [shadowed] }, { unshadow: [shadowed] }, 'ShadowFindingResolved.v1'],
      [{}, { shadow: [shadowed] }, 'FindingResolved.v1'],
    ] as const) {
      const w = setUp();
      const first = { ...DEFAULT_CONTEXT, accounts: { '111122223333': { environment: 'production' } } } as const;
      const key = 'encrypted-in-production';
      await w.release({ bundle: bundle([key]), context: first, ...moved(from, key) });
      await w.see(1, bad);
      expect(w.told).toHaveLength(1);
      // Not production any more: in the same activation it does not apply, and is moved.
      expect(await w.release({ bundle: bundle([key]), ...moved(to, key) })).toEqual([
        [end, `store.${key}`, 'unknown', 'not_applicable'],
      ]);
    }
  });

  it('is gone with its resource and with its bundle without a word to anyone else', async () => {
    const w = setUp();
    await w.release({ shadow: [shadowed] });
    await w.see(1, { open: true, versioned: true });
    await w.deliver(change({ type: 'Test::Store', id: 's1', at: 2, deleted: true }));
    await w.drain();
    expect(w.told.map(brief).at(-1)).toEqual(['ShadowFindingResolved.v1', shadowed, 'violation', null]);
    await w.see(3, { open: true, versioned: true });
    expect(await w.release({ bundle: bundle(['versioned']) })).toEqual([
      ['ShadowFindingResolved.v1', shadowed, 'violation', null],
    ]);
    expect(await w.policies.active()).not.toHaveProperty('shadow');
  });

  it('is in no digest of a first sweep', async () => {
    const w = setUp();
    await w.release({ shadow: [shadowed] });
    await w.deliver(
      change(
        { type: 'Test::Store', id: 's1', at: 1, body: bad },
        { source: 'aws.sweep', origin: 'sweep', sweep: { id: 'first', baseline: true } },
      ),
    );
    await w.drain();
    expect((await sumUp(w.findings, ['first'])).byPolicy.map((p) => p.policy)).toEqual(['store.versioned']);
  });
});

describe('the shadow of an activation', () => {
  it('stays from release to release, is one with the bundle for its number, and comes back with a rollback', async () => {
    const w = setUp();
    const first = { bundle: bundle(POLICIES), context: DEFAULT_CONTEXT, shadow: [shadowed] };
    const one = await release(w.deps, first);
    expect(one).toMatchObject({ sequence: 1, shadow: [shadowed] });
    expect(await release(w.deps, first)).toEqual(one);
    const two = await release(w.deps, { bundle: bundle(POLICIES, 1) });
    expect(two).toMatchObject({ sequence: 2, bundleSequence: 2, shadow: [shadowed] });
    const three = await release(w.deps, { unshadow: [shadowed] });
    expect(three).toMatchObject({ sequence: 3, bundleSequence: 3, contextSequence: 1, bundle: two.bundle });
    expect(three).not.toHaveProperty('shadow');
    expect(await rollback(w.deps)).toMatchObject({ sequence: 4, bundle: two.bundle, shadow: [shadowed] });
    expect(await rollback(w.deps, { sequence: 3 })).not.toHaveProperty('shadow');
  });

  it('refuses a policy that is not there, and to wake one that is awake', async () => {
    const w = setUp();
    const what = { bundle: bundle(POLICIES), context: DEFAULT_CONTEXT };
    await expect(release(w.deps, { ...what, shadow: ['store.nothing'] })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await expect(release(w.deps, { ...what, unshadow: [shadowed] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect(await w.policies.active()).toBeUndefined();
  });
});

describe('two people who activate at once', () => {
  it('one wins, the other is told by whom, and nothing of theirs is activated', async () => {
    const w = setUp();
    w.clock.set(NOON);
    await release(w.deps, { bundle: bundle(POLICIES), context: DEFAULT_CONTEXT });
    const both = await Promise.allSettled([
      release(w.deps, { bundle: bundle(POLICIES, 1), by: 'ann', after: 1 }),
      release(w.deps, { bundle: bundle(POLICIES, 2), by: 'ben', after: 1 }),
    ]);
    expect(both.map((r) => r.status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = both[0].status === 'fulfilled' ? 'ann' : 'ben';
    const told = both.find((r) => r.status === 'rejected')?.reason as unknown;
    expect(told).toMatchObject({
      code: 'STORE_STALE',
      message: expect.stringContaining(`${winner} activated sequence 2`),
    });
    expect(await w.policies.active()).toMatchObject({ sequence: 2, by: winner });
    await expect(rollback(w.deps, { after: 1 })).rejects.toMatchObject({ code: 'STORE_STALE' });
  });
});
