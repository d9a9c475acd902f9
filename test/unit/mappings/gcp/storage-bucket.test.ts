import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { only, plan } from '../../../support/plan.ts';

const NAME = '//storage.googleapis.com/ledger-exports';
const ANCESTORS = ['projects/417203', 'folders/88', 'organizations/7'];

interface Shown {
  readonly data?: Json;
  readonly iam?: Json;
  readonly org?: readonly Json[];
}
/** A bucket with what is seen of it, as listed assets. */
const assets = ({ data, iam, org = [] }: Shown): Json => [
  {
    name: NAME,
    assetType: 'storage.googleapis.com/Bucket',
    ancestors: ANCESTORS,
    updateTime: '2026-03-01T10:00:00Z',
    ...(data === undefined ? {} : { resource: { version: 'v1', data } }),
    ...(iam === undefined ? {} : { iamPolicy: iam }),
  },
  ...org,
];
const facts = (shown: Shown) => only(assets(shown)).facts;
const uniform = { iamConfiguration: { uniformBucketLevelAccess: { enabled: true } } };
const withPrevention = (publicAccessPrevention: string, enabled = true) => ({
  iamConfiguration: { uniformBucketLevelAccess: { enabled }, publicAccessPrevention },
});
const grant = (role: string, ...members: readonly string[]) => ({ bindings: [{ role, members: [...members] }] });
const orgPolicy = (ancestor: string, constraint: string, enforced: boolean): Json => ({
  name: `//cloudresourcemanager.googleapis.com/${ancestor}`,
  assetType: `cloudresourcemanager.googleapis.com/${ancestor.startsWith('projects') ? 'Project' : ancestor.startsWith('folders') ? 'Folder' : 'Organization'}`,
  updateTime: '2026-02-01T10:00:00Z',
  orgPolicy: [{ constraint: `constraints/${constraint}`, booleanPolicy: enforced ? { enforced } : {} }],
});

describe('who can read and write a Cloud Storage bucket', () => {
  test.each([
    ['roles/storage.objectViewer', true, false],
    ['roles/storage.legacyObjectReader', true, false],
    ['roles/storage.legacyBucketReader', true, false],
    ['roles/storage.objectCreator', false, true],
    ['roles/storage.objectUser', true, true],
    ['roles/storage.objectAdmin', true, true],
    ['roles/storage.admin', true, true],
    ['roles/storage.legacyBucketWriter', true, true],
    ['roles/storage.legacyBucketOwner', true, true],
    ['roles/storage.legacyObjectOwner', true, true],
    ['roles/storage.bucketViewer', false, false],
  ])('%s to everyone reads %s, writes %s', (role, read, write) => {
    for (const member of ['allUsers', 'allAuthenticatedUsers']) {
      const { public_read, public_write } = facts({ data: uniform, iam: grant(role, 'user:jo@example.com', member) });
      expect([public_read, public_write].map((f) => f?.state !== 'unknown' && f?.value)).toEqual([read, write]);
    }
  });

  test('a public grant is public as far as no organisation policy was seen, and the evidence names the grant', () => {
    expect(
      facts({ data: withPrevention('inherited'), iam: grant('roles/storage.objectViewer', 'allUsers') }).public_read,
    ).toEqual({
      state: 'assumed',
      value: true,
      because: expect.stringContaining('storage.publicAccessPrevention'),
      at: '/0/iamPolicy/bindings/0/members',
      part: 'iam',
      native: 'roles/storage.objectViewer to allUsers',
    });
  });

  test('a public grant is public for sure where the nearest organisation policy does not prevent it', () => {
    const iam = grant('roles/storage.objectViewer', 'allUsers');
    const org = [orgPolicy('projects/417203', 'storage.publicAccessPrevention', false)];
    expect(facts({ data: uniform, iam, org }).public_read).toMatchObject({ value: true });
    expect(facts({ data: uniform, iam, org }).public_read?.state).not.toBe('assumed');
  });

  test('enforced prevention wins over every grant, also with access control lists', () => {
    const f = facts({ data: withPrevention('enforced', false), iam: grant('roles/storage.admin', 'allUsers') });
    const known = { state: 'known', value: false, at: '/0/resource/data/iamConfiguration/publicAccessPrevention' };
    expect(f.public_read).toEqual(known);
    expect(f.public_write).toEqual(known);
    expect(f.public_access_blocked).toEqual({ ...known, value: true });
  });

  test('prevention that is enforced above the bucket wins, unless a nearer level was not seen', () => {
    const iam = grant('roles/storage.objectViewer', 'allUsers');
    const project = orgPolicy('projects/417203', 'storage.publicAccessPrevention', true);
    const above = orgPolicy('organizations/7', 'storage.publicAccessPrevention', true);
    expect(facts({ data: uniform, iam, org: [project] })).toMatchObject({
      public_read: { state: 'known', value: false, part: 'ancestor_0', at: '/1/orgPolicy/0/booleanPolicy/enforced' },
      public_access_blocked: { state: 'known', value: true },
    });
    expect(facts({ data: uniform, iam, org: [above] })).toMatchObject({
      public_read: { state: 'unknown', why: 'not_collected' },
      public_access_blocked: { state: 'unknown' },
    });
  });

  test('the nearest organisation policy decides', () => {
    const org = [
      orgPolicy('projects/417203', 'storage.publicAccessPrevention', false),
      orgPolicy('organizations/7', 'storage.publicAccessPrevention', true),
    ];
    expect(facts({ data: uniform, org }).public_access_blocked).toMatchObject({ state: 'default', value: false });
  });

  test('uniform access and no public grant is not public', () => {
    const f = facts({ data: uniform, iam: grant('roles/storage.admin', 'group:ops@example.com') });
    expect(f.public_read).toEqual({ state: 'known', value: false, at: '/0/iamPolicy/bindings', part: 'iam' });
    expect(f.public_write).toMatchObject({ state: 'known', value: false });
  });

  test.each([
    ['access control lists in force', { data: withPrevention('inherited', false), iam: { bindings: [] } }],
    ['uniform access not stated', { data: {}, iam: { bindings: [] } }],
    ['an unseen IAM policy', { data: uniform }],
    ['an unseen bucket', { iam: { bindings: [] } }],
    ['an unseen bucket with a public grant', { iam: grant('roles/storage.objectViewer', 'allUsers') }],
    ['a role that no table has', { data: uniform, iam: grant('constructor', 'allUsers') }],
    ['a custom role', { data: uniform, iam: grant('projects/p/roles/reader', 'allUsers') }],
    [
      'a conditional public grant',
      {
        data: uniform,
        iam: {
          bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'], condition: { expression: 'true' } }],
        },
      },
    ],
    ['a binding without members', { data: uniform, iam: { bindings: [{ role: 'roles/storage.objectViewer' }] } }],
  ] as const)('%s leaves it unknown', (_, shown) => {
    expect(facts(shown as Shown).public_read?.state).toBe('unknown');
  });

  test('a public default object list opens new objects; uniform access makes it void', () => {
    const acl = { defaultObjectAcl: [{ entity: 'allUsers', role: 'READER' }] };
    const iam = { bindings: [] };
    expect(facts({ data: { ...withPrevention('inherited', false), ...acl }, iam }).public_read).toMatchObject({
      value: true,
    });
    expect(facts({ data: { ...uniform, ...acl }, iam }).public_read).toMatchObject({ value: false });
  });
});

