/**
 * Policies compared exactly: what is called different differs by the specification, what is called equivalent differs on
 * none of thousands of inputs, however small the misreading; and what is called never is never seen.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  comparePolicies,
  describeNeedless,
  needlesslyUnknown,
  relationOf,
  vacuityOf,
} from '../../shared/authoring/compare.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { mutantsOf } from '../../shared/authoring/mutate.ts';
import type { FactStates, FactValue } from '../../shared/model/fact.ts';
import type { Condition, Policy } from '../../shared/model/policy.ts';
import { coreOf } from '../../shared/policy/bundle.ts';
import { type CorePolicy, toCore } from '../../shared/policy/core.ts';
import { meaningOf, type PolicyInput } from '../../shared/policy/meaning.ts';
import { inputsOf, lotsFrom, PROOF_NOW } from '../../shared/policy/proof.ts';
import { compileValidator } from '../../shared/policy/schema.ts';
import { labPolicy, probe, randomCondition, randomPolicy } from '../support/policy-lab.ts';

const seed = Number(process.env['EDICT_SEED'] ?? Date.now() % 2 ** 31);
const counted: { [what: string]: number } = {};
const count = (what: string): void => void (counted[what] = (counted[what] ?? 0) + 1);
afterAll(() => console.log(`compare: EDICT_SEED=${seed}`, counted));

const validate = compileValidator(probe);
/** The input keeps the contract of the kind. */
function isValid(input: PolicyInput): boolean {
  const states = Object.entries(input.facts).map(([name, value]) => [
    name,
    { state: 'known', value: value as FactValue, at: '' },
  ]);
  const { undeclared, invalid } = validate(Object.fromEntries(states) as FactStates);
  const isFuture =
    JSON.stringify(input.facts)
      .match(/\b18\d{8}\b/g)
      ?.some((n) => Number(n) > PROOF_NOW + 300) ?? false;
  return (
    undeclared.length === 0 && invalid.size === 0 && Array.isArray(input.closed) && input.now === PROOF_NOW && !isFuture
  );
}

/** Valid inputs, near the constants of both policies. */
function* nearInputs(a: CorePolicy, b: CorePolicy, random: number): Generator<PolicyInput> {
  const both: CorePolicy = {
    ...a,
    clauses: [...a.clauses, ...b.clauses, ...(b.scope === undefined ? [] : [{ id: 'other-scope', that: b.scope }])],
  };
  for (const phase of ['facts', 'items', 'random'] as const) {
    let n = 0;
    for (const [, input] of inputsOf(both, { seed, random: 3 * random, phases: [phase] })) {
      if (n++ > 3 * random) break;
      if (isValid(input as PolicyInput)) yield input as PolicyInput;
    }
  }
}

function bruteForce(a: CorePolicy, b: CorePolicy, random: number): PolicyInput | undefined {
  for (const input of nearInputs(a, b, random))
    if (meaningOf(a, input).verdict !== meaningOf(b, input).verdict) return input;
  return undefined;
}

/** Another way to write the same. */
function rewritten(c: Condition): Condition {
  if ('all' in c) return { not: { any: c.all.toReversed().map((x) => ({ not: rewritten(x) })) } };
  if ('any' in c) return { not: { all: c.any.toReversed().map((x) => ({ not: rewritten(x) })) } };
  if ('not' in c) return { not: rewritten(c.not) };
  if ('every' in c) return { none: c.every, that: { not: rewritten(c.that) } };
  if ('none' in c) return { not: { some: c.none, that: rewritten(c.that) } };
  return { not: { not: c } };
}

