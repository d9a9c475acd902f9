/** Object stores: S3 buckets, storage accounts, Cloud Storage buckets. */
import type { Json } from '../../model/json.ts';
import {
  armNotification,
  armRest,
  armTemplate,
  caiAssets,
  cfnTemplate,
  configItems,
  type Edits,
  GONE,
  GROUP,
  type JsonObject,
  later,
  SUBSCRIPTION,
  terraformPlan,
  text,
} from './document.ts';
import type { NativeForm, Setter } from './form.ts';

// ── S3 ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const BUCKET = 'acme-claims-documents';
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/5d3c2b1a-0f9e-4c8d-b7a6-958473625140';
const FEDERATED = { Federated: 'accounts.google.com' };

const allow = (principal: Json, action: string): JsonObject => ({
  Effect: 'Allow',
  Principal: principal,
  Action: action,
  Resource: `arn:aws:s3:::${BUCKET}/*`,
});
const TLS: JsonObject = {
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
/** Denied without TLS, by a condition of which it is not decided what it spares. */
const TLS_PERHAPS: JsonObject = { ...TLS, Principal: FEDERATED };

/** What differs between the dialects of S3. */
interface S3 {
  /** The four switches of the bucket, in the order of the table in the mapping. */
  readonly switches: readonly [acls: string, ignore: string, policy: string, restrict: string];
  /** A statement is added to the bucket's policy. */
  readonly statement: (statement: Json) => Edits;
  /** Everything about the bucket's policy is open. */
  readonly policyOpen: Edits;
  /** A switch, a status … that is open. */
  readonly open: Json | undefined;
}

/** Public access: by the policy, with the switches that would stop it off; the ACL stays ignored. */
function s3Access({ switches, statement, policyOpen, open }: S3): { readonly [fact: string]: Setter } {
  const [acls, , policy, restrict] = switches;
  const reachable: Edits = { [policy]: false, [restrict]: false };
  const by = (...actions: readonly string[]): Setter => ({
    true: actions.map((action) => ({ ...reachable, ...statement(allow('*', action)) })),
    unknown: [
      { ...reachable, ...statement(allow(FEDERATED, actions[0] ?? '')) },
      { ...reachable, ...policyOpen },
    ],
  });
  return {
    public_read: by('s3:GetObject'),
    public_write: by('s3:PutObject'),
    public_access_blocked: {
      false: [{}, { [acls]: false }],
      unknown: open === undefined ? { '/bucket/supplement': GONE } : { [acls]: open },
    },
    tls_only: { true: statement(TLS), unknown: [statement(TLS_PERHAPS), policyOpen] },
  };
}

const SUPPLEMENT = '/bucket/supplement';
const BLOCK = `${SUPPLEMENT}/PublicAccessBlockConfiguration`;
const OFF = { blockPublicAcls: false, ignorePublicAcls: false, blockPublicPolicy: false, restrictPublicBuckets: false };
const ON = { blockPublicAcls: true, ignorePublicAcls: true, blockPublicPolicy: true, restrictPublicBuckets: true };

const s3Config: NativeForm = {
  name: 'aws.config-s3-bucket',
  cloud: 'aws',
  envelope: configItems,
  main: 'bucket',
  account: '111122223333',
  region: 'eu-west-1',
  draft: {
    bucket: {
      type: 'AWS::S3::Bucket',
      id: BUCKET,
      arn: `arn:aws:s3:::${BUCKET}`,
      configuration: { name: BUCKET, creationDate: '2024-02-06T15:01:00.000Z' },
      supplement: {
        AccessControlList: text({
          grantSet: null,
          grantList: [{ grantee: { id: '8f3a9c1e5b7d2046', displayName: null }, permission: 'FullControl' }],
          isRequesterCharged: false,
        }),
        BucketLoggingConfiguration: { destinationBucketName: null, logFilePrefix: null },
        BucketPolicy: { policyText: null },
        BucketVersioningConfiguration: { status: 'Off', isMfaDeleteEnabled: null },
        PublicAccessBlockConfiguration: ON,
      },
    },
    account: {
      type: 'AWS::S3::AccountPublicAccessBlock',
      id: '111122223333',
      region: 'us-east-1',
      tags: {},
      configuration: OFF,
    },
  },
  facts: {
    ...s3Access({
      switches: [
        `${BLOCK}/blockPublicAcls`,
        `${BLOCK}/ignorePublicAcls`,
        `${BLOCK}/blockPublicPolicy`,
        `${BLOCK}/restrictPublicBuckets`,
      ],
      statement: (statement) => ({
        [`${SUPPLEMENT}/BucketPolicy/policyText/$text/Version`]: '2012-10-17',
        [`${SUPPLEMENT}/BucketPolicy/policyText/$text/Statement/-`]: statement,
      }),
      policyOpen: { [`${SUPPLEMENT}/BucketPolicy`]: GONE },
      open: undefined,
    }),
    encryption: {
      customer_key: {
        [`${SUPPLEMENT}/ServerSideEncryptionConfiguration`]: {
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyID: KEY } }],
        },
      },
      // The scheme of buckets behind an access point of FSx, whose key is the file system's.
      unknown: {
        [`${SUPPLEMENT}/ServerSideEncryptionConfiguration`]: {
          rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:fsx', kmsMasterKeyID: null } }],
        },
      },
    },
    versioned: {
      true: { [`${SUPPLEMENT}/BucketVersioningConfiguration/status`]: 'Enabled' },
      unknown: { [`${SUPPLEMENT}/BucketVersioningConfiguration`]: GONE },
    },
    access_logged: {
      true: { [`${SUPPLEMENT}/BucketLoggingConfiguration/destinationBucketName`]: 'acme-access-logs' },
      unknown: { [`${SUPPLEMENT}/BucketLoggingConfiguration`]: GONE },
    },
  },
};

