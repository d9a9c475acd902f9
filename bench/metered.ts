/**
 * What calls of DynamoDB are charged: write and read units by the sizes of items before and after, indexes included.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html (read 2026-11-25)
 */
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { TableShape } from '../shared/model/tables.ts';
import { itemSize } from '../test/support/item-size.ts';

type Item = { readonly [attribute: string]: unknown };
type Command = Parameters<DynamoDBDocumentClient['send']>[0];

const WRITE_BYTES = 1024;
const READ_BYTES = 4096;

/** What was used since the last `take`. */
export interface Used {
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly calls: number;
}

const writeUnits = (item: Item | undefined): number =>
  item === undefined ? 0 : Math.ceil(itemSize(item) / WRITE_BYTES);

/** A write is charged by the larger of the item before and after, and by each index whose entry it changes. */
function unitsOfWrite(shape: TableShape, before: Item | undefined, after: Item | undefined): number {
  let units = Math.max(1, writeUnits(before), writeUnits(after));
  for (const index of shape.indexes) {
    const keys = [index.partitionKey, ...(index.sortKey === undefined ? [] : [index.sortKey])];
    const own = [...keys, shape.partitionKey, ...(shape.sortKey === undefined ? [] : [shape.sortKey])];
    const entryOf = (item: Item | undefined): Item | undefined => {
      if (item === undefined || keys.some(({ name }) => item[name] === undefined)) return undefined;
      return index.projection === 'ALL' ? item : Object.fromEntries(own.map(({ name }) => [name, item[name]]));
    };
    const [old, now] = [entryOf(before), entryOf(after)];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const keyOf = (entry: Item | undefined): string => JSON.stringify(entry && keys.map(({ name }) => entry[name]));
    // An entry with another key is removed and made anew.
    units +=
      old !== undefined && now !== undefined && keyOf(old) === keyOf(now)
        ? Math.max(writeUnits(old), writeUnits(now))
        : writeUnits(old) + writeUnits(now);
  }
  return units;
}

/** A client whose calls are metered; the calls that the meter itself makes go past it. */
export function makeMeter(client: DynamoDBDocumentClient, shapes: { readonly [table: string]: TableShape }) {
  let used = { writeUnits: 0, readUnits: 0, calls: 0 };
  const shapeOf = (table: string | undefined): TableShape => {
    const shape = shapes[table ?? ''];
    if (shape === undefined) throw new Error(`no table is called ${table}`);
    return shape;
  };
  const get = async (TableName: string | undefined, Key: Item | undefined): Promise<Item | undefined> =>
    (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
  const keyOf = (shape: TableShape, item: Item): Item => {
    const keys = [shape.partitionKey, ...(shape.sortKey === undefined ? [] : [shape.sortKey])];
    return Object.fromEntries(keys.map(({ name }) => [name, item[name]]));
  };
  const read = (items: readonly (Item | undefined)[], consistent: boolean | undefined): void => {
    const bytes = items.reduce((sum, item) => sum + (item === undefined ? 0 : itemSize(item)), 0);
    used.readUnits += Math.max(1, Math.ceil(bytes / READ_BYTES)) * (consistent === true ? 1 : 0.5);
  };

  const send = async (command: Command): Promise<unknown> => {
    used.calls += 1;
    if (command instanceof PutCommand || command instanceof UpdateCommand || command instanceof DeleteCommand) {
      const { input } = command;
      const shape = shapeOf(input.TableName);
      const key = 'Item' in input ? keyOf(shape, input.Item ?? {}) : (input as { readonly Key: Item }).Key;
      const before = await get(input.TableName, key);
      try {
        return await client.send(command as PutCommand);
      } finally {
        used.writeUnits += unitsOfWrite(shape, before, await get(input.TableName, key));
      }
    }
    if (command instanceof GetCommand) {
      // What is projected away is read all the same.
      read([await get(command.input.TableName, command.input.Key)], command.input.ConsistentRead);
      return client.send(command);
    }
    if (command instanceof BatchGetCommand) {
      const answer = await client.send(command);
      for (const items of Object.values(answer.Responses ?? {})) for (const item of items) read([item], true);
      return answer;
    }
    if (command instanceof QueryCommand) {
      const { ProjectionExpression: _, ...whole } = command.input;
      read((await client.send(new QueryCommand(whole))).Items ?? [], command.input.ConsistentRead);
      return client.send(command);
    }
    throw new Error(`${command.constructor.name} is not metered`);
  };
  return {
    client: { send } as unknown as DynamoDBDocumentClient, // the adapters use nothing else of it
    take: (): Used => {
      const taken = used;
      used = { writeUnits: 0, readUnits: 0, calls: 0 };
      return taken;
    },
  };
}
