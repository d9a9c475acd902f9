import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { mappings } from '../../mappings/registry.ts';
import type { Dialect } from '../../model/native.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { Environment } from '../../runtime/env.ts';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { STSClient } from '@aws-sdk/client-sts';
import { makeAwsInventory } from '../aws/inventory.ts';
import { systemClock } from './clock.ts';

/**
 * The inventories of what is configured. A provider's SDK is loaded only for what is. One that cannot be made (its
 * configuration is wrong) keeps its source, and its one scope fails: the others are swept.
 */
export async function makeInventories(
  env: Pick<Environment<'sweep'>, 'AWS_AGGREGATOR' | 'AZURE_READER' | 'GOOGLE_READER'>,
  log: (message: string, error: unknown) => void,
): Promise<readonly Inventory[]> {
  const { AZURE_READER, GOOGLE_READER } = env;
  const made = async (source: string, make: () => Inventory | Promise<Inventory>): Promise<Inventory> => {
    try {
      return await make();
    } catch (error) {
      log(`the inventory ${source} cannot be taken`, error);
      return { source, scopes: [NO_SCOPE], page: () => Promise.reject(error) };
    }
  };
  return Promise.all([
    made('aws.sweep', () =>
      makeAwsInventory({
        config: new ConfigServiceClient({ maxAttempts: 2 }),
        sageMaker: new SageMakerClient({ maxAttempts: 2 }),
        sts: new STSClient(),
        clock: systemClock,
        types: typesOf('aws.config'),
        ...(env.AWS_AGGREGATOR === undefined ? {} : { aggregator: env.AWS_AGGREGATOR }),
      }),
    ),
    ...(AZURE_READER === undefined
      ? []
      : [
          made('azure.sweep', async () =>
            (await import('../azure/reader.ts')).makeAzureInventory(AZURE_READER, systemClock),
          ),
        ]),
    ...(GOOGLE_READER === undefined
      ? []
      : [
          made('gcp.sweep', async () =>
            (await import('../gcp/reader.ts')).makeGoogleInventory(GOOGLE_READER, systemClock),
          ),
        ]),
  ]);
}

/** The scope of a source whose scopes are not known. */
const NO_SCOPE = 'configuration';

/** Every native type that some mapping reads in this dialect, sorted. */
export function typesOf(dialect: Dialect): readonly string[] {
  const types = mappings.flatMap(({ parts }) => Object.values(parts).flatMap(({ native }) => native[dialect] ?? []));
  return [...new Set(types)].sort();
}
