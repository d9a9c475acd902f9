import { ConditionalCheckFailedException, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { fromStore } from '../aws/errors.ts';

/** What was told, so that an event that is delivered again is not told again. */
export interface SentRecord {
  /**
   * Takes an event for telling. `held`: someone is telling it now, and may not come to an end: ask again later.
   *
   *     A: claim ─mine─▶ send ──▶ done            an hour later: claim ─told─▶ nothing to do
   *     B:   claim ─held─▶ later: told
   *     A: claim ─mine─▶ ✗ (dies)   B: held … after the lease: mine ─▶ send ──▶ done
   */
  claim(eventId: string): Promise<'mine' | 'told' | 'held'>;
  /** It was told. */
  done(eventId: string): Promise<void>;
  /** It was not told: someone else may. */
  release(eventId: string): Promise<void>;
}

/** Longer than sending takes, shorter than the queue waits before it delivers again. */
const LEASE_MS = 5 * 60 * 1000;
/** Longer than the queue keeps a message. */
const KEPT_DAYS = 15;

/** The sent-record in the findings table, under keys of its own (`finding = sent#slack#<event>`). */
export function makeSentRecord(client: DynamoDBClient, table: string, now: () => number = Date.now): SentRecord {
  const dynamo = DynamoDBDocumentClient.from(client);
  const key = (eventId: string) => ({ finding: `sent#slack#${eventId}`, item: 'sent' });
  return {
    async claim(eventId) {
      // Free: never told. Lapsed: whoever took it did not come to an end, and did not say so either.
      const free = 'attribute_not_exists(finding)';
      const lapsed = '(told = :no AND claimed_until < :now)';
      try {
        await dynamo.send(
          new PutCommand({
            TableName: table,
            Item: {
              ...key(eventId),
              told: false,
              claimed_until: now() + LEASE_MS,
              expires_at: Math.floor(now() / 1000) + KEPT_DAYS * 86_400,
            },
            ConditionExpression: `${free} OR ${lapsed}`,
            ExpressionAttributeValues: { ':no': false, ':now': now() },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return 'mine';
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException)
          return error.Item?.['told']?.BOOL === true ? 'told' : 'held';
        throw fromStore(error, 'claim an event');
      }
    },
    async done(eventId) {
      try {
        await dynamo.send(
          new UpdateCommand({
            TableName: table,
            Key: key(eventId),
            UpdateExpression: 'SET told = :yes',
            ExpressionAttributeValues: { ':yes': true },
          }),
        );
      } catch (error) {
        throw fromStore(error, 'record that an event was told');
      }
    },
    async release(eventId) {
      try {
        await dynamo.send(new DeleteCommand({ TableName: table, Key: key(eventId) }));
      } catch (error) {
        throw fromStore(error, 'release an event');
      }
    },
  };
}
