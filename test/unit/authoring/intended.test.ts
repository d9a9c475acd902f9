/** The sentence of intent.md against the clauses: what was not asked for is told, what was asked for in other words is not. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../cli/bundle.ts';
import { CORPUS, readCorpus } from '../../../scripts/eval/corpus.ts';
import { intentProblem } from '../../../shared/authoring/intended.ts';
import { FACT_WORDS } from '../../../shared/authoring/fact-words.ts';
import { kindById, kinds } from '../../../shared/kinds/index.ts';
import type { Kind } from '../../../shared/model/kind.ts';
import { coreOf } from '../../../shared/policy/bundle.ts';
import { typecheck } from '../../../shared/policy/clauses.ts';
import { toCore } from '../../../shared/policy/core.ts';

const active = readManifest().policies.map(coreOf);

interface Clauses {
  readonly kind: string;
  readonly that: object;
  readonly also?: object;
  readonly when?: object;
  readonly params?: object;
  readonly says?: string;
}

function problemOf(sentence: string, { kind: id, that, also, when, params, says = sentence }: Clauses, rego?: string) {
  const kind = kindById(id) as Kind;
  const require = [that, ...(also === undefined ? [] : [also])].map((t, i) => ({ id: `c-${i}`, says, that: t }));
  const policy = typecheck(
    {
      id: `${id.replaceAll('_', '-')}.as-asked`,
      title: 'As it was asked',
      severity: 'low',
      kind: id,
      ...(when === undefined ? {} : { applies_when: when }),
      require,
      ...(params === undefined ? {} : { params }),
      frameworks: {},
      remediation: 'Change it.',
    },
    kind,
  );
  const intent = `# As it was asked\n\n${sentence}\n\n## Why\n\nBackups saved us in 2019.\n`;
  return intentProblem(
    intent,
    { policy, core: toCore(policy, kind), kind, ...(rego === undefined ? {} : { rego }) },
    [],
  );
}

const store = (that: object, more: object = {}): Clauses => ({ kind: 'object_store', that, ...more });
const database = (that: object, more: object = {}): Clauses => ({ kind: 'sql_database', that, ...more });
const firewall = (that: object, more: object = {}): Clauses => ({ kind: 'firewall', that, ...more });
const days = (op: string, n: unknown): object => ({ fact: 'backup_retention_days', [op]: n });
const fact = (name: string, is: unknown): object => ({ fact: name, is });
const production = fact('environment', 'production');
const internet = { field: 'internet', is: true };
const days30 = { says: 'Days.', type: 'int', default: 7, overrides: [{ when: production, value: 30 }] };

describe('what was not asked for is told', () => {
  it.each<[string, string, Clauses, RegExp]>([
    [
      'a scope by what is none',
      'Every SQL database refuses clients that connect without TLS.',
      database(fact('tls_required', true), { when: { not: fact('owner', 'none') } }),
      /"none" \(owner\) stands nowhere/,
    ],
    [
      'a classification by the name of an endpoint',
      'Databases must not have a public endpoint, unless they are tagged exposure=approved.',
      database({
        any: [
          fact('public_endpoint', false),
          { tag: { key: 'exposure', is: 'approved' } },
          fact('data_classification', 'public'),
        ],
      }),
      /"public" \(data_classification\) stands nowhere/,
    ],
    ['a number', 'Databases keep backups for at least 30 days.', database(days('at_least', 29)), /"29".*nowhere/],
    [
      'a number of a parameter',
      'Backups are kept for 7 days, in production for 35.',
      database(days('at_least', { param: 'd' }), { params: { d: days30 } }),
      /number "35"/,
    ],
    [
      'the way of a bound',
      'Databases keep backups for at least 30 days.',
      database(days('at_most', 30)),
      /at least 30 days.*at most/,
    ],
    [
      'a number that is lost',
      'Databases require TLS and keep backups for 30 days.',
      database(fact('tls_required', true)),
      /number "30 days"/,
    ],
    [
      'another fact',
      'Nobody outside the company can write objects.',
      store(fact('public_read', false)),
      /speaks of public_write/,
    ],
    [
      'another fact, alike in words',
      'Every bucket is encrypted at rest.',
      store(fact('tls_only', true)),
      /speaks of encryption/,
    ],
    [
      'a clause that is lost',
      'Buckets keep old versions of objects, and access to them is logged.',
      store(fact('versioned', true)),
      /speaks of access_logged/,
    ],
    [
      'that it is a key of ours',
      'Databases must be encrypted.',
      database(fact('encryption', 'customer_key')),
      /no words of the sentence ask for a key of one's own/,
    ],
    [
      'whose key',
      'Buckets are encrypted with a key that we control.',
      store(fact('encryption', 'provider_key')),
      /own, the clauses for provider_key/,
    ],
    [
      'no encryption',
      'Every database is encrypted.',
      database({ fact: 'encryption', in: ['none', 'provider_key'] }),
      /encryption, the clauses for none/,
    ],
    [
      'another environment',
      'In production, databases require TLS.',
      database(fact('tls_required', true), { when: fact('environment', 'staging') }),
      /"staging".*nowhere/,
    ],
    [
      'a scope that is lost',
      'In production, databases require TLS.',
      database(fact('tls_required', true)),
      /"production" of the sentence/,
    ],
    [
      'a scope turned round',
      'Except in sandboxes, databases require TLS.',
      database(fact('tls_required', true), { when: fact('environment', 'sandbox') }),
      /excepts sandbox/,
    ],
    [
      'a scope that leaves out what is named',
      'Databases in production require TLS.',
      database(fact('tls_required', true), { when: { not: production } }),
      /production, the clauses do not apply/,
    ],
    [
      'a scope as a requirement',
      'Databases in production require TLS.',
      database({ all: [production, fact('tls_required', true)] }),
      /narrows the scope/,
    ],
    [
      'one cloud',
      'Databases require TLS.',
      database(fact('tls_required', true), { when: fact('cloud', 'aws') }),
      /"aws".*nowhere/,
    ],
    [
      'an exception that is lost',
      'No bucket is public, unless its data is public.',
      store(fact('public_read', false)),
      /exception after "unless"/,
    ],
    [
      'an exception for somebody',
      'Nobody outside the company can read objects.',
      store({ any: [fact('public_read', false), fact('owner', 'mallory')] }),
      /"mallory".*nowhere/,
    ],
    [
      'a tag that opens it',
      'Nobody outside the company can read objects.',
      store({ any: [fact('public_read', false), { tag: { key: 'skip-check', is: 'yes' } }] }),
      /"skip-check".*nowhere/,
    ],
    [
      'an address range',
      'Only our own network, 10.0.0.0/8, gets in.',
      firewall({ every: 'ingress', that: { field: 'source', within: ['10.0.0.0/8', '203.0.113.0/24'] } }),
      /203\.0\.113\.0\/24.*nowhere/,
    ],
    [
      'one for all',
      'Every rule lets in only port 443.',
      firewall({ some: 'ingress', that: { field: 'ports', within: ['443'] } }),
      /every item, the clauses ask for one/,
    ],
    [
      'all for one',
      'At least one rule does not let the internet in.',
      firewall({ every: 'ingress', that: { field: 'internet', is: false } }),
      /at least one item/,
    ],
    [
      'either for both',
      'Databases require TLS and are encrypted with our own key.',
      database({ any: [fact('tls_required', true), fact('encryption', 'customer_key')] }),
      /the clauses for one of them/,
    ],
    [
      'both for either',
      'A database is protected from deletion, or its backups are kept for 14 days.',
      database({ all: [fact('deletion_protected', true), days('at_least', 14)] }),
      /the clauses for both/,
    ],
    ['that it is missing', 'Every bucket has an owner.', store(fact('owner', 'none')), /owner is missing/],
    [
      'that a tag is missing',
      'Every bucket has the tag cost-centre.',
      store({ not: { tag: { key: 'cost-centre' } } }),
      /tag cost-centre is missing/,
    ],
    [
      'another protocol',
      'No rule lets in UDP from the internet.',
      firewall({ none: 'ingress', that: { all: [internet, { field: 'protocol', in: ['tcp', 'all'] }] } }),
      /speaks of udp/,
    ],
    [
      'any source',
      'The internet cannot reach port 23.',
      firewall({ none: 'ingress', that: { field: 'ports', intersects: ['23'] } }),
      /"internet" of the sentence/,
    ],
    [
      'all between two ports',
      'From the internet only ports 80 and 443 are open.',
      firewall({ none: 'ingress', that: { all: [internet, { not: { field: 'ports', within: ['80-443'] } }] } }),
      /80 and 443, the clauses all/,
    ],
    [
      'each for all together',
      'The internet cannot reach port 23.',
      firewall({ none: 'ingress', that: { any: [internet, { field: 'ports', intersects: ['23'] }] } }),
      /forbids each of several/,
    ],
    [
      'one environment of two',
      'Buckets that are not for tests or development keep old versions.',
      store(fact('versioned', true), { when: { not: fact('environment', 'development') } }),
      /test and development, the clauses of development alone/,
    ],
    [
      'words of another intent',
      'Nobody outside the company can read objects.',
      store(fact('public_read', false), { says: 'snapshots expire after some time' }),
      /has no word/,
    ],
  ])('%s', (_, sentence, clauses, told) => expect(problemOf(sentence, clauses)).toMatch(told));

  it('a text of Rego that nobody has said', () => {
    const sentence = 'No bucket is public, unless its data is public.';
    const ruled = store({ rego: ['public_read', 'data_classification'] });
    const code = (value: string): string => `holds contains "c-0" if input.facts.data_classification == "${value}"`;
    expect(problemOf(sentence, ruled, code('public'))).toBeUndefined();
    expect(problemOf(sentence, ruled, 'holds contains "c-0" if input.facts.owner == "mallory"')).toMatch(
      /"mallory" of policy\.rego stands nowhere/,
    );
    const other = store({ rego: ['public_read', 'environment'] });
    expect(problemOf('No bucket has a public endpoint.', ruled, code('internal'))).toMatch(
      /"internal" of policy\.rego/,
    );
    expect(problemOf('No bucket is public.', other, code('sandbox'))).toMatch(/"sandbox" of policy\.rego/);
  });

  it('words of one clause on another', () => {
    const [versions, logged] = ['old versions are kept', 'access is logged'];
    const sentence = 'Of objects old versions are kept, and access is logged.';
    const swapped = store(fact('versioned', true), { also: fact('access_logged', true), says: logged });
    expect(problemOf(sentence, swapped)).toMatch(/c-0 says "access is logged".*about versioned/);
    expect(problemOf(sentence, store(fact('versioned', true), { says: versions }))).toMatch(/access_logged, which no/);
  });

  it('a number that Rego does not have', () => {
    const ruled = { kind: 'sql_database', that: { rego: ['backup_retention_days'] } };
    const sentence = 'Databases keep backups for at least 30 days.';
    expect(problemOf(sentence, ruled, 'x >= 31')).toMatch(/number "30 days"/);
    expect(problemOf(sentence, ruled, 'x >= 30')).toBeUndefined();
  });
});

describe('what was asked for in other words is not', () => {
  it.each<[string, Clauses]>([
    ['Databases keep backups for a month.', database(days('at_least', 30))],
    ['Databases keep backups for at least 30 days.', database({ not: days('at_most', 29) })],
    [
      'Backups are kept for 7 days, in production for 30.',
      database(days('at_least', { param: 'd' }), { params: { d: days30 } }),
    ],
    ['Automatic backups are kept long enough.', database(days('at_least', 7))],
    ['Backups are encrypted.', database({ fact: 'encryption', in: ['provider_key', 'customer_key'] })],
    ['Databases are encrypted with a CMK.', database(fact('encryption', 'customer_key'))],
    ['Databases must be encrypted in transit.', database(fact('tls_required', true))],
    [
      'Databases reachable from the internet require TLS.',
      database({ any: [fact('public_endpoint', false), fact('tls_required', true)] }),
    ],
    [
      'Outside production, databases need no public endpoint.',
      database(fact('public_endpoint', false), {
        when: { fact: 'environment', in: ['staging', 'development', 'test', 'sandbox', 'other', 'none'] },
      }),
    ],
    [
      'Sandboxes may be public, everything else must not be.',
      store(fact('public_read', false), { when: { not: fact('environment', 'sandbox') } }),
    ],
    [
      'Nobody on the internet may read or write our buckets.',
      store({ all: [fact('public_read', false), fact('public_write', false)] }),
    ],
    ['Buckets are private.', store(fact('public_read', false), { also: fact('public_write', false) })],
    ['Log buckets must not be public.', store(fact('public_read', false))],
    ['Ensure all buckets reject plain-text HTTP.', store(fact('tls_only', true))],
    ['Data stays in Europe.', store({ fact: 'region', matches: 'eu-*' })],
    ['Every bucket names its cost center in a tag.', store({ tag: { key: 'CostCenter' } })],
    [
      'Personal data is encrypted under our own keys.',
      store(fact('encryption', 'customer_key'), {
        when: { fact: 'data_classification', in: ['confidential', 'restricted'] },
      }),
    ],
    ['Buckets are encrypted and databases keep backups for 30 days.', store({ not: fact('encryption', 'none') })],
    [
      'SSH is closed to the internet.',
      firewall({ none: 'ingress', that: { all: [internet, { field: 'ports', intersects: ['22'] }] } }),
    ],
    [
      'Administration ports are closed to the internet.',
      firewall({ none: 'ingress', that: { all: [internet, { field: 'ports', intersects: ['22', '3389'] }] } }),
    ],
    [
      'No public bucket without an owner.',
      store({ any: [fact('public_read', false), { not: fact('owner', 'none') }] }),
    ],
    ['Alle Datenbanken sind verschlüsselt.', database(fact('tls_required', true))],
  ])('%s', (sentence, clauses) => expect(problemOf(sentence, clauses)).toBeUndefined());

  it('and an intent without a sentence says nothing', () => {
    expect(problemOf('', store(fact('public_read', true), { says: 'as it was asked' }))).toBeUndefined();
  });
});

it.each(['intents', 'others', 'third'])('no meaning that is right is told of in corpus/%s', (name) => {
  const corpus = readCorpus(join(CORPUS, '..', name));
  const told = corpus.flatMap(({ texts, gold }) =>
    gold.readings.flatMap(({ policies }) =>
      policies.flatMap(({ policy, core, covers }) => {
        const kind = kindById(policy.kind) as Kind;
        return texts.flatMap((text) => {
          const require = policy.require.map((c) => ({ ...c, says: covers?.[c.id]?.join(' ') ?? text }));
          const problem = intentProblem(text, { policy: { ...policy, require }, core, kind }, active);
          return problem === undefined ? [] : [`${text}: ${problem}`];
        });
      }),
    ),
  );
  expect(told).toEqual([]);
  expect(corpus.length).toBeGreaterThan(20);
});

it('the words of facts are of facts that there are', () => {
  for (const [id, words] of Object.entries(FACT_WORDS)) {
    const kind = kinds.find((k) => k.id === id);
    expect(Object.keys(words).filter((f) => kind?.facts[f] === undefined)).toEqual([]);
  }
});
