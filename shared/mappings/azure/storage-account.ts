/**
 * Storage account, with its blob service, containers and diagnostic settings.
 *
 * - Anonymous access to a container needs both the account's permission and the container's access level, and only ever
 *   reads. Shared keys, SAS tokens and role assignments are access that was given.
 * - The `$web` container of a static website is served to everyone whatever the account permits.
 * - An account that the public network cannot reach (public network access off, or a firewall whose default is to deny)
 *   is not public, as a bucket is not whose policy is narrowed to networks.
 */
import { objectStore } from '../../kinds/object-store.ts';
import type { FactState } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { listType } from '../dialects/arm.ts';
import { defineMapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, type Because, derive, look, type Reader, type Reading, type ReadingValue, unknown } from '../reader.ts';
import { ancestorOf, armName } from './arm-id.ts';
import { collected, diagnosticParts } from './diagnostic-settings.ts';
import { accessReach, firewallReach, type NetworkAccessAt, reach } from './network-access.ts';
import { settle, valueOf } from '../certainty.ts';
import { isAllThereIs, notSeen, scalarText, sinceList } from './seen.ts';
import { azurermOwner, block, keyBlock, unlessGone } from './terraform.ts';

const ACCOUNT = 'microsoft.storage/storageaccounts';
const BLOB_SERVICE = `${ACCOUNT}/blobservices`;
const CONTAINER = `${BLOB_SERVICE}/containers`;

const on = '2026-11-25';
const docs = {
  anonymous: { because: 'https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure', on },
  newDefaults: { because: 'https://github.com/Azure/azure-cli/issues/27014', on }, // the service's announcement is quoted there
  oldDefault: {
    because: 'https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create?view=rest-storagerp-2022-09-01',
    on,
  },
  create: { because: 'https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create', on },
  firewall: { because: 'https://learn.microsoft.com/azure/storage/common/storage-network-security', on },
  website: { because: 'https://learn.microsoft.com/azure/storage/blobs/storage-blob-static-website', on },
  encryption: { because: 'https://learn.microsoft.com/azure/storage/common/storage-service-encryption', on },
  nfs: { because: 'https://learn.microsoft.com/azure/storage/common/storage-require-secure-transfer', on },
  versioning: { because: 'https://learn.microsoft.com/azure/storage/blobs/versioning-overview', on },
  azurerm: {
    because: 'https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/storage_account',
    on,
  },
  azurermContainer: {
    because: 'https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/storage_container',
    on,
  },
} satisfies { readonly [name: string]: Because };

const known = <V>(value: V, where: string): Reading<V> => ({ state: 'known', value, at: where });
const byDefault = <V>(value: V, why: Because): Reading<V> => ({ state: 'default', value, ...why });

/** A template's api-version, where the body has one. */
const apiVersion = (native: NativeResource): string | undefined => {
  const found = look(native, '/apiVersion');
  return found.is === 'value' && typeof found.value === 'string' ? found.value.slice(0, 10) : undefined;
};

/**
 * Whether containers may be made public. Unset on a new account means no (the service changed it between August and
 * December 2023, together with api-version 2023-01-01); on an account from before it means yes; older api-versions still
 * document yes for new accounts, which contradicts the change: unknown.
 */
const allowBlobPublicAccess: Reader<boolean> = derive<boolean>((native) => {
  const got = at('/properties/allowBlobPublicAccess').bool()(native);
  if (got !== undefined) return got;
  if (native.creates === true) {
    const version = apiVersion(native);
    return version !== undefined && version >= '2023-01-01'
      ? byDefault(false, docs.create)
      : unknown(
          'not_collected',
          undefined,
          'what an unset allowBlobPublicAccess means is not clear for this api-version',
        );
  }
  const created = look(native, '/properties/creationTime');
  if (created.is === 'value' && typeof created.value === 'string' && created.value < '2023-08') {
    return byDefault(true, docs.oldDefault);
  }
  return unknown('not_collected', undefined, 'allowBlobPublicAccess is not shown');
});

const ARM_NETWORK: NetworkAccessAt = {
  access: '/properties/publicNetworkAccess',
  firewall: '/properties/networkAcls',
  action: '/defaultAction',
  addresses: '/ipRules',
  address: 'value',
  open: docs.firewall,
};
const AZURERM_RULES = { action: '/default_action', addresses: '/ip_rules' };
const AZURERM_NETWORK: NetworkAccessAt = {
  access: '/public_network_access_enabled',
  firewall: '/network_rules/0',
  ...AZURERM_RULES,
  open: docs.azurerm,
};

