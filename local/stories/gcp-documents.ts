/** Messages of Cloud Asset feeds: what Pub/Sub pushes when a resource or its IAM policy changes. */
import type { Json } from '../../shared/model/json.ts';
import type { Delivery } from './story.ts';

type JsonObject = { readonly [key: string]: Json };

export const project = { id: 'acme-shop-prod', number: '620194857316' } as const;
const ancestors = [`projects/${project.number}`, 'folders/418820563907', 'organizations/957310264488'];

/** An asset as the feed names it. */
export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly discovery: { readonly version: string; readonly uri: string; readonly name: string };
  readonly location: string;
}

/** Feeds give microseconds. */
const micro = (at: string): string => at.replace(/(\.\d{3})Z$/, '$1000Z');

const resourceOf = (a: Asset, data: JsonObject): JsonObject => ({
  version: a.discovery.version,
  discoveryDocumentUri: a.discovery.uri,
  discoveryName: a.discovery.name,
  parent: `//cloudresourcemanager.googleapis.com/projects/${project.number}`,
  data,
  location: a.location,
});

/** The feed of content type RESOURCE: the resource as it is now. */
export const changed =
  (a: Asset, data: JsonObject) =>
  (at: string): Delivery => ({
    door: 'google',
    asset: {
      asset: { name: a.name, assetType: a.type, ancestors, updateTime: micro(at), resource: resourceOf(a, data) },
      window: { startTime: micro(at) },
    },
  });

/** The feed of content type IAM_POLICY: who has which role on it now. */
export const granted =
  (a: Asset, bindings: { readonly [role: string]: readonly string[] }) =>
  (at: string): Delivery => ({
    door: 'google',
    asset: {
      asset: {
        name: a.name,
        assetType: a.type,
        ancestors,
        updateTime: micro(at),
        iamPolicy: {
          version: 1,
          etag: 'BwYqk3n1c2A=',
          bindings: Object.entries(bindings).map(([role, members]) => ({ role, members: [...members] })),
        },
      },
      window: { startTime: micro(at) },
    },
  });

/** The resource is gone. */
export const removed =
  (a: Asset, data: JsonObject) =>
  (at: string): Delivery => ({
    door: 'google',
    asset: {
      asset: { name: a.name, assetType: a.type, ancestors, updateTime: micro(at), resource: resourceOf(a, data) },
      deleted: true,
      priorAssetState: 'PRESENT',
      priorAsset: { name: a.name, assetType: a.type, ancestors, resource: resourceOf(a, data) },
      window: { startTime: micro(at) },
    },
  });

// --- Cloud Storage --------------------------------------------------------------------------------------------------

export const bucketAsset = (name: string): Asset => ({
  name: `//storage.googleapis.com/${name}`,
  type: 'storage.googleapis.com/Bucket',
  discovery: { version: 'v1', uri: 'https://www.googleapis.com/discovery/v1/apis/storage/v1/rest', name: 'Bucket' },
  location: 'europe-west3',
});

export interface BucketState {
  readonly uniform: boolean;
  readonly prevention: 'enforced' | 'inherited';
  readonly versioning: boolean;
  readonly logBucket?: string;
  readonly kmsKey?: string;
  readonly labels?: { readonly [key: string]: string };
}

export const bucketData = (name: string, state: BucketState): JsonObject => ({
  kind: 'storage#bucket',
  id: name,
  name,
  selfLink: `https://www.googleapis.com/storage/v1/b/${name}`,
  projectNumber: project.number,
  location: 'EUROPE-WEST3',
  locationType: 'region',
  storageClass: 'STANDARD',
  metageneration: '2',
  timeCreated: '2026-11-06T09:41:07.215Z',
  updated: '2026-11-06T09:41:07.215Z',
  iamConfiguration: {
    bucketPolicyOnly: { enabled: state.uniform },
    uniformBucketLevelAccess: { enabled: state.uniform },
    publicAccessPrevention: state.prevention,
  },
  versioning: { enabled: state.versioning },
  ...(state.logBucket === undefined ? {} : { logging: { logBucket: state.logBucket, logObjectPrefix: name } }),
  ...(state.kmsKey === undefined ? {} : { encryption: { defaultKmsKeyName: state.kmsKey } }),
  labels: state.labels ?? {},
  softDeletePolicy: { retentionDurationSeconds: '604800', effectiveTime: '2026-11-06T09:41:07.215Z' },
});

// --- Compute --------------------------------------------------------------------------------------------------------

export const firewallAsset = (name: string): Asset => ({
  name: `//compute.googleapis.com/projects/${project.id}/global/firewalls/${name}`,
  type: 'compute.googleapis.com/Firewall',
  discovery: {
    version: 'v1',
    uri: 'https://www.googleapis.com/discovery/v1/apis/compute/v1/rest',
    name: 'Firewall',
  },
  location: 'global',
});

export interface FirewallState {
  readonly sources: readonly string[];
  readonly allowed: readonly { readonly protocol: string; readonly ports?: readonly string[] }[];
  readonly disabled?: boolean;
}

