/**
 * Answers of AWS's own APIs, for what AWS Config does not carry: SageMaker endpoints, database parameters, the S3 switches
 * of an account. A document is the SDK's answer as it is (without `$metadata`), the element of a list answer, a list
 * answer, or a list of answers; `options.orderKey` is its version.
 *
 * Some answers do not say whose they are. Beside that of `GetBucketOwnershipControls` the caller puts `Bucket`; beside the
 * `Parameters` of `DescribeDBParameters`, all pages in one, `DBParameterGroupName` (for a cluster's group
 * `DBClusterParameterGroupName`) and, where it is known, `DBParameterGroupFamily`.
 */
import { AppError } from '../../model/errors.ts';
import { isObject, type Json, pointerSegment } from '../../model/json.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import {
  bucketArn,
  dbClusterArn,
  dbClusterParameterGroupArn,
  dbInstanceArn,
  dbParameterGroupArn,
  type Place,
  s3AccountBlockId,
  sageMakerArn,
} from '../aws/arn.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';

type Fields = { readonly [key: string]: unknown };

interface Shape {
  readonly type: string;
  /** Keys that only this answer has, together. */
  readonly keys: readonly string[];
  readonly arn?: string;
  readonly name?: string;
  /** The id where the answer has no ARN. */
  readonly build?: (name: string, place: Place) => string;
}
const SHAPES: readonly Shape[] = [
  {
    type: 'AWS::SageMaker::Endpoint',
    keys: ['EndpointName', 'EndpointArn', 'EndpointStatus'],
    arn: 'EndpointArn',
    name: 'EndpointName',
    build: (name, place) => sageMakerArn('endpoint', name, place),
  },
  {
    type: 'AWS::SageMaker::EndpointConfig',
    keys: ['EndpointConfigName', 'EndpointConfigArn', 'ProductionVariants'],
    arn: 'EndpointConfigArn',
    name: 'EndpointConfigName',
    build: (name, place) => sageMakerArn('endpoint-config', name, place),
  },
  {
    type: 'AWS::SageMaker::Model',
    keys: ['ModelName', 'ModelArn'],
    arn: 'ModelArn',
    name: 'ModelName',
    build: (name, place) => sageMakerArn('model', name, place),
  },
  {
    type: 'AWS::RDS::DBInstance',
    keys: ['DBInstanceIdentifier', 'DBInstanceArn'],
    arn: 'DBInstanceArn',
    name: 'DBInstanceIdentifier',
    build: dbInstanceArn,
  },
  {
    type: 'AWS::RDS::DBCluster',
    keys: ['DBClusterIdentifier', 'DBClusterArn'],
    arn: 'DBClusterArn',
    name: 'DBClusterIdentifier',
    build: dbClusterArn,
  },
  {
    type: 'AWS::RDS::DBClusterParameterGroup',
    keys: ['DBClusterParameterGroupName', 'Parameters'],
    arn: 'DBClusterParameterGroupArn',
    name: 'DBClusterParameterGroupName',
    build: dbClusterParameterGroupArn,
  },
  {
    type: 'AWS::RDS::DBParameterGroup',
    keys: ['DBParameterGroupName', 'Parameters'],
    arn: 'DBParameterGroupArn',
    name: 'DBParameterGroupName',
    build: dbParameterGroupArn,
  },
  {
    type: 'AWS::S3::Bucket/OwnershipControls',
    keys: ['Bucket', 'OwnershipControls'],
    name: 'Bucket',
    build: (name, { region }) => bucketArn(name, region),
  },
  {
    type: 'AWS::S3::AccountPublicAccessBlock',
    keys: ['PublicAccessBlockConfiguration'],
    build: (_, { account }) => s3AccountBlockId(account),
  },
];
/** Answers that list several. */
const LISTS = ['DBInstances', 'DBClusters'] as const;

const shapeOf = (value: unknown): Shape | undefined =>
  isObject(value) ? SHAPES.find((s) => s.keys.every((key) => Object.hasOwn(value, key))) : undefined;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** `Tags` or `TagList`, where the answer or the caller has put them. */
function readTags(answer: Fields, pointer: string): NativeResource['tags'] {
  for (const key of ['TagList', 'Tags']) {
    const list = answer[key];
    if (!Array.isArray(list)) continue;
    const tags = (list as readonly unknown[]).flatMap((tag) => {
      const name = isObject(tag) ? text(tag.Key) : undefined;
      return name === undefined ? [] : [{ key: name, value: isObject(tag) ? (text(tag.Value) ?? '') : '' }];
    });
    return { state: 'known', value: tags, closed: true, at: `${pointer}/${key}` };
  }
  return { state: 'unknown', why: 'not_collected', detail: 'the answer carries no tags' };
}

function readAnswer(value: unknown, pointer: string, options: ReadOptions): NativeResource {
  const shape = shapeOf(value);
  if (shape === undefined || !isObject(value)) {
    throw new AppError('EVENT_INVALID', 'not an answer of a known AWS API', {
      details: { pointer, reason: 'not an answer of a known AWS API' },
    });
  }
  const arn = shape.arn === undefined ? undefined : text(value[shape.arn]);
  const [, , , region, account] = arn?.split(':') ?? [];
  const place = { account: account || (options.account ?? ''), region: region || (options.region ?? '') };
  const name = shape.name === undefined ? undefined : text(value[shape.name]);
  return {
    dialect: 'aws.api',
    cloud: 'aws',
    type: shape.type,
    id: arn ?? shape.build?.(name ?? '', place) ?? '',
    ...(name === undefined ? {} : { name }),
    ...(place.account === '' ? {} : { account: place.account }),
    ...(place.region === '' ? {} : { region: place.region }),
    body: value as Body,
    pointer,
    tags: readTags(value, pointer),
    complete: false,
    orderKey: options.orderKey ?? '',
    ...(options.changedAt === undefined ? {} : { changedAt: options.changedAt }),
    ...(options.actor === undefined ? {} : { actor: options.actor }),
  };
}

const listIn = (document: unknown): (typeof LISTS)[number] | undefined =>
  isObject(document) ? LISTS.find((key) => Array.isArray(document[key])) : undefined;

function readAnswers(document: Json, pointer: string, options: ReadOptions): readonly NativeResource[] {
  const key = listIn(document);
  const list = Array.isArray(document) ? document : key !== undefined && isObject(document) ? document[key] : undefined;
  if (!Array.isArray(list)) return [readAnswer(document, pointer, options)];
  const at = key === undefined ? pointer : `${pointer}/${pointerSegment(key)}`;
  return (list as readonly Json[]).flatMap((item, i) =>
    listIn(item) === undefined ? [readAnswer(item, `${at}/${i}`, options)] : readAnswers(item, `${at}/${i}`, options),
  );
}

const looksLikeAnswer = (value: unknown): boolean => {
  const key = listIn(value);
  if (key === undefined) return shapeOf(value) !== undefined;
  const first = isObject(value) ? (value[key] as readonly unknown[])[0] : undefined;
  return first === undefined || shapeOf(first) !== undefined;
};

/** An answer of an AWS API, a list answer, or a list of answers. */
export const awsApi: DocumentForm = {
  id: 'aws-api',
  title: 'Answer of an AWS API (SageMaker, RDS, S3 Control)',
  dialect: 'aws.api',
  detect: (document) => looksLikeAnswer(Array.isArray(document) ? document[0] : document),
  read: (document, options) => readAnswers(document, '', options),
};
