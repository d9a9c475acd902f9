import { type AuthClient, ExternalAccountClient, type ExternalAccountClientOptions } from 'google-auth-library';
import { assetTypes } from '../../mappings/registry.ts';
import { AppError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { GoogleReader } from '../../runtime/env.ts';
import { makeAssetInventory } from './asset-inventory.ts';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

/** Identity without a key: workload identity federation with this AWS account, as the configuration that Google gives out says. */
export function authClientOf(reader: GoogleReader): AuthClient | undefined {
  if (reader.credentials === null) return undefined;
  // Any JSON: what is wrong with it Google's own library says.
  const client = ExternalAccountClient.fromJSON(reader.credentials as unknown as ExternalAccountClientOptions);
  if (client === null)
    throw new AppError('CONFIG_INVALID', 'the Google credentials are no external-account configuration');
  client.scopes = SCOPES;
  return client;
}

/** The inventory of the configured scope. */
export function makeGoogleInventory(reader: GoogleReader, clock: Clock): Inventory {
  const authClient = authClientOf(reader);
  return makeAssetInventory({
    endpoint: reader.endpoint,
    scope: reader.scope,
    types: [...new Set(Object.values(assetTypes).flat())].sort(),
    clock,
    ...(authClient === undefined ? {} : { authClient }),
  });
}
