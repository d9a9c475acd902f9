/** The three forms of a kind's contract agree: the validator that stands before the engine, the JSON Schema, and `conform`. */
import { Ajv } from 'ajv';
import {
  array,
  assert,
  constantFrom,
  constant,
  dictionary,
  integer,
  jsonValue,
  oneof,
  property,
  record,
  string,
  type Arbitrary,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kinds } from '../../shared/kinds/index.ts';
import { valueProblem } from '../../shared/kinds/conform.ts';
import type { FactSpec, FactStates, FactValue, FieldSpec } from '../../shared/model/fact.ts';
import { factsOf } from '../../shared/policy/core.ts';
import { domainOf } from '../../shared/policy/regions.ts';
import { compileValidator, schemaOf } from '../../shared/policy/schema.ts';
import { probe } from '../support/policy-lab.ts';

const NOW = 1_800_000_000;
const ajv = new Ajv({ allErrors: false, strict: false });

/** Values of a fact: well-formed ones, near misses, and any JSON. */
function valuesOf(spec: FactSpec | FieldSpec): Arbitrary<unknown> {
  const { shape } = spec;
  if (shape.type !== 'list') {
    const { proper, wrong } = domainOf(shape, spec.optional, [], { now: NOW });
    return oneof(
      constantFrom(...proper),
      constantFrom(...wrong),
      oneof(jsonValue(), integer(), string({ unit: 'binary' })),
    );
  }
  const item: Arbitrary<unknown> =
    shape.of.type === 'record'
      ? record(Object.fromEntries(Object.entries(shape.of.fields).map(([f, s]) => [f, valuesOf(s)])), {
          requiredKeys: [],
        })
      : valuesOf({ says: '', optional: false, shape: shape.of });
  return oneof(
    { weight: 5, arbitrary: array(item, { maxLength: 3 }) },
    { weight: 1, arbitrary: jsonValue() },
    { weight: 1, arbitrary: constant({ none: true }) },
  );
}

/** What the schema cannot say: a range must not be inverted. */
function isInverted(v: unknown): boolean {
  if (Array.isArray(v)) return v.some(isInverted);
  if (typeof v !== 'object' || v === null) return false;
  const { from, to, first, last } = v as { [k: string]: unknown };
  if (typeof from === 'number' && typeof to === 'number' && from > to) return true;
  if (typeof first === 'string' && typeof last === 'string' && first > last) return true;
  return Object.values(v).some(isInverted);
}
const isWellFormed = (v: unknown): boolean =>
  typeof v === 'string'
    ? v.isWellFormed()
    : typeof v !== 'object' || v === null || Object.values(v).every(isWellFormed);

const states = (fact: string, value: unknown): FactStates => ({
  [fact]: { state: 'known', value: value as FactValue, at: '' },
});

describe.each([...kinds, probe].map((k) => [k.id, k] as const))('%s', (_, kind) => {
  const validate = compileValidator(kind);
  const bySchema = ajv.compile(schemaOf(kind));
  it('the validator accepts what the schema and conform accept, and nothing else', () => {
    let accepted = 0;
    for (const [fact, spec] of Object.entries(factsOf(kind))) {
      assert(
        property(valuesOf(spec), (value) => {
          const { undeclared, invalid } = validate(states(fact, value));
          expect(undeclared).toEqual([]);
          if (!invalid.has(fact)) accepted++;
          expect(!invalid.has(fact), invalid.get(fact)).toBe(
            bySchema({ facts: { [fact]: value }, closed: [], now: NOW }) && !isInverted(value) && isWellFormed(value),
          );
          expect(invalid.has(fact)).toBe(valueProblem(spec, value) !== undefined);
        }),
        { numRuns: 150 },
      );
    }
    expect(accepted).toBeGreaterThan(100);
  });

  it('both are closed: a fact that is not declared is refused', () => {
    assert(
      property(dictionary(string(), jsonValue(), { minKeys: 1 }), (facts) => {
        const strangers = Object.keys(facts).filter((f) => !Object.hasOwn(factsOf(kind), f));
        const given = Object.fromEntries(
          Object.keys(facts).map((f) => [f, { state: 'unknown', why: 'denied' } as const]),
        );
        expect(validate(given).undeclared).toEqual(strangers);
        if (strangers.length > 0) expect(bySchema({ facts, closed: [], now: NOW })).toBe(false);
      }),
    );
  });
});