describe('two policies', () => {
  it('are equivalent however they are written', () => {
    const lots = lotsFrom(seed);
    for (let i = 0; i < 80; i++) {
      const clauses = Array.from({ length: 1 + lots.below(2) }, () => randomCondition(lots, 1 + lots.below(3)));
      const a = labPolicy('one', clauses);
      const b = labPolicy('one', clauses.map(rewritten).toReversed());
      const comparison = comparePolicies(a.core, b.core);
      count(`rewritten: ${comparison.is}`);
      expect(comparison.is, JSON.stringify(a.policy)).not.toBe('different');
    }
    expect(counted['rewritten: equivalent']).toBeGreaterThan(60);
  });

  it('are told apart wherever brute force tells them apart, and only there', () => {
    const lots = lotsFrom(seed + 1);
    for (let i = 0; i < 30; i++) {
      const { policy, core } = randomPolicy(lots, 'one');
      const mutants = mutantsOf(policy, probe);
      for (let n = 0; n < 8 && mutants.length > 0; n++) {
        const mutant = lots.pick(mutants);
        const other = toCore(mutant.policy, probe);
        const comparison = comparePolicies(core, other);
        count(`mutant: ${comparison.is}`);
        if (comparison.is === 'equivalent')
          expect(bruteForce(core, other, 100), `${mutant.what}\n${JSON.stringify(policy)}`).toBeUndefined();
        if (comparison.is !== 'different') continue;
        const { input, verdicts } = comparison.on;
        expect(isValid(input), JSON.stringify(input)).toBe(true);
        expect([meaningOf(core, input).verdict, meaningOf(other, input).verdict]).toEqual(verdicts);
        expect(verdicts[0]).not.toBe(verdicts[1]);
      }
    }
    expect(counted['mutant: equivalent']).toBeGreaterThan(10);
    expect(counted['mutant: different']).toBeGreaterThan(100);
    expect(counted['mutant: undecided'] ?? 0).toBeLessThan((counted['mutant: different'] ?? 0) / 4);
  });

  const compare = (a: Condition, b: Condition, more: Partial<Policy> = {}) =>
    comparePolicies(labPolicy('a', [a], more).core, labPolicy('b', [b], more).core);
  const rule = (that: Condition): Condition => ({ none: 'rules', that });

  it.each<[string, Condition, Condition]>([
    ['bounds', { fact: 'size', at_least: 7 }, { not: { fact: 'size', at_most: 6 } }],
    [
      'a pattern that says more',
      {
        any: [
          { fact: 'label', matches: 'a*' },
          { fact: 'label', matches: 'ab*c' },
        ],
      },
      { fact: 'label', matches: 'a*' },
    ],
    [
      'ranges side by side',
      {
        fact: 'ports',
        within: [
          { from: 1, to: 5 },
          { from: 6, to: 9 },
        ],
      },
      { fact: 'ports', within: [{ from: 1, to: 9 }] },
    ],
    [
      'counts and quantifiers',
      { count: 'sizes', that: { item: true, at_least: 3 }, at_least: 1 },
      { some: 'sizes', that: { item: true, at_least: 3 } },
    ],
  ])('are equivalent: %s', (_, a, b) => {
    expect(compare(a, b)).toEqual({ is: 'equivalent' });
  });

  it.each<[string, Condition, Condition, object]>([
    [
      'a bound off by one',
      { fact: 'size', at_least: 7 },
      { fact: 'size', at_least: 8 },
      { facts: { size: 7 }, closed: [] },
    ],
    [
      'two patterns that meet',
      {
        not: {
          all: [
            { fact: 'label', matches: 'ab*' },
            { fact: 'label', matches: '*bc' },
          ],
        },
      },
      { not: { fact: 'label', matches: 'ab*bc' } },
      { facts: { label: 'abc' }, closed: [] },
    ],
    [
      'the third item',
      { count: 'sizes', that: { item: true, at_least: 3 }, at_most: 2 },
      { count: 'sizes', that: { item: true, at_least: 3 }, at_most: 3 },
      { facts: { sizes: [3, 3, 3] }, closed: ['sizes'] },
    ],
    [
      'one port inside an interval',
      rule({ field: 'ports', intersects: [{ from: 20, to: 25 }] }),
      rule({
        any: [
          { field: 'ports', intersects: [{ from: 20, to: 22 }] },
          { field: 'ports', intersects: [{ from: 24, to: 25 }] },
        ],
      }),
      { facts: { rules: [{ ports: { from: 23, to: 23 } }] }, closed: ['rules'] },
    ],
    [
      'an empty list',
      { every: 'names', that: { item: true, is: 'a' } },
      { some: 'names', that: { item: true, is: 'a' } },
      { facts: { names: [] }, closed: ['names'] },
    ],
    [
      'a value that is none',
      { fact: 'maybe_flag', is: true },
      { not: { fact: 'maybe_flag', is: false } },
      { facts: { maybe_flag: { none: true } }, closed: [] },
    ],
  ])('differ on a smallest resource: %s', (_, a, b, on) => {
    const comparison = compare(a, b);
    expect(comparison).toMatchObject({ is: 'different', on: { input: on } });
    expect(Object.keys((comparison as object as { on: { input: PolicyInput } }).on.input.facts)).toEqual(
      Object.keys((on as PolicyInput).facts),
    );
  });

  it('differ in the scope, a missing fact included', () => {
    const on = (scope?: Condition) =>
      labPolicy('a', [{ fact: 'flag', is: true }], scope === undefined ? {} : { applies_when: scope });
    expect(comparePolicies(on().core, on({ fact: 'level', is: 'low' }).core)).toMatchObject({
      is: 'different',
      on: { input: { facts: { flag: false, level: 'mid' } }, verdicts: ['violation', 'not_applicable'] },
    });
    const always: Condition = { any: [{ fact: 'level', is: 'low' }, { not: { fact: 'level', is: 'low' } }] };
    expect(comparePolicies(on().core, on(always).core)).toMatchObject({
      is: 'different',
      on: { input: { facts: { flag: false } }, verdicts: ['violation', 'unknown'] },
    });
  });

  it('that are too large to decide are left undecided', () => {
    const many: Condition[] = Array.from({ length: 12 }, (_, i) => ({ field: 'words', contains: `w${i}` }));
    const comparison = compare({ some: 'rules', that: { all: many } }, { some: 'rules', that: { any: many } });
    expect(comparison.is).toBe('undecided');
  });
});

