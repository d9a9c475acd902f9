/**
 * Cloud SQL instance. https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1beta4/instances (read 2026-11-25)
 *
 * A read replica has neither backups of its own nor, in a plan, a key of its own: it takes both from its primary.
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import { terraformOwner } from '../dialects/terraform.ts';
import { defineMapping, is, type Mapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, derive, look, type Read, type Reader, unknown } from '../reader.ts';
import { customerKey } from './kms-key.ts';

const INSTANCES = 'https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1beta4/instances';
const read = (because: string) => ({ because, on: '2026-11-25' }) as const;
/** How many backups are kept by default depends on the edition. */
const DAYS_BY_DEFAULT = { ENTERPRISE: 7, ENTERPRISE_PLUS: 15, EDITION_UNSPECIFIED: 7 } as const;

/** Settings come from elsewhere where the document has none: from the source of a clone, from outside Google Cloud. */
const within = <V>(settings: string, reader: Read<V>): Reader<V> =>
  derive<V>((native) => {
    const found = look(native, settings);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    return found.is === 'value' ? reader(native) : unknown('not_collected', found.at, 'the instance shows no settings');
  });

/** The addresses that the instance has, by type. `PRIMARY` is the public one that takes connections. */
const hasPublicAddress: Reader<boolean> = derive<boolean>((native) => {
  const found = look(native, '/ipAddresses');
  if (found.is !== 'value' || !Array.isArray(found.value) || found.value.length === 0) return undefined;
  for (const [i, address] of (found.value as readonly Body[]).entries()) {
    const type = isObject(address) ? address.type : undefined;
    if (typeof type !== 'string') return unknown('invalid', `${found.at}/${i}/type`, 'an address has a type');
    if (type === 'PRIMARY') return { state: 'known', value: true, at: `${found.at}/${i}/type` };
  }
  return { state: 'known', value: false, at: found.at };
});

/** The switch, and the addresses where they are shown; while the two contradict each other it is changing. */
const publicAddress = (pointer: string): Reader<boolean> => {
  const enabled = at(pointer).bool();
  return derive<boolean>((native) => {
    const [said, seen] = [enabled(native), hasPublicAddress(native)];
    if (said === undefined || seen === undefined || said.state === 'unknown') return said ?? seen;
    if (seen.state === 'unknown') return seen;
    return said.value === seen.value
      ? said
      : unknown('invalid', said.state === 'known' ? said.at : undefined, 'the addresses say otherwise');
  }).orDefault(true, read('https://cloud.google.com/sql/docs/mysql/configure-ip'));
};

/** `sslMode` has priority over the older `requireSsl`. */
const requiresTls = (settings: string, mode: string, require: string): Reader<boolean> => {
  const sslMode = at(`${settings}${mode}`).oneOf({
    ENCRYPTED_ONLY: 'required',
    TRUSTED_CLIENT_CERTIFICATE_REQUIRED: 'required',
    ALLOW_UNENCRYPTED_AND_ENCRYPTED: 'optional',
    SSL_MODE_UNSPECIFIED: 'unsaid',
  });
  const requireSsl = at(`${settings}${require}`).bool();
  const because = read(`${INSTANCES}#ipconfiguration`);
  return derive<boolean>((native) => {
    const [newer, older] = [sslMode(native), requireSsl(native)];
    if (newer !== undefined && newer.state === 'unknown') return newer;
    if (newer?.state === 'known' && newer.value !== 'unsaid') {
      const value = newer.value === 'required';
      // The one pair that the API refuses; where it is seen all the same, the priority is what decides.
      if (!value && older?.state === 'known' && older.value) {
        return {
          state: 'assumed',
          value,
          because: `sslMode has priority over requireSsl: ${because.because}`,
          at: newer.at,
        };
      }
      return { state: 'known', value, at: newer.at };
    }
    if (older === undefined) return undefined;
    if (older.state !== 'known' || older.value) return older;
    return { state: 'default', value: false, at: older.at, ...because };
  }).orDefault(false, because);
};

