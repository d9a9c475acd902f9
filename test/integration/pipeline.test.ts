import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LocalAws, startLocalAws } from '../../local/ministack.ts';
import { makeDocumentClient, type Table } from '../../shared/adapters/dynamodb/client.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import type { MemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import { canonicalState, type ResourceState } from '../../shared/model/resource.ts';
import { findingsTable, policiesTable, resourcesTable, type TableShape } from '../../shared/model/tables.ts';
import { arrivalArb, historyArb } from '../support/histories.ts';
import { describeWith } from '../support/requirements.ts';
import { createTable } from '../support/tables.ts';
import { makeWorld, makeWorldState, type WorldState } from '../support/world.ts';

/** The stages over DynamoDB's protocol against the stages over memory: the same items, findings and events. */
describeWith(['python'], 'the pipeline over DynamoDB', () => {
  let aws: LocalAws;
  let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
  beforeAll(async () => {
    aws = await startLocalAws({ port: 0 });
    config = {
      endpoint: aws.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
  });
  afterAll(async () => {
    await aws.stop();
  });

  let worlds = 0;
  /** State in fresh tables; the stream shows each commit as the table then holds it. */
  async function dynamoState(): Promise<WorldState> {
    worlds += 1;
    const plain = new DynamoDBClient(config);
    const client = makeDocumentClient(config);
    const table = async (name: string, shape: TableShape): Promise<Table> => {
      await createTable(plain, `${name}-${worlds}`, shape);
      return { client, name: `${name}-${worlds}` };
    };
    const memory = makeWorldState();
    const store = makeDynamoResourceStore(await table('resources', resourcesTable));
    const findings = makeDynamoFindingStore(await table('findings', findingsTable));
    const policies = makeDynamoPolicyStore(await table('policies', policiesTable));
    const stream: ResourceState[] = [];
    const resources: MemoryResourceStore = {
      ...store,
      onCommit: () => undefined,
      all: () => [],
      expire: () => undefined,
      commit: async (commit) => {
        const result = await store.commit(commit);
        const stored = result === 'committed' ? await store.read(commit.state.id) : undefined;
        if (stored !== undefined) stream.push(stored);
        return result;
      },
    };
    return {
      ...memory,
      stream,
      resources,
      findings: { ...findings, all: () => [] },
      policies: { ...policies, corrupt: () => undefined },
    };
  }

  it('ends as the pipeline over memory does, whatever happens', async () => {
    let transitions = 0;
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), async ({ batches, drains }) => {
        const states = [makeWorldState(), await dynamoState()];
        for (const state of states) {
          const world = makeWorld({ state });
          await world.activate();
          for (const [i, batch] of batches.entries()) {
            await world.deliver(...batch);
            if (drains[i] === true) await world.drain();
          }
          await world.drain();
        }
        const [memory, dynamo] = states;
        if (memory === undefined || dynamo === undefined) throw new Error('two states');
        for (const expected of memory.resources.all()) {
          const stored = await dynamo.resources.read(expected.id);
          expect(stored && canonicalState(stored)).toBe(canonicalState(expected));
          expect(stored?.revision).toBe(expected.revision);
          expect(stored?.pending).toEqual([]);
          expect(stored && (await dynamo.resources.evidence(stored))).toEqual(
            await memory.resources.evidence(expected),
          );
        }
        for (const finding of memory.findings.all()) {
          expect(await dynamo.findings.find(finding.id)).toEqual(finding);
          expect(await dynamo.findings.history(finding.id)).toEqual(await memory.findings.history(finding.id));
          transitions += 1;
        }
        expect(dynamo.bus.events).toEqual(memory.bus.events);
      }),
      { numRuns: 12 },
    );
    expect(transitions).toBeGreaterThan(10);
  });
});
