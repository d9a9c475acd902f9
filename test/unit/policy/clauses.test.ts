import { describe, expect, it } from 'vitest';
import { kinds } from '../../../shared/kinds/index.ts';
import { isAppError } from '../../../shared/model/errors.ts';
import type { Condition, Param } from '../../../shared/model/policy.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { parsePolicy, registryOf, typecheck } from '../../../shared/policy/clauses.ts';
import { factsOf } from '../../../shared/policy/core.ts';
import { probe } from '../../support/policy-lab.ts';

/** A policy over the probe kind: head, params, and one clause. */
const source = (that: string, more = ''): string => `id: probe.p
title: Title
severity: low
kind: probe
frameworks: { soc2: [CC1.1] }
remediation: Do it.
${more}require:
  - id: c
    says: words
    that: ${that}
`;
const parse = (text: string) => parsePolicy(text, { file: 'p.yaml', kinds: registryOf([probe]) });
const conditionOf = (that: string, more?: string): Condition | undefined => parse(source(that, more)).require[0]?.that;
function refusalOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    expect(isAppError(error, 'INPUT_INVALID')).toBe(true);
    return (error as Error).message;
  }
  return 'accepted';
}
const refused = (that: string, more?: string): string => refusalOf(source(that, more));

describe('literals', () => {
  it('are normalised by the type of what they are compared with', () => {
    expect(conditionOf('{ fact: ports, within: [22, "80-81", {from: 5, to: 6}] }')).toEqual({
      fact: 'ports',
      within: [
        { from: 22, to: 22 },
        { from: 80, to: 81 },
        { from: 5, to: 6 },
      ],
    });
    expect(
      conditionOf('{ fact: addresses, intersects: [10.0.0.0/8, "2001:db8::/32", "::ffff:192.168.0.0/112", 1.2.3.4] }'),
    ).toEqual({
      fact: 'addresses',
      intersects: [
        { family: 'ipv4', first: '0a000000', last: '0affffff' },
        { family: 'ipv6', first: `20010db8${'0'.repeat(24)}`, last: `20010db8${'f'.repeat(24)}` },
        { family: 'ipv4', first: 'c0a80000', last: 'c0a8ffff' },
        { family: 'ipv4', first: '01020304', last: '01020304' },
      ],
    });
    expect(conditionOf('{ fact: folded, is: TeAm }')).toEqual({ fact: 'folded', is: 'team' });
    expect(conditionOf('{ fact: label, is: TeAm }')).toEqual({ fact: 'label', is: 'TeAm' });
    expect(conditionOf('{ fact: maybe_size, is: none }')).toEqual({ fact: 'maybe_size', is: { none: true } });
    expect(conditionOf('{ fact: maybe_label, in: [none, a] }')).toEqual({
      fact: 'maybe_label',
      in: [{ none: true }, 'a'],
    });
    expect(conditionOf('{ fact: label, is: none }')).toEqual({ fact: 'label', is: 'none' });
  });

  it.each([
    ['{ fact: level, is: hihg }', 'p.yaml:10:30: level has no value "hihg". Allowed: low, mid, high.'],
    ['{ fact: flag, is: "true" }', 'p.yaml:10:29: flag is a boolean, got "true". Allowed: true, false.'],
    ['{ fact: size, at_least: 1001 }', 'p.yaml:10:35: size is at least -5 and at most 1000, got 1001.'],
    ['{ fact: size, is: 7.5 }', 'size is an integer, got 7.5'],
    ['{ fact: size, is: none }', 'size always has a value: it is never none'],
    ['{ fact: label, is: 7 }', 'label is a string, got 7 (quote it)'],
    ['{ fact: ports, within: ["25-20"] }', 'is not a range of integers. Allowed: 22, 20-25, {from, to}'],
    ['{ fact: ports, within: [65536] }', 'is outside 0-65535'],
    ['{ fact: ports, within: [] }', 'a list of ranges must not be empty'],
    ['{ fact: addresses, within: [10.0.0.1/8] }', '"10.0.0.1/8" is not a CIDR without host bits'],
    ['{ fact: addresses, within: [010.0.0.0/8] }', 'is not a CIDR'],
    ['{ fact: level, in: [] }', 'a list of values must not be empty'],
    ['{ fact: made_at, older_than_days: -1 }', 'a number of days is at least 0'],
    ['{ fact: made_at, is: 5 }', 'made_at is a timestamp: is does not compare it. Allowed: older_than_days.'],
    ['{ fact: maybe_ports, is: 22 }', 'only "is: none" is allowed'],
    ['{ fact: flag, at_least: 1 }', 'flag is a bool: at_least does not compare it. Allowed: is.'],
    ['{ fact: label, is: "\\ud800" }', 'p.yaml:'],
  ])('%s is refused', (that, message) => {
    expect(refused(that)).toContain(message);
  });
});

