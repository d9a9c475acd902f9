/**
 * RDS clusters: Aurora, and Multi-AZ clusters of MySQL and PostgreSQL.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html (read 2026-11-25)
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import { templateOwner } from '../dialects/cloudformation.ts';
import { isWritten } from '../dialects/terraform.ts';
import { type Columns, defineMapping, type OwnerRef, type Parts, type SeenPart } from '../mapping.ts';
import { at, derive, look, type Reader, unknown } from '../reader.ts';
import { dbClusterArn, dbClusterParameterGroupArn } from './arn.ts';
import { allOf, type Flag, withValue } from '../certainty.ts';
import { doc, mayBeLeftOut, plannedDependency, said } from './evidence.ts';
import { readKey } from './kms-key.ts';
import { engineVersion, groupName, pending, tlsRequired } from './rds-parameter-group.ts';

const CREATE_CLUSTER = doc('https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html');
const CREATE_INSTANCE = doc('https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html');
// Since 2026-02-18 every new cluster, whatever StorageEncrypted says.
const AURORA_ENCRYPTS = doc('https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.html');
const RDS_ENCRYPTS = doc('https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.Encryption.html');
const TERRAFORM_CLUSTER = doc(
  'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rds_cluster',
);
const TERRAFORM_MEMBER = doc(
  'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rds_cluster_instance',
);
const TERRAFORM_INSTANCE = doc(
  'https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance',
);
const DELETION = doc('https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html');

export type Encryption = 'none' | 'provider_key' | 'customer_key';

/** `aurora`, `aurora-mysql`, `aurora-postgresql`. */
const isAurora = (engine: string): boolean => engine.toLowerCase().startsWith('aurora');

/** RDS also lists clusters and instances of DocumentDB and Neptune, which are not SQL databases. */
export const isSql = (native: NativeResource): boolean =>
  !/^(?:docdb|neptune)/.test(said(native, '/configuration/engine', '/Engine', '/engine') ?? '');

/** Something stands there, whatever it is. */
const isStated = (native: NativeResource, pointer: string): boolean => {
  const found = look(native, pointer);
  if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return false;
  return found.is !== 'value' || (found.value !== '' && !(Array.isArray(found.value) && found.value.length === 0));
};

// --- where the data comes from --------------------------------------------------------------------------------------

/** What makes a new database from the data of another: encryption and backups are then inherited. */
const ORIGINS = {
  'aws.cfn': [
    '/DBSnapshotIdentifier',
    '/DBClusterSnapshotIdentifier',
    '/SnapshotIdentifier',
    '/SourceDBInstanceIdentifier',
    '/SourceDBInstanceAutomatedBackupsArn',
    '/SourceDbiResourceId',
    '/SourceDBClusterIdentifier',
    '/ReplicationSourceIdentifier',
    '/RestoreToTime',
    '/GlobalClusterIdentifier',
  ],
  terraform: [
    '/snapshot_identifier',
    '/replicate_source_db',
    '/replication_source_identifier',
    '/restore_to_point_in_time',
    '/global_cluster_identifier',
  ],
} as const;

/** The place that says where the data comes from, for a database that the document creates. */
export function originOf(native: NativeResource): string | undefined {
  if (native.creates !== true || (native.dialect !== 'aws.cfn' && native.dialect !== 'terraform')) return undefined;
  const pointer = ORIGINS[native.dialect].find((p) => isStated(native, p));
  return pointer === undefined ? undefined : native.pointer + pointer;
}

/** The reading, except where the database is made from the data of another. */
export const unlessRestored = <V>(read: Reader<V>): Reader<V> =>
  derive<V>((native) => {
    const origin = originOf(native);
    return origin === undefined
      ? read(native)
      : unknown('unresolved', origin, 'inherited from where its data comes from');
  });

/**
 * The parameter group that a plan or template names. A replica has that of its source where it names none:
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html (read 2026-11-25)
 */
export const orInherited = (pointer: string): Reader<string> =>
  groupName(pointer).or((native) => {
    const origin = originOf(native);
    return origin === undefined
      ? undefined
      : unknown('unresolved', origin, 'its parameter group may be that of where its data comes from');
  });

