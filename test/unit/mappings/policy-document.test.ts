import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { analyseBucketPolicy, type PolicySubject } from '../../../shared/mappings/aws/policy-document.ts';
import { type Body, Unresolved } from '../../../shared/model/native.ts';

const OBJECTS = 'arn:aws:s3:::shop/*';
const BUCKET = 'arn:aws:s3:::shop';
const BOTH = [BUCKET, OBJECTS];
type Statement = { readonly [key: string]: Body };
const allow = (more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: OBJECTS,
  ...more,
});
const deny = (more: Statement = {}): Statement => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: BOTH,
  ...more,
});
const analyse = (statements: Body, subject: PolicySubject = { bucket: 'shop' }) =>
  analyseBucketPolicy({ Version: '2012-10-17', Statement: statements }, subject);
const read = (...statements: Statement[]) => analyse(statements).read;

describe('who is the public', () => {
  test.each<[string, Statement, string]>([
    ['*', { Principal: '*' }, 'yes'],
    ['AWS *', { Principal: { AWS: '*' } }, 'yes'],
    ['AWS [*]', { Principal: { AWS: ['*'] } }, 'yes'],
    ['AWS [account, *]', { Principal: { AWS: ['111122223333', '*'] } }, 'yes'],
    ['an account', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }, 'no'],
    ['a service', { Principal: { Service: 'cloudfront.amazonaws.com' } }, 'no'],
    ['a canonical user', { Principal: { CanonicalUser: '79a5' } }, 'no'],
    ['a federated identity', { Principal: { Federated: 'cognito-identity.amazonaws.com' } }, 'unknown'],
    ['a wildcard in an ARN', { Principal: { AWS: 'arn:aws:iam::*:root' } }, 'unknown'],
    ['nobody said', { Principal: null }, 'unknown'],
    ['a parameter', { Principal: { AWS: new Unresolved('${Who}', ['Who']) } }, 'unknown'],
    [
      'the own account',
      { Principal: { AWS: new Unresolved('arn:aws:iam::${AWS::AccountId}:root', ['AWS::AccountId']) } },
      'no',
    ],
  ])('%s', (_, more, expected) => {
    expect(read(allow(more))).toBe(expected);
  });
  test('all but a named one is the public', () => {
    const { Principal: _, ...rest } = allow();
    expect(read({ ...rest, NotPrincipal: { AWS: '111122223333' } })).toBe('yes');
    expect(read({ ...rest, NotPrincipal: '*' })).toBe('no');
  });
  test('a role of the same template is a named caller, a parameter may be anyone', () => {
    const principal = allow({ Principal: { AWS: new Unresolved('${Role.Arn}', ['Role']) } });
    expect(analyse(principal, { bucket: 'shop', types: { Role: 'AWS::IAM::Role' } }).read).toBe('no');
    expect(analyse(principal, { bucket: 'shop', types: {} }).read).toBe('unknown');
  });
});

