/** Ways out: to addresses that nobody should be made to ask, and to files that nobody named. */
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { OAuth2Client } from 'google-auth-library';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readConfig } from '../../infra/config.ts';
import { DEFAULT_AUTHORING, parseAuthoring } from '../../shared/adapters/anthropic/config.ts';
import { makeLanguageModel } from '../../shared/adapters/anthropic/language-model.ts';
import { makeConfigReadBack } from '../../shared/adapters/aws/config-read-back.ts';
import { makeArmClient } from '../../shared/adapters/azure/arm-client.ts';
import { makeResourceGraphInventory } from '../../shared/adapters/azure/resource-graph-inventory.ts';
import { makeAssetInventory } from '../../shared/adapters/gcp/asset-inventory.ts';
import { makeAzureCaller } from '../../shared/adapters/http-auth/azure-caller.ts';
import { makeSlackClient } from '../../shared/adapters/slack/client.ts';
import type { ModelRequest } from '../../shared/ports/language-model.ts';
import { refusedAddress } from '../../shared/runtime/address.ts';
import { parseEnvironment } from '../../shared/runtime/env.ts';
import { edict } from '../integration/cli/run.ts';
import { count, drill } from '../support/drill.ts';
import { startProvider } from '../support/provider.ts';
import { azure, claims, makeIssuer } from '../support/tokens.ts';

/** Addresses that lead inside, in every way of writing them that a parser of URLs understands; and what is no way at all. */
const INSIDE = [
  'http://management.azure.com',
  'ftp://management.azure.com',
  'file:///etc/passwd',
  'https://169.254.169.254/latest/meta-data/',
  'https://[fd00:ec2::254]/latest',
  'https://169.254.170.2/v2/credentials',
  'https://metadata.google.internal/computeMetadata/v1/',
  'https://metadata/',
  'https://127.0.0.1',
  'https://127.1',
  'https://2130706433',
  'https://0x7f000001',
  'https://0177.0.0.1',
  'https://[::1]',
  'https://[::ffff:127.0.0.1]',
  'https://[::ffff:a9fe:a9fe]',
  'https://[64:ff9b::a9fe:a9fe]',
  'https://0.0.0.0',
  'https://localhost',
  'https://LOCALHOST.',
  'https://vault.localhost',
  'https://10.0.0.7',
  'https://172.16.5.4:8443',
  'https://192.168.1.1',
  'https://100.64.0.1',
  'https://[fe80::1]',
  'https://[fc00::1]',
  'https://printer.local',
  'https://user:secret@management.azure.com',
  'https://management.azure.com@169.254.169.254/',
] as const;
const OUTSIDE = [
  'https://management.azure.com',
  'https://management.chinacloudapi.cn',
  'https://cloudasset.googleapis.com',
  'https://slack.com/api',
  'https://8.8.8.8',
  'https://[2606:4700::1111]',
  'https://172.15.0.1',
] as const;

/** The context keys that name an address, with what each needs beside it. */
const AZURE = { azureTenantId: 't', azureAudience: 'a', azureSubscriptions: 's', azureClientId: 'c' };
const GOOGLE = { googleAudience: 'a', googleServiceAccount: 's', googleSubscription: 'projects/p/subscriptions/s' };
const CONTEXT: { readonly [key: string]: { readonly [other: string]: string } } = {
  azureIssuers: AZURE,
  azureJwksUrl: AZURE,
  azureEndpoint: AZURE,
  azureAuthority: AZURE,
  googleJwksUrl: GOOGLE,
  googleEndpoint: { ...GOOGLE, googleScope: 'projects/p' },
  slackUrl: { slackSecretName: 's' },
  authoringUrl: { authoringSecretName: 's' },
};
const synthesised = (key: string, address: string) =>
  readConfig((name) => ({ ...CONTEXT[key], region: 'eu-central-1', [key]: address })[name]);