// --- encryption -----------------------------------------------------------------------------------------------------

export interface EncryptionPlaces {
  readonly encrypted: string;
  readonly key: string;
  readonly type: string;
  readonly engine: string;
}
const CAMEL: EncryptionPlaces = {
  encrypted: '/configuration/storageEncrypted',
  key: '/configuration/kmsKeyId',
  type: '/configuration/storageEncryptionType',
  engine: '/configuration/engine',
};
const PASCAL: EncryptionPlaces = {
  encrypted: '/StorageEncrypted',
  key: '/KmsKeyId',
  type: '/StorageEncryptionType',
  engine: '/Engine',
};
const SNAKE: EncryptionPlaces = {
  encrypted: '/storage_encrypted',
  key: '/kms_key_id',
  type: '/storage_encryption_type',
  engine: '/engine',
};

/**
 * As RDS reports it. It always reports the key's ARN, which does not tell whose the key is: that it is the customer's is
 * not claimed.
 */
const reported = (p: EncryptionPlaces): Reader<Encryption> =>
  derive<Encryption>((native) => {
    const type = at(p.type).oneOf<Encryption>({ none: 'none', 'sse-rds': 'provider_key', 'sse-kms': 'provider_key' })(
      native,
    );
    if (type !== undefined) return type;
    const on = at(p.encrypted).bool()(native);
    if (on === undefined || on.state === 'unknown') return on;
    if (on.value) return { ...on, value: 'provider_key' };
    // Not encrypted, or under a key that AWS owns: only StorageEncryptionType tells.
    return isAurora(said(native, p.engine) ?? 'aurora')
      ? unknown(
          'not_collected',
          on.state === 'known' ? on.at : undefined,
          'Aurora encrypts under its own key without StorageEncrypted',
        )
      : { ...on, value: 'none' };
  });

/** An attribute of a database that exists, which the configuration does not write. */
const isChosen = (native: NativeResource, pointer: string): boolean =>
  native.dialect === 'terraform' && native.creates !== true && !isWritten(native, pointer.slice(1));

/** As a plan or template asks for it. */
const requested = (p: EncryptionPlaces): Reader<Encryption> =>
  unlessRestored(
    derive<Encryption>((native) => {
      const engine = said(native, p.engine);
      const on = at(p.encrypted).bool()(native);
      if (on?.state === 'unknown') return on;
      if (on?.value === true) {
        const key = readKey(native, p.key) ?? { state: 'default', value: 'provider_key', ...RDS_ENCRYPTS };
        // A plan or state shows the key that RDS chose as well: only what the configuration writes is the customer's.
        return isChosen(native, p.key) ? withValue(key, 'provider_key') : key;
      }
      if (isStated(native, p.key)) return unknown('invalid', undefined, 'a key without storage encryption is refused');
      if (engine === undefined) return unknown('not_collected', undefined, 'the engine is not known');
      if (isAurora(engine)) {
        return native.creates === true
          ? { state: 'default', value: 'provider_key', ...AURORA_ENCRYPTS }
          : unknown('not_collected', undefined, 'Aurora encrypts under its own key without storage_encrypted');
      }
      return on === undefined ? { state: 'default', value: 'none', ...RDS_ENCRYPTS } : { ...on, value: 'none' };
    }),
  );

export const encryption: Columns<Encryption> = {
  'aws.config': reported(CAMEL),
  'aws.api': reported(PASCAL),
  'aws.cfn': requested(PASCAL),
  terraform: requested(SNAKE),
};

// --- public endpoint ------------------------------------------------------------------------------------------------

/** RDS keeps the name of a subnet group in lower case. */
const isDefaultGroup = (name: Body): boolean => typeof name === 'string' && name.toLowerCase() === 'default';

/**
 * CloudFormation leaves `PubliclyAccessible` to RDS: false for Aurora; else true without a subnet group or with the one
 * called `default`, and false with any other.
 */
