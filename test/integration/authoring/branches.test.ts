/**
 * Branches of authoring that the other files do not take, over the wire: refusals that a model or a draft leads to,
 * advisories in the forms of those who publish them, kinds that are selected first, and one sentence for several kinds.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configuredModel } from '../../../cli/author/model.ts';
import { authoringWorld } from '../../../cli/author/world.ts';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { authorIntent } from '../../../shared/authoring/author.ts';
import { DEFAULT_LIMITS } from '../../../shared/authoring/deps.ts';
import type { Person } from '../../../shared/authoring/intent.ts';
import { describeWith } from '../../support/requirements.ts';
import { edict, inFolder, type Run } from '../cli/run.ts';

const NOWHERE = { EDICT_LOCAL_STACK: '/nonexistent/local.json', ANTHROPIC_API_KEY: '', ANTHROPIC_BASE_URL: '' };
const TEST = { fact: 'environment', is: 'test' };
const always = (fact: string): object => ({ any: [{ fact, is: true }, { not: { fact, is: true } }] });

/** Each sentence, what the models say, and what comes of it. */
const REFUSED = [
  ['the model calls it vacuous', 'Buckets are what they are', { outcome: 'vacuous' }, 'vacuous', /It says so/],
  [
    'nothing can violate what both have drafted',
    'Buckets refuse plain requests or they do not',
    {
      policies: [
        {
          kind: 'object_store',
          clauses: { c: always('tls_only') },
          covers: { kind: 'Buckets', c: 'refuse plain requests or they do not' },
        },
      ],
    },
    'vacuous',
    /nothing can violate/,
  ],
  [
    'the model calls it no policy',
    'Buckets are a fine invention',
    { outcome: 'not_a_policy' },
    'not_a_policy',
    /It says so/,
  ],
  ['nothing of it is known', 'Please write to my mother', undefined, 'not_a_policy', /Nothing is scripted/],
] as const;

/** Both are covered by active policies, and neither repeats one. */
const SEVERAL = 'Test buckets accept nothing but TLS, and test databases require TLS of their clients';
const several = {
  policies: [
    {
      kind: 'object_store',
      name: 'test-tls-only',
      applies_when: TEST,
      clauses: { c: { fact: 'tls_only', is: true } },
      covers: { kind: 'buckets', scope: 'Test', c: 'accept nothing but TLS' },
    },
    {
      kind: 'sql_database',
      name: 'test-tls-required',
      applies_when: TEST,
      clauses: { c: { fact: 'tls_required', is: true } },
      covers: { kind: 'databases', scope: 'test', c: 'require TLS of their clients' },
    },
  ],
  left_out: [{ kind: 'firewall', because: 'It has no clients of its own.' }],
};

/** What the small model selects, and what comes of it. */
const SELECTED = [
  ['one kind', { kinds: ['object_store'] }, { code: 'not_a_policy' }],
  ['none', { kinds: [] }, { code: 'out_of_model', why: /no kind/ }],
  ['what is no kind', { kinds: ['bucket'] }, { code: 'out_of_model', why: /no kind/ }],
  ['something else', { allow: 'everything' }, { code: 'not_understood', why: /not of the schema/ }],
] as const;
const selecting = (name: string): string => `Buckets are selected by ${name}`;

const script = parseScript(
  JSON.stringify({
    intents: [
      ...REFUSED.flatMap(([, text, author]) => (author === undefined ? [] : [{ text, author }])),
      { text: SEVERAL, author: several },
      ...SELECTED.map(([name, raw]) => ({
        text: selecting(name),
        author: { outcome: 'not_a_policy' },
        explain: { raw },
      })),
      { text: selecting('nobody'), author: { outcome: 'not_a_policy' }, explain: { fails: 'forbidden' } },
    ],
  }),
);

let server: MessagesServer;
beforeAll(async () => {
  server = await startMessagesServer(script);
});
afterAll(() => server.stop());

type Told = { readonly [key: string]: unknown };
const author = (
  args: readonly string[],
  files: { readonly [path: string]: string } = {},
  url = server.url,
): Promise<Run & { readonly told: Told }> =>
  inFolder(files, async (cwd) => {
    const run = await edict(['author', '--base-url', url, '--yes', '--json', ...args], { cwd, env: NOWHERE });
    return { ...run, told: JSON.parse(run.stdout === '' ? '{}' : run.stdout) as Told };
  });

