import { describe, expect, test } from 'vitest';
import { analyseBucketPolicy } from '../../../../shared/mappings/aws/policy-document.ts';
import type { FactState } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { template } from '../../../support/aws-documents.ts';
import { mapped } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };

const UNDECIDED: Fields = {
  Parameters: { Env: { Type: 'String' } },
  Conditions: { Prod: { 'Fn::Equals': [{ Ref: 'Env' }, 'prod'] } },
};
const tlsOf = (...resources: readonly Json[]): Json => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: resources,
      Condition: { Bool: { 'aws:SecureTransport': false } },
    },
  ],
});
const allOf = (bucket: string): Json => tlsOf({ 'Fn::GetAtt': [bucket, 'Arn'] }, { 'Fn::Sub': `\${${bucket}.Arn}/*` });
const bucket = (properties: Fields = {}, more: Fields = {}): Json => ({
  Type: 'AWS::S3::Bucket',
  Properties: properties,
  ...more,
});
const policy = (of: Json, document: Json, more: Fields = {}): Json => ({
  Type: 'AWS::S3::BucketPolicy',
  Properties: { Bucket: of, PolicyDocument: document },
  ...more,
});
/** A fact of a resource of a template, in short. */
function fact(resources: Fields, id: string, name: string, sections: Fields = UNDECIDED): string {
  const state: FactState | undefined = mapped(template(resources, sections)).find((r) => r.id === id)?.facts[name];
  return state === undefined || state.state === 'unknown'
    ? (state?.state ?? 'absent')
    : typeof state.value === 'string'
      ? state.value
      : JSON.stringify(state.value);
}

describe('a bucket policy that a template does not surely give to a bucket', () => {
  const WHEN = { Condition: 'Prod' };
  test.each<[string, Fields, string]>([
    ['is under an undecided condition', { B: bucket(), P: policy({ Ref: 'B' }, allOf('B'), WHEN) }, 'unknown'],
    ['and so is the bucket', { B: bucket({}, WHEN), P: policy({ Ref: 'B' }, allOf('B'), WHEN) }, 'true'],
    [
      'the other branch is elsewhere',
      { B: bucket(), P: policy({ 'Fn::If': ['Prod', { Ref: 'B' }, 'x'] }, allOf('B')) },
      'unknown',
    ],
    [
      'both branches are it',
      { B: bucket(), P: policy({ 'Fn::If': ['Prod', { Ref: 'B' }, { Ref: 'B' }] }, allOf('B')) },
      'true',
    ],
    [
      'there are two',
      { B: bucket(), P: policy({ Ref: 'B' }, allOf('B')), Q: policy({ Ref: 'B' }, { Statement: [] }) },
      'unknown',
    ],
    [
      'its name only begins like the bucket',
      { B: bucket(), P: policy({ 'Fn::Sub': '${B}-logs' }, tlsOf('*')) },
      'false',
    ],
    ['it speaks of another bucket', { B: bucket(), L: bucket(), P: policy({ Ref: 'B' }, allOf('L')) }, 'false'],
  ])('%s', (_, resources, tlsOnly) => {
    expect(fact(resources, 'B', 'tls_only')).toBe(tlsOnly);
  });

  test('a name made of the name of another resource is followed', () => {
    const resources = {
      B: bucket({ BucketName: 'shop' }),
      L: bucket({ BucketName: 'shop-logs' }),
      P: policy({ 'Fn::Sub': '${B}-logs' }, tlsOf('*')),
    };
    expect([fact(resources, 'B', 'tls_only'), fact(resources, 'L', 'tls_only')]).toEqual(['false', 'true']);
  });
});

test('a rule under an undecided condition leaves the group open, and one of an unknown group is judged by itself', () => {
  const group = { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'web' } };
  const rule = (of: Json, more: Fields = {}): Json => ({
    Type: 'AWS::EC2::SecurityGroupIngress',
    Properties: { GroupId: of, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' },
    ...more,
  });
  const ingress = (resources: Fields) =>
    mapped(template(resources, UNDECIDED)).map((r) => r.facts.ingress) as readonly { value?: Json; closed?: boolean }[];
  const [maybe] = ingress({ G: group, R: rule({ Ref: 'G' }, { Condition: 'Prod' }) });
  expect(maybe).toMatchObject({ value: [], closed: false });
  const [mine, other] = ingress({ G: group, R: rule({ 'Fn::ImportValue': 'group' }) });
  expect(mine).toMatchObject({ value: [], closed: true });
  expect(other).toMatchObject({ value: [{ internet: true }], closed: false });
});

describe('what a template includes', () => {
  const INCLUDE = { Name: 'AWS::Include', Parameters: { Location: 's3://snippets/bucket.yaml' } };
  const states = (resources: Fields, sections: Fields = {}) =>
    ['public_access_blocked', 'versioned', 'data_classification'].map((f) => fact(resources, 'B', f, sections));
  test('among properties hides them all, the tags too', () => {
    expect(states({ B: bucket({ BucketName: 'shop', 'Fn::Transform': INCLUDE }) })).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
  });
  test.each<[string, Fields, Fields]>([
    ['a macro', { B: bucket() }, { Transform: ['Company::Defaults'] }],
    ['a snippet among the resources', { B: bucket(), 'Fn::Transform': INCLUDE }, {}],
  ])('%s may set what is not written', (_, resources, sections) => {
    expect(states(resources, sections).slice(0, 2)).toEqual(['unknown', 'unknown']);
  });
  test('the transforms of AWS that only expand what is written do not', () => {
    expect(states({ B: bucket() }, { Transform: 'AWS::LanguageExtensions' })).toEqual([
      'true',
      'false',
      '{"none":true}',
    ]);
  });
});

