/** SQL databases: RDS instances, Azure SQL and PostgreSQL and MySQL servers, Cloud SQL instances. */
import type { Json } from '../../model/json.ts';
import {
  armNotification,
  armRest,
  armTemplate,
  awsApi,
  caiAssets,
  cfnTemplate,
  configItems,
  type Edits,
  GONE,
  GROUP,
  type JsonObject,
  later,
  terraformPlan,
} from './document.ts';
import { at, type NativeForm, type Setter, type Ways } from './form.ts';

/** A number of days that the service takes, or what says that it is not known. */
const days =
  ([least, most]: readonly [number, number], set: (days: number) => Edits, unknown: Ways = {}): Setter =>
  (value) =>
    typeof value !== 'number' ? unknown : value >= least && value <= most ? set(value) : undefined;
/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html (read 2026-11-25) */
const RDS_DAYS = [0, 35] as const;
/** https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-backup-restore (read 2026-11-25) */
const POSTGRES_DAYS = [7, 35] as const;
/** https://learn.microsoft.com/azure/mysql/flexible-server/concepts-business-continuity (read 2026-11-25) */
const MYSQL_DAYS = [1, 35] as const;
/** https://learn.microsoft.com/azure/azure-sql/database/automated-backups-overview (read 2026-11-25) */
const SQL_DAYS = [1, 35] as const;
/** https://cloud.google.com/sql/docs/postgres/backup-recovery/backups (read 2026-11-25) */
const CLOUD_SQL_DAYS = [0, 365] as const;

// ── RDS ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/5d3c2b1a-0f9e-4c8d-b7a6-958473625140';
const CONFIGURATION = '/instance/configuration';

const rdsConfig: NativeForm = {
  name: 'aws.config-rds-instance',
  cloud: 'aws',
  envelope: configItems,
  main: 'instance',
  account: '111122223333',
  region: 'eu-west-1',
  draft: {
    instance: {
      type: 'AWS::RDS::DBInstance',
      id: 'db-ABCDEFGHIJKLMNOPQRSTUVWXYZ',
      name: 'claims',
      arn: 'arn:aws:rds:eu-west-1:111122223333:db:claims',
      configuration: {
        dBInstanceIdentifier: 'claims',
        dBInstanceClass: 'db.t4g.medium',
        engine: 'postgres',
        engineVersion: '16.4',
        dBInstanceStatus: 'available',
        allocatedStorage: 100,
        backupRetentionPeriod: 7,
        dBParameterGroups: [{ dBParameterGroupName: 'default.postgres16', parameterApplyStatus: 'in-sync' }],
        publiclyAccessible: false,
        storageEncrypted: true,
        kmsKeyId: KEY,
        deletionProtection: true,
      },
    },
  },
  facts: {
    public_endpoint: at(`${CONFIGURATION}/publiclyAccessible`, { true: true, unknown: GONE }),
    encryption: at(`${CONFIGURATION}/storageEncrypted`, { none: false, unknown: GONE }),
    tls_required: at(`${CONFIGURATION}/dBParameterGroups/0/dBParameterGroupName`, {
      false: 'default.postgres14',
      unknown: 'claims',
    }),
    backup_retention_days: days(RDS_DAYS, (n) => ({ [`${CONFIGURATION}/backupRetentionPeriod`]: n }), {
      [`${CONFIGURATION}/backupRetentionPeriod`]: GONE,
    }),
    deletion_protected: {
      false: { [`${CONFIGURATION}/deletionProtection`]: false },
      // A member's protection is its cluster's, which was not seen.
      unknown: { [`${CONFIGURATION}/engine`]: 'aurora-postgresql', [`${CONFIGURATION}/dBClusterIdentifier`]: 'claims' },
    },
  },
};

