/**
 * The generated English has one reading, and it is what the policy means: printed, read by rules that know nothing of the
 * printer, and printed again it is the same text, and what was read is equivalent to the policy.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { comparePolicies } from '../../shared/authoring/compare.ts';
import { readEnglish } from '../../shared/authoring/read-english.ts';
import { englishProblem } from '../../shared/authoring/verify.ts';
import { kindById } from '../../shared/kinds/index.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Condition } from '../../shared/model/policy.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { formOf, toCore } from '../../shared/policy/core.ts';
import { lotsFrom } from '../../shared/policy/proof.ts';
import { type English, toEnglish } from '../../shared/policy/to-english.ts';
import { type LabPolicy, labPolicy, probe, randomPolicy } from '../support/policy-lab.ts';

const seed = Number(process.env['EDICT_SEED'] ?? Date.now() % 2 ** 31);
const counted: { [what: string]: number } = {};
const count = (what: string): void => void (counted[what] = (counted[what] ?? 0) + 1);
afterAll(() => console.log(`read English: EDICT_SEED=${seed}`, counted));

const RANDOM = 5000;
/** Of so many one is compared by what it means, whatever its form. */
const COMPARED = 20;
const policies = join(import.meta.dirname, '..', '..', 'policies');

/** Prints, reads, prints again. What was read is the policy in form, else in meaning; `decided` asks that of all. */
function roundTrip({ policy, core }: Pick<LabPolicy, 'policy' | 'core'>, kind: Kind, decided: boolean): void {
  const english = toEnglish(policy, kind);
  const read = readEnglish(english, kind);
  expect(toEnglish(read, kind)).toEqual(english);
  const other = toCore(read, kind);
  const isSame = formOf(other) === formOf(core);
  if (isSame) count('same');
  if (isSame && !decided) return;
  const comparison = comparePolicies(core, other);
  count(comparison.is);
  expect(comparison.is, JSON.stringify([english, comparison])).not.toBe('different');
  expect(isSame || comparison.is === 'equivalent', JSON.stringify([policy, read])).toBe(true);
}

it(`is read as it is meant, of ${RANDOM} random policies`, () => {
  const lots = lotsFrom(seed);
  for (let i = 0; i < RANDOM; i++) roundTrip(randomPolicy(lots, `p-${i}`), probe, i % COMPARED === 0);
  expect(counted['equivalent']).toBeGreaterThan((0.9 * RANDOM) / COMPARED);
});

it('is read as it is meant, of every policy that ships', () => {
  const files = globSync('*/*/policy.yaml', { cwd: policies });
  expect(files.length).toBeGreaterThanOrEqual(17);
  for (const file of files) {
    const compiled = compilePolicy({ file, yaml: readFileSync(join(policies, file), 'utf8') });
    const kind = kindById(compiled.policy.kind) as Kind;
    roundTrip(compiled, kind, true);
    expect(englishProblem(compiled, kind)).toBeUndefined();
  }
});

const reading = (text: string): Condition | undefined =>
  readEnglish({ clauses: { c: text }, params: [] }, probe).require[0]?.that;

describe('the reader', () => {
  it.each([
    ['It is not so that flag is true and size is 7.', 'more than one way'],
    ['No item of rules is such that its flag is true and its size is 7.', undefined],
    ['Flag is true and some item of sizes is such that it is 7 and it is 8.', undefined],
    ['It is not so that some item of sizes is such that it is 7 and flag is true.', 'more than one way'],
    ['Flagg is true.', 'cannot be read'],
    ['Flag is true', 'no full stop'],
    ['Label is "a" or b".', 'cannot be read'],
    ['Size is at least 7 days.', 'cannot be read'],
    ['Size is least (by default 7) and size is at most least (by default 8).', 'two defaults'],
    ['Made at is 7.', 'cannot be read'],
  ])('%s: %s', (text, problem) => {
    if (problem === undefined) expect(reading(text)).toBeDefined();
    else expect(() => reading(text)).toThrow(problem);
  });

  it('does not take a text for a part of the sentence', () => {
    const label = 'a", flag is true or it is not so that label is "\u202E\u00A0b\u{1F512}\u{E0001}';
    const { policy, core } = labPolicy('p', [
      {
        any: [
          { fact: 'label', is: label },
          { fact: 'flag', is: true },
        ],
      },
      { tag: { key: '" is "', in: [label, 'b'] } },
    ]);
    expect(englishProblem({ policy, core }, probe)).toBeUndefined();
    const { clauses } = toEnglish(policy, probe);
    expect(clauses['c0']).toBe(
      'Either label is "a\\", flag is true or it is not so that label is \\"\\u202e\\u00a0b🔒\\udb40\\udc01" or flag is true.',
    );
  });

  it('knows a bound by a parameter from a parameter that is called like a bound', () => {
    const params = {
      x: { says: 's', type: 'int', default: 7 },
      at_least_x: { says: 's', type: 'int', default: 7 },
    } as const;
    const { policy, core } = labPolicy(
      'p',
      [
        { fact: 'size', is: { param: 'at_least_x' } },
        { fact: 'size', at_least: { param: 'x' } },
      ],
      { params },
    );
    expect(englishProblem({ policy, core }, probe)).toBeUndefined();
  });

  it('sees a sentence that says something else', () => {
    const { policy, core } = labPolicy('p', [
      {
        not: {
          all: [
            { fact: 'flag', is: true },
            { fact: 'size', is: 7 },
          ],
        },
      },
    ]);
    const wrong: English = { clauses: { c0: 'It is not so that (flag is true or size is 7).' }, params: [] };
    expect(() => readEnglish(wrong, probe)).toThrow('cannot be read');
    const other: English = { clauses: { c0: 'It is not so that (either flag is true or size is 7).' }, params: [] };
    expect(comparePolicies(toCore(readEnglish(other, probe), probe), core).is).toBe('different');
    expect(englishProblem({ policy, core }, probe)).toBeUndefined();
  });
});