test.each<[string, Json, string]>([
  [
    "AWS's alias",
    { 'Fn::Sub': 'arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/aws/s3' },
    'provider_key',
  ],
  ['an alias', { 'Fn::Sub': 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:alias/shop' }, 'customer_key'],
  ['a key of the template', { 'Fn::Sub': 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/${K}' }, 'customer_key'],
  ['a key that is a parameter', { 'Fn::Sub': 'arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/${Env}' }, 'unknown'],
  ['the alias that is a parameter', { 'Fn::Sub': 'alias/${Env}' }, 'unknown'],
])('the place in an ARN does not hide whose key it is: %s', (_, key, encryption) => {
  const rules = [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } }];
  const resources = (list: Json): Fields => ({
    B: bucket({ BucketEncryption: { ServerSideEncryptionConfiguration: list } }),
    K: { Type: 'AWS::KMS::Key', Properties: {} },
  });
  expect(fact(resources(rules), 'B', 'encryption')).toBe(encryption);
  // One rule where a list of rules is meant.
  expect(fact(resources(rules[0] as Json), 'B', 'encryption')).toBe(encryption);
});

describe('a member of a cluster that the template does not show', () => {
  const member = (cluster: Json, more: Fields = {}): Fields => ({
    M: { Type: 'AWS::RDS::DBInstance', Properties: { Engine: 'aurora-mysql', DBClusterIdentifier: cluster } },
    ...more,
  });
  test.each<[string, Json]>([
    ['imported', { 'Fn::ImportValue': 'cluster' }],
    ['one branch of an undecided condition', { 'Fn::If': ['Prod', { Ref: 'C' }, 'other'] }],
  ])('%s', (_, cluster) => {
    const resources = member(cluster, {
      C: { Type: 'AWS::RDS::DBCluster', Properties: { Engine: 'aurora-mysql', BackupRetentionPeriod: 30 } },
    });
    expect(fact(resources, 'M', 'backup_retention_days')).toBe('unknown');
    expect(fact(resources, 'M', 'deletion_protected')).toBe('unknown');
  });
});

test('a tag of less weight does not stand for one whose value is not known', () => {
  const tags = (...list: readonly Json[]): Fields => ({ B: bucket({ Tags: list }) });
  const open = { Key: 'data-classification', Value: { Ref: 'Env' } };
  const low = { Key: 'classification', Value: 'internal' };
  expect(fact(tags(open, low), 'B', 'data_classification')).toBe('unknown');
  expect(fact(tags({ ...open, Value: 'restricted' }, low), 'B', 'data_classification')).toBe('restricted');
});

test('a policy that is the text of a text is read', () => {
  const text = JSON.stringify(tlsOf('*'));
  expect(analyseBucketPolicy(JSON.stringify(text))).toEqual(analyseBucketPolicy(text));
  expect(analyseBucketPolicy(text).tls_only).toBe('yes');
});

test('a parameter that is not to be echoed is not known, whatever its default', () => {
  const sections = { Parameters: { Secret: { Type: 'String', NoEcho: 'true', Default: 'correct-horse' } } };
  const rules = [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: { Ref: 'Secret' } } }];
  const resources = { B: bucket({ BucketEncryption: { ServerSideEncryptionConfiguration: rules } }) };
  const facts = mapped(template(resources, sections))[0]?.facts;
  expect(facts?.encryption?.state).toBe('unknown');
  expect(JSON.stringify(facts)).not.toContain('correct-horse');
});

test.each(['constructor', '__proto__'])('a resource of a type called %s is only another type', (type) => {
  const change = { address: 'a.b', mode: 'managed', type, name: 'b', change: { actions: ['create'], after: {} } };
  expect(mapped({ format_version: '1.2', resource_changes: [change] })).toEqual([]);
  expect(
    mapped([
      { resourceType: 'A::B', resourceId: 'a', configuration: {} },
      { resourceType: type, resourceId: 'b', configuration: {} },
    ]),
  ).toEqual([]);
});

test('a policy that names another bucket than its own refuses nothing of it', () => {
  const both = (name: string) => tlsOf(`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`);
  const of = (name: string) => ({ B: bucket({ BucketName: 'shop' }), P: policy({ Ref: 'B' }, both(name)) });
  expect(fact(of('shop'), 'B', 'tls_only')).toBe('true');
  expect(fact(of('shop-old'), 'B', 'tls_only')).toBe('false');
});

test('scalars as YAML writes them', () => {
  const database = (properties: Fields) => ({
    D: { Type: 'AWS::RDS::DBInstance', Properties: { Engine: 'postgres', ...properties } },
  });
  expect(fact(database({ EngineVersion: 16 }), 'D', 'tls_required')).toBe('true');
  expect(fact(database({ EngineVersion: 14.9 }), 'D', 'tls_required')).toBe('false');
  expect(fact(database({ PubliclyAccessible: 'no' }), 'D', 'public_endpoint')).toBe('false');
  expect(fact(database({ StorageEncrypted: 'yes' }), 'D', 'encryption')).toBe('provider_key');
  const statement = { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' };
  const tls = (value: string) =>
    analyseBucketPolicy({ Statement: { ...statement, Condition: { Bool: { 'aws:SecureTransport': value } } } })
      .tls_only;
  expect(['false', 'true', 'no'].map(tls)).toEqual(['yes', 'no', 'unknown']);
});