const rdsApi: NativeForm = {
  name: 'aws.api-rds-instance',
  cloud: 'aws',
  envelope: awsApi,
  main: 'instance',
  account: '111122223333',
  region: 'eu-west-1',
  draft: {
    instance: {
      DBInstanceIdentifier: 'claims',
      DBInstanceArn: 'arn:aws:rds:eu-west-1:111122223333:db:claims',
      DBInstanceClass: 'db.t4g.medium',
      Engine: 'postgres',
      EngineVersion: '16.4',
      DBInstanceStatus: 'available',
      AllocatedStorage: 100,
      BackupRetentionPeriod: 7,
      DBParameterGroups: [{ DBParameterGroupName: 'claims', ParameterApplyStatus: 'in-sync' }],
      PubliclyAccessible: false,
      StorageEncrypted: true,
      KmsKeyId: KEY,
      DeletionProtection: true,
    },
    group: {
      DBParameterGroupName: 'claims',
      DBParameterGroupArn: 'arn:aws:rds:eu-west-1:111122223333:pg:claims',
      DBParameterGroupFamily: 'postgres16',
      Parameters: [{ ParameterName: 'rds.force_ssl', ParameterValue: '1', Source: 'user' }],
    },
  },
  facts: {
    public_endpoint: at('/instance/PubliclyAccessible', { true: true, unknown: GONE }),
    encryption: at('/instance/StorageEncrypted', { none: false, unknown: GONE }),
    tls_required: {
      false: { '/group/Parameters/0/ParameterValue': '0' },
      unknown: { '/instance/DBParameterGroups/0/ParameterApplyStatus': 'pending-reboot' },
    },
    backup_retention_days: days(RDS_DAYS, (n) => ({ '/instance/BackupRetentionPeriod': n }), {
      '/instance/BackupRetentionPeriod': GONE,
    }),
    deletion_protected: at('/instance/DeletionProtection', { false: false, unknown: GONE }),
  },
};

const GIVEN = { Ref: 'Given' };
const CFN = '/Database/Properties';
const cfnGroup = (value: string): Edits => ({
  '/Parameters/Type': 'AWS::RDS::DBParameterGroup',
  '/Parameters/Properties': {
    Description: 'claims',
    Family: 'postgres16',
    Parameters: { 'rds.force_ssl': value },
  },
  [`${CFN}/DBParameterGroupName`]: { Ref: 'Parameters' },
});
const rdsCfn: NativeForm = {
  name: 'aws.cfn-rds-instance',
  cloud: 'aws',
  envelope: cfnTemplate,
  main: 'Database',
  draft: {
    Database: {
      Type: 'AWS::RDS::DBInstance',
      Properties: {
        DBInstanceClass: 'db.t4g.medium',
        Engine: 'postgres',
        EngineVersion: '16.4',
        AllocatedStorage: '100',
        BackupRetentionPeriod: 7,
        PubliclyAccessible: false,
        StorageEncrypted: true,
        DeletionProtection: true,
      },
    },
  },
  facts: {
    public_endpoint: at(`${CFN}/PubliclyAccessible`, { true: true, unknown: GIVEN }),
    encryption: {
      none: { [`${CFN}/StorageEncrypted`]: false },
      customer_key: { [`${CFN}/KmsKeyId`]: KEY },
      unknown: { [`${CFN}/StorageEncrypted`]: GIVEN },
    },
    tls_required: {
      true: [{}, cfnGroup('1')],
      false: cfnGroup('0'),
      unknown: { [`${CFN}/DBParameterGroupName`]: GIVEN },
    },
    backup_retention_days: days(RDS_DAYS, (n) => ({ [`${CFN}/BackupRetentionPeriod`]: n }), {
      [`${CFN}/BackupRetentionPeriod`]: GIVEN,
    }),
    deletion_protected: at(`${CFN}/DeletionProtection`, { false: false, unknown: GIVEN }),
  },
};

