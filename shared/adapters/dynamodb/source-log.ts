import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { gapBefore, type ObservationGap } from '../../model/coverage.ts';
import type { Heard, SourceLog } from '../../ports/source-log.ts';
import { fromStore } from '../aws/errors.ts';
import { queryAll, type Table } from './client.ts';

/** When accounts were last heard, in the resources table: `resource = source#<source>`, `item = account#<account>`. */
export function makeDynamoSourceLog(table: Table): SourceLog {
  const { client, name: TableName } = table;
  /** Sets attributes to an instant unless a later one is there. */
  const raise = async (source: string, account: string, attribute: string, at: string): Promise<void> => {
    try {
      await client.send(
        new UpdateCommand({
          TableName,
          Key: { resource: `source#${source}`, item: `account#${account}` },
          UpdateExpression: 'SET #at = :at, #source = :source, #heard = :account',
          ConditionExpression: 'attribute_not_exists(#at) OR #at < :at',
          // Not `account`: that is a key of the inventory's index.
          ExpressionAttributeNames: { '#at': attribute, '#source': 'source', '#heard': 'heard_account' },
          ExpressionAttributeValues: { ':at': at, ':source': source, ':account': account },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw fromStore(error, 'note that a source was heard');
    }
  };
  /** Before the instant is raised: if we die in between, a gap is there twice and not never. */
  const noteGap = async (source: string, account: string, at: string): Promise<void> => {
    const Key = { resource: `source#${source}`, item: `account#${account}` };
    try {
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      const gap = gapBefore(text(Item ?? {}, 'last_whole_at'), at);
      if (gap === undefined) return;
      await client.send(
        new UpdateCommand({
          TableName,
          Key,
          UpdateExpression: 'SET #gaps = list_append(if_not_exists(#gaps, :none), :gap)',
          ExpressionAttributeNames: { '#gaps': 'gaps' },
          ExpressionAttributeValues: { ':none': [], ':gap': [gap] },
        }),
      );
    } catch (error) {
      throw fromStore(error, 'note that a source was silent');
    }
  };
  return {
    heard: (source, account, at) => raise(source, account, 'last_seen_at', at),
    swept: async (source, account, at, whole = true) => {
      await raise(source, account, 'last_seen_at', at);
      await raise(source, account, 'last_swept_at', at);
      if (!whole) return;
      await noteGap(source, account, at);
      await raise(source, account, 'last_whole_at', at);
    },
    denied: (source, account, at) => raise(source, account, 'last_denied_at', at),
    list: async (source) => {
      try {
        const rows = await queryAll(client, {
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#resource = :resource',
          ExpressionAttributeNames: { '#resource': 'resource' },
          ExpressionAttributeValues: { ':resource': `source#${source}` },
        });
        return rows.map(
          (item): Heard => ({
            source,
            account: String(item['heard_account']),
            lastSeenAt: text(item, 'last_seen_at') ?? '',
            ...optional('lastSweptAt', text(item, 'last_swept_at')),
            ...optional('lastWholeAt', text(item, 'last_whole_at')),
            ...optional('lastDeniedAt', text(item, 'last_denied_at')),
            ...(Array.isArray(item['gaps']) ? { gaps: item['gaps'] as readonly ObservationGap[] } : {}),
          }),
        );
      } catch (error) {
        throw fromStore(error, 'list what was heard');
      }
    },
  };
}

const text = (item: { readonly [attribute: string]: unknown }, name: string): string | undefined =>
  typeof item[name] === 'string' ? item[name] : undefined;
const optional = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
