/** Parts of a CloudFormation template whose owner's name the template does not decide. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const OPEN = {
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: false,
    IgnorePublicAcls: false,
    BlockPublicPolicy: false,
    RestrictPublicBuckets: false,
  },
};
const template = (bucketName: Json | undefined, policyOf: Json): Json => ({
  AWSTemplateFormatVersion: '2010-09-09',
  Parameters: { Name: { Type: 'String' }, Stage: { Type: 'String' } },
  Conditions: { Live: { 'Fn::Equals': [{ Ref: 'Stage' }, 'live'] } },
  Mappings: { Names: { 'eu-west-1': { shop: 'shop' } } },
  Resources: {
    Shop: {
      Type: 'AWS::S3::Bucket',
      Properties: { ...OPEN, ...(bucketName === undefined ? {} : { BucketName: bucketName }) },
    },
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: policyOf,
        PolicyDocument: { Statement: { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' } },
      },
    },
  },
});
/** Whether the public may read each bucket: `Shop`, and one that is not in the template. */
const read = (bucketName: Json | undefined, policyOf: Json): Fields =>
  Object.fromEntries(
    mapped(template(bucketName, policyOf)).map(({ id, facts: { public_read: state } }) => [
      id === 'Shop' ? id : 'another',
      state === undefined || state.state === 'unknown' ? 'unknown' : (state.value as boolean),
    ]),
  );

const IF: Json = { 'Fn::If': ['Live', 'shop', 'shop-test'] };
const FIND: Json = { 'Fn::FindInMap': ['Names', { Ref: 'AWS::Region' }, 'shop'] };
const SUB: Json = { 'Fn::Sub': 'shop-${AWS::AccountId}' };
const PARAMETER: Json = { Ref: 'Name' };

describe('a policy of a bucket', () => {
  test.each([
    ['by an undecided condition', IF, IF],
    ['by a map that the region decides', FIND, FIND],
    ['by the account, where that is written out', 'shop-111122223333', SUB],
    ['by a parameter', 'shop', PARAMETER],
  ])('%s may be that of a bucket with a name', (_, name, policyOf) => {
    expect(read(name, policyOf)).toEqual({ Shop: 'unknown' });
  });

  test.each([
    ['by the same text', SUB, { 'Fn::Join': ['-', ['shop', { Ref: 'AWS::AccountId' }]] }, { Shop: true }],
    ['by a parameter, beside a bucket without a name', undefined, PARAMETER, { Shop: false, another: 'unknown' }],
    ['that another stack exports', 'shop', { 'Fn::ImportValue': 'x' }, { Shop: false, another: 'unknown' }],
  ])('%s is told apart', (_, name, policyOf, wanted) => {
    expect(read(name, policyOf)).toEqual(wanted);
  });
});

test('a rule of a security group by a parameter is not that of one that the template makes', () => {
  const resources = mapped({
    AWSTemplateFormatVersion: '2010-09-09',
    Parameters: { Group: { Type: 'AWS::EC2::SecurityGroup::Id' } },
    Resources: {
      Web: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupName: 'web', GroupDescription: 'web' } },
      Ssh: {
        Type: 'AWS::EC2::SecurityGroupIngress',
        Properties: { GroupId: { Ref: 'Group' }, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' },
      },
    },
  });
  expect(resources.map(({ id, facts: { ingress } }) => [id, ingress?.state, ingress])).toMatchObject([
    ['Web', 'default', { value: [], closed: true }],
    ['${Group}', 'known', { closed: false }],
  ]);
});

describe('a security group that is handed to a nested stack', () => {
  const group = (rules: Json): Json => ({
    Type: 'AWS::EC2::SecurityGroup',
    Properties: { GroupDescription: 'web', SecurityGroupIngress: rules },
  });
  const ingress = (rules: Json, handed: Json) =>
    mapped({
      AWSTemplateFormatVersion: '2010-09-09',
      Resources: {
        Web: group(rules),
        App: {
          Type: 'AWS::CloudFormation::Stack',
          Properties: { TemplateURL: 'https://example.com/app.yaml', Parameters: handed },
        },
      },
    })[0]?.facts['ingress'];

  test.each([
    ['may get further rules there', { Group: { 'Fn::GetAtt': ['Web', 'GroupId'] } }, false],
    ['may be one of several', { Groups: { 'Fn::Join': [',', [{ Ref: 'Web' }, 'sg-1']] } }, false],
    ['or not', { Name: 'web' }, true],
  ])('%s', (_, handed, closed) => {
    expect(ingress([], handed)).toMatchObject({ value: [], closed });
    const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIp: '0.0.0.0/0' };
    expect(ingress([rule], handed)).toMatchObject({ value: [{ internet: true }], closed });
  });
});

test('a macro may add rules to a security group', () => {
  const [web] = mapped({
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AddRules',
    Resources: { Web: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'web' } } },
  });
  expect(web?.facts['ingress']).toMatchObject({ value: [], closed: false });
});
