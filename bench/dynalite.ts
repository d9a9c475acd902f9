/**
 * DynamoDB's protocol over LevelDB, in a process of its own, where an index is looked up as it is in DynamoDB; and the
 * findings table in its store. Called by `findings`:
 *
 *     node bench/dynalite.ts load <folder> <rows>    a table of so many rows, all indexes filled
 *     node bench/dynalite.ts serve <folder>          answers on loopback, and tells the port to who started it
 */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { isMain } from '../scripts/is-main.ts';
import { findingsTable, type TableShape } from '../shared/model/tables.ts';
import { createTable } from '../test/support/tables.ts';
import { findingRows, type Item } from './finding-rows.ts';

/** The name of the table. */
export const TABLE = 'findings';

/** What a client of it wants. */
export const clientOptions = (port: number) => ({
  endpoint: `http://127.0.0.1:${port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

type Callback<T = void> = (error: unknown, value: T) => void;
interface Put {
  readonly type: 'put';
  readonly key: string;
  readonly value: Buffer;
  /** The value is JSON already. */
  readonly valueEncoding: 'buffer';
}
interface SubStore {
  batch(puts: readonly Put[], done: Callback): void;
}
interface StoredTable {
  readonly GlobalSecondaryIndexes: readonly { readonly IndexName: string }[];
}
interface Store {
  readonly db: { close(): Promise<void> };
  getTable(name: string, done: Callback<StoredTable>): void;
  getItemDb(table: string): SubStore;
  getIndexDb(type: 'global', table: string, index: string): SubStore;
}
/** What is used of dynalite, which has no types. */
interface Dynalite {
  (options: { readonly path: string; readonly createTableMs?: number }): Server;
}
interface DynaliteStore {
  create(options: { readonly path: string }): Store;
  createKey(item: Item, table: StoredTable): string;
  getIndexActions(
    indexes: readonly unknown[],
    before: null,
    item: Item,
    table: StoredTable,
  ): { readonly puts: readonly { readonly key: string }[] };
}

const require = createRequire(import.meta.url);
const BATCH = 1000;

async function listen(options: { readonly path: string; readonly createTableMs?: number }) {
  const server = (require('dynalite') as Dynalite)(options).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/**
 * Creates the table by the protocol and writes its rows straight into the store, under the keys and with the index
 * entries that dynalite makes of them: put one by one they would take hours. Each index is written in the order of its
 * keys, which LevelDB never has to sort again.
 */
async function load(path: string, rows: number): Promise<void> {
  const { server, port } = await listen({ path, createTableMs: 1 });
  const client = new DynamoDBClient(clientOptions(port));
  await createTable(client, TABLE, findingsTable);
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { TableName: TABLE });
  client.destroy();
  await promisify(server.close.bind(server))();

  const shape: TableShape = findingsTable;
  if (shape.indexes.some((i) => i.projection !== 'ALL')) throw new Error('an index holds something else than the row');
  const keyed = [shape, ...shape.indexes].flatMap((i) => [i.partitionKey.name, i.sortKey?.name ?? i.partitionKey.name]);
  const names = [...new Set(keyed)];
  const rowOf = await findingRows();
  const values: Buffer[] = [];
  const keys: Item[] = [];
  for (let n = 0; n < rows; n++) {
    const row = rowOf(n);
    values.push(Buffer.from(JSON.stringify(row)));
    keys.push(Object.fromEntries(names.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]]))));
  }

  const dynalite = require('dynalite/db') as DynaliteStore;
  const store = dynalite.create({ path });
  const table = await promisify<string, StoredTable>(store.getTable.bind(store))(TABLE);
  const write = async (to: SubStore, keyOf: (item: Item) => string | undefined): Promise<void> => {
    const batch = promisify<readonly Put[], void>(to.batch.bind(to));
    const puts = keys.flatMap((item, n): Put[] => {
      const [key, value] = [keyOf(item), values[n]];
      return key === undefined || value === undefined ? [] : [{ type: 'put', key, value, valueEncoding: 'buffer' }];
    });
    puts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    for (let from = 0; from < puts.length; from += BATCH) await batch(puts.slice(from, from + BATCH));
  };
  await write(store.getItemDb(TABLE), (item) => dynalite.createKey(item, table));
  for (const index of table.GlobalSecondaryIndexes)
    await write(
      store.getIndexDb('global', TABLE, index.IndexName),
      (item) => dynalite.getIndexActions([index], null, item, table).puts[0]?.key,
    );
  await store.db.close();
}

/** Until the process that started it lets go. */
async function serve(path: string): Promise<void> {
  const { port } = await listen({ path });
  process.once('disconnect', () => process.exit());
  process.send?.(port);
}

if (isMain(import.meta)) {
  const [, , what, path = '', rows] = process.argv;
  await (what === 'load' ? load(path, Number(rows)) : serve(path));
}
