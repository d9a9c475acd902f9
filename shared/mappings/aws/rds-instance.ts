/**
 * RDS instances, by themselves or as members of a cluster. A member's storage is its cluster's: encryption, backups and
 * deletion protection are read there, and so are the parameters that require TLS.
 * https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html (read 2026-11-25)
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import { templateOwner } from '../dialects/cloudformation.ts';
import { defineMapping, type Parts } from '../mapping.ts';
import { at, derive, unknown } from '../reader.ts';
import { dbParameterGroupArn } from './arn.ts';
import { doc, plannedDependency, said } from './evidence.ts';
import {
  clusterOf,
  deletionProtected,
  encryption,
  hasGateway,
  instanceIsPublic,
  isSql,
  ofCluster,
  orInherited,
  unlessRestored,
} from './rds-cluster.ts';
import { engineVersion, groupName, pending, tlsRequired } from './rds-parameter-group.ts';

const CREATE_INSTANCE = doc('https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html');
const TERRAFORM = doc('https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance');

/** The fact of the instance itself, or of the cluster that it is a member of. */
const own =
  (reading: string) =>
  (parts: Parts): FactState =>
    parts.depends('cluster') ? ofCluster(parts.dependency('cluster'), reading) : parts.read(reading);

export const rdsInstance = defineMapping('aws/rds-instance', {
  cloud: 'aws',
  kind: sqlDatabase,
  title: 'RDS instance',
  dependsOn: {
    cluster: { mapping: 'aws/rds-cluster', on: clusterOf },
    parameters: {
      mapping: 'aws/rds-parameter-group',
      on: (native) => {
        if (native.dialect === 'terraform') return plannedDependency(native, '/parameter_group_name');
        if (native.dialect === 'aws.cfn') return templateOwner(native, 'DBParameterGroupName');
        const name = said(
          native,
          native.dialect === 'aws.api'
            ? '/DBParameterGroups/0/DBParameterGroupName'
            : '/configuration/dBParameterGroups/0/dBParameterGroupName',
        );
        return name === undefined || native.account === undefined || native.region === undefined
          ? undefined
          : { id: dbParameterGroupArn(name, { account: native.account, region: native.region }) };
      },
    },
  },
  parts: {
    instance: {
      native: {
        'aws.config': 'AWS::RDS::DBInstance',
        'aws.api': 'AWS::RDS::DBInstance',
        'aws.cfn': 'AWS::RDS::DBInstance',
        terraform: ['aws_db_instance', 'aws_rds_cluster_instance'],
      },
      accepts: isSql,
      readings: {
        public_endpoint: instanceIsPublic,
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
          'aws.config': groupName('/configuration/dBParameterGroups/0/dBParameterGroupName'),
          'aws.api': groupName('/DBParameterGroups/0/DBParameterGroupName'),
          'aws.cfn': orInherited('/DBParameterGroupName'),
          terraform: orInherited('/parameter_group_name'),
        },
        parameters_pending: {
          'aws.config': pending('/configuration/dBParameterGroups', 'parameterApplyStatus'),
          'aws.api': pending('/DBParameterGroups', 'ParameterApplyStatus'),
        },
        encryption,
        backup_retention_days: {
          'aws.config': at('/configuration/backupRetentionPeriod').int(),
          'aws.api': at('/BackupRetentionPeriod').int(),
          'aws.cfn': at('/BackupRetentionPeriod')
            .int()
            .or(unlessRestored(derive<number>(() => ({ state: 'default', value: 1, ...CREATE_INSTANCE })))),
          terraform: at('/backup_retention_period')
            .int()
            .or(unlessRestored(derive<number>(() => ({ state: 'default', value: 0, ...TERRAFORM })))),
        },
        deletion_protected: deletionProtected(TERRAFORM),
      },
    },
  },
  facts: {
    public_endpoint: (parts) => {
      const flag = parts.read<boolean>('public_endpoint');
      // The gateway reaches the cluster; whether the member's own endpoint too, it does not say.
      return flag.state !== 'unknown' && !flag.value && hasGateway(parts.dependency('cluster')) !== undefined
        ? unknown('not_collected', undefined, 'its cluster has an internet access gateway')
        : flag;
    },
    encryption: own('encryption'),
    tls_required: (parts) => {
      if (!parts.depends('cluster')) return tlsRequired(parts);
      const cluster = parts.dependency('cluster');
      return cluster === undefined
        ? unknown('not_collected', undefined, 'the cluster was not seen')
        : tlsRequired(cluster);
    },
    backup_retention_days: own('backup_retention_days'),
    deletion_protected: own('deletion_protected'),
  },
});
