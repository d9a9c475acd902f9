/** Two who write the same at once: their calls are taken in turns, in many orders, and each order is the same in every run. */
import { describe, expect } from 'vitest';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import type { AppError } from '../../shared/model/errors.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import { approveRequest, type RequestDeps, revokeRequest } from '../../shared/pipeline/exception-requests.ts';
import { release, rollback } from '../../shared/pipeline/release.ts';
import { count, drill, times } from '../support/drill.ts';
import { ann, ben, decidedOf, policyNamed, requested, tell } from '../support/exceptions.ts';
import { Turns } from '../support/interference.ts';
import { numbers } from '../support/numbers.ts';
import { bundle, change, type Doc, makeWorld, makeWorldState, NOON, type WorldState } from '../support/world.ts';

/** An order of turns: the same seed, the same order. */
const turnsOf = (seed: number): Turns => {
  const next = numbers(seed);
  return new Turns(Array.from({ length: 200 }, next));
};
const started = async (): Promise<WorldState> => {
  const state = makeWorldState();
  await makeWorld({ state }).activate();
  return state;
};
const ending = (state: WorldState): string => state.resources.all().map(canonicalState).toSorted().join('\n');
/** What became of each writer: done, or the code that they were refused with. */
const fatesOf = async (writers: readonly Promise<unknown>[]): Promise<readonly string[]> =>
  (await Promise.allSettled(writers)).map((r) => (r.status === 'fulfilled' ? 'done' : (r.reason as AppError).code));
const tally = (of: readonly string[]): string =>
  [...Map.groupBy(of, (one) => one)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([one, all]) => `${count(all.length)} ${one}`)
    .join(', ');

