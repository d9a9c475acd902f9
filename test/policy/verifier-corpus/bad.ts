/**
 * Bad policies, one row each: a good one with one thing wrong, by the failure it stands for. A text to find must be there
 * exactly as often as it is replaced; the test sees to it.
 */
import type { Condition } from '../../../shared/model/policy.ts';
import { type BaseName, bases, type Source } from './bases.ts';

/** The ways to go wrong that the verifier answers for: at least eight policies each. */
export const FAILURES = [
  'misspelt fact',
  'foreign builtin',
  'v0 syntax',
  'some for every',
  'every over what is missing',
  'false for absent',
  'lost message',
  'vacuous',
  'too broad',
  'wrong scope',
  'off by one',
  'swapped value',
  'dropped exception',
  'conflict or duplicate',
  'conflicting rules',
  'other in WASM than in OPA',
  'injected literal',
  'inside an interval',
  'from the third item on',
  'never holds',
  'duplicates merged',
  'null or a text for a number',
  'same wrong fact in both drafts',
  'reads what it does not declare',
] as const;

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
/** The clauses with all places of one text (as JSON without spaces) another. */
const edit = (failure: string, base: BaseName, find: string, replace: string): BadPolicy =>
  clauses(failure, base, (source) => {
    const text = JSON.stringify(source);
    if (!text.includes(find)) throw new Error(`${base} has no ${find}`);
    return JSON.parse(text.replaceAll(find, replace)) as Source;
  });
const against = (failure: string, base: BaseName, other: Source): BadPolicy => ({
  failure,
  base,
  other: { ...other, id: `${other.kind.replaceAll('_', '-')}.other` },
});
const requiring = (base: BaseName, that: Condition): Source => ({
  ...bases[base],
  require: [{ id: 'other', says: 'other', that }],
});

const noRule = (that: Condition): Condition => ({ none: 'rules', that });
const on: Condition = { field: 'flag', is: true };
const noTcp: Condition = { none: 'ingress', that: { field: 'protocol', is: 'tcp' } };

/** A condition that changes nothing here, and looks at what the policy does not say that it looks at. */
const peeking = (base: BaseName, clause: string, that: string, condition: string): BadPolicy =>
  rego(
    'reads what it does not declare',
    base,
    `holds contains "${clause}" if ${that}`,
    `holds contains "${clause}" if {\n\t${that}\n\t${condition}\n}`,
  );
const onFlag = (condition: string): BadPolicy => peeking('plain', 'flag-on', 'input.facts.flag == true', condition);

