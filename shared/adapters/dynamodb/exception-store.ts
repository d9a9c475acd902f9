import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  GetCommand,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../model/errors.ts';
import { type Exception, exceptionSchema } from '../../model/exception.ts';
import { dueOf } from '../../pipeline/exceptions.ts';
import type { Due, ExceptionStore } from '../../ports/exception-store.ts';
import { fromStore } from '../aws/errors.ts';
import type { Table } from './client.ts';

type Item = { readonly [attribute: string]: unknown };

/** BatchGetItem takes so many keys: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html, read 2026-11-25. */
const BATCH = 100;
const DUE = 'exception-due';
const ALL = 'exceptions';
const HEAD = 'exception';

/**
 * Exceptions in the policies table: `exception#<id>` with `exception`; and what finds it, each written in the same
 * transaction and never taken away: `excepted#<resource>` with `<id>`, `exceptions` with `<requested at>#<id>`. What is due
 * lies in `exception-due` with `<instant>#<id>#<days>` until it is done.
 */
export function makeDynamoExceptionStore(table: Table): ExceptionStore {
  const { client, name: TableName } = table;

  const query = async (id: string, more: Partial<QueryCommandInput> = {}): Promise<readonly string[]> => {
    const found: string[] = [];
    let start: Item | undefined;
    do {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#id = :id',
          ...more,
          ExpressionAttributeNames: { '#id': 'id', ...more.ExpressionAttributeNames },
          ExpressionAttributeValues: { ':id': id, ...more.ExpressionAttributeValues },
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      found.push(...(answer.Items ?? []).map((i) => String(i['item'])));
      start = more.Limit === undefined ? answer.LastEvaluatedKey : undefined;
    } while (start !== undefined);
    return found;
  };

  /** The exceptions of these ids that are exceptions. */
  const read = async (ids: readonly string[]): Promise<readonly Exception[]> => {
    const found: Exception[] = [];
    for (let at = 0; at < ids.length; at += BATCH) {
      let keys: Item[] = ids.slice(at, at + BATCH).map((id) => ({ id: `exception#${id}`, item: HEAD }));
      for (let tries = 0; keys.length > 0; tries++) {
        if (tries === 5) throw new AppError('STORE_UNAVAILABLE', 'the store does not give all exceptions');
        const answer = await client.send(
          new BatchGetCommand({ RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } } }),
        );
        for (const item of answer.Responses?.[TableName] ?? []) {
          const parsed = exceptionSchema.safeParse(parse(item['exception']));
          if (parsed.success) found.push(parsed.data);
        }
        keys = (answer.UnprocessedKeys?.[TableName]?.Keys ?? []) as Item[];
      }
    }
    return found.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  };

  return {
    get: (id) =>
      guarded('read an exception', async () => {
        const answer = await client.send(
          new GetCommand({ TableName, Key: { id: `exception#${id}`, item: HEAD }, ConsistentRead: true }),
        );
        if (answer.Item === undefined) return undefined;
        const parsed = exceptionSchema.safeParse(parse(answer.Item['exception']));
        if (!parsed.success)
          throw new AppError('INVARIANT_BROKEN', `what is stored as ${id} is no exception`, { cause: parsed.error });
        return parsed.data;
      }),
    put: (e) =>
      guarded('write an exception', async () => {
        const first = e.revision === 1;
        const head = {
          TableName,
          Item: {
            id: `exception#${e.id}`,
            item: HEAD,
            revision: e.revision,
            // What people who look into the table look for.
            state: e.state,
            policy: e.policy,
            owner: e.owner,
            expires: e.expiresAt,
            exception: JSON.stringify(e),
          },
          ConditionExpression: first ? 'attribute_not_exists(#id)' : '#revision = :before',
          ExpressionAttributeNames: first ? { '#id': 'id' } : { '#revision': 'revision' },
          ...(first ? {} : { ExpressionAttributeValues: { ':before': e.revision - 1 } }),
        };
        const edges: Item[] = first
          ? [
              ...[...new Set(e.covers.map((c) => c.resource))].map((r) => ({ id: `excepted#${r}`, item: e.id })),
              { id: ALL, item: `${e.requestedAt}#${e.id}` },
            ]
          : dueOf(e).map(({ at, days }) => ({ id: DUE, item: dueKey({ exceptionId: e.id, at, days }) }));
        try {
          await client.send(
            new TransactWriteCommand({
              TransactItems: [{ Put: head }, ...edges.map((Item) => ({ Put: { TableName, Item } }))],
            }),
          );
          return true;
        } catch (error) {
          const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
          if (reasons.some((r) => r.Code === 'ConditionalCheckFailed')) return false;
          throw error;
        }
      }),
    concerning: (resourceId) =>
      guarded('read the exceptions of a resource', async () => {
        const ids = await query(`excepted#${resourceId}`);
        return ids.length === 0 ? [] : read(ids);
      }),
    list: () =>
      guarded('list exceptions', async () => {
        const ids = (await query(ALL)).map((item) => item.slice(item.indexOf('#') + 1));
        const found = await read(ids);
        return found.toSorted((a, b) => (a.requestedAt < b.requestedAt ? 1 : -1));
      }),
    due: (at) =>
      guarded('read what is due', async () => {
        const items = await query(DUE, {
          // '~' comes after every character of a key.
          KeyConditionExpression: '#id = :id AND #item <= :at',
          ExpressionAttributeNames: { '#item': 'item' },
          ExpressionAttributeValues: { ':at': `${at}~` },
          Limit: 100,
        });
        return items.flatMap((item) => {
          const [due, exceptionId, days] = item.split('#');
          return due === undefined || exceptionId === undefined ? [] : [{ exceptionId, at: due, days: Number(days) }];
        });
      }),
    done: (due) =>
      guarded('note what is done', async () => {
        await client.send(new DeleteCommand({ TableName, Key: { id: DUE, item: dueKey(due) } }));
      }),
  };
}

const dueKey = ({ at, exceptionId, days }: Due): string => `${at}#${exceptionId}#${days}`;

/** What is no JSON is no exception. */
function parse(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
