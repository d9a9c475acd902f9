import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownExceptions } from '../../cli/input/exceptions.ts';
import { type Exception, parseExceptionsFile } from '../../shared/model/exception.ts';
import type { FactState, FactStates } from '../../shared/model/fact.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import { decidedBy, revokeException } from '../../shared/pipeline/exceptions.ts';
import { type Arrival, arrivalArb, historyArb } from '../support/histories.ts';
import { ben, decidedOf, granted, policyNamed, store, tell } from '../support/exceptions.ts';
import { lifeOf, Killed, Turns } from '../support/interference.ts';
import { makeMeaningEngine } from '../../shared/pipeline/meaning-engine.ts';
import { bundle, makeWorld, makeWorldState, NOON, store as kind, t, type WorldState } from '../support/world.ts';

const POLICIES = ['not-public', 'versioned', 'encrypted-in-production'] as const;
const canonical = (state: WorldState): readonly string[] => state.resources.all().map(canonicalState).sort();

/** What a history comes to without exceptions: what could be excepted in it. */
async function exceptable(arrival: Arrival) {
  const world = makeWorld();
  await world.activate();
  for (const batch of arrival.batches) await world.deliver(...batch);
  await world.drain();
  const found: { policy: (typeof POLICIES)[number]; resource: string }[] = [];
  for (const resource of ['s1', 's2'])
    for (const policy of POLICIES)
      if (
        await decidedOf(world.state, resource, policy).then(
          () => true,
          () => false,
        )
      )
        found.push({ policy, resource });
  return { world, found };
}

describe('exceptions and the order of things', () => {
  it('whenever they are granted and revoked among the documents, the same items in the end', async () => {
    let excepted = 0;
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain((h) => fc.tuple(arrivalArb(h), arrivalArb(h))),
        fc.array(fc.record({ after: fc.nat({ max: 12 }), revoke: fc.boolean() }), { minLength: 1, maxLength: 6 }),
        async ([one, other], plan) => {
          const { world: end, found } = await exceptable(one);
          const exceptions = await Promise.all(
            found.slice(0, plan.length).map(async ({ policy, resource }, i) => ({
              ...plan[i],
              e: granted({ policy, resource, decided: await decidedOf(end.state, resource, policy), owner: `o${i}` }),
            })),
          );
          const ends: (readonly string[])[] = [];
          for (const [n, arrival] of [one, other].entries()) {
            const world = makeWorld();
            await world.activate();
            const steps = Math.max(arrival.batches.length, 14);
            for (let i = 0; i < steps; i++) {
              for (const { e, after = 0, revoke = false } of exceptions) {
                // The one time as planned, the other time all before everything or after it.
                const at = n === 0 ? after : (after % 2) * (steps - 2);
                if (i === at) await store(world.state, e);
                if (revoke && i === at + 1) {
                  const revoked = revokeException(e, ben, 'no more', NOON + 1);
                  await world.exceptions.put(revoked);
                  await tell(world.state, revoked);
                }
              }
              const batch = arrival.batches[i];
              if (batch !== undefined) await world.deliver(...batch);
              if (arrival.drains[i] === true) await world.drain();
            }
            await world.drain();
            ends.push(canonical(world.state));
            for (const row of world.findings.all()) {
              const standing = (await world.resources.read(row.resource.id))?.verdicts[row.policy];
              if (row.status === 'excepted') excepted += 1;
              expect(row.status === 'excepted').toBe(standing?.exception !== undefined);
            }
          }
          expect(ends[0]).toEqual(ends[1]);
        },
      ),
      { numRuns: 120 },
    );
    expect(excepted).toBeGreaterThan(50);
  });

  it('two who decide about one exception while evaluators work and die: one wins, and what stands is what was decided', async () => {
    let held = 0;
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain(arrivalArb),
        fc.array(fc.nat({ max: 1000 }), { minLength: 30, maxLength: 120 }),
        fc.array(fc.record({ calls: fc.integer({ min: 1, max: 25 }), after: fc.boolean() }), { maxLength: 6 }),
        async (arrival, choices, lives) => {
          const { world: calm, found } = await exceptable(arrival);
          const [first] = found;
          if (first === undefined) return;
          const exception = granted({ ...first, decided: await decidedOf(calm.state, first.resource, first.policy) });
          const state = makeWorldState();
          await makeWorld({ state }).activate();
          const turns = new Turns(choices);
          const remaining = [...lives];
          const start = () => {
            const life = remaining.shift();
            const dies = life === undefined ? undefined : lifeOf(life.calls, life.after);
            return makeWorld({ state, wrap: (port) => turns.wrap(dies === undefined ? port : dies(port)) });
          };
          const batches = [...arrival.batches];
          const evaluator = async (): Promise<void> => {
            let process = start();
            for (let batch = batches.shift(); batch !== undefined; batch = batches.shift())
              for (;;) {
                try {
                  await process.deliver(...batch);
                  break;
                } catch (error) {
                  if (!(error instanceof Killed)) throw error;
                  process = start();
                }
              }
          };
          /** As the stream of their table does: told once at least, at once. */
          const judgeAgain = async ({ covers: [covered] }: Exception): Promise<void> => {
            const resourceId = covered?.resource ?? '';
            for (;;) {
              try {
                await start().judgeAgain([{ type: 'rejudge', version: 1, resourceId, cause: 'exception' }]);
                return;
              } catch (error) {
                if (!(error instanceof Killed)) throw error;
              }
            }
          };
          const decide = async (name: string): Promise<void> => {
            const exceptions = turns.wrap(state.exceptions);
            for (;;) {
              const now = await exceptions.get(exception.id);
              if (now?.state === 'revoked' || (now !== undefined && name === 'grant')) return;
              const next =
                now === undefined ? { ...exception, revision: 1 } : revokeException(now, ben, 'no more', NOON + 1);
              if (now === undefined && name !== 'grant') return;
              if (await exceptions.put(next)) await judgeAgain(next);
            }
          };
          await turns.run([evaluator(), evaluator(), decide('grant'), decide('revoke'), decide('revoke too')]);
          await makeWorld({ state }).drain();

          const stored = await state.exceptions.get(exception.id);
          expect(stored?.revision).toBe(stored?.state === 'revoked' ? 2 : 1);
          const stands = (await state.resources.read(first.resource))?.verdicts[`store.${first.policy}`];
          expect(stands?.exception?.id).toBe(stored?.state === 'approved' ? exception.id : undefined);
          if (stands?.exception !== undefined) held += 1;
        },
      ),
      { numRuns: 120 },
    );
    expect(held).toBeGreaterThan(5);
  });
});

