import { describe, expect, test } from 'vitest';
import type { FactState } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { armResource } from '../../../../shared/mappings/dialects/arm.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const ID = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/docs';
const account = (properties: Fields = {}): Fields => ({
  id: ID,
  name: 'docs',
  type: 'Microsoft.Storage/storageAccounts',
  location: 'westeurope',
  properties: { allowBlobPublicAccess: true, supportsHttpsTrafficOnly: true, ...properties },
});
const container = (name: string, properties: Fields): Fields => ({
  id: `${ID}/blobServices/default/containers/${name}`,
  name,
  type: 'Microsoft.Storage/storageAccounts/blobServices/containers',
  properties,
});
const blobService = (properties: Fields): Fields => ({
  id: `${ID}/blobServices/default`,
  name: 'default',
  type: 'Microsoft.Storage/storageAccounts/blobServices',
  properties,
});
const setting = (scope: string, logs: Json): Fields => ({
  id: `${scope}/providers/microsoft.insights/diagnosticSettings/d`,
  name: 'd',
  type: 'Microsoft.Insights/diagnosticSettings',
  properties: { logs },
});
const fact = (name: string, ...documents: readonly Fields[]): FactState => {
  const found = only({ value: documents }).facts[name];
  if (found === undefined) throw new Error(`no fact ${name}`);
  return found;
};
/** The account and its containers, read one after the other as the service reads them. */
const readWhole = (properties: Fields, containers: readonly Fields[], more: readonly Fields[] = []) =>
  mapDocument([
    ...armResource.read(account(properties), { orderKey: '1' }),
    ...armResource.read({ value: containers }, { orderKey: '1', listOf: `${ID}/blobServices/default/containers` }),
    ...more.flatMap((m) => armResource.read(m, { orderKey: '1' })),
  ]).resources[0]?.facts;

const is = (value: boolean | string) => ({ value });

test('what stands where an object is expected decides nothing, and no default follows from it', () => {
  expect(fact('encryption', account({ encryption: 'Microsoft.Keyvault' }))).toMatchObject({ state: 'unknown' });
  expect(fact('encryption', account({ encryption: true }))).toMatchObject({ state: 'unknown' });
  expect(fact('encryption', account({ encryption: '' }))).toMatchObject({ value: 'provider_key' });
  expect(fact('encryption', account({ encryption: null }))).toMatchObject({ value: 'provider_key' });
});

const UNKNOWN = { state: 'unknown' };

describe('anyone can read', () => {
  test.each<readonly [string, Fields, readonly Fields[], object]>([
    ['unknown: permitted, containers unseen', {}, [], UNKNOWN],
    ['no: not permitted', { allowBlobPublicAccess: false }, [], is(false)],
    [
      'no: not permitted, whatever a container says',
      { allowBlobPublicAccess: false },
      [container('a', { publicAccess: 'Blob' })],
      is(false),
    ],
    ['yes: permitted, and a container of blobs', {}, [container('a', { publicAccess: 'Blob' })], is(true)],
    [
      'yes: permitted, and a container to list',
      {},
      [container('a', { publicAccess: 'None' }), container('b', { publicAccess: 'Container' })],
      is(true),
    ],
    ['unknown: a private container, others unseen', {}, [container('a', { publicAccess: 'None' })], UNKNOWN],
    [
      'no: the public network is off',
      { publicNetworkAccess: 'Disabled' },
      [container('a', { publicAccess: 'Blob' })],
      is(false),
    ],
    [
      'no: only chosen networks',
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7' }] } },
      [container('a', { publicAccess: 'Blob' })],
      is(false),
    ],
    [
      'yes: a firewall that lets the internet in',
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '0.0.0.0/1' }] } },
      [container('a', { publicAccess: 'Blob' })],
      is(true),
    ],
    [
      'unknown: a perimeter decides',
      { publicNetworkAccess: 'SecuredByPerimeter' },
      [container('a', { publicAccess: 'Blob' })],
      UNKNOWN,
    ],
    ['unknown: a level that does not exist', {}, [container('a', { publicAccess: 'Everyone' })], UNKNOWN],
    [
      'yes: the website, though not permitted',
      { allowBlobPublicAccess: false },
      [blobService({ staticWebsite: { enabled: true } })],
      is(true),
    ],
    [
      'no: the website is off',
      { allowBlobPublicAccess: false },
      [blobService({ staticWebsite: { enabled: false } })],
      is(false),
    ],
    [
      'unknown: whether the website of the container is on',
      { allowBlobPublicAccess: false },
      [container('$web', {})],
      UNKNOWN,
    ],
    [
      'no: the website, but not from the public network',
      { publicNetworkAccess: 'Disabled' },
      [blobService({ staticWebsite: { enabled: true } })],
      is(false),
    ],
  ])('%s', (_, properties, others, expected) => {
    expect(fact('public_read', account(properties), ...others)).toMatchObject(expected);
  });

  test('is settled by the whole list of containers', () => {
    expect(readWhole({}, [])?.['public_read']).toMatchObject(is(false));
    expect(
      readWhole({}, [container('a', {}), container('b', { publicAccess: 'None' })])?.['public_read'],
    ).toMatchObject(is(false));
    expect(readWhole({}, [container('a', { publicAccess: 'Blob' })])?.['public_read']).toMatchObject({
      ...is(true),
    });
  });

  test('by no one to write, ever', () => {
    expect(fact('public_write', account(), container('a', { publicAccess: 'Container' }))).toMatchObject({
      state: 'default',
      value: false,
    });
  });

  test('a container that changed after the list was read counts as it is now', () => {
    const natives = [
      ...armResource.read(account({ networkAcls: { defaultAction: 'Allow' } }), { orderKey: '1' }),
      ...armResource.read(
        { value: [container('a', { publicAccess: 'None' })] },
        { orderKey: '1', listOf: `${ID}/blobServices/default/containers` },
      ),
      ...armResource.read(container('a', { publicAccess: 'Blob' }), { orderKey: '2' }),
    ];
    expect(mapDocument(natives).resources[0]?.facts['public_read']).toMatchObject(is(true));
  });
});

