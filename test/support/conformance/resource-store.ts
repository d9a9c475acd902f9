import { describe, expect, it } from 'vitest';
import type { FactStates } from '../../../shared/model/fact.ts';
import {
  canonicalState,
  type FanOut,
  type ResourceCommit,
  type ResourceState,
  segmentOf,
  type StoredPart,
} from '../../../shared/model/resource.ts';
import type { ResourceStore } from '../../../shared/ports/resource-store.ts';
import { contentHash } from '../../../shared/model/change.ts';

const NOW = '2026-11-25T12:00:00.000Z';

/** A part with some readings; `size` characters of them. */
export function part(name: string, orderKey: string, size = 20): StoredPart {
  const rest = {
    part: name,
    instance: '',
    dialect: 'aws.config',
    native: 'Test::Store',
    orderKey,
    complete: false,
    creates: false,
    deleted: false,
    readings: { text: { state: 'known', value: 'x'.repeat(size), at: '/text' } },
    changedAt: NOW,
    derivedAt: NOW,
    about: {
      nativeType: 'Test::Store',
      account: '111122223333',
      tags: { state: 'known', value: [], closed: true, at: '' },
    },
  } as const;
  return { ...rest, hash: contentHash(rest) };
}

/** A state of a resource at a revision. */
export function state(id: string, revision: number, more: Partial<ResourceState> = {}): ResourceState {
  return {
    id,
    mapping: 'aws/test-store',
    cloud: 'aws',
    kind: 'store',
    nativeType: 'Test::Store',
    account: '111122223333',
    region: 'eu-central-1',
    name: 'a store',
    owner: 'team-a',
    revision,
    parts: { store: part('store', NOW) },
    deleted: false,
    facts: { public_read: true, tags: [{ key: 'a', value: '' }], ports: { from: 1, to: 2 }, retention: 7 },
    verdicts: {
      'store.not-public': {
        verdict: 'violation',
        since: { trueAt: NOW, knownAt: NOW },
        fingerprint: 'abc',
        flipsAt: 1_800_000_000,
      },
    },
    judgedBy: { activation: 3, bundleSequence: 2, contextSequence: 3, bundle: 'b'.repeat(64) },
    dependsOn: ['block/111122223333'],
    evidence: 'e1',
    pending: [],
    projectedRevision: 0,
    ...more,
  };
}

const evidence: FactStates = { public_read: { state: 'known', value: true, at: '/open' } };
const commit = (s: ResourceState, e: FactStates = evidence): ResourceCommit => ({ state: s, evidence: e });
const fanOut = (revision: number): FanOut => ({ is: 'fan_out', revision, trueAt: NOW });

