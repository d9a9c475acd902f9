/**
 * Diagnostic settings: which resource logs of a resource are sent somewhere. They attach to many types, so this is what
 * the mappings share; each says which categories amount to "logged".
 * https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings (read 2026-11-25)
 */
import type { FactState } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { listType } from '../dialects/arm.ts';
import type { OwnerRef, Part, Parts } from '../mapping.ts';
import { derive, look, type Reader, type Reading, unknown } from '../reader.ts';
import { ancestorOf, isHole, scopeOf } from './arm-id.ts';
import { settle } from '../certainty.ts';
import { isAllThereIs, notSeen, scalarText, sinceList } from './seen.ts';
import { azurermOwner } from './terraform.ts';

const NOT_COLLECTED_BY_DEFAULT = {
  because: 'https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings',
  on: '2026-11-25',
};

/** A nested value as a native of its own, so that names are compared as its dialect compares them. */
const within = (native: NativeResource, pointer: string, body: Body): NativeResource => ({
  ...native,
  body,
  pointer: native.pointer + pointer,
});

/**
 * The enabled log categories of one setting, lower case; a category group as `group:<name>`. `flag` is the property that
 * switches an entry on; where it is absent an entry counts as on only if `on` says so.
 */
function categories(
  native: NativeResource,
  pointer: string,
  group: string,
  flag: string,
  on: boolean,
): Reading<string[]> | undefined {
  const found = look(native, pointer);
  if (found.is === 'absent') return undefined;
  if (found.is === 'denied') return unknown('denied', found.at);
  if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
  if (!Array.isArray(found.value)) return unknown('invalid', found.at, 'expected a list of logs');
  const names: string[] = [];
  for (const [i, entry] of (found.value as readonly Body[]).entries()) {
    if (entry instanceof Unresolved) return unknown('unresolved', found.at, entry.detail);
    const one = within(native, `${pointer}/${i}`, entry);
    const enabled = look(one, `/${flag}`);
    const category = look(one, '/category');
    const groupName = look(one, `/${group}`);
    if ([enabled, category, groupName].some((f) => f.is === 'unresolved')) return unknown('unresolved', found.at);
    const isOn = enabled.is === 'value' ? ['true', '1'].includes(scalarText(enabled.value).toLowerCase()) : on;
    if (!isOn) continue;
    if (category.is === 'value' && typeof category.value === 'string' && category.value !== '') {
      names.push(category.value.toLowerCase());
    } else if (groupName.is === 'value' && typeof groupName.value === 'string') {
      names.push(`group:${groupName.value.toLowerCase()}`);
    }
  }
  return { state: 'known', value: names, at: found.at };
}

const armCategories = (native: NativeResource): Reading<string[]> =>
  categories(native, '/properties/logs', 'categoryGroup', 'enabled', false) ?? {
    state: 'default',
    value: [],
    ...NOT_COLLECTED_BY_DEFAULT,
  };

/** What all settings in a whole list switch on together. */
const listedCategories: Reader<string[]> = derive<string[]>((native) => {
  const found = look(native, '/value');
  if (found.is !== 'value' || !Array.isArray(found.value)) {
    return unknown(found.is === 'denied' ? 'denied' : 'not_collected', found.at);
  }
  const names = new Set<string>();
  for (const [i, setting] of (found.value as readonly Body[]).entries()) {
    const got = armCategories(within(native, `/value/${i}`, setting));
    if (got.state === 'unknown') return got;
    for (const name of got.value) names.add(name);
  }
  return { state: 'known', value: [...names].sort(), at: found.at };
});

/** `azurerm_monitor_diagnostic_setting`: `enabled_log` blocks; before version 4 `log` blocks with a flag. */
const azurermCategories: Reader<string[]> = derive<string[]>((native) => {
  const enabled = categories(native, '/enabled_log', 'category_group', 'enabled', true);
  const old = categories(native, '/log', 'category_group', 'enabled', true);
  if (enabled?.state === 'unknown' || enabled === undefined)
    return old ?? enabled ?? { state: 'default', value: [], ...NOT_COLLECTED_BY_DEFAULT };
  if (old === undefined || old.state === 'unknown') return enabled;
  return { ...enabled, value: [...enabled.value, ...old.value] };
});

