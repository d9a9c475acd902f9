/**
 * Good policies that the corpus starts from. Their examples are generated: a first few, then one for
 * each misreading that none of them tells from the policy. The gold stays right when a policy of the corpus goes wrong.
 */
import { stringify } from 'yaml';
import { resourceWhere } from '../../../shared/authoring/compare.ts';
import {
  type ExampleResource,
  judgeByMeaning,
  regoSurvivorsOf,
  survivorsOf,
} from '../../../shared/authoring/verify.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import {
  type FactState,
  type FactStates,
  type FactValue,
  type IpRange,
  NONE,
  type Range,
} from '../../../shared/model/fact.ts';
import type { Kind } from '../../../shared/model/kind.ts';
import type { Condition, Literal, Policy } from '../../../shared/model/policy.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { type CorePolicy, toCore } from '../../../shared/policy/core.ts';
import { parseCidrLiteral } from '../../../shared/policy/literals.ts';
import { meaningOf, type PolicyInput } from '../../../shared/policy/meaning.ts';
import { inputsOf, PROOF_NOW } from '../../../shared/policy/proof.ts';
import { compileValidator } from '../../../shared/policy/schema.ts';
import type { PolicyTools } from '../../../shared/ports/policy-tools.ts';
import { probe } from '../../support/policy-lab.ts';

export interface Source {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly kind: string;
  readonly applies_when?: Condition;
  readonly require: readonly { readonly id: string; readonly says: string; readonly that: Condition }[];
  readonly params?: Policy['params'];
  readonly frameworks: object;
  readonly remediation: string;
}

/** The kinds of the corpus: the one with every type, and those that ship. */
export const corpusKinds: readonly Kind[] = [probe, ...kinds];

interface Row {
  readonly of: { readonly [clause: string]: Condition };
  readonly when?: Condition;
  readonly params?: Policy['params'];
}

const sources = <K extends string>(
  kind: string,
  rows: { readonly [name in K]: Row },
): { readonly [name in K]: Source } =>
  Object.fromEntries(
    Object.entries<Row>(rows).map(([name, { of, when, params }]) => {
      const source: Source = {
        id: `${kind.replaceAll('_', '-')}.${name}`,
        title: `The ${name} of ${kind === 'probe' ? 'probes' : kind.replaceAll('_', ' ')}`,
        severity: 'low',
        kind,
        ...(when === undefined ? {} : { applies_when: when }),
        require: Object.entries(of).map(([id, that]) => ({ id, says: `what ${id} says`, that })),
        ...(params === undefined ? {} : { params }),
        frameworks: {},
        remediation: 'Change it.',
      };
      return [name, source];
    }),
  ) as { readonly [name in K]: Source };

const fact = (name: string, is: Literal): Condition => ({ fact: name, is });
const field = (name: string, is: Literal): Condition => ({ field: name, is });
const not = (c: Condition): Condition => ({ not: c });
const all = (...of: readonly Condition[]): Condition => ({ all: of });
const any = (...of: readonly Condition[]): Condition => ({ any: of });
const ports = (from: number, to: number): Range => ({ from, to });
const cidr = (text: string): IpRange => {
  const range = parseCidrLiteral(text);
  if (range === undefined) throw new Error(`${text} is no CIDR`);
  return range;
};
const says = 'a parameter';

