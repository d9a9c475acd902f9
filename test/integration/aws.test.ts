/** The AWS clients: the real SDKs against a server that answers as the services do, with answers of our own in the recorded shape. */
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import { makeApiReadBack } from '../../shared/adapters/aws/api-read-back.ts';
import { fromAws } from '../../shared/adapters/aws/errors.ts';
import { makeConfigReadBack } from '../../shared/adapters/aws/config-read-back.ts';
import { makeAwsInventory } from '../../shared/adapters/aws/inventory.ts';
import { makeAwsReadBack } from '../../shared/adapters/aws/read-back.ts';
import { makeS3Quarantine } from '../../shared/adapters/aws/s3-quarantine.ts';
import { readSecret } from '../../shared/adapters/aws/secret.ts';
import { makeSqsQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { awsApi } from '../../shared/mappings/dialects/aws-api.ts';
import { configItem } from '../../shared/mappings/dialects/aws-config.ts';
import type { Notice } from '../../shared/model/change.ts';
import { type Answered, type Asked, type Provider, startProvider } from '../support/provider.ts';

const clock = { now: () => Date.parse('2026-11-25T12:00:10.000Z') };
const place = { account: '111122223333', region: 'eu-central-1' };

let provider: Provider;
afterEach(() => provider.stop());
async function start(answer: (asked: Asked, n: number) => Answered | undefined) {
  provider = await startProvider(answer);
  const options = {
    endpoint: provider.url,
    region: place.region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    forcePathStyle: true,
  };
  return {
    options,
    config: new ConfigServiceClient(options),
    apis: {
      sageMaker: new SageMakerClient(options),
      rds: new RDSClient(options),
      s3Control: new S3ControlClient({ ...options, useArnRegion: false }),
    },
  };
}
const target = (asked: Asked): string => String(asked.headers['x-amz-target']).split('.').at(-1) ?? '';
/** An error in the JSON protocols. */
const refusal = (status: number, type: string, message = type): Answered => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: { __type: type, message },
});

