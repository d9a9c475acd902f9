import { describe, expect, it } from 'vitest';
import type { Change } from '../../../shared/model/change.ts';
import { findDiffering } from '../../../shared/pipeline/re-derive.ts';
import { streamOf } from '../../support/replay.ts';
import { change, type Doc, laterRegistry, makeWorld, makeWorldState, t, testForm } from '../../support/world.ts';

const NOW = '2026-11-25T12:00:00.000Z';
const doc = (at: number, body: Doc['body'], more: Partial<Doc> = {}): Change =>
  change({ type: 'Test::Store', id: 's1', at, ...(body === undefined ? {} : { body }), account: 'acc-1', ...more });
/** Open, where the later build looks. */
const hidden = { open: false, really: true, versioned: true };

/** A service that ran by the mappings of before, and the build that comes after it over the same state. */
async function upgraded(...changes: readonly Change[]) {
  const state = makeWorldState();
  const kept: Change[] = [];
  const before = makeWorld({ state, keep: (k) => void kept.push(k), policies: ['not-public'] });
  await before.activate();
  await before.deliver(...changes);
  await before.drain();
  const after = makeWorld({ state, registry: laterRegistry, policies: ['not-public'], keep: (k) => void kept.push(k) });
  const { resources, clock } = state;
  const find = () => findDiffering({ forms: [testForm], registry: laterRegistry, resources, clock }, streamOf(kept));
  /** Tells again what differs; the outcomes. */
  const reDerive = async (at = NOW) => {
    const found = await find();
    const told = await Promise.all(kept.filter((k) => found.changes.has(k.changeId)).map((k) => found.again(k, at)));
    const outcomes = await after.deliver(...told.filter((c) => c !== undefined));
    await after.drain();
    return { found, told, outcomes };
  };
  const verdict = async () => (await resources.read('s1'))?.verdicts['store.not-public']?.verdict;
  return { state, kept, after, find, reDerive, verdict };
}

describe('re-derive', () => {
  it('reads the stored version again by the mappings of this build, and judges by that', async () => {
    const { verdict, reDerive, state } = await upgraded(doc(0, { open: false }), doc(10, hidden));
    expect(await verdict()).toBe('compliant');

    const { found, outcomes } = await reDerive();

    expect([...found.resources]).toEqual(['s1']);
    expect(found.changes.size).toBe(1);
    expect(outcomes.map((o) => o.outcome)).toEqual(['judged']);
    expect(await verdict()).toBe('violation');
    const part = Object.values((await state.resources.read('s1'))?.parts ?? {})[0];
    expect(part).toMatchObject({ orderKey: t(10), changedAt: t(10), derivedAt: NOW });
  });

  it('finds nothing the second time, and keeps nothing twice', async () => {
    const { reDerive, find, kept } = await upgraded(doc(10, hidden));
    await reDerive();
    const { changes } = await find();
    expect(changes.size).toBe(0);
    expect(kept).toHaveLength(1);
  });

  it('is undone by no late delivery of what it was read from, in whatever order', async () => {
    const late = doc(10, hidden);
    const { reDerive, verdict, after } = await upgraded(late);
    await reDerive();
    const stored = await after.resources.read('s1');
    const outcomes = await after.deliver(late);
    expect(outcomes.map((o) => o.outcome)).toEqual(['stale']);
    expect(await verdict()).toBe('violation');
    expect((await after.resources.read('s1'))?.parts).toEqual(stored?.parts);
  });

  it('asks nobody: what the same document says by later mappings is no contradiction', async () => {
    const { find, kept, after } = await upgraded(doc(10, hidden));
    const again = await (await find()).again(kept[0] as Change, NOW);
    const { work } = await after.normalize([again as Change]);
    const judged = await after.evaluate(work[0] as (typeof work)[number]);
    expect(judged.readAgain).toBe(false);
    expect(judged.commit).toBeDefined();
  });

  it('loses to every newer version, also one that comes later', async () => {
    const { find, kept, after, verdict } = await upgraded(doc(10, hidden));
    const again = await (await find()).again(kept[0] as Change, NOW);
    await after.deliver(doc(20, { really: false, versioned: true }));
    await after.deliver(again as Change);
    expect(await verdict()).toBe('compliant');
  });

  it('brings nothing back that was deleted, not even by a deletion of the same version', async () => {
    const { find } = await upgraded(doc(10, hidden), doc(20, {}, { deleted: true }));
    expect((await find()).changes.size).toBe(0);

    const racing = await upgraded(doc(10, hidden));
    const again = await (await racing.find()).again(racing.kept[0] as Change, NOW);
    await racing.after.deliver(doc(10, {}, { deleted: true }));
    await racing.after.deliver(again as Change);
    expect((await racing.state.resources.read('s1'))?.deleted).toBe(true);
  });

  it('leaves alone what the store has in another version, and what reads the same', async () => {
    const same = await upgraded(doc(10, { open: true, really: true }));
    const { changes, elsewhere } = await same.find();
    // It is read elsewhere: the pointer of the evidence differs, the value does not.
    expect([changes.size, elsewhere]).toEqual([1, 0]);

    const lost = await upgraded(doc(10, hidden), doc(20, hidden));
    lost.kept.splice(1, 1);
    const { changes: none, elsewhere: one } = await lost.find();
    expect([none.size, one]).toEqual([0, 1]);
  });

  it('takes of two documents of one version the one that shows more', async () => {
    const rich = doc(10, hidden);
    const poor = doc(10, { open: false, really: null });
    const { find, verdict, reDerive } = await upgraded(rich, poor);
    expect((await find()).changes).toEqual(new Set([rich.changeId]));
    await reDerive();
    expect(await verdict()).toBe('violation');
  });
});