/**
 * Where connectors are enforced, all other connections are rejected, and a connector always connects by TLS.
 * https://docs.cloud.google.com/ruby/docs/reference/google-cloud-sql-v1/latest/Google-Cloud-Sql-V1-Settings-ConnectorEnforcement
 * (read 2026-11-25)
 */
const orByConnectors = (enforcement: string, directly: Read<boolean>): Reader<boolean> => {
  const enforced = at(enforcement).oneOf({
    REQUIRED: true,
    NOT_REQUIRED: false,
    CONNECTOR_ENFORCEMENT_UNSPECIFIED: false,
  });
  return derive<boolean>((native) => {
    const [direct, only] = [directly(native), enforced(native)];
    if (only === undefined || direct === undefined || (direct.state !== 'unknown' && direct.value)) return direct;
    if (only.state === 'unknown') return only;
    return only.value
      ? { state: 'default', value: true, ...read('https://cloud.google.com/sql/docs/mysql/language-connectors') }
      : direct;
  });
};

/** Automated backups are daily, so that the number that is kept is the number of days. */
const backupDays = (settings: string, names: Names): Reader<number> => {
  const configuration = `${settings}/${names.configuration}`;
  const enabled = at(`${configuration}/enabled`)
    .bool()
    .orDefault(false, read(`${INSTANCES}#backupconfiguration`));
  const tier = at(`${configuration}/${names.tier}`).string();
  const unit = at(`${configuration}/${names.retention}/${names.unit}`).string();
  const kept = at(`${configuration}/${names.retention}/${names.kept}`)
    .int()
    .or((native) => {
      const edition = at(`${settings}/edition`).oneOf<number>(DAYS_BY_DEFAULT)(native);
      if (edition?.state === 'unknown') return edition;
      const value = edition?.value ?? DAYS_BY_DEFAULT.ENTERPRISE;
      return { state: 'default', value, ...read('https://cloud.google.com/sql/docs/mysql/backup-recovery/backups') };
    });
  return derive<number>((native) => {
    const on = enabled(native);
    if (on === undefined || on.state === 'unknown') return on;
    const said = tier(native);
    if (said?.state === 'unknown') return said;
    // `ADVANCED` is the former name.
    if (said?.state === 'known' && ['ENHANCED', 'ADVANCED'].includes(said.value)) {
      return unknown('not_collected', said.at, 'a backup plan of Backup and DR keeps the backups; it was not seen');
    }
    if (!on.value) return { ...on, value: 0 };
    const counted = unit(native);
    if (counted?.state === 'unknown') return counted;
    if (counted?.state === 'known' && !['COUNT', 'RETENTION_UNIT_UNSPECIFIED'].includes(counted.value)) {
      return unknown('invalid', counted.at, `backups are counted in ${counted.value}`);
    }
    return kept(native);
  });
};
interface Names {
  readonly configuration: string;
  readonly tier: string;
  readonly retention: string;
  readonly unit: string;
  readonly kept: string;
}
const CAI: Names = {
  configuration: 'backupConfiguration',
  tier: 'backupTier',
  retention: 'backupRetentionSettings',
  unit: 'retentionUnit',
  kept: 'retainedBackups',
};
const TERRAFORM: Names = {
  configuration: 'backup_configuration/0',
  tier: 'backup_tier',
  retention: 'backup_retention_settings/0',
  unit: 'retention_unit',
  kept: 'retained_backups',
};

/** The primary of a read replica: `project:instance`, or the name of an instance of the same project. */
function primaryOf(native: NativeResource): OwnerRef | undefined {
  if (native.dialect === 'terraform') return terraformOwner(native, '/master_instance_name');
  const found = look(native, '/masterInstanceName');
  if (found.is !== 'value' || typeof found.value !== 'string' || found.value === '') return undefined;
  const name = found.value.slice(found.value.lastIndexOf(':') + 1);
  return { id: `${native.id.slice(0, native.id.lastIndexOf('/') + 1)}${name}` };
}

const NOT_SEEN: FactState = {
  state: 'unknown',
  why: 'not_collected',
  detail: 'the primary of the replica was not seen',
};
const fromPrimary = (state: FactState): FactState =>
  state.state === 'known' || state.state === 'unknown' ? { ...state, part: 'primary' } : state;
