import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import type { ReadBack } from '../../ports/read-back.ts';
import { makeConfigReadBack } from './config-read-back.ts';

/** Reads AWS back, by who knows the type. */
export function makeAwsReadBack(): ReadBack {
  const config = makeConfigReadBack(new ConfigServiceClient({ maxAttempts: 2 }));
  return config;
}
