import { describe, expect, it } from 'vitest';
import type { Formal } from '../../../shared/authoring/answer.ts';
import { coverageOf, isEnglish } from '../../../shared/authoring/coverage.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { typecheck } from '../../../shared/policy/clauses.ts';
import { type CorePolicy, toCore } from '../../../shared/policy/core.ts';

interface Given {
  readonly kind?: string;
  readonly scope?: unknown;
  readonly that: unknown;
  readonly params?: { readonly [name: string]: unknown };
  readonly covers?: readonly string[];
}
function formal({ kind: id = 'sql_database', scope, that, params, covers = [] }: Given): Formal {
  const kind = kinds.find((k) => k.id === id);
  if (kind === undefined) throw new Error(id);
  const policy = typecheck(
    {
      id: `${id.replaceAll('_', '-')}.x`,
      title: 'X',
      severity: 'low',
      kind: id,
      ...(scope === undefined ? {} : { applies_when: scope }),
      require: [{ id: 'c', says: 'x', that }],
      ...(params === undefined ? {} : { params }),
      frameworks: {},
      remediation: 'x',
    },
    kind,
  );
  return { kind, policy, core: toCore(policy, kind), covers: covers.map((words) => ({ words, by: 'c' })) };
}
const problems = (sentence: string, given: Given, active: readonly CorePolicy[] = []): readonly string[] =>
  coverageOf(sentence, [formal({ covers: [sentence], ...given })], active).problems;

const backups = (days: unknown): Condition => ({ fact: 'backup_retention_days', at_least: days }) as Condition;
const publicIs = (is: boolean): Condition => ({ fact: 'public_endpoint', is });

describe('numbers of a sentence', () => {
  it.each([
    ['Databases keep backups for 30 days', 30],
    ['Databases keep backups for thirty days', 30],
    ['Databases keep backups for four weeks', 28],
    ['Databases keep backups for a month', 30],
    ['Databases keep backups for a year', 365],
    ['Databases keep backups for 1,000 days', 1000],
    ['Databases keep backups for more than 7 days', 8],
    ['Databases keep backups, by SOC2 CC6.1 and SHA-256, for 14 days', 14],
    ['Databases have backups', 1],
  ])('%s: %i', (sentence, days) => {
    expect(problems(sentence, { that: backups(days) })).toEqual([]);
  });

  it.each([
    ['Databases keep backups for 30 days', 31],
    ['Databases keep backups for 4 weeks', 4],
    ['Databases keep backups for 30 days', 3],
    ['Databases keep backups', 7],
  ])('%s is not %i', (sentence, days) => {
    expect(problems(sentence, { that: backups(days) })).not.toEqual([]);
  });

  it('must be in a clause: what no fact can say is not left out', () => {
    expect(problems('Databases require TLS 1.2', { that: { fact: 'tls_required', is: true } })).toEqual([
      'the number "1.2" of the sentence is in no clause',
    ]);
  });

  it('are zero where something is not: no number says it', () => {
    expect(problems('Public databases: zero', { that: publicIs(false) })).toEqual([]);
    expect(problems('Public databases: zero', { that: publicIs(true) })).not.toEqual([]);
  });

  it('are found in parameters and their overrides', () => {
    const params = {
      days: {
        says: 'days',
        type: 'int' as const,
        default: 7,
        overrides: [{ when: { fact: 'environment', is: 'production' } as const, value: 30 }],
      },
    };
    const sentence = 'Databases keep backups for 7 days, in production 30';
    expect(problems(sentence, { that: backups({ param: 'days' }), params })).toEqual([]);
    expect(problems('Databases keep backups for 7 days', { that: backups({ param: 'days' }), params })).toHaveLength(2);
  });
});

