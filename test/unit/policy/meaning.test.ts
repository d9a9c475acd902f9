import { describe, expect, it } from 'vitest';
import type { Condition, Param } from '../../../shared/model/policy.ts';
import {
  evaluate,
  flipsAt,
  matches,
  meaningOf,
  missingFacts,
  type PolicyInput,
} from '../../../shared/policy/meaning.ts';
import { labPolicy } from '../../support/policy-lab.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const input = (facts: PolicyInput['facts'], closed: readonly string[] = []): PolicyInput => ({
  facts,
  closed,
  now: NOW,
});
const truth = (that: Condition, facts: PolicyInput['facts'], closed?: readonly string[]): string =>
  evaluate(labPolicy('p', [that]).core.clauses[0]?.that ?? { op: 'all', of: [] }, { input: input(facts, closed) });

describe('a comparison', () => {
  it('is unknown of what is missing, null or of the wrong type', () => {
    for (const facts of [{}, { size: null }, { size: '7' }, { size: true }, { size: [7] }, { size: { none: true } }]) {
      expect(truth({ fact: 'size', at_least: 7 }, facts)).toBe('unknown');
      expect(truth({ not: { fact: 'size', at_least: 7 } }, facts)).toBe('unknown');
    }
  });

  it('with none is surely false, unless it asks for none', () => {
    const none = { maybe_size: { none: true } };
    expect(truth({ fact: 'maybe_size', at_least: 7 }, none)).toBe('false');
    expect(truth({ not: { fact: 'maybe_size', at_least: 7 } }, none)).toBe('true');
    expect(truth({ fact: 'maybe_size', is: { none: true } }, none)).toBe('true');
    expect(truth({ fact: 'maybe_size', is: { none: true } }, { maybe_size: 3 })).toBe('false');
    expect(truth({ fact: 'maybe_size', in: [3, { none: true }] }, none)).toBe('true');
  });

  it('of ages counts days of 86,400 s and does not believe the future', () => {
    const old: Condition = { fact: 'made_at', older_than_days: 7 };
    expect(truth(old, { made_at: NOW - 7 * DAY })).toBe('false');
    expect(truth(old, { made_at: NOW - 7 * DAY - 1 })).toBe('true');
    expect(truth(old, { made_at: NOW + 300 })).toBe('false');
    expect(truth(old, { made_at: NOW + 301 })).toBe('unknown');
  });

  it('of ranges takes adjacent ranges as one', () => {
    const that: Condition = {
      fact: 'ports',
      within: [
        { from: 20, to: 22 },
        { from: 23, to: 25 },
      ],
    };
    expect(truth(that, { ports: { from: 21, to: 24 } })).toBe('true');
    expect(truth(that, { ports: { from: 21, to: 26 } })).toBe('false');
    expect(truth(that, { ports: { from: 24, to: 21 } })).toBe('unknown');
  });

  it.each([
    ['abc', 'a*c', true],
    ['ac', 'a*c', true],
    ['a', 'a*a', false],
    ['aa', 'a*a', true],
    ['axbxc', 'a*b*c', true],
    ['abab', '*ab', true],
    ['a\nb', 'a*b', true],
    ['', '*', true],
    ['axb', 'a.b', false],
    ['', '', true],
    ['xabx', 'ab', false],
    ['ababc', 'ab*abc', true],
  ])('%j matches %j: %s', (text, pattern, expected) => {
    expect(matches(text, pattern)).toBe(expected);
  });
});

