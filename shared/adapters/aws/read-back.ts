import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { RDSClient } from '@aws-sdk/client-rds';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { AssumeRoleCommand, GetCallerIdentityCommand, type STSClient } from '@aws-sdk/client-sts';
import type { Notice } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AwsReader } from '../../runtime/env.ts';
import type { ReadAnswer, ReadBack } from '../../ports/read-back.ts';
import { API_TYPES, makeApiReadBack } from './api-read-back.ts';
import { makeConfigReadBack } from './config-read-back.ts';
import { fromAws } from './errors.ts';

/** A notice from Config names Config's own id of the item. */
const isFromConfig = (notice: Notice): boolean => notice.hints?.['resourceId'] !== undefined;

/** Credentials that the SDK asks for again before they expire; undefined: the function's own. */
export type AwsCredentials = () => Promise<{
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}>;

/** Where and as whom is read. */
export interface AwsPlace {
  readonly region?: string;
  readonly credentials?: AwsCredentials;
}

/** The readers of one place: what Config records from Config, everything else from the services themselves. */
export function makePlaceReadBack(clock: Clock, place: AwsPlace): ReadBack {
  const options = { maxAttempts: 2, ...place };
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

/** Places whose clients are kept: beyond that all are made anew. */
const MOST_PLACES = 200;

/**
 * Reads AWS back in the region that the notice names. Notices of other accounts arrive as well (an organisation forwards
 * them, an aggregator gathers them): asked as this account, a thing of another one "does not exist", or is another one of
 * the same name. So they are read as the reader's role in that account, or, without one, not at all: nobody let us see it.
 */
export function makeAwsReadBack(sts: STSClient, inPlace: (place: AwsPlace) => ReadBack, reader?: AwsReader): ReadBack {
  const places = new Map<string, ReadBack>();
  let own: { readonly account: string | undefined; readonly partition: string } | undefined;
  const ourselves = async (): Promise<NonNullable<typeof own>> => {
    try {
      if (own === undefined) {
        const { Account: account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
        own = { account, partition: Arn?.split(':')[1] ?? 'aws' };
      }
      return own;
    } catch (error) {
      throw fromAws(error, 'ask who we are');
    }
  };
  return {
    async read(notice) {
      const { account, region } = notice;
      const { account: ownAccount, partition } = account === undefined ? NOBODY : await ourselves();
      const isOwn = account === undefined || account === ownAccount;
      if (!isOwn && (reader === undefined || !ACCOUNT.test(account))) return denied(notice);
      const there = region === undefined || region === 'global' ? undefined : region;
      const key = `${isOwn ? '' : account} ${there ?? ''}`;
      let place = places.get(key);
      if (place === undefined) {
        const credentials = isOwn || reader === undefined ? undefined : assumed(sts, reader, partition, account);
        place = inPlace({
          ...(there === undefined ? {} : { region: there }),
          ...(credentials === undefined ? {} : { credentials }),
        });
        if (places.size >= MOST_PLACES) places.clear();
        places.set(key, place);
      }
      return place.read(notice);
    },
  };
}

const NOBODY = { account: undefined, partition: '' };
const ACCOUNT = /^\d{12}$/;

/** The role of the reader in an account. It trusts us alone, and only with the external id. */
function assumed(sts: STSClient, { role, externalId }: AwsReader, partition: string, account: string): AwsCredentials {
  return async () => {
    const { Credentials: given } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:${partition}:iam::${account}:role/${role}`,
        RoleSessionName: 'edict-read-back',
        ExternalId: externalId,
      }),
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
    if (
      AccessKeyId === undefined ||
      SecretAccessKey === undefined ||
      SessionToken === undefined ||
      Expiration === undefined
    )
      throw new AppError('UPSTREAM_UNAVAILABLE', 'AWS gave a role without credentials');
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
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
