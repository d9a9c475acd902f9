import { describe, expect } from 'vitest';
import { AppError } from '../../shared/model/errors.ts';
import { tally } from '../../shared/pipeline/outcomes.ts';
import { bundleHash } from '../../shared/policy/bundle.ts';
import { count, drill } from '../support/drill.ts';
import { makeService } from '../support/service.ts';
import { bundle, change, type Doc } from '../support/world.ts';

const good = (n: number): Doc => ({
  type: 'Test::Store',
  id: `good-${n}`,
  at: 1 + n,
  body: { open: n % 2 === 0, versioned: true },
});
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('poison', () => {
  drill(
    {
      id: 'poisoned-change',
      done: 'Between 500 good changes lie messages that are no JSON, no change, of an unknown version, from the future, nested 100,000 deep, and documents whose form cannot read them',
      holds:
        'every good change is judged, every poisoned one is in the quarantine or counted as failed and among the dead letters, none is judged',
    },
    async () => {
      const service = makeService();
      await service.activate(bundle());
      let ids = 0;
      const spoiled = (more: object): string =>
        JSON.stringify({ ...change(good(0)), changeId: String(ids++).padStart(32, 'f'), ...more });
      const poison = [
        '{"type":',
        'null',
        JSON.stringify({ hello: 'world' }),
        spoiled({ version: 2 }),
        JSON.stringify(change({ ...good(0), id: 'future', orderKey: '2099-01-01T00:00:00.000Z' })),
        JSON.stringify(change({ ...good(0), id: 'keyless', orderKey: '' })),
        nested(100_000),
        spoiled({ content: { is: 'document', form: 'no-such-form', document: {} } }),
        spoiled({ content: { is: 'document', form: 'test', document: null } }),
        spoiled({ content: { is: 'packed', form: 'test', gzip: 'AAAA' } }),
      ];
      const all = Array.from({ length: 500 }, (_, n) => good(n));
      for (const [n, doc] of all.entries()) {
        if (n % 50 === 0) service.put(poison[n / 50] ?? '');
        service.put(JSON.stringify(change(doc)));
      }
      await service.settle();
      const judged = service.resources.all().map(({ id }) => id);
      expect(judged.filter((id) => !id.startsWith('good-'))).toEqual([]);
      expect(judged).toHaveLength(all.length);
      expect(tally(service.outcomes).judged).toBe(all.length);
      expect(service.quarantine.kept.size + service.dead.length).toBe(poison.length);
      for (const kept of service.quarantine.kept.values()) expect(kept.reason).not.toBe('');
      return `${all.length} judged; of ${poison.length} poisoned ${service.quarantine.kept.size} quarantined with a reason, ${service.dead.length} dead letters`;
    },
  );

  drill(
    {
      id: 'poisoned-bundle',
      done: 'A bundle is activated whose module is not what its hash says; changes go on arriving, at processes that were there and at processes that start then; at last a good one is activated',
      holds:
        'the last good bundle stays in force, nothing is judged by the bad one and nothing waits; the good one takes over everything',
    },
    async () => {
      const service = makeService({ policies: ['not-public'] });
      await service.activate(bundle(['not-public']));
      // One evaluator is there before, all others start later.
      service.put(JSON.stringify(change(good(100))));
      await service.settle();
      const bad = bundle(['versioned']);
      // It is spoiled in the store, where an evaluator would read it.
      await service.policies.putBundle(bad);
      await service.activate(bad);
      service.policies.corrupt(bundleHash(bad.manifest));
      for (let n = 0; n < 100; n++) {
        if (n % 20 === 0) service.restart();
        service.put(JSON.stringify(change(good(n))));
        await service.settle();
      }
      expect(service.dead).toEqual([]);
      const judgedBy = (): ReadonlySet<number> => new Set(service.resources.all().map((r) => r.judgedBy.activation));
      const before = judgedBy();
      await service.activate(bundle(['not-public', 'versioned']));
      await service.settle();
      expect([...before]).toEqual([1]);
      expect([...judgedBy()]).toEqual([3]);
      expect(await service.verdict('good-0', 'not-public')).toBe('violation');
      expect(await service.verdict('good-0', 'versioned')).toBe('compliant');
      return `100 changes judged under activation ${[...before].join()} while activation 2 could not be loaded, all re-judged under 3`;
    },
  );

  drill(
    {
      id: 'poisoned-slack',
      done: 'Slack refuses every message, then one in three, then none, while 200 resources change',
      holds:
        'judging, findings and events do not wait for it; each failure is seen; every event is told once in the end, and nothing becomes a dead letter',
    },
    async () => {
      const service = makeService();
      await service.activate(bundle(['not-public']));
      let calls = 0;
      let until = 40;
      service.slack.fail = () => {
        calls += 1;
        if (calls <= until || (calls < until + 60 && calls % 3 === 0))
          return new AppError(calls % 2 === 0 ? 'UPSTREAM_UNAVAILABLE' : 'UPSTREAM_THROTTLED', 'Slack says no');
        return undefined;
      };
      for (let n = 0; n < 200; n++) service.put(JSON.stringify(change(good(n))));
      await service.settle();
      until = 0;
      const open = service.findings.all().filter((f) => f.status === 'open');
      expect(open).toHaveLength(100);
      expect(service.told.size).toBe(service.bus.events.length);
      expect(service.dead).toEqual([]);
      expect(service.failures.length).toBeGreaterThan(40);
      return `${open.length} findings open at once; ${count(service.failures.length)} refusals seen; ${service.told.size} events told, in ${service.slack.sent.length} messages`;
    },
  );
});
