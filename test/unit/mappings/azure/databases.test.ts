import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { armResource } from '../../../../shared/mappings/dialects/arm.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const RG = '/subscriptions/s/resourceGroups/rg/providers';
const UNKNOWN = { state: 'unknown' };
const is = (value: Json) => ({ value });
const factOf = (name: string, ...documents: readonly Fields[]) => only({ value: documents }).facts[name];

describe('an Azure SQL server', () => {
  const ID = `${RG}/Microsoft.Sql/servers/db`;
  const server = (properties: Fields = {}): Fields => ({
    id: ID,
    name: 'db',
    type: 'Microsoft.Sql/servers',
    properties,
  });
  const child = (path: string, properties: Fields): Fields => ({
    id: `${ID}/${path}`,
    name: path.slice(path.lastIndexOf('/') + 1),
    properties,
  });
  const read = (databases: readonly string[], ...more: readonly Fields[]) =>
    mapDocument([
      ...armResource.read(server(), { orderKey: '1' }),
      ...armResource.read(
        { value: databases.map((d) => child(`databases/${d}`, {})) },
        { orderKey: '1', listOf: `${ID}/databases` },
      ),
      ...more.flatMap((m) => armResource.read(m, { orderKey: '1' })),
    ]).resources[0]?.facts ?? {};
  const tde = (database: string, state: string) =>
    child(`databases/${database}/transparentDataEncryption/current`, { state });
  const retention = (database: string, retentionDays: number) =>
    child(`databases/${database}/backupShortTermRetentionPolicies/default`, { retentionDays });
  const protector = (serverKeyType: string) => child('encryptionProtector/current', { serverKeyType });

  test.each<readonly [string, string, Fields, object]>([
    ['public_endpoint', 'off', { publicNetworkAccess: 'Disabled' }, is(false)],
    ['public_endpoint', 'on', { publicNetworkAccess: 'Enabled' }, is(true)],
    ['public_endpoint', 'unset', {}, { state: 'default', value: true }],
    ['public_endpoint', 'a perimeter', { publicNetworkAccess: 'SecuredByPerimeter' }, UNKNOWN],
    ['tls_required', 'a minimal version', { minimalTlsVersion: '1.2' }, { state: 'known', value: true }],
    ['tls_required', 'unset, which an older server takes for no minimum', {}, UNKNOWN],
    ['tls_required', 'None', { minimalTlsVersion: 'None' }, UNKNOWN],
    ['encryption', 'databases unseen', {}, UNKNOWN],
    ['backup_retention_days', 'databases unseen', {}, UNKNOWN],
  ])('%s: %s', (name, _, properties, expected) => {
    expect(factOf(name, server(properties))).toMatchObject(expected);
  });

  test('is encrypted if every database is, under the key of its protector', () => {
    expect(read(['master', 'a'], tde('a', 'Enabled'), protector('ServiceManaged'))['encryption']).toMatchObject(
      is('provider_key'),
    );
    expect(read(['a'], tde('a', 'Enabled'), protector('AzureKeyVault'))['encryption']).toMatchObject(
      is('customer_key'),
    );
    expect(read(['a', 'b'], tde('a', 'Enabled'), tde('b', 'Disabled'))['encryption']).toMatchObject(is('none'));
    // One database was not seen, and then the protector was not.
    expect(read(['a', 'b'], tde('a', 'Enabled'), protector('ServiceManaged'))['encryption']).toMatchObject(UNKNOWN);
    expect(read(['a'], tde('a', 'Enabled'))['encryption']).toMatchObject(UNKNOWN);
  });

  test('what an earlier read showed of its databases says nothing where a later one does not show it again', () => {
    const later = (list: Fields, options: object = {}) =>
      mapDocument([
        ...armResource.read(server(), { orderKey: '2' }),
        ...armResource.read(protector('ServiceManaged'), { orderKey: '2' }),
        ...[tde('a', 'Disabled'), tde('b', 'Enabled'), retention('b', 3)].flatMap((d) =>
          armResource.read(d, { orderKey: '1' }),
        ),
        ...armResource.read(list, { orderKey: '2', listOf: `${ID}/databases`, ...options }),
      ]).resources[0]?.facts ?? {};
    const refused = later({ id: `${ID}/databases` }, { denied: true });
    expect(refused['encryption']).toMatchObject({ state: 'unknown', why: 'denied' });
    expect(refused['backup_retention_days']).toMatchObject({ state: 'unknown', why: 'denied' });
    // A database of that name was made anew, and did not answer yet.
    const anew = later({ value: [child('databases/b', {})] });
    expect(anew['encryption']).toMatchObject(UNKNOWN);
    expect(anew['backup_retention_days']).toMatchObject(UNKNOWN);
    expect(later({ value: [] })['encryption']).toMatchObject(is('provider_key'));
  });

  test('keeps backups as long as the database that keeps them shortest', () => {
    expect(read(['a', 'b'], retention('a', 14), retention('b', 3))['backup_retention_days']).toMatchObject(is(3));
    expect(read(['a', 'b'], retention('a', 14))['backup_retention_days']).toMatchObject(UNKNOWN);
    expect(read([])['backup_retention_days']).toMatchObject({ state: 'default', value: 7 });
  });

  test('is protected by a lock; that none was seen decides nothing in live data', () => {
    const lock = (level: string): Fields => ({
      id: `${ID}/providers/Microsoft.Authorization/locks/l`,
      name: 'l',
      type: 'Microsoft.Authorization/locks',
      properties: { level },
    });
    expect(factOf('deletion_protected', server(), lock('CanNotDelete'))).toMatchObject(is(true));
    expect(factOf('deletion_protected', server(), lock('ReadOnly'))).toMatchObject(is(true));
    expect(factOf('deletion_protected', server())).toMatchObject(UNKNOWN);
    const onDatabase: Fields = {
      ...lock('CanNotDelete'),
      id: `${ID}/databases/a/providers/Microsoft.Authorization/locks/l`,
    };
    expect(factOf('deletion_protected', server(), onDatabase)).toMatchObject(UNKNOWN);
    const inGroup: Fields = {
      id: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Authorization/locks/l',
      name: 'l',
      type: 'Microsoft.Authorization/locks',
      properties: { level: 'CanNotDelete' },
    };
    expect(factOf('deletion_protected', server(), inGroup)).toMatchObject(UNKNOWN);
  });

  // Its list of locks also has those of its databases, which do not hold up that it is deleted itself.
  test.each<readonly [string, object]>([
    [`${ID}/databases/a`, UNKNOWN],
    [ID, is(true)],
    ['/subscriptions/s/resourceGroups/RG', is(true)],
    ['/subscriptions/s', is(true)],
    [`${RG}/Microsoft.Sql/servers/d`, UNKNOWN],
  ])('of a list of locks, by one on %s', (scope, expected) => {
    const id = `${scope}/providers/Microsoft.Authorization/locks/l`;
    const facts = mapDocument([
      ...armResource.read(server(), { orderKey: '1' }),
      ...armResource.read(
        { value: [{ id, name: 'l', type: 'Microsoft.Authorization/locks', properties: { level: 'CanNotDelete' } }] },
        { orderKey: '1', listOf: `${ID}/providers/Microsoft.Authorization/locks` },
      ),
    ]).resources[0]?.facts;
    expect(facts?.['deletion_protected']).toMatchObject(expected);
  });

  test('in a template has a minimal TLS version, and may be protected by a lock of its group', () => {
    const template = (...resources: readonly Json[]): Json => ({
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      resources: [
        { type: 'Microsoft.Sql/servers', apiVersion: '2023-08-01', name: 'db', properties: {} },
        ...resources,
      ],
    });
    const lock = {
      type: 'Microsoft.Authorization/locks',
      apiVersion: '2020-05-01',
      name: 'keep',
      properties: { level: 'CanNotDelete' },
    };
    const { facts } = only(template());
    expect(facts['tls_required']).toMatchObject({ state: 'default', value: true });
    expect(facts['deletion_protected']).toMatchObject({ state: 'default', value: false });
    expect(only(template(lock)).facts['deletion_protected']).toMatchObject(UNKNOWN);
  });

  test('in a plan may be protected by a lock of its group', () => {
    const db = { address: 'azurerm_mssql_server.db', after: { name: 'db' } };
    const lock = (after: Fields, more: object = {}) => ({
      address: 'azurerm_management_lock.keep',
      after: { name: 'keep', lock_level: 'CanNotDelete', ...after },
      ...more,
    });
    const protectedBy = (...locks: readonly ReturnType<typeof lock>[]) =>
      only(plan(db, ...locks)).facts['deletion_protected'];
    expect(protectedBy()).toMatchObject({ state: 'default', value: false });
    expect(protectedBy(lock({ scope: '/subscriptions/s/resourceGroups/rg' }))).toMatchObject(UNKNOWN);
    const references = ['azurerm_resource_group.rg.id', 'azurerm_resource_group.rg'];
    const planned = lock({}, { unknown: { scope: true }, expressions: { scope: { references } } });
    expect(protectedBy(planned)).toMatchObject(UNKNOWN);
    const other = ['azurerm_storage_account.a.id', 'azurerm_storage_account.a'];
    const elsewhere = lock({}, { unknown: { scope: true }, expressions: { scope: { references: other } } });
    expect(protectedBy(elsewhere)).toMatchObject({ state: 'default', value: false });
  });

  test('forgets the databases and locks that a newer list no longer has', () => {
    const lock: Fields = {
      id: `${ID}/providers/Microsoft.Authorization/locks/l`,
      name: 'l',
      type: 'Microsoft.Authorization/locks',
      properties: { level: 'CanNotDelete' },
    };
    const old = [server(), child('databases/gone', {}), tde('gone', 'Disabled'), retention('gone', 1), lock];
    const facts = mapDocument([
      ...old.flatMap((d) => armResource.read(d, { orderKey: '1' })),
      ...armResource.read({ value: [] }, { orderKey: '2', listOf: `${ID}/databases` }),
      ...armResource.read({ value: [] }, { orderKey: '2', listOf: `${ID}/providers/Microsoft.Authorization/locks` }),
      ...armResource.read(protector('ServiceManaged'), { orderKey: '2' }),
    ]).resources[0]?.facts;
    expect(facts).toMatchObject({
      encryption: is('provider_key'),
      backup_retention_days: is(7),
      deletion_protected: UNKNOWN,
    });
  });

  test('in a plan has the documented defaults for what is not there', () => {
    const claims = { address: 'azurerm_mssql_server.claims', after: { name: 'claims' } };
    const database = (after: Fields) => ({
      address: 'azurerm_mssql_database.a',
      after: { name: 'a', ...after },
      unknown: { server_id: true },
      expressions: { server_id: { references: ['azurerm_mssql_server.claims.id', 'azurerm_mssql_server.claims'] } },
    });
    expect(only(plan(claims)).facts).toMatchObject({
      public_endpoint: { state: 'default', value: true },
      encryption: { state: 'default', value: 'provider_key' },
      backup_retention_days: { state: 'default', value: 7 },
      deletion_protected: { state: 'default', value: false },
    });
    expect(
      only(plan(claims, database({ transparent_data_encryption_enabled: false }))).facts['encryption'],
    ).toMatchObject(is('none'));
    expect(
      only(plan(claims, database({ short_term_retention_policy: [{ retention_days: 2 }] }))).facts[
        'backup_retention_days'
      ],
    ).toMatchObject({ value: 2 });
  });
});

