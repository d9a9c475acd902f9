import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../../shared/adapters/anthropic/recorded.ts';
import { type AuthoringAsked, type AuthoringJobs, LEASE_MS } from '../../../shared/adapters/service/authoring-jobs.ts';
import { callOf } from '../scripted-author.ts';

interface Outcome {
  readonly is: string;
  readonly text?: string;
}
const asked = (id: string, more: Partial<AuthoringAsked> = {}): AuthoringAsked => ({
  id,
  intent: 'Databases keep backups',
  requestedBy: 'ann@example.com',
  requestedAt: '2026-11-25T12:00:00.000Z',
  bundle: null,
  ...more,
});
const call = callOf({ role: 'author', purpose: 'formalise' });
const told = (key: string, value: unknown): LogLine => ({ by: 'model', key, says: { is: 'answered', value, call } });
const said = (key: string, says: 'violation' | 'fine'): LogLine => ({ by: 'person', key, says });

/** What every AuthoringJobs holds. `make` gives an empty one, and another over the same content, under a clock. */
export function authoringJobsSuite(
  title: string,
  make: (nowMs: () => number) => Promise<readonly [AuthoringJobs<Outcome>, AuthoringJobs<Outcome>]>,
): void {
  describe(`${title}: AuthoringJobs`, () => {
    const started = Date.parse('2026-11-25T12:00:00Z');

    it('keeps what is asked once: whoever asks again gets what is there', async () => {
      const [jobs, same] = await make(() => started);
      expect(await jobs.read('a')).toBeUndefined();
      expect(await jobs.claim('a')).toBeUndefined();
      const first = asked('a', { kinds: ['sql_database'], bundle: 'b'.repeat(64) });
      expect(await jobs.create(first)).toEqual({ asked: first, state: 'running', revision: 0 });
      const again = await same.create(asked('a', { intent: 'Something else' }));
      expect(again).toEqual({ asked: first, state: 'running', revision: 0 });
      expect(await same.read('a')).toEqual(again);
      expect(await same.read('b')).toBeUndefined();
    });

    it('lists the newest first, so many', async () => {
      const [jobs, same] = await make(() => started);
      expect(await jobs.list(10)).toEqual([]);
      for (const [id, hour] of [
        ['b', 13],
        ['c', 15],
        ['a', 14],
      ] as const)
        await jobs.create(asked(id, { requestedAt: `2026-11-25T${hour}:00:00.000Z` }));
      await jobs.create(asked('c', { requestedAt: '2026-11-25T11:00:00.000Z' }));
      expect((await same.list(10)).map((j) => j.asked.id)).toEqual(['c', 'a', 'b']);
      expect((await same.list(2)).map((j) => [j.asked.id, j.state])).toEqual([
        ['c', 'running'],
        ['a', 'running'],
      ]);
    });

    it('is worked on by one of many, until that one gives it back', async () => {
      const [jobs, same] = await make(() => started);
      await jobs.create(asked('a'));
      const claims = await Promise.all([1, 2, 3, 4].map((n) => (n % 2 ? jobs : same).claim('a')));
      const [mine, ...others] = claims.filter((c) => c !== undefined);
      expect(others).toEqual([]);
      if (mine === undefined) throw new Error('nobody has it');
      expect(mine).toEqual({ asked: asked('a'), state: 'running', revision: 1 });
      await jobs.settle(mine, { state: 'waiting', outcome: { is: 'waiting' } });
      expect(await same.read('a')).toMatchObject({ state: 'waiting', outcome: { is: 'waiting' } });
      const next = await same.claim('a');
      // What came of it last is still there while it runs.
      expect(next).toMatchObject({ state: 'running', revision: 2, outcome: { is: 'waiting' } });
      if (next === undefined) throw new Error('it was not given back');
      await same.settle(next);
      expect(await jobs.read('a')).toMatchObject({ state: 'running', outcome: { is: 'waiting' } });
      expect(await jobs.claim('a')).toMatchObject({ revision: 3 });
    });

    it('is taken from whoever does not come back, who then changes nothing', async () => {
      let now = started;
      const [jobs, same] = await make(() => now);
      await jobs.create(asked('a'));
      const lost = await jobs.claim('a');
      now += LEASE_MS;
      expect(await same.claim('a')).toBeUndefined();
      now += 1;
      const taken = await same.claim('a');
      if (lost === undefined || taken === undefined) throw new Error('nobody has it');
      await expect(jobs.settle(lost, { state: 'drafted', outcome: { is: 'drafted' } })).rejects.toMatchObject({
        code: 'STORE_STALE',
      });
      await expect(jobs.settle(lost)).rejects.toMatchObject({ code: 'STORE_STALE' });
      expect(await jobs.claim('a')).toBeUndefined();
      await same.settle(taken, { state: 'refused', outcome: { is: 'refused' } });
      expect(await jobs.read('a')).toMatchObject({ state: 'refused', revision: 2 });
    });

    it('keeps the first answer to each asking, with the record of its call', async () => {
      const [jobs, same] = await make(() => started);
      await jobs.create(asked('a'));
      const [one, two] = [told('k', { n: 1 }), told('k', { n: 2 })];
      expect(await jobs.append('a', one, 0)).toBe(true);
      expect(await same.append('a', two, 0)).toBe(false);
      expect(await same.append('a', two, 1)).toBe(true);
      expect(await jobs.append('a', said('k', 'fine'), 0, 'ann@example.com')).toBe(true);
      expect(await same.append('a', said('k', 'violation'), 0, 'ben@example.com')).toBe(false);
      await jobs.audit('a', { ...call, outcome: 'timeout', usage: { ...call.usage, cost: null } });
      const lines = await same.lines('a');
      expect(lines.filter((l) => l.by === 'model')).toEqual([one, two]);
      expect(lines.filter((l) => l.by === 'person')).toEqual([said('k', 'fine')]);
      const calls = await same.calls('a');
      const at = '2026-11-25T12:00:00.000Z';
      expect(calls).toHaveLength(3);
      expect(calls).toContainEqual({ ...call, at });
      expect(calls).toContainEqual({ ...call, outcome: 'timeout', usage: { ...call.usage, cost: null }, at });
      expect([await jobs.lines('b'), await jobs.calls('b')]).toEqual([[], []]);
    });

    it('gives back every answer and file of many, and an outcome of hundreds of kilobytes', async () => {
      const [jobs, same] = await make(() => started);
      await jobs.create(asked('a'));
      const keys = Array.from({ length: 12 }, (_, i) => i.toString(16).padStart(64, '0'));
      const text = 'öffentlich "erreichbar"\n'.repeat(8000);
      for (const key of keys) await jobs.append('a', told(key, { text }), 0);
      expect((await same.lines('a')).map((l) => l.key)).toEqual(keys);
      const paths = ['policies/x/policy.yaml', 'policies/x/examples/violation/aws.config-a.json'];
      for (const path of paths) await jobs.putFile('a', path, 'first');
      for (const path of paths) await jobs.putFile('a', path, `${path}\n${text}`);
      const files = await same.files('a');
      expect(files.toSorted((a, b) => b.path.localeCompare(a.path))).toEqual(
        paths.map((path) => ({ path, text: `${path}\n${text}` })),
      );
      const mine = await jobs.claim('a');
      if (mine === undefined) throw new Error('nobody has it');
      await jobs.settle(mine, { state: 'drafted', outcome: { is: 'drafted', text: text.repeat(3) } });
      expect((await same.read('a'))?.outcome).toEqual({ is: 'drafted', text: text.repeat(3) });
    });
  });
}
