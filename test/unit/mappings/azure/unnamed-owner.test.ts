/** Parts of a template whose names the template does not tell: they may belong to any resource that could have them. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const template = (parameters: readonly string[], resources: readonly Json[], outputs: Fields = {}): Fields => ({
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: Object.fromEntries(parameters.map((name) => [name, { type: 'string' }])),
  resources,
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { type: 'string', value }])),
});
const resource = (type: string, apiVersion: string, name: string, properties: Fields, more: Fields = {}): Json => ({
  type,
  apiVersion,
  name,
  location: 'westeurope',
  properties,
  ...more,
});
const account = (name: string): Json =>
  resource('Microsoft.Storage/storageAccounts', '2023-05-01', name, { allowBlobPublicAccess: true });
const container = (name: string): Json =>
  resource('Microsoft.Storage/storageAccounts/blobServices/containers', '2023-05-01', name, { publicAccess: 'Blob' });
/** A module, as Bicep compiles it. */
const module = (name: string, passed: Fields, inner: Fields): Json =>
  resource('Microsoft.Resources/deployments', '2022-09-01', name, {
    expressionEvaluationOptions: { scope: 'inner' },
    mode: 'Incremental',
    parameters: Object.fromEntries(Object.entries(passed).map(([key, value]) => [key, { value }])),
    template: inner,
  });
const facts = (document: Json, fact: string): readonly unknown[] =>
  mapped(document).map(({ facts: { [fact]: state } }) =>
    state === undefined || state.state === 'unknown' ? 'unknown' : state.value,
  );

describe('a container', () => {
  test.each([
    ['a name that is given back', "[format('{0}/default/pub', resourceInfo('acc').name)]"],
    ['a name that is taken apart', "[join(createArray(parameters('n'), 'default', 'pub'), '/')]"],
    ['another parameter', "[concat(parameters('other'), '/default/pub')]"],
  ])('of an account by %s may be any account’s', (_, name) => {
    expect(facts(template(['n', 'other'], [account("[parameters('n')]"), container(name)]), 'public_read')).toEqual([
      'unknown',
    ]);
  });

  test('of an account that is named differently is not this one’s', () => {
    expect(facts(template([], [account('docs'), container('logs/default/pub')]), 'public_read')).toEqual([
      false,
      'unknown',
    ]);
  });

  const inner = (expression: string) => template(['a'], [container(`[concat(${expression}, '/default/pub')]`)]);
  test.each([
    ["[reference(resourceId('Microsoft.Resources/deployments', 'storage')).outputs.name.value]"],
    [
      "[reference(extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, 'rg'), 'Microsoft.Resources/deployments', 'storage'), '2022-09-01').outputs.name.value]",
    ],
    ["[reference('storage').outputs.name.value]"],
  ])('of the account that another module gives back is that one’s: %s', (passed) => {
    const storage = template(['a'], [account("[parameters('a')]")], { name: "[parameters('a')]" });
    const document = template(
      ['n'],
      [
        // The module that asks comes first: the order is not that of the deployment.
        module('containers', { a: passed }, inner("parameters('a')")),
        module('storage', { a: "[parameters('n')]" }, storage),
      ],
    );
    expect(facts(document, 'public_read')).toEqual([true]);
  });

  test('is not of the account of one of two modules of one name', () => {
    const storage = (name: string) => module('storage', {}, template([], [account(name)], { name }));
    const asks = module('containers', { a: "[reference('storage').outputs.name.value]" }, inner("parameters('a')"));
    expect(facts(template([], [storage('docs'), storage('logs'), asks]), 'public_read')).toEqual([
      'unknown',
      'unknown',
    ]);
  });

  test('is not of an account of which a module does not say which it is', () => {
    const loop = module(
      'storage',
      {},
      template([], [account('docs')], { name: "[reference('storage').outputs.name.value]" }),
    );
    const asks = module('containers', { a: "[reference('storage').outputs.name.value]" }, inner("parameters('a')"));
    expect(facts(template([], [loop, asks]), 'public_read')).toEqual(['unknown']);
  });
});

test('a rule of a group by a name that is not known may deny what another allows', () => {
  const group = resource('Microsoft.Network/networkSecurityGroups', '2023-09-01', 'web', { securityRules: [] });
  const rule = resource(
    'Microsoft.Network/networkSecurityGroups/securityRules',
    '2023-09-01',
    "[concat(parameters('n'), '/ssh')]",
    {
      direction: 'Inbound',
      access: 'Allow',
      priority: 100,
      protocol: 'Tcp',
      sourceAddressPrefix: '*',
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '22',
    },
  );
  expect(facts(template(['n'], [group, rule]), 'ingress')).toEqual(['unknown']);
});

test.each([['lock', 'Microsoft.Authorization/locks', { level: 'CanNotDelete' }, 'deletion_protected']])(
  'a %s of something that is a parameter may be of the server',
  (_, type, properties, fact) => {
    const server = resource('Microsoft.DBforPostgreSQL/flexibleServers', '2024-08-01', 'db', {});
    const beside = resource(type, '2020-05-01', 'l', properties, { scope: "[parameters('id')]" });
    expect(facts(template(['id'], [server, beside]), fact)).toEqual(['unknown']);
  },
);

test('a diagnostic setting of something that is a parameter may be of the account', () => {
  const ai = resource('Microsoft.CognitiveServices/accounts', '2024-10-01', 'ai', {}, { kind: 'OpenAI' });
  const beside = resource(
    'Microsoft.Insights/diagnosticSettings',
    '2021-05-01-preview',
    'd',
    { logs: [{ categoryGroup: 'allLogs', enabled: true }] },
    { scope: "[parameters('id')]" },
  );
  expect(facts(template(['id'], [ai, beside]), 'invocations_logged')).toEqual(['unknown']);
});