/** What azurerm may also set beside the account. */
const RULES_BESIDE = 'azurerm_storage_account_network_rules';
const WEBSITE_BESIDE = 'azurerm_storage_account_static_website';
const KEY_BESIDE = 'azurerm_storage_account_customer_managed_key';

const CONTAINER_ACCESS = { None: 'none', Blob: 'blob', Container: 'container', Private: 'none' } as const;
type Access = (typeof CONTAINER_ACCESS)[keyof typeof CONTAINER_ACCESS];

const containerAccess: Reader<string> = at('/properties/publicAccess').oneOf<string>(CONTAINER_ACCESS);

/** One container as the facts need it. */
interface Container {
  readonly name: string;
  readonly access: Reading<string>;
  /** The encryption scope that new blobs get; undefined: the account's key. */
  readonly scope: Reading<string> | undefined;
}

const ACCOUNT_KEY_SCOPE = '$account-encryption-key';
/** The container of a static website. */
const WEB = '$web';

/** Of a whole list the containers that matter: `[{name, access, scope, at}]`; unknown if one of them cannot be read. */
const containerList: Reader<ReadingValue> = derive<ReadingValue>((native) => {
  const found = look(native, '/value');
  if (found.is !== 'value' || !Array.isArray(found.value)) {
    return unknown(found.is === 'denied' ? 'denied' : 'not_collected', found.at, 'the containers');
  }
  const list: ReadingValue[] = [];
  for (const [i, item] of (found.value as readonly Body[]).entries()) {
    if (item instanceof Unresolved) return unknown('unresolved', found.at, item.detail);
    const one = { ...native, body: item, pointer: `${native.pointer}/value/${i}` };
    const name = at('/name').string()(one);
    const access = containerAccess.orDefault('none', docs.anonymous)(one);
    if (name?.state !== 'known' || access === undefined || access.state === 'unknown') {
      return unknown('invalid', one.pointer, 'a container of the list cannot be read');
    }
    const scope = at('/properties/defaultEncryptionScope').string()(one);
    // Of the others it only matters that there are no more of these.
    const ordinary =
      access.value === 'none' &&
      name.value !== WEB &&
      (scope === undefined || (scope.state === 'known' && scope.value === ACCOUNT_KEY_SCOPE));
    if (ordinary) continue;
    list.push({
      name: name.value,
      access: access.value,
      at: access.state === 'known' ? access.at : null,
      scope: scope?.state === 'known' ? scope.value : null,
    });
  }
  return { state: 'known', value: list, at: found.at };
});

/** The containers that were seen, newest word first; `closed`: there are no others. */
function containers(parts: Parts): {
  readonly list: readonly Container[];
  readonly closed: Reading<ReadingValue> | undefined;
} {
  const whole = parts.get<ReadingValue>('containers');
  const list: Container[] = sinceList(parts, 'container', 'container_list').map((c) => ({
    name: scalarText(valueOf(c.readings['container_name'])),
    access:
      (c.readings['container_access'] as Reading<string> | undefined) ?? notSeen('the access level of a container'),
    scope: c.readings['container_scope'] as Reading<string> | undefined,
  }));
  if (whole?.state === 'known' && Array.isArray(whole.value)) {
    for (const item of whole.value as readonly {
      name: string;
      access: Access;
      at: string | null;
      scope: string | null;
    }[]) {
      if (list.some((c) => c.name.toLowerCase() === item.name.toLowerCase())) continue;
      const part = whole.part === undefined ? {} : { part: whole.part };
      list.push({
        name: item.name,
        access:
          item.at === null
            ? byDefault(item.access, docs.anonymous)
            : { state: 'known', value: item.access, at: item.at, ...part },
        scope: item.scope === null ? undefined : { state: 'known', value: item.scope, at: whole.at, ...part },
      });
    }
  }
  return { list, closed: whole ?? (isAllThereIs(parts) ? byDefault<ReadingValue>(true, docs.anonymous) : undefined) };
}

/** How far the network lets callers in. Rules beside the account are the last word: what it shows may be how they were. */
function networkReach(parts: Parts): Reading<string> {
  const access = parts.get<string>('access');
  if (access !== undefined && valueOf(access) !== 'public') return access;
  return parts.get<string>('network_rules') ?? parts.read<string>('network');
}

