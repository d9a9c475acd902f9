/**
 * What the PostgreSQL and the MySQL flexible server have in common: both are one database server with one network, one
 * key, one backup policy, and server configurations that arrive alone.
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import type { NativeResource } from '../../model/native.ts';
import { defineMapping, type FactFrom, type Mapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, type Because, derive, look, type Reader, unknown } from '../reader.ts';
import { ancestorOf, armName, hasHole } from './arm-id.ts';
import { deletionProtected, lockParts } from './locks.ts';
import { settle, valueOf, withValue } from '../certainty.ts';
import { isAllThereIs, notSeen } from './seen.ts';
import { azurermOwner, block } from './terraform.ts';

/** What differs between the two. */
export interface FlexibleServer {
  readonly id: string;
  readonly title: string;
  /** The ARM type, lower case, and the azurerm resources. */
  readonly type: string;
  readonly azurerm: string;
  readonly azurermConfiguration: string;
  readonly azurermConfigurationOwner: readonly string[];
  /** Where each dialect says that the public network may reach it. */
  readonly access: { readonly arm: readonly string[]; readonly azurerm: readonly string[] };
  readonly subnet: readonly string[];
  readonly docs: {
    readonly network: Because;
    readonly encryption: Because;
    readonly tls: Because;
    readonly backups: Because;
  };
}

const ACCESS = { Enabled: true, Disabled: false, true: true, false: false } as const;
const SECURE_TRANSPORT = 'require_secure_transport';
const SWITCH = { on: true, '1': true, true: true, off: false, '0': false, false: false } as const;

/** What is known of a text: the rest stands in braces. */
function withoutHoles(text: string): string {
  const less = text.replaceAll(/\{[^{}]*\}/g, '');
  return less === text ? text : withoutHoles(less);
}

/** A subnet, whatever its id will be: a template writes that it is one, or a plan refers to nothing else. */
const isSubnet = ({ refs, detail }: { readonly refs: readonly string[]; readonly detail: string }): boolean =>
  withoutHoles(detail).includes('/subnets/') ||
  (refs.length > 0 && refs.every((ref) => /(?:^|\.)azurerm_(?:subnet|virtual_network)\./.test(ref)));

/** A server inside a subnet has no public endpoint; any other has one, unless its public access is off. */
function publicEndpoint(
  subnets: readonly string[],
  accesses: readonly string[],
  open: Because | undefined,
): Reader<boolean> {
  return derive<boolean>((native) => {
    const access = at(...accesses).oneOf<boolean>(ACCESS)(native);
    for (const pointer of subnets) {
      const subnet = look(native, pointer);
      if (subnet.is === 'denied') return unknown('denied', subnet.at);
      // A reference to a subnet that the same plan creates is a subnet; an unset one is none.
      const set = subnet.is === 'value' ? subnet.value !== '' : subnet.is === 'unresolved' && subnet.unset !== true;
      if (!set) continue;
      if (subnet.is === 'unresolved' && !isSubnet(subnet))
        return valueOf(access) === false && access !== undefined
          ? access
          : unknown('unresolved', subnet.at, subnet.detail);
      return valueOf(access) === true
        ? unknown('invalid', subnet.at, 'a server in a subnet that says it is reached from the public network')
        : { state: 'known', value: false, at: subnet.at };
    }
    if (access !== undefined) return access;
    return open === undefined ? undefined : { state: 'default', value: true, ...open };
  });
}

/** True while the value of a configuration is not in force. MySQL writes it as a text. */
const waitsForRestart = at('/properties/isConfigPendingRestart').bool();

/**
 * The value of the configuration that makes TLS a must. A document of another configuration says nothing of it; one whose
 * name is not known may be it. One that waits for a restart is not in force yet.
 */
const secureTransport = (value: string, name: (native: NativeResource) => string | undefined): Reader<boolean> =>
  derive<boolean>((native) => {
    const named = name(native)?.toLowerCase();
    if (named === undefined) return unknown('unresolved', native.pointer, 'the name of a server configuration');
    if (named !== SECURE_TRANSPORT) return undefined;
    const waits = waitsForRestart(native);
    return waits?.state === 'known' && waits.value
      ? unknown('not_collected', waits.at, 'the configuration is not in force before the server restarts')
      : at(value).oneOf<boolean>(SWITCH)(native);
  });
const armConfiguration = (native: NativeResource): string | undefined => {
  const name = armName(native.id);
  return hasHole(name) ? undefined : name;
};
const azurermConfiguration = (native: NativeResource): string | undefined => {
  const name = look(native, '/name');
  return name.is === 'value' && typeof name.value === 'string' ? name.value : undefined;
};