/**
 * The target of an azurerm setting that can be told apart: `whole` the resource itself, `child` something below it, and
 * unknown where the plan does not show the id (a reference alone does not say which service of an account it means).
 */
const azurermTarget = (below: string): Reader<boolean> =>
  derive<boolean>((native) => {
    const found = look(native, '/target_resource_id');
    if (found.is === 'unresolved') {
      return below === ''
        ? { state: 'known', value: true, at: found.at }
        : unknown('unresolved', found.at, 'the plan does not show which service it logs');
    }
    if (found.is !== 'value' || typeof found.value !== 'string') return unknown('invalid', found.at);
    return { state: 'known', value: found.value.toLowerCase().replace(/\/+$/, '').endsWith(below), at: found.at };
  });

/**
 * The parts that show diagnostic settings of a resource of `type`; `below` is the child that they must be set on
 * (`/blobservices/default`), `''` for the resource itself.
 */
export function diagnosticParts(type: string, below = ''): { readonly [part: string]: Part } {
  const owner = (native: NativeResource): OwnerRef | undefined => {
    if (native.dialect === 'terraform') return azurermOwner(native, type, 'target_resource_id');
    const scope = scopeOf(native.id);
    if (scope !== undefined && isHole(scope)) return { refs: [], open: true };
    const id = ancestorOf(native.id, type);
    return id !== undefined && scope === id + below ? { id } : undefined;
  };
  return {
    diagnostics: {
      native: {
        'azure.arm': 'microsoft.insights/diagnosticsettings',
        terraform: 'azurerm_monitor_diagnostic_setting',
      },
      owner,
      multiple: true,
      readings: {
        log_categories: {
          'azure.arm': derive(armCategories),
          terraform: azurermCategories,
        },
        log_target: { terraform: azurermTarget(below) },
      },
    },
    diagnostics_list: {
      native: { 'azure.arm': listType('microsoft.insights/diagnosticsettings') },
      owner,
      readings: { all_log_categories: { 'azure.arm': listedCategories } },
    },
  };
}

/**
 * Whether all of these log categories are collected. `allLogs` stands for every category; what another group (`audit`)
 * holds is not documented per service, so it may decide nothing but leaves the answer open.
 */
export function collected(parts: Parts, required: readonly string[]): FactState {
  const list = parts.get<string[]>('all_log_categories');
  const settings = sinceList(parts, 'diagnostics', 'diagnostics_list').filter(
    (p) => !(p.readings['log_target']?.state === 'known' && p.readings['log_target'].value === false),
  );
  const readings: Reading<string[]>[] = [];
  let open: Reading<never> | undefined;
  const take = (reading: Reading<string[]> | undefined) => {
    if (reading === undefined || reading.state === 'unknown') {
      open ??= reading ?? notSeen('a diagnostic setting does not show its logs');
    } else readings.push(reading);
  };
  for (const setting of settings) {
    const target = setting.readings['log_target'];
    take(target?.state === 'unknown' ? target : (setting.readings['log_categories'] as Reading<string[]> | undefined));
  }
  if (list !== undefined) take(list);
  const got = new Set(readings.flatMap((r) => (r.state === 'unknown' ? [] : r.value)));
  const has = (name: string) => got.has('group:alllogs') || got.has(name.toLowerCase());
  const [first, ...others] = readings;
  if (first !== undefined && required.every(has)) return settle(true, first, ...others);
  if (open !== undefined) return open;
  if ([...got].some((name) => name.startsWith('group:') && name !== 'group:alllogs')) {
    return notSeen('what the category group holds is not documented');
  }
  if (list !== undefined) return settle(false, list, ...readings);
  if (isAllThereIs(parts)) {
    return first === undefined
      ? { state: 'default', value: false, ...NOT_COLLECTED_BY_DEFAULT }
      : settle(false, first, ...others);
  }
  return notSeen('the diagnostic settings were not read');
}
