import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../shared/model/errors.ts';
import type { Json } from '../../../shared/model/json.ts';
import { Unresolved } from '../../../shared/model/native.ts';
import { caiAsset, caiFeed, normalInstant, pubsubTemporalAsset } from '../../../shared/mappings/dialects/cai.ts';
import { detectForm } from '../../../shared/mappings/dialects/index.ts';

const bucket = {
  name: '//storage.googleapis.com/ledger-exports',
  assetType: 'storage.googleapis.com/Bucket',
  ancestors: ['projects/417203', 'organizations/7'],
  updateTime: '2026-03-01T10:00:00.25Z',
};
const resource = {
  version: 'v1',
  parent: '//cloudresourcemanager.googleapis.com/projects/417203',
  location: 'europe-west3',
  data: { name: 'ledger-exports', labels: { env: 'prod' } },
};
const message = (asset: Json, rest: { readonly [k: string]: Json } = {}): Json => ({
  asset,
  priorAssetState: 'PRESENT',
  window: { startTime: '2026-03-01T10:00:01Z' },
  ...rest,
});
const push = (data: unknown): Json => ({
  message: { data: Buffer.from(JSON.stringify(data)).toString('base64'), messageId: '1' },
  subscription: 'projects/p/subscriptions/edict',
});

describe('the version of a listed asset', () => {
  const { updateTime, ...undated } = bucket;
  const orderKey = '2026-03-02T08:00:00.000Z';
  test.each([
    ['its own, where it says one', { ...undated, updateTime, resource }, '2026-03-01T10:00:00.250000000Z'],
    ['else when the list was read', { ...undated, resource }, '2026-03-02T08:00:00.000000000Z'],
  ])('is %s', (_what, asset, version) => {
    expect(caiAsset.read(asset, { orderKey })).toMatchObject([{ orderKey: version }]);
  });
  test('is none where nobody says one, also of a feed’s message: it is never that of its arrival', () => {
    expect(caiAsset.read({ ...undated, resource }, {})).toMatchObject([{ orderKey: '' }]);
    expect(caiFeed.read(message({ ...undated, resource }, { window: {} }), { orderKey })).toMatchObject([
      { orderKey: '' },
    ]);
  });
});

describe('a Cloud Asset feed message', () => {
  test('becomes one native resource with the time, place and labels of the asset', () => {
    expect(caiFeed.read(message({ ...bucket, resource }), {})).toEqual([
      {
        dialect: 'gcp.cai',
        cloud: 'gcp',
        type: 'storage.googleapis.com/Bucket',
        id: bucket.name,
        name: 'ledger-exports',
        account: '417203',
        region: 'europe-west3',
        body: resource.data,
        pointer: '/asset/resource/data',
        tags: {
          state: 'known',
          value: [{ key: 'env', value: 'prod' }],
          closed: true,
          at: '/asset/resource/data/labels',
        },
        complete: false,
        orderKey: '2026-03-01T10:00:00.250000000Z',
        changedAt: '2026-03-01T10:00:00.250Z',
        extra: { ancestors: bucket.ancestors },
      },
    ]);
  });

  test('is the same inside a Pub/Sub push', () => {
    const inner = message({ ...bucket, resource });
    expect(detectForm(push(inner))).toBe(caiFeed);
    expect(caiFeed.read(push(inner), {})).toEqual(caiFeed.read(inner, {}));
    expect(pubsubTemporalAsset(push('You have successfully configured a feed'))).toBeUndefined();
    expect(pubsubTemporalAsset({ message: { data: '%%%' } })).toBeUndefined();
  });

  test('an IAM policy is its own part, without labels', () => {
    const iamPolicy = { bindings: [] };
    expect(caiFeed.read(message({ ...bucket, iamPolicy }), {})).toMatchObject([
      {
        type: 'storage.googleapis.com/Bucket#iam',
        body: iamPolicy,
        pointer: '/asset/iamPolicy',
        tags: { state: 'unknown' },
      },
    ]);
  });

  test('a deletion is a tombstone at the later of its times', () => {
    const prior = { priorAsset: { ...bucket, resource } };
    expect(caiFeed.read(message({ ...bucket, resource }, { deleted: true }), {})).toMatchObject([
      { deleted: true, body: null, orderKey: '2026-03-01T10:00:01.000000000Z', type: 'storage.googleapis.com/Bucket' },
    ]);
    expect(caiFeed.read(message(bucket, { deleted: true, ...prior }), {})).toMatchObject([
      { deleted: true, type: 'storage.googleapis.com/Bucket' },
    ]);
    const policyGone = { priorAsset: { ...bucket, iamPolicy: { bindings: [] } } };
    expect(caiFeed.read(message(bucket, { deleted: true, ...policyGone }), {})).toMatchObject([
      { deleted: true, type: 'storage.googleapis.com/Bucket#iam' },
    ]);
  });

  test('without any content is rejected with the place and the reason', () => {
    try {
      caiFeed.read(message(bucket), {});
      expect.unreachable();
    } catch (error) {
      expect(isAppError(error, 'EVENT_INVALID')).toBe(true);
      expect(error).toMatchObject({ details: { pointer: '/asset', reason: expect.stringContaining('content') } });
    }
  });
});