describe('conditions', () => {
  it.each([
    ['{ fact: labell, is: x }', 'p.yaml:10:19: no fact "labell". Allowed: cloud, account'],
    ['{ fact: label, is: x, matches: y }', 'label is compared once'],
    ['{ fact: label, equals: x }', 'unknown key "equals". Allowed: is, in, matches.'],
    ['{ fact: label }', 'label is not compared with anything'],
    ['{ all: [] }', 'a list of conditions must not be empty'],
    ['{ all: [{ fact: flag, is: true }], any: [] }', 'this says all and any'],
    ['{ every: label, that: { fact: flag, is: true } }', '"label" is not a list of this kind'],
    [
      '{ every: rules, that: { fact: flag, is: true } }',
      'an item predicate speaks of field:, item: and parameters only',
    ],
    ['{ every: rules, that: { field: flagg, is: true } }', 'no field "flagg". Allowed: flag,'],
    ['{ every: rules, that: { item: true, is: x } }', 'the items are records'],
    ['{ every: names, that: { field: x, is: x } }', 'the items are no records'],
    [
      '{ every: rules, that: { some: names, that: { item: true, is: x } } }',
      'a quantifier does not stand inside another',
    ],
    ['{ every: rules, that: { tag: { key: x } } }', 'a tag does not stand inside a quantifier'],
    ['{ field: flag, is: true }', 'field: stands inside every, some, none or count only'],
    ['{ fact: rules, contains: x }', 'rules is a list of records'],
    ['{ count: rules, that: { field: flag, is: true } }', 'a count needs a bound'],
    ['{ count: rules, that: { field: flag, is: true }, at_least: -1 }', 'at_least is at least 0'],
    ['{ tag: { key: x, is: a, in: [b] } }', 'a tag is compared once'],
    ['[]', 'expected a condition'],
    ['true', 'expected a condition'],
    ['{ fact: constructor, is: x }', 'no fact "constructor"'],
  ])('%s is refused', (that, message) => {
    expect(refused(that)).toContain(message);
  });
});

describe('parameters', () => {
  const params = (text: string): string => `params:\n  p: ${text}\n`;
  it.each([
    ['{ fact: size, at_least: { param: q } }', '{ says: s, type: int, default: 1 }', 'no parameter "q". Allowed: p.'],
    ['{ fact: flag, is: true }', '{ says: s, type: int, default: 1 }', 'the parameter p is not used'],
    [
      '{ fact: size, at_least: { param: p } }',
      '{ says: s, type: int, default: 9, max: 8 }',
      'the parameter is at most 8, got 9',
    ],
    [
      '{ fact: size, at_least: { param: p } }',
      '{ says: s, type: int, default: 2000 }',
      'size is at least -5 and at most 1000, got 2000',
    ],
    ['{ fact: level, is: { param: p } }', '{ says: s, type: string, default: hihg }', 'level has no value "hihg"'],
    ['{ fact: level, in: { param: p } }', '{ says: s, type: list_of_strings, default: [] }', 'must not be empty'],
    [
      '{ fact: ports, within: { param: p } }',
      '{ says: s, type: list_of_ip_ranges, default: [10.0.0.0/8] }',
      'which does not fit here',
    ],
    [
      '{ fact: size, at_least: { param: p } }',
      '{ says: s, type: int, default: 1, overrides: [{ when: { fact: size, is: 1 }, value: 2 }] }',
      'no context fact "size"',
    ],
    [
      '{ fact: size, at_least: { param: p } }',
      '{ says: s, type: int, default: 1, overrides: [{ when: { fact: environment, is: { param: p } }, value: 2 }] }',
      'uses no parameters',
    ],
    [
      '{ fact: size, at_least: { param: p } }',
      '{ says: s, type: int, default: 1, min: 1, overrides: [{ when: { fact: environment, is: test }, value: 0 }] }',
      'the parameter is at least 1, got 0',
    ],
    ['{ fact: size, at_least: { param: p } }', '{ says: s, type: number, default: 1 }', 'no parameter type "number"'],
  ])('%s with %s is refused', (that, param, message) => {
    expect(refused(that, params(param))).toContain(message);
  });

  it('are typed where they are used', () => {
    const { params: typed } = parse(
      source(
        '{ fact: ports, within: { param: p } }',
        params("{ says: s, type: list_of_ranges, default: ['22', 80-81] }"),
      ),
    );
    expect(typed?.['p']?.default satisfies Param['default'] | undefined).toEqual([
      { from: 22, to: 22 },
      { from: 80, to: 81 },
    ]);
  });
});

