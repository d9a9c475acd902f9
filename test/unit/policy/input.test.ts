import { describe, expect, it } from 'vitest';
import type { FactState, FactStates, FactValue } from '../../../shared/model/fact.ts';
import { assumedOf, toInput } from '../../../shared/policy/input.ts';
import { factsOf } from '../../../shared/policy/core.ts';
import { probe } from '../../support/policy-lab.ts';

const NOW = 1_800_000_000;
const specs = factsOf(probe);
const known = (value: FactValue, closed?: boolean): FactState => ({
  state: 'known',
  value,
  at: '',
  ...(closed === undefined ? {} : { closed }),
});

describe('the policy input', () => {
  it('holds what is known or a default, and what is assumed only when asked', () => {
    const states: FactStates = {
      flag: known(true),
      level: { state: 'default', value: 'low', because: 'https://example.org', on: '2026-11-25' },
      size: { state: 'assumed', value: 3, because: 'worst case' },
      label: { state: 'unknown', why: 'denied' },
    };
    expect(toInput(states, NOW, specs)).toEqual({ facts: { flag: true, level: 'low' }, closed: [], now: NOW });
    expect(toInput(states, NOW, specs, { assumed: true }).facts).toEqual({ flag: true, level: 'low', size: 3 });
    expect(assumedOf(states, ['flag', 'size', 'toString'])).toEqual(['size']);
  });

  it('is limited to what is read and to what is declared', () => {
    const states = { flag: known(true), level: known('low'), stranger: known(1), constructor: known(1) } as FactStates;
    expect(toInput(states, NOW, specs, { reads: ['flag', 'size', 'constructor', 'stranger'] }).facts).toEqual({
      flag: true,
    });
  });

  it('names lists that were seen completely', () => {
    const states: FactStates = { names: known(['a'], true), sizes: known([1]), rules: known([], false) };
    expect(toInput(states, NOW, specs).closed).toEqual(['names']);
  });

  it('leaves out instants more than five minutes ahead, in records too', () => {
    const states: FactStates = {
      made_at: known(NOW + 301),
      maybe_made_at: known(NOW + 300),
      rules: known([{ made_at: NOW + 301, flag: true }, { made_at: NOW - 1 }], true),
    };
    expect(toInput(states, NOW, specs)).toEqual({
      facts: { maybe_made_at: NOW + 300, rules: [{ flag: true }, { made_at: NOW - 1 }] },
      closed: ['rules'],
      now: NOW,
    });
  });
});
