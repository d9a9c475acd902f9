import { describe, expect } from 'vitest';
import { tally } from '../../shared/pipeline/outcomes.ts';
import { count, drill, times } from '../support/drill.ts';
import { numbers } from '../support/numbers.ts';
import { makeService } from '../support/service.ts';
import { bundle, change, type Doc, t } from '../support/world.ts';

/** Versions of one store, ten to a second: open and closed by turns. */
const versions = (n: number): readonly Doc[] =>
  Array.from({ length: n }, (_, i) => ({
    type: 'Test::Store',
    id: 's1',
    at: 1 + i,
    orderKey: t(1 + i / 1000),
    body: { open: i % 2 === 0, versioned: true },
  }));

describe('storms', () => {
  drill(
    {
      id: 'redelivery',
      done: 'Each of 300 changes to 60 resources is delivered 20 times, in any order, while the first deliveries are being worked on',
      holds: 'the items are those of one delivery, nothing is published twice, and no repeat writes an item',
    },
    async () => {
      const next = numbers(7);
      const docs: readonly Doc[] = Array.from({ length: 300 }, (_, i) => ({
        type: 'Test::Store',
        id: `s${i % 60}`,
        at: 1 + i,
        body: { open: next() % 2 === 0, versioned: next() % 3 === 0 },
      }));
      const once = makeService();
      await once.activate(bundle());
      for (const doc of docs) once.put(JSON.stringify(change(doc)));
      await once.settle();

      const storm = makeService({ pick: next });
      await storm.activate(bundle());
      const deliveries = docs.flatMap((doc) => Array.from({ length: 20 }, () => JSON.stringify(change(doc))));
      for (const body of deliveries) storm.put(body);
      await storm.settle();
      expect(storm.end()).toBe(once.end());
      expect(storm.open()).toBe(once.open());
      expect(new Set(storm.bus.events.map((e) => e.id)).size).toBe(storm.bus.events.length);
      const commits = storm.commits();
      expect(commits).toBeLessThanOrEqual(docs.length);
      const events = storm.bus.events.length;
      for (const body of deliveries) storm.put(body);
      await storm.settle();
      expect([storm.commits(), storm.bus.events.length, storm.end()]).toEqual([commits, events, once.end()]);
      return `${count(2 * deliveries.length)} deliveries of ${docs.length} changes: ${commits} writes, ${events} events, none of them after the first round`;
    },
  );

  drill(
    {
      id: 'one-resource',
      done: 'Ten thousand changes to one resource arrive as one queue, each a version that opens or closes it; then again shuffled',
      holds:
        'at most one write for each batch of ten; in order, every version is judged and every crossing is a transition; shuffled, every version is judged or older than one that was; the last version stands',
    },
    async () => {
      const docs = versions(times(10_000, 10_000));
      const run = async (pick?: () => number) => {
        const service = makeService({ policies: ['not-public'], ...(pick === undefined ? {} : { pick }) });
        await service.activate(bundle(['not-public']));
        for (const doc of docs) service.put(JSON.stringify(change(doc)));
        await service.settle();
        const counts = tally(service.outcomes);
        const [finding] = service.findings.all();
        const history = finding === undefined ? [] : await service.findings.history(finding.id);
        return { service, counts, transitions: history.length };
      };
      const inOrder = await run();
      expect(inOrder.counts).toMatchObject({ judged: docs.length, failed: 0 });
      // Open with the first, closed with the second, …: every version is a crossing.
      expect(inOrder.transitions).toBe(docs.length);
      expect(inOrder.service.commits()).toBeLessThanOrEqual(docs.length / 10);
      const shuffled = await run(numbers(11));
      expect(shuffled.counts.judged + shuffled.counts.stale).toBe(docs.length);
      expect(shuffled.service.commits()).toBeLessThanOrEqual(docs.length / 10);
      expect(shuffled.service.end()).toBe(inOrder.service.end());
      const [stored] = inOrder.service.resources.all();
      expect(stored?.parts['store']?.orderKey).toBe(docs.at(-1)?.orderKey);
      expect(await inOrder.service.verdict('s1', 'not-public')).toBe('compliant');
      return `in order ${count(docs.length)} versions: ${count(inOrder.service.commits())} writes, ${count(inOrder.transitions)} transitions; shuffled: ${count(shuffled.service.commits())} writes, ${count(shuffled.counts.judged)} judged, ${count(shuffled.counts.stale)} older than what stood`;
    },
  );

  drill(
    {
      id: 'activation-in-a-storm',
      done: 'Eight activations (new bundles, and back) while 2,000 changes to 100 resources are being judged, beside 50 resources that nobody touches',
      holds: 'in the end everything is judged by the last activation, as if it had been the only one; nothing is lost',
    },
    async () => {
      const next = numbers(3);
      const docs: readonly Doc[] = Array.from({ length: 2000 }, (_, i) => ({
        type: 'Test::Store',
        id: `s${i % 100}`,
        at: 1 + i,
        body: { open: next() % 2 === 0, versioned: next() % 2 === 0 },
        tags: next() % 2 === 0 ? { env: 'prod' } : {},
      }));
      const untouched = docs.slice(0, 50).map((doc, i): Doc => ({ ...doc, id: `untouched-${i}` }));
      const storm = makeService({ pick: next });
      const bundles = [bundle(), bundle(['versioned']), bundle(['not-public', 'versioned']), bundle()];
      await storm.activate(bundles[0]);
      for (const doc of untouched) storm.put(JSON.stringify(change(doc)));
      await storm.settle();
      for (const doc of docs) storm.put(JSON.stringify(change(doc)));
      for (let n = 1; n < 9; n++) {
        for (let steps = 0; steps < 15; steps++) await storm.step();
        await storm.activate(bundles[n % bundles.length]);
      }
      expect(storm.queues.changes.length).toBeGreaterThan(0);
      await storm.settle();

      const calm = makeService();
      await calm.activate(bundles[0]);
      for (const doc of [...untouched, ...docs]) calm.put(JSON.stringify(change(doc)));
      await calm.settle();
      const verdictsOf = (service: typeof calm): readonly unknown[] =>
        service.resources
          .all()
          .map(({ id, facts, verdicts }) => ({
            id,
            facts,
            verdicts: Object.entries(verdicts)
              .map(([policy, v]) => `${policy} ${v.verdict}`)
              .sort(),
          }))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(verdictsOf(storm)).toEqual(verdictsOf(calm));
      expect(storm.resources.all().map((r) => r.judgedBy.activation)).toEqual(Array.from({ length: 150 }, () => 9));
      expect(storm.open()).toBe(calm.open());
      const counts = tally(storm.outcomes);
      expect(counts.judged + counts.stale).toBe(untouched.length + docs.length);
      return `9 activations, ${count(docs.length)} changes, ${count(storm.commits())} writes: all 150 resources judged by the ninth, none lost`;
    },
  );
});