/** The variables that name an address: as somebody could change them after the deployment. */
const NOTIFY = {
  EDICT_STAGE: 'prod',
  FINDINGS_TABLE: 'f',
  POLICIES_TABLE: 'p',
  SLACK_SECRET: 's',
};
const EVALUATE = {
  EDICT_STAGE: 'prod',
  RESOURCES_TABLE: 'r',
  POLICIES_TABLE: 'p',
  QUARANTINE_BUCKET: 'q',
  CHANGES_QUEUE_URL: 'https://sqs.eu-central-1.amazonaws.com/1/q',
};
const reader = (endpoint: string) => JSON.stringify({ tenantId: 't', clientId: 'c', endpoint, subscriptions: [] });
const started = {
  'notify-slack': (address: string) => parseEnvironment('notify-slack', { ...NOTIFY, SLACK_URL: address }),
  evaluate: (address: string) => parseEnvironment('evaluate', { ...EVALUATE, AZURE_READER: reader(address) }),
  'evaluate, locally': (address: string) =>
    parseEnvironment('evaluate', { ...EVALUATE, AZURE_READER: reader(address), EDICT_LOCAL: 'true' }),
};

const clock = { now: () => Date.parse('2026-11-25T12:00:10.000Z') };
const token = { getToken: async () => ({ token: 'secret-token' }) };
const ID =
  '/subscriptions/c0ffee00-0000-4000-8000-00000000abcd/resourcegroups/g/providers/microsoft.storage/storageaccounts/s';
const QUESTION: ModelRequest = {
  role: 'author',
  purpose: 'formalise',
  system: ['x'],
  prompt: [],
  schema: { type: 'object', properties: {}, required: [], additionalProperties: false },
  maxTokens: 100,
};

/** Everything that asks an address, asked once at this one. */
const CLIENTS: { readonly [title: string]: (url: string) => Promise<unknown> } = {
  'Azure Resource Manager': (endpoint) =>
    makeArmClient({ endpoint, credential: token, sleep: () => Promise.resolve() }).get(ID, '2025-01-01'),
  'Azure Resource Graph': (endpoint) =>
    makeResourceGraphInventory({ endpoint, credential: undefined, subscriptions: ['s'], clock }).page('s', undefined),
  'Cloud Asset Inventory': (endpoint) => {
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: 'secret-token', expiry_date: Date.now() + 3_600_000 });
    const types = ['storage.googleapis.com/Bucket'];
    const inventory = makeAssetInventory({ endpoint, authClient, scope: 'projects/shop', types, clock });
    return inventory.page('projects/shop#RESOURCE', undefined);
  },
  'AWS Config': (endpoint) => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new ConfigServiceClient({ endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 });
    return makeConfigReadBack(client).read({
      is: 'notice',
      cloud: 'aws',
      resourceId: 'sg-1',
      nativeType: 'AWS::EC2::SecurityGroup',
      account: '111122223333',
      region: 'eu-central-1',
      changedAt: '2026-11-25T12:00:00.000Z',
      hints: { resourceId: 'sg-1' },
    });
  },
  'the keys of Entra ID': async (url) => {
    const issuer = await makeIssuer();
    const said = await makeAzureCaller({ ...azure, jwksUrl: `${url}/keys` })(
      `Bearer ${await issuer.token(claims.azure)}`,
    );
    if (said.is === 'known') throw new Error('it believed the keys of another server');
  },
  Slack: (url) =>
    makeSlackClient({
      secret: JSON.stringify({ token: 'secret-token', channel: 'C1' }),
      apiUrl: `${url}/api`,
      local: true,
    }).send({ text: 'x', blocks: [] }),
  'the Messages API': async (base_url) => {
    const config = { ...DEFAULT_AUTHORING, base_url, timeout_seconds: 5 };
    const answer = await makeLanguageModel({ config, apiKey: 'secret-token', clock: () => 0 }).ask(QUESTION);
    if (answer.is === 'answered') throw new Error('it took an answer of another server');
  },
};

const SECRET = 'planted-outside-5kR8wQ2n';