const CFN = '/Bucket/Properties';
const GIVEN = { Ref: 'Given' };
const CFN_POLICY: Edits = {
  '/Policy/Type': 'AWS::S3::BucketPolicy',
  '/Policy/Properties/Bucket': { Ref: 'Bucket' },
  '/Policy/Properties/PolicyDocument/Version': '2012-10-17',
};
const s3Cfn: NativeForm = {
  name: 'aws.cfn-s3-bucket',
  cloud: 'aws',
  envelope: cfnTemplate,
  main: 'Bucket',
  draft: {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: BUCKET,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      },
    },
  },
  facts: {
    ...s3Access({
      switches: [
        `${CFN}/PublicAccessBlockConfiguration/BlockPublicAcls`,
        `${CFN}/PublicAccessBlockConfiguration/IgnorePublicAcls`,
        `${CFN}/PublicAccessBlockConfiguration/BlockPublicPolicy`,
        `${CFN}/PublicAccessBlockConfiguration/RestrictPublicBuckets`,
      ],
      statement: (statement) => ({ ...CFN_POLICY, '/Policy/Properties/PolicyDocument/Statement/-': statement }),
      policyOpen: { ...CFN_POLICY, '/Policy/Properties/PolicyDocument': GIVEN },
      open: GIVEN,
    }),
    encryption: {
      customer_key: encryptedBy(KEY),
      unknown: encryptedBy(GIVEN),
    },
    versioned: {
      true: { [`${CFN}/VersioningConfiguration/Status`]: 'Enabled' },
      unknown: { [`${CFN}/VersioningConfiguration/Status`]: GIVEN },
    },
    access_logged: {
      true: { [`${CFN}/LoggingConfiguration/DestinationBucketName`]: 'acme-access-logs' },
      unknown: { [`${CFN}/LoggingConfiguration`]: { 'Fn::If': ['Logged', GIVEN, { Ref: 'AWS::NoValue' }] } },
    },
  },
};
function encryptedBy(key: Json): Edits {
  return {
    [`${CFN}/BucketEncryption/ServerSideEncryptionConfiguration`]: [
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } },
    ],
  };
}