describe.each([
  ['PostgreSQL', 'Microsoft.DBforPostgreSQL/flexibleServers', 'azurerm_postgresql_flexible_server'],
  ['MySQL', 'Microsoft.DBforMySQL/flexibleServers', 'azurerm_mysql_flexible_server'],
])('a %s flexible server', (_, type, azurerm) => {
  const ID = `${RG}/${type}/db`;
  const server = (properties: Fields = {}): Fields => ({ id: ID, name: 'db', type, properties });
  const configuration = (name: string, value: string): Fields => ({
    id: `${ID}/configurations/${name}`,
    name,
    type: `${type}/configurations`,
    properties: { value },
  });
  const SUBNET = `${RG}/Microsoft.Network/virtualNetworks/v/subnets/db`;

  test.each<readonly [string, string, Fields, object]>([
    ['public_endpoint', 'in a subnet', { network: { delegatedSubnetResourceId: SUBNET } }, is(false)],
    [
      'public_endpoint',
      'in a subnet, and said to be public',
      { network: { delegatedSubnetResourceId: SUBNET, publicNetworkAccess: 'Enabled' } },
      UNKNOWN,
    ],
    ['public_endpoint', 'off', { network: { publicNetworkAccess: 'Disabled' } }, is(false)],
    ['public_endpoint', 'on', { network: { publicNetworkAccess: 'Enabled' } }, is(true)],
    ['public_endpoint', 'unset', {}, { state: 'default', value: true }],
    ['encryption', 'unset', {}, { state: 'default', value: 'provider_key' }],
    ['encryption', 'a key of ours', { dataEncryption: { type: 'AzureKeyVault' } }, is('customer_key')],
    ['backup_retention_days', 'set', { backup: { backupRetentionDays: 30 } }, is(30)],
    ['backup_retention_days', 'unset', {}, { state: 'default', value: 7 }],
    ['tls_required', 'unseen', {}, UNKNOWN],
  ])('%s: %s', (name, __, properties, expected) => {
    expect(factOf(name, server(properties))).toMatchObject(expected);
  });

  test('requires TLS as its configuration says, and no other one', () => {
    const tls = (name: string, value: string) => factOf('tls_required', server(), configuration(name, value));
    expect(tls('require_secure_transport', 'ON')).toMatchObject(is(true));
    expect(tls('require_secure_transport', 'off')).toMatchObject(is(false));
    expect(tls('tls_version', 'TLSv1.2')).toMatchObject(UNKNOWN);
    for (const [waits, expected] of [
      [true, UNKNOWN],
      ['True', UNKNOWN],
      [false, is(true)],
      ['False', is(true)],
      [null, is(true)],
    ] as const) {
      const one = configuration('require_secure_transport', 'on');
      const properties = { value: 'on', isConfigPendingRestart: waits };
      expect(factOf('tls_required', server(), { ...one, properties })).toMatchObject(expected);
    }
  });

  const inTemplate = (subnet: string, network: Fields = {}): Json => ({
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    parameters: { s: { type: 'string' } },
    resources: [
      {
        type,
        apiVersion: '2024-08-01',
        name: 'db',
        properties: { network: { delegatedSubnetResourceId: subnet, ...network } },
      },
    ],
  });
  test.each<readonly [string, string, object]>([
    ['a parameter', "[parameters('s')]", UNKNOWN],
    ['a parameter, or nothing', "[if(empty(parameters('s')), json('null'), parameters('s'))]", UNKNOWN],
    ['what another deployment gives', "[reference('net').outputs.id.value]", UNKNOWN],
    ['its id or nothing', "[if(empty(parameters('s')), '', concat(parameters('s'), '/subnets/db'))]", UNKNOWN],
    ['its id', "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'db')]", is(false)],
    ['its id below a parameter', "[concat(parameters('s'), '/subnets/db')]", is(false)],
  ])('in a template whose subnet is %s', (__, subnet, expected) => {
    expect(only(inTemplate(subnet)).facts['public_endpoint']).toMatchObject(expected);
    expect(only(inTemplate(subnet, { publicNetworkAccess: 'Disabled' })).facts['public_endpoint']).toMatchObject(
      is(false),
    );
  });
  test.each<readonly [string, readonly string[], object]>([
    ['of the plan', ['azurerm_subnet.db.id', 'azurerm_subnet.db'], is(false)],
    ['of something else', ['data.external.subnet.result', 'data.external.subnet'], UNKNOWN],
    ['of nobody knows what', ['var.subnet'], UNKNOWN],
  ])('in a plan whose subnet is a reference %s', (__, references, expected) => {
    const db = {
      address: `${azurerm}.claims`,
      after: { name: 'db' },
      unknown: { delegated_subnet_id: true },
      expressions: { delegated_subnet_id: { references } },
    };
    const subnet = { address: 'azurerm_subnet.db', after: {}, unknown: { id: true } };
    const found = mapped(plan(db, subnet)).find((r) => r.id === db.address);
    expect(found?.facts['public_endpoint']).toMatchObject(expected);
  });

  test('in a plan', () => {
    const claims = (after: Fields = {}) => ({ address: `${azurerm}.claims`, after: { name: 'db', ...after } });
    const off = {
      address: `${azurerm}_configuration.tls`,
      after: { name: 'require_secure_transport', value: 'off', server_name: 'db' },
      unknown: { server_id: true },
      expressions: { server_id: { references: [`${azurerm}.claims.id`, `${azurerm}.claims`] } },
    };
    expect(only(plan(claims())).facts['tls_required']).toMatchObject({ state: 'default', value: true });
    expect(only(plan(claims(), off)).facts['tls_required']).toMatchObject(is(false));
    expect(only(plan(claims({ delegated_subnet_id: SUBNET }))).facts['public_endpoint']).toMatchObject(is(false));
    expect(only(plan(claims({ customer_managed_key: [{ key_vault_key_id: 'k' }] }))).facts['encryption']).toMatchObject(
      is('customer_key'),
    );
  });
});
