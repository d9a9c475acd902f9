/** What the azurerm resources have in common. */
import type { Body, NativeResource } from '../../model/native.ts';
import { isGone, terraformOwner } from '../dialects/terraform.ts';
import type { OwnerRef } from '../mapping.ts';
import { type Because, derive, look, type Reader, unknown } from '../reader.ts';
import { ancestorOf, armName, isArmId } from './arm-id.ts';

/**
 * The owner that an attribute names: by reference in a plan that creates it, by ARM id or by name where it exists already.
 * `type` is the owner's ARM type, lower case; `attributes` are tried in order.
 */
export function azurermOwner(
  native: NativeResource,
  type: string,
  ...attributes: readonly string[]
): OwnerRef | undefined {
  for (const attribute of attributes) {
    const ref = terraformOwner(native, `/${attribute}`);
    if (ref === undefined || !('name' in ref) || !isArmId(ref.name)) {
      if (ref !== undefined) return ref;
      continue;
    }
    const owner = ancestorOf(ref.name, type);
    if (owner !== undefined) return { name: armName(owner) };
  }
  return undefined;
}

/**
 * Whether a nested block is there (`block { … }` is a list of one; an empty list is none). An unset computed block says nothing: the provider
 * may show what exists already, and a dynamic block looks the same.
 */
export const block = (pointer: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent') return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    if (!Array.isArray(found.value)) return unknown('invalid', found.at, 'expected a block');
    return (found.value as readonly Body[]).length > 0 ? { state: 'known', value: true, at: found.at } : undefined;
  });

/** The reading of an attribute, unless the plan deletes the separate resource of this type that set it. */
export const unlessGone = <V>(satellite: string, attribute: string, read: Reader<V>): Reader<V> =>
  derive<V>((native) =>
    isGone(native, satellite, attribute)
      ? unknown('unresolved', native.pointer, `the plan deletes its ${satellite}`)
      : read(native),
  );

/** True if the pointer is a computed block or attribute that the configuration does not set. */
export function isUnset(native: NativeResource, pointer: string): boolean {
  const found = look(native, pointer);
  return found.is === 'unresolved' && found.unset === true;
}

/** Whose key it is, by the block of the resource itself or by the separate resource of this type that may stand beside it. */
export const keyBlock = (satellite: string, absent: Because): Reader<'customer_key' | 'provider_key'> =>
  unlessGone(
    satellite,
    'customer_managed_key',
    block('/customer_managed_key')
      .map((there) => (there ? 'customer_key' : 'provider_key'))
      .orDefault('provider_key', absent),
  );
