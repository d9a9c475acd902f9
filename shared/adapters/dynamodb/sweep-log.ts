import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ScopeOutcome, SweepLog, SweptScope } from '../../ports/sweep-log.ts';
import { fromStore } from '../aws/errors.ts';
import { inParallel } from '../service/in-parallel.ts';
import type { Table } from './client.ts';

/** How long it is kept what became of a run. */
const KEPT_DAYS = 30;
/** How many scopes are noted at once. */
const PARALLEL = 10;

/** The runs of the sweep, in the resources table: `resource = sweep#<run>`, `item = scope#<source>#<scope>`. */
export function makeDynamoSweepLog(table: Table): SweepLog {
  const { client, name: TableName } = table;
  const key = (run: string, source: string, scope: string) => ({
    resource: `sweep#${run}`,
    item: `scope#${source}#${scope}`,
  });
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
          const expires = Math.floor(Date.parse(at) / 1000) + KEPT_DAYS * 86_400;
          const first = { source, swept_scope: scope, is_baseline: baseline, got_on_at: at, expires_at: expires };
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
    note: (run, source, scope, at, outcome) =>
      guarded('note that a sweep got on', async () => {
        const ended = outcome !== undefined;
        try {
          await client.send(
            new UpdateCommand({
              TableName,
              Key: key(run, source, scope),
              UpdateExpression: `SET #at = :at${ended ? ', #outcome = if_not_exists(#outcome, :outcome)' : ''}`,
              // Of a run that is forgotten nothing is kept.
              ConditionExpression: 'attribute_exists(#source)',
              ExpressionAttributeNames: {
                '#at': 'got_on_at',
                '#source': 'source',
                ...(ended ? { '#outcome': 'outcome' } : {}),
              },
              ExpressionAttributeValues: { ':at': at, ...(ended ? { ':outcome': outcome } : {}) },
            }),
          );
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        }
      }),
    scopes: (run) =>
      guarded('read what became of a sweep', async () => {
        const scopes: SweptScope[] = [];
        let start: { [key: string]: unknown } | undefined;
        do {
          const answer = await client.send(
            new QueryCommand({
              TableName,
              ConsistentRead: true,
              KeyConditionExpression: '#resource = :resource AND begins_with(#item, :scope)',
              ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
              ExpressionAttributeValues: { ':resource': `sweep#${run}`, ':scope': 'scope#' },
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          );
          scopes.push(...(answer.Items ?? []).map(decode));
          start = answer.LastEvaluatedKey;
        } while (start !== undefined);
        return scopes;
      }),
  };
}

const decode = (item: { readonly [attribute: string]: unknown }): SweptScope => ({
  source: String(item['source']),
  scope: String(item['swept_scope']),
  baseline: item['is_baseline'] === true,
  at: String(item['got_on_at']),
  ...(typeof item['outcome'] === 'string' ? { outcome: item['outcome'] as ScopeOutcome } : {}),
});
