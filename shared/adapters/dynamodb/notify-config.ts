import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../model/errors.ts';
import { type NotifyConfig, notifyConfigSchema, TELL_EVERYTHING } from '../../model/notify.ts';
import { fromStore } from '../aws/errors.ts';
import type { Table } from './client.ts';

const KEY = { id: 'notify', item: 'config' } as const;

/**
 * Who hears of what, in the policies table beside what is active and no part of it: another channel judges nothing again.
 * The usual one where nothing was released. Throws `CONFIG_INVALID` if this build does not understand it.
 */
export async function readNotifyConfig({ client, name: TableName }: Table): Promise<NotifyConfig> {
  let stored: unknown;
  try {
    const { Item } = await client.send(new GetCommand({ TableName, Key: KEY, ConsistentRead: true }));
    if (Item === undefined) return TELL_EVERYTHING;
    stored = JSON.parse(String(Item['config']));
  } catch (error) {
    throw fromStore(error, 'read who hears of what');
  }
  const parsed = notifyConfigSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new AppError('CONFIG_INVALID', 'this build does not understand who hears of what: release it again', {
    cause: parsed.error,
  });
}

/** Makes it hold from the next batch of news on. The last writer wins. */
export async function putNotifyConfig(
  { client, name: TableName }: Table,
  config: NotifyConfig,
  by: { readonly at: string; readonly who: string },
): Promise<void> {
  try {
    await client.send(new PutCommand({ TableName, Item: { ...KEY, config: JSON.stringify(config), ...by } }));
  } catch (error) {
    throw fromStore(error, 'store who hears of what');
  }
}
