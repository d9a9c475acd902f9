import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import type { Notice } from '../../model/change.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReadAnswer, ReadBack } from '../../ports/read-back.ts';
import { API_TYPES, makeApiReadBack } from './api-read-back.ts';
import { makeConfigReadBack } from './config-read-back.ts';
import { fromAws } from './errors.ts';

/** A notice from Config names Config's own id of the item. */
const isFromConfig = (notice: Notice): boolean => notice.hints?.['resourceId'] !== undefined;

/** The readers of one region: what Config records from Config, everything else from the services themselves. */
export function makeRegionReadBack(clock: Clock, region?: string): ReadBack {
  const options = { maxAttempts: 2, ...(region === undefined ? {} : { region }) };
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
    read: (notice) =>
      !isFromConfig(notice) && API_TYPES.includes(notice.nativeType ?? '') ? apis.read(notice) : config.read(notice),
  };
}

/**
 * Reads AWS back in the region that the notice names. Notices of other accounts arrive as well (an organisation forwards
 * them, an aggregator gathers them), and we read as this account alone: asked here, a thing of another account "does not
 * exist", or is another one of the same name. So it is not asked for: nobody let us see it.
 */
export function makeAwsReadBack(sts: STSClient, inRegion: (region: string | undefined) => ReadBack): ReadBack {
  const regions = new Map<string, ReadBack>();
  let own: string | undefined;
  const ownAccount = async (): Promise<string | undefined> => {
    try {
      own ??= (await sts.send(new GetCallerIdentityCommand({}))).Account;
      return own;
    } catch (error) {
      throw fromAws(error, 'ask who we are');
    }
  };
  return {
    async read(notice) {
      const { account, region } = notice;
      if (account !== undefined && account !== (await ownAccount())) return denied(notice);
      const key = region === undefined || region === 'global' ? '' : region;
      const reader = regions.get(key) ?? inRegion(key === '' ? undefined : key);
      regions.set(key, reader);
      return reader.read(notice);
    },
  };
}

function denied(notice: Notice): ReadAnswer {
  const { nativeType, resourceId, account, region, changedAt } = notice;
  if (nativeType === undefined) return { is: 'unsupported', nativeType: 'unknown' };
  return {
    is: 'denied',
    readKey: changedAt,
    native: {
      dialect: isFromConfig(notice) ? 'aws.config' : 'aws.api',
      type: nativeType,
      id: resourceId,
      ...(account === undefined ? {} : { account }),
      ...(region === undefined ? {} : { region }),
    },
  };
}
