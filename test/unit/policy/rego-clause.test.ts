/** A clause that only policy.rego says: what the language, the meaning and the compiler make of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { policies, projectPolicies } from '../../../scripts/gen/policies.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { englishProblem } from '../../../shared/authoring/verify.ts';
import { vacuityOf } from '../../../shared/authoring/compare.ts';
import { mutantsOf } from '../../../shared/authoring/mutate.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { readsOf, conditionsOf } from '../../../shared/policy/core.ts';
import { meaningOf, missingFacts } from '../../../shared/policy/meaning.ts';
import { type Evaluate, provePolicy } from '../../../shared/policy/proof.ts';
import { toEnglish } from '../../../shared/policy/to-english.ts';
import { toRego } from '../../../shared/policy/to-rego.ts';
import { PROOF_NOW } from '../../../shared/policy/proof.ts';
import { labPolicy, probe } from '../../support/policy-lab.ts';

const { policy, core, rego } = labPolicy('ruled', [{ rego: ['size', 'rules'] }, { fact: 'flag', is: true }]);
const input = (facts: { readonly [fact: string]: unknown }, closed: readonly string[] = ['rules']) => ({
  facts,
  closed,
  now: PROOF_NOW,
});

describe('the clause language', () => {
  it.each<readonly [string, Condition, RegExp]>([
    ['inside of a condition', { all: [{ rego: ['size'] }, { fact: 'flag', is: true }] }, /whole clause/],
    ['turned round', { not: { rego: ['size'] } }, /whole clause/],
    ['a fact that is not there', { rego: ['sizes', 'siz'] }, /no fact "siz"/],
    ['no facts', { rego: [] }, /must not be empty/],
    ['a fact twice', { rego: ['size', 'size'] }, /twice/],
    ['something beside it', { rego: ['size'], fact: 'flag' }, /unknown key "fact"/],
  ])('refuses %s', (_, that, why) => {
    expect(() => labPolicy('refused', [that])).toThrow(why);
  });

  it('refuses it as a scope', () => {
    expect(() => labPolicy('refused', [{ fact: 'flag', is: true }], { applies_when: { rego: ['size'] } })).toThrow(
      /nor in a scope/,
    );
  });
});

it('reads what it declares, and means what only Rego knows', () => {
  expect(readsOf(conditionsOf(core))).toEqual(['flag', 'rules', 'size']);
  const known = input({ flag: true, size: 1, rules: [] });
  expect(meaningOf(core, known).verdict).toBe('unknown');
  const ruled = (verdict: 'holds' | 'fails') => new Map([['c0', { id: 'c0', verdict }]]);
  expect(meaningOf(core, known, ruled('holds')).verdict).toBe('compliant');
  expect(meaningOf(core, known, ruled('fails')).verdict).toBe('violation');
});

it('misses what is not known of its reads, and nothing of what it has decided', () => {
  expect(missingFacts(core, input({ flag: true, rules: [] }))).toEqual(['size']);
  expect(missingFacts(core, input({ flag: true, size: 1, rules: [] }, []))).toEqual(['rules']);
  expect(missingFacts(core, input({ flag: true, size: 1, rules: [{}] }))).toEqual(['rules']);
  expect(missingFacts(core, input({ rules: [] }), new Map([['c0', { id: 'c0', verdict: 'holds' }]]))).toEqual(['flag']);
});

it('is read again from its English', () => {
  expect(toEnglish(policy, probe).clauses['c0']).toBe('Policy.rego decides it from rules and size.');
  expect(englishProblem({ policy, core }, probe)).toBeUndefined();
});

it('is written by nobody but its author: the compiler writes neither side, and without Rego it is refused', () => {
  expect(rego).not.toContain('contains "c0"');
  expect(rego).not.toContain('"clause": "c0"');
  const yaml = JSON.stringify(policy);
  expect(() => compilePolicy({ file: 'p.yaml', yaml }, [probe])).toThrow(/said by policy.rego alone/);
  expect(() => compilePolicy({ file: 'p.yaml', yaml, rego: toRego(policy, core) }, [probe])).toThrow(/alone/);
  expect(compilePolicy({ file: 'p.yaml', yaml, rego: 'package x\n' }, [probe]).bundled.evidence).toBe('tested');
});

it('is neither compared nor misread, and its neighbours are', () => {
  expect(vacuityOf(core)).toMatchObject({ is: 'undecided' });
  const where = mutantsOf(policy, probe).map((m) => `${m.where}: ${m.what}`);
  expect(where).toContain('c0: the clause dropped');
  expect(where.filter((w) => w.startsWith('c0'))).toHaveLength(1);
  expect(where.some((w) => w.startsWith('c1'))).toBe(true);
});

it('is left alone by the generators: its Rego is its author’s, and nothing is tested of it that nobody knows', () => {
  const root = mkdtempSync(join(tmpdir(), 'edict-rego-'));
  const folder = join(root, 'policies', 'object-store', 'ruled');
  mkdirSync(folder, { recursive: true });
  const source = {
    id: 'object-store.ruled',
    kind: 'object_store',
    require: [{ id: 'c0', says: 'x', that: { rego: ['owner'] } }],
  };
  writeFileSync(join(folder, 'policy.yaml'), JSON.stringify({ ...policy, ...source }));
  expect(() => projectPolicies(root)).toThrow(/said by policy.rego alone/);
  writeFileSync(join(folder, 'policy.rego'), 'package x\n');
  const files = policies.files(root) as { readonly [path: string]: string };
  expect(files['policies/object-store/ruled/policy.rego']).toBe('package x\n');
  expect(files['policies/object-store/ruled/policy_test.rego']).not.toContain('test_c0');
  rmSync(root, { recursive: true });
});

describe('the proof', () => {
  type Sides = { readonly holds: readonly unknown[]; readonly fails: readonly unknown[] };
  /** What its Rego says of the size, beside what the meaning says of the flag. */
  const evaluating =
    (says: (size: unknown) => Partial<Sides>): Evaluate =>
    (raw) => {
      const { facts = {} } = raw as { readonly facts?: { readonly [fact: string]: unknown } };
      const { holds = [], fails = [] } = says(facts['size']);
      return {
        declared: ['c0', 'c1'],
        holds: [...holds, ...(facts['flag'] === true ? ['c1'] : [])],
        fails: [...fails, ...(facts['flag'] === false ? [{ clause: 'c1' }] : [])],
      };
    };
  const isNumber = (v: unknown): v is number => typeof v === 'number';
  const difference = (evaluate: Evaluate) =>
    provePolicy(core, evaluate, { seed: 1, random: 300 }).counterexample?.difference;

  it('accepts what decides by well-typed facts', () => {
    const good = evaluating((s) => (!isNumber(s) ? {} : s > 7 ? { holds: ['c0'] } : { fails: [{ clause: 'c0' }] }));
    expect(difference(good)).toBeUndefined();
  });

  it.each<readonly [string, Parameters<typeof evaluating>[0], RegExp]>([
    ['both sides', (s) => (isNumber(s) ? { holds: ['c0'], fails: [{ clause: 'c0' }] } : {}), /both holds and fails/],
    ['null', (s) => (s === null ? { fails: [{ clause: 'c0' }] } : {}), /not of its type/],
    ['a text for a number', (s) => (typeof s === 'string' ? { holds: ['c0'] } : {}), /not of its type/],
    ['a clause that is not there', () => ({ holds: ['c9'] }), /holds has more/],
  ])('stops %s', (_, says, why) => {
    expect(difference(evaluating(says))).toMatch(why);
  });
});
