import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../../local/ministack.ts';
import { makeDynamoApprovals } from '../../shared/adapters/dynamodb/approvals.ts';
import { makeDynamoAuthoringJobs } from '../../shared/adapters/dynamodb/authoring-jobs.ts';
import { makeDocumentClient, type Table } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoExceptionStore } from '../../shared/adapters/dynamodb/exception-store.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { makeDynamoSourceLog } from '../../shared/adapters/dynamodb/source-log.ts';
import { makeDynamoCoverageLedger } from '../../shared/adapters/dynamodb/coverage-ledger.ts';
import { makeDynamoProbeLog } from '../../shared/adapters/dynamodb/probe-log.ts';
import { makeDynamoRoster } from '../../shared/adapters/dynamodb/roster.ts';
import { makeDynamoSweepLog } from '../../shared/adapters/dynamodb/sweep-log.ts';
import { findingsTable, policiesTable, resourcesTable } from '../../shared/model/tables.ts';
import { approvalStoreSuite } from '../support/conformance/approvals.ts';
import { authoringJobsSuite } from '../support/conformance/authoring-jobs.ts';
import { exceptionStoreSuite } from '../support/conformance/exception-store.ts';
import { findingStoreSuite } from '../support/conformance/finding-store.ts';
import { policyStoreSuite } from '../support/conformance/policy-store.ts';
import { resourceStoreSuite } from '../support/conformance/resource-store.ts';
import {
  coverageLedgerSuite,
  probeLogSuite,
  rosterSuite,
  sourceLogSuite,
  sweepLogSuite,
} from '../support/conformance/source-log.ts';
import { describeWith } from '../support/requirements.ts';
import { createTable } from '../support/tables.ts';

describeWith(['python'], 'DynamoDB over the wire', () => {
  let aws: LocalAws;
  let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  let plain: DynamoDBClient;
  const tables: { [name: string]: Table } = {};
  const table = (name: string): Table => {
    const found = tables[name];
    if (found === undefined) throw new Error(`no table ${name}`);
    return found;
  };

  beforeAll(async () => {
    aws = await startLocalAws({ port: 0 });
    config = {
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    plain = new DynamoDBClient(config);
    const client = makeDocumentClient(config);
    for (const [name, shape] of Object.entries({ resources: resourcesTable, findings: findingsTable })) {
      await createTable(plain, name, shape);
      tables[name] = { client, name };
    }
  });
  afterAll(async () => {
    await aws.stop();
  });

  resourceStoreSuite('dynamodb', () => makeDynamoResourceStore(table('resources')));
  findingStoreSuite('dynamodb', () => makeDynamoFindingStore(table('findings')));
  sourceLogSuite('dynamodb', () => makeDynamoSourceLog(table('resources')));
  sweepLogSuite('dynamodb', () => makeDynamoSweepLog(table('resources')));
  rosterSuite('dynamodb', () => makeDynamoRoster(table('resources')));
  coverageLedgerSuite('dynamodb', () => makeDynamoCoverageLedger(table('resources')));
  probeLogSuite('dynamodb', () => makeDynamoProbeLog(table('resources')));
  let policyTables = 0;
  policyStoreSuite('dynamodb', async () => {
    const name = `policies-${(policyTables += 1)}`;
    await createTable(plain, name, policiesTable);
    const client = makeDocumentClient(config);
    return {
      store: makeDynamoPolicyStore({ client, name }),
      spoil: async (hash) => {
        await client.send(new DeleteCommand({ TableName: name, Key: { id: `bundle#${hash}`, item: 'chunk#0000' } }));
      },
    };
  });

  exceptionStoreSuite('dynamodb', async () => {
    const name = `policies-${(policyTables += 1)}`;
    await createTable(plain, name, policiesTable);
    const client = makeDocumentClient(config);
    return {
      store: makeDynamoExceptionStore({ client, name }),
      spoil: async (id) => {
        await client.send(
          new UpdateCommand({
            TableName: name,
            Key: { id: `exception#${id}`, item: 'exception' },
            UpdateExpression: 'SET #exception = :nothing',
            ExpressionAttributeNames: { '#exception': 'exception' },
            ExpressionAttributeValues: { ':nothing': '{"version":1' },
          }),
        );
      },
    };
  });

  approvalStoreSuite('dynamodb', async () => {
    const name = `policies-${(policyTables += 1)}`;
    await createTable(plain, name, policiesTable);
    const over = () => makeDynamoApprovals({ client: makeDocumentClient(config), name }, 'a table');
    return [over(), over()];
  });

  authoringJobsSuite('dynamodb', async (nowMs) => {
    const name = `policies-${(policyTables += 1)}`;
    await createTable(plain, name, policiesTable);
    const over = () =>
      makeDynamoAuthoringJobs<{ readonly is: string }>({ client: makeDocumentClient(config), name }, nowMs);
    return [over(), over()];
  });

  describe('errors', () => {
    it('a table that is not there is retryable, with its cause', async () => {
      const store = makeDynamoResourceStore({ client: makeDocumentClient(config), name: 'nowhere' });
      await expect(store.read('x')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    });

    it('what the store refuses for good is our bug, and holds up nobody by being retried', async () => {
      const store = makeDynamoResourceStore(table('resources'));
      await expect(store.read('')).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', retryable: false });
    });
  });
});
