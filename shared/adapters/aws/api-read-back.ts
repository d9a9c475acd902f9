import {
  DescribeDBClusterParameterGroupsCommand,
  DescribeDBClusterParametersCommand,
  DescribeDBParameterGroupsCommand,
  DescribeDBParametersCommand,
  type Parameter,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { GetPublicAccessBlockCommand, type S3ControlClient } from '@aws-sdk/client-s3-control';
import {
  DescribeEndpointCommand,
  DescribeEndpointConfigCommand,
  DescribeModelCommand,
  ListTagsCommand,
  type SageMakerClient,
} from '@aws-sdk/client-sagemaker';
import { lastSegment } from '../../mappings/aws/arn.ts';
import { awsApi } from '../../mappings/dialects/aws-api.ts';
import { instant, type Notice } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import type { Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReadBack } from '../../ports/read-back.ts';
import { fromAws, statusOf } from './errors.ts';

export interface AwsApis {
  readonly sageMaker: SageMakerClient;
  readonly rds: RDSClient;
  readonly s3Control: S3ControlClient;
}

/** How far a Describe may lie behind what was accepted. */
const LAG_MS = 2000;
const MAX_PAGES = 50;

type Documents = readonly Json[];
/** Reads one type. Throws what the SDK throws; undefined: the service says that there is no such thing. */
type ReadType = (apis: AwsApis, notice: Notice) => Promise<Documents | undefined>;

/** What Config does not carry, by native type. */
const READERS: { readonly [nativeType: string]: ReadType } = {
  'AWS::SageMaker::Endpoint': async ({ sageMaker }, notice) => {
    const endpoint = await found(sageMaker.send(new DescribeEndpointCommand({ EndpointName: nameOf(notice) })));
    if (endpoint === undefined) return undefined;
    const { EndpointConfigName } = told(endpoint, 'EndpointArn');
    // The endpoint rests on its configuration: both are read, so that neither waits for news of its own.
    const config =
      EndpointConfigName === undefined
        ? undefined
        : await found(sageMaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName })));
    const { Tags } = told(await sageMaker.send(new ListTagsCommand({ ResourceArn: endpoint.EndpointArn })), 'Tags');
    return [plain({ ...endpoint, Tags }), ...(config === undefined ? [] : [plain(told(config, 'EndpointConfigArn'))])];
  },
  'AWS::SageMaker::EndpointConfig': async ({ sageMaker }, notice) =>
    one(
      await found(sageMaker.send(new DescribeEndpointConfigCommand({ EndpointConfigName: nameOf(notice) }))),
      'EndpointConfigArn',
    ),
  'AWS::SageMaker::Model': async ({ sageMaker }, notice) =>
    one(await found(sageMaker.send(new DescribeModelCommand({ ModelName: nameOf(notice) }))), 'ModelArn'),
  'AWS::RDS::DBParameterGroup': async ({ rds }, notice) => {
    const DBParameterGroupName = nameOf(notice);
    const groups = await found(rds.send(new DescribeDBParameterGroupsCommand({ DBParameterGroupName })));
    const group = groups === undefined ? undefined : told(groups, 'DBParameterGroups').DBParameterGroups?.[0];
    if (group === undefined) return undefined;
    const Parameters = await allParameters((Marker) =>
      rds.send(new DescribeDBParametersCommand({ DBParameterGroupName, ...Marker })),
    );
    return [plain({ ...group, Parameters })];
  },
  'AWS::RDS::DBClusterParameterGroup': async ({ rds }, notice) => {
    const DBClusterParameterGroupName = nameOf(notice);
    const groups = await found(rds.send(new DescribeDBClusterParameterGroupsCommand({ DBClusterParameterGroupName })));
    const group =
      groups === undefined ? undefined : told(groups, 'DBClusterParameterGroups').DBClusterParameterGroups?.[0];
    if (group === undefined) return undefined;
    const Parameters = await allParameters((Marker) =>
      rds.send(new DescribeDBClusterParametersCommand({ DBClusterParameterGroupName, ...Marker })),
    );
    return [plain({ ...group, Parameters })];
  },
  'AWS::S3::AccountPublicAccessBlock': async ({ s3Control }, { account = '' }) => {
    try {
      const answer = await s3Control.send(new GetPublicAccessBlockCommand({ AccountId: account }));
      return one(answer, 'PublicAccessBlockConfiguration');
    } catch (error) {
      // Nothing was ever set: all four are off, which is an answer.
      if ((error as Error).name === 'NoSuchPublicAccessBlockConfiguration')
        return [{ PublicAccessBlockConfiguration: {} }];
      throw error;
    }
  },
};

