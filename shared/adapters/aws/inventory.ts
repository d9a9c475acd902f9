import {
  type ConfigServiceClient,
  SelectAggregateResourceConfigCommand,
  SelectResourceConfigCommand,
} from '@aws-sdk/client-config-service';
import { ListEndpointsCommand, type SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import { s3AccountBlockId } from '../../mappings/aws/arn.ts';
import { configSelect } from '../../mappings/dialects/aws-config.ts';
import { instant } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import type { Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory, InventoryPage } from '../../ports/inventory.ts';
import { fromAws } from './errors.ts';
import { parameterNotices } from './parameter-notices.ts';

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

/** The scope of what Config does not carry, listed from the services themselves. */
const SERVICES = 'services';
const ENDPOINT = 'AWS::SageMaker::Endpoint';

/** The inventory of AWS: of AWS Config (this account's, or what an aggregator gathers from many), and of services that Config lacks. */
export function makeAwsInventory(options: {
  readonly config: ConfigServiceClient;
  readonly sageMaker: SageMakerClient;
  readonly sts: STSClient;
  readonly clock: Clock;
  /** The native types that are judged. */
  readonly types: readonly string[];
  /** @default this account and region alone */
  readonly aggregator?: string;
}): Inventory {
  const select = (type: string, next: string | undefined) => {
    const Expression = `SELECT ${COLUMNS} WHERE resourceType = '${type}'`;
    const query = { Expression, Limit: PAGE, ...(next === undefined ? {} : { NextToken: next }) };
    return options.aggregator === undefined
      ? options.config.send(new SelectResourceConfigCommand(query))
      : options.config.send(
          new SelectAggregateResourceConfigCommand({ ...query, ConfigurationAggregatorName: options.aggregator }),
        );
  };

  /** Each type is a list of its own: they are listed side by side, and one that fails says nothing of the others. */
  const scopeOf = (type: string): string => `${options.aggregator ?? 'account'}#${type}`;
  const configTypes = new Map(options.types.map((type) => [scopeOf(type), type]));

  const configPage = async (type: string, next: string | undefined): Promise<InventoryPage> => {
    const readKey = instant(options.clock.now());
    const { Results, QueryInfo, NextToken } = await select(type, next);
    if (Results === undefined) throw noList('AWS Config');
    // One change for each row: what cannot be used of one resource does not touch the others.
    const documents = Results.map((row) => ({ Results: [row], QueryInfo: (QueryInfo ?? {}) as Json }));
    return {
      readKey,
      contents: [
        ...documents.map((document) => ({ is: 'document' as const, form: configSelect.id, document })),
        ...documents.flatMap((document) => parameterNotices(() => configSelect.read(document, {}), readKey)),
      ],
      ...(NextToken === undefined ? {} : { next: NextToken }),
    };
  };

  const servicesPage = async (next: string | undefined): Promise<InventoryPage> => {
    const readKey = instant(options.clock.now());
    const { Endpoints, NextToken } = await options.sageMaker.send(
      new ListEndpointsCommand({ MaxResults: PAGE, ...(next === undefined ? {} : { NextToken: next }) }),
    );
    if (Endpoints === undefined) throw noList('SageMaker');
    const notice = { is: 'notice', cloud: 'aws', changedAt: readKey } as const;
    const endpoints = Endpoints.flatMap(({ EndpointArn: resourceId, EndpointName: name }) => {
      if (resourceId === undefined || name === undefined) return [];
      const [, , , region = '', account = ''] = resourceId.split(':');
      return [{ ...notice, resourceId, nativeType: ENDPOINT, account, region, hints: { name } }];
    });
    const account = next === undefined ? (await options.sts.send(new GetCallerIdentityCommand({}))).Account : undefined;
    if (next === undefined && account === undefined) throw noList('STS');
    const block =
      account === undefined
        ? []
        : [
            {
              ...notice,
              resourceId: s3AccountBlockId(account),
              nativeType: 'AWS::S3::AccountPublicAccessBlock',
              account,
            },
          ];
    return { readKey, contents: [...block, ...endpoints], ...(NextToken === undefined ? {} : { next: NextToken }) };
  };

  return {
    source: 'aws.sweep',
    scopes: [...configTypes.keys(), SERVICES],
    covers({ nativeType, account = '', region = '', id: resourceId }) {
      // Without an aggregator this account and region alone are listed; with one, what it gathers. The place says which, and
      // by its type that the recorder still records such things: what it leaves out is gone from the list and not from the world.
      const scope = scopeOf(nativeType);
      if (configTypes.has(scope))
        return { scope, place: `${account} ${region} ${nativeType}`, absence: 'gone' as const };
      if (nativeType !== ENDPOINT) return undefined;
      const hints = { name: resourceId.replace(/^.*\//, '') };
      const notice = { is: 'notice', cloud: 'aws', resourceId, nativeType, account, region, hints } as const;
      return { scope: SERVICES, place: account, absence: notice };
    },
    async page(scope, next) {
      try {
        const type = configTypes.get(scope);
        return await (type === undefined ? servicesPage(next) : configPage(type, next));
      } catch (error) {
        throw fromAws(error, 'list resources of AWS');
      }
    },
  };
}

/** An answer without its list (an empty body, that the SDK reads as nothing) is no empty list: what it lacks is not gone. */
const noList = (service: string): AppError =>
  new AppError('UPSTREAM_UNAVAILABLE', `${service} answered without what it was asked for`);
