import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readBundle } from '../../../shared/adapters/opa/bundle-files.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { coreOf } from '../../../shared/policy/bundle.ts';
import { describeGap, gapOf } from '../../../shared/policy/gaps.ts';
import { meaningOf } from '../../../shared/policy/meaning.ts';
import { labPolicy } from '../../support/policy-lab.ts';

const production: Condition = { fact: 'environment', is: 'production' };
const byHand = labPolicy('p', [
  {
    any: [
      { all: [production, { fact: 'size', at_least: 30 }] },
      { all: [{ not: production }, { fact: 'size', at_least: 7 }] },
    ],
  },
]).core;

it('finds the smallest resource that is unknown although every completion agrees', () => {
  const gap = gapOf(byHand);
  expect(gap).toMatchObject({ policy: 'probe.p', whatever: ['environment'] });
  expect(Object.keys(gap?.input.facts ?? {})).toEqual(['size']);
  expect(gap === undefined ? '' : meaningOf(byHand, gap.input).verdict).toBe('unknown');
  expect(gap === undefined ? '' : describeGap(gap)).toContain('whatever environment is');
});

it('finds none where the rewrite that it proposes is followed', () => {
  const param = labPolicy('p', [{ fact: 'size', at_least: { param: 'least' } }], {
    params: { least: { says: 's', type: 'int', default: 7, overrides: [{ when: production, value: 30 }] } },
  }).core;
  expect(gapOf(param)).toBeUndefined();
  const consensus = labPolicy('p', [
    {
      any: [
        { all: [production, { fact: 'size', at_least: 30 }] },
        { all: [{ not: production }, { fact: 'size', at_least: 7 }] },
        { fact: 'size', at_least: 30 },
      ],
    },
  ]).core;
  expect(gapOf(consensus)?.always).not.toBe('no violation');
});

it('finds none in a plain comparison, nor where the unknown matters', () => {
  expect(gapOf(labPolicy('p', [{ fact: 'flag', is: true }]).core)).toBeUndefined();
  expect(gapOf(labPolicy('p', [{ fact: 'flag', is: true }], { applies_when: production }).core)).toBeUndefined();
});

it('finds a tautology of lists and facts alike', () => {
  const either = labPolicy('p', [{ any: [{ fact: 'flag', is: true }, { not: { fact: 'flag', is: true } }] }]).core;
  expect(gapOf(either)).toMatchObject({ always: 'no violation', whatever: ['flag'] });
});

it('finds none in the policies that ship', () => {
  const { manifest } = readBundle(join(import.meta.dirname, '..', '..', '..', 'bundle'));
  expect(manifest.policies.map((p) => gapOf(coreOf(p))).filter((g) => g !== undefined)).toEqual([]);
});
