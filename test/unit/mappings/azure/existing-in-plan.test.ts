import { describe, expect, test } from 'vitest';
import type { FactState } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const GROUP = '/subscriptions/6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90/resourceGroups/rg/providers';
const short = (state: FactState | undefined): unknown =>
  state === undefined || state.state === 'unknown' ? 'unknown' : state.value;

/** A resource that exists, as a plan shows it that does `actions` with it. */
interface Existing {
  readonly type: string;
  readonly values: Fields;
  readonly actions?: readonly string[];
  /** What becomes of it, where it changes. */
  readonly after?: Fields;
  /** What the configuration writes. */
  readonly writes?: readonly string[];
}
const plan = (...resources: readonly Existing[]): Json => ({
  format_version: '1.2',
  resource_changes: resources.map(({ type, values, actions = ['no-op'], after }) => ({
    address: `${type}.x`,
    mode: 'managed',
    type,
    name: 'x',
    change: {
      actions: [...actions],
      before: actions.includes('create') ? null : values,
      after: actions.includes('delete') ? null : { ...values, ...after },
    },
  })),
  configuration: {
    root_module: {
      resources: resources.map(({ type, writes = [] }) => ({
        address: `${type}.x`,
        expressions: Object.fromEntries(writes.map((name) => [name, { constant_value: null }])),
      })),
    },
  },
});
const factOf = (fact: string, ...resources: readonly Existing[]): unknown =>
  short(mapped(plan(...resources))[0]?.facts[fact]);

const ACCOUNT_ID = `${GROUP}/Microsoft.Storage/storageAccounts/docs`;
const account = (values: Fields, writes: readonly string[] = ['name']): Existing => ({
  type: 'azurerm_storage_account',
  values: { id: ACCOUNT_ID, name: 'docs', allow_nested_items_to_be_public: true, ...values },
  writes,
});
const container: Existing = {
  type: 'azurerm_storage_container',
  values: { name: 'c', storage_account_id: ACCOUNT_ID, container_access_type: 'blob' },
};

describe('an account that shows the network rules that were set beside it', () => {
  const shown = (action: string) => ({ network_rules: [{ default_action: action }] });
  const rules = (before: string, more: Partial<Existing>): Existing => ({
    type: 'azurerm_storage_account_network_rules',
    values: { id: ACCOUNT_ID, storage_account_id: ACCOUNT_ID, default_action: before },
    ...more,
  });
  const change = (action: string) => ({ actions: ['update'], after: { default_action: action } });

  test.each([
    ['are opened', shown('Deny'), rules('Deny', change('Allow')), true],
    ['are closed', shown('Allow'), rules('Allow', change('Deny')), false],
    ['stay', shown('Deny'), rules('Deny', {}), false],
    ['are deleted', shown('Deny'), rules('Deny', { actions: ['delete'] }), 'unknown'],
    [
      'are opened, and access is off',
      { ...shown('Deny'), public_network_access_enabled: false },
      rules('Deny', change('Allow')),
      false,
    ],
  ])('%s', (_, values, beside, wanted) => {
    expect(factOf('public_read', account(values), beside, container)).toBe(wanted);
  });

  test('are moved into it', () => {
    const own = account(shown('Deny'), ['name', 'network_rules']);
    expect(factOf('public_read', own, rules('Allow', { actions: ['delete'] }), container)).toBe(false);
  });
});

describe('a separate resource that a plan deletes', () => {
  const gone = (type: string, values: Fields): Existing => ({ type, values, actions: ['delete'] });
  test.each([
    ['key', { customer_managed_key: [{ key_name: 'k' }] }, 'customer_managed_key', 'encryption'],
    ['website', { static_website: [{ index_document: 'i' }] }, 'static_website', 'public_read'],
  ])('leaves the %s of a storage account as it was', (_, values, satellite, fact) => {
    const beside = gone(`azurerm_storage_account_${satellite}`, { id: ACCOUNT_ID, storage_account_id: ACCOUNT_ID });
    expect(factOf(fact, account(values), beside)).toBe('unknown');
    expect(factOf(fact, account(values, [satellite]), beside)).not.toBe('unknown');
  });

  test('leaves the key of a model account as it was', () => {
    const id = `${GROUP}/Microsoft.CognitiveServices/accounts/ai`;
    const values = { id, kind: 'OpenAI', customer_managed_key: [{ key_vault_key_id: 'https://v/keys/k' }] };
    const ai: Existing = { type: 'azurerm_cognitive_account', values };
    expect(factOf('encryption', ai)).toBe('customer_key');
    const beside = gone('azurerm_cognitive_account_customer_managed_key', { cognitive_account_id: id });
    expect(factOf('encryption', ai, beside)).toBe('unknown');
  });
});

describe('of what exists a plan does not show', () => {
  const server = (type: string, azurerm: string, values: Fields = {}): Existing => ({
    type: azurerm,
    values: { id: `${GROUP}/${type}/db`, name: 'db', ...values },
  });
  const postgres = server('Microsoft.DBforPostgreSQL/flexibleServers', 'azurerm_postgresql_flexible_server');
  const sql = server('Microsoft.Sql/servers', 'azurerm_mssql_server');
  const ai = server('Microsoft.CognitiveServices/accounts', 'azurerm_cognitive_account', { kind: 'OpenAI' });

  test.each([
    ['the containers', 'public_read', account({ network_rules: [{ default_action: 'Allow' }] }), false],
    ['the diagnostic settings', 'access_logged', account({}), false],
    ['the configuration that requires TLS', 'tls_required', postgres, true],
    ['the databases', 'encryption', sql, 'provider_key'],
    ['the backup policies', 'backup_retention_days', sql, 7],
    ['the locks', 'deletion_protected', sql, false],
    ['who logs the calls', 'invocations_logged', ai, false],
  ])('%s, unlike of what it creates', (_, fact, existing, created) => {
    expect(factOf(fact, existing)).toBe('unknown');
    expect(factOf(fact, { ...existing, actions: ['create'] })).toBe(created);
  });
});
