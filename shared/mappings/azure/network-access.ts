/** Network access as many ARM types state it: a switch, and below it a firewall with addresses and subnets. */
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { parseCidr } from '../internet.ts';
import { type Because, derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { scalarText } from './seen.ts';
import { isUnset } from './terraform.ts';

/**
 * How far the network lets callers in: `public`, or `narrow` (private endpoints, chosen networks and addresses; a range
 * as wide as the internet narrows nothing).
 */
export type Reach = 'public' | 'narrow';

/** Where a type and dialect say it. A computed block that a plan does not set is assumed not to help. */
export interface NetworkAccessAt {
  /** `Enabled` / `Disabled` / `SecuredByPerimeter`, or a boolean. */
  readonly access: string;
  /** The block of the firewall, and in it the default action and the addresses. */
  readonly firewall: string;
  readonly action: string;
  readonly addresses: string;
  /** Where an address is an object: the property that holds it. */
  readonly address?: string;
  /** What it means that neither is set. */
  readonly open: Because;
}

/** The addresses in a list; `unresolved` if one of them cannot be known. */
function addressesAt(
  native: NativeResource,
  pointer: string,
  property: string | undefined,
): readonly string[] | 'unresolved' {
  const found = look(native, pointer);
  if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return [];
  if (found.is !== 'value' || !Array.isArray(found.value)) return 'unresolved';
  const values: string[] = [];
  for (const item of found.value as readonly Body[]) {
    const value = property === undefined ? item : at(native, item, property);
    if (typeof value !== 'string') return 'unresolved';
    values.push(value);
  }
  return values;
}

function at(native: NativeResource, body: Body, property: string): Body | undefined {
  if (body instanceof Unresolved) return body;
  const found = look({ ...native, body, pointer: '' }, `/${property}`);
  return found.is === 'value' ? found.value : undefined;
}

/** The reach that the firewall block alone leaves; undefined if it is not set. */
export function firewallReach(
  native: NativeResource,
  where: Omit<NetworkAccessAt, 'access' | 'open'>,
): Reading<Reach> | undefined {
  const action = look(native, where.firewall + where.action);
  if (action.is === 'absent') return undefined;
  if (action.is === 'denied') return unknown('denied', action.at);
  if (action.is === 'unresolved') return unknown('unresolved', action.at, action.detail);
  const said = scalarText(action.value).toLowerCase();
  if (said === 'allow') return { state: 'known', value: 'public', at: action.at };
  if (said !== 'deny') return unknown('invalid', action.at, 'expected Allow or Deny');
  const addresses = addressesAt(native, where.firewall + where.addresses, where.address);
  if (addresses === 'unresolved') return unknown('unresolved', action.at, 'the addresses that are let in');
  for (const address of addresses) {
    const cidr = parseCidr(address);
    if (cidr === undefined) return unknown('invalid', action.at, 'an address that is let in cannot be read');
    if (cidr.internet) return { state: 'known', value: 'public', at: action.at };
  }
  return { state: 'known', value: 'narrow', at: action.at };
}

/** What the switch alone leaves: `narrow` where it is off. */
export const accessReach = (where: Pick<NetworkAccessAt, 'access' | 'open'>): Reader<Reach> =>
  derive<Reach>((native) => {
    const access = look(native, where.access);
    if (access.is === 'denied') return unknown('denied', access.at);
    if (access.is === 'unresolved' && access.unset !== true) return unknown('unresolved', access.at, access.detail);
    const said = access.is === 'value' ? scalarText(access.value).toLowerCase() : 'enabled';
    if (said === 'disabled' || said === 'false' || said === '0')
      return { state: 'known', value: 'narrow', at: access.at };
    if (said === 'securedbyperimeter') {
      return unknown('not_collected', access.at, 'a network security perimeter decides, and its rules were not seen');
    }
    if (said !== 'enabled' && said !== 'true' && said !== '1') return unknown('invalid', access.at);
    return access.is === 'value'
      ? { state: 'known', value: 'public', at: access.at }
      : { state: 'default', value: 'public', ...where.open };
  });

/** Reads a type's reach. In a notification what is absent may only not be shown: unknown. */
export const reach = (where: NetworkAccessAt): Reader<Reach> =>
  derive<Reach>((native) => {
    const access = accessReach(where)(native);
    if (access === undefined || access.state === 'unknown' || access.value === 'narrow') return access;
    if (native.dialect === 'terraform' && isUnset(native, where.firewall.replace(/\/0$/, ''))) {
      return { state: 'assumed', value: 'public', because: 'the plan does not show network rules' };
    }
    const firewall = firewallReach(native, where);
    if (firewall !== undefined) {
      const open = firewall.state === 'known' && firewall.value === 'public' && access.state !== 'known';
      return open ? { state: 'default', value: 'public', ...where.open } : firewall;
    }
    if (native.dialect === 'azure.notification')
      return unknown('not_collected', undefined, 'the event may not show it');
    return { state: 'default', value: 'public', ...where.open };
  });
