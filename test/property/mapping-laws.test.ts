/**
 * Laws that every mapping keeps, over documents made from the policies' native examples by random changes:
 * - a document is mapped, or refused with EVENT_INVALID: nothing else is thrown, and every value is of its fact's type;
 * - deleting the native field that a known fact points to makes the fact default or unknown (or assumed), never another
 *   known value.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contextFacts, kinds } from '../../shared/kinds/index.ts';
import { valueProblem } from '../../shared/kinds/conform.ts';
import { isAppError } from '../../shared/model/errors.ts';
import type { FactSpec, FactState } from '../../shared/model/fact.ts';
import { canonicalJson, isObject, type Json, pointerSegments } from '../../shared/model/json.ts';
import { DIALECTS, type NativeResource } from '../../shared/model/native.ts';
import { detectForm, forms } from '../../shared/mappings/dialects/index.ts';
import { mapDocument, type MappedResource } from '../../shared/mappings/document.ts';
import { nativeTypes } from '../../shared/mappings/assemble.ts';
import { mappings } from '../../shared/mappings/registry.ts';
import { jsonExamples } from '../support/examples.ts';

const documents = jsonExamples();

/**
 * The same documents each time, so that a run means the same for everyone who has the same examples.
 * `EDICT_LAW_RUNS=50000` looks further, each time elsewhere, and prints the seed of what it finds.
 */
const furtherRuns = Number(process.env['EDICT_LAW_RUNS'] ?? 0);
const runs = furtherRuns > 0 ? { numRuns: furtherRuns } : { numRuns: 2000, seed: 20_261_125 };
type Path = readonly (string | number)[];

/** Every place of a document below its root. */
function placesOf(value: Json, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: readonly (readonly [string | number, Json])[] = Array.isArray(value)
    ? (value as readonly Json[]).map((v, i) => [i, v] as const)
    : Object.entries(value);
  return entries.flatMap(([key, v]) => [[...path, key], ...placesOf(v, [...path, key])]);
}

/** A copy of the document with the value at the path replaced, or deleted if `value` is undefined. */
function changed(document: Json, path: Path, value: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value ?? null;
  const copy = (Array.isArray(document) ? [...document] : { ...(document as object) }) as {
    [key: string | number]: Json;
  };
  if (!Object.hasOwn(copy, key)) return document;
  if (rest.length > 0) copy[key] = changed(copy[key] ?? null, rest, value);
  else if (value !== undefined) copy[key] = value;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else delete copy[key];
  return copy;
}

/** The path that a pointer means in the document; undefined where it points into a string or to something absent. */
function pathOf(document: Json, pointer: string): Path | undefined {
  let value: unknown = document;
  const path: (string | number)[] = [];
  for (const segment of pointerSegments(pointer)) {
    if (Array.isArray(value)) path.push(Number(segment));
    else if (isObject(value) && Object.hasOwn(value, segment)) path.push(segment);
    else return undefined;
    value = (value as { [key: string]: unknown })[segment];
    if (value === undefined) return undefined;
  }
  return path;
}

/** The document without a field. A plan says of each attribute also whether it is known: that goes with it. */
function without(document: Json, path: Path): Json {
  const after = path.lastIndexOf('after');
  const less = changed(document, path, undefined);
  if (after < 1 || path[after - 1] !== 'change') return less;
  return changed(less, [...path.slice(0, after), 'after_unknown', ...path.slice(after + 1)], undefined);
}

/** The resources of a document; undefined if it is refused or of no known form. Anything else that is thrown fails the test. */
function map(document: Json): readonly MappedResource[] | undefined {
  const form = detectForm(document);
  if (form === undefined) return undefined;
  let natives: readonly NativeResource[];
  try {
    natives = form.read(document, {});
  } catch (error) {
    if (isAppError(error, 'EVENT_INVALID')) return undefined;
    throw error;
  }
  return mapDocument(natives).resources;
}

/** What is wrong with a resource's facts: every declared fact has a state, and every value is of its type. */
function problems(resource: MappedResource): readonly string[] {
  const specs: { readonly [fact: string]: FactSpec } = { ...resource.kind.facts, ...contextFacts };
  return Object.entries(specs).flatMap(([fact, spec]) => {
    const state = resource.facts[fact];
    if (state === undefined) return [`${fact} has no state`];
    const problem = state.state === 'unknown' ? undefined : valueProblem(spec, state.value);
    return problem === undefined ? [] : [`${fact}: ${problem}`];
  });
}

const POISON: readonly Json[] = JSON.parse(
  '[null, true, false, "", "x", "true", "0.0.0.0/0", "::/0", "{}", "[]", "null", "*", "Enabled", "inherited", 0, 1, -1, 22, 1e308, [], {}, [[]], [null], ["*"], {"a": {"b": []}}, {"Ref": "x"}, {"Fn::If": []}]',
) as readonly Json[];
const poison = fc.oneof(fc.constantFrom(...POISON), fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>);

