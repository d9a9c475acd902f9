/**
 * The part of a second author, who had not read what verifies: whole folders with an intent. Where the clauses are wrong,
 * the Rego and the native examples are made from them: everything in the folder agrees, and only the sentence does not.
 */
import { completeExamples } from '../../../shared/authoring/complete.ts';
import { factsIn } from '../../../shared/authoring/renderers/render.ts';
import type { Candidate, ExampleResource, Excuse } from '../../../shared/authoring/verify.ts';
import type { Kind } from '../../../shared/model/kind.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { EXAMPLES_NOW } from '../../../shared/authoring/verify.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { corpusKinds, type Source, yamlOf } from './bases.ts';

/** A sentence, and what it means. */
interface Meant {
  readonly kind: string;
  readonly sentence: string;
  readonly of: { readonly [clause: string]: Condition };
  readonly when?: Condition;
  readonly params?: Source['params'];
}
/** Another meaning in its place. */
type Instead = Partial<Pick<Meant, 'of' | 'when' | 'params'>>;

const fact = (name: string, is: string | boolean): Condition => ({ fact: name, is });
const days = (n: number): Condition => ({ fact: 'backup_retention_days', at_least: n });
const production = fact('environment', 'production');
const internet: Condition = { field: 'internet', is: true };
const none = (...all: readonly Condition[]): Condition => ({ none: 'ingress', that: { all } });
const ports = (...of: readonly string[]): Condition => ({ field: 'ports', intersects: of });

const minDays = (overrides: readonly { readonly when: Condition; readonly value: number }[]): Source['params'] => ({
  min_days: { says: 'For how many days backups are kept.', type: 'int', default: 7, overrides },
});

const meant = {
  readers: {
    kind: 'object_store',
    sentence: 'Nobody outside the company can read objects.',
    of: { 'no-read': fact('public_read', false) },
  },
  writers: {
    kind: 'object_store',
    sentence: 'The public cannot write to any object store.',
    of: { 'no-write': fact('public_write', false) },
  },
  ownKey: {
    kind: 'object_store',
    sentence: 'In production, object stores are encrypted with a key that we control.',
    when: production,
    of: { 'own-key': fact('encryption', 'customer_key') },
  },
  kept: {
    kind: 'object_store',
    sentence: 'Object stores keep old versions of objects, and access to them is logged.',
    of: { versions: fact('versioned', true), logged: fact('access_logged', true) },
  },
  publicData: {
    kind: 'object_store',
    sentence: 'No object can be read by the public, unless its data is classified as public.',
    of: { 'not-public': { any: [fact('public_read', false), fact('data_classification', 'public')] } },
  },
  owned: {
    kind: 'object_store',
    sentence: 'Every object store has an owner.',
    of: { owned: { not: fact('owner', 'none') } },
  },
  backups: {
    kind: 'sql_database',
    sentence: 'Databases keep automatic backups for at least 30 days.',
    of: { backups: days(30) },
  },
  keptLonger: {
    kind: 'sql_database',
    sentence: 'Databases keep automatic backups for 7 days, in production for 30.',
    of: { backups: { fact: 'backup_retention_days', at_least: { param: 'min_days' } } },
    params: minDays([{ when: production, value: 30 }]),
  },
  hardened: {
    kind: 'sql_database',
    sentence: 'Production databases must never be reachable from the internet and keep backups for 30 days.',
    when: production,
    of: { 'not-reachable': fact('public_endpoint', false), backups: days(30) },
  },
  sandboxes: {
    kind: 'sql_database',
    sentence: 'No database has a public endpoint, unless it is in a sandbox.',
    of: { 'not-public': { any: [fact('public_endpoint', false), fact('environment', 'sandbox')] } },
  },
  guarded: {
    kind: 'sql_database',
    sentence: 'A database is protected from deletion, or its backups are kept for at least 14 days.',
    of: { guarded: { any: [fact('deletion_protected', true), days(14)] } },
  },
  telnet: {
    kind: 'firewall',
    sentence: 'The internet cannot reach port 23.',
    of: { 'no-telnet': none(internet, { field: 'protocol', in: ['tcp', 'all'] }, ports('23')) },
  },
  web: {
    kind: 'firewall',
    sentence: 'Every rule that lets the internet in lets in only TCP on ports 80 and 443.',
    of: {
      web: {
        every: 'ingress',
        that: {
          any: [
            { field: 'internet', is: false },
            {
              all: [
                { field: 'protocol', is: 'tcp' },
                { field: 'ports', within: ['80', '443'] },
              ],
            },
          ],
        },
      },
    },
  },
  few: {
    kind: 'firewall',
    sentence: 'At most 3 rules let the internet in.',
    of: { few: { count: 'ingress', that: internet, at_most: 3 } },
  },
  udp: {
    kind: 'firewall',
    sentence: 'In production no rule lets in UDP from the internet.',
    when: production,
    of: { 'no-udp': none(internet, { field: 'protocol', in: ['udp', 'all'] }) },
  },
  privateModels: {
    kind: 'model_endpoint',
    sentence: 'Callers of models cannot use shared keys, unless the model cannot be called from the public network.',
    of: { keys: { any: [fact('static_keys', false), fact('public_network', false)] } },
  },
  recorded: {
    kind: 'model_endpoint',
    sentence: 'In production, calls of models are recorded.',
    when: production,
    of: { recorded: fact('invocations_logged', true) },
  },
} satisfies { readonly [name: string]: Meant };
type MeantName = keyof typeof meant;

