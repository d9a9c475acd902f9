import { expect, it } from 'vitest';
import type { Condition } from '../../../shared/model/policy.ts';
import { toEnglish } from '../../../shared/policy/to-english.ts';
import { labPolicy, probe } from '../../support/policy-lab.ts';

const english = (that: Condition): string => toEnglish(labPolicy('p', [that]).policy, probe).clauses['c0'] ?? '';

it.each([
  [{ fact: 'flag', is: true }, 'Flag is true.'],
  [{ fact: 'maybe_level', in: ['low', 'mid', { none: true }] }, 'Maybe level is "low", "mid" or none.'],
  [{ not: { fact: 'made_at', older_than_days: 90 } }, 'It is not so that made at was more than 90 days ago.'],
  [
    { fact: 'addresses', within: [{ family: 'ipv4', first: '0a000000', last: '0affffff' }] },
    'Addresses lies wholly within 10.0.0.0/8.',
  ],
  [
    {
      none: 'rules',
      that: {
        all: [
          { field: 'flag', is: true },
          { field: 'ports', intersects: [{ from: 20, to: 25 }] },
        ],
      },
    },
    'No item of rules is such that (its flag is true and its ports has something in common with 20-25).',
  ],
  [
    { count: 'names', that: { item: true, matches: 'a*' }, at_least: 1, at_most: 2 },
    'At least 1 and at most 2 of the items of names are such that it matches "a*".',
  ],
  [
    { any: [{ tag: { key: 'team' } }, { tag: { key: 'env', is: { none: true } } }] },
    'Either there is a tag "team" or there is no tag "env".',
  ],
] as readonly (readonly [Condition, string])[])('%j', (condition, text) => {
  expect(english(condition)).toBe(text);
});

it('tells the scope, and the parameters with their overrides', () => {
  const { policy } = labPolicy('p', [{ fact: 'size', at_least: { param: 'least' } }], {
    applies_when: { fact: 'environment', is: 'production' },
    params: {
      least: { says: 's', type: 'int', default: 7, overrides: [{ when: { fact: 'cloud', is: 'aws' }, value: 30 }] },
    },
  });
  expect(toEnglish(policy, probe)).toEqual({
    scope: 'It applies where environment is "production".',
    clauses: { c0: 'Size is at least least (by default 7).' },
    params: ['Least is 30 where cloud is "aws".'],
  });
});
