import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { awsApi } from '../../../../shared/mappings/dialects/aws-api.ts';
import {
  configEvent as eventForm,
  configHistory as historyForm,
} from '../../../../shared/mappings/dialects/aws-config.ts';
import {
  ACCOUNT,
  type ConfigItem,
  configEvent,
  configHistory,
  REGION,
  template,
} from '../../../support/aws-documents.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

const say = (state: unknown): string => {
  const s = state as { state: string; value?: unknown; why?: string };
  return s.state === 'unknown' ? `unknown ${s.why}` : `${s.state} ${String(s.value)}`;
};
const instance = (configuration: { [k: string]: Json }, id = 'shop'): ConfigItem => ({
  type: 'AWS::RDS::DBInstance',
  id: `db-${id}`,
  name: id,
  arn: `arn:aws:rds:${REGION}:${ACCOUNT}:db:${id}`,
  configuration: { dBInstanceIdentifier: id, engine: 'postgres', engineVersion: '16.4', ...configuration },
});
const cluster = (configuration: { [k: string]: Json }): ConfigItem => ({
  type: 'AWS::RDS::DBCluster',
  id: 'cluster-1',
  name: 'shop',
  arn: `arn:aws:rds:${REGION}:${ACCOUNT}:cluster:shop`,
  configuration: {
    dbclusterIdentifier: 'shop',
    engine: 'aurora-mysql',
    engineVersion: '8.0',
    dbclusterMembers: [],
    ...configuration,
  },
});
const member = (configuration: { [k: string]: Json }, id = 'shop-1'): ConfigItem =>
  instance({ engine: 'aurora-mysql', engineVersion: '8.0', dBClusterIdentifier: 'shop', ...configuration }, id);
const members = (...ids: string[]): Json => ids.map((dbinstanceIdentifier) => ({ dbinstanceIdentifier }));
const byId = (document: Json) => new Map(mapped(document).map((r) => [r.id.split(':').at(-1), r.facts]));

describe('a live instance', () => {
  test('by itself', () => {
    const facts = only(
      configEvent(
        instance({
          publiclyAccessible: true,
          storageEncrypted: false,
          backupRetentionPeriod: 0,
          deletionProtection: true,
          dBParameterGroups: [{ dBParameterGroupName: 'default.postgres16', parameterApplyStatus: 'in-sync' }],
        }),
      ),
    ).facts;
    expect(
      ['public_endpoint', 'encryption', 'backup_retention_days', 'deletion_protected', 'tls_required'].map((f) =>
        say(facts[f]),
      ),
    ).toEqual(['known true', 'known none', 'known 0', 'known true', 'default true']);
  });
  test('an old item lacks deletion protection: it is off', () => {
    expect(say(only(configEvent(instance({}))).facts.deletion_protected)).toBe('default false');
    expect(say(only(configEvent(instance({}))).facts.encryption)).toBe('unknown not_collected');
  });
});

