/**
 * Every native example that a provider itself would send, through the stages of the service: each resource gets the facts
 * and the verdicts that `edict check` gives it, in whatever order its documents come, and its hot item is small.
 */
import { describe, expect, it } from 'vitest';
import { shippedEngine } from '../../cli/bundle.ts';
import { encode } from '../../shared/adapters/dynamodb/resource-item.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../shared/mappings/document.ts';
import type { DocumentForm } from '../../shared/mappings/form.ts';
import type { Json } from '../../shared/model/json.ts';
import type { NativeResource } from '../../shared/model/native.ts';
import { canonicalState, type ResourceState } from '../../shared/model/resource.ts';
import { jsonExamples } from '../support/examples.ts';
import { itemSize } from '../support/item-size.ts';
import { makeShippedService } from '../support/shipped-service.ts';
import { NOON } from '../support/world.ts';

const engine = shippedEngine();
const KEY = '2026-11-25T09:00:00.000Z';
const read = { orderKey: KEY };

/** What the provider would send: documents that say what is, and not what is intended. */
const live = jsonExamples().flatMap(({ file, document }) => {
  const form = forms.find((f) => f.detect(document));
  if (form === undefined) return [];
  let natives: readonly NativeResource[];
  try {
    natives = form.read(document, read);
  } catch {
    return [];
  }
  return natives.length > 0 && natives.every((n) => !n.complete && n.orderKey !== '')
    ? [{ file, form, document, natives }]
    : [];
});

/** One document in which the natives stand by themselves, for tests of their order. */
const single: DocumentForm = {
  id: 'single',
  title: 'One native resource',
  dialect: 'aws.config',
  detect: () => false,
  // The tests put a native resource in, which is JSON where nothing in it is unresolved.
  read: (document) => [document as unknown as NativeResource],
};

const canonical = (states: readonly ResourceState[]): readonly string[] => states.map(canonicalState).sort();

describe('native examples through the service', () => {
  it('are there, of every cloud', () => {
    expect(live.length).toBeGreaterThan(100);
    expect([...new Set(live.flatMap(({ natives }) => natives.map((n) => n.cloud)))].sort()).toEqual([
      'aws',
      'azure',
      'gcp',
    ]);
  });

  it.each(live)('$file', async ({ form, document, natives }) => {
    const service = makeShippedService({ forms: [single] });
    // Twice: a dependency that lies behind its dependent in the document is found the second time, as by the fan-out.
    await service.send(form.id, document);
    await service.send(form.id, document);
    expect([...service.quarantine.kept.values()]).toEqual([]);

    const states = new Map(service.resources.all().map((s) => [s.id, s]));
    for (const resource of mapDocument(natives).resources) {
      const state = states.get(resource.id);
      expect(state?.mapping).toBe(resource.mapping.id);
      expect(state?.deleted).toBe(resource.deleted);
      if (state === undefined || resource.deleted) continue;
      const evidence = await service.resources.evidence(state);
      expect(evidence).toEqual(resource.facts);
      const judged = engine.judge(resource.kind.id, resource.facts, NOON / 1000);
      expect(Object.entries(state.verdicts).map(([policy, v]) => [policy, v.verdict])).toEqual(
        judged.map((v) => [v.policy, v.verdict]),
      );
    }
  });

  it('hot items of ordinary resources are at most 4 KB', async () => {
    const sizes: number[] = [];
    for (const { form, document } of live) {
      const service = makeShippedService({ forms: [single] });
      await service.send(form.id, document);
      for (const state of service.resources.all()) {
        const evidence = (await service.resources.evidence(state)) ?? {};
        const { attributes } = encode({ state: { ...state, pending: [] }, evidence });
        sizes.push(itemSize({ resource: state.id, item: 'state', ...attributes }));
      }
    }
    sizes.sort((a, b) => a - b);
    const at = (share: number): number => sizes[Math.floor(sizes.length * share)] ?? Infinity;
    expect(sizes.length).toBeGreaterThan(100);
    console.log(`hot items: median ${at(0.5)}, p90 ${at(0.9)}, largest ${at(0.999)} bytes`);
    expect(at(0.9)).toBeLessThanOrEqual(4096);
  });

  it('end the same in any order of their documents', async () => {
    let several = 0;
    for (const { natives } of live) {
      if (natives.length < 2) continue;
      several += 1;
      const ends: (readonly string[])[] = [];
      for (const order of [natives, natives.toReversed()]) {
        const service = makeShippedService({ forms: [single] });
        // Each again, twice: the second time finds the dependencies that came later.
        for (const native of [...order, ...order]) await service.send('single', native as unknown as Json);
        ends.push(canonical(service.resources.all()));
      }
      expect(ends[0]).toEqual(ends[1]);
    }
    expect(several).toBeGreaterThan(5);
  });
});