describe('two policies of one kind', () => {
  const at = (that: Condition, scope?: Condition): CorePolicy =>
    labPolicy('p', [that], scope === undefined ? {} : { applies_when: scope }).core;
  const low: Condition = { fact: 'level', is: 'low' };
  it.each<[string, CorePolicy, CorePolicy]>([
    ['duplicate', at({ fact: 'size', at_least: 7 }), at({ not: { fact: 'size', at_most: 6 } })],
    ['covers', at({ fact: 'size', at_least: 8 }), at({ fact: 'size', at_least: 7 })],
    ['covered', at({ fact: 'size', at_least: 7 }, low), at({ fact: 'size', at_least: 8 })],
    ['conflict', at({ fact: 'flag', is: true }, low), at({ fact: 'flag', is: false })],
    ['independent', at({ fact: 'flag', is: true }, low), at({ fact: 'flag', is: false }, { fact: 'level', is: 'mid' })],
    ['independent', at({ fact: 'flag', is: true }), at({ fact: 'size', at_least: 7 })],
  ])('%s', (is, a, b) => {
    expect(relationOf(a, b).is).toBe(is);
  });

  it('relate as brute force sees it', () => {
    const lots = lotsFrom(seed + 2);
    for (let i = 0; i < 80; i++) {
      const [a, b] = [randomPolicy(lots, 'a').core, randomPolicy(lots, 'b').core];
      const { is } = relationOf(a, b);
      count(`relation: ${is}`);
      if (is !== 'covers' && is !== 'covered' && is !== 'conflict') continue;
      for (const input of nearInputs(a, b, 50)) {
        const [x, y] = [meaningOf(a, input).verdict, meaningOf(b, input).verdict];
        // Known in full or not: a violation that is surely one stays one, whatever becomes known.
        if (is === 'covers') expect(y === 'violation' && x === 'compliant').toBe(false);
        if (is === 'covered') expect(x === 'violation' && y === 'compliant').toBe(false);
        if (is === 'conflict')
          expect([meaningOf(a, input).scope, meaningOf(b, input).scope, x, y].join()).not.toBe(
            'true,true,compliant,compliant',
          );
      }
    }
  });
});

describe('a policy that says nothing', () => {
  const never = (that: Condition, scope?: Condition) =>
    vacuityOf(labPolicy('p', [that], scope === undefined ? {} : { applies_when: scope }).core);
  const flag: Condition = { fact: 'flag', is: true };
  it.each<[string, ReturnType<typeof never>, readonly string[]]>([
    ['a policy that says something', never(flag), []],
    ['what always holds', never({ any: [flag, { fact: 'flag', is: false }] }), ['never_violated']],
    [
      'what never holds',
      never({
        all: [
          { fact: 'size', at_least: 9 },
          { fact: 'size', at_most: 8 },
        ],
      }),
      ['never_compliant'],
    ],
    [
      'a list of at least none',
      never({ count: 'names', that: { item: true, is: 'a' }, at_least: 0 }),
      ['never_violated'],
    ],
    [
      'a scope that is nowhere',
      never(flag, {
        all: [
          { fact: 'level', is: 'low' },
          { fact: 'level', is: 'mid' },
        ],
      }),
      ['never_applies'],
    ],
  ])('%s', (_, vacuity, expected) => {
    expect(vacuity).toMatchObject({ is: 'decided', never: expected });
  });

  it('names the clause that can never fail', () => {
    const idle: Condition = { fact: 'ports', within: [{ from: 0, to: 65_535 }] };
    expect(vacuityOf(labPolicy('p', [flag, idle]).core)).toEqual({ is: 'decided', never: [], idle: ['c1'] });
  });

  it('is not told of what random inputs can say', () => {
    const lots = lotsFrom(seed + 3);
    for (let i = 0; i < 80; i++) {
      const { policy } = randomPolicy(lots, 'p');
      // Random policies are seldom vacuous: half of these are, however it is written.
      const [first] = policy.require;
      const nothing: Condition[] = first === undefined ? [] : [{ any: [{ not: first.that }, rewritten(first.that)] }];
      const { core } = labPolicy('p', i % 2 === 0 ? nothing : policy.require.map((c) => c.that), {
        ...(policy.applies_when === undefined ? {} : { applies_when: policy.applies_when }),
        ...(i % 2 === 0 || policy.params === undefined ? {} : { params: policy.params }),
      });
      const vacuity = vacuityOf(core);
      count(`vacuity: ${vacuity.is}`);
      if (vacuity.is !== 'decided' || vacuity.never.length === 0) continue;
      count('vacuity: found');
      const seen = new Set([...nearInputs(core, core, 100)].map((input) => meaningOf(core, input).verdict));
      if (vacuity.never.includes('never_violated')) expect(seen.has('violation')).toBe(false);
      if (vacuity.never.includes('never_applies')) expect(seen.has('violation')).toBe(false);
    }
    expect(counted['vacuity: found']).toBeGreaterThan(10);
  });
});