describe('a member of a cluster', () => {
  const settings = {
    storageEncrypted: true,
    backupRetentionPeriod: 9,
    deletionProtection: true,
    dbclusterParameterGroup: 'default.aurora-mysql8.0',
  };
  const own = {
    storageEncrypted: false,
    backupRetentionPeriod: 1,
    deletionProtection: false,
    publiclyAccessible: false,
  };
  const FACTS = ['public_endpoint', 'encryption', 'backup_retention_days', 'deletion_protected', 'tls_required'];
  test('takes what its storage is from its cluster', () => {
    const facts = byId(configHistory(member(own), cluster({ ...settings, dbclusterMembers: members('shop-1') })));
    const expected = ['known false', 'known provider_key', 'known 9', 'known true', 'default false'];
    expect(FACTS.map((f) => say(facts.get('shop-1')?.[f]))).toEqual(expected);
    expect(FACTS.map((f) => say(facts.get('shop')?.[f]))).toEqual(expected);
  });
  test('whose cluster was not seen tells only of itself, and makes no cluster appear', () => {
    const resources = mapped(configEvent(member(own)));
    expect(resources).toHaveLength(1);
    expect(FACTS.map((f) => say(resources[0]?.facts[f]))).toEqual([
      'known false',
      'unknown not_collected',
      'unknown not_collected',
      'unknown not_collected',
      'unknown not_collected',
    ]);
  });
  test('makes its cluster public', () => {
    const facts = byId(
      configHistory(
        cluster({ dbclusterMembers: members('shop-1', 'shop-2') }),
        member({ publiclyAccessible: false }),
        member({ publiclyAccessible: true }, 'shop-2'),
      ),
    );
    expect(say(facts.get('shop')?.public_endpoint)).toBe('known true');
  });
  test('that left no longer counts, and one that is not seen leaves it open', () => {
    const left = configHistory(
      cluster({ dbclusterMembers: members('shop-1') }),
      member({ publiclyAccessible: false }),
      member({ publiclyAccessible: true }, 'shop-2'),
    );
    expect(say(byId(left).get('shop')?.public_endpoint)).toBe('known false');
    const unseen = configHistory(
      cluster({ dbclusterMembers: members('shop-1', 'shop-2') }),
      member({ publiclyAccessible: false }),
    );
    expect(say(byId(unseen).get('shop')?.public_endpoint)).toBe('unknown not_collected');
  });
  test('whose name cannot be read is a member that was not seen', () => {
    const facts = (...dbclusterMembers: Json[]) => only(configEvent(cluster({ dbclusterMembers }))).facts;
    expect(say(facts({ isClusterWriter: true }).public_endpoint)).toBe('unknown not_collected');
    expect(say(facts().public_endpoint)).toBe('default false');
  });
  test('that is newer than the list of members counts already', () => {
    const joined = (captured: string) =>
      configHistory(
        { ...cluster({ dbclusterMembers: members('shop-1') }), captured: '2026-10-14T09:00:00.000Z' },
        member({ publiclyAccessible: false }),
        { ...member({ publiclyAccessible: true }, 'shop-2'), captured },
      );
    expect(say(byId(joined('2026-10-14T09:05:00.000Z')).get('shop')?.public_endpoint)).toBe('known true');
    expect(say(byId(joined('2026-10-14T08:55:00.000Z')).get('shop')?.public_endpoint)).toBe('known false');
  });
  test('is reached through the internet access gateway of its cluster', () => {
    const facts = (internetAccessGatewayEnabled: boolean) =>
      byId(
        configHistory(
          cluster({ dbclusterMembers: members('shop-1'), internetAccessGatewayEnabled }),
          member({ publiclyAccessible: false }),
        ),
      );
    expect(say(facts(true).get('shop')?.public_endpoint)).toBe('known true');
    expect(say(facts(true).get('shop-1')?.public_endpoint)).toBe('unknown not_collected');
    expect(say(facts(false).get('shop')?.public_endpoint)).toBe('known false');
    expect(say(facts(false).get('shop-1')?.public_endpoint)).toBe('known false');
  });
  test('a limitless cluster has none, and is reached through a shard group', () => {
    const facts = (clusterScalabilityType: string) =>
      only(configEvent(cluster({ engine: 'aurora-postgresql', clusterScalabilityType }))).facts;
    expect(say(facts('limitless').public_endpoint)).toBe('unknown not_collected');
    expect(say(facts('standard').public_endpoint)).toBe('default false');
    const made = (ClusterScalabilityType: string) =>
      only(
        template({
          C: { Type: 'AWS::RDS::DBCluster', Properties: { Engine: 'aurora-postgresql', ClusterScalabilityType } },
        }),
      ).facts;
    expect(say(made('limitless').public_endpoint)).toBe('unknown not_collected');
    expect(say(made('standard').public_endpoint)).toBe('default false');
  });
  test('a Multi-AZ cluster has a switch of its own', () => {
    expect(say(only(configEvent(cluster({ engine: 'mysql', publiclyAccessible: true }))).facts.public_endpoint)).toBe(
      'known true',
    );
  });
});

