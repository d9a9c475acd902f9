import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { mappings } from '../../mappings/registry.ts';
import type { Dialect } from '../../model/native.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Environment } from '../../runtime/env.ts';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { STSClient } from '@aws-sdk/client-sts';
import { makeAwsInventory } from '../aws/inventory.ts';
import { systemClock } from './clock.ts';

/** The inventories of what is configured. A provider's SDK is loaded only for what is. */
export async function makeInventories(
  env: Pick<Environment<'sweep'>, 'AWS_AGGREGATOR' | 'AZURE_READER' | 'GOOGLE_READER'>,
): Promise<readonly Inventory[]> {
  const inventories: Inventory[] = [
    makeAwsInventory({
      config: new ConfigServiceClient({ maxAttempts: 2 }),
      sageMaker: new SageMakerClient({ maxAttempts: 2 }),
      sts: new STSClient(),
      clock: systemClock,
      types: typesOf('aws.config'),
      ...(env.AWS_AGGREGATOR === undefined ? {} : { aggregator: env.AWS_AGGREGATOR }),
    }),
  ];
  if (env.AZURE_READER !== undefined)
    inventories.push((await import('../azure/reader.ts')).makeAzureInventory(env.AZURE_READER, systemClock));
  if (env.GOOGLE_READER !== undefined)
    inventories.push((await import('../gcp/reader.ts')).makeGoogleInventory(env.GOOGLE_READER, systemClock));
  return inventories;
}

/** Every native type that some mapping reads in this dialect, sorted. */
export function typesOf(dialect: Dialect): readonly string[] {
  const types = mappings.flatMap(({ parts }) => Object.values(parts).flatMap(({ native }) => native[dialect] ?? []));
  return [...new Set(types)].sort();
}
