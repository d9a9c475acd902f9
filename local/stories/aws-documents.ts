/** AWS Config items and the EventBridge events that carry them, in the form AWS sends. */
import type { Json } from '../../shared/model/json.ts';
import type { Delivery } from './story.ts';

export interface Place {
  readonly account: string;
  readonly region: string;
}
type JsonObject = { readonly [key: string]: Json };
type Tags = { readonly [key: string]: string };

/** What an item says of a resource besides when it was seen. */
export interface Item {
  readonly type: string;
  readonly id: string;
  readonly name?: string;
  readonly arn?: string;
  readonly place: Place;
  readonly createdAt?: string;
  readonly configuration: JsonObject;
  readonly supplementary?: JsonObject;
  readonly tags?: Tags;
  readonly relationships?: readonly Json[];
}

type Change = 'CREATE' | 'UPDATE' | 'DELETE';
const STATUS = { CREATE: 'ResourceDiscovered', UPDATE: 'OK', DELETE: 'ResourceDeleted' } as const;

/** `Config Configuration Item Change`, as the default bus gets it. */
function changed(item: Item, change: Change, at: string): Delivery {
  const { place } = item;
  const deleted = change === 'DELETE';
  return {
    door: 'aws',
    source: 'aws.config',
    detailType: 'Config Configuration Item Change',
    resources: item.arn === undefined ? [] : [item.arn],
    detail: {
      recordVersion: '1.3',
      messageType: 'ConfigurationItemChangeNotification',
      notificationCreationTime: at,
      configurationItemDiff: { changedProperties: {}, changeType: change },
      configurationItem: {
        relatedEvents: [],
        relationships: deleted ? [] : (item.relationships ?? []),
        configuration: deleted ? null : item.configuration,
        supplementaryConfiguration: deleted ? {} : (item.supplementary ?? {}),
        tags: deleted ? {} : (item.tags ?? {}),
        configurationItemVersion: '1.3',
        configurationItemCaptureTime: at,
        configurationStateId: Date.parse(at),
        awsAccountId: place.account,
        configurationItemStatus: STATUS[change],
        resourceType: item.type,
        resourceId: item.id,
        resourceName: item.name ?? null,
        ...(item.arn === undefined ? {} : { ARN: item.arn }),
        awsRegion: place.region,
        availabilityZone: 'Regional',
        configurationStateMd5Hash: '',
        resourceCreationTime: deleted ? null : (item.createdAt ?? null),
      },
    },
  };
}

/** Steps of an item's life: `created(item)(at)`. */
export const created = (item: Item) => (at: string) => changed(item, 'CREATE', at);
export const updated = (item: Item) => (at: string) => changed(item, 'UPDATE', at);
export const deleted = (item: Item) => (at: string) => changed(item, 'DELETE', at);

// --- S3 -------------------------------------------------------------------------------------------------------------

const OWNER = { id: '5d2f7c0e9b1a4863f05e77c1d4a9b8e263710fcaa4be95d81c02f6e7394ad815', displayName: null };
const blocks = (on: boolean): JsonObject => ({
  blockPublicAcls: on,
  ignorePublicAcls: on,
  blockPublicPolicy: on,
  restrictPublicBuckets: on,
});

export interface BucketState {
  /** The bucket's own public-access block; undefined: it has none. */
  readonly block?: boolean;
  readonly policy?: Json;
  /** Grants besides the owner's full control. */
  readonly grants?: readonly Json[];
  readonly versioning: boolean;
  readonly logTo?: string;
  /** The key's ARN; undefined: S3's own. */
  readonly kmsKey?: string;
  readonly tags?: Tags;
}

export function bucket(name: string, place: Place, state: BucketState): Item {
  return {
    type: 'AWS::S3::Bucket',
    id: name,
    name,
    arn: `arn:aws:s3:::${name}`,
    place,
    createdAt: '2026-11-02T08:15:31.000Z',
    configuration: { name, owner: OWNER, creationDate: '2026-11-02T08:15:31.000Z' },
    supplementary: {
      // The one value that Config sends as a JSON text in every encoding.
      AccessControlList: JSON.stringify({
        grantSet: null,
        grantList: [{ grantee: OWNER, permission: 'FullControl' }, ...(state.grants ?? [])],
        owner: OWNER,
        isRequesterCharged: false,
      }),
      BucketAccelerateConfiguration: { status: null },
      BucketLoggingConfiguration: {
        destinationBucketName: state.logTo ?? null,
        logFilePrefix: state.logTo === undefined ? null : `${name}/`,
      },
      BucketNotificationConfiguration: { configurations: {} },
      BucketPolicy: { policyText: state.policy === undefined ? null : JSON.stringify(state.policy) },
      BucketVersioningConfiguration: { status: state.versioning ? 'Enabled' : 'Off', isMfaDeleteEnabled: null },
      IsRequesterPaysEnabled: false,
      ...(state.block === undefined ? {} : { PublicAccessBlockConfiguration: blocks(state.block) }),
      ServerSideEncryptionConfiguration: {
        rules: [
          {
            applyServerSideEncryptionByDefault: {
              sseAlgorithm: state.kmsKey === undefined ? 'AES256' : 'aws:kms',
              kmsMasterKeyID: state.kmsKey ?? null,
            },
            bucketKeyEnabled: state.kmsKey !== undefined,
          },
        ],
      },
    },
    tags: state.tags ?? {},
  };
}