const CLOSED_INGRESS = '\tis_array(input.closed)\n\t"ingress" in input.closed\n';

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

  rego('misspelt fact', 'private', 'input.facts.public_read == false', 'input.facts.pubilc_read == false'),
  rego('misspelt fact', 'no-admin', '\titem.internet == true', '\titem.from_internet == true'),
  rego('misspelt fact', 'tagged', 'item.key == "team"', 'item.name == "team"'),
  rego('misspelt fact', 'identities', 'input.facts.static_keys == true', 'input.fact.static_keys == true'),
  edit('misspelt fact', 'backups-week', 'backup_retention_days', 'backup_days'),

  rego(
    'foreign builtin',
    'european-region',
    'startswith(input.facts.region, "eu")',
    'regex.globs_match("eu*", input.facts.region)',
  ),
  rego('foreign builtin', 'rotated', 'input.now - input.facts', '(time.now_ns() / 1000000000) - input.facts'),
  rego(
    'foreign builtin',
    'owned-by-team',
    'startswith(input.facts.owner, "team-")',
    'crypto.sha256(input.facts.owner) == "00"',
  ),
  rego(
    'foreign builtin',
    'backups-week',
    'holds contains "a-week" if {',
    'holds contains "a-week" if {\n\ttrace("seen")',
  ),
  rego(
    'foreign builtin',
    'known-accounts',
    'holds contains "known" if ',
    'holds contains "known" if rand.intn("x", 2) == 1\n\nholds contains "known" if ',
  ),

  rego(
    'v0 syntax',
    'private',
    'holds contains "no-read" if input.facts.public_read == false',
    'holds["no-read"] { input.facts.public_read == false }',
  ),
  rego(
    'v0 syntax',
    'tls-in-production',
    'fails contains {"clause": "tls-only"} if input.facts.tls_only == false',
    'fails[{"clause": "tls-only"}] { input.facts.tls_only == false }',
  ),
  rego('v0 syntax', 'few-temporary', 'few_fails(item) if {', 'few_fails(item) {'),
  rego(
    'v0 syntax',
    'no-admin',
    'no_admin_holds(item) if item.internet == false',
    'no_admin_holds(item) { item.internet == false }',
  ),
  rego('v0 syntax', 'nested', 'sound_fails if input.facts.flag == false', 'sound_fails { input.facts.flag == false }'),

  edit('some for every', 'from-inside', '"every":"ingress"', '"some":"ingress"'),
  edit('some for every', 'lets-in-tcp', '"some":"ingress"', '"every":"ingress"'),
  rego(
    'some for every',
    'no-all-protocols',
    'every item in input.facts.ingress {\n\t\titem.protocol in {"icmp", "other", "tcp", "udp"}\n\t}',
    'some item in input.facts.ingress\n\titem.protocol in {"icmp", "other", "tcp", "udp"}',
  ),
  rego(
    'some for every',
    'web-only',
    'every item in input.facts.ingress {\n\t\tweb_holds(item)\n\t}',
    'some item in input.facts.ingress\n\tweb_holds(item)',
  ),

  rego('every over what is missing', 'no-admin', CLOSED_INGRESS, ''),
  rego(
    'every over what is missing',
    'addressed',
    `\tis_array(input.facts.ingress)\n${CLOSED_INGRESS}\tevery item in input.facts.ingress {`,
    '\tevery item in object.get(input.facts, "ingress", []) {',
  ),
  rego('every over what is missing', 'tagged', '\tis_array(input.closed)\n\t"tags" in input.closed\n', ''),
  rego(
    'every over what is missing',
    'words',
    '\t\tis_array(item.words)\n\t\tevery member in item.words',
    '\t\tevery member in object.get(item, "words", [])',
  ),
  rego('every over what is missing', 'few-temporary', '\tis_array(input.closed)\n\t"tags" in input.closed\n', ''),

  rego(
    'false for absent',
    'private',
    '"no-read"} if input.facts.public_read == true',
    '"no-read"} if not input.facts.public_read == false',
  ),
  rego('false for absent', 'identities', 'if input.facts.static_keys == false', 'if not input.facts.static_keys'),
  rego(
    'false for absent',
    'few-from-internet',
    'few_holds(item) if item.internet == false',
    'few_holds(item) if not item.internet',
  ),
  rego(
    'false for absent',
    'private-or-no-switch',
    'holds contains "private" if input.facts.public_network == {"none": true}',
    'holds contains "private" if not input.facts.public_network',
  ),
  rego(
    'false for absent',
    'encrypted',
    'if input.facts.encryption == "none"',
    'if not input.facts.encryption in {"customer_key", "provider_key"}',
  ),

  rego('lost message', 'private', 'fails contains {"clause": "no-write"} if input.facts.public_write == true\n', ''),
  rego('lost message', 'no-admin', '"no-admin", "item": i}', '"no-admin", "index": i}'),
  rego('lost message', 'three-things', 'fails contains {"clause": "logged"}', 'fails contains {"clause": "keyless"}'),
  rego('lost message', 'tagged', '{"clause": "cost"}', '{"msg": "cost"}'),

  edit('vacuous', 'backups-week', '"at_least":7', '"at_least":0'),
  edit(
    'vacuous',
    'private-where-decided',
    '{"not":{"fact":"public_network","is":{"none":true}}}',
    '{"fact":"public_network","is":false}',
  ),
  edit('vacuous', 'high-ports', '"from":1024', '"from":0'),
  edit(
    'vacuous',
    'in-europe',
    '{"fact":"cloud","is":"aws"}',
    '{"all":[{"fact":"cloud","is":"aws"},{"fact":"cloud","is":"gcp"}]}',
  ),

  edit('too broad', 'own-key-unless-public', '"is":"public"', '"in":["public","internal"]'),
  edit('too broad', 'tagged', '"cc-*"', '"c*"'),
  edit('too broad', 'from-offices', '"cb00717f"', '"cb0071ff"'),
  edit('too broad', 'web-only', '{"from":80,"to":80}', '{"from":80,"to":89}'),

  edit('wrong scope', 'own-key', '["confidential","restricted"]', '["restricted"]'),
  edit('wrong scope', 'tls-in-production', '"is":"production"', '"is":"staging"'),
  edit('wrong scope', 'in-europe', '"is":"aws"', '"is":"azure"'),
  edit('wrong scope', 'blocked-on-two', '["aws","gcp"]', '["aws","azure"]'),
  rego('wrong scope', 'blocked-on-two', '{"azure", "ci", "kubernetes"}', '{"ci", "kubernetes"}'),
  edit(
    'wrong scope',
    'tiered',
    '{"not":{"fact":"environment","is":"sandbox"}}',
    '{"fact":"environment","is":"sandbox"}',
  ),

  edit('off by one', 'backups-week', '"at_least":7', '"at_least":6'),
  edit('off by one', 'few-from-internet', '"at_most":2', '"at_most":3'),
  edit('off by one', 'high-ports', '"from":1024', '"from":1023'),
  rego('off by one', 'rotated', 'made_at <= 7776000', 'made_at < 7776000'),
  edit('off by one', 'rotated-if-made', '"value":30', '"value":31'),

  edit('swapped value', 'own-key', '"is":"customer_key"', '"is":"provider_key"'),
  edit('swapped value', 'no-all-protocols', '"is":"all"', '"is":"other"'),
  rego('swapped value', 'in-europe', '"eu-west-1"', '"eu-west-2"'),
  edit('swapped value', 'not-both', '"public_network","is":true', '"public_network","is":false'),

  edit('dropped exception', 'versioned-unless-sandbox', ',{"fact":"environment","in":["sandbox","test"]}', ''),
  edit('dropped exception', 'public-by-tag', ',{"tag":{"key":"site","is":"public"}}', ''),
  edit('dropped exception', 'from-inside', '{"field":"internet","is":false},', ''),
  edit('dropped exception', 'exposed', '"applies_when":{"not":{"tag":{"key":"exposed","is":"yes"}}},', ''),
  edit(
    'dropped exception',
    'backups-by-environment',
    ',{"when":{"fact":"environment","in":["sandbox","test"]},"value":1}',
    '',
  ),

  against('conflict or duplicate', 'identities', requiring('identities', { fact: 'static_keys', is: true })),
  against(
    'conflict or duplicate',
    'backups-week',
    requiring('backups-week', { fact: 'backup_retention_days', at_most: 6 }),
  ),
  against('conflict or duplicate', 'lets-in-tcp', requiring('lets-in-tcp', noTcp)),
  against('conflict or duplicate', 'in-europe', requiring('in-europe', { fact: 'region', is: 'us-east-1' })),
  against('conflict or duplicate', 'private', bases.private),

  rego(
    'conflicting rules',
    'private',
    '"no-read"} if input.facts.public_read == true',
    '"no-read"} if is_boolean(input.facts.public_read)',
  ),
  rego(
    'conflicting rules',
    'backups-week',
    'holds contains "a-week" if {',
    'least := 7 if input.facts.backup_retention_days > 3\n\nleast := 8 if input.facts.backup_retention_days > 9\n\nholds contains "a-week" if {\n\tleast > 0',
  ),
  rego(
    'conflicting rules',
    'no-admin',
    'no_admin_holds(item) if item.internet == false',
    'no_admin_holds(item) if is_boolean(item.internet)',
  ),
  rego(
    'conflicting rules',
    'encrypted',
    'if input.facts.encryption == "none"',
    'if input.facts.encryption in {"none", "provider_key"}',
  ),
  rego(
    'conflicting rules',
    'lets-in-tcp',
    'item.protocol in {"all", "icmp", "other", "udp"}',
    'is_string(item.protocol)',
  ),

  edit('injected literal', 'known-accounts', '"222222222222"', '"222222222222","666666666666"'),
  edit(
    'injected literal',
    'owned-by-team',
    '{"fact":"owner","matches":"team-*"}',
    '{"any":[{"fact":"owner","matches":"team-*"},{"fact":"owner","is":"mallory"}]}',
  ),
  rego('injected literal', 'in-europe', '{"eu-central-1", "eu-west-1"', '{"eu-central-1", "eu-west-1", "xx-evil-1"'),
  rego(
    'injected literal',
    'from-inside',
    'inside_holds(item) if item.internet == false',
    'inside_holds(item) if item.source == {"family": "ipv4", "first": "06060606", "last": "06060606"}\n\nelse if item.internet == false',
  ),
  rego(
    'injected literal',
    'private',
    'holds contains "no-read" if input.facts.public_read == false',
    'holds contains "no-read" if input.facts.public_read == false\n\nholds contains "no-read" if input.facts.owner == "mallory"',
  ),

  rego(
    'inside an interval',
    'backups-week',
    'input.facts.backup_retention_days >= 7',
    'input.facts.backup_retention_days >= 7\n\tinput.facts.backup_retention_days != 21',
  ),
  rego(
    'inside an interval',
    'high-ports',
    '[{"from": 1024, "to": 65535}]',
    '[{"from": 1024, "to": 7999}, {"from": 8001, "to": 65535}]',
  ),
  rego(
    'inside an interval',
    'rotated',
    'made_at <= 7776000',
    'made_at <= 7776000\n\tinput.facts.made_at != 1799000000',
  ),
  rego(
    'inside an interval',
    'not-from-there',
    '{"family": "ipv4", "first": "c0000200", "last": "c00002ff"},',
    '{"family": "ipv4", "first": "c0000200", "last": "c000023f"},\n\t{"family": "ipv4", "first": "c0000280", "last": "c00002ff"},',
  ),
  rego(
    'inside an interval',
    'maybe-size',
    'input.facts.maybe_size <= 100',
    'input.facts.maybe_size <= 100\n\tinput.facts.maybe_size != 50',
  ),
  rego(
    'inside an interval',
    'no-admin',
    '{"from": 3389, "to": 3389}',
    '{"from": 3389, "to": 3389},\n\t{"from": 40000, "to": 40000}',
  ),

  rego(
    'from the third item on',
    'no-admin',
    'some i, item in input.facts.ingress',
    'some i, item in array.slice(input.facts.ingress, 0, 2)',
  ),
  rego(
    'from the third item on',
    'from-inside',
    'every item in input.facts.ingress',
    'every item in array.slice(input.facts.ingress, 0, 2)',
  ),
  rego(
    'from the third item on',
    'few-from-internet',
    'some item in input.facts.ingress; few_holds',
    'some item in array.slice(input.facts.ingress, 0, 4); few_holds',
  ),
  rego(
    'from the third item on',
    'words',
    'every member in item.words',
    'every member in array.slice(item.words, 0, 2)',
  ),
  rego(
    'from the third item on',
    'named',
    '\tsome item in input.facts.names',
    '\tsome item in array.slice(input.facts.names, 0, 2)',
  ),
  rego(
    'from the third item on',
    'tagged',
    'every item in input.facts.tags',
    'every item in array.slice(input.facts.tags, 0, 2)',
  ),

  rego(
    'never holds',
    'identities',
    'holds contains "no-keys" if input.facts.static_keys == false',
    'holds contains "no-keys" if input.facts.static_keys == "false"',
  ),
  rego(
    'never holds',
    'spelled',
    'holds contains "allowed" if input.facts.folded in {"alpha", "beta"}',
    'holds contains "allowed" if input.facts.folded in {"Alpha", "BETA"}',
  ),
  rego('never holds', 'tagged', '"tags" in input.closed', '"tag" in input.closed'),
  edit('never holds', 'backups-between', '"at_most":35', '"at_most":6'),
  edit(
    'never holds',
    'encrypted',
    '{"fact":"encryption","in":["provider_key","customer_key"]}',
    '{"all":[{"fact":"encryption","is":"provider_key"},{"fact":"encryption","is":"customer_key"}]}',
  ),

  rego(
    'duplicates merged',
    'few-temporary',
    'count([item | some item in input.facts.tags; few_fails(item)])',
    'count({item | some item in input.facts.tags; few_fails(item)})',
  ),
  rego(
    'duplicates merged',
    'few-from-internet',
    'count([item | some item in input.facts.ingress; few_holds(item)])',
    'count({item | some item in input.facts.ingress; few_holds(item)})',
  ),
  rego(
    'duplicates merged',
    'one-or-two',
    '[item | some item in input.facts.ingress; one_or_two_holds(item)]',
    '{item | some item in input.facts.ingress; one_or_two_holds(item)}',
  ),
  rego(
    'duplicates merged',
    'crowded',
    '[item | some item in input.facts.rules; enough_flags_holds(item)]',
    '{item | some item in input.facts.rules; enough_flags_holds(item)}',
  ),
  rego(
    'duplicates merged',
    'crowded',
    '[item | some item in input.facts.rules; enough_flags_fails(item)]',
    '{item | some item in input.facts.rules; enough_flags_fails(item)}',
  ),

  rego(
    'null or a text for a number',
    'backups-week',
    '\tis_number(input.facts.backup_retention_days)\n\tinput.facts.backup_retention_days >= 7',
    '\tinput.facts.backup_retention_days >= 7',
  ),
  rego(
    'null or a text for a number',
    'backups-between',
    '\tis_number(input.facts.backup_retention_days)\n\tinput.facts.backup_retention_days < 7',
    '\tinput.facts.backup_retention_days < 7',
  ),
  rego(
    'null or a text for a number',
    'logged-and-owned',
    'if is_string(input.facts.owner)',
    'if input.facts.owner != {"none": true}',
  ),
  rego('null or a text for a number', 'port-fact', '\tvalues.is_range(input.facts.ports)\n\tnot', '\tnot'),
  rego(
    'null or a text for a number',
    'crowded',
    'enough_flags_holds(item) if item.flag == true',
    'enough_flags_holds(item) if item.flag',
  ),

  rego(
    'other in WASM than in OPA',
    'european-region',
    'startswith(input.facts.region, "eu")',
    'glob.match("eu*", ["-"], input.facts.region)',
  ),
  rego(
    'other in WASM than in OPA',
    'address-fact',
    '\tvalues.is_ip_range(input.facts.maybe_addresses)\n\tvalues',
    '\tvalues.is_ip_range(input.facts.maybe_addresses)\n\tnet.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")\n\tvalues',
  ),
  rego(
    'other in WASM than in OPA',
    'backups-week',
    'input.facts.backup_retention_days >= 7',
    'input.facts.backup_retention_days >= 7\n\tsprintf("%d", [input.facts.backup_retention_days]) != "6"',
  ),
  rego(
    'other in WASM than in OPA',
    'rotated',
    'input.now - input.facts.made_at <= 7776000',
    'input.now - input.facts.made_at <= 7776000\n\ttime.date(input.now * 1000000000)[0] > 2000',
  ),
  rego('other in WASM than in OPA', 'named', 'item == "audit"', 'strings.any_prefix_match(item, "audit")'),

  edit('same wrong fact in both drafts', 'private', '"fact":"public_read"', '"fact":"public_access_blocked"'),
  edit('same wrong fact in both drafts', 'tls-in-production', '"fact":"tls_only"', '"fact":"versioned"'),
  edit('same wrong fact in both drafts', 'logged-and-owned', '"fact":"access_logged"', '"fact":"versioned"'),
  edit(
    'same wrong fact in both drafts',
    'protected-in-production',
    '"fact":"deletion_protected"',
    '"fact":"tls_required"',
  ),
  edit('same wrong fact in both drafts', 'identities', '"fact":"static_keys"', '"fact":"public_network"'),
  edit('same wrong fact in both drafts', 'owned-by-team', '"fact":"owner"', '"fact":"account"'),
  edit(
    'same wrong fact in both drafts',
    'own-key-unless-public',
    '{"fact":"data_classification","is":"public"}',
    '{"fact":"environment","is":"other"}',
  ),
  edit(
    'same wrong fact in both drafts',
    'no-admin',
    '{"field":"internet","is":true}',
    '{"field":"source","intersects":[{"family":"ipv4","first":"00000000","last":"ffffffff"}]}',
  ),
  edit('same wrong fact in both drafts', 'known-accounts', '"fact":"account"', '"fact":"region"'),

  onFlag('not input.facts.label == "an odd one"'),
  onFlag('count(input) > 0'),
  onFlag('object.get(input, "policy", "none") != "other"'),
  onFlag('count(input.facts) > 0'),
  onFlag('name := concat("", ["fl", "ag"])\n\tinput.facts[name] == true'),
  onFlag('seen := input.facts\n\tseen.flag == true'),
  onFlag('not input.policy == "other"'),
  onFlag('input[part].flag == true\n\tpart == "facts"'),
  onFlag('not input.now == 7'),
  onFlag('not data.edict.policies.firewall'),
  onFlag('is_boolean(input.facts.flag) with input.policy as "other"'),
  onFlag('not "sizes" in input.closed'),
  onFlag('count([list | some list in input.closed; list == "flag"]) == 0'),
  rego(
    'reads what it does not declare',
    'plain',
    'holds contains "flag-on" if',
    '# METADATA\n# schemas:\n#   - input: {type: object}\nholds contains "flag-on" if',
  ),
  rego(
    'reads what it does not declare',
    'plain',
    'package edict.policies.probe.plain\n',
    'package edict.policies.probe.plain\n\nimport input.facts as seen\n\nis_seen if seen.flag == true\n',
  ),
];