/**
 * True for a server that is made from another one (a replica, a restored backup): what is not written is that one's.
 * https://learn.microsoft.com/azure/mysql/flexible-server/concepts-read-replicas and
 * …/postgresql/read-replica/concepts-read-replicas (read 2026-11-25)
 */
const madeFromAnother = (mode: string): Reader<boolean> =>
  derive<boolean>((native) => {
    if (native.creates !== true) return undefined;
    const got = at(mode).string()(native);
    if (got === undefined || got.state === 'unknown') return got;
    return ['default', 'create', ''].includes(got.value.toLowerCase()) ? undefined : withValue(got, true);
  });

/** The fact, unless it is a default that the server has only where it is not made from another one. */
const unlessInherited =
  (fact: FactFrom): FactFrom =>
  (parts) => {
    const state = fact(parts);
    const other = parts.get<boolean>('made_from_another');
    if (other === undefined || state.state !== 'default') return state;
    return other.state === 'unknown' ? other : notSeen('the server that it is made from was not seen');
  };

/** Defines the mapping of a flexible server. */
export function flexibleServer(server: FlexibleServer): Mapping {
  const { type, docs } = server;
  const configuration = `${type}/configurations`;
  const owner = (native: NativeResource): OwnerRef | undefined => {
    if (native.dialect === 'terraform') return azurermOwner(native, type, ...server.azurermConfigurationOwner);
    const id = ancestorOf(native.id, type);
    return id === undefined ? undefined : { id };
  };
  const keyType = at('/properties/dataEncryption/type').oneOf({
    SystemManaged: 'provider_key',
    AzureKeyVault: 'customer_key',
  });
  const days = at('/properties/backup/backupRetentionDays', '/properties/storageProfile/backupRetentionDays').int();
  const subnets = server.subnet.map((s) => `/properties${s}`);
  const accesses = server.access.arm.map((s) => `/properties${s}`);
  const transport = secureTransport('/properties/value', armConfiguration);

  function tlsRequired(parts: Parts): FactState {
    const readings = parts.all('configuration').flatMap((part) => part.readings['secure_transport'] ?? []);
    const reading = readings.find((r) => r.state !== 'unknown') ?? readings[0];
    if (reading !== undefined) return settle(reading.state === 'unknown' ? false : reading.value === true, reading);
    return isAllThereIs(parts)
      ? { state: 'default', value: true, ...docs.tls }
      : notSeen(`the server configuration ${SECURE_TRANSPORT} was not read`);
  }

  return defineMapping(server.id, {
    cloud: 'azure',
    kind: sqlDatabase,
    title: server.title,
    parts: {
      server: {
        native: { 'azure.arm': type, 'azure.notification': type, terraform: server.azurerm },
        readings: {
          public_endpoint: {
            'azure.arm': publicEndpoint(subnets, accesses, docs.network),
            'azure.notification': publicEndpoint(subnets, accesses, undefined),
            terraform: publicEndpoint(['/delegated_subnet_id'], server.access.azurerm, docs.network),
          },
          key: {
            'azure.arm': keyType.orDefault('provider_key', docs.encryption),
            'azure.notification': keyType,
            terraform: block('/customer_managed_key')
              .map((there) => (there ? 'customer_key' : 'provider_key'))
              .orDefault('provider_key', docs.encryption),
          },
          made_from_another: {
            'azure.arm': madeFromAnother('/properties/createMode'),
            terraform: madeFromAnother('/create_mode'),
          },
          retention_days: {
            'azure.arm': days.orDefault(7, docs.backups),
            'azure.notification': days,
            terraform: at('/backup_retention_days').int().orDefault(7, docs.backups),
          },
        },
      },
      configuration: {
        native: {
          'azure.arm': configuration,

          terraform: server.azurermConfiguration,
        },
        owner,
        multiple: true,
        readings: {
          secure_transport: {
            'azure.arm': transport,

            terraform: secureTransport('/value', azurermConfiguration),
          },
        },
      },
      ...lockParts(type),
    },
    facts: {
      public_endpoint: unlessInherited((parts) => parts.read<boolean>('public_endpoint')),
      encryption: unlessInherited((parts) => parts.read<string>('key')),
      tls_required: unlessInherited(tlsRequired),
      backup_retention_days: unlessInherited((parts) => parts.read<number>('retention_days')),
      deletion_protected: deletionProtected,
    },
  });
}
