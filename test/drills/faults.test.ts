import { describe, expect } from 'vitest';
import { AppError } from '../../shared/model/errors.ts';
import { instant } from '../../shared/model/change.ts';
import { tally } from '../../shared/pipeline/outcomes.ts';
import { count, drill } from '../support/drill.ts';
import { wrapWith } from '../support/interference.ts';
import { numbers } from '../support/numbers.ts';
import { makeService } from '../support/service.ts';
import { bundle, change, type Doc, NOON } from '../support/world.ts';

const docs: readonly Doc[] = Array.from({ length: 300 }, (_, i) => ({
  type: 'Test::Store',
  id: `s${i % 50}`,
  at: 1 + i,
  body: { open: i % 3 === 0, versioned: i % 2 === 0 },
  tags: i % 5 === 0 ? { env: 'prod' } : {},
}));

describe('faults', () => {
  drill(
    {
      id: 'store-throttling',
      done: 'Of the calls of evaluate and project to stores, queues and the bus one in seven is refused, of those of re-judge and the notifier (where one refusal fails a whole job or batch) one in fifty (throttled or unavailable), half of them after it had its effect, while 300 changes to 50 resources and an activation go through',
      holds:
        'the items and open findings are those of a calm run; no verdict is `error`; nothing is lost and nothing becomes a dead letter',
    },
    async () => {
      let calls = 0;
      let refused = 0;
      const next = numbers(5);
      const flaky = (every: number) =>
        wrapWith(async (_name, act) => {
          calls += 1;
          if (next() % every !== 0) return act();
          refused += 1;
          if (refused % 2 === 0) await act();
          throw new AppError(refused % 3 === 0 ? 'UPSTREAM_THROTTLED' : 'STORE_UNAVAILABLE', 'slow down');
        });
      const run = async (throttled: boolean) => {
        const service = makeService({
          start: (name) => ({
            wrap: throttled ? flaky(name === 'evaluate' || name === 'project' ? 7 : 50) : (port) => port,
            isDead: () => false,
          }),
        });
        await service.activate(bundle(['not-public', 'versioned']));
        for (const doc of docs) service.put(JSON.stringify(change(doc)));
        for (let n = 0; n < 10; n++) await service.step();
        await service.activate(bundle());
        await service.settle();
        // What could not be told, and what was claimed when the refusal came, comes again after its lease.
        service.clock.advance(301_000);
        await service.settle();
        return service;
      };
      const calm = await run(false);
      const throttled = await run(true);
      expect(refused).toBeGreaterThan(100);
      expect(throttled.end()).toBe(calm.end());
      expect(throttled.open()).toBe(calm.open());
      expect(throttled.dead).toEqual([]);
      const verdicts = throttled.resources.all().flatMap((r) => Object.values(r.verdicts).map((v) => v.verdict));
      expect(verdicts).not.toContain('error');
      const counts = tally(throttled.outcomes.filter((o) => o.outcome !== 'failed'));
      expect(counts.judged + counts.stale).toBe(docs.length);
      return `${count(refused)} of ${count(calls)} calls refused: the same end, 0 dead letters, ${count(throttled.failures.length)} failures seen`;
    },
  );

  drill(
    {
      id: 'clock-skew',
      done: 'The clocks of two sources differ by up to five minutes; then documents come that are late by days, by 44 days after a deletion, and from the future by six minutes up to a century',
      holds:
        'the version alone decides what stands; late news never brings back what was overtaken or deleted; what is more than five minutes ahead is quarantined and never judged',
    },
    async () => {
      const service = makeService({ policies: ['not-public'] });
      await service.activate(bundle(['not-public']));
      const at = (ms: number): string => instant(NOON + ms);
      const tell = async (id: string, ms: number, body: object, more: Partial<Doc> = {}): Promise<void> => {
        service.put(
          JSON.stringify(
            change({ type: 'Test::Store', id, at: ms / 1000, orderKey: at(ms), body: { ...body }, ...more }),
          ),
        );
        await service.settle();
      };
      let late = 0;
      // Two sources, one ahead and one behind, tell of one resource in turns.
      for (let skew = -300; skew <= 300; skew += 20) {
        const id = `skew-${skew}`;
        await tell(id, skew * 1000, { open: false });
        await tell(id, Math.min(skew * 1000, 0) - 1000, { open: true });
        expect(await service.verdict(id, 'not-public'), id).toBe('compliant');
        late += 1;
      }
      for (const days of [1, 7, 30, 44]) {
        const id = `late-${days}`;
        await tell(id, 0, { open: false });
        await tell(id, -days * 86_400_000, { open: true });
        expect(await service.verdict(id, 'not-public'), id).toBe('compliant');
        const gone = `gone-${days}`;
        await tell(gone, 0, {}, { deleted: true });
        await tell(gone, -days * 86_400_000, { open: true });
        expect((await service.resources.read(gone))?.deleted, gone).toBe(true);
        late += 2;
      }
      const before = service.quarantine.kept.size;
      const future = [6, 60, 1440, 525_600, 52_560_000].map((minutes) => minutes * 60_000);
      for (const [i, ms] of future.entries()) await tell(`future-${i}`, ms, { open: true });
      expect(before).toBe(0);
      expect(service.quarantine.kept.size).toBe(future.length);
      expect(service.resources.all().filter(({ id }) => id.startsWith('future-'))).toEqual([]);
      expect(service.findings.all()).toEqual([]);
      return `${late} late documents changed nothing, ${future.length} from the future are in the quarantine, 31 skews within five minutes were believed`;
    },
  );
});
