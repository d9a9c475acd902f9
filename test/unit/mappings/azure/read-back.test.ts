import { describe, expect, test } from 'vitest';
import { nativeTypes } from '../../../../shared/mappings/assemble.ts';
import { armType } from '../../../../shared/mappings/azure/arm-id.ts';
import {
  type ReadBackChild,
  readBackOwner,
  readBackPlan,
  readBackPlans,
} from '../../../../shared/mappings/azure/read-back.ts';
import { mappings, registry } from '../../../../shared/mappings/registry.ts';

const ROOT = '/subscriptions/s/resourceGroups/rg/providers';
/** An id of a type: names are made up. */
const idOf = (type: string): string => {
  const [namespace, ...types] = type.split('/');
  return `${ROOT}/${namespace}/${types.map((t) => `${t}/x`).join('/')}`;
};
const walk = (
  children: readonly ReadBackChild[],
  at: string,
): readonly { readonly child: ReadBackChild; readonly id: string }[] =>
  children.flatMap((child) => {
    const id = at + child.path;
    return [{ child, id }, ...walk(child.each ?? [], `${id}/x`)];
  });

describe('what is read back', () => {
  const mains = mappings.flatMap((m) => {
    const [main] = Object.values(m.parts);
    return main === undefined ? [] : nativeTypes(main, 'azure.arm').map((type) => ({ mapping: m.id, type }));
  });

  test('has a plan for each type that is mapped, and for no other', () => {
    expect(Object.keys(readBackPlans).sort()).toEqual(mains.map((m) => m.type).sort());
  });

  test.each(Object.keys(readBackPlans))(
    '%s: each child is of the type that the plan says, and a part of the mapping',
    (type) => {
      const all = walk(readBackPlan(type)?.children ?? [], idOf(type));
      for (const { child, id } of all) {
        expect(armType(child.list ? `${id}/x` : id)).toBe(child.part);
        expect(registry.candidates('azure.arm', child.part).length).toBeGreaterThan(0);
        if (child.list) expect(registry.candidates('azure.arm', `${child.part}#list`).length).toBeGreaterThan(0);
        expect(child.apiVersion).toMatch(/^\d{4}-\d\d-\d\d(-preview)?$/);
      }
    },
  );

  test('is the resource that an event of a part is about', () => {
    const account = idOf('microsoft.storage/storageaccounts').toLowerCase();
    for (const path of [
      '',
      '/blobServices/default',
      '/blobServices/default/containers/a',
      '/blobServices/default/providers/Microsoft.Insights/diagnosticSettings/d',
    ]) {
      expect(readBackOwner(account + path)).toEqual({ id: account, type: 'microsoft.storage/storageaccounts' });
    }
    const endpoint = idOf('microsoft.machinelearningservices/workspaces/onlineendpoints').toLowerCase();
    expect(readBackOwner(endpoint)?.id).toBe(endpoint);
    expect(readBackOwner('/subscriptions/s/resourceGroups/rg')).toBeUndefined();
    expect(readBackPlan('Microsoft.Sql/SERVERS')).toBe(readBackPlans['microsoft.sql/servers']);
    expect(readBackPlan('constructor')).toBeUndefined();
  });
});