describe('a policy', () => {
  it.each([
    [
      'severity: low',
      'severity: urgent',
      'p.yaml:3:11: no severity "urgent". Allowed: critical, high, medium, low, info.',
    ],
    ['id: probe.p', 'id: other.p', 'is not probe.<secure-state>'],
    ['kind: probe', 'kind: prob', 'no kind "prob". Allowed: probe.'],
    ['title: Title', 'titel: Title', 'unknown key "titel"'],
    ['title: Title\n', '', 'the key "title" is missing'],
    ['id: c', 'id: scope', 'it has a meaning of its own'],
    ['id: c', 'id: C1', 'is not an id in kebab-case'],
    ['remediation: Do it.', 'remediation: Do it.\nremediation: Do it.', 'p.yaml:7:1'],
    ['title: Title', 'title: &a Title', 'accepted'],
    ['title: Title', 'title: *a', 'p.yaml:2:8'],
    ['frameworks: { soc2: [CC1.1] }', 'frameworks: { soc2: [] }', 'a list of controls must not be empty'],
    ['remediation: Do it.', 'remediation: Do it.\nexceptions: {}', 'the key "max_days" is missing'],
    ['remediation: Do it.', 'remediation: Do it.\nexceptions: { max_days: 0 }', 'max_days is at least 1'],
    ['remediation: Do it.', 'remediation: Do it.\nexceptions: { max_days: 400 }', 'at most 366, got 400'],
  ])('with %j as %j: %s', (from, to, message) => {
    expect(refusalOf(source('{ fact: flag, is: true }').replace(from, to))).toContain(message);
  });

  it('says how long an exception to it may last', () => {
    const yaml = source('{ fact: flag, is: true }');
    const limited = compilePolicy({ file: 'p.yaml', yaml: `${yaml}exceptions: { max_days: 14 }\n` }, [probe]);
    expect(limited.bundled.exceptions).toEqual({ max_days: 14 });
    expect(typecheck(limited.policy, probe)).toEqual(limited.policy);
    expect(compilePolicy({ file: 'p.yaml', yaml }, [probe]).bundled).not.toHaveProperty('exceptions');
  });

  it('is refused when a clause stands twice', () => {
    const twice = `${source('{ fact: flag, is: true }')}  - { id: c, says: w, that: { fact: flag, is: true } }\n`;
    expect(refusalOf(twice)).toContain('the clause "c" stands twice');
  });

  it('survives a second check unchanged', () => {
    const policy = parse(
      source(
        '{ any: [{ fact: addresses, within: [10.0.0.0/8] }, { fact: maybe_label, is: none }, { fact: folded, in: [A] }] }',
      ),
    );
    expect(typecheck(policy, probe)).toEqual(policy);
  });
});

describe('every kind', () => {
  it.each(kinds.map((k) => [k.id, k] as const))('%s can be spoken of without ambiguity', (_, kind) => {
    for (const [name, spec] of Object.entries(factsOf(kind))) {
      const fields = spec.shape.type === 'list' && spec.shape.of.type === 'record' ? spec.shape.of.fields : {};
      for (const s of [spec, ...Object.values(fields)]) {
        // `is: none` must have one reading.
        if (s.shape.type === 'enum' && s.optional) expect(s.shape.values, name).not.toContain('none');
      }
      expect(spec.shape.type === 'list' && spec.optional, `${name}: an empty list says it`).toBe(false);
    }
  });
});