const OPEN = later('terraform_data.guardrails.output', 'terraform_data.guardrails');
const TF = '/claims/values';
const tfGroup = (value: Json): Edits => ({
  '/group': {
    type: 'aws_db_parameter_group',
    values: { name: 'claims', family: 'postgres16', parameter: [{ name: 'rds.force_ssl', value }] },
  },
  [`${TF}/parameter_group_name`]: later('aws_db_parameter_group.group.name', 'aws_db_parameter_group.group'),
});
const rdsTerraform: NativeForm = {
  name: 'terraform-aws-rds-instance',
  cloud: 'aws',
  envelope: terraformPlan('aws', ['tags', 'tags_all']),
  main: 'claims',
  region: 'eu-west-1',
  draft: {
    claims: {
      type: 'aws_db_instance',
      values: {
        identifier: 'claims',
        instance_class: 'db.t4g.medium',
        engine: 'postgres',
        engine_version: '16.4',
        allocated_storage: 100,
        backup_retention_period: 7,
        publicly_accessible: false,
        storage_encrypted: true,
        deletion_protection: true,
      },
    },
  },
  facts: {
    public_endpoint: at(`${TF}/publicly_accessible`, { true: true, unknown: OPEN }),
    encryption: {
      none: { [`${TF}/storage_encrypted`]: false },
      customer_key: { [`${TF}/kms_key_id`]: KEY },
      unknown: { [`${TF}/storage_encrypted`]: OPEN },
    },
    tls_required: {
      true: [{}, tfGroup('1')],
      false: tfGroup('0'),
      unknown: [tfGroup(OPEN), { [`${TF}/parameter_group_name`]: OPEN }],
    },
    backup_retention_days: days(RDS_DAYS, (n) => ({ [`${TF}/backup_retention_period`]: n }), {
      [`${TF}/backup_retention_period`]: OPEN,
    }),
    deletion_protected: at(`${TF}/deletion_protection`, { false: false, unknown: OPEN }),
  },
};

// ── Azure ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const SQL = 'Microsoft.Sql/servers';
const SERVER = `${GROUP}/${SQL}/sql-claims`;
const VAULT_KEY = 'https://kv-claims.vault.azure.net/keys/claims/5d3c2b1a0f9e4c8db7a6958473625140';
const AT = '/server/properties';
const TEMPLATE_OPEN = "[parameters('given')]";
const LOCK = { level: 'CanNotDelete', notes: 'production' };
const account = '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90';
const region = 'westeurope';

/** What the PostgreSQL and the MySQL flexible server differ in. */
interface FlexibleServer {
  /** As the forms are called. */
  readonly name: string;
  readonly type: string;
  readonly server: string;
  readonly version: string;
  readonly sku: string;
  readonly apiVersion: string;
  readonly days: readonly [number, number];
  readonly azurerm: string;
  /** The attribute of a configuration that names its server, and what of the server it is. */
  readonly owner: readonly [attribute: string, of: string];
  /** The attribute of public access, and its values. */
  readonly access: readonly [attribute: string, on: Json, off: Json];
}

const restLock = (of: string): Edits => ({
  '/lock': {
    id: `${of}/providers/Microsoft.Authorization/locks/production`,
    name: 'production',
    type: 'Microsoft.Authorization/locks',
    properties: LOCK,
  },
});
const templateLock = (type: string, name: string, level: Json): Edits => ({
  '/lock': {
    type: 'Microsoft.Authorization/locks',
    apiVersion: '2020-05-01',
    name: 'production',
    scope: `[resourceId('${type}', '${name}')]`,
    properties: { ...LOCK, level },
  },
});
const lockFact = (lock: (level: Json) => Edits, open: Json): Setter => ({
  true: lock('CanNotDelete'),
  unknown: lock(open),
});