export const publicInTemplate = (cluster: boolean): Reader<boolean> =>
  at('/PubliclyAccessible')
    .bool()
    .or((native) => {
      const because = cluster ? CREATE_CLUSTER : CREATE_INSTANCE;
      const group = look(native, '/DBSubnetGroupName');
      if (group.is === 'value') return { state: 'default', value: isDefaultGroup(group.value), ...because };
      if (group.is === 'unresolved') {
        const types = isObject(native.extra?.types) ? native.extra.types : {};
        const own = group.refs.length > 0 && group.refs.every((ref) => types[ref] === 'AWS::RDS::DBSubnetGroup');
        return own && !mayBeLeftOut(group.detail)
          ? { state: 'default', value: false, ...because }
          : unknown('unresolved', group.at, group.detail);
      }
      if (originOf(native) !== undefined) return unknown('unresolved', originOf(native));
      const engine = said(native, '/Engine');
      if (engine === undefined) return unknown('not_collected', undefined, 'the engine is not known');
      return { state: 'default', value: !isAurora(engine), ...because };
    });

/** Terraform has no such argument for a cluster, so a Multi-AZ cluster is as RDS makes it from its subnet group. */
const publicInPlan: Reader<boolean> = derive<boolean>((native) => {
  if (native.creates !== true) return unknown('not_collected', undefined, 'aws_rds_cluster does not show it');
  const group = look(native, '/db_subnet_group_name');
  if (group.is === 'value') {
    return { state: 'default', value: isDefaultGroup(group.value), ...CREATE_CLUSTER };
  }
  if (group.is === 'unresolved' && group.unset !== true) {
    return group.refs.length > 0 && group.refs.every((ref) => /^(?:module\..+\.)?aws_db_subnet_group\./.test(ref))
      ? { state: 'default', value: false, ...CREATE_CLUSTER }
      : unknown('unresolved', group.at, group.detail);
  }
  const origin = originOf(native);
  return origin === undefined ? { state: 'default', value: true, ...CREATE_CLUSTER } : unknown('unresolved', origin);
});

/** The switch of an instance, in every dialect. */
export const instanceIsPublic: Columns<boolean> = {
  'aws.config': at('/configuration/publiclyAccessible').bool(),
  'aws.api': at('/PubliclyAccessible').bool(),
  'aws.cfn': publicInTemplate(false),
  terraform: at('/publicly_accessible')
    .bool()
    .or((native) => ({
      state: 'default',
      value: false,
      ...(native.type === 'aws_rds_cluster_instance' ? TERRAFORM_MEMBER : TERRAFORM_INSTANCE),
    })),
};

const unlessAurora = (engine: string, read: Reader<boolean>): Reader<boolean> =>
  derive<boolean>((native) => {
    const name = said(native, engine);
    return name !== undefined && isAurora(name) ? undefined : read(native);
  });

/** The cluster that an instance is a member of; undefined for an instance by itself. */
export function clusterOf(native: NativeResource): OwnerRef | undefined {
  if (native.dialect === 'terraform') {
    return native.type === 'aws_rds_cluster_instance' ? plannedDependency(native, '/cluster_identifier') : undefined;
  }
  if (native.dialect === 'aws.cfn') return templateOwner(native, 'DBClusterIdentifier');
  const name = said(native, '/configuration/dBClusterIdentifier', '/DBClusterIdentifier');
  return name === undefined || native.account === undefined || native.region === undefined
    ? undefined
    : { id: dbClusterArn(name, { account: native.account, region: native.region }) };
}

/** The identifiers of the members, as the cluster lists them: texts, or objects with a `name`. */
const memberNames = (list: string, name = ''): Reader<readonly string[]> =>
  derive<readonly string[]>((native) => {
    const found = look(native, list);
    if (found.is !== 'value' || !Array.isArray(found.value)) return undefined;
    const names = (found.value as readonly Body[]).map((member) => (isObject(member) ? member[name] : member));
    // One that cannot be read is a member all the same: the list is not whole.
    return names.every((n) => typeof n === 'string')
      ? { state: 'known', value: names.map((n) => n.toLowerCase()), at: found.at }
      : undefined;
  });

