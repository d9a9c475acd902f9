/** What a customer applies in Google Cloud, held against what the mappings read, the front door takes and the sweep calls. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '@cdktn/hcl2json';
import { AwsClient } from 'google-auth-library';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONTEXT_KEYS, readConfig } from '../../infra/config.ts';
import { authClientOf } from '../../shared/adapters/gcp/reader.ts';
import { assetTypes } from '../../shared/mappings/registry.ts';
import { INGEST_PATHS } from '../../shared/model/deployment.ts';
import type { Json } from '../../shared/model/json.ts';

type Block = { readonly [key: string]: Json };
type Named = { readonly [name: string]: readonly Block[] };
interface Parsed {
  readonly resource?: { readonly [type: string]: Named };
  readonly variable?: Named;
  readonly output?: Named;
  readonly locals?: readonly Block[];
}

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'onboarding', 'gcp');
const files = globSync('*.tf', { cwd: folder }).sort();
let parsed: readonly Parsed[];
let locals: Block;
/** Every resource, as [type, name, body]. */
let resources: readonly (readonly [string, string, Block])[];
let variables: Named;
let outputs: Named;

beforeAll(async () => {
  parsed = await Promise.all(
    files.map(async (file) => (await parse(file, readFileSync(join(folder, file), 'utf8'))) as Parsed),
  );
  locals = Object.assign({}, ...parsed.flatMap((file) => file.locals ?? []));
  resources = parsed.flatMap(({ resource = {} }) =>
    Object.entries(resource).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, blocks]) => blocks.map((body) => [type, name, body] as const)),
    ),
  );
  variables = Object.assign({}, ...parsed.map((file) => file.variable ?? {}));
  outputs = Object.assign({}, ...parsed.map((file) => file.output ?? {}));
});