test('a cluster of DocumentDB is no SQL database', () => {
  const { resources, unsupported } = mapDocument(eventForm.read(configEvent(cluster({ engine: 'docdb' })), {}));
  expect(resources).toEqual([]);
  expect(unsupported).toEqual([{ nativeType: 'AWS::RDS::DBCluster', count: 1 }]);
});

describe('encryption as RDS reports it', () => {
  test.each<[string, { [k: string]: Json }, string]>([
    ['encrypted', { storageEncrypted: true, kmsKeyId: 'arn:aws:kms:eu-west-1:1:key/1' }, 'known provider_key'],
    ['the key that AWS owns', { storageEncrypted: false, storageEncryptionType: 'sse-rds' }, 'known provider_key'],
    ['none', { storageEncrypted: false, storageEncryptionType: 'none' }, 'known none'],
    ['Aurora without a type: none, or the key that AWS owns', { storageEncrypted: false }, 'unknown not_collected'],
    ['not Aurora', { engine: 'postgres', storageEncrypted: false }, 'known none'],
  ])('%s', (_, configuration, expected) => {
    expect(say(only(configEvent(cluster(configuration))).facts.encryption)).toBe(expected);
  });
});

describe('whether TLS is required', () => {
  test.each<[string, string]>([
    ['default.postgres15', 'default true'],
    ['default.postgres14', 'default false'],
    ['default.postgres9.6', 'default false'],
    ['default.mysql8.0', 'default false'],
    ['default.mysql8.4', 'default false'],
    ['default.mysql9.7', 'default true'],
    ['default.mysql10.1', 'default true'],
    ['default.mariadb11.8', 'default true'],
    ['default.mariadb11.4', 'default false'],
    ['default.mariadb10.11', 'default false'],
    ['default.sqlserver-se-16.0', 'default false'],
    ['default.oracle-ee-19', 'unknown not_collected'],
    ['own', 'unknown not_collected'],
  ])('group %s', (group, expected) => {
    const engine = /^default\.([a-z-]+?)-?[\d.]+$/.exec(group)?.[1] ?? 'postgres';
    const facts = only(
      configEvent(instance({ engine, engineVersion: '1.0', dBParameterGroups: [{ dBParameterGroupName: group }] })),
    ).facts;
    expect(say(facts.tls_required)).toBe(expected);
  });
  test.each<[string, string, string]>([
    ['aurora-postgresql', '17.4', 'default true'],
    ['aurora-postgresql', '16.8', 'default false'],
    ['aurora-mysql', '8.0.mysql_aurora.3.08.0', 'default false'],
    ['oracle-ee', '19', 'unknown not_collected'],
  ])('a new cluster of %s %s', (engine, EngineVersion, expected) => {
    const got = only(
      template({ C: { Type: 'AWS::RDS::DBCluster', Properties: { Engine: engine, EngineVersion } } }),
    ).facts;
    expect(say(got.tls_required)).toBe(expected);
  });
  test('a version that the template leaves to RDS decides only where all have the same default', () => {
    const made = (Engine: string) =>
      only(template({ I: { Type: 'AWS::RDS::DBInstance', Properties: { Engine } } })).facts;
    expect(say(made('postgres').tls_required)).toBe('unknown not_collected');
    expect(say(made('mysql').tls_required)).toBe('unknown not_collected');
    expect(say(made('sqlserver-se').tls_required)).toBe('default false');
    const version = (EngineVersion: string) =>
      only(template({ I: { Type: 'AWS::RDS::DBInstance', Properties: { Engine: 'mysql', EngineVersion } } })).facts;
    expect(['8', '9', '9.7.1'].map((v) => say(version(v).tls_required))).toEqual([
      'default false',
      'unknown not_collected',
      'default true',
    ]);
  });

  const group = (value: Json, status = 'in-sync') => {
    const natives = [
      ...eventForm.read(
        configEvent(instance({ dBParameterGroups: [{ dBParameterGroupName: 'own', parameterApplyStatus: status }] })),
        {},
      ),
      ...awsApi.read(
        {
          DBParameterGroupName: 'own',
          Parameters: [{ ParameterName: 'rds.force_ssl', ...(value === null ? {} : { ParameterValue: value }) }],
        },
        { account: ACCOUNT, region: REGION, orderKey: '2026' },
      ),
    ];
    return say(mapDocument(natives).resources[0]?.facts.tls_required);
  };
  test('parameters that were read back belong to the group of the instance', () => {
    expect(group('1')).toBe('known true');
    expect(group('0')).toBe('known false');
    expect(group(null)).toBe('default true'); // PostgreSQL 16
    expect(group('perhaps')).toBe('unknown invalid');
  });
  // Until then it may run with the parameters of the group that it had before, whatever the new one says or leaves out.
  test.each(['applying', 'failed-to-apply', 'pending-database-upgrade', 'pending-reboot'])(
    'a group whose status is %s is not in force',
    (status) => {
      expect(group('1', status)).toBe('unknown not_collected');
      expect(group(null, status)).toBe('unknown not_collected');
      const standard = [{ dBParameterGroupName: 'default.postgres16', parameterApplyStatus: status }];
      expect(say(only(configEvent(instance({ dBParameterGroups: standard }))).facts.tls_required)).toBe(
        'unknown not_collected',
      );
      const [first, second] = ['in-sync', status].map((dbclusterParameterGroupStatus, i) => ({
        dbinstanceIdentifier: `shop-${i}`,
        dbclusterParameterGroupStatus,
      }));
      const clusterFacts = (...dbclusterMembers: Json[]) =>
        only(
          configEvent(
            cluster({
              engine: 'aurora-postgresql',
              engineVersion: '17.4',
              dbclusterParameterGroup: 'default.aurora-postgresql17',
              dbclusterMembers,
            }),
          ),
        ).facts;
      expect(say(clusterFacts(first ?? null).tls_required)).toBe('default true');
      expect(say(clusterFacts(first ?? null, second ?? null).tls_required)).toBe('unknown not_collected');
    },
  );
  test('a member reads the group of its cluster', () => {
    const natives = [
      ...historyForm.read(configHistory(member({}), cluster({ dbclusterParameterGroup: 'own' })), {}),
      ...awsApi.read(
        {
          DBClusterParameterGroupName: 'own',
          Parameters: [{ ParameterName: 'require_secure_transport', ParameterValue: 'ON' }],
        },
        { account: ACCOUNT, region: REGION },
      ),
    ];
    expect(mapDocument(natives).resources.map((r) => say(r.facts.tls_required))).toEqual(['known true', 'known true']);
  });
  test('a parameter whose name is not known may be any', () => {
    const resources = mapped(
      plan(
        {
          address: 'aws_db_instance.i',
          after: { engine: 'postgres', engine_version: '16', parameter_group_name: 'own' },
        },
        {
          address: 'aws_db_parameter_group.g',
          after: { name: 'own', family: 'postgres16', parameter: [{ value: '0' }] },
          unknown: { parameter: [{ name: true }] },
        },
      ),
    );
    expect(say(resources[0]?.facts.tls_required)).toBe('unknown unresolved');
  });
});

