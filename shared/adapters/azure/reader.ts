import { STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ReadBack } from '../../ports/read-back.ts';
import type { AzureReader } from '../../runtime/env.ts';
import { type ArmCredential, makeArmClient } from './arm-client.ts';
import { makeArmReadBack } from './arm-read-back.ts';
import { makeAzureCredential } from './credential.ts';
import { makeResourceGraphInventory } from './resource-graph-inventory.ts';

const credentialOf = (reader: AzureReader): ArmCredential | undefined =>
  reader.credential === 'none' ? undefined : makeAzureCredential(reader, new STSClient());

/** The read-back of the configured tenant. */
export const makeAzureReadBack = (reader: AzureReader, clock: Clock): ReadBack =>
  makeArmReadBack(makeArmClient({ endpoint: reader.endpoint, credential: credentialOf(reader) }), clock);

/** The inventory of the configured subscriptions. */
export const makeAzureInventory = (reader: AzureReader, clock: Clock): Inventory =>
  makeResourceGraphInventory({
    endpoint: reader.endpoint,
    credential: credentialOf(reader),
    subscriptions: reader.subscriptions,
    clock,
  });
