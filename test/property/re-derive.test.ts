import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Change, contentHash } from '../../shared/model/change.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import { historyArb } from '../support/histories.ts';
import { change, makeWorld, t } from '../support/world.ts';

/** The change, read again when it was asked for the first or the second time. */
const readAgain = (of: Change, time: number): Change => {
  const derivedAt = t(100 + time);
  return { ...of, changeId: contentHash([of.changeId, derivedAt]), derivedAt };
};

async function endOf(changes: readonly Change[]): Promise<readonly string[]> {
  const world = makeWorld();
  await world.activate();
  for (const one of changes) await world.deliver(one);
  await world.drain();
  return world.resources.all().map(canonicalState).toSorted();
}

it('what is read again ends in the same state in whatever order and however often it comes', async () => {
  await fc.assert(
    fc.asyncProperty(
      historyArb.chain((docs) => {
        const changes = docs.map((doc) => change(doc));
        return fc.array(fc.tuple(fc.constantFrom(...changes), fc.nat(1)), { maxLength: 6 }).chain((again) => {
          const all = [...changes, ...again.map(([of, time]) => readAgain(of, time))];
          const shuffled = fc.shuffledSubarray(all, { minLength: all.length });
          return fc.record({ one: shuffled, other: shuffled, twice: fc.subarray(all) });
        });
      }),
      async ({ one, other, twice }) => {
        expect(await endOf([...other, ...twice])).toEqual(await endOf(one));
      },
    ),
    { numRuns: 150 },
  );
});