describe('what is read and written', () => {
  test.each<[string, Body, Body, string, string]>([
    ['s3:GetObject', 's3:GetObject', OBJECTS, 'yes', 'no'],
    ['any case', 'S3:getobject', OBJECTS, 'yes', 'no'],
    ['s3:Get*', 's3:Get*', OBJECTS, 'yes', 'no'],
    ['?', 's3:GetObjec?', OBJECTS, 'yes', 'no'],
    ['s3:*', 's3:*', BOTH, 'yes', 'yes'],
    ['*', '*', BOTH, 'yes', 'yes'],
    ['s3:PutObject', 's3:PutObject', OBJECTS, 'no', 'yes'],
    ['s3:DeleteObject', ['s3:DeleteObject'], OBJECTS, 'no', 'yes'],
    ['s3:PutObjectAcl', 's3:PutObjectAcl', OBJECTS, 'no', 'yes'],
    ['s3:PutBucketPolicy', 's3:PutBucketPolicy', BUCKET, 'no', 'yes'],
    ['s3:ListBucket', 's3:ListBucket', BUCKET, 'yes', 'no'],
    ['a list on objects is no request', 's3:ListBucket', OBJECTS, 'no', 'no'],
    ['a read of the bucket is no request', 's3:GetObject', BUCKET, 'no', 'no'],
    ['s3:GetBucketLocation', 's3:GetBucketLocation', BUCKET, 'no', 'no'],
    ['one prefix', 's3:GetObject', `${BUCKET}/public/*`, 'yes', 'no'],
    ['bucket*', 's3:*', `${BUCKET}*`, 'yes', 'yes'],
    ['* as resource', 's3:GetObject', '*', 'yes', 'no'],
    ['another bucket', 's3:GetObject', 'arn:aws:s3:::other/*', 'no', 'no'],
    ['a pattern of names', 's3:GetObject', 'arn:aws:s3:::sh*/*', 'yes', 'no'],
    ['an unresolved action', new Unresolved('${Action}', ['Action']), OBJECTS, 'unknown', 'unknown'],
    ['an unresolved resource', 's3:GetObject', new Unresolved('${Where}', ['Where']), 'unknown', 'no'],
    ['a parameter as bucket', 's3:GetObject', new Unresolved('arn:aws:s3:::${Name}/*', ['Name']), 'yes', 'no'],
    ['the bucket of the template', 's3:GetObject', new Unresolved('${B.Arn}/*', ['B']), 'yes', 'no'],
  ])('%s', (_, Action, Resource, reads, writes) => {
    const got = analyse([allow({ Action, Resource })], { bucket: 'shop', types: { B: 'AWS::S3::Bucket' } });
    expect([got.read, got.write]).toEqual([reads, writes]);
  });
  test('NotAction and NotResource allow the rest', () => {
    const { Action: _a, Resource: _r, ...rest } = allow();
    expect(analyse([{ ...rest, NotAction: 's3:GetObject', Resource: OBJECTS }])).toMatchObject({
      read: 'yes',
      write: 'yes',
    });
    expect(analyse([{ ...rest, NotAction: 's3:*', Resource: OBJECTS }])).toMatchObject({ read: 'no', write: 'no' });
    expect(read({ ...rest, Action: 's3:GetObject', NotResource: `${BUCKET}/private/*` })).toBe('yes');
    expect(read({ ...rest, Action: 's3:GetObject', NotResource: OBJECTS })).toBe('no');
  });
});