export const firewallData = (name: string, state: FirewallState): JsonObject => ({
  kind: 'compute#firewall',
  id: '4917302648815520739',
  creationTimestamp: '2026-11-06T02:14:55.871-08:00',
  name,
  description: '',
  selfLink: `https://www.googleapis.com/compute/v1/projects/${project.id}/global/firewalls/${name}`,
  network: `https://www.googleapis.com/compute/v1/projects/${project.id}/global/networks/acme`,
  direction: 'INGRESS',
  priority: 1000,
  sourceRanges: [...state.sources],
  allowed: state.allowed.map(({ protocol, ports }) => ({
    IPProtocol: protocol,
    ...(ports === undefined ? {} : { ports: [...ports] }),
  })),
  disabled: state.disabled ?? false,
  logConfig: { enable: false },
});

// --- Cloud SQL ------------------------------------------------------------------------------------------------------

export const sqlAsset = (name: string): Asset => ({
  name: `//cloudsql.googleapis.com/projects/${project.id}/instances/${name}`,
  type: 'sqladmin.googleapis.com/Instance',
  discovery: {
    version: 'v1beta4',
    uri: 'https://www.googleapis.com/discovery/v1/apis/sqladmin/v1beta4/rest',
    name: 'DatabaseInstance',
  },
  location: 'europe-west3',
});

export interface SqlState {
  readonly public: boolean;
  readonly sslMode: string;
  readonly backups: number | undefined;
  readonly deletionProtection: boolean;
  readonly labels?: { readonly [key: string]: string };
}

export const sqlData = (name: string, state: SqlState): JsonObject => ({
  kind: 'sql#instance',
  name,
  project: project.id,
  region: 'europe-west3',
  gceZone: 'europe-west3-a',
  databaseVersion: 'POSTGRES_16',
  backendType: 'SECOND_GEN',
  instanceType: 'CLOUD_SQL_INSTANCE',
  state: 'RUNNABLE',
  connectionName: `${project.id}:europe-west3:${name}`,
  createTime: '2026-11-06T10:03:29.440Z',
  ipAddresses: [
    ...(state.public ? [{ type: 'PRIMARY', ipAddress: '203.0.113.58' }] : []),
    { type: 'PRIVATE', ipAddress: '10.80.0.3' },
  ],
  settings: {
    kind: 'sql#settings',
    settingsVersion: '3',
    tier: 'db-custom-2-8192',
    edition: 'ENTERPRISE',
    availabilityType: 'REGIONAL',
    activationPolicy: 'ALWAYS',
    dataDiskType: 'PD_SSD',
    dataDiskSizeGb: '100',
    storageAutoResize: true,
    deletionProtectionEnabled: state.deletionProtection,
    userLabels: state.labels ?? {},
    ipConfiguration: {
      ipv4Enabled: state.public,
      privateNetwork: `projects/${project.id}/global/networks/acme`,
      authorizedNetworks: state.public ? [{ kind: 'sql#aclEntry', name: 'anywhere', value: '0.0.0.0/0' }] : [],
      requireSsl: state.sslMode === 'TRUSTED_CLIENT_CERTIFICATE_REQUIRED',
      sslMode: state.sslMode,
    },
    backupConfiguration: {
      kind: 'sql#backupConfiguration',
      enabled: state.backups !== undefined,
      startTime: '02:00',
      location: 'eu',
      pointInTimeRecoveryEnabled: state.backups !== undefined,
      backupRetentionSettings: { retentionUnit: 'COUNT', retainedBackups: state.backups ?? 7 },
      transactionLogRetentionDays: 7,
    },
  },
});

// --- Vertex AI ------------------------------------------------------------------------------------------------------

export const endpointAsset = (id: string): Asset => ({
  name: `//aiplatform.googleapis.com/projects/${project.number}/locations/europe-west3/endpoints/${id}`,
  type: 'aiplatform.googleapis.com/Endpoint',
  discovery: {
    version: 'v1',
    uri: 'https://aiplatform.googleapis.com/$discovery/rest?version=v1',
    name: 'GoogleCloudAiplatformV1Endpoint',
  },
  location: 'europe-west3',
});

export interface EndpointState {
  readonly displayName: string;
  /** Reached through Private Service Connect only. */
  readonly private: boolean;
  readonly kmsKey?: string;
  /** A BigQuery table that gets requests and responses. */
  readonly logTo?: string;
  readonly labels?: { readonly [key: string]: string };
}

export const endpointData = (id: string, state: EndpointState): JsonObject => ({
  name: `projects/${project.number}/locations/europe-west3/endpoints/${id}`,
  displayName: state.displayName,
  createTime: '2026-11-06T11:25:10.310441Z',
  updateTime: '2026-11-06T11:31:44.927106Z',
  etag: 'AMEw9yN3k2l5',
  labels: state.labels ?? {},
  ...(state.private
    ? { privateServiceConnectConfig: { enablePrivateServiceConnect: true, projectAllowlist: [project.id] } }
    : {}),
  ...(state.kmsKey === undefined ? {} : { encryptionSpec: { kmsKeyName: state.kmsKey } }),
  ...(state.logTo === undefined
    ? {}
    : {
        predictRequestResponseLoggingConfig: {
          enabled: true,
          samplingRate: 1,
          bigqueryDestination: { outputUri: state.logTo },
        },
      }),
});
