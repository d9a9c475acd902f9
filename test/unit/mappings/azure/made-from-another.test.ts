/** Databases of templates and plans that are made from others, and settings that a template may or may not write. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const template = (...resources: readonly Json[]): Json => ({
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { it: { type: 'string' } },
  resources,
});
const resource = (type: string, name: string, properties: Fields, more: Fields = {}): Json => ({
  type,
  apiVersion: '2023-12-30',
  name,
  location: 'westeurope',
  properties,
  ...more,
});
const facts = (document: Json, ...names: readonly string[]): readonly unknown[] => {
  const [server] = mapped(document);
  return names.map((name) => {
    const state = server?.facts[name];
    return state === undefined || state.state === 'unknown' ? 'unknown' : state.value;
  });
};

describe.each([
  ['Microsoft.DBforPostgreSQL/flexibleServers', 'azurerm_postgresql_flexible_server'],
  ['Microsoft.DBforMySQL/flexibleServers', 'azurerm_mysql_flexible_server'],
])('a server of %s', (type, azurerm) => {
  const asked = ['public_endpoint', 'encryption', 'tls_required', 'backup_retention_days'];
  const unwritten = ['unknown', 'unknown', 'unknown', 'unknown'];
  test.each<readonly [string | undefined, readonly unknown[]]>([
    [undefined, [true, 'provider_key', true, 7]],
    ['Default', [true, 'provider_key', true, 7]],
    ['Replica', unwritten],
    ['PointInTimeRestore', unwritten],
  ])('that is made by %s', (mode, wanted) => {
    const properties = mode === undefined ? {} : { createMode: mode };
    expect(facts(template(resource(type, 'db', properties)), ...asked)).toEqual(wanted);
    const after = mode === undefined ? {} : { create_mode: mode };
    expect(facts(plan({ address: `${azurerm}.db`, after }), ...asked)).toEqual(wanted);
  });

  test('that may be made from another has what is written, and not what is not', () => {
    const properties = { createMode: "[parameters('it')]", backup: { backupRetentionDays: 14 } };
    const document = template(resource(type, 'db', properties));
    expect(facts(document, 'tls_required', 'backup_retention_days')).toEqual(['unknown', 14]);
  });

  const configured = (name: string, value: string): Json => resource(`${type}/configurations`, `db/${name}`, { value });
  test.each<readonly [string, readonly Json[], unknown]>([
    ['is not known', [configured("[parameters('it')]", 'off')], 'unknown'],
    ['is another', [configured('max_connections', '100')], true],
    [
      'is not known, beside the one that counts',
      [configured("[parameters('it')]", 'off'), configured('require_secure_transport', 'on')],
      true,
    ],
  ])('with a configuration whose name %s', (_, configurations, wanted) => {
    const named = configurations.map((c) => {
      const { name, ...rest } = c as { readonly name: string };
      const inner = /^db\/\[(.*)\]$/.exec(name)?.[1];
      return { ...rest, name: inner === undefined ? name : `[concat('db/', ${inner})]` };
    });
    expect(facts(template(resource(type, 'db', {}), ...named), 'tls_required')).toEqual([wanted]);
  });
});

describe('a database of an Azure SQL server', () => {
  test.each<readonly [string, Fields, Fields, unknown]>([
    ['is encrypted', {}, {}, 'provider_key'],
    ['of a tier is encrypted', { createMode: 'Default' }, { sku: { name: 'S0', tier: 'Standard' } }, 'provider_key'],
    ['that is a copy is as the one it is of', { createMode: 'Copy' }, {}, 'unknown'],
    ['that may be a copy is not known', { createMode: "[parameters('it')]" }, {}, 'unknown'],
    ['that is a data warehouse is not encrypted', {}, { sku: { name: 'DW100c' } }, 'none'],
    ['that is a data warehouse by its edition is not encrypted', { edition: 'DataWarehouse' }, {}, 'none'],
  ])('%s', (_, properties, more, wanted) => {
    const server = resource('Microsoft.Sql/servers', 'db', {});
    const database = resource('Microsoft.Sql/servers/databases', 'db/shop', properties, more);
    expect(facts(template(server, database), 'encryption')).toEqual([wanted]);
    const on = resource('Microsoft.Sql/servers/databases/transparentDataEncryption', 'db/shop/current', {
      state: 'Enabled',
    });
    expect(facts(template(server, database, on), 'encryption')).toEqual(['provider_key']);
  });
});
