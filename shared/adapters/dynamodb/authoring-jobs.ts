/**
 * Sentences on their way to a policy, in the policies table: a partition `authoring#<id>` of its own for each, so that IAM
 * can let the function that authors write there and nowhere else (`dynamodb:LeadingKeys`). Items: `job` (where it stands),
 * `said#…` (every answer of a model or a person, written once), `call#…` (the audit record of each call of a model: hashes
 * and counts), `file#…` (the draft). The partition of no id lists them all by when they were asked for. All of it expires.
 */
import { randomUUID } from 'node:crypto';
import { ConditionalCheckFailedException, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetCommand, PutCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../model/errors.ts';
import type { ModelCall } from '../../ports/language-model.ts';
import type { LogLine } from '../anthropic/recorded.ts';
import { fromStore } from '../aws/errors.ts';
import {
  type AuthoringAsked,
  type AuthoringJob,
  type AuthoringJobs,
  type AuthoringState,
  KEPT_DAYS,
  LEASE_MS,
} from '../service/authoring-jobs.ts';
import { queryAll, type Table } from './client.ts';
import { pack, unpack } from './packing.ts';

export function makeDynamoAuthoringJobs<Outcome>(table: Table, nowMs: () => number): AuthoringJobs<Outcome> {
  const { client, name: TableName } = table;
  const at = (): string => new Date(nowMs()).toISOString();
  const keyed = (id: string, item: string) => ({ id: `authoring#${id}`, item });
  const expiring = () => ({ expires_at: Math.floor(nowMs() / 1000) + KEPT_DAYS * 86_400 });
  const callItem = (id: string, call: ModelCall) => ({
    TableName,
    Item: {
      // One of its own for each call, also of the same request in the same millisecond.
      ...keyed(id, `call#${at()}#${randomUUID()}`),
      ...expiring(),
      at: at(),
      model: call.model,
      role: call.role,
      purpose: call.purpose,
      request_sha256: call.requestHash,
      input_tokens: call.usage.inputTokens,
      cached_tokens: call.usage.cachedTokens,
      output_tokens: call.usage.outputTokens,
      cost: call.usage.cost,
      ms: call.ms,
      outcome: call.outcome,
    },
  });
  const read = async (id: string): Promise<AuthoringJob<Outcome> | undefined> => {
    const { Item } = await client.send(new GetCommand({ TableName, Key: keyed(id, 'job'), ConsistentRead: true }));
    return Item === undefined ? undefined : decode(Item);
  };
  const all = (id: string, prefix: string): Promise<readonly Item[]> =>
    queryAll(client, {
      TableName,
      KeyConditionExpression: '#id = :id AND begins_with(#item, :prefix)',
      ExpressionAttributeNames: { '#id': 'id', '#item': 'item' },
      ExpressionAttributeValues: { ':id': `authoring#${id}`, ':prefix': prefix },
      ConsistentRead: true,
    });

  return {
    read: (id) => guarded('read what is authored', () => read(id)),
    create: (asked) =>
      guarded('keep what is to be authored', async () => {
        const job: AuthoringJob<Outcome> = { asked, state: 'running', revision: 0 };
        const Item = {
          ...keyed(asked.id, 'job'),
          ...expiring(),
          state: job.state,
          revision: 0,
          claimed_until: 0,
          requested_by: asked.requestedBy,
          requested_at: asked.requestedAt,
          asked: pack(asked),
        };
        const listed = { ...keyed('', `${asked.requestedAt}#${asked.id}`), ...expiring(), authoring: asked.id };
        const condition = {
          ConditionExpression: 'attribute_not_exists(#id)',
          ExpressionAttributeNames: { '#id': 'id' },
        };
        const isNew = await unlessThere(() =>
          client.send(
            new TransactWriteCommand({
              TransactItems: [{ Put: { TableName, Item, ...condition } }, { Put: { TableName, Item: listed } }],
            }),
          ),
        );
        return isNew ? job : ((await read(asked.id)) ?? job);
      }),
    list: (limit) =>
      guarded('list what is authored', async () => {
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: '#id = :id',
            ExpressionAttributeNames: { '#id': 'id' },
            ExpressionAttributeValues: { ':id': keyed('', '').id },
            ScanIndexForward: false,
            ConsistentRead: true,
            Limit: limit,
          }),
        );
        const jobs = await Promise.all(Items.map((item) => read(String(item['authoring']))));
        return jobs.filter((job) => job !== undefined);
      }),
    claim: (id) =>
      guarded('take what is to be authored', async () => {
        let taken: Item | undefined;
        const isMine = await unlessThere(async () => {
          const { Attributes } = await client.send(
            new UpdateCommand({
              TableName,
              Key: keyed(id, 'job'),
              UpdateExpression: 'SET #state = :running, claimed_until = :until ADD revision :one',
              ConditionExpression: 'attribute_exists(#id) AND claimed_until < :now',
              ExpressionAttributeNames: { '#state': 'state', '#id': 'id' },
              ExpressionAttributeValues: {
                ':running': 'running',
                ':until': nowMs() + LEASE_MS,
                ':now': nowMs(),
                ':one': 1,
              },
              ReturnValues: 'ALL_NEW',
            }),
          );
          taken = Attributes;
        });
        return isMine && taken !== undefined ? decode<Outcome>(taken) : undefined;
      }),
    settle: (job, end) =>
      guarded('keep what came of it', async () => {
        const isMine = await unlessThere(() =>
          client.send(
            new UpdateCommand({
              TableName,
              Key: keyed(job.asked.id, 'job'),
              UpdateExpression: `SET claimed_until = :free, updated_at = :at${end === undefined ? '' : ', #state = :state, outcome = :outcome'}`,
              ConditionExpression: 'revision = :revision',
              ...(end === undefined ? {} : { ExpressionAttributeNames: { '#state': 'state' } }),
              ExpressionAttributeValues: {
                ':free': 0,
                ':at': at(),
                ':revision': job.revision,
                ...(end === undefined ? {} : { ':state': end.state, ':outcome': pack(end.outcome) }),
              },
            }),
          ),
        );
        if (!isMine) throw new AppError('STORE_STALE', `${job.asked.id} is worked on by someone else meanwhile`);
      }),
    lines: (id) =>
      guarded('read what was said', async () =>
        (await all(id, 'said#')).map((item) => unpack(item['line']) as LogLine),
      ),
    append: (id, line, n, by) =>
      guarded('keep what was said', () => {
        const put = {
          TableName,
          Item: {
            ...keyed(id, `said#${line.by}#${line.key}#${String(n).padStart(4, '0')}`),
            ...expiring(),
            at: at(),
            by,
            line: pack(line),
          },
          ConditionExpression: 'attribute_not_exists(#id)',
          ExpressionAttributeNames: { '#id': 'id' },
        };
        return unlessThere(() =>
          line.by === 'person'
            ? client.send(new PutCommand(put))
            : client.send(
                new TransactWriteCommand({ TransactItems: [{ Put: put }, { Put: callItem(id, line.says.call) }] }),
              ),
        );
      }),
    audit: (id, call) =>
      guarded('keep the record of a call', async () => {
        await client.send(new PutCommand(callItem(id, call)));
      }),
    calls: (id) => guarded('read the records of calls', async () => (await all(id, 'call#')).map(callOf)),
    putFile: (id, path, text) =>
      guarded('keep a file of a draft', async () => {
        const Item = { ...keyed(id, `file#${path}`), ...expiring(), text: pack(text) };
        await client.send(new PutCommand({ TableName, Item }));
      }),
    files: (id) =>
      guarded('read a draft', async () =>
        (await all(id, 'file#')).map((item) => ({
          path: String(item['item']).slice('file#'.length),
          text: String(unpack(item['text'])),
        })),
      ),
  };
}

type Item = { readonly [attribute: string]: unknown };

function decode<Outcome>(item: Item): AuthoringJob<Outcome> {
  const { outcome } = item;
  return {
    asked: unpack(item['asked']) as AuthoringAsked,
    state: item['state'] as AuthoringState,
    ...(outcome === undefined ? {} : { outcome: unpack(outcome) as Outcome }),
    revision: Number(item['revision']),
  };
}

const callOf = (item: Item): ModelCall & { readonly at: string } => ({
  at: String(item['at']),
  role: item['role'] as ModelCall['role'],
  purpose: String(item['purpose']),
  model: String(item['model']),
  requestHash: String(item['request_sha256']),
  usage: {
    inputTokens: Number(item['input_tokens']),
    cachedTokens: Number(item['cached_tokens']),
    outputTokens: Number(item['output_tokens']),
    cost: typeof item['cost'] === 'number' ? item['cost'] : null,
  },
  ms: Number(item['ms']),
  outcome: item['outcome'] as ModelCall['outcome'],
});

/** False where the condition of the write does not hold. */
async function unlessThere(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
    if (reasons.some((r) => r.Code === 'ConditionalCheckFailed')) return false;
    throw error;
  }
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}
