/** Every call that is made to a provider for one answer fails once in every way: the real clients over the wire. */
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { STSClient } from '@aws-sdk/client-sts';
import { OAuth2Client } from 'google-auth-library';
import { describe, expect } from 'vitest';
import { makeApiReadBack } from '../../shared/adapters/aws/api-read-back.ts';
import { makeConfigReadBack } from '../../shared/adapters/aws/config-read-back.ts';
import { makeAwsInventory } from '../../shared/adapters/aws/inventory.ts';
import { makeArmClient } from '../../shared/adapters/azure/arm-client.ts';
import { makeArmReadBack } from '../../shared/adapters/azure/arm-read-back.ts';
import { makeResourceGraphInventory } from '../../shared/adapters/azure/resource-graph-inventory.ts';
import { makeAssetInventory } from '../../shared/adapters/gcp/asset-inventory.ts';
import { inTime } from '../../shared/adapters/service/read-backs.ts';
import { changeIdOf } from '../../shared/model/change.ts';
import { type AppError, isAppError } from '../../shared/model/errors.ts';
import type { InventoryPage } from '../../shared/ports/inventory.ts';
import type { ReadAnswer } from '../../shared/ports/read-back.ts';
import { count, drill } from '../support/drill.ts';
import { type Answered, type Asked, startProvider } from '../support/provider.ts';
import { makeShippedService } from '../support/shipped-service.ts';

const clock = { now: () => Date.parse('2026-11-25T12:00:10.000Z') };
const place = { account: '111122223333', region: 'eu-central-1' };
const subscription = 'c0ffee00-0000-4000-8000-00000000abcd';
const storage = `/subscriptions/${subscription}/resourcegroups/shop/providers/microsoft.storage/storageaccounts/shopfiles`;

/** How one call fails. A truncated page breaks off in the middle of its JSON; a lost one has no answer at all. */
const FAULTS = ['403', '429', '500', '503', 'cut', 'truncated', 'empty', 'silence'] as const;

const isXml = (body: unknown): body is string => typeof body === 'string';
const xml = (body: string): Answered => ({ status: 200, headers: { 'content-type': 'text/xml' }, body });
const rds = (action: string, result: string): Answered =>
  xml(
    `<${action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${action}Result>${result}</${action}Result></${action}Response>`,
  );