describe('two writers', () => {
  drill(
    {
      id: 'two-evaluators',
      done: 'Two evaluators judge one resource at once: each has an older and a newer document of it, a grant of its own and a change of the block it depends on; call by call in many orders',
      holds:
        'the end is that of one evaluator after the other: no document is lost, and the last version of each stands in the verdict',
    },
    async () => {
      const store = (at: number, open: boolean): Doc => ({
        type: 'Test::Store',
        id: 's1',
        at,
        body: { open, versioned: at % 2 === 0 },
        account: 'acc',
      });
      const grant = (name: string, at: number): Doc => ({
        type: 'Test::Grant',
        id: `s1/grant/${name}`,
        at,
        body: { public: name === 'a' },
      });
      const block = (at: number, blocked: boolean): Doc => ({
        type: 'Test::Block',
        id: 'block/acc',
        at,
        body: { blocked },
        account: 'acc',
      });
      const work: readonly (readonly Doc[])[] = [
        [block(1, true), store(1, true), grant('a', 2), store(6, true)],
        [store(4, false), grant('b', 3), block(5, false), store(3, true)],
      ];
      const evaluate = async (world: ReturnType<typeof makeWorld>, docs: readonly Doc[]): Promise<void> => {
        for (const doc of docs) await world.deliver(change(doc));
      };
      const calm = await started();
      for (const docs of work) await evaluate(makeWorld({ state: calm }), docs);
      await makeWorld({ state: calm }).drain();
      expect(calm.resources.all().find((r) => r.id === 's1')?.verdicts['store.not-public']?.verdict).toBe('violation');
      const orders = times(200, 5000);
      let collisions = 0;
      for (let seed = 1; seed <= orders; seed++) {
        const state = await started();
        const commit = state.resources.commit.bind(state.resources);
        state.resources.commit = async (of) => {
          const result = await commit(of);
          if (result !== 'committed') collisions += 1;
          return result;
        };
        const turns = turnsOf(seed);
        await turns.run(work.map((docs) => evaluate(makeWorld({ state, wrap: turns.wrap }), docs)));
        await makeWorld({ state }).drain();
        expect(ending(state), `order ${seed}`).toBe(ending(calm));
      }
      expect(collisions).toBeGreaterThan(orders / 2);
      return `${count(orders)} orders: ${count(collisions)} times one was faster than the other, and each time the same end`;
    },
  );

  drill(
    {
      id: 'two-deciders',
      done: 'Two approve the same exception at once, and in every second order a third takes it back, while an evaluator judges what it covers; call by call in many orders',
      holds:
        'one approval is written and the other person is told that there is one; what was taken back is taken back, before or after; the verdict is excepted exactly if the exception stands',
    },
    async () => {
      const cara = { who: 'cara', established: 'declared' } as const;
      const orders = times(300, 5000);
      const ends: string[] = [];
      for (let seed = 1; seed <= orders; seed++) {
        const state = await started();
        const world = makeWorld({ state });
        const doc = (at: number): Doc => ({ type: 'Test::Store', id: 's1', at, body: { open: true, versioned: true } });
        await world.deliver(change(doc(1)));
        const wish = requested({ decided: await decidedOf(state) });
        await state.exceptions.put(wish);
        const turns = turnsOf(seed);
        const deps: RequestDeps = {
          exceptions: turns.wrap(state.exceptions),
          resources: turns.wrap(state.resources),
          findings: state.findings,
          policy: async () => policyNamed('not-public'),
          clock: { now: () => NOON },
        };
        // As the stream of their table does: told once it is written.
        const decide = async (decision: Promise<Parameters<typeof tell>[1]>): Promise<void> =>
          tell(state, await decision);
        const writers = [decide(approveRequest(deps, wish.id, ben)), decide(approveRequest(deps, wish.id, cara))];
        if (seed % 2 === 0) writers.push(decide(revokeRequest(deps, wish.id, ann, 'no more')));
        const fates = fatesOf(writers);
        const evaluator = makeWorld({ state, wrap: turns.wrap });
        await turns.run([fates, evaluator.deliver(change(doc(2))), evaluator.deliver(change(doc(3)))]);
        await makeWorld({ state }).drain();
        const stored = await state.exceptions.get(wish.id);
        const approvals = (await fates).slice(0, 2).filter((fate) => fate === 'done').length;
        const revoked = seed % 2 === 0;
        expect(stored?.state, `order ${seed}`).toBe(revoked ? 'revoked' : 'approved');
        expect(approvals, `order ${seed}`).toBe(stored?.approvedBy === undefined ? 0 : 1);
        expect(stored?.revision).toBe(1 + approvals + (revoked ? 1 : 0));
        if (!revoked) expect(approvals).toBe(1);
        const standing = (await state.resources.read('s1'))?.verdicts['store.not-public'];
        expect(standing?.verdict).toBe('violation');
        expect(standing?.exception?.id, `order ${seed}`).toBe(revoked ? undefined : wish.id);
        ends.push(
          revoked
            ? approvals === 0
              ? 'taken back before anybody approved'
              : 'approved and then taken back'
            : `approved by ${stored?.approvedBy?.who}`,
        );
      }
      expect(new Set(ends).size).toBe(4);
      return `${count(orders)} orders: ${tally(ends)}`;
    },
  );

  drill(
    {
      id: 'two-releases',
      done: 'Two release a bundle at once and a third goes back to the one before; in every second order each names the activation that they decided on; call by call in many orders',
      holds:
        'the numbers have no gap and no twin, what is active is the last; who names what they decided on wins alone, and the others are told that they were overtaken',
    },
    async () => {
      const [before, first, second] = [bundle(['not-public']), bundle(['versioned']), bundle(['versioned'], 1)];
      const orders = times(300, 5000);
      const winners: string[] = [];
      let waited = 0;
      for (let seed = 1; seed <= orders; seed++) {
        const state = makeWorldState();
        const { policies, clock } = state;
        await release({ policies, clock }, { bundle: bundle(), context: DEFAULT_CONTEXT });
        await release({ policies, clock }, { bundle: before });
        const turns = turnsOf(seed);
        const deps = { policies: turns.wrap(policies), clock };
        const named = seed % 2 === 0;
        const after = named ? { after: 2 } : {};
        const fates = fatesOf([
          release(deps, { bundle: first, by: 'ann', ...after }),
          release(deps, { bundle: second, by: 'ben', ...after }),
          rollback(deps, { by: 'cara', sequence: 1, ...after }),
        ]);
        await turns.run([fates]);
        const history = (await policies.activations(10)).toReversed();
        expect(history.map(({ sequence }) => sequence)).toEqual(history.map((_, i) => i + 1));
        expect(await policies.active()).toEqual(history.at(-1));
        const by = history.flatMap((a) => a.by ?? []);
        if (named) {
          expect((await fates).toSorted(), `order ${seed}`).toEqual(['STORE_STALE', 'STORE_STALE', 'done']);
          expect(by).toHaveLength(1);
          winners.push(`won by ${by.join()}`);
        } else {
          expect(await fates, `order ${seed}`).toEqual(['done', 'done', 'done']);
          expect(by.toSorted()).toEqual(['ann', 'ben', 'cara']);
          waited += 1;
        }
      }
      expect(new Set(winners).size).toBe(3);
      return `${count(orders)} orders: with what they decided on named, ${tally(winners)}, the others told each time; without, ${count(waited)} times three activations one after the other`;
    },
  );
});
