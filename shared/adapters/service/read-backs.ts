import { setTimeout } from 'node:timers/promises';
import type { Telemetry } from '../../runtime/telemetry.ts';
import type { Environment } from '../../runtime/env.ts';
import { AppError, isAppError } from '../../model/errors.ts';
import type { ReadBack } from '../../ports/read-back.ts';
import { systemClock } from './clock.ts';

/** The read-backs of what is configured, by cloud. A provider's SDK is loaded when the first notice needs it. */
export function makeReadBacks(
  env: Pick<Environment<'evaluate'>, 'AWS_READER' | 'AZURE_READER'>,
  telemetry: Telemetry,
): { readonly [cloud: string]: ReadBack } {
  const { AZURE_READER: azure } = env;
  const lazily = (cloud: string, make: () => Promise<ReadBack>): ReadBack => {
    let made: Promise<ReadBack> | undefined;
    return counted(cloud, telemetry, {
      read: async (notice) => {
        made ??= make();
        return inTime((await made).read(notice));
      },
    });
  };
  return {
    aws: lazily('aws', async () => {
      const { STSClient } = await import('@aws-sdk/client-sts');
      const { makeAwsReadBack, makePlaceReadBack } = await import('../aws/read-back.ts');
      const sts = new STSClient({ maxAttempts: 2 });
      return makeAwsReadBack(sts, (place) => makePlaceReadBack(systemClock, place), env.AWS_READER);
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

/** The longest that one notice is read back: with `READ_BACK_MS` of the batch it stays below the function's timeout. */
const ONE_READ_MS = 20_000;

/** The answer, or `UPSTREAM_UNAVAILABLE` when the time is over. */
export async function inTime<T>(answer: Promise<T>, ms = ONE_READ_MS): Promise<T> {
  const over = new AbortController();
  const late = setTimeout(ms, undefined, { signal: over.signal }).then(() => {
    throw new AppError('UPSTREAM_UNAVAILABLE', `the provider did not answer in ${ms} ms`);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
    await late.catch(() => undefined);
  }
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