const web = (any: readonly Condition[]): Instead => ({ of: { web: { every: 'ingress', that: { any } } } });
const notInternet: Condition = { field: 'internet', is: false };

/** What is wrong, of which sentence, and the clauses that everything else in the folder agrees with. */
export const agreeing: readonly (readonly [failure: string, of: MeantName, instead: Instead])[] = [
  ['same wrong fact in both drafts', 'writers', { of: { 'no-write': fact('public_read', false) } }],
  ['same wrong fact in both drafts', 'readers', { of: { 'no-read': fact('public_access_blocked', true) } }],
  ['same wrong fact in both drafts', 'recorded', { of: { recorded: fact('static_keys', false) } }],
  ['off by one', 'backups', { of: { backups: days(29) } }],
  ['off by one', 'few', { of: { few: { count: 'ingress', that: internet, at_most: 4 } } }],
  ['off by one', 'telnet', { of: { 'no-telnet': none(internet, ports('22-24')) } }],
  ['off by one', 'backups', { of: { backups: { fact: 'backup_retention_days', at_most: 30 } } }],
  [
    'inside an interval',
    'backups',
    { of: { backups: { any: [days(30), { fact: 'backup_retention_days', in: [11] }] } } },
  ],
  [
    'inside an interval',
    'web',
    web([
      notInternet,
      {
        all: [
          { field: 'protocol', is: 'tcp' },
          { field: 'ports', within: ['80-443'] },
        ],
      },
    ]),
  ],
  ['swapped value', 'ownKey', { of: { 'own-key': fact('encryption', 'provider_key') } }],
  ['swapped value', 'udp', { of: { 'no-udp': none(internet, { field: 'protocol', in: ['tcp', 'all'] }) } }],
  ['wrong scope', 'ownKey', { when: fact('environment', 'staging') }],
  ['wrong scope', 'readers', { when: fact('cloud', 'aws') }],
  ['wrong scope', 'recorded', { when: { not: production } }],
  [
    'wrong scope',
    'hardened',
    { of: { 'not-reachable': fact('public_endpoint', false), backups: { all: [production, days(30)] } } },
  ],
  ['too broad', 'telnet', { of: { 'no-telnet': none({ field: 'protocol', in: ['tcp', 'all'] }, ports('23')) } }],
  ['dropped exception', 'publicData', { of: { 'not-public': fact('public_read', false) } }],
  ['dropped exception', 'privateModels', { of: { keys: fact('static_keys', false) } }],
  [
    'dropped exception',
    'sandboxes',
    {
      of: {
        'not-public': {
          any: [fact('public_endpoint', false), { fact: 'environment', in: ['sandbox', 'development'] }],
        },
      },
    },
  ],
  ['vacuous', 'hardened', { when: { any: [production, { not: production }] } }],
  [
    'vacuous',
    'keptLonger',
    {
      params: minDays([
        { when: fact('cloud', 'kubernetes'), value: 90 },
        { when: { not: fact('cloud', 'kubernetes') }, value: 7 },
        { when: production, value: 30 },
      ]),
    },
  ],
  ['off by one', 'keptLonger', { params: minDays([{ when: production, value: 29 }]) }],
  ['lost message', 'kept', { of: { versions: fact('versioned', true) } }],
  ['lost message', 'hardened', { of: { 'not-reachable': fact('public_endpoint', false) } }],
  ['some for every', 'web', { of: { web: { some: 'ingress', that: meant.web.of.web.that as Condition } } }],
  ['some for every', 'guarded', { of: { guarded: { all: [fact('deletion_protected', true), days(14)] } } }],
  [
    'injected literal',
    'readers',
    { of: { 'no-read': { any: [fact('public_read', false), fact('owner', 'mallory')] } } },
  ],
  [
    'injected literal',
    'sandboxes',
    {
      of: {
        'not-public': {
          any: [fact('public_endpoint', false), fact('environment', 'sandbox'), fact('account', '111122223333')],
        },
      },
    },
  ],
  ['never holds', 'owned', { of: { owned: fact('owner', 'none') } }],
];