/** Over the kind with every type. The first four have Rego by hand too (`rego.ts`). */
const probes = sources('probe', {
  plain: {
    of: { 'flag-on': fact('flag', true), 'size-enough': { fact: 'size', at_least: 30 } },
    when: { fact: 'level', in: ['mid', 'high'] },
  },
  rules: {
    of: {
      'no-open-rule': {
        none: 'rules',
        that: all(field('flag', true), { field: 'ports', intersects: [ports(20, 25)] }),
      },
    },
  },
  sizes: {
    of: {
      'sizes-small': { every: 'sizes', that: { item: true, at_most: 9 } },
      'few-sizes': { count: 'sizes', that: { item: true, at_least: 7 }, at_most: 2 },
    },
  },
  exception: { of: { 'labelled-or-low': any({ fact: 'label', matches: 'team-*' }, fact('level', 'low')) } },
  rotated: { of: { 'not-old': not({ fact: 'made_at', older_than_days: 90 }) } },
  'rotated-if-made': {
    of: {
      'none-or-young': any(
        fact('maybe_made_at', NONE),
        not({ fact: 'maybe_made_at', older_than_days: { param: 'days' } }),
      ),
    },
    params: {
      days: {
        says,
        type: 'int',
        default: 90,
        min: 1,
        max: 365,
        overrides: [{ when: fact('environment', 'production'), value: 30 }],
      },
    },
  },
  named: {
    of: { 'has-audit': { fact: 'names', contains: 'audit' }, 'no-root': not({ fact: 'names', contains: 'root' }) },
  },
  words: { of: { 'no-star': { none: 'rules', that: { field: 'words', contains: '*' } } } },
  levels: {
    of: {
      'high-marked': { every: 'rules', that: any({ field: 'levels', contains: 'high' }, not(field('flag', true))) },
    },
  },
  spelled: { of: { allowed: { fact: 'folded', in: ['Alpha', 'BETA'] } } },
  labelled: {
    of: { 'the-label': { fact: 'maybe_label', is: { param: 'label' } } },
    params: {
      label: { says, type: 'string', default: 'blue', overrides: [{ when: fact('cloud', 'gcp'), value: 'green' }] },
    },
  },
  crowded: {
    of: { 'enough-flags': { count: 'rules', that: field('flag', true), at_least: { param: 'least' } } },
    params: { least: { says, type: 'int', default: 2 } },
  },
  nested: {
    of: {
      sound: any(
        all(fact('flag', true), not(fact('level', 'low'))),
        all(fact('maybe_flag', false), { fact: 'size', at_most: 7 }),
      ),
    },
  },
  'port-fact': { of: { narrow: { fact: 'ports', within: [ports(80, 80), ports(443, 444)] } } },
  'address-fact': { of: { inside: { fact: 'maybe_addresses', within: [cidr('10.0.0.0/8'), cidr('2001:db8::/32')] } } },
  'maybe-size': {
    of: {
      bounded: any(
        fact('maybe_size', NONE),
        all({ fact: 'maybe_size', at_least: 1 }, { fact: 'maybe_size', at_most: 100 }),
      ),
    },
  },
});

const stores = sources('object_store', {
  private: { of: { 'no-read': fact('public_read', false), 'no-write': fact('public_write', false) } },
  'blocked-or-private': {
    of: {
      shut: any(fact('public_access_blocked', true), all(fact('public_read', false), fact('public_write', false))),
    },
  },
  encrypted: { of: { 'some-key': { fact: 'encryption', in: ['provider_key', 'customer_key'] } } },
  'own-key': {
    of: { 'our-key': fact('encryption', 'customer_key') },
    when: { fact: 'data_classification', in: ['confidential', 'restricted'] },
  },
  'tls-in-production': { of: { 'tls-only': fact('tls_only', true) }, when: fact('environment', 'production') },
  'versioned-unless-sandbox': {
    of: { kept: any(fact('versioned', true), { fact: 'environment', in: ['sandbox', 'test'] }) },
  },
  'logged-and-owned': { of: { logged: fact('access_logged', true), owned: not(fact('owner', NONE)) } },
  tagged: { of: { team: { tag: { key: 'team' } }, cost: { tag: { key: 'cost', matches: 'cc-*' } } } },
  'in-europe': {
    of: { europe: { fact: 'region', in: ['eu-west-1', 'eu-central-1', NONE] } },
    when: fact('cloud', 'aws'),
  },
  'public-by-tag': { of: { 'asked-for': any(fact('public_read', false), { tag: { key: 'site', is: 'public' } }) } },
  'few-temporary': { of: { few: { count: 'tags', that: { field: 'key', matches: 'tmp-*' }, at_most: 1 } } },
  'blocked-on-two': {
    of: { blocked: fact('public_access_blocked', true) },
    when: { fact: 'cloud', in: ['aws', 'gcp'] },
  },
});