const isReplica = (parts: Parts): boolean => parts.depends('primary');

/** The key of the instance; a replica that a plan creates has its primary's unless it names one. */
function encryption(parts: Parts): FactState {
  const own = parts.get('own_key');
  if (own !== undefined) return own;
  if (parts.dialect === undefined) return parts.read('own_key');
  if (isReplica(parts) && parts.dialect === 'terraform') {
    const primary = parts.dependency('primary');
    return primary === undefined ? NOT_SEEN : fromPrimary(encryption(primary));
  }
  return { state: 'default', value: 'provider_key', ...read('https://cloud.google.com/sql/docs/mysql/cmek') };
}

/** For how long the data of the instance is backed up: a replica's with its primary's. */
function backupRetention(parts: Parts): FactState {
  if (!isReplica(parts)) return parts.read('own_backup_days');
  const primary = parts.dependency('primary');
  return primary === undefined ? NOT_SEEN : fromPrimary(backupRetention(primary));
}

/**
 * The request that makes a clone names no key: only its source tells.
 * https://cloud.google.com/sql/docs/mysql/admin-api/rest/v1beta4/instances/clone (read 2026-11-25)
 */
const ofSource: Read<string> = (native) => {
  const clone = look(native, '/clone/0');
  return clone.is === 'absent' ? undefined : unknown('not_collected', clone.at, 'the source of the clone was not seen');
};

/** An instance that only stands for a server outside Google Cloud stores nothing. */
const stored = <V>(reader: Read<V>): Reader<V> =>
  derive<V>((native) => {
    const type = look(native, '/instanceType');
    return type.is === 'value' && type.value === 'ON_PREMISES_INSTANCE'
      ? unknown('not_collected', type.at, 'the server is outside Google Cloud')
      : reader(native);
  });

/** Cloud SQL instance. */
export const sqlInstance: Mapping = defineMapping('gcp/sql-instance', {
  cloud: 'gcp',
  kind: sqlDatabase,
  title: 'Cloud SQL instance',
  parts: {
    instance: {
      native: { 'gcp.cai': 'sqladmin.googleapis.com/Instance', terraform: 'google_sql_database_instance' },
      readings: {
        own_backup_days: {
          'gcp.cai': within('/settings', backupDays('/settings', CAI)),
          terraform: within('/settings/0', backupDays('/settings/0', TERRAFORM)),
        },
        own_key: {
          'gcp.cai': stored(customerKey('/diskEncryptionConfiguration/kmsKeyName')),
          terraform: customerKey('/encryption_key_name').or(ofSource),
        },
      },
    },
  },
  dependsOn: { primary: { mapping: 'gcp/sql-instance', on: primaryOf } },
  facts: {
    public_endpoint: is({
      'gcp.cai': within('/settings', publicAddress('/settings/ipConfiguration/ipv4Enabled')),
      terraform: within('/settings/0', publicAddress('/settings/0/ip_configuration/0/ipv4_enabled')),
    }),
    encryption,
    tls_required: is({
      'gcp.cai': within(
        '/settings',
        orByConnectors(
          '/settings/connectorEnforcement',
          requiresTls('/settings/ipConfiguration', '/sslMode', '/requireSsl'),
        ),
      ),
      terraform: within(
        '/settings/0',
        orByConnectors(
          '/settings/0/connector_enforcement',
          requiresTls('/settings/0/ip_configuration/0', '/ssl_mode', '/require_ssl'),
        ),
      ),
    }),
    backup_retention_days: backupRetention,
    // The API's own guard; Terraform's `deletion_protection` only stops Terraform.
    deletion_protected: is({
      'gcp.cai': within(
        '/settings',
        at('/settings/deletionProtectionEnabled')
          .bool()
          .orDefault(false, read('https://cloud.google.com/sql/docs/mysql/deletion-protection')),
      ),
      terraform: within(
        '/settings/0',
        at('/settings/0/deletion_protection_enabled')
          .bool()
          .orDefault(false, read('https://cloud.google.com/sql/docs/mysql/deletion-protection')),
      ),
    }),
  },
});