describe('literals of the clauses', () => {
  const port = (ports: unknown): Given => ({
    kind: 'firewall',
    that: {
      none: 'ingress',
      that: {
        all: [
          { field: 'internet', is: true },
          { field: 'ports', intersects: ports },
        ],
      },
    },
  });
  it('are ports by number, by range and by the name of a service', () => {
    expect(problems('No way in from the internet to port 8443', port(['8443']))).toEqual([]);
    expect(problems('No way in from the internet to ports 6000-6010', port(['6000-6010']))).toEqual([]);
    expect(problems('No way in from the internet to SSH', port(['22']))).toEqual([]);
    expect(problems('No way in from the internet to SSH', port(['22', '23']))).toHaveLength(1);
  });

  it('are what an active policy has agreed already', () => {
    const active = formal({
      kind: 'firewall',
      that: { none: 'ingress', that: { field: 'ports', intersects: { param: 'admin' } } },
      params: { admin: { says: 'x', type: 'list_of_ranges', default: ['22', '3389'] } },
    }).core;
    const sentence = 'No way in from the internet to administration ports';
    expect(problems(sentence, port(['22', '3389']))).toHaveLength(2);
    expect(problems(sentence, port(['22', '3389']), [active])).toEqual([]);
    expect(problems(sentence, port(['22', '3390']), [active])).toHaveLength(1);
  });

  it('are addresses that stand there, or that a word means', () => {
    const source = (cidr: string): Given => ({
      kind: 'firewall',
      that: { every: 'ingress', that: { field: 'source', within: [cidr] } },
    });
    expect(problems('Only 10.1.0.0/16 is let in', source('10.1.0.0/16'))).toEqual([]);
    expect(problems('Only private addresses are let in', source('10.0.0.0/8'))).toEqual([]);
    expect(problems('Only private addresses are let in', source('203.0.113.0/24'))).toHaveLength(1);
  });

  it('are texts and patterns whose pieces stand there as words', () => {
    const region = (matches: string): Given => ({ that: { fact: 'region', matches } });
    expect(problems('We reuse databases in EU regions only', region('eu-*'))).toEqual([]);
    expect(problems('We reuse databases in regions of ours only', region('eu-*'))).toHaveLength(1);
    expect(problems('Databases have a tag team', { that: { tag: { key: 'team' } } })).toEqual([]);
    expect(problems('Databases have a tag', { that: { tag: { key: 'team' } } })).toHaveLength(1);
    expect(problems('Databases are somewhere', region('*'))).toHaveLength(1);
  });

  it('are environments and classifications by the names that people use', () => {
    const within = (scope: unknown): Given => ({ scope, that: publicIs(false) });
    expect(problems('Prod databases are private', within({ fact: 'environment', is: 'production' }))).toEqual([]);
    expect(
      problems(
        'Databases with sensitive data are private',
        within({ fact: 'data_classification', in: ['confidential', 'restricted'] }),
      ),
    ).toEqual([]);
    expect(problems('Databases are private', within({ not: { fact: 'environment', is: 'sandbox' } }))).toHaveLength(1);
    expect(problems('Amazon databases are private', within({ fact: 'cloud', is: 'aws' }))).toEqual([]);
  });
});

describe('a fact that is none', () => {
  const tls = 'Every SQL database has to refuse clients that connect without TLS';
  const required: Condition = { fact: 'tls_required', is: true };
  it.each(['owner', 'environment', 'data_classification', 'region'])('is no scope that nobody said: %s', (fact) => {
    const none = { fact, is: 'none' };
    const why = [`sql_database: "none" (${fact}) stands nowhere in the sentence`];
    expect(problems(tls, { scope: { not: none }, that: required })).toEqual(why);
    expect(problems(tls, { that: { any: [required, none] } })).toEqual(why);
    expect(problems(tls, { that: required })).toEqual([]);
  });

  const owned = { not: { fact: 'owner', is: 'none' } };
  const notIn = (fact: string, values: readonly string[]) => ({ scope: { not: { fact, in: values } }, that: required });
  it.each<[string, Given]>([
    ['Databases need an owner', { that: owned }],
    ['Orphaned databases require TLS', { scope: { fact: 'owner', is: 'none' }, that: required }],
    ['Somebody is accountable for each database', { that: owned }],
    ['Unclassified databases require TLS', { scope: { fact: 'data_classification', is: 'none' }, that: required }],
    ['Databases require TLS unless they are in the sandbox', notIn('environment', ['sandbox', 'none'])],
    ['Databases that are not in the sandbox require TLS', notIn('environment', ['sandbox', 'none'])],
    ['Databases require TLS except those of payments', notIn('owner', ['payments', 'none'])],
    ['Databases tagged production require TLS', notIn('environment', ['production', 'none'])],
    ['Global databases require TLS', { scope: { fact: 'region', is: 'none' }, that: required }],
    [
      'Models cannot be called from the public network',
      {
        kind: 'model_endpoint',
        scope: { not: { fact: 'public_network', is: 'none' } },
        that: { fact: 'public_network', is: false },
      },
    ],
  ])('is said by the words of the fact, or of what is left out: %s', (sentence, given) => {
    expect(problems(sentence, given)).toEqual([]);
  });

  it.each<[string, Given]>([
    ['Databases in production require TLS', notIn('environment', ['production', 'none'])],
    ['Databases under a customer-owned key require TLS', { scope: owned, that: required }],
    [
      'Databases with the tag tier=gold require TLS',
      {
        scope: { all: [{ tag: { key: 'tier', is: 'gold' } }, { not: { fact: 'environment', is: 'none' } }] },
        that: required,
      },
    ],
  ])('is not said by another name, nor by a value alone: %s', (sentence, given) => {
    expect(problems(sentence, given)).toEqual([expect.stringMatching(/"none" .* stands nowhere/)]);
  });
});

