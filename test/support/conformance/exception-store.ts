import { describe, expect, it } from 'vitest';
import { revokeException } from '../../../shared/pipeline/exceptions.ts';
import type { ExceptionStore } from '../../../shared/ports/exception-store.ts';
import { approveException } from '../../../shared/pipeline/exceptions.ts';
import { ben, requested } from '../exceptions.ts';
import { NOON } from '../world.ts';

const DAY_MS = 86_400_000;
const decided = '0123456789abcdef';
const at = (days: number): string => new Date(NOON + days * DAY_MS).toISOString();

/** What every ExceptionStore holds. `make` gives an empty store and a way to make what is stored under an id none. */
export function exceptionStoreSuite(
  title: string,
  make: () => Promise<{ readonly store: ExceptionStore; readonly spoil: (id: string) => Promise<void> }>,
): void {
  describe(`${title}: ExceptionStore`, () => {
    it('gives back what was put, by its id, by what it covers, and in a list, newest first', async () => {
      const { store } = await make();
      expect(await store.get('exc-000000000000')).toBeUndefined();
      expect([await store.list(), await store.concerning('s1'), await store.due(at(400))]).toEqual([[], [], []]);
      const first = requested({ decided });
      const second = requested({ decided, resource: 's1', policy: 'versioned', nowMs: NOON + 1 });
      const third = requested({ decided, resource: 's2', nowMs: NOON + 2 });
      for (const e of [first, second, third]) expect(await store.put(e)).toBe(true);
      expect(await store.get(first.id)).toEqual(first);
      expect((await store.concerning('s1')).map((e) => e.id)).toEqual([first.id, second.id].sort());
      expect(await store.concerning('s2')).toEqual([third]);
      expect(await store.concerning('s')).toEqual([]);
      expect((await store.list()).map((e) => e.id)).toEqual([third.id, second.id, first.id]);
    });

    it('of two who write at once one is told, and nothing of what the other wrote is kept', async () => {
      const { store } = await make();
      const wish = requested({ decided });
      expect(await store.put({ ...wish, revision: 2 })).toBe(false);
      expect((await Promise.all([store.put(wish), store.put(wish)])).filter(Boolean)).toHaveLength(1);
      const approved = approveException(wish, ben, NOON);
      const revoked = revokeException(wish, ben, 'no', NOON);
      const [won, lost] = await Promise.all([store.put(approved), store.put(revoked)]);
      expect([won, lost].filter(Boolean)).toHaveLength(1);
      expect(await store.get(wish.id)).toEqual(won ? approved : revoked);
      expect(await store.due(at(400))).toHaveLength(won ? 4 : 0);
    });

    it('says what is due, until it is done', async () => {
      const { store } = await make();
      const wish = requested({ decided, days: 10 });
      await store.put(wish);
      expect(await store.due(at(400))).toEqual([]);
      await store.put(approveException(wish, ben, NOON));
      const due = (days: number, before: number) => ({ exceptionId: wish.id, at: at(days), days: before });
      expect(await store.due(at(2))).toEqual([]);
      // Fourteen days before its end was before it was approved.
      expect(await store.due(at(3))).toEqual([due(3, 7)]);
      await store.done(due(3, 7));
      await store.done(due(3, 7));
      expect(await store.due(at(400))).toEqual([due(9, 1), due(10, 0)]);
    });

    it('what is stored and is no exception grants nothing, and is said to be none by its id', async () => {
      const { store, spoil } = await make();
      const [one, other] = [requested({ decided }), requested({ decided, policy: 'versioned' })];
      await store.put(one);
      await store.put(other);
      await spoil(one.id);
      expect(await store.concerning('s1')).toEqual([other]);
      await expect(store.get(one.id)).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' });
    });
  });
}
