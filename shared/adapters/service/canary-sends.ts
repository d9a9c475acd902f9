import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { CANARY, CANARY_SOURCE } from '../../model/canary.ts';
import { AWS_DETAIL_TYPES } from '../../model/deployment.ts';
import { AppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { Environment } from '../../runtime/env.ts';
import type { CanaryDeps } from './canary.ts';
import { assetPush, configDetail, eventGridBody } from './canary-documents.ts';
import type { CanaryCall } from './canary-door.ts';

/** How the canary reaches each front door that is configured. Throws `UPSTREAM_UNAVAILABLE` where its change is not taken. */
export function makeCanarySends(
  env: Pick<Environment<'canary'>, 'AZURE_PATH' | 'GOOGLE_SUBSCRIPTION'>,
  calls: {
    readonly putEvents: (entry: PutEventsRequestEntry) => Promise<{ readonly FailedEntryCount?: number | undefined }>;
    readonly invoke: (
      payload: string,
    ) => Promise<{ readonly FunctionError?: string | undefined; readonly Payload?: Uint8Array | undefined }>;
  },
): CanaryDeps['send'] {
  const knock = async (canary: CanaryCall['canary'], body: Json): Promise<void> => {
    const { FunctionError, Payload } = await calls.invoke(JSON.stringify({ canary, body: JSON.stringify(body) }));
    const answer: unknown = Payload === undefined ? undefined : JSON.parse(Buffer.from(Payload).toString('utf8'));
    const status = isObject(answer) ? answer['statusCode'] : undefined;
    if (FunctionError !== undefined || status !== 200)
      throw new AppError(
        'UPSTREAM_UNAVAILABLE',
        `the front door answered the canary ${typeof status === 'number' ? status : (FunctionError ?? 'nothing')}`,
      );
  };
  const google = env.GOOGLE_SUBSCRIPTION;
  return {
    aws: async (probe) => {
      const { FailedEntryCount } = await calls.putEvents({
        Source: CANARY_SOURCE,
        DetailType: AWS_DETAIL_TYPES['aws.config'][0],
        Resources: [CANARY.aws.id],
        Time: new Date(probe.sentAt),
        Detail: JSON.stringify(configDetail(probe)),
      });
      if (FailedEntryCount !== 0) throw new AppError('UPSTREAM_UNAVAILABLE', 'the bus did not take the canary');
    },
    ...(env.AZURE_PATH ? { azure: (probe) => knock('azure', eventGridBody(probe)) } : {}),
    ...(google === undefined ? {} : { google: (probe) => knock('google', assetPush(probe, google)) }),
  };
}
