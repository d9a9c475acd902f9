/** Documents in AWS's own forms, for tests of the AWS mappings: small, and whole. */
import type { Json } from '../../shared/model/json.ts';

export const ACCOUNT = '111122223333';
export const REGION = 'eu-west-1';

type Fields = { readonly [key: string]: Json };

export interface ConfigItem {
  readonly type: string;
  readonly id: string;
  readonly arn?: string;
  readonly name?: string;
  readonly configuration: Json;
  readonly supplementary?: Fields;
  readonly tags?: { readonly [key: string]: string };
  readonly status?: string;
  readonly captured?: string;
}

/** A configuration item in the encoding of an event. */
export const configItem = (i: ConfigItem): Fields => ({
  configurationItemVersion: '1.3',
  configurationItemCaptureTime: i.captured ?? '2026-10-14T09:21:04.118Z',
  configurationStateId: 1_791_969_664_118,
  configurationItemStatus: i.status ?? 'OK',
  awsAccountId: ACCOUNT,
  awsRegion: REGION,
  resourceType: i.type,
  resourceId: i.id,
  resourceName: i.name ?? i.id,
  ...(i.arn === undefined ? {} : { ARN: i.arn }),
  configuration: i.configuration,
  supplementaryConfiguration: i.supplementary ?? {},
  tags: i.tags ?? {},
});

/** The EventBridge event that carries it. */
export const configEvent = (i: ConfigItem): Fields => ({
  source: 'aws.config',
  'detail-type': 'Config Configuration Item Change',
  account: ACCOUNT,
  region: REGION,
  detail: { messageType: 'ConfigurationItemChangeNotification', configurationItem: configItem(i) },
});

/** The same items as `GetResourceConfigHistory` answers: JSON in texts. */
export const configHistory = (...items: readonly ConfigItem[]): Fields => ({
  configurationItems: items.map((i) => {
    const { ARN, awsAccountId, configuration, supplementaryConfiguration, ...rest } = configItem(i);
    return {
      ...rest,
      ...(ARN === undefined ? {} : { arn: ARN }),
      accountId: awsAccountId ?? null,
      configurationStateId: JSON.stringify(rest.configurationStateId),
      configuration: JSON.stringify(configuration),
      supplementaryConfiguration: Object.fromEntries(
        Object.entries(supplementaryConfiguration as Fields).map(([key, value]) => [key, JSON.stringify(value)]),
      ),
    };
  }),
});

/** The same items as `SelectResourceConfig` answers: rows in texts. */
export const configSelect = (...items: readonly ConfigItem[]): Fields => ({
  Results: items.map((i) => {
    const { ARN, awsAccountId, tags, ...rest } = configItem(i);
    const list = Object.entries(tags as { [k: string]: string }).map(([key, value]) => ({
      key,
      value,
      tag: `${key}=${value}`,
    }));
    return JSON.stringify({ ...rest, arn: ARN, accountId: awsAccountId, tags: list });
  }),
  QueryInfo: { SelectFields: [{ Name: 'configuration' }, { Name: 'supplementaryConfiguration' }] },
});

export interface BucketOptions {
  readonly block?: Json;
  readonly policy?: Json;
  readonly grants?: readonly { readonly grantee: Json; readonly permission: string }[];
  readonly sse?: { readonly sseAlgorithm: string; readonly kmsMasterKeyID?: string | null };
  readonly more?: Fields;
  readonly without?: readonly string[];
}

/** A bucket's item as Config records it; `without` leaves keys of the supplementary configuration out. */
export function bucketItem(o: BucketOptions = {}): ConfigItem {
  const supplementary: { [key: string]: Json } = {
    AccessControlList: JSON.stringify({
      grantSet: null,
      grantList: [{ grantee: { id: 'owner', displayName: null }, permission: 'FullControl' }, ...(o.grants ?? [])],
      owner: { id: 'owner' },
    }),
    BucketLoggingConfiguration: { destinationBucketName: null, logFilePrefix: null },
    BucketPolicy: { policyText: o.policy === undefined ? null : JSON.stringify(o.policy) },
    BucketVersioningConfiguration: { status: 'Off', isMfaDeleteEnabled: null },
    ...(o.block === undefined ? {} : { PublicAccessBlockConfiguration: o.block }),
    ...(o.sse === undefined
      ? {}
      : { ServerSideEncryptionConfiguration: { rules: [{ applyServerSideEncryptionByDefault: { ...o.sse } }] } }),
    ...o.more,
  };
  for (const key of o.without ?? []) delete supplementary[key];
  return {
    type: 'AWS::S3::Bucket',
    id: 'shop',
    arn: 'arn:aws:s3:::shop',
    configuration: { name: 'shop', creationDate: '2024-01-01T00:00:00.000Z' },
    supplementary,
  };
}

/** The four switches of a block, in the order of the console: new ACLs, any ACLs, new policies, any policies. */
export const blockOf = (acls: boolean, anyAcls: boolean, policies: boolean, anyPolicies: boolean): Fields => ({
  blockPublicAcls: acls,
  ignorePublicAcls: anyAcls,
  blockPublicPolicy: policies,
  restrictPublicBuckets: anyPolicies,
});

/** The item of the account's block. */
export const accountBlockItem = (block: Json, status = 'OK'): ConfigItem => ({
  type: 'AWS::S3::AccountPublicAccessBlock',
  id: ACCOUNT,
  configuration: status === 'OK' ? block : null,
  status,
});

/** A template of resources. */
export const template = (resources: Json, more: Fields = {}): Fields => ({
  AWSTemplateFormatVersion: '2010-09-09',
  ...more,
  Resources: resources,
});