describe('an oversized Config change', () => {
  const notice: Notice = {
    is: 'notice',
    cloud: 'aws',
    resourceId: 'arn:aws:ec2:eu-central-1:111122223333:security-group/sg-0abc',
    nativeType: 'AWS::EC2::SecurityGroup',
    ...place,
    changedAt: '2026-11-25T12:00:00.123Z',
    hints: { resourceId: 'sg-0abc' },
  };
  const item = (captured: string) => ({
    version: '1.3',
    accountId: place.account,
    configurationItemCaptureTime: Date.parse(captured) / 1000,
    configurationItemStatus: 'OK',
    configurationStateId: '1764072000123',
    arn: notice.resourceId,
    resourceType: 'AWS::EC2::SecurityGroup',
    resourceId: 'sg-0abc',
    awsRegion: place.region,
    tags: {},
    configuration: JSON.stringify({ groupId: 'sg-0abc', ipPermissions: [] }),
    supplementaryConfiguration: {},
  });

  it('is read from the history, newest first, until the capture time is the notice’s', async () => {
    const { config } = await start(({ body }) => {
      const { nextToken } = JSON.parse(body) as { nextToken?: string };
      return {
        status: 200,
        body:
          nextToken === undefined
            ? { configurationItems: [item('2026-11-25T12:00:05.000Z')], nextToken: 'more' }
            : { configurationItems: [item('2026-11-25T12:00:00.123Z'), item('2026-11-25T11:00:00.000Z')] },
      };
    });
    const answer = await makeConfigReadBack(config).read(notice);
    expect(answer).toMatchObject({ is: 'found', readKey: notice.changedAt });
    if (answer.is !== 'found') return;
    const [native] = configItem.read(answer.documents[0]?.document ?? null, {});
    expect(native).toMatchObject({ id: notice.resourceId, changedAt: notice.changedAt });
    expect(provider.asked.map((asked) => JSON.parse(asked.body) as unknown)).toMatchObject([
      { resourceType: 'AWS::EC2::SecurityGroup', resourceId: 'sg-0abc', chronologicalOrder: 'Reverse' },
      { nextToken: 'more' },
    ]);
  });

  it.each([
    ['an older one', [item('2026-11-25T11:00:00.000Z')]],
    ['nothing', []],
  ])('whose history holds only %s is not there yet: it comes again', async (_what, configurationItems) => {
    const { config } = await start(() => ({ status: 200, body: { configurationItems } }));
    await expect(makeConfigReadBack(config).read(notice)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it.each([
    [refusal(400, 'ThrottlingException', 'Rate exceeded'), 'UPSTREAM_THROTTLED'],
    [refusal(400, 'ResourceNotDiscoveredException'), 'UPSTREAM_UNAVAILABLE'],
    [refusal(500, 'InternalFailure'), 'UPSTREAM_UNAVAILABLE'],
    [refusal(403, 'ExpiredTokenException'), 'UPSTREAM_UNAVAILABLE'],
    [refusal(403, 'SignatureDoesNotMatch'), 'UPSTREAM_UNAVAILABLE'],
    [undefined, 'UPSTREAM_UNAVAILABLE'],
  ])('that is answered %j is retried: it proves nothing', async (answer, code) => {
    const { config } = await start(() => answer);
    await expect(makeConfigReadBack(config).read(notice)).rejects.toMatchObject({ code, retryable: true });
  });

  it('that may not be read is denied', async () => {
    const { config } = await start(() => refusal(400, 'AccessDeniedException'));
    expect(await makeConfigReadBack(config).read(notice)).toMatchObject({
      is: 'denied',
      native: { id: notice.resourceId },
    });
  });
});

describe('what Config does not carry', () => {
  const endpoint: Notice = {
    is: 'notice',
    cloud: 'aws',
    resourceId: 'arn:aws:sagemaker:eu-central-1:111122223333:endpoint/shop',
    nativeType: 'AWS::SageMaker::Endpoint',
    ...place,
    changedAt: '2026-11-25T12:00:00.000Z',
    hints: { name: 'shop' },
  };

  it('a SageMaker endpoint is read with its configuration and its tags', async () => {
    const { apis } = await start((asked) => ({
      status: 200,
      body: {
        DescribeEndpoint: {
          EndpointName: 'shop',
          EndpointArn: endpoint.resourceId,
          EndpointConfigName: 'shop-1',
          EndpointStatus: 'InService',
          CreationTime: 1764072000,
          LastModifiedTime: 1764072000,
        },
        DescribeEndpointConfig: {
          EndpointConfigName: 'shop-1',
          EndpointConfigArn: 'arn:aws:sagemaker:eu-central-1:111122223333:endpoint-config/shop-1',
          ProductionVariants: [],
          KmsKeyId: 'arn:aws:kms:eu-central-1:111122223333:key/1',
          CreationTime: 1764072000,
        },
        ListTags: { Tags: [{ Key: 'environment', Value: 'production' }] },
      }[target(asked)],
    }));
    const answer = await makeApiReadBack(apis, clock).read(endpoint);
    expect(answer).toMatchObject({ is: 'found', readKey: '2026-11-25T12:00:08.000Z' });
    if (answer.is !== 'found') return;
    const natives = answer.documents.flatMap((d) => awsApi.read(d.document, { orderKey: answer.readKey }));
    expect(natives.map((n) => [n.type, n.id])).toEqual([
      ['AWS::SageMaker::Endpoint', endpoint.resourceId],
      ['AWS::SageMaker::EndpointConfig', 'arn:aws:sagemaker:eu-central-1:111122223333:endpoint-config/shop-1'],
    ]);
    expect(natives[0]?.tags).toMatchObject({ state: 'known', value: [{ key: 'environment', value: 'production' }] });
  });

  it('a SageMaker endpoint that is not there is gone; one that is refused or throttled is not', async () => {
    let answer = refusal(400, 'ValidationException', 'Could not find endpoint "arn:…:endpoint/shop".');
    const { apis } = await start(() => answer);
    const readBack = makeApiReadBack(apis, clock);
    expect(await readBack.read(endpoint)).toMatchObject({
      is: 'gone',
      native: { dialect: 'aws.api', id: endpoint.resourceId },
    });
    answer = refusal(400, 'ValidationException', '1 validation error detected');
    await expect(readBack.read(endpoint)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    answer = refusal(400, 'AccessDeniedException');
    expect(await readBack.read(endpoint)).toMatchObject({ is: 'denied' });
    answer = refusal(400, 'ThrottlingException');
    await expect(readBack.read(endpoint)).rejects.toMatchObject({ code: 'UPSTREAM_THROTTLED' });
  });

  const group: Notice = {
    ...endpoint,
    resourceId: 'arn:aws:rds:eu-central-1:111122223333:pg:shop-postgres',
    nativeType: 'AWS::RDS::DBParameterGroup',
    hints: {},
  };
  const xml = (action: string, result: string): Answered => ({
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<${action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${action}Result>${result}</${action}Result></${action}Response>`,
  });

  it('a parameter group is read whole, page by page, with its family', async () => {
    const parameter = (name: string, value: string) =>
      `<Parameter><ParameterName>${name}</ParameterName><ParameterValue>${value}</ParameterValue></Parameter>`;
    const { apis } = await start(({ body }) => {
      const asked = new URLSearchParams(body);
      if (asked.get('Action') === 'DescribeDBParameterGroups')
        return xml(
          'DescribeDBParameterGroups',
          `<DBParameterGroups><DBParameterGroup><DBParameterGroupName>shop-postgres</DBParameterGroupName><DBParameterGroupFamily>postgres16</DBParameterGroupFamily><DBParameterGroupArn>${group.resourceId}</DBParameterGroupArn></DBParameterGroup></DBParameterGroups>`,
        );
      return asked.get('Marker') === null
        ? xml('DescribeDBParameters', `<Parameters>${parameter('a', '1')}</Parameters><Marker>2</Marker>`)
        : xml('DescribeDBParameters', `<Parameters>${parameter('rds.force_ssl', '0')}</Parameters>`);
    });
    const answer = await makeApiReadBack(apis, clock).read(group);
    expect(answer).toMatchObject({
      is: 'found',
      documents: [
        {
          document: {
            DBParameterGroupName: 'shop-postgres',
            DBParameterGroupFamily: 'postgres16',
            Parameters: [{ ParameterName: 'a' }, { ParameterName: 'rds.force_ssl', ParameterValue: '0' }],
          },
        },
      ],
    });
    if (answer.is !== 'found') return;
    const [native] = awsApi.read(answer.documents[0]?.document ?? null, { orderKey: answer.readKey });
    expect(native?.id).toBe(group.resourceId);
  });

  it('a parameter group that is not there is gone', async () => {
    const { apis } = await start(() => ({
      status: 404,
      headers: { 'content-type': 'text/xml' },
      body: '<ErrorResponse><Error><Type>Sender</Type><Code>DBParameterGroupNotFound</Code><Message>none</Message></Error></ErrorResponse>',
    }));
    expect(await makeApiReadBack(apis, clock).read(group)).toMatchObject({ is: 'gone' });
  });

  it('a type that nobody reads is unsupported', async () => {
    const { apis } = await start(() => ({ status: 200 }));
    expect(await makeApiReadBack(apis, clock).read({ ...group, nativeType: 'AWS::EC2::Instance' })).toEqual({
      is: 'unsupported',
      nativeType: 'AWS::EC2::Instance',
    });
  });
});

describe('a notice of another place', () => {
  const endpoint: Notice = {
    is: 'notice',
    cloud: 'aws',
    resourceId: 'arn:aws:sagemaker:eu-central-1:444455556666:endpoint/chat',
    nativeType: 'AWS::SageMaker::Endpoint',
    ...place,
    changedAt: '2026-11-25T12:00:00.000Z',
    hints: { name: 'chat' },
  };
  const identity: Answered = {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${place.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  };
  async function startHome(sts: Answered = identity) {
    const { options } = await start(() => sts);
    const asked: (string | undefined)[] = [];
    const home = makeAwsReadBack(new STSClient(options), ({ region }) => ({
      read: async ({ nativeType = '' }) => {
        asked.push(region);
        return { is: 'unsupported', nativeType };
      },
    }));
    return { home, asked };
  }

  it('of another account is denied, and never gone: here nobody has heard of it', async () => {
    const { home, asked } = await startHome();
    expect(await home.read({ ...endpoint, account: '444455556666' })).toMatchObject({
      is: 'denied',
      readKey: endpoint.changedAt,
      native: {
        dialect: 'aws.api',
        type: 'AWS::SageMaker::Endpoint',
        id: endpoint.resourceId,
        account: '444455556666',
      },
    });
    expect(asked).toEqual([]);
  });

  it('of this account is read in its own region', async () => {
    const { home, asked } = await startHome();
    await home.read({ ...endpoint, region: 'us-east-1' });
    await home.read({ ...endpoint, region: 'global' });
    expect(asked).toEqual(['us-east-1', undefined]);
  });

  it('of another account is read as the reader’s role there, in its own region, and is denied where that is refused', async () => {
    const member = '444455556666';
    let refused = false;
    const { options } = await start(({ body }) => {
      const asked = new URLSearchParams(body);
      if (asked.get('Action') !== 'AssumeRole') return identity;
      return refused
        ? {
            status: 403,
            headers: { 'content-type': 'text/xml' },
            body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
          }
        : {
            status: 200,
            headers: { 'content-type': 'text/xml' },
            body: `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${asked.get('RoleArn')}</AccessKeyId><SecretAccessKey>${asked.get('ExternalId')}</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
          };
    });
    const used: unknown[] = [];
    const reader = makeAwsReadBack(
      new STSClient(options),
      ({ region, credentials }) => ({
        read: async ({ nativeType = '', account, resourceId, changedAt: readKey }) => {
          const native = { dialect: 'aws.api', type: nativeType, id: resourceId } as const;
          try {
            used.push([account, region, await credentials?.()]);
            return { is: 'gone', readKey, native };
          } catch (error) {
            return fromAws(error, 'read').code === 'UPSTREAM_DENIED'
              ? { is: 'denied', readKey, native }
              : Promise.reject(error);
          }
        },
      }),
      { role: 'edict-reader', externalId: 'edict-0123456789' },
    );
    expect(await reader.read({ ...endpoint, account: member, region: 'us-east-1' })).toMatchObject({ is: 'gone' });
    await reader.read(endpoint);
    expect(used).toEqual([
      [
        member,
        'us-east-1',
        expect.objectContaining({
          accessKeyId: `arn:aws:iam::${member}:role/edict-reader`,
          secretAccessKey: 'edict-0123456789',
          expiration: new Date('2099-01-01T00:00:00Z'),
        }),
      ],
      [place.account, place.region, undefined],
    ]);
    refused = true;
    expect(await reader.read({ ...endpoint, account: member, region: 'us-east-1' })).toMatchObject({ is: 'denied' });
    // What is no account is nobody's.
    expect(await reader.read({ ...endpoint, account: '../1' })).toMatchObject({ is: 'denied' });
  });

  it('comes again while nobody can say which account this is', async () => {
    const { home } = await startHome({ status: 500, body: '' });
    await expect(home.read(endpoint)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('the inventory', () => {
  async function startInventory(answer: (asked: Asked) => Answered | undefined, aggregator?: string) {
    const { options, config } = await start(answer);
    return makeAwsInventory({
      config,
      sageMaker: new SageMakerClient(options),
      sts: new STSClient(options),
      clock,
      types: ['AWS::S3::Bucket', 'AWS::RDS::DBInstance'],
      ...(aggregator === undefined ? {} : { aggregator }),
    });
  }
  const DATABASES = 'account#AWS::RDS::DBInstance';
  const row = (name: string, more: object = {}) =>
    JSON.stringify({
      resourceType: 'AWS::RDS::DBInstance',
      resourceId: `db-${name}`,
      resourceName: name,
      accountId: place.account,
      awsRegion: place.region,
      configurationItemCaptureTime: '2026-11-25T11:00:00.000Z',
      configurationItemStatus: 'OK',
      configurationStateId: '1',
      configuration: { dBInstanceIdentifier: name, ...more },
      tags: [],
    });

  it('asks Config for whole items, page by page, and for the parameter groups that databases rest on', async () => {
    const inventory = await startInventory(({ body }) => {
      const { NextToken } = JSON.parse(body) as { NextToken?: string };
      return {
        status: 200,
        body: {
          Results: [row(NextToken ?? 'first', { dBParameterGroups: [{ dBParameterGroupName: 'shop-postgres' }] })],
          QueryInfo: { SelectFields: [{ Name: 'configuration' }, { Name: 'supplementaryConfiguration' }] },
          ...(NextToken === undefined ? { NextToken: 'second' } : {}),
        },
      };
    });
    expect(inventory.scopes).toEqual(['account#AWS::S3::Bucket', DATABASES, 'services']);
    const first = await inventory.page(DATABASES, undefined);
    expect(first.next).toBe('second');
    expect(first.contents).toMatchObject([
      { is: 'document', form: 'config-select' },
      { is: 'notice', resourceId: 'arn:aws:rds:eu-central-1:111122223333:pg:shop-postgres' },
    ]);
    expect((await inventory.page(DATABASES, 'second')).next).toBeUndefined();
    const { Expression } = JSON.parse(provider.asked[0]?.body ?? '') as { Expression: string };
    expect(Expression).toContain("WHERE resourceType = 'AWS::RDS::DBInstance'");
    expect(Expression).toMatch(/\bconfiguration\b.*\bsupplementaryConfiguration\b/);
  });

  it('asks an aggregator where one is configured', async () => {
    const inventory = await startInventory(() => ({ status: 200, body: { Results: [] } }), 'organisation');
    await inventory.page('organisation#AWS::S3::Bucket', undefined);
    expect(target(provider.asked[0] as Asked)).toBe('SelectAggregateResourceConfig');
    expect(JSON.parse(provider.asked[0]?.body ?? '')).toMatchObject({ ConfigurationAggregatorName: 'organisation' });
  });

  it('says which list would hold a resource, and of what something must be in it before an absence says anything', async () => {
    const { covers } = await startInventory(() => undefined);
    const there = { cloud: 'aws', account: '111122223333', region: 'eu-central-1' } as const;
    expect(covers?.({ ...there, id: 'arn:aws:s3:::files', nativeType: 'AWS::S3::Bucket' })).toEqual({
      scope: 'account#AWS::S3::Bucket',
      place: '111122223333 eu-central-1 AWS::S3::Bucket',
      absence: 'gone',
    });
    // Config does not record it: the service is asked.
    const endpoint = 'arn:aws:sagemaker:eu-central-1:111122223333:endpoint/shop';
    expect(covers?.({ ...there, id: endpoint, nativeType: 'AWS::SageMaker::Endpoint' })).toMatchObject({
      scope: 'services',
      absence: { is: 'notice', resourceId: endpoint, hints: { name: 'shop' } },
    });
    expect(covers?.({ ...there, id: 'x', nativeType: 'AWS::SageMaker::Model' })).toBeUndefined();
  });

  it('lists from the services what Config lacks', async () => {
    const inventory = await startInventory((asked) =>
      target(asked) === 'ListEndpoints'
        ? {
            status: 200,
            body: {
              Endpoints: [
                { EndpointName: 'shop', EndpointArn: 'arn:aws:sagemaker:eu-central-1:111122223333:endpoint/shop' },
              ],
              NextToken: 'more',
            },
          }
        : {
            status: 200,
            headers: { 'content-type': 'text/xml' },
            body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
          },
    );
    expect(await inventory.page('services', undefined)).toMatchObject({
      next: 'more',
      contents: [
        { nativeType: 'AWS::S3::AccountPublicAccessBlock', account: '111122223333' },
        { nativeType: 'AWS::SageMaker::Endpoint', region: 'eu-central-1', hints: { name: 'shop' } },
      ],
    });
  });

  it.each([
    [refusal(400, 'ThrottlingException'), 'UPSTREAM_THROTTLED'],
    [refusal(400, 'AccessDeniedException'), 'UPSTREAM_DENIED'],
    [refusal(500, 'InternalFailure'), 'UPSTREAM_UNAVAILABLE'],
  ])('says what %j means', async (answer, code) => {
    const inventory = await startInventory(() => answer);
    await expect(inventory.page(DATABASES, undefined)).rejects.toMatchObject({ code });
  });
});

describe('what is ours', () => {
  it('the queue takes ten messages and 250 KB a call; one that is not surely taken fails them all', async () => {
    const { createHash } = await import('node:crypto');
    const calls: number[] = [];
    const { options } = await start(({ body }) => {
      const { Entries } = JSON.parse(body) as { Entries: { Id: string; MessageBody: string }[] };
      calls.push(Entries.length);
      const refused = Entries.filter(({ MessageBody }) => MessageBody.includes('refuse'));
      return {
        status: 200,
        body: {
          Successful: Entries.filter((e) => !refused.includes(e)).map(({ Id, MessageBody }) => ({
            Id,
            MessageId: Id,
            MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
          })),
          Failed: refused.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
        },
      };
    });
    const queue = makeSqsQueue<string>(new SQSClient(options), `${provider.url}/1/changes`);
    await queue.send(Array.from({ length: 25 }, (_, i) => `m${i}`));
    expect(calls.splice(0)).toEqual([10, 10, 5]);
    await queue.send(Array.from({ length: 4 }, () => 'x'.repeat(100 * 1024)));
    expect(calls.splice(0)).toEqual([2, 2]);
    await queue.send([]);
    expect(calls).toEqual([]);
    await expect(queue.send(['fine', 'refuse'])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('the quarantine says when it does not take something', async () => {
    const { options } = await start(() => ({
      status: 503,
      headers: { 'content-type': 'text/xml' },
      body: '<Error><Code>SlowDown</Code></Error>',
    }));
    const item = { id: 'a', source: 's', receivedAt: 'x', code: 'EVENT_INVALID', reason: 'r', content: 'c' } as const;
    await expect(makeS3Quarantine(new S3Client(options), 'bucket').put(item)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });

  it('a secret is read as text, and nothing of it is in an error', async () => {
    let answer: Answered = { status: 200, body: { SecretString: 'xoxb-1' } };
    const { options } = await start(() => answer);
    const client = new SecretsManagerClient(options);
    expect(await readSecret(client, 'slack')).toBe('xoxb-1');
    answer = { status: 200, body: { SecretBinary: 'eA==' } };
    await expect(readSecret(client, 'slack')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    answer = refusal(400, 'AccessDeniedException');
    await expect(readSecret(client, 'slack')).rejects.toMatchObject({ code: 'UPSTREAM_DENIED' });
  });
});
