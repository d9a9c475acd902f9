import { describe, expect, test } from 'vitest';
import type { FactState } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const short = (state: FactState | undefined): string =>
  state === undefined || state.state === 'unknown'
    ? (state?.state ?? 'absent')
    : typeof state.value === 'string'
      ? state.value
      : JSON.stringify(state.value);

const POLICY = JSON.stringify({
  Statement: [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  ],
});
const BUCKET: Fields = {
  id: 'shop',
  arn: 'arn:aws:s3:::shop',
  bucket: 'shop',
  policy: POLICY,
  versioning: [{ enabled: true, mfa_delete: false }],
  logging: [{ target_bucket: 'logs', target_prefix: '' }],
  server_side_encryption_configuration: [
    {
      rule: [
        { apply_server_side_encryption_by_default: [{ sse_algorithm: 'aws:kms', kms_master_key_id: 'alias/shop' }] },
      ],
    },
  ],
};

/** The facts of a bucket that stays, in a plan that does something to a satellite of it. */
function after(type: string, actions: readonly string[], of = 'shop') {
  const change = (t: string, what: Fields): Json => ({
    address: `${t}.x`,
    mode: 'managed',
    type: t,
    name: 'x',
    change: what,
  });
  const before = { id: of, bucket: of };
  const document: Json = {
    format_version: '1.2',
    resource_changes: [
      change('aws_s3_bucket', { actions: ['no-op'], before: BUCKET, after: BUCKET, after_unknown: {} }),
      change(type, {
        actions: [...actions],
        before,
        after: actions.includes('delete') ? null : before,
        after_unknown: {},
      }),
    ],
  };
  return mapped(document)[0]?.facts;
}

describe('a bucket whose satellite the plan deletes no longer has what the satellite made', () => {
  test.each([
    ['aws_s3_bucket_policy', 'tls_only', 'true', 'false'],
    ['aws_s3_bucket_versioning', 'versioned', 'true', 'false'],
    ['aws_s3_bucket_logging', 'access_logged', 'true', 'false'],
    ['aws_s3_bucket_server_side_encryption_configuration', 'encryption', 'customer_key', 'provider_key'],
    ['aws_s3_bucket_public_access_block', 'public_access_blocked', 'unknown', 'false'],
  ])('%s', (type, fact, stays, goes) => {
    expect(short(after(type, ['delete'])?.[fact])).toBe(goes);
    // Terraform only forgets it; it belongs to another bucket.
    expect(short(after(type, ['forget'])?.[fact])).toBe(stays);
    expect(short(after(type, ['delete'], 'other')?.[fact])).toBe(stays);
  });
});

test("a key that a data source found by AWS's alias is AWS's", () => {
  const key = 'arn:aws:kms:eu-west-1:111122223333:key/0f1e2d3c';
  const rule = [{ apply_server_side_encryption_by_default: [{ sse_algorithm: 'aws:kms', kms_master_key_id: key }] }];
  const planned = plan(
    { address: 'aws_s3_bucket.b', after: { bucket: 'shop' } },
    { address: 'aws_s3_bucket_server_side_encryption_configuration.e', after: { bucket: 'shop', rule } },
  ) as Fields;
  const data = (type: string, values: Fields): Fields => ({
    prior_state: { values: { root_module: { child_modules: [{ resources: [{ mode: 'data', type, values }] }] } } },
  });
  const encryption = (more: Fields) => short(mapped({ ...planned, ...more })[0]?.facts.encryption);
  expect(encryption(data('aws_kms_alias', { name: 'alias/aws/s3', target_key_arn: key }))).toBe('provider_key');
  expect(encryption(data('aws_kms_key', { key_id: 'x', key_manager: 'AWS', arn: key }))).toBe('provider_key');
  expect(encryption(data('aws_kms_alias', { name: 'alias/shop', target_key_arn: key }))).toBe('customer_key');
  expect(encryption({})).toBe('customer_key');
});

describe('a Multi-AZ cluster in a plan is public by its subnet group', () => {
  const cluster = (
    attributes: Fields,
    more: { unknown?: Json; expressions?: Json; actions?: readonly string[] } = {},
  ) =>
    short(
      mapped(plan({ address: 'aws_rds_cluster.c', after: { engine: 'mysql', ...attributes }, ...more }))[0]?.facts
        .public_endpoint,
    );
  const unknown = { db_subnet_group_name: true };
  const from = (...references: readonly string[]): Json => ({ db_subnet_group_name: { references: [...references] } });
  test('without one', () => expect(cluster({}, { unknown, expressions: {} })).toBe('true'));
  test('with the default one', () => expect(cluster({ db_subnet_group_name: 'default' })).toBe('true'));
  test('with one of its own', () => expect(cluster({ db_subnet_group_name: 'shop' })).toBe('false'));
  test('with one of the plan', () =>
    expect(cluster({}, { unknown, expressions: from('aws_db_subnet_group.g.name', 'aws_db_subnet_group.g') })).toBe(
      'false',
    ));
  test('with one that is not known', () =>
    expect(cluster({}, { unknown, expressions: from('var.group') })).toBe('unknown'));
  test('where it exists', () => expect(cluster({}, { actions: ['update'] })).toBe('unknown'));
  test('restored', () => expect(cluster({ snapshot_identifier: 's' })).toBe('unknown'));
  test('not of Aurora', () => expect(cluster({ engine: 'aurora-mysql' })).toBe('false'));
});

test('a policy of a bucket whose name is planned speaks of it, or of another', () => {
  const tlsOnly = (name: Json, resource: string) => {
    const of = { references: ['aws_s3_bucket.b.id', 'aws_s3_bucket.b'] };
    const document = POLICY.replace(
      '"*","Condition"',
      `["arn:aws:s3:::${resource}","arn:aws:s3:::${resource}/*"],"Condition"`,
    );
    const made = plan(
      { address: 'aws_s3_bucket.b', after: { bucket: name } },
      {
        address: 'aws_s3_bucket_policy.p',
        after: { policy: document },
        unknown: { bucket: true },
        expressions: { bucket: of },
      },
    );
    return short(mapped(made)[0]?.facts.tls_only);
  };
  expect(tlsOnly('shop', 'shop')).toBe('true');
  expect(tlsOnly('shop', 'shop-old')).toBe('false');
  // S3 refuses a policy that names another bucket, so the name that is not known is this one.
  expect(tlsOnly(null, 'shop')).toBe('true');
});