/** Rego that somebody else would have written for the same clauses: what is found becomes what another hand writes. */
const styles: readonly (readonly [of: MeantName, find: string, replace: string])[] = [
  ['backups', 'input.facts.backup_retention_days >= 30', '30 <= input.facts.backup_retention_days'],
  [
    'readers',
    'if input.facts.public_read == false',
    'if {\n\tis_boolean(input.facts.public_read)\n\tnot input.facts.public_read\n}',
  ],
  ['guarded', '# protected', '# By our rule:\n# protected'],
  ['web', 'web_holds(item)', 'is_web(item)'],
];

const kindOf = (id: string): Kind => corpusKinds.find((k) => k.id === id) as Kind;

function sourceOf(name: MeantName, instead: Instead = {}): Source {
  const { kind, sentence, of, when, params }: Meant = { ...meant[name], ...instead };
  return {
    id: `${kind.replaceAll('_', '-')}.second-${name.toLowerCase()}`,
    title: 'What a second author asks',
    severity: 'low',
    kind,
    ...(when === undefined ? {} : { applies_when: when }),
    require: Object.entries(of).map(([id, that]) => ({ id, says: sentence, that })),
    ...(params === undefined ? {} : { params }),
    frameworks: {},
    remediation: 'Change it.',
  };
}

const asks = (sentence: string): string => `# What a second author asks\n\n${sentence}\n\n## Why\n\nIt was asked.\n`;

/** The folder: its intent, and all else made from the clauses. */
export function folderOf(name: MeantName, instead?: Instead, style?: readonly [string, string]): Candidate {
  const source = sourceOf(name, instead);
  // Conditions that are said twice are written twice.
  const yaml = yamlOf(JSON.parse(JSON.stringify(source)) as Source);
  const compiled = compilePolicy({ file: 'policy.yaml', yaml }, corpusKinds);
  const { files, survivors } = completeExamples(compiled, [], { kind: kindOf(source.kind), now: EXAMPLES_NOW });
  const examples = files.map(({ path, text }): ExampleResource => {
    const [, verdict, file = ''] = path.split('/');
    const [facts] = factsIn(source.kind, text) ?? [];
    if (facts === undefined) throw new Error(`${path} has no resource`);
    return { file, resource: file, verdict: verdict as ExampleResource['verdict'], facts };
  });
  const rego =
    style &&
    compiled.rego.replace('Generated from policy.yaml by npm run gen; edit that.', 'By hand.').replaceAll(...style);
  return {
    id: source.id,
    file: 'policy.yaml',
    yaml,
    intent: asks(meant[name].sentence),
    ...(rego === undefined ? {} : { rego }),
    examples,
    problems: [],
    excused: survivors.map(({ what, where }): Excuse => ({ what, where, because: 'No document can be written.' })),
  };
}

/** The good folders: each as it is meant, and some with Rego of another hand. */
export const second = {
  good: Object.keys(meant) as readonly MeantName[],
  styles,
};
