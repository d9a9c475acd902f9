/** Rego of others, lifted into clauses and held against the original in the real OPA. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decideRego, readRego } from '../../shared/adapters/opa/rego-reader.ts';
import { projectTools } from '../../cli/commands/verify.ts';
import { disagreementOf, wholeInputs } from '../../shared/authoring/imported.ts';
import { type Lift, liftRego } from '../../shared/authoring/lift.ts';
import { verifyPolicy } from '../../shared/authoring/verify.ts';
import { kindById, kinds } from '../../shared/kinds/index.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Condition } from '../../shared/model/policy.ts';
import { typecheck } from '../../shared/policy/clauses.ts';
import { toCore } from '../../shared/policy/core.ts';
import { PROOF_NOW } from '../../shared/policy/proof.ts';
import { constantsIn } from '../../shared/policy/regions.ts';

const root = join(import.meta.dirname, '..', '..');
const opa = join(root, '.bin', 'opa');
const kind = (id: string): Kind => kindById(id) as Kind;
const folder = mkdtempSync(join(tmpdir(), 'edict-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const v1 = (kindId: string, body: string, before = ''): readonly [string, string] => [
  kindId,
  `package x\n\n${before}\ndeny contains msg if {\n${body}\n\tmsg := "because"\n}\n`,
];

const policyOf = (kindId: string, lift: Extract<Lift, { is: 'lifted' }>) =>
  typecheck(
    {
      id: `${kindId.replaceAll('_', '-')}.lifted`,
      title: 'Lifted',
      severity: 'high',
      kind: kindId,
      require: lift.clauses,
      frameworks: {},
      remediation: 'none',
    },
    kind(kindId),
  );

function lifted(kindId: string, rego: string) {
  const read = readRego(opa, rego);
  const lift = liftRego(read.tree, kind(kindId));
  if (lift.is !== 'lifted') throw new Error(lift.because.join('; '));
  const policy = policyOf(kindId, lift);
  const core = toCore(policy, kind(kindId));
  const inputs = wholeInputs(core, kind(kindId), constantsIn(rego), 1);
  const answers = lift.decisions.map((decision) => decideRego(opa, rego, read, decision, inputs));
  return { read, lift, core, inputs, on: disagreementOf(core, lift, inputs, answers) };
}

const LIFTS: readonly (readonly [string, readonly [string, string]])[] = [
  ['a switch by itself', v1('sql_database', '\tinput.facts.public_endpoint')],
  ['a switch that is not on', v1('object_store', '\tnot input.facts.tls_only')],
  ['a switch that may be none', v1('model_endpoint', '\tinput.facts.public_network')],
  ['equality, the other way round', v1('object_store', '\t"none" == input.facts.encryption')],
  ['inequality', v1('object_store', '\tinput.facts.encryption != "customer_key"')],
  ['orders of numbers', v1('sql_database', '\tinput.facts.backup_retention_days < 30')],
  ['orders, the other way round', v1('sql_database', '\t7 >= input.facts.backup_retention_days')],
  [
    'membership',
    v1('sql_database', '\tinput.facts.public_endpoint\n\tnot input.facts.environment in {"test", "development"}'),
  ],
  ['a fact that may be none', v1('sql_database', '\tinput.facts.environment == {"none": true}')],
  [
    'texts',
    v1('sql_database', '\tstartswith(input.facts.account, "prod-")\n\tnot endswith(input.facts.account, "-sandbox")'),
  ],
  ['some in a list', v1('firewall', '\tsome rule in input.facts.ingress\n\trule.internet\n\trule.protocol == "all"')],
  [
    'an index that is used twice',
    v1('firewall', '\tsome i\n\tinput.facts.ingress[i].internet\n\tinput.facts.ingress[i].protocol == "udp"'),
  ],
  [
    'two lists apart',
    v1(
      'firewall',
      '\tsome rule in input.facts.ingress\n\trule.internet\n\tsome tag in input.facts.tags\n\ttag.key == "open"',
    ),
  ],
  [
    'none of a list',
    v1('firewall', '\tnot any_tag', 'any_tag if {\n\tsome t in input.facts.tags\n\tt.key == "owner"\n}'),
  ],
  [
    'every',
    v1('firewall', '\tnot all_internal', 'all_internal if every rule in input.facts.ingress { not rule.internet }'),
  ],
  [
    'a range that has something in common',
    v1('firewall', '\tsome r in input.facts.ingress\n\tr.ports.from <= 3389\n\tr.ports.to >= 3389\n\tr.internet'),
  ],
  [
    'a range that lies within',
    v1('firewall', '\tsome r in input.facts.ingress\n\tr.ports.from >= 1000\n\tr.ports.to < 2000'),
  ],
  [
    'constants and functions',
    v1(
      'sql_database',
      '\tinput.facts.encryption in weak\n\tis_prod(input.facts.environment)',
      'weak := {"none", "provider_key"}\nis_prod(e) if e == "production"\nis_prod(e) if e == "staging"',
    ),
  ],
  [
    'a function of an item',
    v1(
      'firewall',
      '\tsome r in input.facts.ingress\n\tbad(r)',
      'bad(r) if {\n\tr.internet\n\tr.protocol == "tcp"\n}\nbad(r) if r.protocol == "all"',
    ),
  ],
  [
    'v0, and several rules',
    [
      'sql_database',
      'package main\n\ndeny[msg] {\n\tinput.facts.public_endpoint == true\n\tmsg := "public"\n}\n\ndeny[msg] {\n\tinput.facts.encryption == "none"\n\tmsg := sprintf("not encrypted: %v", [input.facts.account])\n}\n',
    ],
  ],
  [
    'violation with objects',
    [
      'sql_database',
      'package k8s\n\nviolation[{"msg": msg}] {\n\tnot input.facts.tls_required\n\tmsg := "no TLS"\n}\n',
    ],
  ],
  [
    'allow',
    [
      'object_store',
      'package x\n\ndefault allow := false\n\nallow if input.facts.public_access_blocked\n\nallow if {\n\tnot input.facts.public_read\n\tnot input.facts.public_write\n}\n',
    ],
  ],
];

describe('Rego is lifted', () => {
  it.each(LIFTS)('%s', (_, [kindId, rego]) => {
    const { inputs, on } = lifted(kindId, rego);
    expect(on).toBeUndefined();
    expect(inputs.length).toBeGreaterThan(3);
  });

  it('into the clauses that a person would write', () => {
    const { lift, read } = lifted(...(LIFTS.find(([name]) => name === 'v0, and several rules')?.[1] ?? ['', '']));
    expect(read.version).toBe('v0');
    expect(lift.clauses).toEqual([
      { id: 'deny', says: 'public', that: { not: { fact: 'public_endpoint', is: true } } satisfies Condition },
      { id: 'deny-2', says: 'not encrypted: …', that: { not: { fact: 'encryption', is: 'none' } } satisfies Condition },
    ]);
  });

  it('and a lift that said something else would be seen', () => {
    const [kindId, rego] = v1('sql_database', '\tinput.facts.backup_retention_days < 30');
    const { lift, inputs, read } = lifted(kindId, rego);
    const wrong = {
      ...lift,
      clauses: [{ id: 'deny', says: 'x', that: { fact: 'backup_retention_days', at_least: 31 } as Condition }],
    };
    const core = toCore(policyOf(kindId, wrong), kind(kindId));
    const around = [...inputs, ...wholeInputs(core, kind(kindId), constantsIn(rego), 1)];
    const answers = lift.decisions.map((decision) => decideRego(opa, rego, read, decision, around));
    expect(disagreementOf(core, wrong, around, answers)).toMatchObject({
      input: { facts: { backup_retention_days: 30 } },
      original: 'fine',
      lifted: 'violation',
    });
  });
});

describe('Rego is not lifted, with its place and the reason', () => {
  it.each<readonly [string, readonly [string, string], RegExp]>([
    [
      'a native document',
      v1('sql_database', '\tinput.resource_changes[_].type == "aws_db_instance"'),
      /line 5: it reads input\.resource_changes/,
    ],
    ['a fact that is not there', v1('sql_database', '\tinput.facts.pubic_endpoint'), /no fact pubic_endpoint/],
    [
      'a value that is none of the fact’s',
      v1('object_store', '\tinput.facts.encryption == "aes"'),
      /"aes" is not one of/,
    ],
    ['a number as a text', v1('sql_database', '\tinput.facts.backup_retention_days == "30"'), /compared with int/],
    [
      'a foreign function',
      v1('sql_database', '\tnet.cidr_contains("10.0.0.0/8", input.facts.account)'),
      /call of net\.cidr_contains/,
    ],
    ['time', v1('sql_database', '\ttime.now_ns() > 0'), /call of time\.now_ns/],
    [
      'a comprehension',
      v1('firewall', '\tcount([r | some r in input.facts.ingress; r.internet]) > 2'),
      /call of count/,
    ],
    ['two facts compared', v1('sql_database', '\tinput.facts.account == input.facts.owner'), /both of the resource/],
    [
      'items of two lists compared',
      v1('firewall', '\tsome r in input.facts.ingress\n\tsome t in input.facts.tags\n\tr.protocol == t.value'),
      /both of the resource/,
    ],
    [
      'one end of a range',
      v1('firewall', '\tsome r in input.facts.ingress\n\tr.ports.from < 1024'),
      /one end of ports/,
    ],
    [
      'letters that the fact does not keep',
      v1('sql_database', '\tinput.facts.account == "Prod"'),
      /letters are all small/,
    ],
    ['else', v1('sql_database', '\tok', 'ok if input.facts.public_endpoint else if input.facts.tls_required'), /else/],
    ['with', v1('sql_database', '\tok with input.facts as {}', 'ok if input.facts.public_endpoint'), /with/],
    [
      'no rule that decides',
      ['sql_database', 'package x\n\nwarn contains "x" if input.facts.public_endpoint\n'],
      /deny, violation or allow/,
    ],
  ])('%s', (_, [kindId, rego], says) => {
    const lift = liftRego(readRego(opa, rego).tree, kind(kindId));
    expect(lift).toMatchObject({ is: 'not_lifted' });
    expect(lift.is === 'not_lifted' ? lift.because.join('; ') : '').toMatch(says);
  });

  it('and what fails in OPA is no answer, least of all that nothing is denied', () => {
    const both = 'package x\n\nallow := input.a\n\nallow := input.b\n';
    const decide = (input: object) => decideRego(opa, both, { version: 'v1' }, 'x/allow', [input]);
    expect(decide({ a: true })).toEqual([true]);
    expect(decide({})).toEqual([undefined]);
    expect(() => decide({ a: true, b: false })).toThrow(/eval_conflict_error/);
  });

  it('and what is no Rego is refused', () => {
    expect(() => readRego(opa, 'package x\n\ndeny {')).toThrow(/no Rego/);
  });
});

describe('edict policies import', () => {
  const edict = (...args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'cli/main.ts'), 'policies', 'import', ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      },
    );
    return { status, stdout, stderr };
  };
  /** What `opa test` says of a folder; a failing test has `fail`. */
  const opaTest = (out: string): readonly { readonly name: string; readonly fail?: true }[] => {
    const args = ['test', '--format', 'json', out, join(root, 'policies/values.rego')];
    return JSON.parse(spawnSync(opa, args, { encoding: 'utf8' }).stdout) as ReturnType<typeof opaTest>;
  };
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('writes a folder that compiles to what it holds', () => {
    const rego = file('public.rego', v1('sql_database', '\tinput.facts.public_endpoint')[1]);
    const out = join(folder, 'out');
    const { status, stdout } = edict(rego, '--out', out, '--id', 'sql-database.imported', '--format', 'json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      results: [{ is: 'proved', policy: 'sql-database.imported', folder: out, version: 'v1' }],
    });
    const generated = readFileSync(join(out, 'policy.rego'), 'utf8');
    expect(generated).toContain('package edict.policies.sql_database.imported');
    execFileSync(opa, ['check', '--strict', join(out, 'policy.rego'), join(root, 'policies/values.rego')]);
    const tests = opaTest(out);
    expect(tests.map((t) => t.name).sort()).toEqual(['test_deny_fails', 'test_deny_holds', 'test_deny_unknown']);
    expect(tests.some((t) => t.fail)).toBe(false);
    expect(edict(rego, '--out', out, '--id', 'sql-database.imported')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is a policy in'),
    });
  });

  const TESTED: readonly (readonly [string, string, string, readonly string[]])[] = [
    [
      'a count of items',
      'firewall',
      v1('firewall', '\tcount([r | some r in input.facts.ingress; r.internet]) > 2')[1],
      ['ingress'],
    ],
    [
      'two facts compared, in v0',
      'sql_database',
      'package x\n\ndeny[msg] {\n\tinput.facts.account == input.facts.owner\n\tinput.facts.public_endpoint\n\tmsg := "own"\n}\n',
      ['account', 'owner', 'public_endpoint'],
    ],
    [
      'what allows',
      'sql_database',
      'package x\n\ndefault allow := false\n\nallow if input.facts.account != input.facts.owner\n',
      ['account', 'owner'],
    ],
  ];
  it.each(TESTED)('keeps the rules of what no clauses say, behind guards: %s', (name, kindId, rego, reads) => {
    const out = join(folder, name.replaceAll(/\W+/g, '-'));
    const id = `${kindId.replaceAll('_', '-')}.imported`;
    const { status, stdout } = edict(
      file('tested.rego', rego),
      '--kind',
      kindId,
      '--id',
      id,
      '--out',
      out,
      '--format',
      'json',
    );
    expect(JSON.parse(stdout)).toMatchObject({ results: [{ is: 'tested', policy: id, reads }] });
    expect(status).toBe(0);
    const text = readFileSync(join(out, 'policy.rego'), 'utf8');
    const candidate = { id, file: 'p.yaml', yaml: readFileSync(join(out, 'policy.yaml'), 'utf8'), rego: text };
    const { gates, evidence } = verifyPolicy(
      { ...candidate, examples: [], problems: [], excused: [] },
      { tools: projectTools(), kinds, others: [], clock: () => 0, now: PROOF_NOW, seed: 7 },
    );
    expect(evidence).toBe('tested');
    execFileSync(opa, ['check', '--strict', out, join(root, 'policies/values.rego')]);
    // Its examples are its author's to write.
    const stopping = gates.filter((g) => !g.passed && !['examples', 'mutation'].includes(g.name));
    expect(stopping).toEqual([]);
  });

  it.each([
    ['a call of what no policy may', '\tcount(input.facts.ingress) > 2\n\ttime.now_ns() > 0', /it calls time\.now_ns/],
    [
      'a native document beside facts',
      '\tcount(input.facts.ingress) > 2\n\tinput.review.name == "x"',
      /input\.review\.name, which is no fact/,
    ],
    ['all of the facts', '\tcount(input.facts) > 2', /input\.facts, which is no fact/],
    ['other data', '\tcount(input.facts.ingress) > 2\n\tnot data.allowed.x', /it reads data\.allowed/],
  ])('refuses %s by name', (_, body, why) => {
    const { status, stdout } = edict(
      file('bad.rego', v1('firewall', body)[1]),
      '--kind',
      'firewall',
      '--format',
      'json',
    );
    expect(status).toBe(1);
    const { results } = JSON.parse(stdout) as { readonly results: readonly { readonly because: readonly string[] }[] };
    expect(results[0]?.because.join('; ')).toMatch(why);
  });

  it('reads the Rego of a Gatekeeper template, and says that it judges native objects', () => {
    const template = `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: { name: nohost }
spec:
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package nohost
        violation[{"msg": msg}] {
          input.review.object.spec.hostNetwork
          msg := "host network"
        }
`;
    const { status, stdout } = edict(file('template.yaml', template), '--format', 'json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      results: [{ is: 'not_lifted', version: 'v0', reads: ['input.review.object.spec.hostNetwork'] }],
    });
    expect(edict(file('other.yaml', 'kind: Pod\n'))).toMatchObject({ status: 2 });
  });

  it('tells generated Rego, and generated Rego that was edited', () => {
    const own = join(root, 'policies/firewall/no-admin-ports-from-internet/policy.rego');
    expect(edict(own)).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing to import') });
    const edited = file('edited.rego', readFileSync(own, 'utf8').replace('5986', '5987'));
    expect(edict(edited)).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/line 19: .*parameter.*exception/),
    });
  });
});
