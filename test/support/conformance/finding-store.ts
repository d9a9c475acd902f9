import { describe, expect, it } from 'vitest';
import { type Finding, findingId } from '../../../shared/model/finding.ts';
import type { Transition } from '../../../shared/model/resource.ts';
import type { Verdict } from '../../../shared/model/verdict.ts';
import { applyTransition } from '../../../shared/pipeline/publish.ts';
import type { FindingQueries, FindingStore } from '../../../shared/ports/finding-store.ts';

const hour = (h: number): string => `2026-11-25T${String(h).padStart(2, '0')}:00:00.000Z`;

export function transition(
  revision: number,
  from: Verdict | null,
  to: Verdict | null,
  more: Partial<Transition> = {},
): Transition {
  return {
    is: 'transition',
    revision,
    n: 0,
    policy: 'store.not-public',
    title: 'not public',
    severity: 'critical',
    from,
    to,
    ...(to === 'compliant' ? { resolution: 'fixed' as const } : {}),
    cause: { is: 'change', changeId: 'c', source: 'aws.config' },
    trueAt: hour(revision),
    knownAt: hour(revision),
    clauses: [],
    facts: [{ fact: 'public_read', after: { state: 'known', value: true, at: '/open' } }],
    ...more,
  };
}

type Store = FindingStore & FindingQueries;