describe('a word in the name of a fact', () => {
  const open = { fact: 'data_classification', is: 'public' };
  const closed = (more: readonly object[] = []): Given => ({ that: { any: [publicIs(false), open, ...more] } });
  const exposed = (is: string): object => ({ tag: { key: 'exposure', is } });
  it.each<[string, Given]>([
    ['Databases must not have a public endpoint', closed()],
    ['Databases must not be reachable from the public internet', closed()],
    ['Databases must not be readable by the public', closed()],
    ['Databases must have no public endpoint unless tagged exposure=approved', closed([exposed('approved')])],
    ['Databases must have no endpoint unless tagged exposure=public', closed([exposed('public')])],
  ])('names no classification: %s', (sentence, given) => {
    expect(problems(sentence, given)).toEqual([
      'sql_database: "public" (data_classification) stands nowhere in the sentence',
    ]);
  });

  it.each([
    'Databases must not have a public endpoint unless their data is public',
    'Databases must not be reachable from the public internet, except public ones',
    'No database is readable by the public, unless it holds public information',
    'Only databases of the public classification may have a public endpoint',
    'Databases may have a public endpoint if all in them is public access data',
  ])('is no hindrance where the classification is named as well: %s', (sentence) => {
    expect(problems(sentence, closed())).toEqual([]);
  });

  it('takes no word along that means something else', () => {
    const scope = { fact: 'environment', is: 'staging' };
    const that = { fact: 'public_access_blocked', is: true };
    expect(problems('Buckets block in staging public access', { kind: 'object_store', scope, that })).toEqual([]);
  });
});

it.each(['cost:center', 'cost center', 'team@home'])('a name with other signs is looked for as it is: %s', (key) => {
  expect(problems(`Databases have a tag ${key}`, { that: { tag: { key } } })).toEqual([]);
});

describe('negations', () => {
  it.each([
    ['Databases must never be public', publicIs(false), true],
    ['Databases must never be public', publicIs(true), false],
    ['No database may be public', publicIs(true), false],
    ["Databases shouldn't be public", publicIs(true), false],
    ['Databases cannot be deleted by one call', { fact: 'deletion_protected', is: true }, true],
    ['Databases accept no connection in plain words', { fact: 'tls_required', is: true }, true],
    ['No database may be unencrypted', { fact: 'encryption', in: ['provider_key', 'customer_key'] }, true],
    ['Databases are public', publicIs(true), true],
  ] as const)('%s', (sentence, that, isFine) => {
    expect(problems(sentence, { that }).length === 0).toBe(isFine);
  });

  it('of a negation ("never off") say what is', () => {
    const versioned = { fact: 'versioned', is: true } as const;
    expect(problems('Versioning of stores is never off', { kind: 'object_store', that: versioned })).toEqual([]);
    expect(problems('Stores never have versioning', { kind: 'object_store', that: versioned })).toHaveLength(1);
  });
});

describe('exceptions', () => {
  const sentence = 'Stores are private unless the tag exposed is website';
  it('are in an alternative, a scope or a parameter', () => {
    const that = { fact: 'public_read', is: false } as const;
    const exposed = { tag: { key: 'exposed', is: 'website' } } as const;
    const given = (g: Given) => problems(sentence, { kind: 'object_store', ...g });
    expect(given({ that: { any: [exposed, that] } })).toEqual([]);
    expect(given({ scope: { not: exposed }, that })).toEqual([]);
    expect(given({ that })).toEqual(['the exception after "unless" is in no clause, no scope and no parameter']);
  });
});

