import { describe, expect, test } from 'vitest';
import { ancestorOf, armName, armType, scopeOf, subscriptionOf } from '../../../../shared/mappings/azure/arm-id.ts';

const ACCOUNT = '/subscriptions/S/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/logs';
const SETTING = `${ACCOUNT}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/audit`;

describe('the id of an ARM resource', () => {
  test.each([
    [ACCOUNT, 'microsoft.storage/storageaccounts'],
    [`${ACCOUNT}/blobServices/default/containers/a`, 'microsoft.storage/storageaccounts/blobservices/containers'],
    [SETTING, 'microsoft.insights/diagnosticsettings'],
    ['microsoft.storage/storageaccounts/logs', 'microsoft.storage/storageaccounts'],
    ['/subscriptions/S/resourceGroups/rg', 'microsoft.resources/subscriptions/resourcegroups'],
    ['/subscriptions/S', 'microsoft.resources/subscriptions'],
    ['/subscriptions/S/providers/Microsoft.Authorization/locks/l', 'microsoft.authorization/locks'],
    ['/subscriptions/S/providers/Microsoft.Storage', undefined],
    ['', undefined],
    ['/', undefined],
  ])('%s is of type %s', (id, type) => {
    expect(armType(id)).toBe(type);
  });

  test('names the resources above it, nearest section first, lower case', () => {
    expect(ancestorOf(SETTING, 'microsoft.storage/storageaccounts')).toBe(ACCOUNT.toLowerCase());
    expect(ancestorOf(SETTING, 'microsoft.storage/storageaccounts/blobservices')).toBe(
      `${ACCOUNT}/blobServices/default`.toLowerCase(),
    );
    expect(ancestorOf(ACCOUNT, 'microsoft.storage/storageaccounts')).toBe(ACCOUNT.toLowerCase());
    expect(ancestorOf(ACCOUNT, 'microsoft.sql/servers')).toBeUndefined();
    expect(ancestorOf('microsoft.sql/servers/s/databases/d', 'microsoft.sql/servers')).toBe('microsoft.sql/servers/s');
  });

  test('tells what an extension extends, the subscription and the name', () => {
    expect(scopeOf(SETTING)).toBe(`${ACCOUNT}/blobServices/default`.toLowerCase());
    expect(scopeOf('microsoft.sql/servers/s/providers/microsoft.authorization/locks/l')).toBe(
      'microsoft.sql/servers/s',
    );
    expect(scopeOf('microsoft.authorization/locks/l')).toBeUndefined();
    expect(subscriptionOf(ACCOUNT)).toBe('s');
    expect(armName(ACCOUNT)).toBe('logs');
  });
});