describe('listed and exported assets', () => {
  test('one asset may carry several contents, in camel and snake case', () => {
    const camel = [{ ...bucket, resource, iamPolicy: { bindings: [] } }];
    const snake = [
      {
        name: bucket.name,
        asset_type: bucket.assetType,
        ancestors: bucket.ancestors,
        update_time: bucket.updateTime,
        resource,
        iam_policy: { bindings: [] },
      },
    ];
    const [camelRead, snakeRead] = [caiAsset.read(camel, {}), caiAsset.read(snake, {})];
    expect(camelRead.map((n) => n.type)).toEqual([
      'storage.googleapis.com/Bucket',
      'storage.googleapis.com/Bucket#iam',
    ]);
    expect(snakeRead).toEqual(camelRead.map((n) => ({ ...n, pointer: n.pointer.replace('iamPolicy', 'iam_policy') })));
  });

  test.each([
    ['one asset', { ...bucket, resource }, ''],
    ['an array', [{ ...bucket, resource }], '/0'],
    ['an answer of ListAssets', { readTime: '2026-03-02T00:00:00Z', assets: [{ ...bucket, resource }] }, '/assets/0'],
  ])('%s is detected', (_, document, pointer) => {
    expect(detectForm(document as Json)).toBe(caiAsset);
    expect(caiAsset.read(document as Json, {})[0]?.pointer).toBe(`${pointer}/resource/data`);
  });

  test('an asset without data is unresolved as a whole, never empty', () => {
    for (const asset of [
      { ...bucket },
      { ...bucket, resource: { version: 'v1' } },
      { ...bucket, resource: { data: '[' } },
    ]) {
      expect(caiAsset.read(asset, {})[0]?.body).toBeInstanceOf(Unresolved);
    }
  });

  test('a list may be empty, if it says that it is one', () => {
    for (const empty of [{ readTime: '2026-11-20T10:00:00Z' }, { readTime: '2026-11-20T10:00:00Z', assets: [] }]) {
      expect(caiAsset.detect(empty)).toBe(true);
      expect(caiAsset.read(empty, {})).toEqual([]);
    }
    for (const other of [{}, [], { assets: [] }]) expect(caiAsset.detect(other)).toBe(false);
  });

  test('an audit log entry is no asset', () => {
    expect(
      detectForm({
        protoPayload: {
          '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
          resourceName: 'projects/_/buckets/b',
        },
        resource: { type: 'gcs_bucket' },
        timestamp: '2026-03-01T10:00:00Z',
      }),
    ).toBeUndefined();
  });

  test.each<[Json, string]>([
    [{ name: bucket.name, assetType: bucket.assetType, resource }, '417203'],
    [
      { name: '//sqladmin.googleapis.com/projects/acme/instances/i', assetType: 'sqladmin.googleapis.com/Instance' },
      'acme',
    ],
    [{ name: '//a.b/c', assetType: 'a.b/C', resource: { data: { projectNumber: '99' } } }, '99'],
  ])('the project is found without ancestors', (asset, account) => {
    expect(caiAsset.read(asset, {})[0]?.account).toBe(account);
  });
});

test.each([
  ['2026-03-01T10:00:00Z', '2026-03-01T10:00:00.000000000Z'],
  ['2026-03-01T11:30:00.123456+01:30', '2026-03-01T10:00:00.123456000Z'],
  ['yesterday', undefined],
  ['2026-13-01T10:00:00Z', undefined],
  [12, undefined],
])('the instant %s is normalised', (said, normal) => {
  expect(normalInstant(said)).toBe(normal);
});
