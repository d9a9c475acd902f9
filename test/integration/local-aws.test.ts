import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Agent } from 'node:https';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { type LocalAws, LocalAwsError, localAccount, startLocalAws } from '../../local/ministack.ts';
import { describeWith } from '../support/requirements.ts';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const client = (aws: LocalAws): DynamoDBClient =>
  new DynamoDBClient({ endpoint: aws.endpoint, region: 'us-east-1', credentials });

/** Whether a port can be opened on loopback. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 100; tries++) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

describeWith(['python'], 'the local AWS', () => {
  it('holds a condition against the real SDK, and is gone after its stop', async () => {
    const aws = await startLocalAws({ port: 0 });
    const dynamo = client(aws);
    try {
      await dynamo.send(
        new CreateTableCommand({
          TableName: 'resources',
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        }),
      );
      const put = (revision: number): Promise<unknown> =>
        dynamo.send(
          new PutItemCommand({
            TableName: 'resources',
            Item: { pk: { S: 'bucket' }, revision: { N: String(revision) } },
            ConditionExpression: 'attribute_not_exists(pk) OR revision < :revision',
            ExpressionAttributeValues: { ':revision': { N: String(revision) } },
          }),
        );
      await put(2);
      await expect(put(1)).rejects.toBeInstanceOf(ConditionalCheckFailedException);
      const { Item } = await dynamo.send(new GetItemCommand({ TableName: 'resources', Key: { pk: { S: 'bucket' } } }));
      expect(Item?.['revision']).toEqual({ N: '2' });
    } finally {
      dynamo.destroy();
      await aws.stop();
    }
    expect(await isFree(aws.port)).toBe(true);
    expect(existsSync(dirname(aws.logFile))).toBe(false);
    await aws.stop();
  });

  it('says what to do about a port in use', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    try {
      const start = startLocalAws({ port });
      await expect(start).rejects.toBeInstanceOf(LocalAwsError);
      await expect(start).rejects.toThrow(
        `Port ${port} on 127.0.0.1 is in use: stop what uses it, or choose another with --port (0 picks a free one)`,
      );
    } finally {
      other.close();
    }
  });

  it('leaves nothing when its starter is killed', async () => {
    const script = `import { startLocalAws } from ${JSON.stringify(join(import.meta.dirname, '../../local/ministack.ts'))};
      const aws = await startLocalAws({ port: 0 });
      console.log(JSON.stringify({ port: aws.port, logFile: aws.logFile }));
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('exit', () => reject(new Error('it ended before it was up')));
    });
    const { port, logFile } = JSON.parse(line) as { port: number; logFile: string };
    expect(await isFree(port)).toBe(false);

    child.kill('SIGKILL');

    expect(await until(() => isFree(port))).toBe(true);
    expect(await until(() => !existsSync(dirname(logFile)))).toBe(true);
  });

  it('knows who calls when it enforces IAM, over HTTPS', async () => {
    const aws = await startLocalAws({ port: 0, enforceIam: true });
    const ask = (accessKeyId: string): Promise<string | undefined> => {
      const sts = new STSClient({
        endpoint: aws.endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId, secretAccessKey: 'test' },
        maxAttempts: 1,
        requestHandler: { httpsAgent: new Agent({ ca: aws.certificate ?? '' }) },
      });
      return sts.send(new GetCallerIdentityCommand({})).then(({ Account }) => Account);
    };
    try {
      expect(await ask('test')).toBe(localAccount);
      await expect(ask('AKIAIOSFODNN7EXAMPLE')).rejects.toThrow(/token/i);
    } finally {
      await aws.stop();
    }
  });
});