/** What every ResourceStore holds. `make` gives the store; each test uses resources of its own. */
export function resourceStoreSuite(title: string, make: () => ResourceStore): void {
  let n = 0;
  /** A resource nobody else uses. */
  const fresh = (): string => `arn:aws:test:::${title}/${(n += 1)}`;
  const stateOf = async (store: ResourceStore, id: string): Promise<ResourceState> => {
    const read = await store.read(id);
    if (read === undefined) throw new Error(`nothing is stored for ${id}`);
    return read;
  };
  /** Segments are shared: the pages of one, in which we look for our own. */
  const ids = async (
    list: (next?: string) => Promise<{ items: readonly string[]; next?: string }>,
  ): Promise<string[]> => {
    const all: string[] = [];
    let next: string | undefined;
    do {
      const page = await list(next);
      all.push(...page.items);
      next = page.next;
    } while (next !== undefined);
    return all;
  };

  describe(`${title}: ResourceStore`, () => {
    it('gives back what was committed', async () => {
      const store = make();
      const id = fresh();
      const s = state(id, 1, { bornAfter: NOW, nextFlipAt: 1_800_000_000, environment: 'production' });
      expect(await store.read(id)).toBeUndefined();
      expect(await store.commit(commit(s))).toBe('committed');
      const { storage: _storage, ...read } = await stateOf(store, id);
      expect(read).toEqual(s);
      expect(await store.evidence(s)).toEqual(evidence);
      expect(await store.evidence({ id, evidence: 'another' })).toBeUndefined();
    });

    it('keeps what is undecided and empty apart: no kind, no account, no verdicts, no evidence', async () => {
      const store = make();
      const id = fresh();
      const {
        account: _account,
        owner: _owner,
        name: _name,
        ...rest
      } = state(id, 1, { kind: null, verdicts: {}, facts: {} });
      expect(await store.commit(commit(rest, {}))).toBe('committed');
      const { storage: _storage, ...read } = await stateOf(store, id);
      expect(read).toEqual(rest);
      expect(await store.evidence(rest)).toEqual({});
    });

    it('refuses a commit from an old revision, also the second first one', async () => {
      const store = make();
      const id = fresh();
      expect(await store.commit(commit(state(id, 2)))).toBe('conflict');
      expect(await store.commit(commit(state(id, 1)))).toBe('committed');
      expect(await store.commit(commit(state(id, 1, { name: 'other' })))).toBe('conflict');
      expect(await store.commit(commit(state(id, 3)))).toBe('conflict');
      expect(await store.commit(commit(state(id, 2, { name: 'newer' })))).toBe('committed');
      expect((await stateOf(store, id)).name).toBe('newer');
    });

    it('takes a first commit of any revision, where nothing is stored', async () => {
      const store = make();
      const id = fresh();
      const first = { ...commit(state(id, 1_764_072_000)), after: 0 };
      expect(await store.commit({ ...first, after: 7 })).toBe('conflict');
      expect(await store.commit(first)).toBe('committed');
      expect(await store.commit(first)).toBe('conflict');
      expect(await store.commit(commit(state(id, 1_764_072_001)))).toBe('committed');
    });

    it('lets exactly one of many racing commits win', async () => {
      const store = make();
      const id = fresh();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.commit(commit(state(id, 1, { name: `writer ${i}` })))),
      );
      expect(results.filter((r) => r === 'committed')).toHaveLength(1);
      expect(results.filter((r) => r === 'conflict')).toHaveLength(19);
      const winner = results.indexOf('committed');
      expect((await stateOf(store, id)).name).toBe(`writer ${winner}`);
    });

    it('never goes back to an older activation', async () => {
      const store = make();
      const id = fresh();
      const by = (activation: number): ResourceState['judgedBy'] => ({
        activation,
        bundleSequence: activation,
        contextSequence: 1,
        bundle: 'b',
      });
      await store.commit(commit(state(id, 1, { judgedBy: by(5) })));
      expect(await store.commit(commit(state(id, 2, { judgedBy: by(4) })))).toBe('stale');
      expect(await store.commit(commit(state(id, 2, { judgedBy: by(5) })))).toBe('committed');
      expect(await store.commit(commit(state(id, 3, { judgedBy: by(6) })))).toBe('committed');
    });

    it('keeps large parts and evidence whole, and what did not change is found again', async () => {
      const store = make();
      const id = fresh();
      const large = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${i}`, part(`p${i}`, NOW, 300 + i)]));
      const parts = { store: part('store', NOW, 100_000), ...large };
      const much: FactStates = { text: { state: 'known', value: 'y'.repeat(50_000), at: '/text' } };
      await store.commit(commit(state(id, 1, { parts }), much));
      const first = await stateOf(store, id);
      expect(first.parts).toEqual(parts);

      const changed = { ...parts, store: part('store', NOW, 90_000) };
      expect(await store.commit(commit({ ...first, revision: 2, parts: changed }, much))).toBe('committed');
      const second = await stateOf(store, id);
      expect(second.parts).toEqual(changed);
      expect(await store.evidence(second)).toEqual(much);

      expect(await store.commit(commit({ ...second, revision: 3, parts: { store: part('store', NOW) } }, {}))).toBe(
        'committed',
      );
      expect((await stateOf(store, id)).parts).toEqual({ store: part('store', NOW) });
    });

    it('a lost race leaves the details of the winner alone', async () => {
      const store = make();
      const id = fresh();
      await store.commit(commit(state(id, 1, { parts: { store: part('store', 'a', 5000) } })));
      const base = await stateOf(store, id);
      const next = (text: string, size: number): ResourceCommit =>
        commit(
          { ...base, revision: 2, parts: { store: part('store', text, size) }, evidence: text },
          {
            f: { state: 'known', value: text, at: '' },
          },
        );
      const results = await Promise.all([1, 2, 3, 4, 5, 6].map((i) => store.commit(next(`w${i}`, 5000 + i))));
      const winner = results.indexOf('committed') + 1;
      const read = await stateOf(store, id);
      expect(read.parts['store']?.orderKey).toBe(`w${winner}`);
      expect(read.parts['store']?.readings).toEqual(part('store', '', 5000 + winner).readings);
      expect(await store.evidence(read)).toEqual({ f: { state: 'known', value: `w${winner}`, at: '' } });
    });

    it('marks what was published without touching the revision, and never marks less', async () => {
      const store = make();
      const id = fresh();
      await store.commit(commit(state(id, 1, { pending: [fanOut(1)], pendingSince: 1000 })));
      expect(await store.projectedRevision(id)).toBe(0);
      await store.markProjected(id, 1);
      const read = await stateOf(store, id);
      expect([read.revision, read.projectedRevision, read.pending, read.pendingSince]).toEqual([1, 1, [], undefined]);
      await store.markProjected(id, 1);
      await store.markProjected(id, 0);
      expect(await store.projectedRevision(id)).toBe(1);
      // A commit made from the state before the mark does not undo it.
      expect(await store.commit(commit({ ...read, revision: 2, projectedRevision: 0 }))).toBe('committed');
      expect(await store.projectedRevision(id)).toBe(1);
      expect(await store.projectedRevision(fresh())).toBe(0);
    });

    it('keeps newer pending work when an older revision is marked', async () => {
      const store = make();
      const id = fresh();
      await store.commit(commit(state(id, 1, { pending: [fanOut(1)], pendingSince: 1000 })));
      await store.commit(commit(state(id, 2, { pending: [fanOut(1), fanOut(2)], pendingSince: 1000 })));
      await store.markProjected(id, 1);
      const read = await stateOf(store, id);
      expect([read.projectedRevision, read.pending, read.pendingSince]).toEqual([1, [fanOut(1), fanOut(2)], 1000]);
      await store.markProjected(id, 2);
      expect((await stateOf(store, id)).pending).toEqual([]);
    });

    it('lists dependents, each once', async () => {
      const store = make();
      const [a, b, c] = [fresh(), fresh(), `${fresh()}/${'long/'.repeat(300)}`];
      await store.addDependent(b, [a]);
      await store.addDependent(c, [a, b]);
      await store.addDependent(b, [a]);
      expect((await ids((next) => store.dependents(a, next))).sort()).toEqual([b, c].sort());
      expect(await ids((next) => store.dependents(b, next))).toEqual([c]);
      expect(await ids((next) => store.dependents(c, next))).toEqual([]);
      expect(await store.read(a)).toBeUndefined();
    });

    it('finds what is judged by an older activation, due to flip, and not yet published', async () => {
      const store = make();
      const id = fresh();
      const segment = segmentOf(id);
      await store.commit(commit(state(id, 1, { nextFlipAt: 5000, pending: [fanOut(1)], pendingSince: 7000 })));
      const found = async () => ({
        below3: (await ids((next) => store.belowActivation(segment, 3, next))).includes(id),
        below4: (await ids((next) => store.belowActivation(segment, 4, next))).includes(id),
        due4999: (await ids((next) => store.dueToFlip(segment, 4999, next))).includes(id),
        due5000: (await ids((next) => store.dueToFlip(segment, 5000, next))).includes(id),
        lag7000: (await ids((next) => store.lagging(segment, 7000, next))).includes(id),
        lag7001: (await ids((next) => store.lagging(segment, 7001, next))).includes(id),
      });
      expect(await found()).toEqual({
        below3: false,
        below4: true,
        due4999: false,
        due5000: true,
        lag7000: false,
        lag7001: true,
      });
      // A tombstone is not judged again; without anything pending nothing lags.
      const { nextFlipAt: _flip, pendingSince: _since, ...rest } = await stateOf(store, id);
      await store.commit(commit({ ...rest, revision: 2, deleted: true, pending: [], expiresAt: 9_999_999_999 }));
      expect(Object.values(await found())).toEqual([false, false, false, false, false, false]);
      expect((await stateOf(store, id)).expiresAt).toBe(9_999_999_999);
    });

    it('does not let a caller change what is stored by changing what it gave or got', async () => {
      const store = make();
      const id = fresh();
      const s = state(id, 1);
      await store.commit(commit(s));
      const before = canonicalState(await stateOf(store, id));
      (s.facts as Record<string, unknown>)['public_read'] = false;
      ((await stateOf(store, id)).facts as Record<string, unknown>)['public_read'] = false;
      expect(canonicalState(await stateOf(store, id))).toBe(before);
    });
  });
}
