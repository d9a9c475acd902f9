import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { arrivalArb, historyArb } from '../support/histories.ts';
import { makeWorld, NOON, t } from '../support/world.ts';

const instants = fc.integer({ min: 0, max: 14 }).map((s) => t(s));

it('late news changes what was true and leaves what was known intact, to the last attribute', async () => {
  let changed = 0;
  let late = 0;
  await fc.assert(
    fc.asyncProperty(historyArb.chain(arrivalArb), fc.nat({ max: 10 }), instants, async (arrival, cut, asOf) => {
      const world = makeWorld();
      await world.activate();
      const first = arrival.batches.slice(0, cut);
      const second = arrival.batches.slice(cut);
      for (const batch of first) await world.deliver(...batch);
      await world.drain();
      const knownAt = new Date(NOON).toISOString();
      const known = async () => (await world.findings.list({ asOf, knownAt })).items;
      const truth = async () => (await world.findings.list({ asOf })).items;
      const [before, believed] = [await known(), await truth()];
      // By what is known now, and nothing else is: the same question.
      expect(before).toEqual(believed);

      world.clock.advance(60_000);
      for (const batch of second) await world.deliver(...batch);
      await world.drain();
      const byId = (items: Awaited<ReturnType<typeof known>>) => new Map(items.map((f) => [f.id, f]));
      expect(byId(await known())).toEqual(byId(before));
      if (JSON.stringify(await truth()) !== JSON.stringify(before)) changed += 1;
      if (second.length > 0) late += 1;
    }),
    { numRuns: 300 },
  );
  // It can fail: there was late news, and of what was true by then it changed something.
  expect(late).toBeGreaterThan(50);
  expect(changed).toBeGreaterThan(20);
});