const of = (type: string): readonly Block[] => resources.flatMap(([is, , body]) => (is === type ? [body] : []));
const named = (type: string, name: string): Block => {
  const found = resources.find(([is, called]) => is === type && called === name);
  if (found === undefined) throw new Error(`no ${type}.${name}`);
  return found[2];
};
/** The text at a path into a block. Throws where there is none. */
const textAt = (block: Json, ...path: readonly (string | number)[]): string => {
  const found = path.reduce<unknown>(
    (at, key) => (at as { readonly [key: string]: unknown } | undefined)?.[key],
    block,
  );
  if (typeof found !== 'string') throw new Error(`no text at ${path.join('.')}`);
  return found;
};
/** The condition that a variable's value has to meet. */
const condition = (name: string): RegExp => {
  const text = textAt(variables, name, 0, 'validation', 0, 'condition');
  const pattern = /can\(regex\("(.*)", var\./.exec(text)?.[1];
  if (pattern === undefined) throw new Error(`${name} has no condition: ${text}`);
  return new RegExp(pattern);
};
/** The texts of a value, with the expressions in them. */
const texts = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : [];

describe('the Terraform of Google Cloud', () => {
  it('is HCL, and names nothing that is not there', () => {
    expect(files).toEqual(['delivery.tf', 'feeds.tf', 'outputs.tf', 'reader.tf', 'variables.tf', 'versions.tf']);
    const declared = new Set([
      ...resources.map(([type, name]) => `${type}.${name}`),
      ...Object.keys(variables).map((name) => `var.${name}`),
      ...Object.keys(locals).map((name) => `local.${name}`),
    ]);
    const expressions = texts(parsed).flatMap((text) => text.match(/\$\{[^}]*\}?/g) ?? []);
    const used = new Set(expressions.flatMap((text) => text.match(/\b(?:var|local|google_\w+)\.\w+/g) ?? []));
    expect(used.size).toBeGreaterThan(20);
    expect([...used].filter((name) => !declared.has(name))).toEqual([]);
    expect(Object.keys(variables).filter((name) => !used.has(`var.${name}`))).toEqual([]);
  });

  it('makes no key, and grants no basic role', () => {
    expect(resources.map(([type]) => type).filter((type) => /key$|_secret|_hmac/.test(type))).toEqual([]);
    const roles = resources.flatMap(([, , body]) => (body['role'] === undefined ? [] : [textAt(body, 'role')]));
    expect(roles).not.toEqual(expect.arrayContaining([expect.stringMatching(/^roles\/(owner|editor|viewer)$/)]));
  });

  it('asks Google for services before it makes what needs them', () => {
    const [enabled] = of('google_project_service');
    const asked = [...textAt(enabled ?? {}, 'for_each').matchAll(/"([^"]+)"/g)].map(([, service]) => service);
    expect(asked).toEqual(
      expect.arrayContaining(of('google_project_service_identity').map((agent) => textAt(agent, 'service'))),
    );
    // What runs on them is not switched off with Edict.
    expect(enabled?.['disable_on_destroy']).toBe(false);
  });
});

describe('the feeds', () => {
  it('tell just the asset types that a mapping reads, of each content', () => {
    const feeds = Object.values(locals['feeds'] as { readonly [name: string]: Block });
    expect(Object.fromEntries(feeds.map((feed) => [feed['content_type'], feed['asset_types']]))).toEqual(assetTypes);
    expect(feeds).toHaveLength(Object.keys(assetTypes).length);
  });

  it('are those of an organisation, a folder or a project, and alike', () => {
    const scopes = { organizations: 'organization', folders: 'folder', projects: 'project' };
    for (const [scope, is] of Object.entries(scopes)) {
      const feed = named(`google_cloud_asset_${is}_feed`, 'feed');
      expect(feed).toMatchObject({
        for_each: `\${local.is == "${scope}" ? local.feeds : {}}`,
        content_type: '${each.value.content_type}',
        asset_types: '${each.value.asset_types}',
        // Whose service agent publishes: the one that is granted it.
        billing_project: '${var.project_id}',
        feed_output_config: [{ pubsub_destination: [{ topic: '${google_pubsub_topic.changes.id}' }] }],
        depends_on: ['${google_pubsub_topic_iam_member.feeds_publish}'],
      });
      expect(condition('scope').test(`${scope}/123456789012`)).toBe(true);
    }
    expect(resources.filter(([type]) => type.endsWith('_feed'))).toHaveLength(3);
    for (const scope of ['organizations/acme', 'billingAccounts/1', 'projects/a/b', ''])
      expect(condition('scope').test(scope), scope).toBe(false);
  });
});

describe('the push', () => {
  it('goes to the front door with a token of its own account', () => {
    const endpoint = `\${var.ingest_url}${INGEST_PATHS.google}`;
    // Wrapped: the door reads the name of the subscription, which the bare message lacks.
    expect(named('google_pubsub_subscription', 'push')['push_config']).toEqual([
      {
        push_endpoint: endpoint,
        oidc_token: [{ service_account_email: '${google_service_account.push.email}', audience: endpoint }],
      },
    ]);
    expect(condition('ingest_url').test('https://abc.execute-api.eu-west-1.amazonaws.com')).toBe(true);
    for (const url of ['http://a.example', 'https://a.example/', 'https://a.example/google/assets'])
      expect(condition('ingest_url').test(url), url).toBe(false);
  });

  it('never ends by itself, waits longer than the function may take, and keeps a week', () => {
    const push = named('google_pubsub_subscription', 'push');
    for (const subscription of of('google_pubsub_subscription'))
      expect(subscription).toMatchObject({
        expiration_policy: [{ ttl: '' }],
        message_retention_duration: `${7 * 86_400}s`,
      });
    expect(push['ack_deadline_seconds']).toBeGreaterThan(15);
    expect(push['retry_policy']).toEqual([{ minimum_backoff: '10s', maximum_backoff: '600s' }]);
  });

  it('has a topic for dead letters that somebody can read', () => {
    const [{ dead_letter_topic, max_delivery_attempts }] = named('google_pubsub_subscription', 'push')[
      'dead_letter_policy'
    ] as [Block];
    expect(dead_letter_topic).toBe('${google_pubsub_topic.undelivered.id}');
    // 5 to 100: https://cloud.google.com/pubsub/docs/handling-failures, read 2026-11-25.
    expect(max_delivery_attempts).toBe(100);
    expect(named('google_pubsub_subscription', 'undelivered')['topic']).toBe(dead_letter_topic);
  });

  it('is named as Pub/Sub will name it: by the id of the project', () => {
    for (const id of ['acme-security', 'example.com:acme-security'])
      expect(condition('project_id').test(id)).toBe(true);
    for (const id of ['123456789012', 'projects/acme', 'Acme']) expect(condition('project_id').test(id)).toBe(false);
  });
});

describe('who may do what', () => {
  it('is this and nothing else', () => {
    const grants = resources.flatMap(([type, name, body]) =>
      body['role'] === undefined ? [] : [[`${type}.${name}`, textAt(body, 'role'), textAt(body, 'member')]],
    );
    const pubsub = 'serviceAccount:${google_project_service_identity.pubsub.email}';
    const feeds = 'serviceAccount:${google_project_service_identity.cloudasset.email}';
    const reader = '${local.reader}';
    expect(grants.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))).toEqual([
      ['google_folder_iam_member.reader', 'roles/cloudasset.viewer', reader],
      ['google_organization_iam_member.reader', 'roles/cloudasset.viewer', reader],
      ['google_project_iam_member.reader', 'roles/cloudasset.viewer', reader],
      ['google_project_iam_member.reader_quota', 'roles/serviceusage.serviceUsageConsumer', reader],
      ['google_pubsub_subscription_iam_member.pubsub_acknowledges', 'roles/pubsub.subscriber', pubsub],
      ['google_pubsub_topic_iam_member.feeds_publish', 'roles/pubsub.publisher', feeds],
      ['google_pubsub_topic_iam_member.pubsub_dead_letters', 'roles/pubsub.publisher', pubsub],
      ['google_service_account_iam_member.pubsub_speaks_as_push', 'roles/iam.serviceAccountOpenIdTokenCreator', pubsub],
    ]);
    expect(resources.filter(([type]) => /_iam_(binding|policy)$/.test(type))).toEqual([]);
  });

  it('is no less than what is called: the list of assets', () => {
    const source = readFileSync(join(root, 'shared/adapters/gcp/asset-inventory.ts'), 'utf8');
    expect([...source.matchAll(/\bclient\.(\w+)\(/g)].map(([, call]) => call)).toEqual(['listAssets']);
  });

  it('is, of Edict, one role of one AWS account', () => {
    expect(named('google_iam_workload_identity_pool_provider', 'aws')).toMatchObject({
      aws: [{ account_id: '${var.aws_account_id}' }],
      attribute_condition: "attribute.aws_role == '${var.aws_sweep_role}'",
      attribute_mapping: {
        // Never the ARN: role and session together are longer than the 127 bytes of a subject.
        'google.subject': "assertion.arn.extract('assumed-role/{role}/')",
        'attribute.aws_role': "assertion.arn.extract('assumed-role/{role}/')",
      },
    });
    expect(locals['reader']).toMatch(/\/attribute\.aws_role\/\$\{var\.aws_sweep_role\}$/);
    for (const role of ["a' || true || 'a", 'arn:aws:iam::111122223333:role/a', 'a/b'])
      expect(condition('aws_sweep_role').test(role), role).toBe(false);
  });

  it('has ids as long as Google takes them, for every stage that a deployment may have', () => {
    const stages = ['a', 'abcdefghijklmnop'];
    for (const stage of stages) {
      expect(condition('stage').test(stage)).toBe(true);
      const id = (block: Block, key: string) => textAt(block, key).replace('${local.name}', `edict-${stage}`);
      const pool = id(named('google_iam_workload_identity_pool', 'edict'), 'workload_identity_pool_id');
      const provider = id(
        named('google_iam_workload_identity_pool_provider', 'aws'),
        'workload_identity_pool_provider_id',
      );
      // https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create, read 2026-11-25.
      for (const text of [pool, provider]) expect(text).toMatch(/^(?!gcp-)[a-z0-9-]{4,32}$/);
      expect(id(named('google_service_account', 'push'), 'account_id')).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
    }
    expect(condition('stage').test('abcdefghijklmnopq')).toBe(false);
  });
});

