import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { Unresolved } from '../../../../shared/model/native.ts';
import { armResource, resourceGraph } from '../../../../shared/mappings/dialects/arm.ts';
import { detectForm } from '../../../../shared/mappings/dialects/index.ts';

const ID = '/subscriptions/SUB-1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/Logs';
const account = (more: { readonly [key: string]: Json } = {}): { readonly [key: string]: Json } => ({
  id: ID,
  name: 'Logs',
  type: 'Microsoft.Storage/storageAccounts',
  location: 'West Europe',
  tags: { env: 'prod' },
  properties: { supportsHttpsTrafficOnly: true },
  ...more,
});
const row = (more: { readonly [key: string]: Json } = {}) =>
  account({ subscriptionId: 'sub-1', resourceGroup: 'rg', ...more });

describe('an ARM REST body', () => {
  test('is one resource, its id and type lower case, its location without spaces', () => {
    const [native] = armResource.read(account(), { orderKey: '2026-01-01T00:00:00.000Z', actor: 'me' });
    expect(native).toMatchObject({
      dialect: 'azure.arm',
      id: ID.toLowerCase(),
      type: 'microsoft.storage/storageaccounts',
      account: 'sub-1',
      region: 'westeurope',
      pointer: '',
      complete: false,
      orderKey: '2026-01-01T00:00:00.000Z',
      actor: 'me',
      tags: { state: 'known', value: [{ key: 'env', value: 'prod' }], closed: true, at: '/tags' },
    });
  });

  test('without tags has none, as the API leaves an empty set out', () => {
    const { tags: _, ...untagged } = account();
    expect(armResource.read(untagged, {})[0]?.tags).toMatchObject({ state: 'default', value: [], closed: true });
  });

  test('without properties shows nothing, so that no default applies', () => {
    const { properties: _, ...bare } = account();
    expect(armResource.read(bare, {})[0]?.body).toMatchObject({ properties: expect.any(Unresolved) as unknown });
  });

  test('of a list points into the list', () => {
    const natives = armResource.read({ value: [account(), account({ id: `${ID}2` })] }, {});
    expect(natives.map((n) => n.pointer)).toEqual(['/value/0', '/value/1']);
  });

  test('of a whole list says so, unless another page follows', () => {
    const listOf = `${ID}/blobServices/default/containers`;
    const page = { value: [] };
    expect(armResource.read(page, { listOf })[0]).toMatchObject({
      id: listOf.toLowerCase(),
      type: 'microsoft.storage/storageaccounts/blobservices/containers#list',
    });
    expect(armResource.read({ ...page, nextLink: 'https://next' }, { listOf })).toEqual([]);
    expect(armResource.read(page, {})).toEqual([]);
    // The list stands for its items: what is read again without one of them no longer has it.
    expect(armResource.read({ value: [account()] }, { listOf })).toHaveLength(1);
    expect(armResource.read({ value: [account()], nextLink: 'https://next' }, { listOf })[0]?.id).toBe(
      ID.toLowerCase(),
    );
  });
});

describe('Resource Graph rows', () => {
  const columns = ['id', 'type', 'tags', 'properties', 'subscriptionId', 'resourceGroup'];
  const table = {
    data: {
      columns: columns.map((name) => ({ name, type: 'string' })),
      rows: [columns.map((c) => row({ tags: null })[c] ?? null)],
    },
  };

  test.each<readonly [string, Json, string]>([
    ['objects', { count: 1, data: [row()] }, '/data/0'],
    ['a table', table, '/data/rows/0'],
    ['a bare array', [row()], '/0'],
    ['one row', row(), ''],
  ])('as %s', (_, document, pointer) => {
    expect(detectForm(document)?.id).toBe('resource-graph');
    expect(resourceGraph.read(document, {})).toMatchObject([
      { id: ID.toLowerCase(), type: 'microsoft.storage/storageaccounts', account: 'sub-1', pointer },
    ]);
  });

  test('may state the properties as text; text that is no object shows nothing', () => {
    const answer = (properties: Json): Json => ({
      totalRecords: 1,
      data: {
        columns: [{ name: 'Id' }, { name: 'type' }, { name: 'properties' }],
        rows: [[ID, 'microsoft.storage/storageaccounts', properties]],
      },
    });
    const body = (properties: Json) => {
      const document = answer(properties);
      expect(detectForm(document)).toBe(resourceGraph);
      return resourceGraph.read(document, {})[0]?.body;
    };
    expect(body('{"supportsHttpsTrafficOnly":false}')).toMatchObject({
      properties: { supportsHttpsTrafficOnly: false },
    });
    for (const other of ['', 'null', '[1]', '{', 3, [] as Json]) {
      expect(body(other)).toMatchObject({ properties: expect.any(Unresolved) as unknown });
    }
  });

  test('may be none at all', () => {
    for (const empty of [
      { totalRecords: 0, data: [] },
      { count: 0, data: [], skip_token: null },
    ]) {
      expect(detectForm(empty)).toBe(resourceGraph);
      expect(resourceGraph.read(empty, {})).toEqual([]);
    }
    expect(detectForm({ data: [] })).toBeUndefined();
  });

  test('whose tags are null have none; whose tags are not projected are unknown', () => {
    expect(resourceGraph.read(table, {})[0]?.tags).toMatchObject({ state: 'known', value: [], closed: true });
    const { tags: _, ...projected } = row();
    expect(resourceGraph.read([projected], {})[0]?.tags).toMatchObject({ state: 'unknown', why: 'not_collected' });
  });
});

test('each form is taken for itself only', () => {
  expect(detectForm(account())?.id).toBe('arm-resource');
  expect(detectForm({ value: [account()] })?.id).toBe('arm-resource');
  expect(detectForm({ value: [row()] })?.id).toBe('resource-graph');
  expect(detectForm({ value: [] })).toBeUndefined();
  expect(detectForm({ ...account(), specversion: '1.0' })?.id).not.toBe('arm-resource');
});
