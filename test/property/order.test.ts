import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opens } from '../../shared/model/finding.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import { tally } from '../../shared/pipeline/outcomes.ts';
import type { Outcome } from '../../shared/pipeline/stages.ts';
import { type Arrival, arrivalArb, historyArb } from '../support/histories.ts';
import { makeWorld } from '../support/world.ts';

const RUNS = 200;

/** Lets a history arrive, and everything that follows from it happen. */
async function arrive({ batches, drains }: Arrival) {
  const world = makeWorld();
  await world.activate();
  const outcomes: Outcome[] = [];
  let received = 0;
  for (const [i, batch] of batches.entries()) {
    received += new Set(batch.map((c) => c.changeId)).size;
    outcomes.push(...(await world.deliver(...batch)).map((o) => ({ ...o, changeId: `${i} ${o.changeId}` })));
    if (drains[i] === true) await world.drain();
  }
  await world.drain();
  return { world, outcomes, received };
}

const canonical = (world: Awaited<ReturnType<typeof arrive>>['world']): readonly string[] =>
  world.resources.all().map(canonicalState).sort();

describe('order does not matter', () => {
  it('any permutation, duplication and delay of a history ends in the byte-identical items', async () => {
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain((h) => fc.tuple(arrivalArb(h), arrivalArb(h))),
        async ([one, other]) => {
          const [a, b] = [canonical((await arrive(one)).world), canonical((await arrive(other)).world)];
          if (a.length > 0) moved += 1;
          expect(a).toEqual(b);
        },
      ),
      { numRuns: RUNS },
    );
    expect(moved).toBe(RUNS);
  });

  it('what is open in the end is the same, and every finding was told as often as it changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain((h) => fc.tuple(arrivalArb(h), arrivalArb(h))),
        async ([one, other]) => {
          const ends: unknown[] = [];
          for (const arrival of [one, other]) {
            const { world } = await arrive(arrival);
            ends.push(
              world.findings
                .all()
                .filter((f) => f.status === 'open')
                .map((f) => `${f.id} ${f.verdict}`)
                .sort(),
            );
            const open = world.resources
              .all()
              .flatMap((r) => Object.entries(r.verdicts).map(([policy, v]) => [policy, r.id, v.verdict] as const))
              .filter(([, , v]) => v === 'violation' || v === 'unknown' || v === 'error');
            expect(world.findings.all().filter((f) => f.status === 'open')).toHaveLength(open.length);
            const ids = world.bus.events.map((e) => e.id);
            expect(new Set(ids).size).toBe(ids.length);
            for (const f of world.findings.all()) {
              const history = await world.findings.history(f.id);
              expect(ids.filter((id) => id.startsWith(f.id))).toHaveLength(history.length);
              // A chain: where one transition leads to is where the next one starts (between two that do not open a
              // finding nothing is told).
              for (const [i, t] of history.entries()) {
                const before = history[i - 1]?.to ?? null;
                if (opens(before) || opens(t.from)) expect(t.from).toBe(before);
              }
              expect(history.at(-1)?.to ?? null).toBe(f.verdict);
            }
          }
          expect(ends[0]).toEqual(ends[1]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('the same event twice: the same state, one publication', async () => {
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), async (arrival) => {
        const { world } = await arrive(arrival);
        const before = [canonical(world), world.bus.events.length, world.resources.all().map((r) => r.revision)];
        for (const batch of arrival.batches) await world.deliver(...batch);
        await world.drain();
        expect([canonical(world), world.bus.events.length, world.resources.all().map((r) => r.revision)]).toEqual(
          before,
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('nothing is dropped: received = judged + stale + unsupported + quarantined + failed', async () => {
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), async (arrival) => {
        const { outcomes, received } = await arrive(arrival);
        const counts = tally(outcomes);
        expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(received);
      }),
      { numRuns: 100 },
    );
  });
});
