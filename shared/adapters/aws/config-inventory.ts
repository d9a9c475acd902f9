import {
  type ConfigServiceClient,
  SelectAggregateResourceConfigCommand,
  SelectResourceConfigCommand,
} from '@aws-sdk/client-config-service';
import { configSelect } from '../../mappings/dialects/aws-config.ts';
import { instant } from '../../model/change.ts';
import type { Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import { fromAws } from './errors.ts';

/** All the columns that an item is made of: with a part of them, absent would not mean unset. */
const COLUMNS = [
  'accountId',
  'arn',
  'awsRegion',
  'configuration',
  'configurationItemCaptureTime',
  'configurationItemStatus',
  'configurationStateId',
  'resourceCreationTime',
  'resourceId',
  'resourceName',
  'resourceType',
  'supplementaryConfiguration',
  'tags',
].join(', ');
/** The most that Config gives at once. https://docs.aws.amazon.com/config/latest/APIReference/API_SelectResourceConfig.html, read 2026-11-25. */
const PAGE = 100;

/** The inventory of AWS Config: this account's, or what an aggregator gathers from many. */
export function makeConfigInventory(options: {
  readonly config: ConfigServiceClient;
  readonly clock: Clock;
  /** The native types that are judged. */
  readonly types: readonly string[];
  /** @default this account and region alone */
  readonly aggregator?: string;
}): Inventory {
  const expression = `SELECT ${COLUMNS} WHERE resourceType IN (${options.types.map((type) => `'${type}'`).join(', ')})`;
  const select = async (next: string | undefined) => {
    const query = { Expression: expression, Limit: PAGE, ...(next === undefined ? {} : { NextToken: next }) };
    try {
      return options.aggregator === undefined
        ? await options.config.send(new SelectResourceConfigCommand(query))
        : await options.config.send(
            new SelectAggregateResourceConfigCommand({ ...query, ConfigurationAggregatorName: options.aggregator }),
          );
    } catch (error) {
      throw fromAws(error, 'list resources from AWS Config');
    }
  };
  return {
    source: 'aws.sweep',
    scopes: [options.aggregator ?? 'account'],
    async page(_scope, next) {
      const readKey = instant(options.clock.now());
      const { Results = [], QueryInfo, NextToken } = await select(next);
      return {
        readKey,
        // One change for each row: what cannot be used of one resource does not touch the others.
        contents: Results.map((row) => ({
          is: 'document' as const,
          form: configSelect.id,
          document: { Results: [row], QueryInfo: (QueryInfo ?? {}) as Json },
        })),
        ...(NextToken === undefined ? {} : { next: NextToken }),
      };
    },
  };
}
