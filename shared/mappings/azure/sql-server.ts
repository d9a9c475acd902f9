/**
 * Azure SQL logical server with its databases. What is stored belongs to the databases: storage is encrypted if that of
 * every database is (`master` is not the customer's), and backups are kept as long as those of the one that keeps them
 * shortest.
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { listType } from '../dialects/arm.ts';
import { defineMapping, type OwnerRef, type Parts, type SeenPart } from '../mapping.ts';
import { at, type Because, derive, look, type Reader, type Reading, type ReadingValue, unknown } from '../reader.ts';
import { ancestorOf, armName } from './arm-id.ts';
import { deletionProtected, lockParts } from './locks.ts';
import { settle, valueOf } from '../certainty.ts';
import { isAllThereIs, notSeen } from './seen.ts';
import { azurermOwner, unlessGone } from './terraform.ts';

const SERVER = 'microsoft.sql/servers';
const DATABASE = `${SERVER}/databases`;
const TDE = `${DATABASE}/transparentdataencryption`;
const RETENTION = `${DATABASE}/backupshorttermretentionpolicies`;
const PROTECTOR = `${SERVER}/encryptionprotector`;

/** What azurerm may also set beside the server, and where the server then shows it. */
const PROTECTOR_BESIDE = 'azurerm_mssql_server_transparent_data_encryption';
const KEY = 'transparent_data_encryption_key_vault_key_id';

const on = '2026-11-25';
const docs = {
  // Of a server that is created without it; azure-sql/database/connectivity-settings gives the portal's default, which differs.
  network: { because: 'https://learn.microsoft.com/rest/api/sql/servers/create-or-update', on },
  azurerm: {
    because: 'https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/mssql_server',
    on,
  },
  encryption: {
    because: 'https://learn.microsoft.com/azure/azure-sql/database/transparent-data-encryption-tde-overview',
    on,
  },
  tls: {
    because:
      'https://techcommunity.microsoft.com/blog/azuresqlblog/azure-sql-is-deprecating-the-no-minimum-tls-mintls-none/4508933',
    on,
  },
  backups: { because: 'https://learn.microsoft.com/azure/azure-sql/database/automated-backups-overview', on },
} satisfies { readonly [name: string]: Because };

const publicAccess = at('/properties/publicNetworkAccess').oneOf({ Enabled: true, Disabled: false });

/**
 * A minimal version makes the server insist on TLS, and a server that is created without one has 1.2 (since July 2026).
 * Whether one that has none (`None`, which an older server shows or leaves out) takes connections in the clear is
 * contradictory: by its announcement it does, by azure-sql/database/security-overview every connection is encrypted.
 */
const TLS = { '1.0': true, '1.1': true, '1.2': true, '1.3': true };
const tls: Reader<boolean> = at('/properties/minimalTlsVersion').oneOf<boolean>(TLS);
const azurermTls: Reader<boolean> = at('/minimum_tls_version').oneOf<boolean>(TLS);

const protectorType = at('/properties/serverKeyType').oneOf({
  ServiceManaged: 'provider_key',
  AzureKeyVault: 'customer_key',
});
/** A key URI on the server itself says that the customer's key protects; its absence leaves it to the protector. */
const customerKey = (pointer: string): Reader<string> =>
  derive<string>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    // A reference to a key that the same plan creates is a key of the customer's.
    return found.is === 'value' && found.value === ''
      ? undefined
      : { state: 'known', value: 'customer_key', at: found.at };
  });

/** 2023 and later say `state`, earlier `status`. */
const tdeState = at('/properties/state', '/properties/status').oneOf({ Enabled: true, Disabled: false });

/**
 * Whether a database that a template creates is encrypted where its own setting is not written: one that is made from
 * another is as that one, and a data warehouse is not.
 */
const tdeByDefault: Reader<boolean> = derive<boolean>((native) => {
  if (native.creates !== true) return undefined;
  const mode = at('/properties/createMode').string()(native);
  const sku = at('/sku/name', '/properties/requestedServiceObjectiveName', '/properties/edition').string()(native);
  const unsure = [mode, sku].find((s) => s?.state === 'unknown');
  if (unsure?.state === 'unknown') return unsure;
  if (!['default', ''].includes((valueOf(mode) ?? '').toLowerCase())) {
    return notSeen('the database that it is made from was not seen');
  }
  return { state: 'default', value: !/^(?:dw\d|datawarehouse)/i.test(valueOf(sku) ?? ''), ...docs.encryption };
});