const xmlRefusal = (status: number): Answered => {
  const code = { 403: 'AccessDenied', 429: 'Throttling' }[status] ?? 'InternalError';
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { ...xml(`<ErrorResponse>${error}</ErrorResponse>`), status };
};
const s3Refusal = (status: number): Answered => {
  const code = { 403: 'AccessDenied', 429: 'SlowDown' }[status] ?? 'InternalError';
  return { ...xml(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`), status };
};
const operation = (asked: Asked): string => String(asked.headers['x-amz-target']).split('.').at(-1) ?? '';
const endpointArn = `arn:aws:sagemaker:${place.region}:${place.account}:endpoint/shop`;
/** A read of what Config does not carry. */
const apiRead = (url: string, nativeType: string, resourceId: string): Promise<ReadAnswer> =>
  makeApiReadBack(
    {
      sageMaker: new SageMakerClient(aws(url)),
      rds: new RDSClient(aws(url)),
      s3Control: new S3ControlClient({
        ...aws(url),
        // The account before the name of the server makes no name where the server is an address.
        endpointProvider: () => ({ url: new URL(url) }),
      }),
    },
    clock,
  ).read({
    is: 'notice',
    cloud: 'aws',
    resourceId,
    nativeType,
    ...place,
    changedAt: '2026-11-25T12:00:00.000Z',
  });

/** What is asked, as a program of calls: the good answers, and what the caller makes of all of them. */
interface Ask {
  readonly title: string;
  /** The refusals of this protocol. */
  readonly refuse: (status: number) => Answered;
  readonly answer: (asked: Asked, open?: boolean) => Answered;
  /** There is another state of the resource, in which it is open to the world: `answer` gives it where it is asked to. */
  readonly opens?: true;
  readonly run: (url: string) => Promise<ReadAnswer | readonly InventoryPage[]>;
}
const aws = (url: string) => ({
  endpoint: url,
  region: place.region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
const awsRefusal = (status: number): Answered => {
  const type = { 403: 'AccessDeniedException', 429: 'ThrottlingException' }[status] ?? 'InternalFailure';
  return { status, headers: { 'x-amzn-errortype': type }, body: { __type: type, message: type } };
};
const azureRefusal = (status: number): Answered => {
  const code = { 403: 'AuthorizationFailed', 429: 'TooManyRequests' }[status] ?? 'InternalServerError';
  return { status, body: { error: { code, message: code } } };
};
const googleRefusal = (status: number): Answered => {
  const said = { 403: 'PERMISSION_DENIED', 429: 'RESOURCE_EXHAUSTED' }[status] ?? 'INTERNAL';
  return { status, body: { error: { code: status, status: said, message: said } } };
};
const item = (captured: string, open = false) => ({
  version: '1.3',
  accountId: place.account,
  configurationItemCaptureTime: Date.parse(captured) / 1000,
  configurationItemStatus: 'OK',
  configurationStateId: '1764072000123',
  arn: `arn:aws:ec2:eu-central-1:${place.account}:security-group/sg-0abc`,
  resourceType: 'AWS::EC2::SecurityGroup',
  resourceId: 'sg-0abc',
  awsRegion: place.region,
  tags: {},
  configuration: JSON.stringify({
    groupId: 'sg-0abc',
    ipPermissions: open
      ? [
          {
            ipProtocol: 'tcp',
            fromPort: 22,
            toPort: 22,
            ipv4Ranges: [{ cidrIp: '0.0.0.0/0' }],
            ipRanges: ['0.0.0.0/0'],
          },
        ]
      : [],
  }),
  supplementaryConfiguration: {},
});
const pagesOf = async (
  page: (next: string | undefined) => Promise<InventoryPage>,
): Promise<readonly InventoryPage[]> => {
  const pages: InventoryPage[] = [];
  let next: string | undefined;
  do {
    const one = await page(next);
    pages.push(one);
    next = one.next;
  } while (next !== undefined);
  return pages;
};
const config = (name: string) =>
  JSON.stringify({
    resourceType: 'AWS::S3::Bucket',
    resourceId: name,
    resourceName: name,
    accountId: place.account,
    awsRegion: place.region,
    arn: `arn:aws:s3:::${name}`,
    configurationItemCaptureTime: '2026-11-25T11:00:00.000Z',
    configurationItemStatus: 'OK',
    configurationStateId: '1',
    configuration: { name },
    tags: [],
  });
const ASKS: readonly Ask[] = [
  {
    title: 'AWS Config history',
    refuse: awsRefusal,
    opens: true,
    answer: ({ body }, open) => ({
      status: 200,
      body:
        (JSON.parse(body) as { nextToken?: string }).nextToken === undefined
          ? { configurationItems: [item('2026-11-25T12:00:05.000Z', open)], nextToken: 'more' }
          : { configurationItems: [item('2026-11-25T12:00:00.123Z', open)] },
    }),
    run: (url) =>
      makeConfigReadBack(new ConfigServiceClient(aws(url))).read({
        is: 'notice',
        cloud: 'aws',
        resourceId: item('2026-11-25T12:00:00.123Z').arn,
        nativeType: 'AWS::EC2::SecurityGroup',
        ...place,
        changedAt: '2026-11-25T12:00:00.123Z',
        hints: { resourceId: 'sg-0abc' },
      }),
  },
  {
    title: 'AWS inventory',
    refuse: awsRefusal,
    answer: ({ body }) => {
      const { NextToken } = JSON.parse(body) as { NextToken?: string };
      return {
        status: 200,
        body: {
          Results: [config(NextToken ?? 'first')],
          QueryInfo: { SelectFields: [{ Name: 'configuration' }] },
          ...(NextToken === undefined ? { NextToken: 'second' } : NextToken === 'second' ? { NextToken: 'third' } : {}),
        },
      };
    },
    run: (url) => {
      const inventory = makeAwsInventory({
        config: new ConfigServiceClient(aws(url)),
        sageMaker: new SageMakerClient(aws(url)),
        sts: new STSClient(aws(url)),
        clock,
        types: ['AWS::S3::Bucket'],
      });
      return pagesOf((next) => inventory.page('account#AWS::S3::Bucket', next));
    },
  },
  {
    title: 'AWS inventory of services',
    refuse: (status) => ({ ...awsRefusal(status) }),
    answer: (asked) =>
      asked.body.includes('GetCallerIdentity')
        ? xml(
            `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${place.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
          )
        : {
            status: 200,
            body: {
              Endpoints: [{ EndpointArn: endpointArn, EndpointName: 'shop' }],
              ...((JSON.parse(asked.body) as { NextToken?: string }).NextToken === undefined
                ? { NextToken: 'more' }
                : {}),
            },
          },
    run: (url) => {
      const inventory = makeAwsInventory({
        config: new ConfigServiceClient(aws(url)),
        sageMaker: new SageMakerClient(aws(url)),
        sts: new STSClient(aws(url)),
        clock,
        types: [],
      });
      return pagesOf((next) => inventory.page('services', next));
    },
  },
  {
    title: 'SageMaker',
    refuse: awsRefusal,
    answer: (asked) => ({
      status: 200,
      body: {
        DescribeEndpoint: {
          EndpointName: 'shop',
          EndpointArn: endpointArn,
          EndpointConfigName: 'shop-1',
          EndpointStatus: 'InService',
        },
        DescribeEndpointConfig: {
          EndpointConfigName: 'shop-1',
          EndpointConfigArn: endpointArn.replace('endpoint/shop', 'endpoint-config/shop-1'),
          ProductionVariants: [{ ModelName: 'shop', VariantName: 'a' }],
        },
        ListTags: { Tags: [{ Key: 'environment', Value: 'production' }] },
      }[operation(asked)],
    }),
    run: (url) => apiRead(url, 'AWS::SageMaker::Endpoint', endpointArn),
  },
  ...(['', 'Cluster'] as const).map((cluster): Ask => {
    const name = `<DB${cluster}ParameterGroupName>shop</DB${cluster}ParameterGroupName>`;
    const parameter = (n: string) =>
      `<Parameter><ParameterName>${n}</ParameterName><ParameterValue>1</ParameterValue></Parameter>`;
    return {
      title: `RDS ${cluster.toLowerCase()} parameter groups`.replace('  ', ' '),
      refuse: xmlRefusal,
      answer: ({ body }) =>
        body.includes('ParameterGroups')
          ? rds(
              `DescribeDB${cluster}ParameterGroups`,
              `<DB${cluster}ParameterGroups><DB${cluster}ParameterGroup>${name}<DBParameterGroupFamily>postgres16</DBParameterGroupFamily></DB${cluster}ParameterGroup></DB${cluster}ParameterGroups>`,
            )
          : rds(
              `DescribeDB${cluster}Parameters`,
              body.includes('Marker=2')
                ? `<Parameters>${parameter('rds.force_ssl')}</Parameters>`
                : `<Parameters>${parameter('a')}</Parameters><Marker>2</Marker>`,
            ),
      run: (url) =>
        apiRead(
          url,
          `AWS::RDS::DB${cluster}ParameterGroup`,
          `arn:aws:rds:${place.region}:${place.account}:${cluster === '' ? 'pg' : 'cluster-pg'}:shop`,
        ),
    };
  }),
  {
    title: 'S3 Control',
    refuse: s3Refusal,
    answer: () =>
      xml(
        '<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>',
      ),
    run: (url) => apiRead(url, 'AWS::S3::AccountPublicAccessBlock', place.account),
  },
  {
    title: 'Azure Resource Graph',
    refuse: azureRefusal,
    answer: ({ body }) => {
      const first = (JSON.parse(body) as { options: { $skipToken?: string } }).options.$skipToken === undefined;
      return {
        status: 200,
        body: {
          totalRecords: 2,
          count: 1,
          resultTruncated: 'false',
          data: [{ id: `${storage}${first ? '' : '2'}` }],
          facets: [],
          ...(first ? { $skipToken: 'more' } : {}),
        },
      };
    },
    run: (url) => {
      const inventory = makeResourceGraphInventory({
        endpoint: url,
        credential: undefined,
        subscriptions: [subscription],
        clock,
      });
      return pagesOf((next) => inventory.page(subscription, next));
    },
  },
  {
    title: 'Azure Resource Manager',
    refuse: azureRefusal,
    opens: true,
    answer: ({ path }, open = false) =>
      path === storage
        ? {
            status: 200,
            body: {
              id: storage,
              name: 'shopfiles',
              type: 'Microsoft.Storage/storageAccounts',
              properties: { allowBlobPublicAccess: open, supportsHttpsTrafficOnly: !open, minimumTlsVersion: 'TLS1_2' },
            },
          }
        : path.endsWith('/default')
          ? { status: 200, body: { id: path, type: 'x/y/z', properties: {} } }
          : { status: 200, body: { value: [{ id: `${path}/one`, name: 'one' }] } },
    run: (url) =>
      makeArmReadBack(
        makeArmClient({ endpoint: url, credential: undefined, sleep: () => Promise.resolve() }),
        clock,
      ).read({
        is: 'notice',
        cloud: 'azure',
        resourceId: storage,
        changedAt: '2026-11-25T12:00:00.000Z',
      }),
  },
  {
    title: 'Google Cloud Asset Inventory',
    refuse: googleRefusal,
    answer: ({ query }) => ({
      status: 200,
      body: {
        readTime: '2026-11-25T12:00:00Z',
        assets: [
          {
            name: `//storage.googleapis.com/b-${query.get('pageToken') ?? '0'}`,
            assetType: 'storage.googleapis.com/Bucket',
            resource: { version: 'v1', discoveryName: 'Bucket', data: { name: 'b' } },
            ancestors: ['projects/1234'],
            updateTime: '2026-11-25T11:00:00Z',
          },
        ],
        ...(query.get('pageToken') === null ? { nextPageToken: 'two' } : {}),
      },
    }),
    run: (url) => {
      const authClient = new OAuth2Client();
      authClient.setCredentials({ access_token: 'test-token', expiry_date: Date.now() + 3_600_000 });
      const inventory = makeAssetInventory({
        endpoint: url,
        authClient,
        scope: 'projects/shop',
        types: ['storage.googleapis.com/Bucket'],
        clock,
      });
      return pagesOf((next) => inventory.page('projects/shop#RESOURCE', next));
    },
  },
];

/** What may become of a read in which something failed. */
type Fate = 'comes again' | 'denied' | 'less, and unknown';

/** How the verdicts of a resource that was read well are after a read in which something failed. */
interface Moved {
  stayed: number;
  unknown: number;
}
const LATER = '2026-11-25T12:03:00.000Z';

/** Judges what was read well, then what was read with a fault, later: what the service says before and after. */
async function judgedAfter(
  ask: Ask,
  good: ReadAnswer | readonly InventoryPage[],
  faulted: ReadAnswer | readonly InventoryPage[] | AppError,
): Promise<Moved> {
  let answers: (ReadAnswer | AppError)[] = [];
  const reader = {
    read: async (): Promise<ReadAnswer> => {
      const answer = answers.shift();
      if (answer === undefined || isAppError(answer)) throw answer ?? new Error('nothing is asked here');
      return answer;
    },
  };
  const service = makeShippedService({ readBack: { aws: reader } });
  const see = async (of: typeof faulted, readKey: string | undefined): Promise<void> => {
    if (isAppError(of) || 'is' in of) {
      answers = [isAppError(of) || readKey === undefined || of.is === 'unsupported' ? of : { ...of, readKey }];
      const changedAt = readKey ?? '2026-11-25T12:00:00.000Z';
      const content = { is: 'notice', cloud: 'aws', resourceId: ask.title, ...place, changedAt } as const;
      const change = { source: 'test', origin: 'event', receivedAt: LATER, content } as const;
      await service.tell([{ type: 'change', version: 1, changeId: changeIdOf(change), ...change }]);
      return;
    }
    for (const page of of)
      for (const told of page.contents)
        if (told.is === 'document')
          await service.send(told.form, told.document, { orderKey: readKey ?? page.readKey, ...told.read });
  };
  const states = () => service.resources.all().map((r) => ({ id: r.id, deleted: r.deleted, verdicts: r.verdicts }));
  await see(good, undefined);
  // A list of notices says nothing yet: each is read back.
  const isSeen = 'is' in good || good.some(({ contents }) => contents.some((told) => told.is === 'document'));
  const before = states();
  expect(before.length > 0, ask.title).toBe(isSeen);
  await see(faulted, LATER);
  const after = new Map(states().map((r) => [r.id, r]));
  const moved: Moved = { stayed: 0, unknown: 0 };
  for (const { id, verdicts } of before) {
    expect(after.get(id)?.deleted, `${id} was deleted by a fault`).toBe(false);
    for (const [policy, { verdict }] of Object.entries(verdicts)) {
      const now = after.get(id)?.verdicts[policy]?.verdict;
      expect([verdict, 'unknown'], `${policy} of ${id}: ${verdict} became ${now}`).toContain(now);
      if (now === verdict) moved.stayed += 1;
      else moved.unknown += 1;
    }
  }
  return moved;
}

async function fateOf(ask: Ask, good: ReadAnswer | readonly InventoryPage[], url: string, moved: Moved): Promise<Fate> {
  const judge = async (of: ReadAnswer | readonly InventoryPage[] | AppError): Promise<void> => {
    const { stayed, unknown } = await judgedAfter(ask, good, of);
    moved.stayed += stayed;
    moved.unknown += unknown;
  };
  let answer: ReadAnswer | readonly InventoryPage[];
  try {
    answer = await inTime(ask.run(url), 2000);
  } catch (error) {
    if (!isAppError(error)) throw error;
    expect(['UPSTREAM_THROTTLED', 'UPSTREAM_UNAVAILABLE', 'UPSTREAM_DENIED'], ask.title).toContain(error.code);
    await judge(error);
    return error.code === 'UPSTREAM_DENIED' ? 'denied' : 'comes again';
  }
  await judge(answer);
  if ('is' in answer) {
    // Never gone; and what is found is a part of what there is: what it lacks was never collected.
    expect(['found', 'denied'], ask.title).toContain(answer.is);
    if (answer.is !== 'found' || !('is' in good) || good.is !== 'found') return 'denied';
    const all = good.documents.map((d) => JSON.stringify(d));
    // What was refused is named, and takes away what was known of it.
    const shown = answer.documents.filter((d) => d.read?.denied !== true);
    for (const document of shown) expect(all, ask.title).toContain(JSON.stringify(document));
    expect(shown.length, `${ask.title}: a fault that nobody saw`).toBeLessThan(all.length);
    return 'less, and unknown';
  }
  // A list that lost something and came to its end must say so: what it lacks would be closed as deleted.
  expect(
    answer.some((page) => page.incomplete === true),
    `${ask.title}: a list with a hole that calls itself whole`,
  ).toBe(true);
  return 'less, and unknown';
}

describe('reads', () => {
  drill(
    {
      id: 'provider-faults',
      done: 'Each call to AWS Config, its inventory, SageMaker, RDS, S3 Control, Azure Resource Manager, Azure Resource Graph and Google Cloud Asset Inventory that an answer takes is answered once each with 403, 429, 500, 503, a cut connection, a page that breaks off, an empty body and silence; what comes of it is judged by the shipped policies where the good answer was judged before (two of the resources also while they are open to the world)',
      holds:
        'no answer says gone, and none that lacks something calls itself whole: the read comes again, is denied, or leaves what is missing unknown; each verdict stays what it was or becomes unknown, and nothing is deleted',
    },
    async () => {
      const fates = new Map<Fate, number>();
      const moved: Moved = { stayed: 0, unknown: 0 };
      let faults = 0;
      const calls: string[] = [];
      for (const ask of ASKS)
        for (const open of ask.opens === true ? [false, true] : [false]) {
          const answer = (asked: Asked): Answered => ask.answer(asked, open);
          const calm = await startProvider(answer);
          const good = await ask.run(calm.url);
          await calm.stop();
          if (!open) calls.push(`${ask.title} ${calm.asked.length}`);
          expect(calm.asked.length, ask.title).toBeGreaterThan(0);
          for (let at = 1; at <= calm.asked.length; at++)
            for (const fault of FAULTS) {
              // How long nobody answers does not depend on what the answer would have been.
              if (open && fault === 'silence') continue;
              // From the call on: a client may try again by itself, and must not find it healed.
              const target = calm.asked[at - 1];
              const isTarget = (asked: Asked): boolean =>
                asked.path === target?.path &&
                String(asked.query) === String(target?.query) &&
                asked.body === target?.body;
              const provider = await startProvider((asked) => {
                if (!isTarget(asked)) return answer(asked);
                if (fault === 'cut') return undefined;
                if (fault === 'silence') return 'silence';
                if (fault === 'empty') return { status: 200, body: '' };
                if (fault === 'truncated') {
                  const { body, ...rest } = answer(asked);
                  const whole = isXml(body) ? body : JSON.stringify(body);
                  return { ...rest, body: whole.slice(0, Math.floor(whole.length / 2)) };
                }
                return ask.refuse(Number(fault));
              });
              try {
                const fate = await fateOf(ask, good, provider.url, moved).catch((error: Error) => {
                  throw new Error(`${ask.title}, call ${at}, ${fault}: ${error.message}`, { cause: error });
                });
                fates.set(fate, (fates.get(fate) ?? 0) + 1);
                faults += 1;
              } finally {
                await provider.stop();
              }
            }
        }
      const said = [...fates].map(([fate, n]) => `${n} ${fate}`).join(', ');
      return `${count(faults)} faults (calls: ${calls.join(', ')}): ${said}; 0 gone, 0 incomplete lists that called themselves whole; of ${count(moved.stayed + moved.unknown)} verdicts ${count(moved.unknown)} became unknown, all others stayed: 0 flips`;
    },
  );
});