describe('a quantifier', () => {
  const flagged: Condition = { field: 'flag', is: true };
  const [yes, no, open] = [{ flag: true }, { flag: false }, {}];
  it.each([
    ['every', [yes, yes], true, 'true'],
    ['every', [yes, yes], false, 'unknown'],
    ['every', [yes, no], false, 'false'],
    ['every', [yes, open], true, 'unknown'],
    ['every', [], true, 'true'],
    ['every', [], false, 'unknown'],
    ['some', [no, yes], false, 'true'],
    ['some', [no, no], true, 'false'],
    ['some', [no, no], false, 'unknown'],
    ['some', [no, open], true, 'unknown'],
    ['none', [no, no], true, 'true'],
    ['none', [no, yes], false, 'false'],
  ] as const)('%s of %j, closed %s, is %s', (quantifier, rules, isClosed, expected) => {
    const that = { [quantifier]: 'rules', that: flagged } as object as Condition;
    expect(truth(that, { rules }, isClosed ? ['rules'] : [])).toBe(expected);
  });

  it.each([
    [{ at_most: 1 }, [yes, no, no], true, 'true'],
    [{ at_most: 1 }, [yes, open, no], true, 'unknown'],
    [{ at_most: 1 }, [yes, yes], false, 'false'],
    [{ at_most: 1 }, [yes], false, 'unknown'],
    [{ at_least: 2 }, [yes, yes], false, 'true'],
    [{ at_least: 2 }, [yes, open], true, 'unknown'],
    [{ at_least: 2 }, [yes, no], true, 'false'],
    [{ at_least: 2 }, [yes, no], false, 'unknown'],
    [{ at_least: 1, at_most: 1 }, [yes, no], true, 'true'],
  ] as const)('count %j of %j, closed %s, is %s', (bounds, rules, isClosed, expected) => {
    expect(truth({ count: 'rules', that: flagged, ...bounds }, { rules }, isClosed ? ['rules'] : [])).toBe(expected);
  });

  it('over what is no list is unknown, whatever it is', () => {
    for (const rules of [undefined, null, 'x', {}, 7]) {
      for (const that of [
        { every: 'rules', that: flagged },
        { some: 'rules', that: flagged },
        { count: 'rules', that: flagged, at_most: 5 },
      ] as Condition[])
        expect(truth(that, { rules }, ['rules'])).toBe('unknown');
    }
  });

  it('of tags tells a missing tag from one that was not looked for', () => {
    const team: Condition = { tag: { key: 'team', is: 'a' } };
    expect(truth(team, { tags: [{ key: 'team', value: 'a' }] })).toBe('true');
    expect(truth(team, { tags: [] }, ['tags'])).toBe('false');
    expect(truth(team, { tags: [] })).toBe('unknown');
    expect(truth({ tag: { key: 'team', is: { none: true } } }, { tags: [] }, ['tags'])).toBe('true');
  });
});

describe('an override', () => {
  const policy = (overrides: NonNullable<Param['overrides']>) =>
    labPolicy('p', [{ fact: 'size', at_least: { param: 'least' } }], {
      params: { least: { says: 's', type: 'int', default: 7, overrides } },
    }).core;
  const core = policy([{ when: { fact: 'environment', is: 'production' }, value: 30 }]);
  it.each([
    [{ size: 40 }, 'holds'], // all candidates agree
    [{ size: 5 }, 'fails'],
    [{ size: 20 }, 'unknown'],
    [{ size: 20, environment: 'production' }, 'fails'],
    [{ size: 20, environment: 'test' }, 'holds'],
    [{ size: 20, environment: { none: true } }, 'holds'],
  ])('of %j %s', (facts, expected) => {
    expect(meaningOf(core, input(facts)).clauses[0]?.verdict).toBe(expected);
  });

  it('is the first that matches', () => {
    const first = policy([
      { when: { fact: 'environment', is: 'production' }, value: 30 },
      { when: { fact: 'environment', in: ['production', 'test'] }, value: 1 },
    ]);
    expect(meaningOf(first, input({ size: 20, environment: 'production' })).clauses[0]?.verdict).toBe('fails');
    expect(meaningOf(first, input({ size: 2, environment: 'test' })).clauses[0]?.verdict).toBe('holds');
  });
});

