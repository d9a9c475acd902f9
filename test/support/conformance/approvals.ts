import { describe, expect, it } from 'vitest';
import type { Approval, Identity } from '../../../shared/model/approval.ts';
import type { ApprovalStore } from '../../../shared/ports/approvals.ts';
import { policyVersion } from '../approvals.ts';

const ann: Identity = { who: 'ann@example.com', established: 'declared' };
const ben: Identity = { who: 'arn:aws:iam::111122223333:user/ben', established: 'sts' };
const record = (policy: string, salt: string, more: Partial<Approval> = {}): Approval => ({
  version: policyVersion(policy, salt),
  author: ann,
  requestedAt: '2026-11-25T12:00:00.000Z',
  decisions: [],
  revision: 1,
  ...more,
});

/** What every ApprovalStore holds. `make` gives an empty one, and another over the same content. */
export function approvalStoreSuite(title: string, make: () => Promise<readonly [ApprovalStore, ApprovalStore]>): void {
  describe(`${title}: ApprovalStore`, () => {
    it('gives back each version of each policy as it was written, in order', async () => {
      const [store, same] = await make();
      expect(await store.list()).toEqual([]);
      expect(await store.read('store.a', policyVersion('store.a').hash)).toBeUndefined();
      const later = record('store.a', 'x', { requestedAt: '2026-11-25T13:00:00.000Z' });
      const first = record('store.a', 'y', {
        authored: {
          checks: [{ name: 'paraphrases', passed: false, says: '4 of 5' }],
          judging: { by: 'person', shown: 18, corrected: 1, skipped: 2, questions: 3 },
        },
        together: [{ policy: 'store.b', hash: policyVersion('store.b').hash }],
      });
      const longer = record('store.a-b', 'z');
      for (const a of [later, longer, first]) expect(await store.write(a)).toBe(true);
      const decided: Approval = {
        ...first,
        decisions: [
          { is: 'approved', by: ben, at: '2026-11-25T12:30:00.000Z' },
          { is: 'rejected', by: ann, at: '2026-11-25T12:31:00.000Z', because: 'it is "too" broad: §3' },
        ],
        revision: 2,
      };
      expect(await store.write(decided)).toBe(true);
      expect(await same.read('store.a', first.version.hash)).toEqual(decided);
      expect(await same.list('store.a')).toEqual([decided, later]);
      expect(await same.list()).toEqual([decided, later, longer]);
    });

    it('lets one of several writers win, and changes nothing for the others', async () => {
      const [store, same] = await make();
      const people = ['cy', 'di', 'ed', 'flo'].map((who): Identity => ({ who, established: 'declared' }));
      const asked = await Promise.all(
        people.map((author, i) => (i % 2 ? store : same).write(record('store.a', 'x', { author }))),
      );
      expect(asked.filter(Boolean)).toHaveLength(1);
      const [there] = await store.list();
      expect(there?.author).toEqual(people[asked.indexOf(true)]);
      const base = record('store.a', 'x', there === undefined ? {} : { author: there.author });
      const decided = await Promise.all(
        people.map((by, i) =>
          (i % 2 ? store : same).write({
            ...base,
            decisions: [{ is: 'approved', by, at: '2026-11-25T12:30:00.000Z' }],
            revision: 2,
          }),
        ),
      );
      expect(decided.filter(Boolean)).toHaveLength(1);
      expect((await store.list())[0]?.decisions[0]?.by).toEqual(people[decided.indexOf(true)]);
    });

    it('writes no revision that does not follow the stored one', async () => {
      const [store] = await make();
      expect(await store.write(record('store.a', 'x', { revision: 2 }))).toBe(false);
      expect(await store.list()).toEqual([]);
      await store.write(record('store.a', 'x'));
      expect(await store.write(record('store.a', 'x', { revision: 3 }))).toBe(false);
      expect(await store.write(record('store.a', 'x'))).toBe(false);
      expect((await store.list())[0]?.revision).toBe(1);
    });
  });
}