describe('an unset permission', () => {
  const { allowBlobPublicAccess: _, ...unset } = account()['properties'] as Fields;
  test.each<readonly [string, Fields, object]>([
    ['of an old account is given', { creationTime: '2022-05-01T00:00:00Z' }, { state: 'default', value: false }],
    ['of a new account is not shown', { creationTime: '2025-05-01T00:00:00Z' }, UNKNOWN],
    ['of an account without age is not known', {}, UNKNOWN],
  ])('%s', (_name, properties, expected) => {
    expect(
      only({ ...account(), properties: { ...unset, ...properties } }).facts['public_access_blocked'],
    ).toMatchObject(expected);
  });

  const template = (apiVersion: string): Json => ({
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [{ type: 'Microsoft.Storage/storageAccounts', apiVersion, name: 'docs', location: 'westeurope' }],
  });
  test('in a template depends on the api-version', () => {
    expect(only(template('2024-01-01')).facts['public_access_blocked']).toMatchObject({
      state: 'default',
      value: true,
    });
    expect(only(template('2021-09-01')).facts['public_access_blocked']).toMatchObject(UNKNOWN);
    expect(only(template('2024-01-01')).facts['tls_only']).toMatchObject({ state: 'default', value: true });
    expect(only(template('2018-07-01')).facts['tls_only']).toMatchObject({ state: 'default', value: false });
  });
});

describe('the other facts', () => {
  test.each<readonly [string, string, readonly Fields[], object]>([
    ['tls_only', 'secure transfer', [account()], is(true)],
    ['tls_only', 'no secure transfer', [account({ supportsHttpsTrafficOnly: false })], is(false)],
    ['tls_only', 'NFS beside it', [account({ isNfsV3Enabled: true })], is(false)],
    ['tls_only', 'a custom domain', [account({ customDomain: { name: 'files.example' } })], UNKNOWN],
    ['encryption', 'the default', [account()], { state: 'default', value: 'provider_key' }],
    [
      'encryption',
      'a key of ours, in any case',
      [account({ encryption: { keySource: 'microsoft.keyvault' } })],
      is('customer_key'),
    ],
    [
      'encryption',
      'a scope of its own',
      [account({ encryption: { keySource: 'Microsoft.Keyvault' } }), container('a', { defaultEncryptionScope: 'x' })],
      UNKNOWN,
    ],
    ['encryption', 'a key source that does not exist', [account({ encryption: { keySource: 'Mine' } })], UNKNOWN],
    ['versioned', 'unseen', [account()], UNKNOWN],
    ['versioned', 'on', [account(), blobService({ isVersioningEnabled: true })], is(true)],
    ['versioned', 'never set', [account(), blobService({})], { state: 'default', value: false }],
    ['access_logged', 'unseen', [account()], UNKNOWN],
    [
      'access_logged',
      'everything',
      [account(), setting(`${ID}/blobServices/default`, [{ categoryGroup: 'allLogs', enabled: true }])],
      is(true),
    ],
    [
      'access_logged',
      'only writes',
      [account(), setting(`${ID}/blobServices/default`, [{ category: 'StorageWrite', enabled: true }])],
      UNKNOWN,
    ],
    [
      'access_logged',
      'of another service',
      [account(), setting(`${ID}/queueServices/default`, [{ categoryGroup: 'allLogs', enabled: true }])],
      UNKNOWN,
    ],
  ])('%s: %s', (name, _, documents, expected) => {
    expect(fact(name, ...documents)).toMatchObject(expected);
  });

  const logged = (...settings: readonly Fields[]) =>
    mapDocument([
      ...armResource.read(account(), { orderKey: '1' }),
      ...armResource.read(
        { value: settings },
        { orderKey: '1', listOf: `${ID}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings` },
      ),
    ]).resources[0]?.facts['access_logged'];
  test('the whole list of settings decides whether access is logged', () => {
    const log = (category: string, enabled = true) => ({ category, enabled });
    const at = `${ID}/blobServices/default`;
    expect(logged()).toMatchObject({ state: 'known', value: false });
    expect(logged(setting(at, [log('StorageRead'), log('StorageWrite')]))).toMatchObject(is(false));
    expect(logged(setting(at, [log('StorageRead'), log('StorageWrite'), log('StorageDelete', false)]))).toMatchObject(
      is(false),
    );
    expect(
      logged(setting(at, [log('StorageRead'), log('StorageWrite')]), setting(at, [log('storagedelete')])),
    ).toMatchObject(is(true));
    expect(logged(setting(at, [{ categoryGroup: 'allLogs', enabled: 'True' }]))).toMatchObject({ value: true });
    expect(logged(setting(at, [{ categoryGroup: 'audit', enabled: true }]))).toMatchObject(UNKNOWN);
  });

  test('a list of containers that is refused settles nothing that rests on all of them', () => {
    const refused = armResource.read(
      { id: `${ID}/blobServices/default/containers` },
      { orderKey: '2', denied: true, listOf: `${ID}/blobServices/default/containers` },
    );
    const open = account({ networkAcls: { defaultAction: 'Allow' }, encryption: { keySource: 'Microsoft.Keyvault' } });
    const facts = mapDocument([...armResource.read(open, { orderKey: '2' }), ...refused]).resources[0]?.facts;
    expect(facts?.['public_read']).toMatchObject({ state: 'unknown', why: 'denied' });
    expect(facts?.['encryption']).toMatchObject({ state: 'unknown', why: 'denied' });
  });
  test('a blob service that is refused says nothing of versions', () => {
    const refused = armResource.read({ id: `${ID}/blobServices/default` }, { orderKey: '2', denied: true });
    const facts = mapDocument([...armResource.read(account(), { orderKey: '2' }), ...refused]).resources[0]?.facts;
    expect(facts?.['versioned']).toMatchObject({ state: 'unknown', why: 'denied' });
  });

  test('a denied read is unknown, never a default', () => {
    const [native] = armResource.read(account(), {});
    if (native === undefined) throw new Error('nothing read');
    const facts = mapDocument([{ ...native, denied: [''] }]).resources[0]?.facts ?? {};
    expect(facts['tls_only']).toMatchObject({ state: 'unknown', why: 'denied' });
    expect(facts['encryption']).toMatchObject({ state: 'unknown', why: 'denied' });
  });
});