describe('the verdict', () => {
  const { core } = labPolicy(
    'p',
    [
      { fact: 'flag', is: true },
      { fact: 'level', is: 'low' },
    ],
    { applies_when: { fact: 'environment', is: 'production' } },
  );
  it.each([
    [{ environment: 'test' }, 'not_applicable'],
    [{ environment: 'production', flag: false }, 'violation'],
    [{ flag: true, level: 'low' }, 'compliant'],
    [{ flag: false, level: 'low' }, 'unknown'],
    [{ environment: 'production', flag: true }, 'unknown'],
    [{}, 'unknown'],
  ])('on %j is %s', (facts, verdict) => {
    expect(meaningOf(core, input(facts)).verdict).toBe(verdict);
  });

  it('names the items that failed', () => {
    const { core: items } = labPolicy('p', [
      { none: 'rules', that: { field: 'flag', is: true } },
      { count: 'rules', that: { field: 'flag', is: true }, at_most: 1 },
    ]);
    const rules = [{ flag: true }, {}, { flag: false }, { flag: true }];
    expect(meaningOf(items, input({ rules }, ['rules'])).clauses).toEqual([
      { id: 'c0', verdict: 'fails', items: [0, 3] },
      { id: 'c1', verdict: 'fails', items: [0, 3] },
    ]);
  });
});

describe('missing facts', () => {
  it.each([
    [{ environment: 'production', flag: true }, ['level']],
    [{ flag: false, level: 'low' }, ['environment']],
    [{}, ['environment']], // not applicable is decided by one fact, compliance by two
    [{ environment: 'production' }, ['flag']], // one failing clause decides
  ])('of %j are %j', (facts, missing) => {
    const { core } = labPolicy(
      'p',
      [
        { fact: 'flag', is: true },
        { fact: 'level', is: 'low' },
      ],
      { applies_when: { fact: 'environment', is: 'production' } },
    );
    expect(missingFacts(core, input(facts))).toEqual(missing);
  });

  it('may be several, and count a list once', () => {
    const { core } = labPolicy('p', [
      {
        any: [
          {
            all: [
              { fact: 'flag', is: true },
              { fact: 'size', is: 7 },
              { fact: 'level', is: 'low' },
            ],
          },
          { some: 'rules', that: { field: 'flag', is: true } },
        ],
      },
    ]);
    expect(missingFacts(core, input({ level: 'high' }))).toEqual(['rules']);
    expect(missingFacts(core, input({ rules: [] }, ['rules']))).toEqual(['flag']);
  });
});

describe('the instant at which an age flips', () => {
  const { core } = labPolicy('p', [
    { not: { fact: 'made_at', older_than_days: 7 } },
    { none: 'rules', that: { field: 'maybe_made_at', older_than_days: 90 } },
  ]);
  it('is the earliest after now', () => {
    expect(flipsAt(core, input({}))).toBeUndefined();
    expect(flipsAt(core, input({ made_at: NOW - 7 * DAY }))).toBe(NOW + 1);
    expect(flipsAt(core, input({ made_at: NOW - 8 * DAY }))).toBeUndefined();
    const rules = [
      { maybe_made_at: NOW - 89 * DAY },
      { maybe_made_at: NOW - 88 * DAY },
      { maybe_made_at: { none: true } },
    ];
    expect(flipsAt(core, input({ made_at: NOW - 1 * DAY, rules }))).toBe(NOW + DAY + 1);
    expect(flipsAt(core, input({ made_at: NOW + DAY }))).toBe(NOW + DAY - 300);
  });

  it('is where the verdict changes and not a second before', () => {
    const at = flipsAt(core, input({ made_at: NOW })) ?? 0;
    const verdictAt = (now: number) =>
      meaningOf(core, { facts: { made_at: NOW, rules: [] }, closed: ['rules'], now }).verdict;
    expect(verdictAt(at - 1)).toBe('compliant');
    expect(verdictAt(at)).toBe('violation');
  });
});
