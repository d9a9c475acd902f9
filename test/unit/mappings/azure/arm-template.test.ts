import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../../shared/model/errors.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { type NativeResource, Unresolved } from '../../../../shared/model/native.ts';
import { armTemplate } from '../../../../shared/mappings/dialects/arm-template.ts';
import { detectForm } from '../../../../shared/mappings/dialects/index.ts';

type Fields = { readonly [key: string]: Json };
const SA = 'Microsoft.Storage/storageAccounts';
const template = (resources: Json, more: Fields = {}): Fields => ({
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  resources,
  ...more,
});
const account = (name: string, more: Fields = {}): Fields => ({
  type: SA,
  apiVersion: '2024-01-01',
  name,
  location: 'westeurope',
  properties: {},
  ...more,
});
const read = (document: Json, parameters: Fields = {}): readonly NativeResource[] =>
  armTemplate.read(document, { parameters });
const ids = (document: Json, parameters: Fields = {}): readonly string[] => read(document, parameters).map((n) => n.id);
const properties = (native: NativeResource | undefined): unknown =>
  (native?.body as Fields | undefined)?.['properties'];
const refusal = (document: Json): unknown => {
  try {
    read(document);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe('an ARM template', () => {
  test('is recognised bare and as a request to deploy', () => {
    expect(detectForm(template([]))?.id).toBe('arm-template');
    expect(detectForm({ properties: { mode: 'Incremental', template: template([]) } })?.id).toBe('arm-template');
    expect(detectForm({ ...template([]), $schema: 'https://x/deploymentParameters.json#' })).toBeUndefined();
  });

  test('creates complete resources, named by type and name', () => {
    expect(read(template([account('Logs', { tags: { a: 'b' } })]))).toMatchObject([
      {
        dialect: 'azure.arm',
        id: 'microsoft.storage/storageaccounts/logs',
        type: 'microsoft.storage/storageaccounts',
        name: 'Logs',
        region: 'westeurope',
        complete: true,
        creates: true,
        pointer: '/resources/0',
        tags: { state: 'known', value: [{ key: 'a', value: 'b' }], at: '/resources/0/tags' },
      },
    ]);
  });

  test('takes parameters from the caller, then from their defaults; without either they are unknown', () => {
    const document = template([account("[parameters('name')]", { properties: { x: "[parameters('x')]" } })], {
      parameters: { name: { type: 'string', defaultValue: "[concat('st', 'x')]" }, x: { type: 'string' } },
    });
    expect(ids(document)).toEqual(['microsoft.storage/storageaccounts/stx']);
    expect(ids(document, { NAME: 'other' })).toEqual(['microsoft.storage/storageaccounts/other']);
    expect(properties(read(document)[0])).toMatchObject({ x: new Unresolved("{parameters('x')}") });
  });

  test('never keeps a secure value, not even its default', () => {
    const document = template([account('a', { properties: { x: "[concat('p', parameters('secret'))]" } })], {
      parameters: { secret: { type: 'secureString', defaultValue: 'hunter2' } },
    });
    expect(JSON.stringify(read(document, { secret: 'hunter2' }))).not.toContain('hunter2');
  });

  test('evaluates variables, their copy loops included, and stops where one is defined by itself', () => {
    const document = template(
      [account("[variables('name')]", { properties: { list: "[variables('list')]", self: "[variables('self')]" } })],
      {
        variables: {
          name: "[concat(variables('list')[1], 'z')]",
          self: "[concat('a', variables('self'))]",
          copy: [{ name: 'list', count: 2, input: "[concat('n', copyIndex('list'))]" }],
        },
      },
    );
    const [native] = read(document);
    expect(native?.id).toBe('microsoft.storage/storageaccounts/n1z');
    expect(properties(native)).toMatchObject({ list: ['n0', 'n1'], self: expect.any(Unresolved) });
  });

  test('repeats resources and properties', () => {
    const document = template([
      account("[concat('st', copyIndex(1))]", {
        copy: { name: 'accounts', count: 2 },
        properties: { copy: [{ name: 'rules', count: 2, input: { n: "[copyIndex('rules')]", of: '[copyIndex()]' } }] },
      }),
    ]);
    expect(ids(document)).toEqual(['microsoft.storage/storageaccounts/st1', 'microsoft.storage/storageaccounts/st2']);
    expect(properties(read(document)[1])).toEqual({
      rules: [
        { n: 0, of: 0 },
        { n: 1, of: 1 },
      ],
    });
  });

  test('refuses a loop beyond what ARM runs; of one whose count is unknown the satellites are unknown', () => {
    expect(isAppError(refusal(template([account('a', { copy: { name: 'c', count: 801 } })])), 'EVENT_INVALID')).toBe(
      true,
    );
    const [native] = read(
      template([
        {
          type: `${SA}/blobServices/containers`,
          name: "[concat('a/default/', copyIndex())]",
          copy: { name: 'c', count: "[parameters('n')]" },
          properties: { publicAccess: 'Blob' },
        },
      ]),
    );
    expect(properties(native)).toBeInstanceOf(Unresolved);
  });

  test('leaves out what a condition rules out; a satellite that may exist is unknown, a resource is judged as if', () => {
    const document = (condition: Json) =>
      template([
        account('a', { condition, resources: [{ type: 'blobServices', name: 'default', properties: { x: 1 } }] }),
      ]);
    expect(ids(document(false))).toEqual([]);
    expect(ids(document("[equals('a', 'b')]"))).toEqual([]);
    expect(properties(read(document(true))[1])).toEqual({ x: 1 });
    const [main, child] = read(document("[parameters('deploy')]"));
    expect(properties(main)).toEqual({});
    expect(properties(child)).toBeInstanceOf(Unresolved);
  });

  test('names children the same whether nested or by segments, and extensions by what they extend', () => {
    const nested = template([
      account('a', {
        resources: [
          { type: 'blobServices/containers', name: 'default/c', properties: {} },
          { type: 'blobServices/providers/diagnosticSettings', name: 'default/Microsoft.Insights/d', properties: {} },
          { type: 'Microsoft.Authorization/locks', name: 'l', properties: {} },
        ],
      }),
    ]);
    const flat = template({
      account: account('a'),
      container: {
        type: `${SA}/blobServices/containers`,
        name: "[format('{0}/{1}/{2}', 'a', 'default', 'c')]",
        properties: {},
      },
      setting: {
        type: 'Microsoft.Insights/diagnosticSettings',
        name: 'd',
        scope: "[format('Microsoft.Storage/storageAccounts/{0}/blobServices/{1}', 'a', 'default')]",
        properties: {},
      },
      lock: {
        type: 'Microsoft.Authorization/locks',
        name: 'l',
        scope: "[resourceId('Microsoft.Storage/storageAccounts', 'a')]",
      },
    });
    const expected = [
      'microsoft.storage/storageaccounts/a',
      'microsoft.storage/storageaccounts/a/blobservices/default/containers/c',
      'microsoft.storage/storageaccounts/a/blobservices/default/providers/microsoft.insights/diagnosticsettings/d',
      'microsoft.storage/storageaccounts/a/providers/microsoft.authorization/locks/l',
    ];
    expect(ids(nested)).toEqual(expected);
    expect(ids(flat)).toEqual(expected);
    expect(read(nested).map((n) => n.type)).toEqual(read(flat).map((n) => n.type));
  });

  test('follows nested deployments, in the outer scope or with parameters of their own', () => {
    const deployment = (scope: string | undefined): Json => ({
      type: 'Microsoft.Resources/deployments',
      name: 'inner',
      properties: {
        ...(scope === undefined ? {} : { expressionEvaluationOptions: { scope } }),
        parameters: { name: { value: "[concat(parameters('name'), '-inner')]" } },
        template: template([account("[parameters('name')]")], {
          parameters: { name: { type: 'string', defaultValue: 'unused' } },
        }),
      },
    });
    const parameters = { name: { type: 'string', defaultValue: 'outer' } };
    expect(ids(template([deployment(undefined)], { parameters }))).toEqual(['microsoft.storage/storageaccounts/outer']);
    const [inner] = read(template([deployment('Inner')], { parameters }));
    expect(inner).toMatchObject({
      id: 'microsoft.storage/storageaccounts/outer-inner',
      pointer: '/resources/0/properties/template/resources/0',
    });
  });

  test('is not complete where a part of it lies elsewhere', () => {
    const linked = {
      type: 'Microsoft.Resources/deployments',
      name: 'l',
      properties: { templateLink: { uri: 'https://x' } },
    };
    expect(read(template([account('a'), linked])).map((n) => [n.type, n.complete])).toEqual([
      ['microsoft.storage/storageaccounts', false],
      ['microsoft.resources/deployments', false],
    ]);
  });

  test('that deploys one resource twice knows what both say', () => {
    const twice = template([
      account('a', { properties: { same: 1, other: 1 } }),
      account('A', { properties: { same: 1, other: 2, more: 3 } }),
    ]);
    const [native, ...others] = read(twice);
    expect(others).toEqual([]);
    expect(properties(native)).toMatchObject({ same: 1, other: expect.any(Unresolved), more: expect.any(Unresolved) });
  });

  test('does not take existing resources for created ones', () => {
    expect(ids(template({ there: account('a', { existing: true }), mine: account('b') }))).toEqual([
      'microsoft.storage/storageaccounts/b',
    ]);
  });

  test('whose loops within loops never end is refused', () => {
    const loop = (name: string, input: Json): Json => ({ copy: [{ name, count: 800, input }] });
    const loops = loop('a', loop('b', loop('c', 'x')));
    expect(isAppError(refusal(template([account('a', { properties: loops })])), 'EVENT_INVALID')).toBe(true);
  });

  test('made to explode is cut off', () => {
    const variables: Record<string, Json> = { v0: ['x', 'x', 'x', 'x'] };
    for (let i = 1; i < 40; i += 1) variables[`v${i}`] = [`[variables('v${i - 1}')]`, `[variables('v${i - 1}')]`];
    const [native] = read(template([account('a', { properties: { x: "[string(variables('v39'))]" } })], { variables }));
    expect(properties(native)).toMatchObject({ x: expect.any(Unresolved) });
  });
});
