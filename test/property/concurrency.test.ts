import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opens, transitionId } from '../../shared/model/finding.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import type { Change } from '../../shared/model/change.ts';
import { type Arrival, arrivalArb, historyArb } from '../support/histories.ts';
import { Killed, lifeOf, Turns } from '../support/interference.ts';
import { makeWorld, makeWorldState, type WorldState } from '../support/world.ts';

const RUNS = 150;

interface Chaos {
  readonly choices: readonly number[];
  /** How long each life of a process is, and whether its last call still had its effect. */
  readonly lives: readonly { readonly calls: number; readonly after: boolean }[];
}
const chaosArb: fc.Arbitrary<Chaos> = fc.record({
  choices: fc.array(fc.nat({ max: 1000 }), { minLength: 30, maxLength: 120 }),
  lives: fc.array(fc.record({ calls: fc.integer({ min: 1, max: 25 }), after: fc.boolean() }), { maxLength: 12 }),
});

/** A queue that delivers again what was not proven done. */
function makeDeliveries<T>(items: readonly T[]) {
  const waiting = [...items];
  return {
    add: (...more: readonly T[]) => void waiting.push(...more),
    work: async (task: (item: T) => Promise<void>): Promise<boolean> => {
      const item = waiting.shift();
      if (item === undefined) return false;
      try {
        await task(item);
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        waiting.push(item);
      }
      return true;
    },
  };
}

/** Two evaluators, a projector and a re-judge worker at once, each killed and started again as the chaos says. */
async function run(state: WorldState, { batches }: Arrival, chaos: Chaos): Promise<void> {
  const turns = new Turns(chaos.choices);
  const lives = [...chaos.lives];
  /** A new process: fresh stages and caches over the same state. */
  const start = () => {
    const life = lives.shift();
    const dies = life === undefined ? undefined : lifeOf(life.calls, life.after);
    return makeWorld({
      state,
      wrap: (port) => turns.wrap(dies === undefined ? port : dies(port)),
    });
  };
  const changes = makeDeliveries<readonly Change[]>(batches);
  let evaluating = 2;

  const evaluator = async (): Promise<void> => {
    let process = start();
    while (
      await changes.work(async (batch) => {
        try {
          const outcomes = await process.deliver(...batch);
          if (outcomes.some((o) => o.outcome === 'failed')) throw new Error('a change failed');
        } catch (error) {
          process = start();
          throw error;
        }
      })
    );
    evaluating -= 1;
  };
  const projector = async (): Promise<void> => {
    let process = start();
    for (;;) {
      const [image] = state.stream;
      if (image !== undefined) {
        try {
          await process.publish(image);
          state.stream.shift();
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          process = start();
        }
        continue;
      }
      const wishes = state.rejudge.take();
      for (const wish of wishes)
        for (;;) {
          try {
            await process.judgeAgain([wish]);
            break;
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
            process = start();
          }
        }
      if (wishes.length === 0 && state.stream.length === 0) {
        if (evaluating === 0) return;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  };
  await turns.run([evaluator(), evaluator(), projector()]);
}

const canonical = (state: WorldState): readonly string[] => state.resources.all().map(canonicalState).sort();

describe('several processes at once, killed at any call', () => {
  it('end in the same items as one that does one thing after the other', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain((h) => fc.tuple(arrivalArb(h), arrivalArb(h))),
        chaosArb,
        async ([one, other], chaos) => {
          const calm = makeWorld();
          await calm.activate();
          for (const batch of other.batches) await calm.deliver(...batch);
          await calm.drain();

          const state = makeWorldState();
          await makeWorld({ state }).activate();
          await run(state, one, chaos);
          expect(canonical(state)).toEqual(canonical(calm.state));
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('lose no transition and tell none that is not in the history', async () => {
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), chaosArb, async (arrival, chaos) => {
        const state = makeWorldState();
        await makeWorld({ state }).activate();
        await run(state, arrival, chaos);

        const told = new Set(state.bus.events.map((e) => e.id));
        const kept = new Set<string>();
        for (const finding of state.findings.all())
          for (const t of await state.findings.history(finding.id)) kept.add(transitionId(finding.id, t));
        expect([...told].sort()).toEqual([...kept].sort());
        // Told again, it is the same event.
        for (const id of told) {
          const same = state.bus.events.filter((e) => e.id === id).map((e) => JSON.stringify(e.detail.edict));
          expect(new Set(same).size).toBe(1);
        }
        for (const resource of state.resources.all()) {
          expect(resource.pending).toEqual([]);
          for (const [policy, { verdict }] of Object.entries(resource.verdicts)) {
            const row = state.findings.all().find((f) => f.policy === policy && f.resource.id === resource.id);
            if (opens(verdict)) expect([row?.status, row?.verdict]).toEqual(['open', verdict]);
            else expect(row?.status).not.toBe('open');
          }
        }
      }),
      { numRuns: RUNS },
    );
  });
});