const databases = sources('sql_database', {
  'backups-week': { of: { 'a-week': { fact: 'backup_retention_days', at_least: 7 } } },
  'backups-by-environment': {
    of: { 'long-enough': { fact: 'backup_retention_days', at_least: { param: 'least' } } },
    params: {
      least: {
        says,
        type: 'int',
        default: 7,
        overrides: [
          { when: fact('environment', 'production'), value: 30 },
          { when: { fact: 'environment', in: ['sandbox', 'test'] }, value: 1 },
        ],
      },
    },
  },
  'backups-between': {
    of: {
      enough: { fact: 'backup_retention_days', at_least: 7 },
      'not-forever': { fact: 'backup_retention_days', at_most: 35 },
    },
  },
  'some-backup': { of: { backed: not(fact('backup_retention_days', 0)) } },
  'backups-standard': { of: { standard: { fact: 'backup_retention_days', in: [7, 14, 30] } } },
  'protected-in-production': {
    of: { protected: fact('deletion_protected', true) },
    when: fact('environment', 'production'),
  },
  'tls-and-own-key': { of: { tls: fact('tls_required', true), 'our-key': fact('encryption', 'customer_key') } },
  'public-with-tls': {
    of: {
      guarded: any(
        fact('public_endpoint', false),
        all(fact('tls_required', true), { fact: 'encryption', in: ['customer_key', 'provider_key'] }),
      ),
    },
  },
  'owned-by-team': { of: { owned: { fact: 'owner', matches: 'team-*' } } },
  'known-accounts': {
    of: { known: { fact: 'account', in: { param: 'accounts' } } },
    params: { accounts: { says, type: 'list_of_strings', default: ['111111111111', '222222222222'] } },
  },
  tiered: { of: { tier: { tag: { key: 'tier', in: ['gold', 'silver'] } } }, when: not(fact('environment', 'sandbox')) },
});

const models = sources('model_endpoint', {
  'private-where-decided': { of: { private: fact('public_network', false) }, when: not(fact('public_network', NONE)) },
  identities: { of: { 'no-keys': fact('static_keys', false) } },
  'logged-where-it-matters': {
    of: { logged: fact('invocations_logged', true) },
    when: { fact: 'environment', in: ['production', 'staging'] },
  },
  'own-key-unless-public': {
    of: { keyed: any(fact('encryption', 'customer_key'), fact('data_classification', 'public')) },
  },
  'private-or-no-switch': { of: { private: any(fact('public_network', false), fact('public_network', NONE)) } },
  'three-things': {
    of: {
      keyless: fact('static_keys', false),
      logged: fact('invocations_logged', true),
      encrypted: not(fact('encryption', 'none')),
    },
  },
  'european-region': { of: { europe: { fact: 'region', matches: 'eu*' } } },
  'not-both': { of: { 'not-both': not(all(fact('public_network', true), fact('static_keys', true))) } },
});

const firewalls = sources('firewall', {
  'no-admin': {
    of: {
      'no-admin': {
        none: 'ingress',
        that: all(
          field('internet', true),
          { field: 'protocol', in: ['tcp', 'all'] },
          { field: 'ports', intersects: [ports(22, 22), ports(3389, 3389)] },
        ),
      },
    },
  },
  'no-listed': {
    of: {
      'no-listed': {
        none: 'ingress',
        that: all(field('internet', true), { field: 'ports', intersects: { param: 'listed' } }),
      },
    },
    params: {
      listed: {
        says,
        type: 'list_of_ranges',
        default: [ports(5432, 5432), ports(3306, 3307)],
        overrides: [{ when: fact('environment', 'sandbox'), value: [ports(22, 22)] }],
      },
    },
  },
  'from-inside': {
    of: {
      inside: {
        every: 'ingress',
        that: any(field('internet', false), { field: 'source', within: [cidr('203.0.113.0/24')] }),
      },
    },
  },
  addressed: { of: { addressed: { every: 'ingress', that: not(field('source', NONE)) } } },
  'no-all-protocols': { of: { 'no-all': { none: 'ingress', that: field('protocol', 'all') } } },
  'lets-in-tcp': { of: { tcp: { some: 'ingress', that: field('protocol', 'tcp') } } },
  'few-from-internet': { of: { few: { count: 'ingress', that: field('internet', true), at_most: 2 } } },
  'one-or-two': {
    of: {
      'one-or-two': { count: 'ingress', that: { field: 'ports', within: [ports(443, 443)] }, at_least: 1, at_most: 2 },
    },
  },
  'high-ports': {
    of: {
      high: { every: 'ingress', that: any(field('ports', NONE), { field: 'ports', within: [ports(1024, 65_535)] }) },
    },
  },
  'not-from-there': {
    of: {
      'not-there': {
        none: 'ingress',
        that: { field: 'source', intersects: [cidr('192.0.2.0/24'), cidr('2001:db8::/32')] },
      },
    },
  },
  'web-only': {
    of: {
      web: {
        every: 'ingress',
        that: any(
          field('internet', false),
          all(field('protocol', 'tcp'), { field: 'ports', within: [ports(80, 80), ports(443, 443)] }),
        ),
      },
    },
  },
  'from-offices': {
    of: { offices: { every: 'ingress', that: { field: 'source', within: { param: 'offices' } } } },
    params: {
      offices: { says, type: 'list_of_ip_ranges', default: [cidr('198.51.100.0/24'), cidr('203.0.113.0/25')] },
    },
  },
  exposed: {
    of: { closed: { none: 'ingress', that: field('internet', true) } },
    when: not({ tag: { key: 'exposed', is: 'yes' } }),
  },
});