/** What every store of findings holds. Tests use accounts of their own. */
export function findingStoreSuite(title: string, make: () => Store): void {
  let n = 0;
  const fresh = (): string => `${title}-${(n += 1)}`;

  /** Writes a history and returns the finding. */
  const write = async (
    store: Store,
    resource: string,
    transitions: readonly Transition[],
    head: Partial<Finding['resource']> = {},
  ): Promise<Finding> => {
    let finding: Finding | undefined;
    for (const t of transitions) {
      const id = findingId(t.policy, resource);
      finding = applyTransition(
        finding,
        id,
        { id: resource, mapping: 'aws/test-store', cloud: 'aws', kind: 'store', nativeType: 'Test::Store', ...head },
        t,
      );
      await store.write(finding, t);
    }
    if (finding === undefined) throw new Error('no transition was given');
    return finding;
  };
  const listAll = async (store: Store, filter: Parameters<Store['list']>[0], limit = 100): Promise<Finding[]> => {
    const all: Finding[] = [];
    let next: string | undefined;
    do {
      const page = await store.list(filter, { limit, ...(next === undefined ? {} : { next }) });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      all.push(...page.items);
      next = page.next;
    } while (next !== undefined);
    return all;
  };

  describe(`${title}: FindingStore and FindingQueries`, () => {
    it('gives back the finding and its history', async () => {
      const store = make();
      const resource = fresh();
      const head = { account: 'a', region: 'r', name: 'n', environment: 'production', owner: 'o' };
      const history = [transition(1, null, 'violation'), transition(2, 'violation', 'compliant')];
      const finding = await write(store, resource, history, head);
      expect(await store.read(finding.id)).toEqual(finding);
      expect(await store.find(finding.id)).toEqual(finding);
      expect(await store.history(finding.id)).toEqual(history);
      expect(finding).toMatchObject({
        status: 'resolved',
        resolution: 'fixed',
        openings: 1,
        since: { trueAt: hour(2) },
      });
      expect(await store.find('nothing')).toBeUndefined();
      expect(await store.history('nothing')).toEqual([]);
    });

    it('does not go back when an older transition is written again', async () => {
      const store = make();
      const resource = fresh();
      const [first, second] = [transition(1, null, 'violation'), transition(2, 'violation', 'compliant')];
      const opened = await write(store, resource, [first]);
      const finding = await write(store, resource, [first, second]);
      await store.write(opened, first);
      expect(await store.read(finding.id)).toEqual(finding);
      expect(await store.history(finding.id)).toEqual([first, second]);
    });

    it('orders transitions of one commit by their number', async () => {
      const store = make();
      const finding = await write(store, fresh(), [
        transition(9, null, 'violation', { n: 0 }),
        transition(9, 'violation', 'compliant', { n: 1 }),
        transition(10, 'compliant', 'violation', { n: 0 }),
      ]);
      expect((await store.history(finding.id)).map((t) => [t.revision, t.n])).toEqual([
        [9, 0],
        [9, 1],
        [10, 0],
      ]);
      expect(finding.openings).toBe(2);
    });

    it('lists by every filter, open first and worst first, page by page', async () => {
      const store = make();
      const account = fresh();
      const severities = ['low', 'critical', 'medium'] as const;
      const open: Finding[] = [];
      for (const [i, severity] of severities.entries())
        open.push(
          await write(store, `${account}/${i}`, [transition(i + 1, null, 'violation', { severity })], {
            account,
            owner: `${account}-team-${i % 2}`,
            cloud: i === 0 ? 'gcp' : 'aws',
          }),
        );
      const policy = `store.${account}`;
      const resolved = await write(
        store,
        `${account}/3`,
        [
          transition(1, null, 'unknown', { policy, severity: 'critical', baseline: `${account}-sweep` }),
          transition(2, 'unknown', 'compliant', { policy, severity: 'critical', baseline: `${account}-sweep` }),
        ],
        { account },
      );
      const [low, critical, medium] = open.map((f) => f.id);
      const idsOf = async (filter: Parameters<Store['list']>[0], limit?: number) =>
        (await listAll(store, filter, limit)).map((f) => f.id);

      for (const limit of [1, 2, 100])
        expect(await idsOf({ account }, limit)).toEqual([critical, medium, low, resolved.id]);
      expect(await idsOf({ account, status: 'open' }, 2)).toEqual([critical, medium, low]);
      expect(await idsOf({ account, severity: ['critical'] })).toEqual([critical, resolved.id]);
      expect(await idsOf({ account, severity: ['critical'], status: 'resolved' })).toEqual([resolved.id]);
      expect(await idsOf({ account, severity: ['low', 'medium'] })).toEqual([medium, low]);
      expect(await idsOf({ account, cloud: 'gcp' })).toEqual([low]);
      expect(await idsOf({ account, verdict: ['compliant'] })).toEqual([resolved.id]);
      expect(await idsOf({ policy })).toEqual([resolved.id]);
      expect(await idsOf({ resource: `${account}/1` })).toEqual([critical]);
      expect(await idsOf({ owner: `${account}-team-0` })).toEqual([medium, low]);
      expect(await idsOf({ account, since: hour(2) })).toEqual([critical, medium, resolved.id]);
      expect(await idsOf({ baseline: `${account}-sweep` })).toEqual([resolved.id]);
      expect(await idsOf({ account: 'nobody' })).toEqual([]);
      // Without any narrowing filter everything is listed, once.
      const all = await idsOf({}, 3);
      for (const f of [...open, resolved]) expect(all.filter((id) => id === f.id)).toHaveLength(1);
    });

    it('leaves nothing out and repeats nothing where pages end within what was read', async () => {
      const store = make();
      const account = fresh();
      const severities = ['critical', 'high', 'medium', 'low'] as const;
      const wanted: string[] = [];
      for (let i = 0; i < 40; i++) {
        const cloud = i % 3 === 0 ? 'gcp' : 'aws';
        const severity = severities[Math.floor(i / 10)] ?? 'info';
        const t = transition(1, null, 'violation', { severity, trueAt: `2026-11-25T10:${10 + i}:00.000Z` });
        const { id } = await write(store, `${account}/${i}`, [t], { account, cloud });
        if (cloud === 'gcp' && (severity === 'high' || severity === 'low')) wanted.push(id);
      }
      for (const filter of [{ account }, { account, status: 'open' as const }])
        for (const limit of [1, 2, 3, 5, 100]) {
          const asked = { ...filter, cloud: 'gcp' as const, severity: ['low', 'high'] as const };
          expect((await listAll(store, asked, limit)).map((f) => f.id)).toEqual(wanted);
        }
    });

    it('answers as of an instant, by what is known now or was known then', async () => {
      const store = make();
      const account = fresh();
      const late = transition(3, 'compliant', 'violation', { trueAt: hour(5), knownAt: hour(9) });
      const finding = await write(
        store,
        `${account}/r`,
        [transition(1, null, 'violation'), transition(2, 'violation', 'compliant'), late],
        { account },
      );
      const at = async (asOf: string, knownAt?: string) =>
        (await listAll(store, { account, asOf, ...(knownAt === undefined ? {} : { knownAt }) })).map((f) => [
          f.status,
          f.since.trueAt,
        ]);
      expect(await at(hour(0))).toEqual([]);
      expect(await at(hour(1))).toEqual([['open', hour(1)]]);
      expect(await at(hour(4))).toEqual([['resolved', hour(2)]]);
      expect(await at(hour(6))).toEqual([['open', hour(5)]]);
      expect(await at(hour(6), hour(8))).toEqual([['resolved', hour(2)]]);
      expect((await listAll(store, { account, asOf: hour(4), status: 'resolved' })).map((f) => f.id)).toEqual([
        finding.id,
      ]);
      expect(await listAll(store, { account, asOf: hour(4), status: 'open' })).toEqual([]);
    });

    it('refuses a page token that was never given', async () => {
      await expect(make().list({}, { next: '!' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    });
  });
}
