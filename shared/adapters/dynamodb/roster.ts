import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { TOMBSTONE_DAYS } from '../../model/resource.ts';
import type { Roster, Seen } from '../../ports/roster.ts';
import { fromStore } from '../aws/errors.ts';
import { inParallel } from '../service/in-parallel.ts';
import type { Table } from './client.ts';

/** The sort key of a mark, beside the resource's hot item. */
const SEEN = 'seen';
/** How many marks are written at once. */
const PARALLEL = 20;
/** BatchGetItem takes 100 keys. */
const MAX_BATCH = 100;

type Item = { readonly [attribute: string]: unknown };

/** The marks of the sweep, in the resources table: `item = seen`. */
export function makeDynamoRoster(table: Table): Roster {
  const { client, name: TableName } = table;
  const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fromStore(error, what);
    }
  };
  const expires = (at: string): number => Math.floor(Date.parse(at) / 1000) + TOMBSTONE_DAYS * 86_400;
  // A later list's mark stays: an older run that is still under way must not make it look unseen.
  const noLaterMark = 'attribute_not_exists(#at) OR #at < :at';

  return {
    see: (ids, { source, scope, at }) =>
      guarded('mark what a sweep saw', async () => {
        const seen = new Map<string, Seen>();
        const fresh = new Set<string>();
        await inParallel([...new Set(ids)], PARALLEL, async (id) => {
          try {
            const answer = await client.send(
              new UpdateCommand({
                TableName,
                Key: { resource: id, item: SEEN },
                UpdateExpression: 'SET #at = :at, #source = :source, #scope = :scope, #expires = :expires',
                ConditionExpression: noLaterMark,
                ExpressionAttributeNames: {
                  '#at': 'seen_at',
                  '#source': 'source',
                  '#scope': 'swept_scope',
                  '#expires': 'expires_at',
                },
                ExpressionAttributeValues: { ':at': at, ':source': source, ':scope': scope, ':expires': expires(at) },
                ReturnValues: 'ALL_NEW',
                ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
              }),
            );
            fresh.add(id);
            put(seen, id, answer.Attributes);
          } catch (error) {
            if (!(error instanceof ConditionalCheckFailedException)) throw error;
            put(seen, id, error.Item === undefined ? undefined : unmarshall(error.Item));
          }
        });
        return { seen, fresh };
      }),
    seen: (ids) =>
      guarded('read what sweeps saw', async () => {
        const seen = new Map<string, Seen>();
        let keys = [...new Set(ids)].map((resource) => ({ resource, item: SEEN }));
        while (keys.length > 0) {
          const batch = keys.slice(0, MAX_BATCH);
          const answer = await client.send(
            new BatchGetCommand({ RequestItems: { [TableName]: { Keys: batch, ConsistentRead: true } } }),
          );
          for (const item of answer.Responses?.[TableName] ?? []) put(seen, String(item['resource']), item);
          const left = (answer.UnprocessedKeys?.[TableName]?.Keys ?? []) as typeof keys;
          keys = [...left, ...keys.slice(MAX_BATCH)];
        }
        return seen;
      }),
    miss: (id, at) =>
      guarded('note that a sweep missed something', async () => {
        try {
          await client.send(
            new UpdateCommand({
              TableName,
              Key: { resource: id, item: SEEN },
              UpdateExpression: 'SET #absent = :at, #expires = :expires',
              ConditionExpression: noLaterMark,
              ExpressionAttributeNames: { '#at': 'seen_at', '#absent': 'absent_at', '#expires': 'expires_at' },
              ExpressionAttributeValues: { ':at': at, ':expires': expires(at) },
            }),
          );
          return true;
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) return false;
          throw error;
        }
      }),
  };
}

function put(seen: Map<string, Seen>, id: string, item: Item | undefined): void {
  if (item === undefined) return;
  const text = (name: string): string => (typeof item[name] === 'string' ? item[name] : '');
  const absentAt = text('absent_at');
  seen.set(id, {
    source: text('source'),
    scope: text('swept_scope'),
    at: text('seen_at'),
    ...(absentAt === '' ? {} : { absentAt }),
  });
}