/** A policy statement that gives everyone the objects of a bucket. */
export const everyoneReads = (name: string): Json => ({
  Sid: 'PublicReadGetObject',
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: `arn:aws:s3:::${name}/*`,
});
/** A policy statement that refuses whatever comes without TLS. */
export const tlsOnly = (name: string): Json => ({
  Sid: 'DenyInsecureTransport',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
});
export const policy = (...statements: readonly Json[]): Json => ({ Version: '2012-10-17', Statement: statements });

/** An ACL grant to everyone. */
export const everyone = { grantee: 'AllUsers', permission: 'Read' } as const;

/** The public-access block of a whole account. */
export const accountBlock = (account: string, on: boolean): Item => ({
  type: 'AWS::S3::AccountPublicAccessBlock',
  id: account,
  place: { account, region: 'us-east-1' },
  configuration: blocks(on),
});

// --- RDS ------------------------------------------------------------------------------------------------------------

export interface DatabaseState {
  readonly engine: string;
  readonly version: string;
  readonly public: boolean;
  readonly encrypted: boolean;
  readonly backupDays: number;
  readonly deletionProtection: boolean;
  readonly parameterGroup: string;
  /** A member of an Aurora cluster takes its storage from it. */
  readonly cluster?: string;
  readonly tags?: Tags;
}

export function database(name: string, place: Place, state: DatabaseState): Item {
  const arn = `arn:aws:rds:${place.region}:${place.account}:db:${name}`;
  const resourceId = `db-${name.toUpperCase().replace(/[^A-Z0-9]/g, '')}7Q4ZK2M`;
  return {
    type: 'AWS::RDS::DBInstance',
    id: resourceId,
    name,
    arn,
    place,
    createdAt: '2026-11-03T10:02:00.000Z',
    relationships: [
      {
        resourceId: 'sg-0c1b7f9a3d2e48561',
        resourceType: 'AWS::EC2::SecurityGroup',
        name: 'Is associated with SecurityGroup',
      },
    ],
    configuration: {
      dBInstanceIdentifier: name,
      dBInstanceClass: 'db.m7g.large',
      engine: state.engine,
      dBInstanceStatus: 'available',
      masterUsername: 'ledger_admin',
      dBName: 'ledger',
      endpoint: {
        address: `${name}.c9x2m4p7q1zt.${place.region}.rds.amazonaws.com`,
        port: 5432,
        hostedZoneId: 'Z1TTGA775OQIYO',
      },
      allocatedStorage: 100,
      instanceCreateTime: '2026-11-03T10:02:00.000Z',
      preferredBackupWindow: '03:11-03:41',
      backupRetentionPeriod: state.backupDays,
      dBSecurityGroups: [],
      vpcSecurityGroups: [{ vpcSecurityGroupId: 'sg-0c1b7f9a3d2e48561', status: 'active' }],
      dBParameterGroups: [{ dBParameterGroupName: state.parameterGroup, parameterApplyStatus: 'in-sync' }],
      availabilityZone: `${place.region}a`,
      preferredMaintenanceWindow: 'sun:04:30-sun:05:00',
      pendingModifiedValues: { processorFeatures: [] },
      multiAZ: true,
      engineVersion: state.version,
      autoMinorVersionUpgrade: true,
      readReplicaDBInstanceIdentifiers: [],
      readReplicaDBClusterIdentifiers: [],
      licenseModel: 'postgresql-license',
      optionGroupMemberships: [{ optionGroupName: `default:${state.engine}`, status: 'in-sync' }],
      publiclyAccessible: state.public,
      statusInfos: [],
      storageType: state.cluster === undefined ? 'gp3' : 'aurora',
      dbInstancePort: 0,
      ...(state.cluster === undefined ? {} : { dBClusterIdentifier: state.cluster }),
      storageEncrypted: state.encrypted,
      ...(state.encrypted
        ? { kmsKeyId: `arn:aws:kms:${place.region}:${place.account}:key/0f6d2c9e-41b7-4a58-9c3d-7be1a4f0d263` }
        : {}),
      dbiResourceId: resourceId,
      cACertificateIdentifier: 'rds-ca-rsa2048-g1',
      domainMemberships: [],
      copyTagsToSnapshot: true,
      monitoringInterval: 60,
      dBInstanceArn: arn,
      iAMDatabaseAuthenticationEnabled: false,
      performanceInsightsEnabled: true,
      enabledCloudwatchLogsExports: [],
      processorFeatures: [],
      deletionProtection: state.deletionProtection,
      associatedRoles: [],
      tagList: Object.entries(state.tags ?? {}).map(([key, value]) => ({ key, value })),
    },
    tags: state.tags ?? {},
  };
}

