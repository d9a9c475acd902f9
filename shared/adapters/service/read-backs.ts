import type { Telemetry } from '../../runtime/telemetry.ts';
import type { Environment } from '../../runtime/env.ts';
import { isAppError } from '../../model/errors.ts';
import type { ReadBack } from '../../ports/read-back.ts';
import { systemClock } from './clock.ts';

/** The read-backs of what is configured, by cloud. A provider's SDK is loaded when the first notice needs it. */
export function makeReadBacks(
  env: Pick<Environment<'evaluate'>, 'AZURE_READER'>,
  telemetry: Telemetry,
): { readonly [cloud: string]: ReadBack } {
  const { AZURE_READER: azure } = env;
  const lazily = (cloud: string, make: () => Promise<ReadBack>): ReadBack => {
    let made: Promise<ReadBack> | undefined;
    return counted(cloud, telemetry, {
      read: async (notice) => {
        made ??= make();
        return (await made).read(notice);
      },
    });
  };
  return {
    aws: lazily('aws', async () => {
      const { STSClient } = await import('@aws-sdk/client-sts');
      const { makeAwsReadBack, makeRegionReadBack } = await import('../aws/read-back.ts');
      return makeAwsReadBack(new STSClient({ maxAttempts: 2 }), (region) => makeRegionReadBack(systemClock, region));
    }),
    ...(azure === undefined
      ? {}
      : {
          azure: lazily('azure', async () =>
            (await import('../azure/reader.ts')).makeAzureReadBack(azure, systemClock),
          ),
        }),
  };
}

/** Counts what providers refuse and throttle. */
const counted = (cloud: string, telemetry: Telemetry, readBack: ReadBack): ReadBack => ({
  async read(notice) {
    try {
      const answer = await readBack.read(notice);
      if (answer.is === 'denied') telemetry.count('ReadBacksDenied', 1, { cloud });
      return answer;
    } catch (error) {
      if (isAppError(error) && error.retryable) telemetry.count('ReadBacksThrottled', 1, { cloud, code: error.code });
      throw error;
    }
  },
});