/** Good policies: over every kind, with every operator, parameters, overrides, tags, lists and counts. */
export const bases = { ...probes, ...stores, ...databases, ...models, ...firewalls } as const;
export type BaseName = keyof typeof bases;

/** The text of policy.yaml. */
export const yamlOf = (s: Source): string => stringify(s);

function statesOf({ facts, closed }: PolicyInput): FactStates {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]): [string, FactState] => [
      name,
      {
        state: 'known',
        value: value as FactValue,
        at: '',
        ...(Array.isArray(value) ? { closed: closed.includes(name) } : {}),
      },
    ]),
  );
}

function exampleOf(core: CorePolicy, input: PolicyInput, n: number): ExampleResource {
  const { verdict } = meaningOf(core, input);
  return { file: `${verdict}/${n}.json`, resource: `resource-${n}`, verdict, facts: statesOf(input) };
}

/**
 * Examples that tell a policy from every misreading that means something else; and the Rego that its author has written,
 * if any, from every one of its planted bugs.
 */
export function goldExamples(s: Source, tools: PolicyTools, rego: string | undefined): readonly ExampleResource[] {
  const kind = corpusKinds.find((k) => k.id === s.kind) ?? probe;
  const compiled = compilePolicy(
    { file: 'gold', yaml: yamlOf(s), ...(rego === undefined ? {} : { rego }) },
    corpusKinds,
  );
  const validate = compileValidator(kind);
  const examples: ExampleResource[] = [];
  for (const [, raw] of inputsOf(compiled.core, { seed: 3, random: 300, phases: ['random'] })) {
    const input = raw as PolicyInput;
    const { undeclared, invalid } = validate(
      statesOf({ ...input, closed: Array.isArray(input.closed) ? input.closed : [] }),
    );
    if (undeclared.length > 0 || invalid.size > 0 || !Array.isArray(input.closed) || input.now !== PROOF_NOW) continue;
    const example = exampleOf(compiled.core, input, examples.length);
    if (!examples.some((e) => e.verdict === example.verdict)) examples.push(example);
  }
  for (const verdict of ['compliant', 'violation'] as const) {
    const input = resourceWhere([compiled.core], ([v]) => v === verdict);
    if (input === undefined || 'is' in input) throw new Error(`${s.id} is never ${verdict}`);
    if (!examples.some((e) => e.verdict === verdict)) examples.push(exampleOf(compiled.core, input, examples.length));
  }
  for (;;) {
    const { survivors } = survivorsOf(compiled, kind, examples, PROOF_NOW);
    if (survivors.length === 0) break;
    for (const { mutant, on } of survivors) {
      const other = toCore(mutant, kind);
      // One resource tells several misreadings from the policy.
      if (examples.some((e) => judgeByMeaning(other, kind, e.facts, PROOF_NOW) !== e.verdict)) continue;
      const { input } = on as { readonly input: PolicyInput };
      examples.push(exampleOf(compiled.core, input, examples.length));
    }
  }
  if (rego === undefined) return examples;
  for (;;) {
    const { survivors } = regoSurvivorsOf(compiled, kind, examples, { tools, now: PROOF_NOW, seed: 7 });
    if (survivors.length === 0) return examples;
    const inputs = new Map(survivors.map(({ on }) => [JSON.stringify(on), (on as { input: PolicyInput }).input]));
    for (const input of inputs.values()) examples.push(exampleOf(compiled.core, input, examples.length));
  }
}