/** The types that are read from the services themselves. */
export const API_TYPES: readonly string[] = Object.keys(READERS);

/** Reads back what Config does not carry, by the service's own Describe calls. */
export const makeApiReadBack = (apis: AwsApis, clock: Clock): ReadBack => ({
  async read(notice) {
    const nativeType = notice.nativeType ?? 'unknown';
    const reader = Object.hasOwn(READERS, nativeType) ? READERS[nativeType] : undefined;
    if (reader === undefined) return { is: 'unsupported', nativeType };
    const { account, region } = notice;
    const place = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
    const native = { dialect: 'aws.api', type: nativeType, id: notice.resourceId, ...place } as const;
    const started = instant(clock.now() - LAG_MS);
    const readKey = started > notice.changedAt ? started : notice.changedAt;
    try {
      const documents = await reader(apis, notice);
      if (documents === undefined) return { is: 'gone', readKey, native };
      return {
        is: 'found',
        readKey,
        documents: documents.map((document) => ({ form: awsApi.id, document, read: place })),
      };
    } catch (error) {
      const app = fromAws(error, `read ${nativeType} back`);
      if (app.code === 'UPSTREAM_DENIED') return { is: 'denied', readKey, native };
      throw app;
    }
  },
});

const nameOf = ({ hints, resourceId }: Notice): string => hints?.['name'] ?? lastSegment(resourceId);

/** The services' own words for "there is none". SageMaker says it as a validation error. */
async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { name, message } = error as Error;
    if (/NotFound(Fault|Exception)?$/.test(name)) return undefined;
    if (name === 'ValidationException' && /could not find/i.test(message) && statusOf(error) === 400) return undefined;
    throw error;
  }
}

/**
 * The answer, if it has what it never lacks. An empty body is an answer to the SDK, and says nothing of the resource: not
 * that it is gone, nor that everything about it is as it is by default.
 */
function told<A extends object>(answer: A, always: keyof A & string): A {
  if (answer[always] === undefined)
    throw new AppError('UPSTREAM_UNAVAILABLE', `the service answered without ${always}`);
  return answer;
}

const one = <A extends object>(answer: A | undefined, always: keyof A & string): Documents | undefined =>
  answer === undefined ? undefined : [plain(told(answer, always))];

/** The answer as JSON: dates as text, the SDK's own metadata left out. */
function plain(answer: object): Json {
  const { $metadata: _metadata, ...rest } = answer as { readonly $metadata?: unknown };
  return JSON.parse(JSON.stringify(rest)) as Json;
}

async function allParameters(
  ask: (marker: { readonly Marker?: string }) => Promise<{
    readonly Parameters?: Parameter[] | undefined;
    readonly Marker?: string | undefined;
  }>,
): Promise<readonly Parameter[]> {
  const parameters: Parameter[] = [];
  let marker: { readonly Marker?: string } = {};
  for (let page = 0; page < MAX_PAGES; page++) {
    const { Parameters = [], Marker } = told(await ask(marker), 'Parameters');
    parameters.push(...Parameters);
    if (Marker === undefined || Marker === '') return parameters;
    marker = { Marker };
  }
  throw new AppError('UPSTREAM_UNAVAILABLE', `a parameter group has more than ${MAX_PAGES} pages`);
}