const ownNameReading = derive<string>((native) => ({
  state: 'known',
  value: (native.name ?? native.id).toLowerCase(),
  at: native.pointer,
}));

const nameOf = ({ readings: { member_name } }: SeenPart): string | undefined =>
  member_name?.state === 'known' && typeof member_name.value === 'string' ? member_name.value : undefined;

/**
 * An Aurora cluster without a VPC is reached through the internet access gateway, whatever its members say.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/CHAP_GettingStartedAurora.AuroraPostgreSQL.ExpressConfig.html
 * (read 2026-11-25)
 */
export const hasGateway = (parts: Parts | undefined): Flag | undefined => {
  const gateway = parts?.get<boolean>('internet_gateway');
  return gateway?.state === 'known' && !gateway.value ? undefined : gateway;
};

/**
 * A Multi-AZ cluster has a switch; an Aurora cluster is reached through its members, which have one each; a limitless one
 * through its shard group, which is a resource of its own.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBShardGroup.html (read 2026-11-25)
 */
function clusterIsPublic(parts: Parts): FactState {
  const gateway = hasGateway(parts);
  if (gateway !== undefined) return gateway;
  const own = parts.get<boolean>('public_endpoint');
  if (own !== undefined) return own;
  const scalability = parts.get<string>('scalability');
  if (scalability?.state === 'unknown') return scalability;
  if (scalability !== undefined && scalability.value.toLowerCase() === 'limitless')
    return unknown('not_collected', undefined, 'the shard group of the cluster was not seen');
  const listed = parts.get<readonly string[]>('member_names');
  const names = listed === undefined || listed.state === 'unknown' ? undefined : listed.value;
  // A member that is gone, or that left, is no longer listed; one that a plan adds, or that is newer than the list, is not
  // listed yet.
  const listedAt = parts.all('cluster')[0]?.orderKey ?? '';
  const members = parts
    .all('member')
    .filter(
      (m) =>
        names === undefined ||
        parts.dialect === 'terraform' ||
        names.includes(nameOf(m) ?? '') ||
        m.orderKey > listedAt,
    );
  const flags = members.flatMap((m) => (m.readings.member_public as Flag | undefined) ?? []);
  const open = flags.find((f) => f.state !== 'unknown' && f.value);
  if (open !== undefined) return open;
  const all =
    (parts.complete && parts.creates) ||
    (names !== undefined && names.every((name) => members.some((m) => nameOf(m) === name)));
  if (!all || flags.length !== members.length)
    return unknown('not_collected', undefined, 'not all members of the cluster were seen');
  return flags.length === 0 ? { state: 'default', value: false, ...CREATE_CLUSTER } : allOf(...flags);
}

// --- backups, deletion ----------------------------------------------------------------------------------------------

/** Absent in items from before the switch existed; it is off unless it is set. */
export const deletionProtected = (terraform: { because: string; on: string }): Columns<boolean> => ({
  'aws.config': at('/configuration/deletionProtection').bool().orDefault(false, DELETION),
  'aws.api': at('/DeletionProtection').bool(),
  'aws.cfn': at('/DeletionProtection').bool().orDefault(false, DELETION),
  terraform: at('/deletion_protection').bool().orDefault(false, terraform),
});

/** Storage facts of a member, which its cluster keeps. */
export const ofCluster = (cluster: Parts | undefined, reading: string): FactState =>
  cluster?.get(reading) ?? unknown('not_collected', undefined, 'the cluster was not seen');