describe('the outputs', () => {
  const said: { readonly [expression: string]: string } = {
    '${google_iam_workload_identity_pool_provider.aws.name}':
      'projects/123456789012/locations/global/workloadIdentityPools/edict-prod/providers/edict-aws',
    '${var.project_id}': 'acme-security',
  };
  const filled = (text: string) =>
    Object.entries(said).reduce((so, [expression, value]) => so.replaceAll(expression, value), text);

  it('are what the deployment in AWS is told, by the names of its context', () => {
    const keys = Object.keys(outputs).sort();
    expect(keys).toEqual([
      'googleAudience',
      'googleCredentials',
      'googleScope',
      'googleServiceAccount',
      'googleSubscription',
    ]);
    expect(CONTEXT_KEYS).toEqual(expect.arrayContaining(keys));
  });

  it('hold a configuration without a secret, of which Google’s library makes a client of AWS', async () => {
    const expression = textAt(outputs, 'googleCredentials', 0, 'value');
    const inner = /^\$\{jsonencode\((.*)\)\}$/s.exec(expression)?.[1];
    const { it: block } = (await parse('credentials.tf', `it = ${inner}\n`)) as { readonly it: Block };
    const credentials = JSON.parse(filled(JSON.stringify(block))) as Block;
    expect(JSON.stringify(credentials)).not.toContain('${');
    const { googleReader } = readConfig(
      (key) => ({ googleScope: 'organizations/1', googleCredentials: JSON.stringify(credentials) })[key],
    );
    if (googleReader === undefined) throw new Error('no reader');
    expect(authClientOf(googleReader)).toBeInstanceOf(AwsClient);
    expect(credentials).toMatchObject({
      audience: `//iam.googleapis.com/${said['${google_iam_workload_identity_pool_provider.aws.name}']}`,
      quota_project_id: 'acme-security',
    });
    expect(Object.keys(credentials)).not.toContain('service_account_impersonation_url');
  });
});
