/** A list as of an instant: how the histories are read. What it answers, the suite of every store says. */
import { setImmediate as turn } from 'node:timers/promises';
import { type DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { makeDynamoFindingStore } from '../../../shared/adapters/dynamodb/finding-store.ts';
import { finding, transition } from '../../support/findings.ts';

type Item = { readonly [attribute: string]: unknown };
const AS_OF = '2026-11-25T12:00:00.000Z';
const idOf = (n: number): string => `f${String(n).padStart(31, '0')}`;

/** A table with so many open findings, each with its one transition, that counts the histories that are asked for. */
async function world(findings: number, failing?: string) {
  const rows: Item[] = [];
  const asked: string[] = [];
  const begun = { now: 0, most: 0 };
  const answer = async (command: unknown): Promise<object> => {
    if (command instanceof PutCommand) {
      rows.push(command.input.Item ?? {});
      return {};
    }
    if (!(command instanceof QueryCommand)) throw new Error('only what a list needs');
    const { IndexName, Limit = 0, ExclusiveStartKey, ExpressionAttributeValues } = command.input;
    if (IndexName !== undefined) {
      const all = rows.filter((r) => r['item'] === 'current' && r['status'] === ExpressionAttributeValues?.[':key']);
      const from = all.findIndex((r) => r['finding'] === ExclusiveStartKey?.['finding']) + 1;
      const items = all.slice(from, from + Limit);
      return { Items: items, ...(from + Limit < all.length ? { LastEvaluatedKey: items.at(-1) } : {}) };
    }
    const id = String(ExpressionAttributeValues?.[':finding']);
    asked.push(id);
    begun.now += 1;
    begun.most = Math.max(begun.most, begun.now);
    await turn();
    begun.now -= 1;
    if (id === failing) throw new Error('no answer');
    return { Items: rows.filter((r) => r['finding'] === id && r['item'] !== 'current') };
  };
  // The adapter uses nothing else of it.
  const client = { send: answer } as unknown as DynamoDBDocumentClient;
  const store = makeDynamoFindingStore({ client, name: 'findings' });
  for (let n = 0; n < findings; n++) await store.write(finding({ id: idOf(n) }), transition());
  return { store, asked, begun };
}

describe('a list as of an instant', () => {
  it('reads the histories of a page several at a time, and not many more than the page needs', async () => {
    const { store, asked, begun } = await world(200);
    const { items, next } = await store.list({ asOf: AS_OF, status: 'open' }, { limit: 50 });
    expect(items.map((f) => f.id)).toEqual(Array.from({ length: 50 }, (_, n) => idOf(n)));
    expect(next).toBeDefined();
    expect(begun.most).toBe(16);
    expect(asked.length).toBeLessThan(50 + 16);
  });

  it('has every finding once, over its pages', async () => {
    const { store } = await world(70);
    const ids: string[] = [];
    let next: string | undefined;
    do {
      const page = await store.list({ asOf: AS_OF }, { limit: 17, ...(next === undefined ? {} : { next }) });
      ids.push(...page.items.map((f) => f.id));
      next = page.next;
    } while (next !== undefined);
    expect(ids).toEqual(Array.from({ length: 70 }, (_, n) => idOf(n)));
  });

  it('reads no history where it is asked of now', async () => {
    const { store, asked } = await world(20);
    expect((await store.list({ status: 'open' })).items).toHaveLength(20);
    expect(asked).toEqual([]);
  });

  it('is none where one history could not be read, and nothing is left under way', async () => {
    const { store, begun } = await world(40, idOf(3));
    await expect(store.list({ asOf: AS_OF }, { limit: 40 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(begun.now).toBe(0);
  });
});