/** Whether anyone can read a blob: by the web endpoint, or by a container's access level. */
function publicRead(parts: Parts): FactState {
  const reached = networkReach(parts);
  if (valueOf(reached) === 'narrow') return settle(false, reached);
  const { list, closed } = containers(parts);
  const web = parts.get<boolean>('website') ?? parts.get<boolean>('static_website');
  const allow = parts.read<boolean>('allow_blob_public_access');
  const open = list.find((c) => ['blob', 'container'].includes(valueOf(c.access) ?? ''));
  if (web !== undefined && valueOf(web) === true) {
    const served = settle(true, web, reached);
    // What is served is documented, not written in the document: only that the website is on.
    return served.state === 'known' ? { state: 'default', value: true, ...docs.website } : served;
  }
  if (open !== undefined && valueOf(allow) === true) return settle(true, open.access, allow, reached);
  // Whether a website is on is not shown where only its container is.
  if (web?.state === 'unknown') return web;
  if (web === undefined && list.some((c) => c.name === WEB)) return notSeen('whether the static website is on');
  const none = web === undefined ? [] : [web];
  if (valueOf(allow) === false) return settle(false, allow, ...none);
  const unseen = list.find((c) => c.access.state === 'unknown');
  if (open !== undefined) return allow;
  if (unseen !== undefined) return unseen.access;
  if (closed === undefined) return notSeen('the account permits public containers, and its containers were not seen');
  return settle(false, closed, ...list.map((c) => c.access), ...none);
}

/** The account's key, unless a container gives new blobs another by an encryption scope that was not seen. */
function encryption(parts: Parts): FactState {
  const account = parts.get<string>('customer_key') ?? parts.read<string>('encryption_key');
  if (valueOf(account) !== 'customer_key') return account;
  const { list, closed } = containers(parts);
  const scoped = list.find((c) => c.scope !== undefined && valueOf(c.scope) !== ACCOUNT_KEY_SCOPE);
  if (scoped !== undefined) return notSeen('a container encrypts under a scope whose key was not seen');
  // A list that could not be read may hold such a container.
  return closed?.state === 'unknown' ? closed : account;
}

function tlsOnly(parts: Parts): FactState {
  const secure = parts.read<boolean>('secure_transfer');
  if (valueOf(secure) !== true) return secure;
  const nfs = parts.get<boolean>('nfs');
  // Secure transfer is about requests over HTTP; NFS goes in the clear beside it.
  if (nfs !== undefined && valueOf(nfs) === true) return { state: 'default', value: false, ...docs.nfs };
  if (nfs?.state === 'unknown') return nfs;
  const domain = parts.get<boolean>('custom_domain');
  if (domain === undefined || valueOf(domain) === false) return secure;
  return notSeen('secure transfer is not applied to requests by the custom domain name');
}

function versioned(parts: Parts): FactState {
  const got = parts.get<boolean>('versioning');
  if (got !== undefined) return got;
  return isAllThereIs(parts) ? byDefault(false, docs.versioning) : notSeen('the blob service was not read');
}

const accountOf = (native: NativeResource): OwnerRef | undefined => {
  const id = ancestorOf(native.id, ACCOUNT);
  return id === undefined ? undefined : { id };
};
const azurermAccount = (native: NativeResource): OwnerRef | undefined =>
  azurermOwner(native, ACCOUNT, 'storage_account_id', 'storage_account_name');
const accountOwner = (native: NativeResource): OwnerRef | undefined =>
  native.dialect === 'terraform' ? azurermAccount(native) : accountOf(native);

/** In a template the default for a new blob service holds; the API shows the property where it was ever set. */
const isVersioningEnabled = at('/properties/isVersioningEnabled').bool();