const tfLock = (level: Json, type: string): Edits => ({
  '/lock': {
    type: 'azurerm_management_lock',
    values: { name: 'production', scope: later(`${type}.claims.id`, `${type}.claims`), lock_level: level },
  },
});
/** The forms of a flexible server. */
function flexibleServer(of: FlexibleServer): readonly NativeForm[] {
  const { type, server: name, azurerm } = of;
  const id = `${GROUP}/${type}/${name}`;
  const properties: JsonObject = {
    version: of.version,
    network: { publicNetworkAccess: 'Disabled' },
    dataEncryption: { type: 'SystemManaged' },
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' },
  };
  const sku = { name: of.sku, tier: 'GeneralPurpose' };
  /** What the server itself says; `open` is what stands for a value that is not known. */
  const facts = (open: Json | typeof GONE): { readonly [fact: string]: Setter } => ({
    public_endpoint: at(`${AT}/network/publicNetworkAccess`, { true: 'Enabled', unknown: open }),
    encryption: {
      customer_key: { [`${AT}/dataEncryption`]: { type: 'AzureKeyVault', primaryKeyURI: VAULT_KEY } },
      unknown: { [`${AT}/dataEncryption/type`]: open },
    },
    backup_retention_days: days(of.days, (n) => ({ [`${AT}/backup/backupRetentionDays`]: n }), {
      [`${AT}/backup/backupRetentionDays`]: open,
    }),
  });
  const templateTransport = (value: Json): Edits => ({
    '/transport': {
      type: `${type}/configurations`,
      apiVersion: of.apiVersion,
      name: `${name}/require_secure_transport`,
      properties: { value, source: 'user-override' },
    },
  });
  const tfTransport = (value: Json): Edits => ({
    '/transport': {
      type: `${azurerm}_configuration`,
      values: {
        name: 'require_secure_transport',
        [of.owner[0]]: later(`${azurerm}.claims.${of.owner[1]}`, `${azurerm}.claims`),
        value,
      },
    },
  });
  const [access, open, closed] = of.access;
  return [
    {
      name: `azure.arm-rest-${of.name}`,
      cloud: 'azure',
      envelope: armRest,
      main: 'server',
      account,
      region,
      draft: {
        server: { id, name, type, location: region, sku, properties },
        transport: {
          id: `${id}/configurations/require_secure_transport`,
          name: 'require_secure_transport',
          type: `${type}/configurations`,
          properties: { value: 'on', source: 'system-default' },
        },
      },
      facts: {
        ...facts(GONE),
        tls_required: { false: { '/transport/properties/value': 'off' }, unknown: { '/transport': GONE } },
        deletion_protected: { true: restLock(id) },
      },
    },
    {
      name: `azure.arm-template-${of.name}`,
      cloud: 'azure',
      envelope: armTemplate,
      main: 'server',
      region,
      draft: { server: { type, apiVersion: of.apiVersion, name, location: region, sku, properties } },
      facts: {
        ...facts(TEMPLATE_OPEN),
        tls_required: { false: templateTransport('off'), unknown: templateTransport(TEMPLATE_OPEN) },
        deletion_protected: lockFact((level) => templateLock(type, name, level), TEMPLATE_OPEN),
      },
    },
    {
      name: `azure.notification-${of.name}`,
      cloud: 'azure',
      envelope: armNotification,
      main: 'server',
      account,
      region,
      draft: { server: { id, name, type, location: region, properties } },
      facts: facts(GONE),
    },
    {
      name: `terraform-azurerm-${of.name}`,
      cloud: 'azure',
      envelope: terraformPlan('azurerm', ['tags']),
      main: 'claims',
      region,
      draft: {
        claims: {
          type: azurerm,
          values: {
            name,
            resource_group_name: 'rg-claims',
            location: region,
            version: of.version,
            sku_name: `GP_${of.sku}`,
            [access]: closed,
            backup_retention_days: 7,
            customer_managed_key: [],
          },
        },
      },
      facts: {
        public_endpoint: at(`${TF}/${access}`, { true: open, unknown: OPEN }),
        encryption: at(`${TF}/customer_managed_key`, {
          customer_key: [{ key_vault_key_id: VAULT_KEY }],
          unknown: OPEN,
        }),
        tls_required: { false: tfTransport('off'), unknown: tfTransport(OPEN) },
        backup_retention_days: days(of.days, (n) => ({ [`${TF}/backup_retention_days`]: n }), {
          [`${TF}/backup_retention_days`]: OPEN,
        }),
        deletion_protected: lockFact((level) => tfLock(level, azurerm), OPEN),
      },
    },
  ];
}

