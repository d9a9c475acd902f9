import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { findingRows, type Item } from '../../../bench/finding-rows.ts';
import { makeDynamoFindingStore } from '../../../shared/adapters/dynamodb/finding-store.ts';
import { findingId, rankOf } from '../../../shared/model/finding.ts';
import { findingsTable } from '../../../shared/model/tables.ts';

const ROWS = 3400;

/** As a client gets it. */
function received(row: Item): { readonly [attribute: string]: unknown } {
  const bytes = ([name, value]: [string, Item[string]]) => [
    name,
    typeof value['B'] === 'string' ? { B: Buffer.from(value['B'], 'base64') } : value,
  ];
  return unmarshall(Object.fromEntries(Object.entries(row).map(bytes)));
}

describe('the rows that findings are asked for among', () => {
  it('are findings that the adapter reads, each another one, under the keys that it gives them', async () => {
    const rowOf = await findingRows();
    const seen = new Set<string>();
    const statuses = new Map<string, number>();
    for (let n = 0; n < ROWS; n++) {
      const row = received(rowOf(n));
      // The store calls nothing else of its client.
      const client = { send: async () => ({ Item: row }) } as unknown as DynamoDBDocumentClient;
      const finding = await makeDynamoFindingStore({ client, name: 'findings' }).read('any');
      if (finding === undefined) throw new Error(`row ${n} is no finding`);
      expect(finding.id).toBe(findingId(finding.policy, finding.resource.id));
      expect(row['rank']).toBe(rankOf(finding.status, finding.severity, finding.since.trueAt));
      expect(finding.last).toMatchObject({ policy: finding.policy, to: finding.verdict });
      seen.add(finding.id);
      statuses.set(finding.status, (statuses.get(finding.status) ?? 0) + 1);
      for (const { partitionKey } of findingsTable.indexes)
        if (partitionKey.name !== 'baseline' && partitionKey.name !== 'owner')
          expect(row[partitionKey.name]).toEqual(expect.stringMatching(/./));
    }
    expect(seen.size).toBe(ROWS);
    const share = (status: string): number => Math.round((10 * (statuses.get(status) ?? 0)) / ROWS);
    expect([share('open'), share('resolved')]).toEqual([3, 7]);
    expect(statuses.get('excepted')).toBeGreaterThan(0);
  });
});