const THE_BUCKET = later('aws_s3_bucket.bucket.id', 'aws_s3_bucket.bucket');
const OPEN = later('terraform_data.guardrails.output', 'terraform_data.guardrails');
/** Of a reference anything may come: what is open is what the plan does not even name. */
const UNNAMED = later();
/** A resource beside the bucket. */
const beside = (key: string, type: string, values: JsonObject): Edits => ({
  [`/${key}`]: { type, values: { bucket: THE_BUCKET, ...values } },
});
const sseBy = (key: Json): Edits =>
  beside('encryption', 'aws_s3_bucket_server_side_encryption_configuration', {
    rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: 'aws:kms', kms_master_key_id: key }] }],
  });
const S3_POLICY: Edits = { '/policy/type': 'aws_s3_bucket_policy', '/policy/values/bucket': THE_BUCKET };

const s3Terraform: NativeForm = {
  name: 'terraform-aws-s3-bucket',
  cloud: 'aws',
  envelope: terraformPlan('aws', ['tags', 'tags_all']),
  main: 'bucket',
  region: 'eu-west-1',
  draft: {
    bucket: { type: 'aws_s3_bucket', values: { bucket: BUCKET, force_destroy: false } },
    block: {
      type: 'aws_s3_bucket_public_access_block',
      values: {
        bucket: THE_BUCKET,
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
      },
    },
    account: {
      type: 'aws_s3_account_public_access_block',
      values: {
        account_id: '111122223333',
        block_public_acls: false,
        ignore_public_acls: false,
        block_public_policy: false,
        restrict_public_buckets: false,
      },
    },
  },
  facts: {
    ...s3Access({
      switches: [
        '/block/values/block_public_acls',
        '/block/values/ignore_public_acls',
        '/block/values/block_public_policy',
        '/block/values/restrict_public_buckets',
      ],
      statement: (statement) => ({
        ...S3_POLICY,
        '/policy/values/policy/$text/Version': '2012-10-17',
        '/policy/values/policy/$text/Statement/-': statement,
      }),
      policyOpen: { ...S3_POLICY, '/policy/values/policy': OPEN },
      open: OPEN,
    }),
    encryption: { customer_key: sseBy(KEY), unknown: sseBy(OPEN) },
    versioned: Object.fromEntries(
      (
        [
          ['true', 'Enabled'],
          ['unknown', OPEN],
        ] as const
      ).map(([value, status]): [string, Edits] => [
        value,
        beside('versioning', 'aws_s3_bucket_versioning', { versioning_configuration: [{ status: status ?? null }] }),
      ]),
    ),
    access_logged: {
      true: beside('logging', 'aws_s3_bucket_logging', { target_bucket: 'acme-access-logs', target_prefix: 'claims/' }),
      unknown: beside('logging', 'aws_s3_bucket_logging', { target_bucket: UNNAMED, target_prefix: 'claims/' }),
    },
  },
};

// ── storage accounts ──────────────────────────────────────────────────────────────────────────────────────────────

const STORAGE = 'Microsoft.Storage/storageAccounts';
const ACCOUNT = `${GROUP}/${STORAGE}/stclaimsdocs`;
const WORKSPACE = `${SUBSCRIPTION}/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security`;
const VAULT_KEY = { keySource: 'Microsoft.Keyvault', keyvaultproperties: { keyname: 'claims' } };
const LOGS: Json = ['StorageRead', 'StorageWrite', 'StorageDelete'].map((category) => ({ category, enabled: true }));
const PROPERTIES = {
  allowBlobPublicAccess: false,
  minimumTlsVersion: 'TLS1_2',
  publicNetworkAccess: 'Enabled',
  networkAcls: { bypass: 'AzureServices', virtualNetworkRules: [], ipRules: [], defaultAction: 'Allow' },
  supportsHttpsTrafficOnly: true,
  encryption: { keySource: 'Microsoft.Storage' },
};
const AT = '/account/properties';

