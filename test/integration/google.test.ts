/** Google's own client for Cloud Asset Inventory over REST, against a server that answers as the service does. Answers are our own. */
import { afterEach, describe, expect, it } from 'vitest';
import { OAuth2Client } from 'google-auth-library';
import { makeAssetInventory } from '../../shared/adapters/gcp/asset-inventory.ts';
import { type Answered, type Asked, type Provider, startProvider } from '../support/provider.ts';

const clock = { now: () => Date.parse('2026-11-25T12:00:10.000Z') };
let provider: Provider;
afterEach(() => provider.stop());
async function start(answer: (asked: Asked) => Answered | undefined) {
  provider = await startProvider(answer);
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: 'test-token', expiry_date: Date.now() + 3_600_000 });
  return makeAssetInventory({
    endpoint: provider.url,
    authClient,
    scope: 'projects/shop',
    types: ['storage.googleapis.com/Bucket', 'sqladmin.googleapis.com/Instance'],
    clock,
  });
}
const error = (code: number, status: string): Answered => ({
  status: code,
  body: { error: { code, status, message: status } },
});

/** As the REST API states them. */
const bucket = {
  name: '//storage.googleapis.com/shop-files',
  assetType: 'storage.googleapis.com/Bucket',
  resource: {
    version: 'v1',
    discoveryDocumentUri: 'https://www.googleapis.com/discovery/v1/apis/storage/v1/rest',
    discoveryName: 'Bucket',
    parent: '//cloudresourcemanager.googleapis.com/projects/1234',
    data: {
      name: 'shop-files',
      iamConfiguration: { publicAccessPrevention: 'inherited', uniformBucketLevelAccess: { enabled: true } },
      labels: { environment: 'production' },
      lifecycle: { rule: [{ action: { type: 'Delete' }, condition: { age: 30 } }] },
      metageneration: '7',
      nothing: null,
      empty: {},
      softDeletePolicy: { retentionDurationSeconds: '604800' },
    },
    location: 'europe-west3',
  },
  ancestors: ['projects/1234', 'organizations/1'],
  updateTime: '2026-11-25T11:59:58.123456Z',
};
const policy = {
  name: bucket.name,
  assetType: bucket.assetType,
  iamPolicy: {
    version: 3,
    etag: 'CAE=',
    bindings: [
      {
        role: 'roles/storage.objectViewer',
        members: ['allUsers'],
        condition: { title: 'only until', expression: 'request.time < timestamp("2027-01-01T00:00:00Z")' },
      },
    ],
  },
  ancestors: bucket.ancestors,
  updateTime: '2026-11-25T11:59:57.000000001Z',
};
const constraint = {
  name: '//cloudresourcemanager.googleapis.com/projects/1234',
  assetType: 'cloudresourcemanager.googleapis.com/Project',
  orgPolicy: [
    { constraint: 'constraints/storage.publicAccessPrevention', booleanPolicy: { enforced: true } },
    { constraint: 'constraints/gcp.restrictNonCmekServices', listPolicy: { allValues: 'DENY' } },
  ],
  ancestors: bucket.ancestors,
  updateTime: '2026-11-25T11:59:56Z',
};

describe('the inventory', () => {
  it('says that resources are listed or gone, and policies are neither', async () => {
    const { covers } = await start(() => undefined);
    const listed = { cloud: 'gcp', id: bucket.name, account: '1234' } as const;
    expect(covers?.({ ...listed, nativeType: 'storage.googleapis.com/Bucket' })).toEqual({
      scope: 'projects/shop#RESOURCE',
      place: '1234',
      absence: 'gone',
    });
    expect(covers?.({ ...listed, nativeType: 'cloudresourcemanager.googleapis.com/Project#iam' })).toBeUndefined();
  });

  it('gives each asset as the REST API states it, page by page', async () => {
    const inventory = await start(({ query }) =>
      query.get('pageToken') === null
        ? { status: 200, body: { readTime: '2026-11-25T12:00:00Z', assets: [bucket], nextPageToken: 'two' } }
        : { status: 200, body: { readTime: '2026-11-25T12:00:00Z', assets: [bucket] } },
    );
    expect(inventory.scopes).toEqual([
      'projects/shop#RESOURCE',
      'projects/shop#IAM_POLICY',
      'projects/shop#ORG_POLICY',
    ]);
    const first = await inventory.page('projects/shop#RESOURCE', undefined);
    expect(first).toMatchObject({ next: 'two', readKey: '2026-11-25T11:59:10.000Z' });
    expect(first.contents).toHaveLength(1);
    const [content] = first.contents;
    if (content?.is !== 'document') throw new Error('no document');
    // What the service sends, the mapping sees: nothing of the body is lost on the way through protocol buffers.
    expect(content.document).toMatchObject({ ...bucket, updateTime: '2026-11-25T11:59:58.123456000Z' });
    expect((content.document as typeof bucket).resource.data).toEqual(bucket.resource.data);
    expect((await inventory.page('projects/shop#RESOURCE', first.next)).next).toBeUndefined();

    const [asked] = provider.asked;
    expect(asked?.path).toBe('/v1/projects/shop/assets');
    // The SDK speaks of enumerations by number, and is answered so.
    expect(asked?.query.get('contentType')).toBe('1');
    expect(asked?.query.getAll('assetTypes')).toEqual([
      'storage.googleapis.com/Bucket',
      'sqladmin.googleapis.com/Instance',
    ]);
    expect(asked?.headers['authorization']).toBe('Bearer test-token');
  });

  it.each([
    ['IAM_POLICY', policy, 'iamPolicy'],
    ['ORG_POLICY', constraint, 'orgPolicy'],
  ] as const)('gives %s as it is, and nothing that was not sent', async (contentType, asset, field) => {
    const numbered = JSON.parse(JSON.stringify(asset).replace('"DENY"', '2')) as unknown;
    const inventory = await start(() => ({ status: 200, body: { assets: [numbered] } }));
    const { contents } = await inventory.page(`projects/shop#${contentType}`, undefined);
    const [content] = contents;
    if (content?.is !== 'document') throw new Error('no document');
    const document = content.document as { readonly [key: string]: unknown };
    expect(document[field]).toMatchObject(asset[field as keyof typeof asset] as object);
    expect(Object.keys(document).sort()).toEqual(Object.keys(asset).sort());
  });

  it.each([
    [error(429, 'RESOURCE_EXHAUSTED'), { code: 'UPSTREAM_THROTTLED', retryable: true }],
    [error(403, 'PERMISSION_DENIED'), { code: 'UPSTREAM_DENIED', retryable: false }],
    [error(500, 'INTERNAL'), { code: 'UPSTREAM_UNAVAILABLE', retryable: true }],
    [error(503, 'UNAVAILABLE'), { code: 'UPSTREAM_UNAVAILABLE', retryable: true }],
  ])('says what %j means, and does not ask again by itself', async (answer, means) => {
    const inventory = await start(() => answer);
    await expect(inventory.page('projects/shop#RESOURCE', undefined)).rejects.toMatchObject(means);
    expect(provider.asked).toHaveLength(1);
  });
});