/** An example with up to four changes: a value deleted, replaced, or exchanged for one from elsewhere in it. */
const mutated = fc
  .record({
    example: fc.constantFrom(...documents),
    changes: fc.array(fc.record({ at: fc.nat(), from: fc.nat(), how: fc.nat({ max: 2 }), value: poison }), {
      maxLength: 4,
    }),
  })
  .map(({ example, changes }) => {
    let { document } = example;
    for (const { at, from, how, value } of changes) {
      const places = placesOf(document);
      const place = places[at % places.length];
      if (place === undefined) break;
      const other = places[from % places.length] ?? [];
      const borrowed = other.reduce<unknown>((v, key) => (v as { [key: string]: unknown })[key], document) as Json;
      document = changed(document, place, how === 0 ? undefined : how === 1 ? value : borrowed);
    }
    return { file: example.file, document };
  });

/** What a known state says; undefined for one that says nothing for certain: an item of which nothing is known may be any. */
const settled = (state: FactState | undefined): unknown => {
  if (state?.state !== 'known') return undefined;
  const open =
    Array.isArray(state.value) && state.value.some((item) => isObject(item) && Object.keys(item).length === 0);
  return open ? undefined : { value: state.value, closed: state.closed };
};
const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** For each known fact of the document: whether deleting what it points to broke the law; undefined if nothing is there to delete. */
function deletions(
  document: Json,
): readonly { readonly fact: string; readonly mapping: string; readonly broken: string | undefined }[] {
  return (map(document) ?? []).flatMap((resource) =>
    Object.keys(resource.kind.facts).flatMap((fact) => {
      const state = resource.facts[fact];
      if (state?.state !== 'known') return [];
      const path = pathOf(document, state.at);
      // An item of a list is no field: without it the list says something else, as it should. Nor is a whole resource.
      if (path === undefined || path.length === 0 || typeof path.at(-1) === 'number') return [];
      if (resource.natives.some((n) => n.pointer === state.at)) return [];
      const after = map(without(document, path))?.find((r) => r.id === resource.id && r.mapping === resource.mapping);
      const now = after?.facts[fact];
      const broken =
        now?.state === 'known' && settled(now) !== undefined && !same(settled(now), settled(state))
          ? `${resource.mapping.id} ${fact}: without ${state.at}, ${JSON.stringify(state.value)} became ${JSON.stringify(now.value)} (${now.at})`
          : undefined;
      return [{ fact, mapping: resource.mapping.id, broken }];
    }),
  );
}

describe('every mapping', () => {
  test('is shown by the examples', () => {
    const shown = new Set(documents.flatMap(({ document }) => (map(document) ?? []).map((r) => r.mapping.id)));
    const kindful = mappings.filter((m) => m.kind !== null).map((m) => m.id);
    expect(kindful.filter((id) => !shown.has(id))).toEqual([]);
  });

  test('gives facts of the declared types for the examples as they are', () => {
    for (const { file, document } of documents) {
      const resources = map(document);
      expect(resources?.length, file).toBeGreaterThan(0);
      expect(resources?.flatMap(problems), file).toEqual([]);
    }
  });

  test('forgets what it knew when the field is deleted, in every example', () => {
    const all = documents.flatMap(({ file, document }) => deletions(document).map((d) => ({ file, ...d })));
    expect(all.flatMap((d) => (d.broken === undefined ? [] : [`${d.file}: ${d.broken}`]))).toEqual([]);
    // The law says nothing where no fact points to a field: each mapping must be put to it.
    const tried = new Set(all.map((d) => d.mapping));
    const shown = new Set(documents.flatMap(({ document }) => (map(document) ?? []).map((r) => r.mapping.id)));
    expect([...shown].filter((id) => !tried.has(id))).toEqual([]);
  });

  test('maps or refuses any change of an example, and forgets what it knew when the field is deleted', () => {
    fc.assert(
      fc.property(mutated, ({ document }) => {
        expect((map(document) ?? []).flatMap(problems)).toEqual([]);
        expect(deletions(document).flatMap((d) => d.broken ?? [])).toEqual([]);
      }),
      runs,
    );
  });

  test('is total on any body of its native types', () => {
    const kinded = mappings.flatMap((m) =>
      Object.values(m.parts).flatMap((part) =>
        DIALECTS.flatMap((dialect) => nativeTypes(part, dialect).map((type) => ({ cloud: m.cloud, dialect, type }))),
      ),
    );
    expect(kinded.length).toBeGreaterThan(0);
    fc.assert(
      fc.property(
        fc.constantFrom(...kinded),
        fc.jsonValue(),
        fc.boolean(),
        ({ cloud, dialect, type }, body, complete) => {
          const native: NativeResource = {
            cloud,
            dialect,
            type,
            id: 'x',
            body: body as NativeResource['body'],
            pointer: '',
            tags: { state: 'unknown', why: 'not_collected' },
            complete,
            creates: complete,
            orderKey: '',
          };
          expect(mapDocument([native]).resources.flatMap(problems)).toEqual([]);
        },
      ),
      runs,
    );
  });
});

describe('every form of document', () => {
  test('reads or refuses any JSON, and at most one recognises it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue() as fc.Arbitrary<Json>,
          mutated.map((m) => m.document),
        ),
        (document) => {
          expect(forms.filter((form) => form.detect(document)).map((f) => f.id).length).toBeLessThanOrEqual(1);
          map(document);
        },
      ),
      runs,
    );
  });
});

test('the kinds are those that mappings speak of', () => {
  expect(kinds.filter((k) => !mappings.some((m) => m.kind === k))).toEqual([]);
});