const postgresql = flexibleServer({
  name: 'postgresql',
  type: 'Microsoft.DBforPostgreSQL/flexibleServers',
  server: 'psql-claims',
  version: '17',
  sku: 'Standard_D2ds_v5',
  apiVersion: '2025-08-01',
  days: POSTGRES_DAYS,
  azurerm: 'azurerm_postgresql_flexible_server',
  owner: ['server_id', 'id'],
  access: ['public_network_access_enabled', true, false],
});
const mysql = flexibleServer({
  name: 'mysql',
  type: 'Microsoft.DBforMySQL/flexibleServers',
  server: 'mysql-claims',
  version: '8.0.21',
  sku: 'Standard_D2ds_v4',
  apiVersion: '2023-12-30',
  days: MYSQL_DAYS,
  azurerm: 'azurerm_mysql_flexible_server',
  owner: ['server_name', 'name'],
  access: ['public_network_access', 'Enabled', 'Disabled'],
});

const sqlProperties: JsonObject = { version: '12.0', minimalTlsVersion: '1.2', publicNetworkAccess: 'Disabled' };
const sqlFacts = (open: Json | typeof GONE): { readonly [fact: string]: Setter } => ({
  public_endpoint: at(`${AT}/publicNetworkAccess`, {
    true: 'Enabled',
    unknown: open === GONE ? 'SecuredByPerimeter' : open,
  }),
  tls_required: at(`${AT}/minimalTlsVersion`, { unknown: open === GONE ? 'None' : open }),
});
const tdeRest = (state: string): Edits => ({
  '/tde': {
    id: `${SERVER}/databases/claims/transparentDataEncryption/current`,
    name: 'current',
    type: `${SQL}/databases/transparentDataEncryption`,
    properties: { state },
  },
});
const sqlRest: NativeForm = {
  name: 'azure.arm-rest-sql-server',
  cloud: 'azure',
  envelope: armRest,
  main: 'server',
  account,
  region,
  draft: {
    server: { id: SERVER, name: 'sql-claims', type: SQL, location: region, kind: 'v12.0', properties: sqlProperties },
  },
  facts: {
    ...sqlFacts(GONE),
    encryption: { none: tdeRest('Disabled') },
    deletion_protected: { true: restLock(SERVER) },
  },
};
const sqlChild = (key: string, type: string, name: string, properties: JsonObject): Edits => ({
  '/database': {
    type: `${SQL}/databases`,
    apiVersion: '2023-08-01',
    name: 'sql-claims/claims',
    location: region,
    properties: {},
  },
  [`/${key}`]: {
    type: `${SQL}/databases/${type}`,
    apiVersion: '2023-08-01',
    name: `sql-claims/claims/${name}`,
    properties,
  },
});
const tdeTemplate = (state: Json): Edits => sqlChild('tde', 'transparentDataEncryption', 'current', { state });
const retentionTemplate = (retentionDays: Json): Edits =>
  sqlChild('retention', 'backupShortTermRetentionPolicies', 'default', { retentionDays });