describe('conditions that narrow the callers', () => {
  const when = (Condition: Body) => read(allow({ Condition }));
  test.each<[string, Body]>([
    ['VPC endpoint', { StringEquals: { 'aws:SourceVpce': 'vpce-1a2b3c4d' } }],
    ['any case of the key', { StringEquals: { 'AWS:sourceVPCE': 'vpce-1a2b3c4d' } }],
    ['VPC', { StringEquals: { 'aws:SourceVpc': ['vpc-1', 'vpc-2'] } }],
    ['organisation', { StringEquals: { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } }],
    ['organisation path', { 'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-a1b2c3d4e5/r-ab12/*' } }],
    ['account', { StringEquals: { 'aws:PrincipalAccount': '111122223333' } }],
    ['source account', { StringEquals: { 'aws:SourceAccount': '111122223333' } }],
    ['source ARN', { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudfront::111122223333:distribution/*' } }],
    ['principal ARN', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/*' } }],
    ['user id', { StringLike: { 'aws:userid': 'AROAEXAMPLEID:*' } }],
    ['office addresses', { IpAddress: { 'aws:SourceIp': ['198.51.100.0/24', '2001:db8:1::/48'] } }],
    ['private addresses', { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }],
    [
      'all values, of a request that has some',
      {
        'ForAllValues:StringLike': { 'aws:PrincipalOrgPaths': 'o-a1b2c3d4e5/r-ab12/*' },
        Null: { 'aws:principalOrgPaths': 'false' },
      },
    ],
    [
      'IfExists, of a key that exists',
      { StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' }, Null: { 'aws:SourceVpce': false } },
    ],
    [
      'two conditions, one narrows',
      { Bool: { 'aws:SecureTransport': 'true' }, StringEquals: { 'aws:SourceVpce': 'vpce-1' } },
    ],
  ])('%s', (_, condition) => {
    expect(when(condition)).toBe('no');
  });
  test.each<[string, Body]>([
    ['0.0.0.0/0', { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } }],
    ['::/0', { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '::/0'] } }],
    ['both halves', { IpAddress: { 'aws:SourceIp': ['0.0.0.0/1', '128.0.0.0/1'] } }],
    ['an IPv6 range wider than /32', { IpAddress: { 'aws:SourceIp': '2600::/24' } }],
    ['all but some addresses', { NotIpAddress: { 'aws:SourceIp': '198.51.100.0/24' } }],
    ['all but an endpoint', { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } }],
    ['IfExists', { StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' } }],
    ['ForAllValues', { 'ForAllValues:StringEquals': { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' } }],
    [
      'ForAllValues, and the key is not there',
      {
        'ForAllValues:StringEquals': { 'aws:PrincipalOrgID': 'o-a1b2c3d4e5' },
        Null: { 'aws:PrincipalOrgID': 'true' },
      },
    ],
    [
      'IfExists, and another key exists',
      { StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' }, Null: { 'aws:SourceVpc': 'false' } },
    ],
    ['wildcard organisation', { StringLike: { 'aws:PrincipalOrgID': 'o-*' } }],
    ['wildcard', { StringLike: { 'aws:SourceVpce': '*' } }],
    ['one value is a wildcard', { StringLike: { 'aws:PrincipalAccount': ['111122223333', '*'] } }],
    ['any account', { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/Reader' } }],
    ['buckets of a name that anyone can take', { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::logs-*' } }],
    ['private addresses of any network', { IpAddress: { 'aws:VpcSourceIp': '10.0.0.0/8' } }],
    ['the referer', { StringLike: { 'aws:Referer': 'https://example.com/*' } }],
    ['TLS', { Bool: { 'aws:SecureTransport': 'true' } }],
    ['any endpoint', { Null: { 'aws:SourceVpce': 'false' } }],
    ['a tag that the caller sets', { StringEquals: { 'aws:PrincipalTag/team': 'red' } }],
    ['an object tag', { StringEquals: { 's3:ExistingObjectTag/public': 'yes' } }],
  ])('not: %s', (_, condition) => {
    expect(when(condition)).toBe('yes');
  });
  test.each<[string, Body]>([
    ['a parameter', { StringEquals: { 'aws:SourceVpce': new Unresolved('${Vpce}', ['Vpce']) } }],
    ['an unknown key', { StringEquals: { 'aws:SomethingNew': 'x' } }],
    ['an access point', { StringEquals: { 's3:DataAccessPointAccount': '111122223333' } }],
    ['a policy variable', { StringEquals: { 'aws:userid': '${aws:userid}' } }],
    [
      'a parameter that says whether the key is there',
      {
        StringEqualsIfExists: { 'aws:SourceVpce': 'vpce-1' },
        Null: { 'aws:SourceVpce': new Unresolved('${Never}', ['Never']) },
      },
    ],
    ['no range at all', { IpAddress: { 'aws:SourceIp': 'office' } }],
    ['a date', { DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' } }],
    ['not known', new Unresolved('Fn::If')],
  ])('unknown: %s', (_, condition) => {
    expect(when(condition)).toBe('unknown');
  });
  test('an endpoint that the template makes is one fixed endpoint', () => {
    const statement = allow({
      Condition: { StringEquals: { 'aws:SourceVpce': new Unresolved('${Endpoint}', ['Endpoint']) } },
    });
    expect(analyse([statement], { types: { Endpoint: 'AWS::EC2::VPCEndpoint' } }).read).toBe('no');
  });
});

describe('a deny wins over an allow', () => {
  test('where it covers all of it, in any order', () => {
    expect(read(allow(), deny())).toBe('no');
    expect(read(deny(), allow())).toBe('no');
    expect(read(allow(), deny({ Action: '*', Resource: '*' }))).toBe('no');
    expect(read(allow({ Resource: `${BUCKET}/a/*` }), deny({ Resource: `${BUCKET}/a*` }))).toBe('no');
    const { Principal: _, ...rest } = deny();
    expect(read(allow(), { ...rest, NotPrincipal: { AWS: 'arn:aws:iam::111122223333:root' } })).toBe('no');
    const { Resource: _r, ...where } = deny();
    expect(read(allow(), { ...where, NotResource: `${BUCKET}/public/*` })).toBe('yes');
    expect(read(allow({ Resource: `${BUCKET}/internal/*` }), { ...where, NotResource: `${BUCKET}/public/*` })).toBe(
      'no',
    );
  });
  test('not where it covers less', () => {
    expect(read(allow(), deny({ Resource: `${BUCKET}/private/*` }))).toBe('yes');
    expect(read(allow(), deny({ Action: 's3:PutObject' }))).toBe('yes');
    expect(read(allow(), deny({ Principal: { AWS: '111122223333' } }))).toBe('yes');
    expect(read(allow({ Action: 's3:Get*' }), deny({ Action: 's3:GetObject' }))).toBe('yes');
    expect(read(allow(), deny({ Condition: { Bool: { 'aws:SecureTransport': 'false' } } }))).toBe('yes');
  });
  test('a deny for all but named callers leaves only them', () => {
    expect(read(allow(), deny({ Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } }))).toBe('no');
    expect(read(allow(), deny({ Condition: { NotIpAddress: { 'aws:SourceIp': '198.51.100.0/24' } } }))).toBe('no');
    expect(read(allow(), deny({ Condition: { NotIpAddress: { 'aws:SourceIp': '0.0.0.0/0' } } }))).toBe('yes');
    expect(read(allow(), deny({ Condition: { StringEquals: { 'aws:SourceVpce': 'vpce-1' } } }))).toBe('yes');
    expect(read(allow(), deny({ Condition: { 'ForAnyValue:StringNotEquals': { 'aws:PrincipalOrgID': 'o-1' } } }))).toBe(
      'yes',
    );
    expect(
      read(
        allow(),
        deny({
          Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' }, Bool: { 'aws:SecureTransport': 'false' } },
        }),
      ),
    ).toBe('yes');
  });
  test('a deny that cannot be decided makes the answer unknown', () => {
    expect(read(allow(), deny({ Resource: new Unresolved('${Where}', ['Where']) }))).toBe('unknown');
    expect(read(allow(), deny({ Condition: { BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' } } }))).toBe(
      'unknown',
    );
    expect(read(allow(), { ...deny(), Effect: new Unresolved('${Effect}', ['Effect']) })).toBe('unknown');
  });
});

describe('requests without TLS are refused', () => {
  const tls = (...statements: Statement[]) => analyse(statements).tls_only;
  const plain: Body = { Bool: { 'aws:SecureTransport': 'false' } };
  test.each<[string, Statement[]]>([
    ['the usual statement', [deny({ Condition: plain })]],
    ['a JSON false', [deny({ Condition: { Bool: { 'aws:SecureTransport': false } } })]],
    ['IfExists', [deny({ Condition: { BoolIfExists: { 'aws:SecureTransport': ['false'] } } })]],
    ['all actions', [deny({ Action: '*', Condition: plain })]],
    ['AWS *', [deny({ Principal: { AWS: '*' }, Condition: plain })]],
    ['bucket*', [deny({ Resource: `${BUCKET}*`, Condition: plain })]],
    ['two statements', [deny({ Resource: BUCKET, Condition: plain }), deny({ Resource: OBJECTS, Condition: plain })]],
    ['a version of TLS', [deny({ Condition: { NumericLessThanIfExists: { 's3:TlsVersion': '1.2' } } })]],
    ['everything is refused', [deny()]],
  ])('%s', (_, statements) => {
    expect(tls(...statements)).toBe('yes');
  });
  test.each<[string, Statement[]]>([
    ['no statement', []],
    ['objects only', [deny({ Resource: OBJECTS, Condition: plain })]],
    ['the bucket only', [deny({ Resource: BUCKET, Condition: plain })]],
    ['some objects', [deny({ Resource: [BUCKET, `${BUCKET}/a/*`], Condition: plain })]],
    ['some actions', [deny({ Action: ['s3:Get*', 's3:Put*'], Condition: plain })]],
    ['one caller', [deny({ Principal: { AWS: '111122223333' }, Condition: plain })]],
    ['all but one caller', [{ ...deny({ Condition: plain, NotPrincipal: { AWS: '111122223333' } }) }]],
    [
      'with a further condition',
      [deny({ Condition: { ...(plain as object), StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } })],
    ],
    ['TLS is refused', [deny({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } })]],
    ['an allow with TLS refuses nothing', [allow({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } })]],
  ])('not: %s', (_, statements) => {
    expect(tls(...statements)).toBe('no');
  });
  test.each<[string, Statement[]]>([
    [
      'an old TLS version: whether plain requests have a version',
      [deny({ Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } })],
    ],
    ['a parameter as resource', [deny({ Resource: new Unresolved('${Where}', ['Where']), Condition: plain })]],
    [
      'a parameter as value',
      [deny({ Condition: { Bool: { 'aws:SecureTransport': new Unresolved('${Tls}', ['Tls']) } } })],
    ],
  ])('unknown: %s', (_, statements) => {
    expect(tls(...statements)).toBe('unknown');
  });
  test('in a template, whose bucket has no name yet', () => {
    const statement = deny({
      Resource: [new Unresolved('${B.Arn}', ['B']), new Unresolved('arn:aws:s3:::${B}/*', ['B'])],
      Condition: plain,
    });
    expect(analyse([statement], { types: { B: 'AWS::S3::Bucket' } }).tls_only).toBe('yes');
  });
});

describe('any input', () => {
  test.each<[string, Body]>([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['no statement', {}],
    ['not known', new Unresolved('x')],
  ])('%s: unknown', (_, policy) => {
    expect(analyseBucketPolicy(policy)).toEqual({ read: 'unknown', write: 'unknown', tls_only: 'unknown' });
  });
  test('a statement by itself, and a policy as text', () => {
    expect(analyseBucketPolicy(JSON.stringify({ Statement: allow() })).read).toBe('yes');
  });
  test('any JSON gives answers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const got = analyseBucketPolicy({ Statement: value as Body });
        expect(['yes', 'no', 'unknown']).toContain(got.read);
      }),
    );
  });
  test('adding a deny never makes anything public, adding an allow never makes it private', () => {
    const element = (...values: Body[]) => fc.constantFrom(...values);
    const statement = fc.record({
      Effect: element('Allow', 'Deny'),
      Principal: element('*', { AWS: '111122223333' }),
      Action: element('s3:*', 's3:GetObject', 's3:Put*', 's3:ListBucket'),
      Resource: element(OBJECTS, BUCKET, BOTH, '*', `${BUCKET}/a/*`),
      Condition: element(
        {},
        { StringNotEquals: { 'aws:SourceVpce': 'v' } },
        { StringEquals: { 'aws:SourceVpce': 'v' } },
      ),
    });
    const order = { no: 0, unknown: 1, yes: 2 };
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 5 }), statement, (statements, more) => {
        const before = analyse(statements);
        const after = analyse([...statements, more]);
        for (const way of ['read', 'write'] as const) {
          if (more.Effect === 'Deny') expect(order[after[way]]).toBeLessThanOrEqual(order[before[way]]);
          else expect(order[after[way]]).toBeGreaterThanOrEqual(order[before[way]]);
        }
      }),
    );
  });
});