describe('the other facts of a Cloud Storage bucket', () => {
  test('what is not set has the documented default', () => {
    expect(facts({ data: { name: 'ledger-exports' } })).toMatchObject({
      encryption: { state: 'default', value: 'provider_key' },
      versioned: { state: 'default', value: false },
      access_logged: { state: 'default', value: false },
      tls_only: { state: 'assumed', value: false },
      public_access_blocked: { state: 'assumed', value: false },
    });
  });

  test('what is set is read', () => {
    const data = {
      encryption: { defaultKmsKeyName: 'projects/p/locations/eu/keyRings/r/cryptoKeys/k' },
      versioning: { enabled: true },
      logging: { logBucket: 'logs', logObjectPrefix: 'l' },
    };
    const base = '/0/resource/data';
    expect(facts({ data })).toMatchObject({
      encryption: { state: 'known', value: 'customer_key', at: `${base}/encryption/defaultKmsKeyName` },
      versioned: { state: 'known', value: true, at: `${base}/versioning/enabled` },
      access_logged: { state: 'known', value: true, at: `${base}/logging/logBucket` },
    });
  });

  test('only an organisation policy refuses plain HTTP', () => {
    const org = [orgPolicy('projects/417203', 'storage.secureHttpTransport', true)];
    expect(facts({ data: uniform, org }).tls_only).toMatchObject({ state: 'known', value: true });
  });

  test('an asset without data says nothing', () => {
    const f = only([{ name: NAME, assetType: 'storage.googleapis.com/Bucket', resource: { version: 'v1' } }]).facts;
    for (const fact of ['public_read', 'public_access_blocked', 'encryption', 'versioned', 'access_logged']) {
      expect(f[fact]?.state, fact).toBe('unknown');
    }
  });
});

