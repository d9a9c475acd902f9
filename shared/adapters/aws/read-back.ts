import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import type { Clock } from '../../ports/clock.ts';
import type { ReadBack } from '../../ports/read-back.ts';
import { API_TYPES, makeApiReadBack } from './api-read-back.ts';
import { makeConfigReadBack } from './config-read-back.ts';

/** Reads AWS back: what Config records from Config, everything else from the services themselves. */
export function makeAwsReadBack(clock: Clock): ReadBack {
  const options = { maxAttempts: 2 };
  const config = makeConfigReadBack(new ConfigServiceClient(options));
  const apis = makeApiReadBack(
    {
      sageMaker: new SageMakerClient(options),
      rds: new RDSClient(options),
      s3Control: new S3ControlClient(options),
    },
    clock,
  );
  return {
    read: (notice) => {
      // A notice from Config names Config's own id of the item.
      const fromConfig = notice.hints?.['resourceId'] !== undefined;
      return !fromConfig && API_TYPES.includes(notice.nativeType ?? '') ? apis.read(notice) : config.read(notice);
    },
  };
}