export const storageAccount = defineMapping('azure/storage-account', {
  cloud: 'azure',
  kind: objectStore,
  title: 'Storage account',
  parts: {
    account: {
      native: { 'azure.arm': ACCOUNT, 'azure.notification': ACCOUNT, terraform: 'azurerm_storage_account' },
      readings: {
        allow_blob_public_access: {
          'azure.arm': allowBlobPublicAccess,
          'azure.notification': at('/properties/allowBlobPublicAccess').bool(),
          terraform: at('/allow_nested_items_to_be_public', '/allow_blob_public_access')
            .bool()
            .orDefault(true, docs.azurerm),
        },
        network: {
          'azure.arm': reach(ARM_NETWORK),
          'azure.notification': reach(ARM_NETWORK),
          terraform: unlessGone(RULES_BESIDE, 'network_rules', reach(AZURERM_NETWORK)),
        },
        access: { terraform: accessReach(AZURERM_NETWORK) },
        static_website: {
          terraform: unlessGone(WEBSITE_BESIDE, 'static_website', block('/static_website')),
        },
        secure_transfer: {
          'azure.arm': at('/properties/supportsHttpsTrafficOnly')
            .bool()
            .or((native) => {
              if (native.creates !== true)
                return unknown('not_collected', undefined, 'supportsHttpsTrafficOnly is not shown');
              const version = apiVersion(native);
              return version === undefined ? unknown('unresolved') : byDefault(version >= '2019-04-01', docs.create);
            }),
          'azure.notification': at('/properties/supportsHttpsTrafficOnly').bool(),
          terraform: at('/https_traffic_only_enabled', '/enable_https_traffic_only')
            .bool()
            .orDefault(true, docs.azurerm),
        },
        nfs: {
          'azure.arm': at('/properties/isNfsV3Enabled').bool(),
          'azure.notification': at('/properties/isNfsV3Enabled').bool(),
          terraform: at('/nfsv3_enabled').bool(),
        },
        custom_domain: {
          'azure.arm': at('/properties/customDomain/name')
            .string()
            .map((name) => name !== ''),
          'azure.notification': at('/properties/customDomain/name')
            .string()
            .map((name) => name !== ''),
          terraform: block('/custom_domain'),
        },
        encryption_key: {
          'azure.arm': at('/properties/encryption/keySource')
            .oneOf({ 'Microsoft.Storage': 'provider_key', 'Microsoft.Keyvault': 'customer_key' })
            .orDefault('provider_key', docs.encryption),
          'azure.notification': at('/properties/encryption/keySource').oneOf({
            'Microsoft.Storage': 'provider_key',
            'Microsoft.Keyvault': 'customer_key',
          }),
          terraform: keyBlock(KEY_BESIDE, docs.encryption),
        },
        versioning: { terraform: at('/blob_properties/0/versioning_enabled').bool() },
      },
    },
    blob_service: {
      native: { 'azure.arm': BLOB_SERVICE },
      owner: (native) => (armName(native.id) === 'default' ? accountOf(native) : undefined),
      readings: {
        versioning: {
          'azure.arm': isVersioningEnabled.orDefault(false, docs.versioning),
        },
        static_website: {
          'azure.arm': at('/properties/staticWebsite/enabled').bool(),
        },
      },
    },
    container: {
      native: { 'azure.arm': CONTAINER, terraform: 'azurerm_storage_container' },
      owner: accountOwner,
      multiple: true,
      readings: {
        container_name: {
          'azure.arm': derive((native) => known(armName(native.id), native.pointer)),
          terraform: at('/name').string(),
        },
        container_access: {
          'azure.arm': containerAccess.orDefault('none', docs.anonymous),

          terraform: at('/container_access_type')
            .oneOf<string>(CONTAINER_ACCESS)
            .orDefault('none', docs.azurermContainer),
        },
        container_scope: {
          'azure.arm': at('/properties/defaultEncryptionScope').string(),
          terraform: at('/default_encryption_scope').string(),
        },
      },
    },
    container_list: {
      native: { 'azure.arm': listType(CONTAINER) },
      owner: accountOf,
      readings: { containers: { 'azure.arm': containerList } },
    },
    customer_key: {
      native: { terraform: KEY_BESIDE },
      owner: azurermAccount,
      readings: { customer_key: { terraform: derive((native) => known('customer_key', native.pointer)) } },
    },
    network_rules: {
      native: { terraform: RULES_BESIDE },
      owner: azurermAccount,
      readings: {
        network_rules: { terraform: derive((native) => firewallReach(native, { firewall: '', ...AZURERM_RULES })) },
      },
    },
    website: {
      native: { terraform: WEBSITE_BESIDE },
      owner: azurermAccount,
      readings: { website: { terraform: derive((native) => known(true, native.pointer)) } },
    },
    ...diagnosticParts(ACCOUNT, '/blobservices/default'),
  },
  facts: {
    public_read: publicRead,
    // Anonymous requests only read, at any access level.
    public_write: () => ({ state: 'default', value: false, ...docs.anonymous }),
    public_access_blocked: (parts) => {
      const allow = parts.read<boolean>('allow_blob_public_access');
      return settle(valueOf(allow) === false, allow);
    },
    encryption,
    tls_only: tlsOnly,
    versioned,
    // Reads, writes and deletes of blobs; the older $logs container is configured through the data plane and retired.
    access_logged: (parts) => collected(parts, ['StorageRead', 'StorageWrite', 'StorageDelete']),
  },
});
