/**
 * Bad policies, one row each: a good one with one thing wrong, by the failure it stands for. A text to find must be there
 * exactly as often as it is replaced; the test sees to it.
 */
import type { Condition } from '../../../shared/model/policy.ts';
import { type BaseName, bases, type Source } from './bases.ts';

export interface BadPolicy {
  readonly failure: string;
  readonly base: BaseName;
  /** The clauses, changed. The Rego is then what the compiler writes for them. */
  readonly clauses?: (source: Source) => Source;
  /** The Rego by hand, changed: all places of the first text become the second. */
  readonly rego?: readonly [find: string, replace: string];
  /** What the compiler writes, changed, and still called generated. */
  readonly generated?: readonly [find: string, replace: string];
  /** Another policy that is active. */
  readonly other?: Source;
}

const having =
  (i: number, that: Condition) =>
  (s: Source): Source => ({
    ...s,
    require: s.require.with(i, { ...(s.require[i] as Source['require'][number]), that }),
  });
const scoped =
  (scope: Condition | undefined) =>
  (s: Source): Source => {
    const { applies_when: dropped, ...rest } = s;
    return scope === undefined || scope === dropped ? rest : { ...rest, applies_when: scope };
  };
const more =
  (that: Condition) =>
  (s: Source): Source => ({
    ...s,
    require: [...s.require, { id: 'one-more', says: 'one more', that }],
  });
const rego = (failure: string, base: BaseName, find: string, replace: string): BadPolicy => ({
  failure,
  base,
  rego: [find, replace],
});
const clauses = (failure: string, base: BaseName, change: (s: Source) => Source): BadPolicy => ({
  failure,
  base,
  clauses: change,
});
const against = (failure: string, base: BaseName, other: Source): BadPolicy => ({
  failure,
  base,
  other: { ...other, id: 'probe.other' },
});

const noRule = (that: Condition): Condition => ({ none: 'rules', that });
const on: Condition = { field: 'flag', is: true };

