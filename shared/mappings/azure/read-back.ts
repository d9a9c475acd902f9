/**
 * What has to be read to know a resource in full, because events carry no state (or not all of it): the resource itself
 * and named children, each by an ARM GET with a pinned api-version. Resource Graph cannot stand in: it has no reliable
 * version and lacks blob services, containers, diagnostic settings and server configurations.
 */
import { ancestorOf } from './arm-id.ts';

/** A child to read below a resource. */
export interface ReadBackChild {
  /** Appended to the resource's id. */
  readonly path: string;
  readonly apiVersion: string;
  /** The answer is `{value: […]}`, all pages of it: read it with `ReadOptions.listOf` set to the child's id. */
  readonly list: boolean;
  /** The native type that the answer has (for a list: that of its items). */
  readonly part: string;
  /** To read below each item of the list. */
  readonly each?: readonly ReadBackChild[];
}

export interface ReadBackPlan {
  readonly apiVersion: string;
  readonly children: readonly ReadBackChild[];
}

const DIAGNOSTIC_SETTINGS = {
  apiVersion: '2021-05-01-preview', // the only version there is: https://learn.microsoft.com/rest/api/monitor/diagnostic-settings
  list: true,
  part: 'microsoft.insights/diagnosticsettings',
} as const;
const diagnosticSettings = (below = ''): ReadBackChild => ({
  path: `${below}/providers/Microsoft.Insights/diagnosticSettings`,
  ...DIAGNOSTIC_SETTINGS,
});
/** Locks at the resource and above it (an inherited lock protects as well): `$filter=atScope()` is the default answer. */
const locks: ReadBackChild = {
  path: '/providers/Microsoft.Authorization/locks',
  apiVersion: '2020-05-01',
  list: true,
  part: 'microsoft.authorization/locks',
};

/** By main type, lower case. Children are in the order in which they matter most. */
export const readBackPlans: { readonly [type: string]: ReadBackPlan } = {
  'microsoft.storage/storageaccounts': {
    apiVersion: '2025-08-01',
    children: [
      {
        path: '/blobServices/default',
        apiVersion: '2025-08-01', // the first whose blob service shows staticWebsite
        list: false,
        part: 'microsoft.storage/storageaccounts/blobservices',
      },
      {
        path: '/blobServices/default/containers',
        apiVersion: '2025-08-01',
        list: true,
        part: 'microsoft.storage/storageaccounts/blobservices/containers',
      },
      diagnosticSettings('/blobServices/default'),
    ],
  },
  'microsoft.sql/servers': {
    apiVersion: '2023-08-01',
    children: [
      {
        path: '/encryptionProtector/current',
        apiVersion: '2023-08-01',
        list: false,
        part: 'microsoft.sql/servers/encryptionprotector',
      },
      {
        path: '/databases',
        apiVersion: '2023-08-01',
        list: true,
        part: 'microsoft.sql/servers/databases',
        each: [
          {
            path: '/transparentDataEncryption/current',
            apiVersion: '2023-08-01',
            list: false,
            part: 'microsoft.sql/servers/databases/transparentdataencryption',
          },
          {
            path: '/backupShortTermRetentionPolicies/default',
            apiVersion: '2023-08-01',
            list: false,
            part: 'microsoft.sql/servers/databases/backupshorttermretentionpolicies',
          },
        ],
      },
      locks,
    ],
  },
  'microsoft.dbforpostgresql/flexibleservers': {
    apiVersion: '2025-08-01',
    children: [
      {
        path: '/configurations/require_secure_transport',
        apiVersion: '2025-08-01',
        list: false,
        part: 'microsoft.dbforpostgresql/flexibleservers/configurations',
      },
      locks,
    ],
  },
  'microsoft.dbformysql/flexibleservers': {
    apiVersion: '2023-12-30',
    children: [
      {
        path: '/configurations/require_secure_transport',
        apiVersion: '2023-12-30',
        list: false,
        part: 'microsoft.dbformysql/flexibleservers/configurations',
      },
      locks,
    ],
  },
  'microsoft.network/networksecuritygroups': { apiVersion: '2025-05-01', children: [] },
  'microsoft.cognitiveservices/accounts': { apiVersion: '2025-06-01', children: [diagnosticSettings()] },
  'microsoft.machinelearningservices/workspaces': { apiVersion: '2024-10-01', children: [] },
  'microsoft.machinelearningservices/workspaces/onlineendpoints': {
    apiVersion: '2024-10-01',
    children: [diagnosticSettings()],
  },
};

/** The plan of a main type (any case); undefined: a type that is not judged. */
export const readBackPlan = (type: string): ReadBackPlan | undefined => {
  const key = type.toLowerCase();
  return Object.hasOwn(readBackPlans, key) ? readBackPlans[key] : undefined;
};

/**
 * The resource to read back when something happened to `id`: itself, or the one that it is a part of (a container's
 * storage account, a rule's group, a lock's or a diagnostic setting's server). Undefined: nothing that is judged.
 */
export function readBackOwner(id: string): { readonly id: string; readonly type: string } | undefined {
  let best: { id: string; type: string } | undefined;
  for (const type of Object.keys(readBackPlans)) {
    const owner = ancestorOf(id, type);
    if (owner !== undefined && (best === undefined || owner.length > best.id.length)) best = { id: owner, type };
  }
  return best;
}
