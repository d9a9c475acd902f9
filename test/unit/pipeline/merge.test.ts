import { describe, expect, it } from 'vitest';
import type { StoredPart } from '../../../shared/model/resource.ts';
import { forget, type Merged, merge, sealPart } from '../../../shared/pipeline/merge.ts';
import { NOON, t } from '../../support/world.ts';

const part = (name: string, at: number, value: unknown, more: Partial<StoredPart> = {}): StoredPart =>
  sealPart({
    part: name,
    instance: '',
    dialect: 'aws.config',
    native: 'Test::Store',
    orderKey: t(at),
    complete: false,
    creates: false,
    deleted: false,
    readings: { v: { state: 'known', value: value as string, at: '/v' } },
    changedAt: t(at),
    about: { nativeType: 'Test::Store' },
    ...more,
  });
const main = (p: StoredPart) => ({ part: p, main: true });
const satellite = (p: StoredPart) => ({ part: p, main: false });
const empty: Merged = { parts: {} };
const after = (...updates: readonly Parameters<typeof merge>[1][]): Merged =>
  updates.reduce((merged, update) => merge(merged, update).merged, empty);

describe('merging documents', () => {
  it('keeps the newest, whichever comes last, and says what it did', () => {
    const [old, young] = [part('store', 1, 'a'), part('store', 2, 'b')];
    expect(merge(after(main(old)), main(young)).result).toBe('applied');
    expect(merge(after(main(young)), main(old)).result).toBe('stale');
    expect(merge(after(main(young)), main(young)).result).toBe('duplicate');
    expect(after(main(young), main(old))).toEqual(after(main(old), main(young)));
  });

  it('of two contents under one key keeps one that everyone agrees on, and asks to read again', () => {
    const [a, b] = [part('store', 1, 'a'), part('store', 1, 'b')];
    expect(after(main(a), main(b))).toEqual(after(main(b), main(a)));
    expect(merge(after(main(a)), main(b)).readAgain).toBe(true);
    expect(merge(after(main(b)), main(a)).readAgain).toBe(true);
  });

  it('of one version keeps what shows more, whichever comes last: a sweep’s row takes nothing away', () => {
    const event = part('store', 1, 'a');
    for (let n = 0; n < 20; n++) {
      const known = { state: 'known', at: '/w' } as const;
      const full = sealPart({ ...event, readings: { ...event.readings, w: { ...known, value: `policy ${n}` } } });
      const denied = sealPart({
        ...full,
        readings: { ...event.readings, w: { state: 'unknown', why: 'not_collected', at: `/${n}` } },
      });
      for (const less of [part('store', 1, `only ${n}`), denied]) {
        expect(after(main(full), main(less)).parts['store']).toEqual(full);
        expect(after(main(less), main(full)).parts['store']).toEqual(full);
      }
    }
  });

  it('a deletion under the version that it ended stands, whichever comes last', () => {
    for (let n = 0; n < 20; n++) {
      const last = part('store', 1, `last ${n}`);
      const gone = part('store', 1, '', { deleted: true, readings: {} });
      expect(after(main(last), main(gone)).parts['store']?.deleted).toBe(true);
      expect(after(main(gone), main(last)).parts['store']?.deleted).toBe(true);
    }
  });

  it('does not ask to read again where the same is said from another place of the document', () => {
    const a = part('store', 1, 'a');
    const b = sealPart({ ...a, readings: { v: { state: 'known', value: 'a', at: '/elsewhere' } } });
    expect(merge(after(main(a)), main(b)).readAgain).toBe(false);
    expect(after(main(a), main(b))).toEqual(after(main(b), main(a)));
  });

  it('a late older document does not resurrect what is deleted, a newer one does', () => {
    const gone = part('store', 5, '', { deleted: true, readings: {} });
    expect(after(main(gone), main(part('store', 4, 'a'))).parts['store']?.deleted).toBe(true);
    expect(after(main(gone), main(part('store', 6, 'a'))).parts['store']?.deleted).toBe(false);
  });

  it('what belonged to a former life does not come back with the next one, in any order', () => {
    const created = main(part('store', 1, 'first life'));
    const policy = satellite(part('policy', 2, 'of the first life'));
    const gone = main(part('store', 5, '', { deleted: true, readings: {} }));
    const again = main(part('store', 8, 'second life'));
    const orders = [
      [created, policy, gone, again],
      [again, gone, policy, created],
      [policy, again, created, gone],
      [gone, again, policy],
      [again, policy, gone],
    ];
    for (const order of orders) {
      const merged = after(...order);
      expect(Object.keys(merged.parts)).toEqual(['store']);
      expect(merged.parts['store']?.orderKey).toBe(t(8));
      expect(merged.bornAfter).toBe(t(5));
    }
    const young = satellite(part('policy', 9, 'of the second life'));
    expect(Object.keys(after(gone, again, young).parts).sort()).toEqual(['policy', 'store']);
  });

  it('a read that started before an event never beats it', () => {
    const event = part('store', 10, 'event');
    const sweep = part('store', 12, 'swept', { orderKey: t(9) });
    expect(after(main(event), main(sweep)).parts['store']?.readings).toEqual(event.readings);
    expect(after(main(sweep), main(event)).parts['store']?.readings).toEqual(event.readings);
  });

  it('forgets the tombstones of satellites after 45 days, never the main one', () => {
    const old = { deleted: true, readings: {}, changedAt: '2026-10-01T00:00:00.000Z' };
    const parts = {
      store: part('store', 0, '', old),
      'rule:a': part('rule', 0, '', { ...old, instance: 'a' }),
      'rule:b': part('rule', 0, '', { deleted: true, readings: {}, instance: 'b' }),
      'rule:c': part('rule', 0, 'c', { changedAt: '2026-10-01T00:00:00.000Z', instance: 'c' }),
    };
    expect(Object.keys(forget(parts, 'store', NOON))).toEqual(['store', 'rule:b', 'rule:c']);
  });
});
