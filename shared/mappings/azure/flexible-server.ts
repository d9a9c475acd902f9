/**
 * What the PostgreSQL and the MySQL flexible server have in common: both are one database server with one network, one
 * key, one backup policy, and server configurations that arrive alone.
 */
import { sqlDatabase } from '../../kinds/sql-database.ts';
import type { FactState } from '../../model/fact.ts';
import type { NativeResource } from '../../model/native.ts';
import { defineMapping, type Mapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, type Because, derive, look, type Reader, unknown } from '../reader.ts';
import { ancestorOf, armName } from './arm-id.ts';
import { deletionProtected, lockParts } from './locks.ts';
import { settle, valueOf } from '../certainty.ts';
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

/** The value of the configuration that makes TLS a must; a document of another configuration says nothing of it. */
const secureTransport = (value: string, name: (native: NativeResource) => string | undefined): Reader<boolean> =>
  derive<boolean>((native) =>
    name(native)?.toLowerCase() === SECURE_TRANSPORT ? at(value).oneOf<boolean>(SWITCH)(native) : undefined,
  );
const azurermName = (native: NativeResource): string | undefined => {
  const name = look(native, '/name');
  return name.is === 'value' && typeof name.value === 'string' ? name.value : undefined;
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
  const transport = secureTransport('/properties/value', (native) => armName(native.id));

  function tlsRequired(parts: Parts): FactState {
    for (const part of parts.all('configuration')) {
      const reading = part.readings['secure_transport'];
      if (reading !== undefined) return settle(reading.state === 'unknown' ? false : reading.value === true, reading);
    }
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

            terraform: secureTransport('/value', azurermName),
          },
        },
      },
      ...lockParts(type),
    },
    facts: {
      public_endpoint: (parts) => parts.read<boolean>('public_endpoint') as FactState,
      encryption: (parts) => parts.read<string>('key') as FactState,
      tls_required: tlsRequired,
      backup_retention_days: (parts) => parts.read<number>('retention_days') as FactState,
      deletion_protected: deletionProtected,
    },
  });
}
