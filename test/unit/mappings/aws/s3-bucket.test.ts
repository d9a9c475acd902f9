import { describe, expect, test } from 'vitest';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { awsApi } from '../../../../shared/mappings/dialects/aws-api.ts';
import { configEvent as eventForm } from '../../../../shared/mappings/dialects/aws-config.ts';
import type { Json } from '../../../../shared/model/json.ts';
import {
  accountBlockItem,
  blockOf,
  bucketItem,
  type BucketOptions,
  configEvent,
  configHistory,
  template,
} from '../../../support/aws-documents.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

const ON = blockOf(true, true, true, true);
const OFF = blockOf(false, false, false, false);
const READ_BY_ALL: Json = {
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shop/*' }],
};
const say = (state: unknown): string => {
  const s = state as { state: string; value?: unknown; why?: string };
  return s.state === 'unknown' ? `unknown ${s.why}` : `${s.state} ${String(s.value)}`;
};
const live = (o: BucketOptions) => only(configEvent(bucketItem(o))).facts;
const withAccount = (o: BucketOptions, block: Json, status?: string) =>
  only(configHistory(bucketItem(o), accountBlockItem(block, status))).facts;

describe('public access of a live bucket', () => {
  test.each<[string, BucketOptions, string, string]>([
    ['a public policy, all blocks on', { block: ON, policy: READ_BY_ALL }, 'known false', 'known false'],
    ['a public policy, no block', { policy: READ_BY_ALL }, 'assumed true', 'unknown not_collected'],
    [
      'a public policy, new ones refused',
      { block: blockOf(true, true, true, false), policy: READ_BY_ALL },
      'assumed true',
      'known false',
    ],
    [
      'a public ACL, new ones refused',
      { block: blockOf(true, false, true, true), grants: [{ grantee: 'AllUsers', permission: 'Read' }] },
      'assumed true',
      'unknown not_collected',
    ],
    [
      'a public ACL, ignored',
      { block: blockOf(false, true, false, false), grants: [{ grantee: 'AllUsers', permission: 'FullControl' }] },
      'known false',
      'known false',
    ],
    [
      'any account writes',
      { grants: [{ grantee: 'AuthenticatedUsers', permission: 'Write' }] },
      'unknown not_collected',
      'assumed true',
    ],
    [
      'any account may change the ACL',
      { grants: [{ grantee: 'AuthenticatedUsers', permission: 'WriteAcp' }] },
      'unknown not_collected',
      'assumed true',
    ],
    [
      'everyone may read the ACL',
      { block: blockOf(false, false, false, true), grants: [{ grantee: 'AllUsers', permission: 'ReadAcp' }] },
      'unknown not_collected',
      'unknown not_collected',
    ],
    [
      'a grantee by URI',
      { grants: [{ grantee: { uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }, permission: 'Read' }] },
      'assumed true',
      'unknown not_collected',
    ],
    [
      'the log delivery group',
      { block: blockOf(false, true, false, false), grants: [{ grantee: 'LogDelivery', permission: 'Write' }] },
      'known false',
      'known false',
    ],
    [
      'nothing public, but objects may have ACLs',
      { block: blockOf(true, false, true, true) },
      'unknown not_collected',
      'unknown not_collected',
    ],
    [
      'ACLs disabled',
      {
        block: blockOf(false, false, false, true),
        more: { OwnershipControls: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] } },
      },
      'known false',
      'known false',
    ],
    [
      'the policy was not delivered',
      { block: blockOf(true, true, true, false), without: ['BucketPolicy'] },
      'unknown not_collected',
      'unknown not_collected',
    ],
    [
      'the ACL was not delivered',
      { block: blockOf(true, false, true, true), without: ['AccessControlList'] },
      'unknown not_collected',
      'unknown not_collected',
    ],
    [
      'a grant that is not known',
      { block: blockOf(true, false, true, true), grants: [{ grantee: 'AllUsers', permission: 'Future' }] },
      'unknown unresolved',
      'unknown unresolved',
    ],
  ])('%s', (_, options, reads, writes) => {
    const facts = live(options);
    expect([say(facts.public_read), say(facts.public_write)]).toEqual([reads, writes]);
  });
});

describe('the block of the account', () => {
  test('wins over the bucket, and is named as a part', () => {
    const facts = withAccount({ block: OFF, policy: READ_BY_ALL }, ON);
    expect(facts.public_read).toMatchObject({ state: 'known', value: false, part: 'account' });
    expect(say(facts.public_access_blocked)).toBe('known true');
  });
  test('that is seen off makes a violation known', () => {
    expect(say(withAccount({ block: OFF, policy: READ_BY_ALL }, OFF).public_read)).toBe('known true');
    expect(say(withAccount({ block: OFF }, OFF).public_access_blocked)).toBe('known false');
  });
  test('that is deleted is off', () => {
    expect(say(withAccount({ block: OFF, policy: READ_BY_ALL }, null, 'ResourceDeleted').public_read)).toBe(
      'known true',
    );
    expect(say(withAccount({ block: OFF }, null, 'ResourceDeleted').public_access_blocked)).toBe('default false');
  });
  test('that was never seen is assumed off, and the evidence says so', () => {
    expect(live({ block: OFF }).public_access_blocked).toEqual({
      state: 'assumed',
      value: false,
      because: expect.stringContaining('never seen'),
    });
  });
  test('does not matter where the bucket decides', () => {
    expect(say(live({ block: ON }).public_access_blocked)).toBe('known true');
  });
  test('complements the bucket switch by switch', () => {
    const facts = withAccount({ block: blockOf(true, false, true, false) }, blockOf(false, true, false, true));
    expect(say(facts.public_access_blocked)).toBe('known true');
  });
});

test('Object Ownership that was read back disables ACLs', () => {
  const options: BucketOptions = { block: blockOf(false, false, false, true) };
  const natives = [
    ...eventForm.read(configEvent(bucketItem(options)), {}),
    ...awsApi.read(
      { Bucket: 'shop', OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
      { orderKey: '2026' },
    ),
  ];
  const { resources } = mapDocument(natives);
  expect(resources).toHaveLength(1);
  expect(say(live(options).public_read)).toBe('unknown not_collected');
  expect(say(resources[0]?.facts.public_read)).toBe('known false');
});

describe('what a Config item does not carry', () => {
  test('a block or encryption that is absent is not set', () => {
    const facts = withAccount({}, OFF);
    expect(say(facts.public_access_blocked)).toBe('default false');
    expect(say(facts.encryption)).toBe('default provider_key');
  });
  test('without any supplementary configuration nothing is known', () => {
    const facts = only(configEvent({ ...bucketItem(), supplementary: {} })).facts;
    for (const fact of [
      'public_read',
      'public_write',
      'public_access_blocked',
      'encryption',
      'tls_only',
      'versioned',
      'access_logged',
    ]) {
      expect([fact, say(facts[fact])]).toEqual([fact, 'unknown not_collected']);
    }
  });
  test('history and event give the same facts under the same id', () => {
    const item = bucketItem({ block: ON, policy: READ_BY_ALL, grants: [{ grantee: 'AllUsers', permission: 'Read' }] });
    const strip = (text: string) =>
      text.replaceAll('/configurationItems/0', '').replaceAll('/detail/configurationItem', '');
    const a = only(configEvent(item));
    const b = only(configHistory(item));
    expect(b.id).toBe(a.id);
    expect(strip(JSON.stringify(b.facts))).toBe(strip(JSON.stringify(a.facts)));
  });
});

describe('encryption', () => {
  test.each<[string, BucketOptions['sse'], string]>([
    ['S3', { sseAlgorithm: 'AES256', kmsMasterKeyID: null }, 'known provider_key'],
    ['KMS without a key', { sseAlgorithm: 'aws:kms', kmsMasterKeyID: null }, 'default provider_key'],
    [
      'the alias of AWS',
      { sseAlgorithm: 'aws:kms', kmsMasterKeyID: 'arn:aws:kms:eu-west-1:111122223333:alias/aws/s3' },
      'known provider_key',
    ],
    ['an own alias', { sseAlgorithm: 'aws:kms', kmsMasterKeyID: 'alias/shop' }, 'known customer_key'],
    [
      'an own key, two layers',
      { sseAlgorithm: 'aws:kms:dsse', kmsMasterKeyID: 'arn:aws:kms:eu-west-1:111122223333:key/1' },
      'known customer_key',
    ],
    ['an algorithm of the future', { sseAlgorithm: 'aws:quantum', kmsMasterKeyID: null }, 'unknown invalid'],
  ])('%s', (_, sse, expected) => {
    expect(say(live(sse === undefined ? {} : { sse }).encryption)).toBe(expected);
  });
});

describe('a bucket of a template', () => {
  const facts = (properties: Json, more: { [id: string]: Json } = {}) => {
    const found = mapped(template({ B: { Type: 'AWS::S3::Bucket', Properties: properties }, ...more })).find(
      (r) => r.id === 'B',
    );
    if (found === undefined) throw new Error('no bucket');
    return found.facts;
  };
  const policy = (statement: Json, bucket: Json = { Ref: 'B' }): { [id: string]: Json } => ({
    P: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: bucket, PolicyDocument: { Statement: [statement] } } },
  });
  const allow: Json = {
    Effect: 'Allow',
    Principal: '*',
    Action: 's3:GetObject',
    Resource: { 'Fn::Sub': '${B.Arn}/*' },
  };
  const blockOff: Json = {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  };

  test('has the defaults of new buckets', () => {
    const got = facts({});
    for (const [fact, value] of Object.entries({
      public_read: false,
      public_write: false,
      public_access_blocked: true,
      encryption: 'provider_key',
      tls_only: false,
      versioned: false,
      access_logged: false,
    })) {
      expect([fact, got[fact]]).toEqual([fact, expect.objectContaining({ state: 'default', value })]);
    }
    expect(got.public_access_blocked).toMatchObject({ because: expect.stringMatching(/^https:/), on: '2026-11-25' });
  });
  test('a block that is written leaves the rest off', () => {
    expect(say(facts({ PublicAccessBlockConfiguration: { BlockPublicAcls: true } }).public_access_blocked)).toMatch(
      /false$/,
    );
  });
  test('finds its policy by reference, by name, and by a name that is not known', () => {
    const open = { PublicAccessBlockConfiguration: blockOff };
    expect(say(facts(open, policy(allow)).public_read)).toBe('assumed true');
    const named = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::shop/*' };
    expect(say(facts({ ...open, BucketName: 'shop' }, policy(named, 'shop')).public_read)).toBe('assumed true');
    const text: Json = { 'Fn::Sub': '${AWS::StackName}-shop' };
    expect(say(facts({ ...open, BucketName: text }, policy(allow, text)).public_read)).toBe('assumed true');
  });
  test('a public ACL is taken as effective although S3 would refuse it', () => {
    const got = facts({ AccessControl: 'PublicRead', PublicAccessBlockConfiguration: blockOff });
    expect(got.public_read).toMatchObject({ state: 'assumed', value: true });
    const enforced = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] };
    expect(
      say(
        facts({ AccessControl: 'PublicRead', PublicAccessBlockConfiguration: blockOff, OwnershipControls: enforced })
          .public_read,
      ),
    ).toMatch(/false$/);
  });
  test('with ACLs enabled and no block its objects may be public', () => {
    const writer = { Rules: [{ ObjectOwnership: 'ObjectWriter' }] };
    expect(say(facts({ PublicAccessBlockConfiguration: blockOff, OwnershipControls: writer }).public_read)).toBe(
      'unknown not_collected',
    );
    // No public ACL will ever be accepted, and there are no objects yet.
    const refused = { ...(blockOff as object), BlockPublicAcls: true } as Json;
    expect(say(facts({ PublicAccessBlockConfiguration: refused, OwnershipControls: writer }).public_read)).toMatch(
      /false$/,
    );
  });
  test('Object Lock brings versioning', () => {
    expect(say(facts({ ObjectLockEnabled: true }).versioned)).toBe('default true');
    expect(say(facts({ ObjectLockEnabled: false }).versioned)).toBe('default false');
  });
  test('logs go to the bucket itself where no other is named', () => {
    expect(say(facts({ LoggingConfiguration: { LogFilePrefix: 'log/' } }).access_logged)).toBe('known true');
    expect(say(facts({ LoggingConfiguration: { DestinationBucketName: { Ref: 'Logs' } } }).access_logged)).toBe(
      'known true',
    );
  });
  test('a key of the template is the customer’s, a parameter may be any', () => {
    const sse = (key: Json): Json => ({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
        ],
      },
    });
    const key = { K: { Type: 'AWS::KMS::Key', Properties: {} } };
    expect(say(facts(sse({ 'Fn::GetAtt': ['K', 'Arn'] }), key).encryption)).toBe('known customer_key');
    expect(say(facts(sse({ Ref: 'SomeParameter' })).encryption)).toBe('unknown unresolved');
    expect(say(facts(sse({ 'Fn::If': ['C', { Ref: 'K' }, { Ref: 'AWS::NoValue' }] }), key).encryption)).toBe(
      'unknown unresolved',
    );
  });
});

describe('a bucket of a plan', () => {
  const bucket = (after: { [k: string]: Json } = {}, actions: readonly string[] = ['create']) => ({
    address: 'aws_s3_bucket.b',
    after: { bucket: 'shop', ...after },
    actions,
  });
  const part = (type: string, after: { [k: string]: Json }) => ({
    address: `${type}.p`,
    after: { bucket: 'shop', ...after },
  });

  test('legacy blocks inside the bucket are read', () => {
    const facts = only(
      plan(
        bucket({
          acl: 'private',
          versioning: [{ enabled: true }],
          logging: [{ target_bucket: 'logs' }],
          server_side_encryption_configuration: [
            {
              rule: [
                {
                  apply_server_side_encryption_by_default: [
                    { sse_algorithm: 'aws:kms', kms_master_key_id: 'alias/shop' },
                  ],
                },
              ],
            },
          ],
          policy: JSON.stringify({
            Statement: [
              {
                Effect: 'Deny',
                Principal: '*',
                Action: 's3:*',
                Resource: ['arn:aws:s3:::shop', 'arn:aws:s3:::shop/*'],
                Condition: { Bool: { 'aws:SecureTransport': false } },
              },
            ],
          }),
        }),
      ),
    ).facts;
    expect(['versioned', 'access_logged', 'encryption', 'tls_only'].map((f) => say(facts[f]))).toEqual([
      'known true',
      'known true',
      'known customer_key',
      'known true',
    ]);
  });
  test('satellites win over what the bucket shows of itself', () => {
    const facts = only(
      plan(
        bucket({ versioning: [{ enabled: true }], policy: JSON.stringify(READ_BY_ALL) }, ['update']),
        part('aws_s3_bucket_versioning', { versioning_configuration: [{ status: 'Suspended' }] }),
        part('aws_s3_bucket_policy', { policy: '{"Statement":[]}' }),
        part('aws_s3_bucket_public_access_block', {
          block_public_acls: true,
          ignore_public_acls: true,
          block_public_policy: false,
          restrict_public_buckets: false,
        }),
      ),
    ).facts;
    expect(say(facts.versioned)).toBe('known false');
    expect(say(facts.public_read)).toBe('known false');
  });
  test('of a bucket that exists already, a block that the plan lacks is not known', () => {
    const facts = only(plan(bucket({ policy: JSON.stringify(READ_BY_ALL) }, ['update']))).facts;
    expect(say(facts.public_access_blocked)).toBe('unknown not_collected');
    expect(say(facts.public_read)).toBe('unknown not_collected');
  });
  test('a grant to everyone by URI', () => {
    const facts = only(
      plan(
        bucket({}, ['update']),
        part('aws_s3_bucket_acl', {
          access_control_policy: [
            {
              grant: [
                {
                  permission: 'WRITE',
                  grantee: [{ type: 'Group', uri: 'http://acs.amazonaws.com/groups/global/AllUsers', id: '' }],
                },
              ],
              owner: [{ id: 'owner' }],
            },
          ],
        }),
        part('aws_s3_bucket_public_access_block', {
          block_public_acls: false,
          ignore_public_acls: false,
          block_public_policy: true,
          restrict_public_buckets: true,
        }),
      ),
    ).facts;
    expect(say(facts.public_write)).toBe('assumed true');
  });
});