const storageRest: NativeForm = {
  name: 'azure.arm-rest-storage-account',
  cloud: 'azure',
  envelope: armRest,
  main: 'account',
  account: '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90',
  region: 'westeurope',
  draft: {
    account: {
      id: ACCOUNT,
      name: 'stclaimsdocs',
      type: STORAGE,
      location: 'westeurope',
      kind: 'StorageV2',
      sku: { name: 'Standard_ZRS', tier: 'Standard' },
      properties: { ...PROPERTIES, creationTime: '2025-09-30T07:41:12.196Z' },
    },
    blobs: {
      id: `${ACCOUNT}/blobServices/default`,
      name: 'default',
      type: `${STORAGE}/blobServices`,
      properties: { isVersioningEnabled: false },
    },
  },
  facts: {
    ...storageAccess(undefined, (name, properties) => ({
      [`/container-${name}`]: {
        id: `${ACCOUNT}/blobServices/default/containers/${name}`,
        name,
        type: `${STORAGE}/blobServices/containers`,
        properties,
      },
    })),
    versioned: { true: { '/blobs/properties/isVersioningEnabled': true }, unknown: { '/blobs': GONE } },
    access_logged: {
      true: {
        '/setting': {
          id: `${ACCOUNT}/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/to-security`,
          name: 'to-security',
          type: 'Microsoft.Insights/diagnosticSettings',
          properties: { workspaceId: WORKSPACE, logs: LOGS },
        },
      },
    },
  },
};

/** What the account itself says, and its containers. `open`: how the dialect says that it does not know. */
function storageAccess(
  open: Json | undefined,
  container: (name: string, properties: JsonObject) => Edits,
): { readonly [fact: string]: Setter } {
  const unsaid = open ?? GONE;
  return {
    public_read: {
      true: { [`${AT}/allowBlobPublicAccess`]: true, ...container('downloads', { publicAccess: 'Blob' }) },
      false: [{}, { [`${AT}/publicNetworkAccess`]: 'Disabled' }],
      unknown: [
        { ...container('downloads', { publicAccess: open ?? 'Blob' }), [`${AT}/allowBlobPublicAccess`]: unsaid },
        { [`${AT}/allowBlobPublicAccess`]: true },
        container('$web', { publicAccess: 'None' }),
        {
          [`${AT}/allowBlobPublicAccess`]: true,
          ...container('downloads', { publicAccess: unsaid === GONE ? null : unsaid }),
        },
      ],
    },
    public_access_blocked: {
      false: { [`${AT}/allowBlobPublicAccess`]: true },
      unknown: { [`${AT}/allowBlobPublicAccess`]: unsaid },
    },
    encryption: {
      customer_key: { [`${AT}/encryption`]: VAULT_KEY },
      unknown: [
        ...(open === undefined ? [] : [{ [`${AT}/encryption/keySource`]: open }]),
        {
          [`${AT}/encryption`]: VAULT_KEY,
          ...container('exports', { publicAccess: 'None', defaultEncryptionScope: 'partners' }),
        },
      ],
    },
    tls_only: {
      false: { [`${AT}/supportsHttpsTrafficOnly`]: false },
      unknown: { [`${AT}/supportsHttpsTrafficOnly`]: unsaid },
    },
  };
}