const sqlTemplate: NativeForm = {
  name: 'azure.arm-template-sql-server',
  cloud: 'azure',
  envelope: armTemplate,
  main: 'server',
  region,
  draft: {
    server: { type: SQL, apiVersion: '2023-08-01', name: 'sql-claims', location: region, properties: sqlProperties },
  },
  facts: {
    ...sqlFacts(TEMPLATE_OPEN),
    encryption: {
      none: tdeTemplate('Disabled'),
      customer_key: { [`${AT}/keyId`]: VAULT_KEY },
      unknown: tdeTemplate(TEMPLATE_OPEN),
    },
    backup_retention_days: days(SQL_DAYS, retentionTemplate, retentionTemplate(TEMPLATE_OPEN)),
    deletion_protected: lockFact((level) => templateLock(SQL, 'sql-claims', level), TEMPLATE_OPEN),
  },
};
const sqlNotification: NativeForm = {
  name: 'azure.notification-sql-server',
  cloud: 'azure',
  envelope: armNotification,
  main: 'server',
  account,
  region,
  draft: { server: { id: SERVER, name: 'sql-claims', type: SQL, location: region, properties: sqlProperties } },
  facts: sqlFacts(GONE),
};
const DATABASE = '/database/values';
const sqlTerraform: NativeForm = {
  name: 'terraform-azurerm-sql-server',
  cloud: 'azure',
  envelope: terraformPlan('azurerm', ['tags']),
  main: 'claims',
  region,
  draft: {
    claims: {
      type: 'azurerm_mssql_server',
      values: {
        name: 'sql-claims',
        resource_group_name: 'rg-claims',
        location: region,
        version: '12.0',
        minimum_tls_version: '1.2',
        public_network_access_enabled: false,
      },
    },
    database: {
      type: 'azurerm_mssql_database',
      values: {
        name: 'claims',
        server_id: later('azurerm_mssql_server.claims.id', 'azurerm_mssql_server.claims'),
        transparent_data_encryption_enabled: true,
        short_term_retention_policy: [{ retention_days: 7 }],
      },
    },
  },
  facts: {
    public_endpoint: at(`${TF}/public_network_access_enabled`, { true: true, unknown: OPEN }),
    encryption: {
      none: { [`${DATABASE}/transparent_data_encryption_enabled`]: false },
      customer_key: { [`${TF}/transparent_data_encryption_key_vault_key_id`]: VAULT_KEY },
      unknown: { [`${DATABASE}/transparent_data_encryption_enabled`]: OPEN },
    },
    tls_required: at(`${TF}/minimum_tls_version`, { unknown: OPEN }),
    backup_retention_days: days(
      SQL_DAYS,
      (n) => ({ [`${DATABASE}/short_term_retention_policy/0/retention_days`]: n }),
      {
        [`${DATABASE}/short_term_retention_policy/0/retention_days`]: OPEN,
      },
    ),
    deletion_protected: lockFact((level) => tfLock(level, 'azurerm_mssql_server'), OPEN),
  },
};

// ── Cloud SQL ─────────────────────────────────────────────────────────────────────────────────────────────────────

