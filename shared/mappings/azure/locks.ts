/**
 * Management locks: with a `CanNotDelete` or `ReadOnly` lock a resource is not deleted by one call; the lock has to go first.
 * A lock of the resource group or subscription protects as well and is seen by neither the resource nor its own list of
 * locks, so in live data that none was seen decides nothing; in a plan or template it may protect any resource.
 * https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources (read 2026-11-25)
 */
import type { FactState } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { listType } from '../dialects/arm.ts';
import type { OwnerRef, Part, Parts } from '../mapping.ts';
import { at, derive, look, type Reading, unknown } from '../reader.ts';
import { ancestorOf, isHole, scopeOf } from './arm-id.ts';
import { settle, valueOf } from '../certainty.ts';
import { isAllThereIs, notSeen, sinceList } from './seen.ts';
import { azurermOwner } from './terraform.ts';

const LOCK = 'microsoft.authorization/locks';
const LEVELS = { CanNotDelete: true, ReadOnly: true, NotSpecified: false } as const;

const level = at('/properties/level').oneOf<boolean>(LEVELS);
const azurermLevel = at('/lock_level').oneOf<boolean>(LEVELS);

/**
 * Whether one of a list of locks holds deletion up. The list of a resource has the locks of what lies above it, which it
 * inherits, and also those of what lies below it (a database of a server), which only hold that up.
 * https://learn.microsoft.com/rest/api/resources/management-locks/list-at-resource-level (read 2026-11-25)
 */
const listed = derive<boolean>((native): Reading<boolean> => {
  const found = look(native, '/value');
  if (found.is !== 'value' || !Array.isArray(found.value)) {
    return unknown(found.is === 'denied' ? 'denied' : 'not_collected', found.at);
  }
  const resource = `${scopeOf(native.id) ?? ''}/`;
  for (const [i, body] of (found.value as readonly Body[]).entries()) {
    if (body instanceof Unresolved) return unknown('unresolved', found.at, body.detail);
    const pointer = `${native.pointer}/value/${i}`;
    const id = look({ ...native, body, pointer }, '/id');
    const scope = id.is === 'value' && typeof id.value === 'string' ? scopeOf(id.value) : undefined;
    if (scope === undefined) return unknown('invalid', pointer, 'a lock does not say what it is on');
    if (!resource.startsWith(`${scope}/`)) continue;
    const got = level({ ...native, body, pointer });
    if (got === undefined || got.state === 'unknown') return got ?? unknown('invalid', pointer);
    if (got.value) return got;
  }
  return { state: 'known', value: false, at: found.at };
});

/** The references to what lies above resources: groups and subscriptions. */
const ABOVE = /(?:^|\.)azurerm_(?:resource_group|subscription)\./;
/** The id of a resource group or a subscription. */
const isAbove = (scope: ReturnType<typeof look>): boolean =>
  scope.is === 'value' &&
  typeof scope.value === 'string' &&
  /^\/subscriptions\/[^/]+(?:\/resourcegroups\/[^/]+)?\/?$/i.test(scope.value);

/** The parts that show locks on a resource of `type` itself. */
export function lockParts(type: string): { readonly [part: string]: Part } {
  const owner = (native: NativeResource): OwnerRef | undefined => {
    const protects: OwnerRef = { refs: [], open: true };
    if (native.dialect === 'terraform') {
      const named = azurermOwner(native, type, 'scope');
      if (named === undefined) return isAbove(look(native, '/scope')) ? protects : undefined;
      return 'refs' in named && named.refs.every((ref) => ABOVE.test(ref)) ? protects : named;
    }
    const scope = scopeOf(native.id);
    // Of a template's own resource group, or of something that the template does not name.
    if (native.creates === true && (scope === undefined || isHole(scope))) return protects;
    const id = ancestorOf(native.id, type);
    return id !== undefined && scope === id ? { id } : undefined;
  };
  return {
    lock: {
      native: { 'azure.arm': LOCK, terraform: 'azurerm_management_lock' },
      owner,
      multiple: true,
      readings: { lock_holds: { 'azure.arm': level, terraform: azurermLevel } },
    },
    lock_list: {
      native: { 'azure.arm': listType(LOCK) },
      owner,
      readings: { locks: { 'azure.arm': listed } },
    },
  };
}

/** Whether a lock holds deletion up. */
export function deletionProtected(parts: Parts): FactState {
  const readings = sinceList(parts, 'lock', 'lock_list').map(
    (p) => p.readings['lock_holds'] as Reading<boolean> | undefined,
  );
  const list = parts.get<boolean>('locks');
  const holding = [...readings, list].find((r) => valueOf(r) === true);
  if (holding !== undefined) return settle(true, holding);
  const open = readings.find((r) => r?.state === 'unknown');
  if (open !== undefined) return open;
  if (!isAllThereIs(parts)) return notSeen('no lock was seen; one of the resource group or subscription may hold');
  const because = 'https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources';
  return { state: 'default', value: false, because, on: '2026-11-25' };
}