const TEMPLATE_OPEN = "[parameters('given')]";
const storageTemplate: NativeForm = {
  name: 'azure.arm-template-storage-account',
  cloud: 'azure',
  envelope: armTemplate,
  main: 'account',
  region: 'westeurope',
  draft: {
    account: {
      type: STORAGE,
      apiVersion: '2024-01-01',
      name: 'stclaimsdocs',
      location: 'westeurope',
      kind: 'StorageV2',
      sku: { name: 'Standard_ZRS' },
      properties: PROPERTIES,
    },
  },
  facts: {
    ...storageAccess(TEMPLATE_OPEN, (name, properties) => ({
      [`/container-${name}`]: {
        type: `${STORAGE}/blobServices/containers`,
        apiVersion: '2024-01-01',
        name: `stclaimsdocs/default/${name}`,
        properties,
      },
    })),
    versioned: { true: blobService(true), unknown: blobService(TEMPLATE_OPEN) },
    access_logged: { true: templateSetting(LOGS), unknown: templateSetting(TEMPLATE_OPEN) },
  },
};
function blobService(isVersioningEnabled: Json): Edits {
  return {
    '/blobs': {
      type: `${STORAGE}/blobServices`,
      apiVersion: '2024-01-01',
      name: 'stclaimsdocs/default',
      properties: { isVersioningEnabled },
    },
  };
}
function templateSetting(logs: Json): Edits {
  return {
    '/setting': {
      type: 'Microsoft.Insights/diagnosticSettings',
      apiVersion: '2021-05-01-preview',
      name: 'to-security',
      scope: `[resourceId('${STORAGE}/blobServices', 'stclaimsdocs', 'default')]`,
      properties: { workspaceId: WORKSPACE, logs },
    },
  };
}

const storageNotification: NativeForm = {
  name: 'azure.notification-storage-account',
  cloud: 'azure',
  envelope: armNotification,
  main: 'account',
  account: '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90',
  region: 'westeurope',
  draft: {
    account: {
      id: ACCOUNT,
      name: 'stclaimsdocs',
      type: STORAGE,
      location: 'westeurope',
      properties: PROPERTIES,
    },
  },
  facts: {
    public_read: {
      false: [{}, { [`${AT}/publicNetworkAccess`]: 'Disabled' }],
      unknown: { [`${AT}/allowBlobPublicAccess`]: true },
    },
    public_access_blocked: {
      false: { [`${AT}/allowBlobPublicAccess`]: true },
      unknown: { [`${AT}/allowBlobPublicAccess`]: GONE },
    },
    encryption: {
      customer_key: { [`${AT}/encryption`]: VAULT_KEY },
      unknown: { [`${AT}/encryption`]: GONE },
    },
    tls_only: {
      false: { [`${AT}/supportsHttpsTrafficOnly`]: false },
      unknown: { [`${AT}/supportsHttpsTrafficOnly`]: GONE },
    },
  },
};

const VALUES = '/account/values';
const tfContainer = (access: Json): Edits => ({
  '/downloads': {
    type: 'azurerm_storage_container',
    values: { name: 'downloads', storage_account_id: THE_ACCOUNT(), container_access_type: access },
  },
});
function THE_ACCOUNT(): Json {
  return later('azurerm_storage_account.account.id', 'azurerm_storage_account.account');
}
/** Logs of the blob service of an account that exists: the plan shows which service it is. */
const tfSetting = (logs: Json): Edits => ({
  '/account/existing': true,
  '/account/values/id': ACCOUNT,
  '/setting': {
    type: 'azurerm_monitor_diagnostic_setting',
    values: {
      name: 'to-security',
      target_resource_id: `${ACCOUNT}/blobServices/default`,
      log_analytics_workspace_id: WORKSPACE,
      enabled_log: logs,
    },
  },
});
const storageTerraform: NativeForm = {
  name: 'terraform-azurerm-storage-account',
  cloud: 'azure',
  envelope: terraformPlan('azurerm', ['tags']),
  main: 'account',
  region: 'westeurope',
  draft: {
    account: {
      type: 'azurerm_storage_account',
      values: {
        name: 'stclaimsdocs',
        resource_group_name: 'rg-claims',
        location: 'westeurope',
        account_kind: 'StorageV2',
        account_tier: 'Standard',
        account_replication_type: 'ZRS',
        allow_nested_items_to_be_public: false,
        https_traffic_only_enabled: true,
        public_network_access_enabled: true,
        customer_managed_key: [],
        static_website: [],
      },
    },
  },
  facts: {
    public_read: {
      true: { [`${VALUES}/allow_nested_items_to_be_public`]: true, ...tfContainer('blob') },
      false: [{}, { [`${VALUES}/public_network_access_enabled`]: false }],
      unknown: [
        { [`${VALUES}/allow_nested_items_to_be_public`]: true, ...tfContainer(OPEN) },
        { [`${VALUES}/public_network_access_enabled`]: OPEN, [`${VALUES}/static_website`]: OPEN },
      ],
    },
    public_access_blocked: {
      false: { [`${VALUES}/allow_nested_items_to_be_public`]: true },
      unknown: { [`${VALUES}/allow_nested_items_to_be_public`]: OPEN },
    },
    encryption: {
      customer_key: {
        [`${VALUES}/customer_managed_key`]: [{ key_vault_key_id: 'https://kv-claims.vault.azure.net/keys/claims' }],
      },
      unknown: { [`${VALUES}/customer_managed_key`]: OPEN },
    },
    tls_only: {
      false: { [`${VALUES}/https_traffic_only_enabled`]: false },
      unknown: { [`${VALUES}/https_traffic_only_enabled`]: OPEN },
    },
    versioned: {
      true: { [`${VALUES}/blob_properties`]: [{ versioning_enabled: true }] },
      unknown: { [`${VALUES}/blob_properties`]: [{ versioning_enabled: OPEN }] },
    },
    access_logged: {
      true: tfSetting(['StorageRead', 'StorageWrite', 'StorageDelete'].map((category) => ({ category }))),
      unknown: tfSetting(OPEN),
    },
  },
};