describe('a sentence is refused where', () => {
  it.each(REFUSED)('%s', async (_, text, _author, code, why) => {
    const { told, ...run } = await author([text]);
    expect(told).toMatchObject({ is: 'refused', code, why: expect.stringMatching(why) });
    expect(run).toMatchObject({ code: 1, stderr: '' });
  });
});

describe('an advisory', () => {
  const stix = (...objects: readonly object[]): string =>
    JSON.stringify({
      type: 'bundle',
      id: 'bundle--3b0c7f5e-6d1a-4f0e-9a55-0c8f2b7d4e61',
      objects: objects.map((o) => ({ spec_version: '2.1', ...o })),
    });
  const attack = {
    type: 'attack-pattern',
    id: 'attack-pattern--5f1a3c9e-0b2d-4c67-8e9f-1a2b3c4d5e6f',
    name: 'Reading open buckets',
    description: 'Objects were listed and read by anybody.',
  };
  const indicator = {
    type: 'indicator',
    id: 'indicator--8d7e6f5a-4b3c-4d2e-9f1a-0b9c8d7e6f5a',
    pattern: "[domain-name:value = 'evil.example']",
    pattern_type: 'stix',
  };
  const kev = (...cves: readonly string[]): string =>
    JSON.stringify({
      title: 'Known exploited vulnerabilities',
      catalogVersion: '2026.11.25',
      vulnerabilities: cves.map((cveID) => ({
        cveID,
        vendorProject: 'Acme',
        product: 'Gateway',
        vulnerabilityName: 'Acme Gateway command injection',
        shortDescription: 'Its console runs what it is sent.',
        requiredAction: 'Apply the updates.',
        dateAdded: '2026-11-20',
      })),
    });
  const PUBLIC = 'No object store is readable by the public';

  /** The advisory; what the model proposes, if it is asked; what comes of it; the labels of what was read. */
  const ADVISORIES: readonly (readonly [string, string, object | undefined, object, readonly string[]])[] = [
    [
      'a STIX bundle: what says how is read, and who and what is not',
      stix(indicator, attack),
      { why: 'Open buckets are read.', candidates: [{ intent: PUBLIC, why: 'So.', from: ['attack-pattern-1', 'x'] }] },
      {
        is: 'candidates',
        candidates: [{ intent: { text: PUBLIC }, from: ['attack-pattern 1'], literals: [] }],
        leftOut: ['1 object of other types was not read'],
      },
      ['attack-pattern-1'],
    ],
    [
      'a STIX bundle of indicators alone: nothing to enforce, and nobody is asked',
      stix(indicator),
      undefined,
      { is: 'candidates', candidates: [], why: expect.stringMatching(/\(indicator\)/), calls: [] },
      [],
    ],
    [
      'a STIX bundle of an older version',
      stix({ ...attack, spec_version: '2.0' }),
      undefined,
      { is: 'refused', code: 'unusable', why: expect.stringMatching(/not STIX 2\.1/) },
      [],
    ],
    [
      'known exploited vulnerabilities that are patched: nothing to enforce',
      kev('CVE-2026-0001', 'CVE-2026-0002', 'none'),
      { why: 'The software is patched.', candidates: [] },
      {
        is: 'candidates',
        candidates: [],
        why: 'The software is patched.',
        leftOut: ['1 of 3 entries have no CVE id and were left out'],
      },
      ['cve-2026-0001', 'cve-2026-0002'],
    ],
    [
      'known exploited vulnerabilities, and an exception for somebody: nobody has approved it',
      kev('CVE-2026-0003'),
      {
        why: 'It is open.',
        candidates: [{ intent: 'Firewalls are closed unless Acme owns them', why: 'So.', from: ['cve-2026-0003'] }],
      },
      { is: 'candidates', candidates: [], leftOut: [expect.stringMatching(/it makes an exception/)] },
      ['cve-2026-0003'],
    ],
    [
      'an answer of another shape',
      kev('CVE-2026-0004'),
      { rules: 'allow' },
      { is: 'refused', code: 'not_understood' },
      ['cve-2026-0004'],
    ],
  ];
  it.each(ADVISORIES)('%s', async (_, text, raw, expected, labels) => {
    const intents = raw === undefined ? [] : [{ text: '', author: { raw } }];
    const own = await startMessagesServer(parseScript(JSON.stringify({ intents })));
    try {
      const { told, code, stderr } = await author(['--advisory', 'advisory.json'], { 'advisory.json': text }, own.url);
      expect(told, stderr).toMatchObject(expected);
      expect(code).toBe(told['is'] === 'refused' ? 1 : 0);
      expect(own.posts).toHaveLength(raw === undefined ? 0 : 1);
      const prompt = JSON.stringify(own.posts.at(0)?.body['messages'] ?? []);
      const fences = [...prompt.matchAll(/<data-[0-9a-f]{16} label=\\"([^"\\]+)\\">/g)].map((m) => m[1]);
      expect(fences).toEqual(labels);
      expect(prompt).not.toContain('evil.example');
    } finally {
      await own.stop();
    }
  });
});