const CRYPTO_KEY = 'projects/acme-keys/locations/europe-west3/keyRings/claims/cryptoKeys/database';
const DATA = '/instance/resource/data';
const UNSEEN: Edits = { '/instance/resource': GONE };
const cloudSqlCai: NativeForm = {
  name: 'gcp.cai-sql-instance',
  cloud: 'gcp',
  envelope: caiAssets('/settings/userLabels'),
  main: 'instance',
  account: '417203886120',
  region: 'europe-west3',
  draft: {
    instance: {
      name: '//cloudsql.googleapis.com/projects/acme-claims/instances/claims',
      assetType: 'sqladmin.googleapis.com/Instance',
      resource: {
        version: 'v1beta4',
        discoveryName: 'DatabaseInstance',
        parent: '//cloudresourcemanager.googleapis.com/projects/417203886120',
        location: 'europe-west3',
        data: {
          name: 'claims',
          project: 'acme-claims',
          region: 'europe-west3',
          databaseVersion: 'POSTGRES_17',
          instanceType: 'CLOUD_SQL_INSTANCE',
          state: 'RUNNABLE',
          settings: {
            edition: 'ENTERPRISE',
            deletionProtectionEnabled: true,
            ipConfiguration: { ipv4Enabled: false, sslMode: 'ENCRYPTED_ONLY' },
            backupConfiguration: {
              enabled: true,
              backupRetentionSettings: { retentionUnit: 'COUNT', retainedBackups: 7 },
            },
          },
        },
      },
    },
  },
  facts: {
    public_endpoint: {
      true: { [`${DATA}/settings/ipConfiguration/ipv4Enabled`]: true },
      // While it changes, the switch and the addresses contradict each other.
      unknown: { [`${DATA}/ipAddresses`]: [{ type: 'PRIMARY', ipAddress: '198.51.100.7' }] },
    },
    encryption: {
      customer_key: { [`${DATA}/diskEncryptionConfiguration/kmsKeyName`]: CRYPTO_KEY },
      unknown: [{ [`${DATA}/instanceType`]: 'ON_PREMISES_INSTANCE' }, UNSEEN],
    },
    tls_required: {
      false: { [`${DATA}/settings/ipConfiguration/sslMode`]: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED' },
      unknown: UNSEEN,
    },
    backup_retention_days: days(
      CLOUD_SQL_DAYS,
      (n) =>
        n === 0
          ? { [`${DATA}/settings/backupConfiguration/enabled`]: false }
          : { [`${DATA}/settings/backupConfiguration/backupRetentionSettings/retainedBackups`]: n },
      { [`${DATA}/settings/backupConfiguration/backupTier`]: 'ENHANCED' },
    ),
    deletion_protected: {
      false: { [`${DATA}/settings/deletionProtectionEnabled`]: false },
      unknown: UNSEEN,
    },
  },
};

const SETTINGS = `${TF}/settings/0`;
const BACKUPS = `${SETTINGS}/backup_configuration/0`;
const RETAINED = 'backup_retention_settings/0/retained_backups';
const cloudSqlTerraform: NativeForm = {
  name: 'terraform-google-sql-instance',
  cloud: 'gcp',
  envelope: terraformPlan('google', ['settings/0/user_labels']),
  main: 'claims',
  account: 'acme-claims',
  region: 'europe-west3',
  draft: {
    claims: {
      type: 'google_sql_database_instance',
      values: {
        name: 'claims',
        project: 'acme-claims',
        region: 'europe-west3',
        database_version: 'POSTGRES_17',
        settings: [
          {
            tier: 'db-custom-2-7680',
            edition: 'ENTERPRISE',
            deletion_protection_enabled: true,
            ip_configuration: [{ ipv4_enabled: false, ssl_mode: 'ENCRYPTED_ONLY' }],
            backup_configuration: [
              { enabled: true, backup_retention_settings: [{ retention_unit: 'COUNT', retained_backups: 7 }] },
            ],
          },
        ],
      },
    },
  },
  facts: {
    public_endpoint: at(`${SETTINGS}/ip_configuration/0/ipv4_enabled`, { true: true, unknown: OPEN }),
    encryption: at(`${TF}/encryption_key_name`, { customer_key: CRYPTO_KEY, unknown: OPEN }),
    tls_required: at(`${SETTINGS}/ip_configuration/0/ssl_mode`, {
      false: 'ALLOW_UNENCRYPTED_AND_ENCRYPTED',
      unknown: OPEN,
    }),
    backup_retention_days: days(
      CLOUD_SQL_DAYS,
      (n) => (n === 0 ? { [`${BACKUPS}/enabled`]: false } : { [`${BACKUPS}/${RETAINED}`]: n }),
      { [`${BACKUPS}/${RETAINED}`]: OPEN },
    ),
    deletion_protected: at(`${SETTINGS}/deletion_protection_enabled`, { false: false, unknown: OPEN }),
  },
};

export const sqlDatabaseForms: readonly NativeForm[] = [
  rdsConfig,
  rdsApi,
  rdsCfn,
  rdsTerraform,
  ...postgresql,
  ...mysql,
  sqlRest,
  sqlTemplate,
  sqlNotification,
  sqlTerraform,
  cloudSqlCai,
  cloudSqlTerraform,
];