export const rdsCluster = defineMapping('aws/rds-cluster', {
  cloud: 'aws',
  kind: sqlDatabase,
  title: 'RDS cluster',
  dependsOn: {
    parameters: {
      mapping: 'aws/rds-parameter-group',
      on: (native) => {
        if (native.dialect === 'terraform') return plannedDependency(native, '/db_cluster_parameter_group_name');
        if (native.dialect === 'aws.cfn') return templateOwner(native, 'DBClusterParameterGroupName');
        const name = said(native, '/configuration/dbclusterParameterGroup', '/DBClusterParameterGroup');
        return name === undefined || native.account === undefined || native.region === undefined
          ? undefined
          : { id: dbClusterParameterGroupArn(name, { account: native.account, region: native.region }) };
      },
    },
  },
  parts: {
    cluster: {
      native: {
        'aws.config': 'AWS::RDS::DBCluster',
        'aws.api': 'AWS::RDS::DBCluster',
        'aws.cfn': 'AWS::RDS::DBCluster',
        terraform: 'aws_rds_cluster',
      },
      accepts: isSql,
      readings: {
        engine: {
          'aws.config': at('/configuration/engine').string(),
          'aws.api': at('/Engine').string(),
          'aws.cfn': at('/Engine').string(),
          terraform: at('/engine').string(),
        },
        engine_version: {
          'aws.config': at('/configuration/engineVersion').string(),
          'aws.api': at('/EngineVersion').string(),
          'aws.cfn': engineVersion('/EngineVersion'),
          terraform: at('/engine_version').string(),
        },
        parameter_group: {
          'aws.config': groupName('/configuration/dbclusterParameterGroup'),
          'aws.api': groupName('/DBClusterParameterGroup'),
          'aws.cfn': orInherited('/DBClusterParameterGroupName'),
          terraform: orInherited('/db_cluster_parameter_group_name'),
        },
        parameters_pending: {
          'aws.config': pending('/configuration/dbclusterMembers', 'dbclusterParameterGroupStatus'),
          'aws.api': pending('/DBClusterMembers', 'DBClusterParameterGroupStatus'),
        },
        public_endpoint: {
          'aws.config': unlessAurora('/configuration/engine', at('/configuration/publiclyAccessible').bool()),
          'aws.api': unlessAurora('/Engine', at('/PubliclyAccessible').bool()),
          'aws.cfn': unlessAurora('/Engine', publicInTemplate(true)),
          terraform: unlessAurora('/engine', publicInPlan),
        },
        internet_gateway: {
          'aws.config': at('/configuration/internetAccessGatewayEnabled').bool(),
          'aws.api': at('/InternetAccessGatewayEnabled').bool(),
        },
        scalability: {
          'aws.config': at('/configuration/clusterScalabilityType').string(),
          'aws.api': at('/ClusterScalabilityType').string(),
          'aws.cfn': at('/ClusterScalabilityType').string(),
          terraform: at('/cluster_scalability_type').string(),
        },
        member_names: {
          'aws.config': memberNames('/configuration/dbclusterMembers', 'dbinstanceIdentifier'),
          'aws.api': memberNames('/DBClusterMembers', 'DBInstanceIdentifier'),
          terraform: memberNames('/cluster_members'),
        },
        encryption,
        backup_retention_days: {
          'aws.config': at('/configuration/backupRetentionPeriod').int(),
          'aws.api': at('/BackupRetentionPeriod').int(),
          'aws.cfn': at('/BackupRetentionPeriod')
            .int()
            .or(unlessRestored(derive<number>(() => ({ state: 'default', value: 1, ...CREATE_CLUSTER })))),
          terraform: at('/backup_retention_period')
            .int()
            .or(unlessRestored(derive<number>(() => ({ state: 'default', value: 1, ...TERRAFORM_CLUSTER })))),
        },
        deletion_protected: deletionProtected(TERRAFORM_CLUSTER),
      },
    },
    member: {
      native: {
        'aws.config': 'AWS::RDS::DBInstance',
        'aws.api': 'AWS::RDS::DBInstance',
        'aws.cfn': 'AWS::RDS::DBInstance',
        terraform: 'aws_rds_cluster_instance',
      },
      accepts: isSql,
      multiple: true,
      owner: clusterOf,
      readings: {
        member_name: { 'aws.config': ownNameReading, 'aws.api': ownNameReading, terraform: ownNameReading },
        member_public: instanceIsPublic,
      },
    },
  },
  facts: {
    public_endpoint: clusterIsPublic,
    encryption: (parts) => parts.read('encryption'),
    tls_required: tlsRequired,
    backup_retention_days: (parts) => parts.read('backup_retention_days'),
    deletion_protected: (parts) => parts.read('deletion_protected'),
  },
});