describe('ways out', () => {
  drill(
    {
      id: 'ssrf',
      done: 'Every configured address is set to one of this machine, a private network or a metadata service, in every way of writing it, at the synthesis and in a variable of a function; then every client is answered with redirections to another server, and documents name one',
      holds:
        'no such address is taken where it is not the local context; nobody follows a redirection, no token or key reaches the other server, and no address of a document is asked',
    },
    async () => {
      for (const address of OUTSIDE) expect(refusedAddress(address), address).toBeUndefined();
      let refused = 0;
      for (const address of INSIDE) {
        expect(refusedAddress(address), address).toBeDefined();
        for (const key of Object.keys(CONTEXT)) {
          expect(() => synthesised(key, address), `${key}=${address}`).toThrow(/address|Invalid|URL/i);
          refused += 1;
        }
        for (const name of ['notify-slack', 'evaluate'] as const) {
          expect(() => started[name](address), `${name} ${address}`).toThrow(/SLACK_URL|AZURE_READER/);
          refused += 1;
        }
        if (!/^https?:\/\/(127\.|localhost|\[::1\]|2130706433|0x7f|0177|LOCALHOST)/.test(address)) {
          expect(() => parseAuthoring({ provider: 'anthropic', base_url: address }), address).toThrow(/base_url/);
          refused += 1;
        }
      }
      // The keys are read, and the local context takes what is local.
      for (const key of Object.keys(CONTEXT)) synthesised(key, 'https://example.com');
      started['evaluate, locally']('http://127.0.0.1:1');

      const evil = await startProvider(() => ({ status: 200, body: {} }));
      let redirections = 0;
      for (const [title, ask] of Object.entries(CLIENTS))
        for (const status of [301, 302, 303, 307, 308]) {
          const provider = await startProvider(() => ({ status, headers: { location: `${evil.url}/stolen` } }));
          try {
            await ask(provider.url).catch(() => undefined);
            expect(provider.asked.length, `${title} asks`).toBeGreaterThan(0);
            expect(evil.asked, `${title} follows ${status}`).toEqual([]);
            redirections += 1;
          } finally {
            await provider.stop();
          }
        }
      // Addresses in answers and documents: the next page of a list, where Slack wants its answer, an id that climbs.
      const provider = await startProvider(() => ({ status: 200, body: { value: [], nextLink: `${evil.url}/next` } }));
      const arm = makeArmClient({ endpoint: provider.url, credential: token });
      const slack = makeSlackClient({
        secret: JSON.stringify({ token: 'x', channel: 'C1' }),
        apiUrl: 'https://slack.com/api',
        local: false,
      });
      const named: readonly (() => Promise<unknown>)[] = [
        () => arm.list(ID, '2025-01-01'),
        () => arm.get(`${ID}/../../../../..`, '2025-01-01'),
        () => arm.get(`//${new URL(evil.url).host}/x`, '2025-01-01'),
        () => arm.get(`@${new URL(evil.url).host}/x`, '2025-01-01'),
        () => slack.respond(`${evil.url}/response`, {}),
        () => slack.respond('https://hooks.slack.com.example.com/x', {}),
        () => slack.respond('http://169.254.169.254/latest', {}),
      ];
      for (const ask of named) await ask().catch(() => undefined);
      expect(evil.asked).toEqual([]);
      await Promise.all([evil.stop(), provider.stop()]);
      return `${count(INSIDE.length)} addresses at ${Object.keys(CONTEXT).length} keys and ${count(2)} functions: ${count(refused)} refusals; ${count(redirections)} redirections to ${Object.keys(CLIENTS).length} clients and ${named.length} addresses in answers: the other server was never asked`;
    },
  );

  drill(
    {
      id: 'path-traversal',
      done: 'The command line is given names, ids and documents that climb out of their folder: drafts, policies, links, includes, modules',
      holds: 'nothing outside of the folder is read into an answer or written; each is refused, or judged without it',
    },
    async () => {
      const root = mkdtempSync(join(tmpdir(), 'edict-traversal-'));
      const folder = join(root, 'work');
      const write = (path: string, text: string): void => {
        mkdirSync(join(folder, path, '..'), { recursive: true });
        writeFileSync(join(folder, path), text);
      };
      mkdirSync(folder);
      const draft = { version: 1, id: 'x', sentence: SECRET, createdAt: '2026-11-25T12:00:00.000Z' };
      mkdirSync(join(root, 'outside'));
      writeFileSync(join(root, 'outside', 'draft.json'), JSON.stringify(draft));
      writeFileSync(join(root, 'outside', 'secret.json'), JSON.stringify({ Resources: { [SECRET]: {} } }));
      writeFileSync(join(root, 'outside', 'secret.rego'), `package x\n# ${SECRET}\n`);
      const before = readdirSync(join(root, 'outside')).toSorted();
      // Links that lead out, in a folder that is checked.
      mkdirSync(join(folder, 'linked'));
      symlinkSync(join(root, 'outside', 'secret.json'), join(folder, 'linked', 'a.json'));
      symlinkSync(join(root, 'outside'), join(folder, 'linked', 'b'));
      write(
        'linked/template.yaml',
        [
          'Transform: { Name: AWS::Include, Parameters: { Location: ../../outside/secret.json } }',
          'Resources:',
          '  Bucket: { Type: AWS::S3::Bucket, Properties: { $ref: ../../outside/secret.json } }',
          '  Nested: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: ../../outside/secret.json } }',
          '',
        ].join('\n'),
      );
      write(
        'linked/plan.json',
        JSON.stringify({
          format_version: '1.2',
          terraform_version: '1.9.0',
          planned_values: { root_module: { resources: [] } },
          resource_changes: [],
          configuration: { root_module: { module_calls: { m: { source: '../../outside', module: {} } } } },
        }),
      );
      const evilPolicy = (id: string): string =>
        `id: ${id}\ntitle: x\nseverity: low\nkind: object_store\nrequire:\n  - { id: a, says: a, that: { fact: public_read, is: false } }\nframeworks: { soc2: [CC6.1] }\nremediation: x\n`;
      write('evil/policy.yaml', evilPolicy('object-store.../../../outside/evil'));
      write('evil/intent.md', '# x\n');
      write('good.rego', 'package good\n\ndeny contains msg if {\n  input.public\n  msg := "x"\n}\n');
      const runs: readonly (readonly string[])[] = [
        ['check', 'linked'],
        ['facts', 'linked'],
        ['author', '--resume', '../../outside'],
        ['author', '--resume', '..\\..\\outside'],
        ['author', '--resume', '%2e%2e/%2e%2e/outside'],
        ['policies', 'show', '../../outside'],
        ['policies', 'verify', 'evil'],
        ['policies', 'complete', 'evil'],
        ['policies', 'verify', '../outside'],
        ['policies', 'import', 'good.rego', '--id', '../../outside.evil'],
        ['policies', 'import', 'good.rego', '--id', 'object-store/../../../outside.evil'],
        ['author', '--from-clauses', 'evil/policy.yaml', '--yes', '--json', '--out', 'made'],
      ];
      try {
        const codes = new Map<string, number>();
        for (const args of runs) {
          const { code, signal, stdout, stderr } = await edict(args, { cwd: folder });
          const words = args.join(' ');
          expect(signal, words).toBeNull();
          // A stranger's text in an error would be that text in a log of a pipeline.
          expect(stdout + stderr, words).not.toContain(SECRET);
          expect(stderr, words).not.toMatch(/a defect of edict/);
          expect(readdirSync(join(root, 'outside')).toSorted(), words).toEqual(before);
          expect(readdirSync(root).toSorted(), words).toEqual(['outside', 'work']);
          expect(existsSync(join(folder, '.edict', 'drafts', 'x')), words).toBe(false);
          codes.set(`exit ${code}`, (codes.get(`exit ${code}`) ?? 0) + 1);
        }
        // It was to be found: whoever names it reads it.
        expect(readFileSync(join(root, 'outside', 'draft.json'), 'utf8')).toContain(SECRET);
        const said = [...codes].map(([code, n]) => `${n} ${code}`).join(', ');
        return `${count(runs.length)} commands (${said}): nothing outside was shown, written or removed`;
      } finally {
        rmSync(root, { recursive: true, force: true });
      }
    },
  );
});