describe('figures of speech', () => {
  const versioned: Given = { kind: 'object_store', that: { fact: 'versioned', is: true } };
  it.each([
    'Buckets must be versioned, no matter the cloud',
    'Buckets must be versioned without exception',
    'Do not forget that buckets must be versioned',
    'Buckets must be versioned. Exceptions have to be approved by the CISO',
    'Buckets must be versioned, whether or not they are used',
    'Buckets must be versioned, and that is non-negotiable',
    'Buckets must be versioned, no ifs, no buts',
    'We do not want to lose data, so buckets must be versioned',
  ])('neither negate nor except: %s', (sentence) => {
    expect(problems(sentence, versioned)).toEqual([]);
  });
  it('are no cover for what does', () => {
    expect(problems('Buckets must not be versioned, no matter the cloud', versioned)).toHaveLength(1);
    expect(problems('Buckets must be versioned without exception unless they are small', versioned)).toHaveLength(1);
  });

  it('name an environment to say that the rule holds there too', () => {
    const priv: Given = { that: publicIs(false) };
    for (const sentence of [
      'Databases are private, even in the sandbox',
      'Databases are private, including those in development',
      'Databases are private, be it in production or staging',
      'Databases, production and non-production, are private',
    ])
      expect(problems(sentence, priv), sentence).toEqual([]);
    for (const sentence of [
      'Databases in the sandbox are private',
      'Databases in production and staging are private',
      'Databases are private in staging. Even so, keep them small',
    ])
      expect(problems(sentence, priv), sentence).not.toEqual([]);
  });

  it('say who may all the same: that is in no configuration', () => {
    const priv: Given = { kind: 'object_store', that: { fact: 'public_read', is: false } };
    expect(problems('Nobody other than authorised users can read buckets', priv)).toEqual([]);
    expect(problems('Nobody can read buckets other than those with a tag', priv)).toHaveLength(0);
    expect(problems('Nobody can read buckets other than websites', priv)).toHaveLength(1);
  });
});

describe('what the sentence names is in the clauses', () => {
  const ports = (intersects: readonly string[], negated = false): Given => {
    const at = { field: 'ports', intersects };
    return {
      kind: 'firewall',
      that: { none: 'ingress', that: { all: [{ field: 'internet', is: true }, negated ? { not: at } : at] } },
    };
  };
  it('each service, where ports are spoken of', () => {
    expect(problems('No SSH and no RDP from the internet', ports(['22', '3389']))).toEqual([]);
    expect(problems('No SSH and no RDP from the internet', ports(['22']))).toEqual([
      '"rdp" of the sentence is in no clause',
    ]);
    expect(problems('No remote desktop from the internet', ports(['3389']))).toEqual([]);
  });
  it('each range, open at one end too, and around what is left out', () => {
    expect(problems('No port above 1024 is open to the internet', ports(['1025-65535']))).toEqual([]);
    expect(problems('No port below 1024 is open to the internet', ports(['0-1023']))).toEqual([]);
    expect(problems('No port 1024 is open to the internet', ports(['1024-65535']))).not.toEqual([]);
    expect(problems('No port other than 443 is open to the internet', ports(['0-442', '444-65535']))).toEqual([]);
    expect(problems('No port other than 443 is open to the internet', ports(['0-440', '444-65535']))).not.toEqual([]);
  });
  it('each address that is written out', () => {
    const from = (...cidrs: readonly string[]): Given => ({
      kind: 'firewall',
      that: { every: 'ingress', that: { field: 'source', within: cidrs } },
    });
    const sentence = 'Only 10.1.0.0/16 and 10.2.0.0/16 are let in';
    expect(problems(sentence, from('10.1.0.0/16', '10.2.0.0/16'))).toEqual([]);
    expect(problems(sentence, from('10.1.0.0/16'))).toEqual([
      'the address "10.2.0.0/16" of the sentence is in no clause',
    ]);
  });
  it('each beginning of names', () => {
    const region = (...patterns: readonly string[]): Given => ({
      that: { any: patterns.map((matches) => ({ fact: 'region', matches })) },
    });
    const sentence = 'Databases are in regions that start with eu- or europe-';
    expect(problems(sentence, region('eu-*', 'europe-*'))).toEqual([]);
    expect(problems(sentence, region('eu-*'))).toHaveLength(1);
  });
});

describe('words', () => {
  it('that nothing formalises are named', () => {
    const { uncovered } = coverageOf(
      'Production databases must be private and cheap',
      [formal({ that: publicIs(false), covers: ['must be private'] })],
      [],
    );
    expect(uncovered).toEqual(['production', 'cheap']);
  });

  it('of another language are not checked, numbers are', () => {
    const sentence = 'Datenbanken dürfen nie öffentlich sein, Sicherungen 30 Tage';
    expect(isEnglish(sentence)).toBe(false);
    const { unchecked, uncovered, problems: found } = coverageOf(sentence, [formal({ that: backups(30) })], []);
    expect([unchecked, uncovered, found]).toEqual([true, [], []]);
    expect(problems(sentence, { that: backups(31) })).not.toEqual([]);
    expect(isEnglish('データベースは公開してはならない')).toBe(false);
    expect(isEnglish('Databases must be private')).toBe(true);
  });
});