describe('an instance of a template', () => {
  const made = (Properties: { [k: string]: Json }, more: { [id: string]: Json } = {}) => {
    const found = mapped(template({ I: { Type: 'AWS::RDS::DBInstance', Properties }, ...more })).find(
      (r) => r.id === 'I',
    );
    if (found === undefined) throw new Error('no instance');
    return found.facts;
  };
  const subnets = { S: { Type: 'AWS::RDS::DBSubnetGroup', Properties: {} } };
  test.each<[string, { [k: string]: Json }, { [id: string]: Json }, string]>([
    ['said', { Engine: 'mysql', PubliclyAccessible: 'false' }, {}, 'known false'],
    ['no subnet group', { Engine: 'mysql' }, {}, 'default true'],
    ['no subnet group, Aurora', { Engine: 'aurora-mysql' }, {}, 'default false'],
    ['the default subnet group', { Engine: 'mysql', DBSubnetGroupName: 'default' }, {}, 'default true'],
    ['the default subnet group in capitals', { Engine: 'mysql', DBSubnetGroupName: 'Default' }, {}, 'default true'],
    ['another subnet group', { Engine: 'mysql', DBSubnetGroupName: 'private' }, {}, 'default false'],
    ['a subnet group of the template', { Engine: 'mysql', DBSubnetGroupName: { Ref: 'S' } }, subnets, 'default false'],
    [
      'a subnet group of the template, or none',
      { Engine: 'mysql', DBSubnetGroupName: { 'Fn::If': ['C', { Ref: 'S' }, { Ref: 'AWS::NoValue' }] } },
      subnets,
      'unknown unresolved',
    ],
    [
      'a subnet group that is a parameter',
      { Engine: 'mysql', DBSubnetGroupName: { Ref: 'P' } },
      {},
      'unknown unresolved',
    ],
    ['restored', { Engine: 'mysql', DBSnapshotIdentifier: 'x' }, {}, 'unknown unresolved'],
  ])('public endpoint: %s', (_, properties, more, expected) => {
    expect(say(made(properties, more).public_endpoint)).toBe(expected);
  });
  test.each<[string, { [k: string]: Json }, string]>([
    ['not said', { Engine: 'mysql' }, 'default none'],
    ['on', { Engine: 'mysql', StorageEncrypted: true }, 'default provider_key'],
    ['an own key', { Engine: 'mysql', StorageEncrypted: true, KmsKeyId: 'alias/shop' }, 'known customer_key'],
    ['a key alone is refused', { Engine: 'mysql', KmsKeyId: 'alias/shop' }, 'unknown invalid'],
    ['restored', { Engine: 'mysql', StorageEncrypted: true, DBSnapshotIdentifier: 'x' }, 'unknown unresolved'],
    ['a replica', { SourceDBInstanceIdentifier: 'x' }, 'unknown unresolved'],
  ])('encryption: %s', (_, properties, expected) => {
    expect(say(made(properties).encryption)).toBe(expected);
  });
  test('backups: one day unless said, not known where the data comes from elsewhere', () => {
    expect(say(made({ Engine: 'mysql' }).backup_retention_days)).toBe('default 1');
    expect(say(made({ Engine: 'mysql', BackupRetentionPeriod: '14' }).backup_retention_days)).toBe('known 14');
    expect(say(made({ SourceDBInstanceIdentifier: 'x' }).backup_retention_days)).toBe('unknown unresolved');
  });
  test('a new Aurora cluster is encrypted whatever it says; one from a snapshot is not known', () => {
    const encrypted = (more: { [k: string]: Json }) =>
      only(template({ C: { Type: 'AWS::RDS::DBCluster', Properties: { Engine: 'aurora-mysql', ...more } } })).facts
        .encryption;
    expect(say(encrypted({}))).toBe('default provider_key');
    expect(say(encrypted({ StorageEncrypted: false }))).toBe('default provider_key');
    expect(say(encrypted({ SnapshotIdentifier: 'x' }))).toBe('unknown unresolved');
  });
});

describe('an instance of a plan', () => {
  const made = (after: { [k: string]: Json }, actions: readonly string[] = ['create']) =>
    only(plan({ address: 'aws_db_instance.i', after: { identifier: 'i', engine: 'postgres', ...after }, actions }))
      .facts;
  test('has the provider’s defaults', () => {
    const facts = made({});
    expect(
      ['public_endpoint', 'encryption', 'backup_retention_days', 'deletion_protected'].map((f) => say(facts[f])),
    ).toEqual(['default false', 'default none', 'default 0', 'default false']);
  });
  test('a snapshot in the state of what exists says nothing any more', () => {
    expect(say(made({ snapshot_identifier: 'x', storage_encrypted: true }, ['update']).encryption)).toBe(
      'default provider_key',
    );
    expect(say(made({ snapshot_identifier: 'x', storage_encrypted: true }).encryption)).toBe('unknown unresolved');
  });
});
