import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Approval, approvalState, principalOf } from '../../model/approval.ts';
import { AppError } from '../../model/errors.ts';
import type { ApprovalStore } from '../../ports/approvals.ts';
import { approvalIn, byPolicyAndTime } from '../approval-record.ts';
import { fromStore } from '../aws/errors.ts';
import { queryAll, type Table } from './client.ts';
import { pack, unpack } from './packing.ts';

/**
 * Approvals in the policies table: `approval` with one item per version, `<policy>#<hash>`. A partition of its own, so that
 * IAM can let those who approve write there and nowhere else (`dynamodb:LeadingKeys`).
 */
export function makeDynamoApprovals(table: Table, title: string): ApprovalStore {
  const { client, name: TableName } = table;
  return {
    title,
    read: (policy, hash) =>
      guarded('read an approval', async () => {
        const Key = { id: ID, item: itemKey(policy, hash) };
        const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
        return Item === undefined ? undefined : decode(Item);
      }),
    list: (policy) =>
      guarded('list approvals', async () => {
        const rows = await queryAll(client, {
          TableName,
          KeyConditionExpression: policy === undefined ? '#id = :id' : '#id = :id AND begins_with(#item, :policy)',
          ExpressionAttributeNames: { '#id': 'id', ...(policy === undefined ? {} : { '#item': 'item' }) },
          ExpressionAttributeValues: { ':id': ID, ...(policy === undefined ? {} : { ':policy': `${policy}#` }) },
          ConsistentRead: true,
        });
        return rows.map(decode).toSorted(byPolicyAndTime);
      }),
    write: (next) =>
      guarded('write an approval', async () => {
        const first = next.revision === 1;
        try {
          await client.send(
            new PutCommand({
              TableName,
              Item: encode(next),
              ConditionExpression: first ? 'attribute_not_exists(#key)' : '#key = :before',
              ExpressionAttributeNames: { '#key': first ? 'id' : 'revision' },
              ...(first ? {} : { ExpressionAttributeValues: { ':before': next.revision - 1 } }),
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

const ID = 'approval';
const itemKey = (policy: string, hash: string): string => `${policy}#${hash}`;

/** Besides the record itself, what people look for in the table. */
const encode = (a: Approval) => ({
  id: ID,
  item: itemKey(a.version.policy, a.version.hash),
  policy: a.version.policy,
  state: approvalState(a),
  author: principalOf(a.author),
  requested_at: a.requestedAt,
  revision: a.revision,
  record: pack(a),
});

function decode(item: { readonly [attribute: string]: unknown }): Approval {
  try {
    return approvalIn(unpack(item['record']));
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `the approval ${String(item['item'])} in the table cannot be read`, { cause });
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
