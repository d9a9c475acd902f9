import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { CanaryPath } from '../../model/canary.ts';
import type { Probe, ProbeLog } from '../../ports/probe-log.ts';
import { fromStore } from '../aws/errors.ts';
import type { Table } from './client.ts';

/** An audit asks for a year: thirteen months. */
const KEPT_DAYS = 396;

/** The moves of the canary, in the resources table: `resource = canary#<path>`, `item = probe#<sent at>`. */
export function makeDynamoProbeLog(table: Table): ProbeLog {
  const { client, name: TableName } = table;
  return {
    last: async (path) => {
      try {
        const answer = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            ScanIndexForward: false,
            Limit: 1,
            KeyConditionExpression: '#resource = :resource AND begins_with(#item, :probe)',
            ExpressionAttributeNames: { '#resource': 'resource', '#item': 'item' },
            ExpressionAttributeValues: { ':resource': `canary#${path}`, ':probe': 'probe#' },
          }),
        );
        const [item] = answer.Items ?? [];
        return item === undefined ? undefined : decode(path, item);
      } catch (error) {
        throw fromStore(error, 'read the last move of the canary');
      }
    },
    note: async ({ path, sentAt, expects, outcome, detectedAt }) => {
      const lagMs = detectedAt === undefined ? undefined : Date.parse(detectedAt) - Date.parse(sentAt);
      try {
        await client.send(
          new PutCommand({
            TableName,
            Item: {
              resource: `canary#${path}`,
              item: `probe#${sentAt}`,
              sent_at: sentAt,
              expects,
              outcome,
              detected_at: detectedAt,
              lag_ms: lagMs,
              expires_at: Math.floor(Date.parse(sentAt) / 1000) + KEPT_DAYS * 86_400,
            },
          }),
        );
      } catch (error) {
        throw fromStore(error, 'note a move of the canary');
      }
    },
  };
}

const decode = (path: CanaryPath, item: { readonly [attribute: string]: unknown }): Probe => ({
  path,
  sentAt: String(item['sent_at']),
  expects: item['expects'] === 'violation' ? 'violation' : 'compliant',
  ...(item['outcome'] === 'detected' || item['outcome'] === 'missed' ? { outcome: item['outcome'] } : {}),
  ...(typeof item['detected_at'] === 'string' ? { detectedAt: item['detected_at'] } : {}),
});