describe('a Cloud Storage bucket in a plan', () => {
  const bucket = (after: { readonly [k: string]: Json } = {}, rest: object = {}) => ({
    address: 'google_storage_bucket.exports',
    after: { name: 'ledger-exports', location: 'EU', project: 'acme-data', ...after },
    ...rest,
  });
  const member = (role: string, who: string, to: Json = 'ledger-exports') => ({
    address: 'google_storage_bucket_iam_member.m',
    after: { bucket: to, role, member: who, condition: [] },
  });

  test('a new bucket with uniform access and no grants is not public', () => {
    expect(only(plan(bucket({ uniform_bucket_level_access: true }))).facts).toMatchObject({
      public_read: { state: 'default', value: false },
      public_access_blocked: { state: 'assumed', value: false },
    });
  });

  test('an added public member is public, whether the bucket is named plainly or with its prefix', () => {
    for (const to of ['ledger-exports', 'b/ledger-exports']) {
      const f = only(
        plan(bucket({ uniform_bucket_level_access: true }), member('roles/storage.objectViewer', 'allUsers', to)),
      ).facts;
      expect(f.public_read).toMatchObject({
        state: 'assumed',
        value: true,
        at: '/resource_changes/1/change/after/member',
      });
      expect(f.public_write).toMatchObject({ value: false });
    }
  });

  test('of an existing bucket a plan shows only the grants it manages', () => {
    const existing = bucket({ uniform_bucket_level_access: true }, { actions: ['update'] });
    const added = member('roles/storage.objectViewer', 'group:ops@example.com');
    expect(only(plan(existing, added)).facts.public_read).toMatchObject({ state: 'unknown', why: 'not_collected' });
    const whole = {
      address: 'google_storage_bucket_iam_policy.all',
      after: {
        bucket: 'ledger-exports',
        policy_data: JSON.stringify(grant('roles/storage.admin', 'group:ops@example.com')),
      },
    };
    expect(only(plan(existing, whole)).facts.public_read).toMatchObject({ state: 'known', value: false });
  });

  test('access control lists count only without uniform access', () => {
    const list = {
      address: 'google_storage_bucket_access_control.public',
      after: { bucket: 'ledger-exports', entity: 'allUsers', role: 'READER' },
    };
    expect(only(plan(bucket({ uniform_bucket_level_access: false }), list)).facts.public_read).toMatchObject({
      value: true,
    });
    expect(only(plan(bucket({ uniform_bucket_level_access: true }), list)).facts.public_read).toMatchObject({
      value: false,
    });
    expect(only(plan(bucket({ uniform_bucket_level_access: false }))).facts.public_read?.state).toBe('unknown');
  });

  test('values that the provider chooses are the documented defaults; unknown ones are not', () => {
    const unset = bucket({}, { unknown: { public_access_prevention: true, uniform_bucket_level_access: true } });
    expect(only(plan(unset)).facts).toMatchObject({
      public_access_blocked: { state: 'assumed', value: false },
      public_read: { state: 'unknown', why: 'not_collected' },
    });
    const open = bucket(
      {},
      {
        unknown: { public_access_prevention: true },
        expressions: {
          public_access_prevention: { references: ['terraform_data.choice.output', 'terraform_data.choice'] },
        },
      },
    );
    expect(only(plan(open)).facts.public_access_blocked).toMatchObject({ state: 'unknown', why: 'unresolved' });
  });

  test('a key that is created in the same plan is the customer’s', () => {
    const keyed = bucket(
      { encryption: [{}] },
      {
        unknown: { encryption: [{ default_kms_key_name: true }] },
        expressions: {
          encryption: [
            { default_kms_key_name: { references: ['google_kms_crypto_key.k.id', 'google_kms_crypto_key.k'] } },
          ],
        },
      },
    );
    expect(only(plan(keyed)).facts.encryption).toMatchObject({ state: 'known', value: 'customer_key' });
  });

  test('a key that is chosen by something known only after apply is not surely one', () => {
    const references = ['terraform_data.choice.output', 'terraform_data.choice', 'google_kms_crypto_key.k.id'];
    const maybe = bucket(
      { encryption: [{}] },
      {
        unknown: { encryption: [{ default_kms_key_name: true }] },
        expressions: { encryption: [{ default_kms_key_name: { references } }] },
      },
    );
    expect(only(plan(maybe)).facts.encryption).toMatchObject({ state: 'unknown', why: 'unresolved' });
  });

  test('an organisation policy of the project in the same plan counts', () => {
    const policy = {
      address: 'google_org_policy_policy.http',
      after: {
        name: 'projects/acme-data/policies/storage.secureHttpTransport',
        parent: 'projects/acme-data',
        spec: [{ rules: [{ enforce: 'TRUE', condition: [] }] }],
      },
    };
    expect(only(plan(bucket(), policy)).facts.tls_only).toMatchObject({ state: 'known', value: true });
    expect(only(plan(bucket())).facts.tls_only).toMatchObject({ state: 'assumed', value: false });
  });
});
