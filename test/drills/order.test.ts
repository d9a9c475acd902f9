import * as fc from 'fast-check';
import { describe, expect } from 'vitest';
import { canonicalState } from '../../shared/model/resource.ts';
import { count, drill, times } from '../support/drill.ts';
import { type Arrival, arrivalArb, historyArb } from '../support/histories.ts';
import { change, makeWorld } from '../support/world.ts';

/** Lets a history arrive, and everything that follows from it happen; what stands in the end. */
async function arrive({ batches, drains }: Arrival): Promise<string> {
  const world = makeWorld();
  await world.activate();
  for (const [i, batch] of batches.entries()) {
    await world.deliver(...batch);
    if (drains[i] === true) await world.drain();
  }
  await world.drain();
  return world.resources.all().map(canonicalState).sort().join('\n');
}

describe('order', () => {
  drill(
    {
      id: 'order',
      done: 'Generated histories of up to 14 documents about stores, their satellites and what they depend on arrive shuffled, in part twice, in batches, with the stream read now or later',
      holds: 'each ends byte for byte in the items of the same history told at once',
    },
    async () => {
      const runs = times(10_000, 100_000);
      let histories = 0;
      let documents = 0;
      let repeated = 0;
      let moved = 0;
      await fc.assert(
        fc.asyncProperty(
          historyArb.chain((h) => fc.tuple(fc.constant(h), arrivalArb(h))),
          async ([history, arrival]) => {
            const atOnce = await arrive({ batches: [history.map((doc) => change(doc))], drains: [] });
            expect(await arrive(arrival)).toBe(atOnce);
            const arrived = arrival.batches.flat();
            const ids = history.map((doc) => change(doc).changeId);
            histories += 1;
            documents += arrived.length;
            repeated += arrived.length - new Set(ids).size;
            const order = new Set(arrived.map((c) => c.changeId));
            if ([...order].join() !== [...new Set(ids)].join()) moved += 1;
          },
        ),
        { numRuns: runs },
      );
      expect(histories).toBe(runs);
      expect(moved).toBeGreaterThan(runs / 2);
      return `${count(histories)} histories, ${count(documents)} deliveries, ${count(repeated)} of them repeats, ${count(moved)} histories in another order: all byte-identical`;
    },
  );
});