describe('the service and edict check', () => {
  it('say the same of the same resource at the same instant', async () => {
    const seen = { excepted: 0, not: 0 };
    const engine = makeMeaningEngine(bundle(POLICIES), [kind]);
    const policies = new Map(engine.manifest.policies.map((p) => [p.id, p]));
    await fc.assert(
      fc.asyncProperty(
        historyArb.chain((h) =>
          fc.tuple(arrivalArb(h), fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 6, maxLength: 6 })),
        ),
        fc.record({
          dead: fc.boolean(),
          compensated: fc.boolean(),
          day: fc.integer({ min: 0, max: 89 }),
          more: fc.nat(3),
        }),
        async ([arrival, lasts], { dead, compensated, day, more }) => {
          const { world, found } = await exceptable(arrival);
          for (const [i, { policy, resource }] of found.entries()) {
            const wanted = {
              policy,
              resource,
              decided: await decidedOf(world.state, resource, policy),
              days: lasts[i] ?? 9,
            };
            await store(
              world.state,
              granted({
                ...wanted,
                ...(dead && i === 0 ? { decided: '0000000000000000' } : {}),
                ...(compensated && policy !== 'versioned' ? { compensatedBy: 'versioned' as const } : {}),
                ...(i === 1 ? { scope: { is: 'selector', selector: { account: 'ACC-1' }, cap: 1 } as const } : {}),
              }),
            );
          }
          for (const batch of arrival.batches.slice(0, more)) await world.deliver(...batch);
          world.clock.advance(day * 86_400_000 + 500);
          const exported = { version: 1, exportedAt: t(0), exceptions: await world.exceptions.list() };
          const check = knownExceptions(parseExceptionsFile(JSON.stringify(exported), 'the file').exceptions);
          await world.judgeAgain(
            world.resources.all().map(({ id }) => ({ type: 'rejudge', version: 1, resourceId: id, cause: 'clock' })),
          );
          await world.drain();
          const now = Math.floor(world.clock.now() / 1000);
          for (const state of world.resources.all()) {
            if (state.deleted || state.kind === null) continue;
            const facts = (await world.resources.evidence(state)) ?? {};
            const verdicts = Object.keys(state.verdicts).length === 0 ? [] : engine.judge('store', facts, now);
            const says = check.of({ resource: state.id, facts, verdicts }, policies, now);
            for (const [policy, { exception }] of Object.entries(state.verdicts)) {
              expect(says.get(policy)?.id).toBe(exception?.id);
              const row = world.findings.all().find((f) => f.policy === policy && f.resource.id === state.id);
              expect(row?.status === 'excepted').toBe(says.has(policy));
              if (row?.status === 'excepted') {
                expect(row.last.exception).toMatchObject({ until: says.get(policy)?.until });
                seen.excepted += 1;
              } else if (row?.status === 'open') seen.not += 1;
            }
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(seen.excepted).toBeGreaterThan(50);
    expect(seen.not).toBeGreaterThan(50);
  });
});

describe('what an exception is bound to', () => {
  const engine = makeMeaningEngine(bundle(['not-public']), [kind]);
  const policy = policyNamed('not-public');
  const grant = fc.record({ public: fc.boolean(), level: fc.constantFrom('read', 'write') });
  const facts = (
    open: boolean,
    grants: readonly { readonly public: boolean; readonly level: string }[],
  ): FactStates => ({
    public_read: { state: 'known', value: open, at: '/open' },
    grants: { state: 'known', value: grants, at: '/grants', closed: true },
  });
  const decided = (states: FactStates): string | undefined => {
    const [verdict] = engine.judge('store', states, NOON / 1000);
    return verdict === undefined ? undefined : decidedBy(policy, verdict, states, NOON / 1000);
  };
  const publicOnes = (grants: readonly { readonly public: boolean }[]) => grants.filter((g) => g.public).length;

  it('is the same exactly while the clauses that fail and the values that make them fail are', () => {
    let same = 0;
    fc.assert(
      fc.property(
        fc.tuple(fc.boolean(), fc.array(grant, { maxLength: 4 })),
        fc.tuple(fc.boolean(), fc.array(grant, { maxLength: 4 })),
        ([a, as], [b, bs]) => {
          const [one, other] = [decided(facts(a, as)), decided(facts(b, bs))];
          expect(one === undefined).toBe(!a && publicOnes(as) === 0);
          if (one === undefined || other === undefined) return;
          if (one === other) same += 1;
          // Of a grant the policy reads only whether it is public: of the rest nothing matters.
          expect(one === other).toBe(a === b && publicOnes(as) === publicOnes(bs));
        },
      ),
      { numRuns: 2000 },
    );
    expect(same).toBeGreaterThan(50);
  });

  it('is not changed by what no failing clause reads, by the order of lists, or by where and how well a value is known', () => {
    fc.assert(
      fc.property(
        fc
          .array(grant, { minLength: 1, maxLength: 5 })
          .chain((g) => fc.tuple(fc.constant(g), fc.shuffledSubarray(g, { minLength: g.length }))),
        fc.boolean(),
        fc.string(),
        ([grants, shuffled], versioned, at) => {
          const before = facts(true, grants);
          const open: FactState = { state: 'assumed', value: true, because: 'never seen' };
          const after: FactStates = {
            ...facts(true, shuffled),
            // Beside a clause that surely fails, one that fails only by an assumption is not what decided.
            public_read: versioned && publicOnes(grants) === 0 ? open : { state: 'known', value: true, at },
            versioned: { state: 'known', value: versioned, at },
          };
          expect(decided(after)).toBe(decided(before));
        },
      ),
      { numRuns: 500 },
    );
  });
});
