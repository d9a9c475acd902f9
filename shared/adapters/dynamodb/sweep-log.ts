import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  type ScopeOutcome,
  SWEEP_COUNTS,
  type SweepCounts,
  type SweepLog,
  type SweptScope,
} from '../../ports/sweep-log.ts';
import { fromStore } from '../aws/errors.ts';
import { pageToken, readPageToken } from '../finding-filter.ts';
import { inParallel } from '../service/in-parallel.ts';
import { queryAll, type Table } from './client.ts';

/** How long it is kept what became of a run. */
const KEPT_DAYS = 30;
/** How many scopes are noted at once. */
const PARALLEL = 10;

/** Where it is noted whose digest is still to come, by run. */
const OWED = 'sweeps-untold';

/** The runs of the sweep, in the resources table: `resource = sweep#<run>`, `item = scope#<source>#<scope>`, `place#…`, `count#…`. */
export function makeDynamoSweepLog(table: Table): SweepLog {
  const { client, name: TableName } = table;
  const key = (run: string, source: string, scope: string) => ({
    resource: `sweep#${run}`,
    item: `scope#${source}#${scope}`,
  });
  const expires = (at: string): number => Math.floor(Date.parse(at) / 1000) + KEPT_DAYS * 86_400;
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fromStore(error, what);
    }
  };
  return {
    begin: (run, scopes, at) =>
      guarded('note the scopes of a sweep', () =>
        inParallel(scopes, PARALLEL, async ({ source, scope, baseline }) => {
          const first = { source, swept_scope: scope, is_baseline: baseline, expires_at: expires(at) };
          const names = Object.keys(first);
          await client.send(
            new UpdateCommand({
              TableName,
              Key: key(run, source, scope),
              UpdateExpression: `SET ${names.map((_, i) => `#a${i} = if_not_exists(#a${i}, :a${i})`).join(', ')}`,
              ExpressionAttributeNames: Object.fromEntries(names.map((name, i) => [`#a${i}`, name])),
              ExpressionAttributeValues: Object.fromEntries(Object.values(first).map((value, i) => [`:a${i}`, value])),
            }),
          );
        }),
      ),
    end: (run, source, scope, { outcome, began }) =>
      guarded('note how a scope of a sweep ended', async () => {
        const given = Object.entries({ outcome, began_at: began }).filter(([, value]) => value !== undefined);
        try {
          await client.send(
            new UpdateCommand({
              TableName,
              Key: key(run, source, scope),
              // The first outcome stands, and what it began with.
              UpdateExpression: `SET ${given.map((_, i) => `#a${i} = if_not_exists(#a${i}, :a${i})`).join(', ')}`,
              // Of a run that is forgotten nothing is kept.
              ConditionExpression: 'attribute_exists(#source)',
              ExpressionAttributeNames: {
                '#source': 'source',
                ...Object.fromEntries(given.map(([name], i) => [`#a${i}`, name])),
              },
              ExpressionAttributeValues: Object.fromEntries(given.map(([, value], i) => [`:a${i}`, value])),
            }),
          );
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        }
      }),
    scopes: (run) =>
      guarded('read what became of a sweep', async () => {
        const rows = await queryAll(client, {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#resource = :resource AND begins_with(#item, :scope)',
          ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
          ExpressionAttributeValues: { ':resource': `sweep#${run}`, ':scope': 'scope#' },
        });
        return rows.map(decode);
      }),
    owe: (run, at) =>
      guarded('note that a digest is to come', async () => {
        await client.send(
          new UpdateCommand({
            TableName,
            Key: { resource: OWED, item: run },
            UpdateExpression: 'SET #expires = :expires',
            ExpressionAttributeNames: { '#expires': 'expires_at' },
            ExpressionAttributeValues: { ':expires': expires(at) },
          }),
        );
      }),
    owed: () =>
      guarded('read which digests are to come', async () => {
        const rows = await queryAll(client, {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#resource = :resource',
          ExpressionAttributeNames: { '#resource': 'resource' },
          ExpressionAttributeValues: { ':resource': OWED },
        });
        return rows.filter((row) => row['told_at'] === undefined).map((row) => String(row['item']));
      }),
    settle: (run, at) =>
      guarded('note that a digest was told', async () => {
        await client.send(
          new UpdateCommand({
            TableName,
            Key: { resource: OWED, item: run },
            UpdateExpression: 'SET #told = :at, #expires = :expires',
            ExpressionAttributeNames: { '#told': 'told_at', '#expires': 'expires_at' },
            ExpressionAttributeValues: { ':at': at, ':expires': expires(at) },
          }),
        );
      }),
    listed: (run, source, places, at) =>
      guarded('note what a sweep lists', () =>
        inParallel(places, PARALLEL, async (place) => {
          await client.send(
            new UpdateCommand({
              TableName,
              Key: { resource: `sweep#${run}`, item: `place#${source}#${place}` },
              UpdateExpression: 'SET #expires = :expires',
              ExpressionAttributeNames: { '#expires': 'expires_at' },
              ExpressionAttributeValues: { ':expires': expires(at) },
            }),
          );
        }),
      ),
    wasListed: (run, source, place) =>
      guarded('read what a sweep listed', async () => {
        const Key = { resource: `sweep#${run}`, item: `place#${source}#${place}` };
        return (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item !== undefined;
      }),
    count: (run, { source, account, type, counts }, at) =>
      guarded('count what a sweep found', async () => {
        const given = Object.entries(counts);
        await client.send(
          new UpdateCommand({
            TableName,
            Key: { resource: `sweep#${run}`, item: `count#${source}#${account}#${type}` },
            UpdateExpression: `SET #source = :source, #of = :account, #type = :type, #expires = :expires ADD ${given.map((_, i) => `#a${i} :a${i}`).join(', ')}`,
            ExpressionAttributeNames: {
              '#source': 'source',
              // Not `account`: that is a key of the inventory's index.
              '#of': 'counted_account',
              '#type': 'native_type',
              '#expires': 'expires_at',
              ...Object.fromEntries(given.map(([name], i) => [`#a${i}`, name])),
            },
            ExpressionAttributeValues: {
              ':source': source,
              ':account': account,
              ':type': type,
              ':expires': expires(at),
              ...Object.fromEntries(given.map(([, value], i) => [`:a${i}`, value])),
            },
          }),
        );
      }),
    counts: (run, next) =>
      guarded('read what a sweep counted', async () => {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: '#resource = :resource AND begins_with(#item, :count)',
            ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
            ExpressionAttributeValues: { ':resource': `sweep#${run}`, ':count': 'count#' },
            ...(next === undefined ? {} : { ExclusiveStartKey: readPageToken(next) }),
          }),
        );
        return {
          items: (answer.Items ?? []).map(decodeCounts),
          ...(answer.LastEvaluatedKey === undefined ? {} : { next: pageToken(answer.LastEvaluatedKey) }),
        };
      }),
  };
}

const decodeCounts = (item: { readonly [attribute: string]: unknown }): SweepCounts => ({
  source: String(item['source']),
  account: String(item['counted_account']),
  type: String(item['native_type']),
  counts: Object.fromEntries(
    SWEEP_COUNTS.flatMap((name) => (typeof item[name] === 'number' ? [[name, item[name]]] : [])),
  ),
});

const decode = (item: { readonly [attribute: string]: unknown }): SweptScope => ({
  source: String(item['source']),
  scope: String(item['swept_scope']),
  baseline: item['is_baseline'] === true,
  ...(typeof item['outcome'] === 'string' ? { outcome: item['outcome'] as ScopeOutcome } : {}),
  ...(typeof item['began_at'] === 'string' ? { began: item['began_at'] } : {}),
});