describe('needlessly unknown', () => {
  it('is shown with the smallest resource, and what it always is', () => {
    const production: Condition = { fact: 'environment', is: 'production' };
    const that: Condition = {
      any: [
        { all: [production, { fact: 'size', at_least: 30 }] },
        { all: [{ not: production }, { fact: 'size', at_least: 7 }] },
      ],
    };
    expect(needlesslyUnknown(labPolicy('p', [that]).core)).toMatchObject({
      input: { facts: { size: expect.any(Number) as number } },
    });
    const better: Condition = {
      all: [{ any: [{ not: production }, { fact: 'size', at_least: 30 }] }, { fact: 'size', at_least: 7 }],
    };
    expect(needlesslyUnknown(labPolicy('p', [better]).core)).toBeUndefined();
    const overridden = labPolicy('p', [{ fact: 'size', at_least: { param: 'least' } }], {
      params: { least: { says: 's', type: 'int', default: 7, overrides: [{ when: production, value: 30 }] } },
    }).core;
    expect(needlesslyUnknown(overridden)).toBeUndefined();
  });

  it('is a tautology that nothing known settles, and is told in words', () => {
    const flag: Condition = { fact: 'flag', is: true };
    const found = needlesslyUnknown(labPolicy('p', [{ any: [flag, { not: flag }] }]).core);
    expect(found).toMatchObject({ input: { facts: {} }, always: 'compliant' });
    expect(found !== undefined && 'always' in found ? describeNeedless(found) : '').toContain('it is compliant');
  });

  it('is no policy that ships', () => {
    const { manifest } = readBundle(join(import.meta.dirname, '../../bundle'));
    expect(manifest.policies.length).toBeGreaterThan(10);
    expect(manifest.policies.filter((p) => needlesslyUnknown(coreOf(p)) !== undefined).map((p) => p.id)).toEqual([]);
  });

  it('sees that a value which is only ever compared with none may be there', () => {
    const { core } = labPolicy('p', [{ fact: 'maybe_made_at', is: { none: true } }]);
    expect(needlesslyUnknown(core)).toBeUndefined();
    expect(vacuityOf(core)).toMatchObject({ never: [] });
  });

  it('agrees with every completion', () => {
    const lots = lotsFrom(seed + 4);
    for (let i = 0; i < 100; i++) {
      const { core } = randomPolicy(lots, 'p');
      const found = needlesslyUnknown(core);
      count(`needless: ${found === undefined ? 'none' : 'always' in found ? 'found' : 'undecided'}`);
      if (found === undefined || !('always' in found)) continue;
      expect(meaningOf(core, found.input).verdict).toBe('unknown');
      for (const other of nearInputs(core, core, 40)) {
        const facts = { ...other.facts, ...found.input.facts };
        const closed = [...new Set([...other.closed, ...found.input.closed])];
        // Clauses that all hold are compliant while the scope is not known: what never applies may say so in between.
        const passes = found.always === 'not_applicable' ? ['compliant'] : [];
        expect([found.always, 'unknown', ...passes]).toContain(
          meaningOf(core, { facts, closed, now: PROOF_NOW }).verdict,
        );
      }
    }
  });
});

it('a mutant is typed, is another policy, and comes once', () => {
  const lots = lotsFrom(seed + 5);
  for (let i = 0; i < 40; i++) {
    const { policy } = randomPolicy(lots, 'p');
    const mutants = mutantsOf(policy, probe);
    expect(mutants.length).toBeGreaterThan(0);
    expect(new Set(mutants.map((m) => JSON.stringify(m.policy))).size).toBe(mutants.length);
    expect(mutants.every((m) => JSON.stringify(m.policy) !== JSON.stringify(policy))).toBe(true);
  }
});
