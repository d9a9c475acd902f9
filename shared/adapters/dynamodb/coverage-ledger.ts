import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { CoverageRow } from '../../model/coverage.ts';
import type { CoverageLedger } from '../../ports/coverage-ledger.ts';
import { fromStore } from '../aws/errors.ts';
import { inParallel } from '../service/in-parallel.ts';
import { queryAll, type Table } from './client.ts';

const PARALLEL = 20;

/** The attribute of each figure: words, because people query them. */
const ATTRIBUTES = {
  lastEventAt: 'last_event_at',
  lagMs: 'lag_ms',
  lastSweptAt: 'last_swept_at',
  whole: 'is_whole',
  listed: 'listed',
  held: 'held',
  missed: 'missed',
  deniedAt: 'denied_at',
} as const satisfies { readonly [K in Exclude<keyof CoverageRow, 'source' | 'account' | 'type'>]: string };

/** The coverage ledger, in the resources table: `resource = coverage#<source>`, `item = <account>#<type>`. */
export function makeDynamoCoverageLedger(table: Table): CoverageLedger {
  const { client, name: TableName } = table;
  return {
    note: async (rows) => {
      try {
        await inParallel(rows, PARALLEL, async ({ source, account, type, ...figures }) => {
          const given: readonly (readonly [string, string | number | boolean])[] = [
            // Not `account`: that is a key of the inventory's index.
            ['covered_account', account],
            ['native_type', type],
            ...Object.entries(figures).flatMap(([name, value]) =>
              value === undefined ? [] : [[ATTRIBUTES[name as keyof typeof ATTRIBUTES], value] as const],
            ),
          ];
          await client.send(
            new UpdateCommand({
              TableName,
              Key: { resource: `coverage#${source}`, item: `${account}#${type}` },
              UpdateExpression: `SET ${given.map((_, i) => `#a${i} = :a${i}`).join(', ')}`,
              ExpressionAttributeNames: Object.fromEntries(given.map(([name], i) => [`#a${i}`, name])),
              ExpressionAttributeValues: Object.fromEntries(given.map(([, value], i) => [`:a${i}`, value])),
            }),
          );
        });
      } catch (error) {
        throw fromStore(error, 'note what is covered');
      }
    },
    list: async (source, account) => {
      try {
        const one = account === undefined ? undefined : `${account}#`;
        const rows = await queryAll(client, {
          TableName,
          KeyConditionExpression: `#resource = :resource${one === undefined ? '' : ' AND begins_with(#item, :account)'}`,
          ExpressionAttributeNames: { '#resource': 'resource', ...(one === undefined ? {} : { '#item': 'item' }) },
          ExpressionAttributeValues: {
            ':resource': `coverage#${source}`,
            ...(one === undefined ? {} : { ':account': one }),
          },
        });
        return rows.map((row) => decode(source, row));
      } catch (error) {
        throw fromStore(error, 'list what is covered');
      }
    },
  };
}

const decode = (source: string, item: { readonly [attribute: string]: unknown }): CoverageRow => ({
  source,
  account: String(item['covered_account']),
  type: String(item['native_type']),
  ...Object.fromEntries(
    Object.entries(ATTRIBUTES).flatMap(([name, attribute]) =>
      item[attribute] === undefined ? [] : [[name, item[attribute]]],
    ),
  ),
});
