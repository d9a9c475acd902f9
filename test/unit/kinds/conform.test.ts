import { describe, expect, it } from 'vitest';
import { conform, valueProblem } from '../../../shared/kinds/conform.ts';
import { firewall } from '../../../shared/kinds/firewall.ts';
import { contextFacts, kinds } from '../../../shared/kinds/index.ts';
import {
  bool,
  type FactSpec,
  int,
  ipRange,
  LIST_CAP,
  listOfScalars,
  oneOf,
  optional,
  range,
  string,
  timestamp,
} from '../../../shared/model/fact.ts';

const v4 = { family: 'ipv4', first: '0a000000', last: '0affffff' };
const cases: readonly (readonly [string, FactSpec, unknown, boolean])[] = [
  ['bool', bool(''), true, true],
  ['bool from a string', bool(''), 'true', false],
  ['enum', oneOf(['a', 'b'], ''), 'a', true],
  ['enum in other letters', oneOf(['a', 'b'], ''), 'A', false],
  ['int', int(''), 3, true],
  ['int with a fraction', int(''), 3.5, false],
  ['int from a string', int(''), '3', false],
  ['int below its least', int('', { min: 0 }), -1, false],
  ['timestamp', timestamp(''), 1_700_000_000, true],
  ['range', range('', { min: 0, max: 10 }), { from: 1, to: 1 }, true],
  ['inverted range', range('', { min: 0, max: 10 }), { from: 2, to: 1 }, false],
  ['range beyond its bounds', range('', { min: 0, max: 10 }), { from: 0, to: 11 }, false],
  ['ip range', ipRange(''), v4, true],
  ['ip range of the wrong width', ipRange(''), { ...v4, family: 'ipv6' }, false],
  ['ip range in capitals', ipRange(''), { ...v4, first: '0A000000' }, false],
  ['none of an optional fact', optional(string('', { fold: false })), { none: true }, true],
  ['none of another fact', string('', { fold: false }), { none: true }, false],
  ['null', optional(bool('')), null, false],
  ['list of scalars', listOfScalars('', int('')), [1, 2], true],
  ['list with a stranger in it', listOfScalars('', int('')), [1, '2'], false],
  [
    'record',
    firewall.facts.ingress,
    [{ internet: true, protocol: 'tcp', ports: { from: 1, to: 2 }, source: { none: true } }],
    true,
  ],
  ['record with a field missing', firewall.facts.ingress, [{ internet: true }], true],
  ['record with an undeclared field', firewall.facts.ingress, [{ internets: true }], false],
];

describe('values conform to their declaration', () => {
  it.each(cases)('%s', (_title, spec, value, fits) => {
    expect(valueProblem(spec, value) === undefined).toBe(fits);
  });

  it('a value of the wrong type becomes unknown and keeps its place', () => {
    expect(conform(bool(''), { state: 'known', value: 'yes', at: '/a' })).toEqual({
      state: 'unknown',
      why: 'invalid',
      at: '/a',
      detail: 'not a boolean',
    });
  });

  it('a long list is cut and no longer closed', () => {
    const spec = listOfScalars('', int(''));
    const long = Array.from({ length: LIST_CAP + 1 }, (_, i) => i);
    expect(conform(spec, { state: 'known', value: long, closed: true, at: '' })).toMatchObject({
      closed: false,
      value: { length: LIST_CAP },
    });
    expect(conform(spec, { state: 'known', value: [1], closed: true, at: '' })).toMatchObject({ closed: true });
    expect(conform(spec, { state: 'known', value: [1], at: '' })).toMatchObject({ closed: false });
  });

  it('letter case is folded only where the fact folds it', () => {
    expect(conform(string('', { fold: true }), { state: 'known', value: 'Ab', at: '' })).toMatchObject({ value: 'ab' });
    expect(conform(string('', { fold: false }), { state: 'known', value: 'Ab', at: '' })).toMatchObject({
      value: 'Ab',
    });
  });

  it('kinds and context facts do not share names, and every fact says what it means', () => {
    const seen = new Set<string>();
    for (const kind of kinds) {
      expect(kind.id).toMatch(/^[a-z][a-z_]*$/);
      expect(seen.has(kind.id)).toBe(false);
      seen.add(kind.id);
      for (const [fact, spec] of Object.entries(kind.facts)) {
        expect(fact).toMatch(/^[a-z][a-z_]*$/);
        expect(Object.hasOwn(contextFacts, fact)).toBe(false);
        expect(spec.says.length).toBeGreaterThan(10);
      }
    }
    expect(seen.size).toBeGreaterThanOrEqual(4);
  });
});
