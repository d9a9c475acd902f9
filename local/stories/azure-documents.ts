/** Event Grid deliveries in both schemas, and the bodies that Azure Resource Manager answers a GET with. */
import { createHash } from 'node:crypto';
import type { Json } from '../../shared/model/json.ts';
import { type ArmAnswers, DENIED, type Delivery, type Denied } from './story.ts';

type JsonObject = { readonly [key: string]: Json };
type Schema = 'event-grid' | 'cloud-events';

export const subscription = '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90';
export const tenant = '2b8f6c10-4d7e-4f93-a1b5-90c3e8d7f642';
const group = (name: string) => `/subscriptions/${subscription}/resourceGroups/${name}`;

/** A resource as Azure names it. */
export interface ArmResource {
  readonly group: string;
  /** `Microsoft.Storage/storageAccounts` */
  readonly type: string;
  readonly name: string;
  readonly location?: string;
  readonly tags?: { readonly [key: string]: string };
}

/** The id, spelled as the API spells it. */
export const armId = (r: ArmResource): string => `${group(r.group)}/providers/${r.type}/${r.name}`;
/** The id as Edict names the resource. */
export const resourceId = (r: ArmResource): string => armId(r).toLowerCase();

/** The same change told again has the same id. */
function guid(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function event(schema: Schema, type: string, r: ArmResource, at: string, data: JsonObject): Delivery {
  const id = guid(`${type} ${armId(r)} ${at}`);
  const topic = `/subscriptions/${subscription}`;
  return schema === 'event-grid'
    ? {
        door: 'azure',
        schema,
        body: [
          {
            id,
            topic,
            subject: armId(r),
            eventType: type,
            eventTime: at,
            data,
            dataVersion: '2',
            metadataVersion: '1',
          },
        ],
      }
    : {
        door: 'azure',
        schema,
        body: { specversion: '1.0', id, source: topic, subject: armId(r), type, time: at, data },
      };
}

const ACTOR = 'dana@acme.example';
const OPERATIONS = { write: 'ResourceWriteSuccess', delete: 'ResourceDeleteSuccess' } as const;

/** An event that says that something happened, and not what is: it is read back. */
export const happened =
  (schema: Schema, operation: keyof typeof OPERATIONS, r: ArmResource) =>
  (at: string): Delivery =>
    event(schema, `Microsoft.Resources.${OPERATIONS[operation]}`, r, at, {
      authorization: {
        scope: armId(r),
        action: `${r.type}/${operation}`,
        evidence: { role: 'Contributor', roleAssignmentScope: `/subscriptions/${subscription}` },
      },
      claims: {
        aud: 'https://management.core.windows.net/',
        iss: `https://sts.windows.net/${tenant}/`,
        appid: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
        name: 'Dana Okafor',
        'http://schemas.microsoft.com/identity/claims/objectidentifier': '0d9c7b52-61e4-4f38-9a27-c4b1e8f05d36',
        'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': ACTOR,
        ver: '1.0',
      },
      correlationId: guid(`correlation ${armId(r)} ${at}`),
      httpRequest: {
        clientRequestId: guid(`request ${armId(r)} ${at}`),
        clientIpAddress: '203.0.113.7',
        method: operation === 'write' ? 'PUT' : 'DELETE',
        url: `https://management.azure.com${armId(r)}`,
      },
      resourceProvider: r.type.split('/')[0] ?? '',
      resourceUri: armId(r),
      operationName: `${r.type}/${operation}`,
      status: 'Succeeded',
      subscriptionId: subscription,
      tenantId: tenant,
    });

/** A Resource Notification, with the state inside. */
export const notified =
  (schema: Schema, r: ArmResource, properties: JsonObject) =>
  (at: string): Delivery =>
    event(schema, 'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated', r, at, {
      resourceInfo: {
        id: armId(r),
        name: r.name,
        type: r.type,
        location: r.location ?? 'westeurope',
        tags: r.tags ?? {},
        properties,
      },
      operationalInfo: { resourceEventTime: at },
      apiVersion: '2025-05-01',
    });

/** A Resource Notification of a deletion, which carries no properties. */
export const notifiedGone =
  (schema: Schema, r: ArmResource) =>
  (at: string): Delivery =>
    event(schema, 'Microsoft.ResourceNotifications.Resources.Deleted', r, at, {
      resourceInfo: { id: armId(r), name: r.name, type: r.type },
      operationalInfo: { resourceEventTime: at },
    });

/** What ARM answers for a resource and for its children (by path below it); a list is an array. */
export function answers(
  r: ArmResource,
  body: JsonObject,
  children: { readonly [path: string]: JsonObject | readonly JsonObject[] | Denied } = {},
): ArmAnswers {
  const id = armId(r);
  const all: Record<string, Json | Denied> = {
    [id.toLowerCase()]: {
      id,
      name: r.name,
      type: r.type,
      location: r.location ?? 'westeurope',
      tags: r.tags ?? {},
      ...body,
    },
  };
  for (const [path, child] of Object.entries(children)) {
    const at = `${id}${path}`.toLowerCase();
    all[at] = Array.isArray(child) ? { value: child as Json } : (child as Json | Denied);
  }
  return all;
}

/** The resource and everything below it is gone. */
export const gone = (r: ArmResource): ArmAnswers => ({ [resourceId(r)]: null });

/** A child's id and type, as ARM states them. */
const child = (r: ArmResource, path: string, type: string): JsonObject => ({
  id: `${armId(r)}${path}`,
  name: path.slice(path.lastIndexOf('/') + 1),
  type,
});

// --- Storage --------------------------------------------------------------------------------------------------------

export interface StorageState {
  readonly allowPublic: boolean;
  readonly httpsOnly: boolean;
  readonly versioning: boolean;
  /** Names of containers and how public each is; DENIED: they may not be listed. */
  readonly containers: { readonly [name: string]: 'None' | 'Blob' | 'Container' } | Denied;
  readonly logged: boolean;
  readonly customerKey: boolean;
}

export function storageAccount(r: ArmResource, state: StorageState): ArmAnswers {
  const { containers } = state;
  const blobs = '/blobServices/default';
  return answers(
    r,
    {
      sku: { name: 'Standard_ZRS', tier: 'Standard' },
      kind: 'StorageV2',
      properties: {
        provisioningState: 'Succeeded',
        creationTime: '2026-11-04T07:30:12.1234567Z',
        accessTier: 'Hot',
        publicNetworkAccess: 'Enabled',
        minimumTlsVersion: 'TLS1_2',
        allowBlobPublicAccess: state.allowPublic,
        allowSharedKeyAccess: true,
        allowCrossTenantReplication: false,
        supportsHttpsTrafficOnly: state.httpsOnly,
        networkAcls: {
          bypass: 'AzureServices',
          virtualNetworkRules: [],
          ipRules: [],
          ipv6Rules: [],
          defaultAction: 'Allow',
        },
        encryption: {
          services: { blob: { enabled: true, keyType: 'Account' }, file: { enabled: true, keyType: 'Account' } },
          ...(state.customerKey
            ? {
                keySource: 'Microsoft.Keyvault',
                keyvaultproperties: {
                  keyvaulturi: 'https://acme-keys.vault.azure.net',
                  keyname: 'storage',
                  keyversion: '',
                },
              }
            : { keySource: 'Microsoft.Storage' }),
        },
        primaryEndpoints: { blob: `https://${r.name}.blob.core.windows.net/` },
        primaryLocation: 'westeurope',
        statusOfPrimary: 'available',
      },
    },
    {
      [blobs]: {
        ...child(r, blobs, 'Microsoft.Storage/storageAccounts/blobServices'),
        properties: {
          cors: { corsRules: [] },
          deleteRetentionPolicy: { allowPermanentDelete: false, enabled: true, days: 14 },
          isVersioningEnabled: state.versioning,
          staticWebsite: { enabled: false },
        },
      },
      [`${blobs}/containers`]:
        containers === DENIED
          ? DENIED
          : Object.entries(containers).map(([name, publicAccess]) => ({
              ...child(r, `${blobs}/containers/${name}`, 'Microsoft.Storage/storageAccounts/blobServices/containers'),
              etag: '"0x8DD0A4C6D1E2F30"',
              properties: {
                publicAccess,
                defaultEncryptionScope: '$account-encryption-key',
                denyEncryptionScopeOverride: false,
                leaseStatus: 'Unlocked',
                leaseState: 'Available',
                hasImmutabilityPolicy: false,
                hasLegalHold: false,
              },
            })),
      [`${blobs}/providers/Microsoft.Insights/diagnosticSettings`]: state.logged
        ? [diagnostics(r, blobs, ['StorageRead', 'StorageWrite', 'StorageDelete'])]
        : [],
    },
  );
}

/** A diagnostic setting that sends these log categories to the company's workspace. */
export const diagnostics = (r: ArmResource, below: string, categories: readonly string[]): JsonObject => ({
  ...child(
    r,
    `${below}/providers/microsoft.insights/diagnosticSettings/audit`,
    'Microsoft.Insights/diagnosticSettings',
  ),
  properties: {
    workspaceId: `${group('acme-security')}/providers/Microsoft.OperationalInsights/workspaces/acme-audit`,
    logs: categories.map((category) => ({ category, enabled: true, retentionPolicy: { enabled: false, days: 0 } })),
    metrics: [],
    logAnalyticsDestinationType: null,
  },
});

// --- Network --------------------------------------------------------------------------------------------------------

export interface NetworkRule {
  readonly name: string;
  readonly priority: number;
  readonly access: 'Allow' | 'Deny';
  readonly protocol: 'Tcp' | 'Udp' | '*';
  readonly source: string;
  readonly ports: string | readonly string[];
}

export const networkSecurityGroup = (r: ArmResource, rules: readonly NetworkRule[]): JsonObject => ({
  provisioningState: 'Succeeded',
  resourceGuid: guid(armId(r)),
  securityRules: rules.map((rule) => ({
    ...child(r, `/securityRules/${rule.name}`, 'Microsoft.Network/networkSecurityGroups/securityRules'),
    properties: {
      provisioningState: 'Succeeded',
      protocol: rule.protocol,
      sourcePortRange: '*',
      ...(typeof rule.ports === 'string'
        ? { destinationPortRange: rule.ports, destinationPortRanges: [] }
        : { destinationPortRanges: [...rule.ports] }),
      sourceAddressPrefix: rule.source,
      destinationAddressPrefix: '*',
      access: rule.access,
      priority: rule.priority,
      direction: 'Inbound',
      sourcePortRanges: [],
      sourceAddressPrefixes: [],
      destinationAddressPrefixes: [],
    },
  })),
  subnets: [],
});

// --- Cognitive Services ---------------------------------------------------------------------------------------------

export interface OpenAiState {
  readonly public: boolean;
  readonly keys: boolean;
  readonly customerKey: boolean;
  readonly logged: boolean;
}

export const openAi = (r: ArmResource, state: OpenAiState): ArmAnswers =>
  answers(
    r,
    {
      etag: '"0d00c2f1-0000-0d00-0000-674012340000"',
      kind: 'OpenAI',
      sku: { name: 'S0' },
      identity: { type: 'SystemAssigned', principalId: guid(`principal ${r.name}`), tenantId: tenant },
      properties: {
        endpoint: `https://${r.name}.openai.azure.com/`,
        provisioningState: 'Succeeded',
        dateCreated: '2026-11-05T12:20:41.5612345Z',
        customSubDomainName: r.name,
        networkAcls: { defaultAction: 'Allow', virtualNetworkRules: [], ipRules: [] },
        privateEndpointConnections: [],
        publicNetworkAccess: state.public ? 'Enabled' : 'Disabled',
        disableLocalAuth: !state.keys,
        ...(state.customerKey
          ? {
              encryption: {
                keySource: 'Microsoft.KeyVault',
                keyVaultProperties: {
                  keyName: 'models',
                  keyVersion: '3f2a9d0c7b6e4e58a1c4d2b5968ef701',
                  keyVaultUri: 'https://acme-keys.vault.azure.net/',
                },
              },
            }
          : {}),
      },
    },
    {
      '/providers/Microsoft.Insights/diagnosticSettings': state.logged
        ? [diagnostics(r, '', ['Audit', 'RequestResponse', 'AzureOpenAIRequestUsage', 'Trace'])]
        : [],
    },
  );

// --- Databases ------------------------------------------------------------------------------------------------------

export interface FlexibleServerState {
  readonly public: boolean;
  readonly backupDays: number;
  readonly tls: boolean;
  readonly locked: boolean;
}

export const postgres = (r: ArmResource, state: FlexibleServerState): ArmAnswers =>
  answers(
    r,
    {
      sku: { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose' },
      properties: {
        version: '16',
        administratorLogin: 'acme_admin',
        fullyQualifiedDomainName: `${r.name}.postgres.database.azure.com`,
        state: 'Ready',
        availabilityZone: '1',
        storage: { storageSizeGB: 128, tier: 'P10', autoGrow: 'Enabled' },
        dataEncryption: { type: 'SystemManaged' },
        authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant },
        backup: {
          backupRetentionDays: state.backupDays,
          geoRedundantBackup: 'Disabled',
          earliestRestoreDate: '2026-11-20T00:00:00Z',
        },
        network: { publicNetworkAccess: state.public ? 'Enabled' : 'Disabled' },
        highAvailability: { mode: 'Disabled', state: 'NotEnabled' },
        replicationRole: 'Primary',
        minorVersion: '4',
      },
    },
    {
      '/configurations/require_secure_transport': {
        ...child(
          r,
          '/configurations/require_secure_transport',
          'Microsoft.DBforPostgreSQL/flexibleServers/configurations',
        ),
        properties: {
          value: state.tls ? 'on' : 'off',
          description: 'Whether client connections to the server are required to use some form of secure transport.',
          defaultValue: 'on',
          dataType: 'Boolean',
          allowedValues: 'on,off',
          source: state.tls ? 'system-default' : 'user-override',
          isDynamicConfig: true,
          isReadOnly: false,
        },
      },
      '/providers/Microsoft.Authorization/locks': state.locked
        ? [
            {
              ...child(r, '/providers/Microsoft.Authorization/locks/keep', 'Microsoft.Authorization/locks'),
              properties: { level: 'CanNotDelete', notes: 'Production' },
            },
          ]
        : [],
    },
  );

/** The properties of a SQL server as a notification carries them. */
export const sqlServer = (r: ArmResource, isPublic: boolean): JsonObject => ({
  administratorLogin: 'acme_admin',
  version: '12.0',
  state: 'Ready',
  fullyQualifiedDomainName: `${r.name}.database.windows.net`,
  privateEndpointConnections: [],
  minimalTlsVersion: '1.2',
  publicNetworkAccess: isPublic ? 'Enabled' : 'Disabled',
  restrictOutboundNetworkAccess: 'Disabled',
});