/** The names in a whole list of databases. */
const databaseNames: Reader<ReadingValue> = derive<ReadingValue>((native) => {
  const found = look(native, '/value');
  if (found.is !== 'value' || !Array.isArray(found.value)) {
    return unknown(found.is === 'denied' ? 'denied' : 'not_collected', found.at, 'the databases');
  }
  const names: string[] = [];
  for (const body of found.value as readonly Body[]) {
    if (body instanceof Unresolved) return unknown('unresolved', found.at, body.detail);
    const name = look({ ...native, body }, '/name');
    if (name.is !== 'value' || typeof name.value !== 'string') return unknown('invalid', found.at);
    names.push(name.value.toLowerCase());
  }
  return { state: 'known', value: names, at: found.at };
});

const SYSTEM_DATABASE = 'master';

/** One database as the facts need it; undefined: that part of it was not seen. */
interface Database {
  readonly name: string;
  readonly encrypted: Reading<boolean> | undefined;
  /** Whether it is encrypted where nothing says so; undefined: as any new database. */
  readonly encryptedByDefault: Reading<boolean> | undefined;
  readonly retentionDays: Reading<number> | undefined;
}

function databases(parts: Parts): {
  readonly list: readonly Database[];
  readonly closed: Reading<ReadingValue> | undefined;
} {
  const byName = new Map<string, { -readonly [K in Exclude<keyof Database, 'name'>]?: Database[K] }>();
  const nameOf = (part: SeenPart): string => {
    const id = ancestorOf(part.instance, DATABASE);
    return id === undefined ? part.instance : armName(id);
  };
  const whole = parts.get<ReadingValue>('database_names');
  const listed =
    whole?.state === 'known' && Array.isArray(whole.value) ? (whole.value as readonly string[]) : undefined;
  const listedAt = parts.all('database_list')[0]?.orderKey ?? '';
  for (const name of listed ?? []) byName.set(name, {});
  for (const part of ['database', 'tde', 'retention']) {
    for (const seen of parts.all(part)) {
      const name = nameOf(seen);
      // One read shows the list and what is below it. What is older was not shown again: the database is gone or was
      // made anew, or the list was refused. One that a list of the same read does not have is gone.
      if (seen.orderKey < listedAt) continue;
      if (listed !== undefined && !listed.includes(name) && seen.orderKey === listedAt) continue;
      const before = byName.get(name) ?? {};
      const encrypted = seen.readings['tde'] as Reading<boolean> | undefined;
      const encryptedByDefault = seen.readings['tde_by_default'] as Reading<boolean> | undefined;
      const retentionDays = seen.readings['retention_days'] as Reading<number> | undefined;
      byName.set(name, {
        ...before,
        ...(encrypted === undefined ? {} : { encrypted }),
        ...(encryptedByDefault === undefined ? {} : { encryptedByDefault }),
        ...(retentionDays === undefined ? {} : { retentionDays }),
      });
    }
  }
  byName.delete(SYSTEM_DATABASE);
  return {
    list: [...byName].map(([name, { encrypted, encryptedByDefault, retentionDays }]) => ({
      name,
      encrypted,
      encryptedByDefault,
      retentionDays,
    })),
    closed: whole ?? (isAllThereIs(parts) ? { state: 'default', value: [], ...docs.encryption } : undefined),
  };
}

/** In a template or plan a database without a policy of its own has the documented default. */
const orDefault = <V>(
  parts: Parts,
  reading: Reading<V> | undefined,
  value: V,
  why: Because,
  what: string,
): Reading<V> => reading ?? (isAllThereIs(parts) ? { state: 'default', value, ...why } : notSeen(what));

function encryption(parts: Parts): FactState {
  const { list, closed } = databases(parts);
  const states = list.map((d) =>
    orDefault(
      parts,
      d.encrypted ?? d.encryptedByDefault,
      true,
      docs.encryption,
      `the encryption of database ${d.name} was not seen`,
    ),
  );
  const off = states.find((s) => valueOf(s) === false);
  if (off !== undefined) return settle('none', off);
  const open = states.find((s) => s.state === 'unknown');
  if (open !== undefined) return open;
  if (closed === undefined) return notSeen('the databases, each of which is encrypted or not, were not seen');
  const [own, protector] = [parts.get<string>('customer_key'), parts.get<string>('protector')];
  if (own !== undefined && protector !== undefined && valueOf(own) !== valueOf(protector)) {
    return { state: 'unknown', why: 'invalid', detail: 'the server and its encryption protector name different keys' };
  }
  const key =
    protector ??
    own ??
    orDefault<string>(parts, undefined, 'provider_key', docs.encryption, 'the encryption protector was not seen');
  return settle(valueOf(key) ?? '', key, closed, ...states);
}