describe('in a Terraform plan', () => {
  const docs = (after: Fields = {}, unknown: Json = {}) => ({
    address: 'azurerm_storage_account.docs',
    after: { name: 'docs', allow_nested_items_to_be_public: true, https_traffic_only_enabled: true, ...after },
    unknown,
  });
  const inbox = (container_access_type: string) => ({
    address: 'azurerm_storage_container.inbox',
    after: { name: 'inbox', storage_account_name: 'docs', container_access_type },
  });
  const rules = (default_action: string) => ({
    address: 'azurerm_storage_account_network_rules.docs',
    after: { default_action, ip_rules: [], virtual_network_subnet_ids: [] },
    unknown: { storage_account_id: true },
    expressions: {
      storage_account_id: { references: ['azurerm_storage_account.docs.id', 'azurerm_storage_account.docs'] },
    },
  });

  test('the containers are those of the plan', () => {
    expect(only(plan(docs())).facts['public_read']).toMatchObject(is(false));
    expect(only(plan(docs(), inbox('private'))).facts['public_read']).toMatchObject(is(false));
    expect(only(plan(docs(), inbox('blob'))).facts['public_read']).toMatchObject(is(true));
    expect(
      only(plan(docs({ allow_nested_items_to_be_public: false }), inbox('blob'))).facts['public_read'],
    ).toMatchObject(is(false));
  });

  test('network rules beside the account count', () => {
    expect(only(plan(docs(), inbox('blob'), rules('Deny'))).facts['public_read']).toMatchObject(is(false));
    expect(only(plan(docs(), inbox('blob'), rules('Allow'))).facts['public_read']).toMatchObject(is(true));
  });

  test('the key and the website may lie in resources of their own', () => {
    const beside = (type: string, after: Fields) => ({
      address: `${type}.x`,
      after,
      unknown: { storage_account_id: true },
      expressions: {
        storage_account_id: { references: ['azurerm_storage_account.docs.id', 'azurerm_storage_account.docs'] },
      },
    });
    expect(only(plan(docs())).facts['encryption']).toMatchObject(is('provider_key'));
    expect(
      only(plan(docs(), beside('azurerm_storage_account_customer_managed_key', { key_name: 'k' }))).facts['encryption'],
    ).toMatchObject(is('customer_key'));
    expect(
      only(plan(docs(), beside('azurerm_storage_account_static_website', { index_document: 'i' }))).facts[
        'public_read'
      ],
    ).toMatchObject(is(true));
  });

  test('two accounts keep their containers apart', () => {
    const other = {
      address: 'azurerm_storage_account.other',
      after: { name: 'other', allow_nested_items_to_be_public: true },
    };
    const facts = mapped(plan(docs(), other, inbox('blob'))).map((r) => [
      r.id,
      (r.facts['public_read'] as { value?: unknown }).value,
    ]);
    expect(facts).toEqual([
      ['azurerm_storage_account.docs', true],
      ['azurerm_storage_account.other', false],
    ]);
  });
});
