/** Everything that a local stack keeps anywhere, as text: for looking for what must not be there. */
import { gunzipSync } from 'node:zlib';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { AwsOptions } from '../../cli/stack/stack.ts';

/** One thing that is kept, and where. */
export interface Kept {
  readonly where: string;
  readonly text: string;
}

/** Binary attributes are compressed JSON. */
function readable(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    try {
      return gunzipSync(value).toString('utf8');
    } catch {
      return Buffer.from(value).toString('latin1');
    }
  }
  // As text, where it has to pass through a stream.
  if (typeof value === 'string' && value.startsWith('H4sI')) return readable(Buffer.from(value, 'base64'));
  if (Array.isArray(value)) return value.map(readable);
  if (value instanceof Set) return [...value].map(readable);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, readable(v)]));
  return value;
}

async function tables(aws: AwsOptions): Promise<readonly Kept[]> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(aws));
  const { TableNames = [] } = await client.send(new ListTablesCommand({}));
  const kept: Kept[] = [];
  for (const TableName of TableNames) {
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await client.send(new ScanCommand({ TableName, ...(ExclusiveStartKey && { ExclusiveStartKey }) }));
      for (const item of page.Items ?? [])
        kept.push({ where: `table ${TableName}`, text: JSON.stringify(readable(item)) });
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
  }
  return kept;
}

async function queues(aws: AwsOptions): Promise<readonly Kept[]> {
  const sqs = new SQSClient(aws);
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const kept: Kept[] = [];
  for (const QueueUrl of QueueUrls) {
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0 }),
      );
      for (const { Body = '' } of Messages) kept.push({ where: `queue ${QueueUrl}`, text: Body });
      if (Messages.length === 0) break;
    }
  }
  return kept;
}

async function objects(aws: AwsOptions): Promise<readonly Kept[]> {
  const s3 = new S3Client({ ...aws, forcePathStyle: true });
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const kept: Kept[] = [];
  // The bucket of the CDK holds templates and code.
  for (const { Name: Bucket = '' } of Buckets.filter(({ Name = '' }) => !Name.startsWith('cdk-'))) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      kept.push({ where: `object ${Bucket}/${Key}`, text: (await Body?.transformToString('utf8')) ?? '' });
    }
  }
  return kept;
}

/** Logs, by the wire: their client is in no other use here. */
async function logs(aws: AwsOptions & { readonly endpoint: string }): Promise<readonly Kept[]> {
  const call = async <T>(operation: string, body: object): Promise<T> => {
    const response = await fetch(aws.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Logs_20140328.${operation}`,
        authorization: `AWS4-HMAC-SHA256 Credential=test/20261125/${aws.region ?? 'us-east-1'}/logs/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(body),
    });
    return (await response.json()) as T;
  };
  const { logGroups = [] } = await call<{ logGroups?: { logGroupName: string }[] }>('DescribeLogGroups', {});
  const kept: Kept[] = [];
  for (const { logGroupName } of logGroups) {
    const { events = [] } = await call<{ events?: { message: string }[] }>('FilterLogEvents', { logGroupName });
    for (const { message } of events) kept.push({ where: `log ${logGroupName}`, text: message });
  }
  return kept;
}

/** All of it. Takes the messages off their queues for as long as these hide them. */
export async function everythingStored(aws: AwsOptions & { readonly endpoint: string }): Promise<readonly Kept[]> {
  return [...(await tables(aws)), ...(await queues(aws)), ...(await objects(aws)), ...(await logs(aws))];
}