export const badPolicies: readonly BadPolicy[] = [
  rego('misspelt fact', 'plain', 'input.facts.flag == true', 'input.facts.flga == true'),
  rego('misspelt fact', 'plain', 'input.facts.level', 'input.facts.levl'),
  rego('misspelt fact', 'exception', 'input.facts.label', 'input.facts.labels'),
  clauses('misspelt fact', 'plain', having(0, { fact: 'flagg', is: true })),
  clauses('misspelt fact', 'rules', having(0, noRule({ field: 'flags', is: true }))),

  rego('foreign builtin', 'plain', 'input.facts.size >= 30', 'to_number(sprintf("%d", [input.facts.size])) >= 30'),
  rego(
    'foreign builtin',
    'plain',
    'input.facts.flag == true',
    'input.facts.flag == true\n\nholds contains "flag-on" if time.now_ns() < 0',
  ),
  rego(
    'foreign builtin',
    'exception',
    'not startswith(input.facts.label, "team-")',
    'not glob.match("team-*", [], input.facts.label)',
  ),
  rego(
    'foreign builtin',
    'exception',
    'is_string(input.facts.label)\n\tstarts',
    'http.send({"method": "get", "url": "https://example.com"}).status_code == 200\n\tstarts',
  ),

  rego(
    'v0 syntax',
    'plain',
    'holds contains "flag-on" if input.facts.flag == true',
    'holds["flag-on"] { input.facts.flag == true }',
  ),
  rego('v0 syntax', 'rules', 'open(item) if {', 'open(item) {'),
  rego(
    'v0 syntax',
    'exception',
    'holds contains "labelled-or-low" if input.facts.level == "low"',
    'holds["labelled-or-low"] { input.facts.level == "low" }',
  ),

  clauses('some for every', 'sizes', having(0, { some: 'sizes', that: { item: true, at_most: 9 } })),
  clauses(
    'some for every',
    'rules',
    having(0, { some: 'rules', that: { not: { all: [on, { field: 'ports', intersects: [{ from: 20, to: 25 }] }] } } }),
  ),
  rego(
    'some for every',
    'sizes',
    'every item in input.facts.sizes { small(item) }',
    'some item in input.facts.sizes\n\tsmall(item)',
  ),
  rego(
    'some for every',
    'rules',
    'every item in input.facts.rules { shut(item) }',
    'some item in input.facts.rules\n\tshut(item)',
  ),

  rego('every over what is missing', 'sizes', '\tis_array(input.closed)\n\t"sizes" in input.closed\n', ''),
  rego('every over what is missing', 'rules', '\tis_array(input.closed)\n\t"rules" in input.closed\n', ''),
  rego(
    'every over what is missing',
    'rules',
    'every item in input.facts.rules { shut(item) }',
    'count([item | some item in input.facts.rules; open(item)]) == 0',
  ),
  rego(
    'every over what is missing',
    'sizes',
    'every item in input.facts.sizes { small(item) }',
    'count(input.facts.sizes) > 0\n\tevery item in input.facts.sizes { small(item) }',
  ),

  rego('false for absent', 'plain', '"flag-on"} if input.facts.flag == false', '"flag-on"} if not input.facts.flag'),
  rego('false for absent', 'rules', 'shut(item) if item.flag == false', 'shut(item) if not item.flag'),
  rego('false for absent', 'exception', '\tinput.facts.level in {"high", "mid"}', '\tnot input.facts.level == "low"'),

  rego(
    'lost message',
    'plain',
    'fails contains {"clause": "flag-on"} if input.facts.flag == false\n',
    'fails contains {"clause": "scope"} if input.facts.flag == "x"\n',
  ),
  rego('lost message', 'sizes', 'declared := ["sizes-small", "few-sizes"]', 'declared := ["sizes-small"]'),
  rego('lost message', 'rules', '"no-open-rule", "item": i}', '"no-open-rule"}'),
  rego('lost message', 'sizes', '{"clause": "few-sizes", "item": i}', '{"clause": "few-size", "item": i}'),

  clauses('vacuous', 'plain', more({ fact: 'size', at_least: -5 })),
  clauses(
    'vacuous',
    'plain',
    scoped({
      all: [
        { fact: 'level', is: 'low' },
        { fact: 'level', is: 'mid' },
      ],
    }),
  ),
  clauses('vacuous', 'rules', having(0, noRule({ all: [on, { field: 'flag', is: false }] }))),
  clauses('vacuous', 'sizes', more({ count: 'sizes', that: { item: true, at_most: 9 }, at_least: 0 })),

  clauses(
    'too broad',
    'plain',
    having(1, {
      any: [
        { fact: 'size', at_least: 30 },
        { fact: 'flag', is: true },
      ],
    }),
  ),
  clauses('too broad', 'rules', having(0, noRule({ all: [on, { field: 'ports', within: [{ from: 20, to: 25 }] }] }))),
  clauses(
    'too broad',
    'exception',
    having(0, {
      any: [
        { fact: 'label', matches: 't*' },
        { fact: 'level', is: 'low' },
      ],
    }),
  ),
  clauses('too broad', 'plain', (s) => ({ ...s, require: s.require.slice(1) })),

  clauses('wrong scope', 'plain', scoped(undefined)),
  clauses('wrong scope', 'plain', scoped({ fact: 'level', in: ['high'] })),
  clauses('wrong scope', 'plain', scoped({ fact: 'level', is: 'low' })),
  rego('wrong scope', 'plain', 'input.facts.level in {"high", "mid"}', 'input.facts.level in {"high", "low"}'),

  clauses('off by one', 'plain', having(1, { fact: 'size', at_least: 31 })),
  clauses('off by one', 'sizes', having(1, { count: 'sizes', that: { item: true, at_least: 7 }, at_most: 3 })),
  clauses(
    'off by one',
    'rules',
    having(0, noRule({ all: [on, { field: 'ports', intersects: [{ from: 20, to: 24 }] }] })),
  ),
  rego('off by one', 'plain', 'input.facts.size >= 30', 'input.facts.size > 30'),
  rego('off by one', 'rules', '"to": 25', '"to": 26'),

  clauses('swapped value', 'plain', having(0, { fact: 'flag', is: false })),
  clauses(
    'swapped value',
    'exception',
    having(0, {
      any: [
        { fact: 'label', matches: 'team-*' },
        { fact: 'level', is: 'mid' },
      ],
    }),
  ),
  rego(
    'swapped value',
    'exception',
    '"labelled-or-low" if input.facts.level == "low"',
    '"labelled-or-low" if input.facts.level == "mid"',
  ),
  rego(
    'swapped value',
    'plain',
    '{"clause": "scope"} if input.facts.level == "low"',
    '{"clause": "scope"} if input.facts.level == "lwo"',
  ),

  clauses('dropped exception', 'exception', having(0, { fact: 'label', matches: 'team-*' })),
  rego('dropped exception', 'exception', '\tinput.facts.level in {"high", "mid"}\n', ''),
  rego('dropped exception', 'exception', 'holds contains "labelled-or-low" if input.facts.level == "low"\n\n', ''),

  against('conflict or duplicate', 'plain', {
    ...bases.plain,
    require: [{ id: 'off', says: 'off', that: { fact: 'flag', is: false } }],
  }),
  against('conflict or duplicate', 'sizes', bases.sizes),
  against(
    'conflict or duplicate',
    'rules',
    having(0, { every: 'rules', that: { not: { all: [{ field: 'ports', intersects: [{ from: 20, to: 25 }] }, on] } } })(
      bases.rules,
    ),
  ),

  rego(
    'conflicting rules',
    'plain',
    'holds contains "scope" if input',
    'bound := 30 if input.facts.size > 40\n\nbound := 31 if input.facts.size > 50\n\nholds contains "size-enough" if bound > 0\n\nholds contains "scope" if input',
  ),
  rego(
    'conflicting rules',
    'exception',
    'fails contains {"clause": "labelled-or-low"} if {\n\tis_string',
    'fails contains {"clause": "labelled-or-low"} if input.facts.level == "low"\n\nfails contains {"clause": "labelled-or-low"} if {\n\tis_string',
  ),
  rego(
    'conflicting rules',
    'plain',
    'holds contains "flag-on" if input.facts.flag == true',
    'holds contains "flag-on" if is_boolean(input.facts.flag)',
  ),

  rego(
    'injected literal',
    'exception',
    'startswith(input.facts.label, "team-")\n}\n\nholds',
    'input.facts.label in {"team-a", "evil.example.com"}\n}\n\nholds',
  ),
  rego(
    'injected literal',
    'plain',
    'holds contains "flag-on" if input.facts.flag == true',
    'holds contains "flag-on" if input.facts.flag == true\n\nholds contains "flag-on" if input.facts.label == "backdoor"',
  ),
  clauses(
    'injected literal',
    'exception',
    having(0, {
      any: [
        { fact: 'label', matches: 'team-*' },
        { fact: 'label', is: 'backdoor' },
        { fact: 'level', is: 'low' },
      ],
    }),
  ),

  rego('inside an interval', 'plain', 'input.facts.size >= 30', 'input.facts.size >= 30\n\tinput.facts.size != 512'),
  rego(
    'inside an interval',
    'rules',
    'values.is_range(item.ports)\n\tvalues',
    'values.is_range(item.ports)\n\titem.ports.from != 22\n\tvalues',
  ),
  rego('inside an interval', 'sizes', 'item <= 9', 'item <= 9\n\titem != 4'),

  rego(
    'from the third item on',
    'rules',
    'some i, item in input.facts.rules',
    'some i, item in array.slice(input.facts.rules, 0, 2)',
  ),
  rego(
    'from the third item on',
    'sizes',
    'every item in input.facts.sizes',
    'every item in array.slice(input.facts.sizes, 0, 2)',
  ),
  rego(
    'from the third item on',
    'rules',
    'every item in input.facts.rules',
    'every item in array.slice(input.facts.rules, 0, 2)',
  ),

  rego(
    'never holds',
    'plain',
    'holds contains "flag-on" if input.facts.flag == true',
    'holds contains "flag-on" if input.facts.flag == input.facts.size',
  ),
  rego('never holds', 'rules', '"rules" in input.closed', '"rule" in input.closed'),
  clauses(
    'never holds',
    'plain',
    more({
      all: [
        { fact: 'size', at_least: 9 },
        { fact: 'size', at_most: 8 },
      ],
    }),
  ),

  rego(
    'duplicates merged',
    'sizes',
    'count([item | some item in input.facts.sizes; large(item)]) > 2',
    'count({item | some item in input.facts.sizes; large(item)}) > 2',
  ),
  rego(
    'duplicates merged',
    'sizes',
    'count([item | some item in input.facts.sizes; surely_not_large(item)])',
    'count({item | some item in input.facts.sizes; surely_not_large(item)})',
  ),
  rego(
    'duplicates merged',
    'sizes',
    'count(input.facts.sizes) - 2',
    'count({item | some item in input.facts.sizes}) - 2',
  ),

  rego(
    'null or a text for a number',
    'plain',
    '\tis_number(input.facts.size)\n\tinput.facts.size >= 30',
    '\tinput.facts.size >= 30',
  ),
  rego(
    'null or a text for a number',
    'plain',
    '\tis_number(input.facts.size)\n\tinput.facts.size < 30',
    '\tinput.facts.size < 30',
  ),
  rego('null or a text for a number', 'sizes', 'is_number(item)\n\titem > 9', 'item > 9'),

  rego(
    'other in WASM than in OPA',
    'exception',
    'startswith(input.facts.label, "team-")',
    'glob.match("team-*", [], input.facts.label)',
  ),
  rego(
    'other in WASM than in OPA',
    'exception',
    'startswith(input.facts.label, "team-")',
    'glob.match("team-*", ["."], input.facts.label)',
  ),
  rego(
    'other in WASM than in OPA',
    'plain',
    'input.facts.size >= 30',
    'input.facts.size >= 30\n\tnet.cidr_contains("::ffff:10.0.0.0/104", "10.0.0.1")',
  ),

  {
    failure: 'generated, then edited',
    base: 'plain',
    generated: ['input.facts.flag == true', 'input.facts.flag in {true}'],
  },
  {
    failure: 'generated, then edited',
    base: 'exception',
    generated: ['# what labelled-or-low says', '# what it says'],
  },
  {
    failure: 'generated, then edited',
    base: 'rules',
    generated: ['is_array(input.closed)\n', 'is_array(input.closed)\n\tis_array(input.closed)\n'],
  },

  rego('no schema', 'plain', '# schemas:\n#   - input: schema.probe\n', ''),
  rego('no schema', 'rules', 'schema.probe', 'schema.object_store'),
  rego('no schema', 'exception', '# schemas:\n#   - input: schema.probe\n', ''),

  rego(
    'not readable',
    'plain',
    'holds contains "flag-on" if input.facts.flag == true',
    'holds contains "flag-on" if {input.facts.flag==true}',
  ),
  rego('not readable', 'exception', '\tstartswith', '    startswith'),
  rego('not readable', 'sizes', 'small(item)', 'isSmall(item)'),
];