// ── Cloud Storage ─────────────────────────────────────────────────────────────────────────────────────────────────

const GCS_KEY = 'projects/acme-keys/locations/europe-west3/keyRings/claims/cryptoKeys/documents';
const PREVENTION = 'constraints/storage.publicAccessPrevention';
const HTTP = 'constraints/storage.secureHttpTransport';
const constraint = (name: string, enforced: boolean): Json => ({ constraint: name, booleanPolicy: { enforced } });
/** Nothing nearer is said, and it is enforced above, past a folder that was not seen. */
const perhapsEnforced = (index: number, name: string): Edits => ({
  [`/project/orgPolicy/${index}`]: constraint('constraints/compute.disableSerialPortAccess', true),
  '/organization/name': '//cloudresourcemanager.googleapis.com/organizations/770041',
  '/organization/assetType': 'cloudresourcemanager.googleapis.com/Organization',
  '/organization/orgPolicy/-': constraint(name, true),
});
const binding = (role: string, member = 'allUsers'): JsonObject => ({ role, members: [member] });
const CUSTOM = 'projects/acme-claims/roles/reader';
const caiBinding = (role: string): Edits => ({ '/bucket/iamPolicy/bindings/-': binding(role) });
const DATA = '/bucket/resource/data';

const bucketCai: NativeForm = {
  name: 'gcp.cai-storage-bucket',
  cloud: 'gcp',
  envelope: caiAssets('/labels'),
  main: 'bucket',
  account: '417203886120',
  region: 'europe-west3',
  draft: {
    bucket: {
      name: '//storage.googleapis.com/claims-documents',
      assetType: 'storage.googleapis.com/Bucket',
      resource: {
        version: 'v1',
        discoveryName: 'Bucket',
        parent: '//cloudresourcemanager.googleapis.com/projects/417203886120',
        location: 'europe-west3',
        data: {
          name: 'claims-documents',
          projectNumber: '417203886120',
          location: 'EUROPE-WEST3',
          storageClass: 'STANDARD',
          iamConfiguration: { publicAccessPrevention: 'inherited', uniformBucketLevelAccess: { enabled: true } },
        },
      },
      iamPolicy: {
        bindings: [{ role: 'roles/storage.legacyBucketOwner', members: ['projectOwner:acme-claims'] }],
      },
    },
    project: {
      name: '//cloudresourcemanager.googleapis.com/projects/417203886120',
      assetType: 'cloudresourcemanager.googleapis.com/Project',
      orgPolicy: [constraint(PREVENTION, false), constraint(HTTP, false)],
    },
  },
  facts: {
    public_read: { true: caiBinding('roles/storage.objectViewer'), unknown: caiBinding(CUSTOM) },
    public_write: { true: caiBinding('roles/storage.objectCreator'), unknown: caiBinding(CUSTOM) },
    public_access_blocked: {
      true: { [`${DATA}/iamConfiguration/publicAccessPrevention`]: 'enforced' },
      unknown: perhapsEnforced(0, PREVENTION),
    },
    encryption: {
      customer_key: { [`${DATA}/encryption/defaultKmsKeyName`]: GCS_KEY },
      unknown: { '/bucket/resource': GONE },
    },
    tls_only: { true: { '/project/orgPolicy/1': constraint(HTTP, true) }, unknown: perhapsEnforced(1, HTTP) },
    versioned: { true: { [`${DATA}/versioning/enabled`]: true }, unknown: { '/bucket/resource': GONE } },
    access_logged: {
      true: { [`${DATA}/logging/logBucket`]: 'acme-access-logs' },
      unknown: { '/bucket/resource': GONE },
    },
  },
};