export interface ClusterState {
  readonly public?: boolean;
  readonly encrypted: boolean;
  readonly backupDays: number;
  readonly deletionProtection: boolean;
  readonly parameterGroup: string;
  readonly members: readonly string[];
  readonly tags?: Tags;
}

/** An Aurora cluster. */
export function cluster(name: string, place: Place, state: ClusterState): Item {
  const arn = `arn:aws:rds:${place.region}:${place.account}:cluster:${name}`;
  const resourceId = `cluster-${name.toUpperCase().replace(/[^A-Z0-9]/g, '')}5T8RW1N`;
  return {
    type: 'AWS::RDS::DBCluster',
    id: resourceId,
    name,
    arn,
    place,
    createdAt: '2026-11-03T10:00:00.000Z',
    configuration: {
      allocatedStorage: 1,
      availabilityZones: [`${place.region}a`, `${place.region}b`, `${place.region}c`],
      backupRetentionPeriod: state.backupDays,
      dbclusterIdentifier: name,
      dbclusterParameterGroup: state.parameterGroup,
      dbsubnetGroup: 'acme-private',
      status: 'available',
      earliestRestorableTime: '2026-11-03T10:05:12.000Z',
      endpoint: `${name}.cluster-c9x2m4p7q1zt.${place.region}.rds.amazonaws.com`,
      readerEndpoint: `${name}.cluster-ro-c9x2m4p7q1zt.${place.region}.rds.amazonaws.com`,
      multiAZ: true,
      engine: 'aurora-postgresql',
      engineVersion: '16.6',
      port: 5432,
      masterUsername: 'clinic_admin',
      preferredBackupWindow: '02:07-02:37',
      preferredMaintenanceWindow: 'sat:05:00-sat:05:30',
      readReplicaIdentifiers: [],
      dbclusterMembers: state.members.map((member, i) => ({
        dbinstanceIdentifier: member,
        isClusterWriter: i === 0,
        dbclusterParameterGroupStatus: 'in-sync',
        promotionTier: 1,
      })),
      vpcSecurityGroups: [{ vpcSecurityGroupId: 'sg-0c1b7f9a3d2e48561', status: 'active' }],
      hostedZoneId: 'Z1TTGA775OQIYO',
      storageEncrypted: state.encrypted,
      ...(state.encrypted
        ? { kmsKeyId: `arn:aws:kms:${place.region}:${place.account}:key/0f6d2c9e-41b7-4a58-9c3d-7be1a4f0d263` }
        : {}),
      dbClusterResourceId: resourceId,
      dbclusterArn: arn,
      associatedRoles: [],
      iamdatabaseAuthenticationEnabled: false,
      clusterCreateTime: '2026-11-03T10:00:00.000Z',
      engineMode: 'provisioned',
      deletionProtection: state.deletionProtection,
      httpEndpointEnabled: false,
      copyTagsToSnapshot: true,
      crossAccountClone: false,
      tagList: Object.entries(state.tags ?? {}).map(([key, value]) => ({ key, value })),
    },
    tags: state.tags ?? {},
  };
}

// --- EC2 ------------------------------------------------------------------------------------------------------------

/** One ingress permission, with the ranges in both of the spellings that Config sends. */
export interface Permission {
  readonly protocol: string;
  readonly from?: number;
  readonly to?: number;
  readonly ipv4?: readonly string[];
  readonly ipv6?: readonly string[];
  readonly groups?: readonly string[];
}

const permission = (p: Permission, account: string): Json => ({
  ...(p.from === undefined ? {} : { fromPort: p.from }),
  ipProtocol: p.protocol,
  ipv6Ranges: (p.ipv6 ?? []).map((cidrIpv6) => ({ cidrIpv6 })),
  prefixListIds: [],
  ...(p.to === undefined ? {} : { toPort: p.to }),
  userIdGroupPairs: (p.groups ?? []).map((groupId) => ({ groupId, userId: account })),
  ipv4Ranges: (p.ipv4 ?? []).map((cidrIp) => ({ cidrIp })),
  ipRanges: [...(p.ipv4 ?? [])],
});

export function securityGroup(
  id: string,
  name: string,
  place: Place,
  ingress: readonly Permission[],
  tags: Tags = {},
): Item {
  return {
    type: 'AWS::EC2::SecurityGroup',
    id,
    name,
    arn: `arn:aws:ec2:${place.region}:${place.account}:security-group/${id}`,
    place,
    relationships: [
      { resourceId: 'vpc-08a4d1c7e95b2f360', resourceType: 'AWS::EC2::VPC', name: 'Is contained in Vpc' },
    ],
    configuration: {
      description: name,
      groupName: name,
      ipPermissions: ingress.map((p) => permission(p, place.account)),
      ownerId: place.account,
      groupId: id,
      ipPermissionsEgress: [permission({ protocol: '-1', ipv4: ['0.0.0.0/0'] }, place.account)],
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
      vpcId: 'vpc-08a4d1c7e95b2f360',
    },
    tags,
  };
}
