/** What telling people has to remember besides what was told: findings that flap, threads, digests, what is due. */
import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../model/errors.ts';
import { fromStore } from '../aws/errors.ts';
import { queryAll } from '../dynamodb/client.ts';

/** Notes by key, each with a version; and lists, whose items are sorted by id. Errors: `STORE_UNAVAILABLE` (retry). */
export interface Notes {
  /** The note, strong; version 0: there is none. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- who reads a note wrote it, and knows its type
  read<T>(key: string): Promise<{ readonly version: number; readonly value: T | undefined }>;
  /** Writes it if the stored version is still this one. False: someone was faster. */
  write(key: string, value: unknown, version: number): Promise<boolean>;
  /** Adds an item to a list, or replaces it. Idempotent. */
  add(list: string, id: string, value: unknown): Promise<void>;
  /** The items with ids up to this one (all), in their order. Strong. */
  list<T>(list: string, options?: { readonly upTo?: string }): Promise<readonly Listed<T>[]>;
  remove(list: string, id: string): Promise<void>;
}
export interface Listed<T> {
  readonly id: string;
  readonly value: T;
}

/** A thread is followed for so long after its last change; a digest that cannot be sent is kept as long. */
const KEPT_DAYS = 90;

/** The notes in the findings table, under keys of their own (`finding = sent#slack#<key>`), which no index of it holds. */
export function makeNotes(client: DynamoDBClient, TableName: string, now: () => number = Date.now): Notes {
  const dynamo = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const keyOf = (key: string, item = 'note') => ({ finding: `sent#slack#${key}`, item });
  const row = (key: string, item: string | undefined, value: unknown) => ({
    ...keyOf(key, item),
    value: JSON.stringify(value),
    expires_at: Math.floor(now() / 1000) + KEPT_DAYS * 86_400,
  });
  return {
    read: (key) =>
      guarded('read a note', async () => {
        const { Item } = await dynamo.send(new GetCommand({ TableName, Key: keyOf(key), ConsistentRead: true }));
        return Item === undefined
          ? { version: 0, value: undefined }
          : { version: Number(Item['version']), value: JSON.parse(String(Item['value'])) };
      }),
    write: (key, value, version) =>
      guarded('write a note', async () => {
        try {
          await dynamo.send(
            new PutCommand({
              TableName,
              Item: { ...row(key, undefined, value), version: version + 1 },
              ConditionExpression: version === 0 ? 'attribute_not_exists(finding)' : 'version = :version',
              ...(version === 0 ? {} : { ExpressionAttributeValues: { ':version': version } }),
            }),
          );
          return true;
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) return false;
          throw error;
        }
      }),
    add: (list, id, value) =>
      guarded('add to a list', async () => {
        await dynamo.send(new PutCommand({ TableName, Item: row(list, id, value) }));
      }),
    list: <T>(list: string, { upTo }: { readonly upTo?: string } = {}) =>
      guarded('read a list', async () => {
        const rows = await queryAll(dynamo, {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: upTo === undefined ? 'finding = :of' : 'finding = :of AND #item <= :upTo',
          ...(upTo === undefined ? {} : { ExpressionAttributeNames: { '#item': 'item' } }),
          ExpressionAttributeValues: { ':of': keyOf(list).finding, ...(upTo === undefined ? {} : { ':upTo': upTo }) },
        });
        return rows.map(
          (item): Listed<T> => ({ id: String(item['item']), value: JSON.parse(String(item['value'])) as T }),
        );
      }),
    remove: (list, id) =>
      guarded('remove from a list', async () => {
        await dynamo.send(new DeleteCommand({ TableName, Key: keyOf(list, id) }));
      }),
  };
}

/** How often a note is changed again because someone else changed it meanwhile. */
const MAX_ATTEMPTS = 10;

/** Changes a note by what is in it, again where someone was faster. `undefined`: it stays as it is. Returns what is in it then. */
export async function changeNote<T>(
  notes: Notes,
  key: string,
  change: (value: T | undefined) => T | undefined,
): Promise<T | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { version, value } = await notes.read<T>(key);
    const next = change(value);
    if (next === undefined || next === value) return value;
    if (await notes.write(key, next, version)) return next;
  }
  throw new AppError('STORE_UNAVAILABLE', 'others changed a note too often meanwhile');
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