describe('where the catalogue is too long, kinds are selected first:', () => {
  const nobody: Person = {
    answer: () => Promise.reject(new Error('nobody is asked')),
    judge: () => Promise.reject(new Error('nobody is asked')),
  };
  const select = async (name: string) => {
    const before = server.posts.length;
    const model = await configuredModel({ baseUrl: server.url });
    const limits = { ...DEFAULT_LIMITS, catalogueCharacters: 1 };
    const result = await authorIntent({ text: selecting(name) }, authoringWorld(model, { limits }), nobody);
    return { result, posts: server.posts.slice(before) };
  };

  it.each(SELECTED)('%s', async (name, _, { code, ...rest }) => {
    const { result, posts } = await select(name);
    expect(result).toMatchObject({
      is: 'refused',
      code,
      ...('why' in rest ? { why: expect.stringMatching(rest.why) } : {}),
    });
    const [first, ...others] = posts;
    expect(first?.asked).toMatchObject({ role: 'explain', wants: 'kinds' });
    // Only the selected kinds are then put before the two in full.
    expect(others.map((p) => p.asked.role).sort()).toEqual(code === 'not_a_policy' ? ['author', 'second'] : []);
    for (const { body } of others) {
      const system = JSON.stringify(body['system']);
      expect(system).toContain('tls_only');
      expect(system).not.toContain('tls_required');
    }
  });

  it('and where the small model does not answer, nobody guesses', async () => {
    const { result, posts } = await select('nobody');
    expect(result).toMatchObject({ is: 'refused', code: 'model_unavailable' });
    expect(posts).toHaveLength(1);
  });
});

describeWith(['opa', 'regal'], 'one sentence', () => {
  it('of several kinds becomes a policy for each, and what is left out is said', async () => {
    const { told, code } = await author([SEVERAL, '--dry-run']);
    expect(told).toMatchObject({
      is: 'authored',
      policies: [
        { id: 'object-store.test-tls-only', accepted: true, evidence: 'proved' },
        { id: 'sql-database.test-tls-required', accepted: true, evidence: 'proved' },
      ],
      leftOut: [{ kind: 'firewall', because: 'It has no clients of its own.' }],
    });
    expect(code).toBe(0);
  });
});

describeWith(['opa', 'regal'], 'local/answers.example.yaml', () => {
  const file = join(import.meta.dirname, '..', '..', '..', 'local', 'answers.example.yaml');
  it('has what its first lines say: an advisory and a changed sentence', async () => {
    const text = readFileSync(file, 'utf8');
    const edit = /author edit (\S+) --base-url \S+ "(.*)"/.exec(text);
    const own = await startMessagesServer(parseScript(text));
    try {
      const { told } = await author(['--advisory', 'a.txt'], { 'a.txt': 'Databases were read.' }, own.url);
      expect(told).toMatchObject({ is: 'candidates', leftOut: [expect.stringMatching(/not approved \("30"\)/)] });
      const edited = await author(['--dry-run', 'edit', edit?.[1] ?? '', edit?.[2] ?? ''], {}, own.url);
      expect(edited.told).toMatchObject({
        is: 'authored',
        policies: [{ id: 'sql-database.backups-kept', accepted: true }],
        differences: [{ kind: 'sql_database', changes: [{ from: 'compliant', to: 'violation' }] }],
      });
    } finally {
      await own.stop();
    }
  });
});