const GCS = '/bucket/values';
const GCS_BUCKET = later('google_storage_bucket.bucket.name', 'google_storage_bucket.bucket');
const member = (key: string, role: Json): Edits => ({
  [`/${key}`]: {
    type: 'google_storage_bucket_iam_member',
    values: { bucket: GCS_BUCKET, role, member: 'allUsers' },
  },
});
const orgPolicy = (name: string, enforce: Json): JsonObject => ({
  type: 'google_org_policy_policy',
  values: {
    name: `projects/acme-claims/policies/${name}`,
    parent: 'projects/acme-claims',
    spec: [{ rules: [{ enforce }] }],
  },
});
const bucketTerraform: NativeForm = {
  name: 'terraform-google-storage-bucket',
  cloud: 'gcp',
  envelope: terraformPlan('google', ['labels', 'effective_labels', 'terraform_labels']),
  main: 'bucket',
  account: 'acme-claims',
  region: 'europe-west3',
  draft: {
    bucket: {
      type: 'google_storage_bucket',
      values: {
        name: 'claims-documents',
        project: 'acme-claims',
        location: 'EUROPE-WEST3',
        storage_class: 'STANDARD',
        uniform_bucket_level_access: true,
        public_access_prevention: 'inherited',
        versioning: [],
        logging: [],
        encryption: [],
      },
    },
    prevention: orgPolicy('storage.publicAccessPrevention', 'FALSE'),
    transport: orgPolicy('storage.secureHttpTransport', 'FALSE'),
  },
  facts: {
    public_read: { true: member('reader', 'roles/storage.objectViewer'), unknown: member('reader', OPEN) },
    public_write: { true: member('writer', 'roles/storage.objectCreator'), unknown: member('writer', OPEN) },
    public_access_blocked: {
      true: { [`${GCS}/public_access_prevention`]: 'enforced' },
      unknown: { [`${GCS}/public_access_prevention`]: OPEN },
    },
    encryption: {
      customer_key: { [`${GCS}/encryption`]: [{ default_kms_key_name: GCS_KEY }] },
      unknown: { [`${GCS}/encryption`]: [{ default_kms_key_name: OPEN }] },
    },
    tls_only: {
      true: { '/transport': orgPolicy('storage.secureHttpTransport', 'TRUE') },
      unknown: { '/transport': orgPolicy('storage.secureHttpTransport', OPEN) },
    },
    versioned: {
      true: { [`${GCS}/versioning`]: [{ enabled: true }] },
      unknown: { [`${GCS}/versioning`]: [{ enabled: OPEN }] },
    },
    access_logged: {
      true: { [`${GCS}/logging`]: [{ log_bucket: 'acme-access-logs' }] },
      unknown: { [`${GCS}/logging`]: UNNAMED },
    },
  },
};

export const objectStoreForms: readonly NativeForm[] = [
  s3Config,
  s3Cfn,
  s3Terraform,
  storageRest,
  storageTemplate,
  storageNotification,
  storageTerraform,
  bucketCai,
  bucketTerraform,
];
