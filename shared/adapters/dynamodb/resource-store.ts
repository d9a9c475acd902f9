import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { AppError } from '../../model/errors.ts';
import type { Page } from '../../model/finding.ts';
import type { ResourceCommit } from '../../model/resource.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';
import { fromStore } from '../aws/errors.ts';
import { pageToken, readPageToken } from '../finding-filter.ts';
import type { Table } from './client.ts';
import {
  decode,
  decodeDetail,
  decodeEvidence,
  detailKey,
  encode,
  encodeDetail,
  neededDetails,
  segmentName,
  STATE,
} from './resource-item.ts';

/** How often a state is read again because a detail of it was replaced meanwhile. */
const MAX_READS = 5;
/** A sort key is at most 1,024 bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html, read 2026-11-25. */
const MAX_KEY_BYTES = 1000;
/** BatchGetItem takes 100 keys. */
const MAX_BATCH = 100;

type Item = { readonly [attribute: string]: unknown };

/** The resources table on DynamoDB. */
export function makeDynamoResourceStore(table: Table): ResourceStore {
  const { client, name: TableName } = table;

  const getDetails = async (
    resource: string,
    wanted: readonly { readonly what: string; readonly key: string }[],
  ): Promise<ReadonlyMap<string, unknown>> => {
    const byKey = new Map<string, unknown>();
    let keys = wanted.map(({ key }) => ({ resource, item: key }));
    while (keys.length > 0) {
      const batch = keys.slice(0, MAX_BATCH);
      const answer = await client.send(
        new BatchGetCommand({ RequestItems: { [TableName]: { Keys: batch, ConsistentRead: true } } }),
      );
      for (const item of answer.Responses?.[TableName] ?? []) byKey.set(String(item['item']), decodeDetail(item));
      const left = (answer.UnprocessedKeys?.[TableName]?.Keys ?? []) as { resource: string; item: string }[];
      keys = [...left, ...keys.slice(MAX_BATCH)];
    }
    return new Map(wanted.flatMap(({ what, key }) => (byKey.has(key) ? [[what, byKey.get(key)] as const] : [])));
  };

  const listIds = async (
    index: string,
    segment: number,
    attribute: string,
    comparison: '<' | '<=',
    value: number,
    next: string | undefined,
  ): Promise<Page<string>> =>
    guarded(`list ${index}`, async () => {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          IndexName: index,
          KeyConditionExpression: `#segment = :segment AND #value ${comparison} :value`,
          ExpressionAttributeNames: { '#segment': 'segment', '#value': attribute },
          ExpressionAttributeValues: { ':segment': segmentName(segment), ':value': value },
          ...from(next),
        }),
      );
      return { items: (answer.Items ?? []).map((i) => String(i['resource'])), ...to(answer.LastEvaluatedKey) };
    });

  const write = async ({
    state,
    evidence,
    after = state.revision - 1,
  }: ResourceCommit): Promise<'committed' | 'conflict' | 'stale'> => {
    const { attributes, storage, details } = encode({ state, evidence });
    await Promise.all(
      details.map((detail) =>
        client.send(
          new PutCommand({ TableName, Item: { resource: state.id, item: detailKey(detail), ...encodeDetail(detail) } }),
        ),
      ),
    );
    const names: Record<string, string> = { '#by': 'judged_by', '#activation': 'activation' };
    const values: Record<string, unknown> = { ':activation': state.judgedBy.activation };
    // Nobody committed since we read ...
    let nobodyWasFaster = '#revision = :base';
    if (after === 0) {
      nobodyWasFaster = 'attribute_not_exists(#resource)';
      names['#resource'] = 'resource';
    } else {
      names['#revision'] = 'revision';
      values[':base'] = after;
    }
    // ... and nobody judged by what replaced our bundle or context: an older activation never overwrites a newer one.
    const notGoingBack = '(attribute_not_exists(#by) OR #by.#activation <= :activation)';
    const set: string[] = [];
    const remove: string[] = [];
    for (const [i, [attribute, value]] of Object.entries(attributes).entries()) {
      names[`#a${i}`] = attribute;
      if (value === undefined) remove.push(`#a${i}`);
      else {
        set.push(`#a${i} = :a${i}`);
        values[`:a${i}`] = value;
      }
    }
    try {
      await client.send(
        new UpdateCommand({
          TableName,
          Key: { resource: state.id, item: STATE },
          // `projected_revision` belongs to the projection and is not named here.
          UpdateExpression: `SET ${set.join(', ')}${remove.length === 0 ? '' : ` REMOVE ${remove.join(', ')}`}`,
          ConditionExpression: `${nobodyWasFaster} AND ${notGoingBack}`,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const stored = Number(error.Item?.['judged_by']?.M?.['activation']?.N ?? 0);
      return stored > state.judgedBy.activation ? 'stale' : 'conflict';
    }
    const replaced = Object.values(state.storage ?? {}).map(detailKey);
    // Before a first commit there is nothing that it could leave behind.
    if (after === 0) return 'committed';
    if (details.length > 0 || replaced.length > Object.keys(storage).length)
      await tidy(state.id, state.revision, new Set(Object.values(storage).map(detailKey)));
    return 'committed';
  };

  /**
   * Removes the details that no state refers to any more: those of revisions before this commit that it does not use.
   * Whoever is about to commit now writes its own under a higher revision. What is left by a failure goes next time.
   */
  const tidy = async (resource: string, revision: number, used: ReadonlySet<string>): Promise<void> => {
    try {
      const answer = await client.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          KeyConditionExpression: '#resource = :resource AND #item BETWEEN :from AND :to',
          ProjectionExpression: '#item',
          ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
          ExpressionAttributeValues: {
            ':resource': resource,
            ':from': 'detail#',
            ':to': detailKey({ revision, hash: '' }),
          },
        }),
      );
      for (const item of (answer.Items ?? []).map((i) => String(i['item'])))
        if (!used.has(item)) await client.send(new DeleteCommand({ TableName, Key: { resource, item } }));
    } catch {
      // The commit stands; rubbish in the table is no reason to fail it.
    }
  };

  return {
    read: (id) =>
      guarded('read a resource', async () => {
        for (let reads = 0; reads < MAX_READS; reads++) {
          const answer = await client.send(
            new GetCommand({ TableName, Key: { resource: id, item: STATE }, ConsistentRead: true }),
          );
          if (answer.Item === undefined) return undefined;
          const wanted = neededDetails(answer.Item);
          const details = wanted.length === 0 ? new Map<string, unknown>() : await getDetails(id, wanted);
          if (details.size === wanted.length) return decode(answer.Item, details);
        }
        throw new AppError('STORE_UNAVAILABLE', 'the parts of a resource were replaced while they were read', {
          details: { resourceId: id },
        });
      }),
    evidence: (state) =>
      guarded('read evidence', async () => {
        const key = { resource: state.id, item: STATE };
        const hot = await client.send(new GetCommand({ TableName, Key: key, ConsistentRead: true }));
        if (hot.Item === undefined || hot.Item['evidence'] !== state.evidence) return undefined;
        const stored = (hot.Item['details'] as Record<string, { hash: string; revision: number }> | undefined)?.[
          'evidence'
        ];
        if (stored === undefined) return {};
        const answer = await client.send(
          new GetCommand({ TableName, Key: { resource: state.id, item: detailKey(stored) }, ConsistentRead: true }),
        );
        return answer.Item === undefined ? undefined : decodeEvidence(answer.Item);
      }),
    commit: (commit) => guarded('commit a resource', () => write(commit)),
    addDependent: (dependent, dependencies) =>
      guarded('note a dependent', async () => {
        await Promise.all(
          dependencies.map((resource) =>
            client.send(new PutCommand({ TableName, Item: { resource, item: dependentKey(dependent), dependent } })),
          ),
        );
      }),
    dependents: (id, next) =>
      guarded('list dependents', async () => {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: '#resource = :resource AND begins_with(#item, :prefix)',
            ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
            ExpressionAttributeValues: { ':resource': id, ':prefix': 'dependent#' },
            ...from(next),
          }),
        );
        return { items: (answer.Items ?? []).map((i) => String(i['dependent'])), ...to(answer.LastEvaluatedKey) };
      }),
    markProjected: (id, revision) =>
      guarded('mark as published', async () => {
        const key = { TableName, Key: { resource: id, item: STATE } };
        const names = { '#projected': 'projected_revision', '#revision': 'revision' };
        const notYet = '(attribute_not_exists(#projected) OR #projected < :revision)';
        // Nothing newer is pending ...
        const last = await holds(
          client.send(
            new UpdateCommand({
              ...key,
              UpdateExpression: 'SET #projected = :revision REMOVE #pending, #since',
              ConditionExpression: `#revision = :revision AND ${notYet}`,
              ExpressionAttributeNames: { ...names, '#pending': 'pending', '#since': 'pending_since' },
              ExpressionAttributeValues: { ':revision': revision },
            }),
          ),
        );
        // ... or something is: then it stays, and the next commit drops what was published.
        if (!last)
          await holds(
            client.send(
              new UpdateCommand({
                ...key,
                UpdateExpression: 'SET #projected = :revision',
                ConditionExpression: `#revision > :revision AND ${notYet}`,
                ExpressionAttributeNames: names,
                ExpressionAttributeValues: { ':revision': revision },
              }),
            ),
          );
      }),
    projectedRevision: (id) =>
      guarded('read what was published', async () => {
        const answer = await client.send(
          new GetCommand({
            TableName,
            Key: { resource: id, item: STATE },
            ConsistentRead: true,
            ProjectionExpression: '#projected',
            ExpressionAttributeNames: { '#projected': 'projected_revision' },
          }),
        );
        return Number(answer.Item?.['projected_revision'] ?? 0);
      }),
    belowActivation: (segment, activation, next) =>
      listIds('by_activation', segment, 'activation', '<', activation, next),
    dueToFlip: (segment, epochSeconds, next) =>
      listIds('by_next_flip', segment, 'next_flip_at', '<=', epochSeconds, next),
    lagging: (segment, epochMs, next) => listIds('by_pending', segment, 'pending_since', '<', epochMs, next),
  };
}

/** The sort key of an edge: the dependent's id, or its hash where that is too long for a key. */
function dependentKey(dependent: string): string {
  const id =
    Buffer.byteLength(dependent) <= MAX_KEY_BYTES
      ? dependent
      : `sha256:${createHash('sha256').update(dependent).digest('hex')}`;
  return `dependent#${id}`;
}

async function guarded<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fromStore(error, what);
  }
}

/** False if the condition of the write did not hold. */
async function holds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

const from = (next: string | undefined): Pick<QueryCommandInput, 'ExclusiveStartKey'> =>
  next === undefined ? {} : { ExclusiveStartKey: readPageToken(next) };
const to = (last: Item | undefined): { readonly next?: string } =>
  last === undefined ? {} : { next: pageToken(last) };