function backups(parts: Parts): FactState {
  const { list, closed } = databases(parts);
  const days = list.map((d) =>
    orDefault(parts, d.retentionDays, 7, docs.backups, `the backup policy of database ${d.name} was not seen`),
  );
  const open = days.find((s) => s.state === 'unknown');
  if (open !== undefined) return open;
  if (closed === undefined) return notSeen('the databases, each with its own backup policy, were not seen');
  if (closed.state === 'unknown') return closed;
  const shortest = days.toSorted((a, b) => (valueOf(a) ?? 0) - (valueOf(b) ?? 0))[0];
  // A database that is created later keeps its backups for the default.
  return shortest === undefined
    ? { state: 'default', value: 7, ...docs.backups }
    : settle(valueOf(shortest) ?? 0, shortest, closed, ...days);
}

const serverOf = (native: NativeResource): OwnerRef | undefined => {
  if (native.dialect === 'terraform') return azurermOwner(native, SERVER, 'server_id', 'server_name');
  const id = ancestorOf(native.id, SERVER);
  return id === undefined ? undefined : { id };
};

const retentionDays = at('/properties/retentionDays').int();

export const sqlServer = defineMapping('azure/sql-server', {
  cloud: 'azure',
  kind: sqlDatabase,
  title: 'Azure SQL server',
  parts: {
    server: {
      native: { 'azure.arm': SERVER, 'azure.notification': SERVER, terraform: 'azurerm_mssql_server' },
      readings: {
        public_access: {
          'azure.arm': publicAccess.orDefault(true, docs.network),
          'azure.notification': publicAccess,
          terraform: at('/public_network_access_enabled').bool().orDefault(true, docs.azurerm),
        },
        tls: {
          'azure.arm': tls.or((native) =>
            native.creates === true ? { state: 'default', value: true, ...docs.tls } : undefined,
          ),
          'azure.notification': tls,
          terraform: azurermTls.orDefault(true, docs.azurerm),
        },
        customer_key: {
          'azure.arm': customerKey('/properties/keyId'),
          'azure.notification': customerKey('/properties/keyId'),
          terraform: unlessGone(PROTECTOR_BESIDE, KEY, customerKey(`/${KEY}`)),
        },
      },
    },
    protector: {
      native: {
        'azure.arm': PROTECTOR,
        terraform: PROTECTOR_BESIDE,
      },
      owner: serverOf,
      readings: {
        protector: {
          'azure.arm': protectorType,

          terraform: customerKey('/key_vault_key_id')
            .or(customerKey('/managed_hsm_key_id'))
            .orDefault('provider_key', docs.encryption),
        },
      },
    },
    database: {
      native: { 'azure.arm': DATABASE, terraform: 'azurerm_mssql_database' },
      owner: serverOf,
      multiple: true,
      readings: {
        tde_by_default: { 'azure.arm': tdeByDefault },
        tde: { terraform: at('/transparent_data_encryption_enabled').bool().orDefault(true, docs.encryption) },
        retention_days: { terraform: at('/short_term_retention_policy/0/retention_days').int() },
      },
    },
    tde: {
      native: { 'azure.arm': TDE },
      owner: serverOf,
      multiple: true,
      readings: { tde: { 'azure.arm': tdeState } },
    },
    retention: {
      native: { 'azure.arm': RETENTION },
      owner: serverOf,
      multiple: true,
      readings: { retention_days: { 'azure.arm': retentionDays } },
    },
    database_list: {
      native: { 'azure.arm': listType(DATABASE) },
      owner: serverOf,
      readings: { database_names: { 'azure.arm': databaseNames } },
    },
    ...lockParts(SERVER),
  },
  facts: {
    public_endpoint: (parts) => parts.read<boolean>('public_access') as FactState,
    encryption,
    tls_required: (parts) => parts.read<boolean>('tls') as FactState,
    backup_retention_days: backups,
    deletion_protected: deletionProtected,
  },
});
