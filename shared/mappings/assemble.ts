import { conform } from '../kinds/conform.ts';
import type { FactState } from '../model/fact.ts';
import type { NativeResource } from '../model/native.ts';
import type { Mapping, Part, Parts, SeenPart } from './mapping.ts';
import type { Reading } from './reader.ts';

/** The key of a part within its resource: `main`, or `part:instance` where several may exist. */
export const partKey = (part: Pick<SeenPart, 'part' | 'instance'>): string =>
  part.instance === '' ? part.part : `${part.part}:${part.instance}`;

/** The name of a mapping's main part. */
export const mainPart = (mapping: Mapping): string => {
  const [first] = Object.keys(mapping.parts);
  if (first === undefined) throw new Error(`mapping ${mapping.id} has no parts`);
  return first;
};

/** The native types of a part in a dialect. */
export const nativeTypes = (part: Part, dialect: NativeResource['dialect']): readonly string[] => {
  const types = part.native[dialect];
  return types === undefined ? [] : typeof types === 'string' ? [types] : types;
};

/**
 * Reads one part's readings from one native document. Total: a reading whose table throws is unknown `invalid`, so a
 * defect in one row never hides the others and never looks like a pass.
 */
export function readPart(mapping: Mapping, name: string, native: NativeResource): SeenPart {
  const part = mapping.parts[name];
  if (part === undefined) throw new Error(`mapping ${mapping.id} has no part ${name}`);
  const main = mainPart(mapping) === name;
  const readings: Record<string, Reading> = {};
  if (native.deleted !== true) {
    for (const [reading, columns] of Object.entries(part.readings)) {
      const read = columns[native.dialect];
      if (read === undefined) continue;
      let got: Reading | undefined;
      try {
        got = read(native) as Reading | undefined;
      } catch (error) {
        got = {
          state: 'unknown',
          why: 'invalid',
          at: native.pointer,
          detail: error instanceof Error ? error.message : 'failed',
        };
      }
      if (got === undefined) continue;
      readings[reading] = main || got.state === 'default' || got.state === 'assumed' ? got : { ...got, part: name };
    }
  }
  return {
    part: name,
    instance: part.multiple === true ? native.id : '',
    dialect: native.dialect,
    native: native.type,
    orderKey: native.orderKey,
    complete: native.complete,
    creates: native.creates ?? false,
    deleted: native.deleted ?? false,
    readings,
  };
}

/** What `makeParts` needs to know of each dependency: whether the resource names one, and its parts if it was seen. */
export interface DependencyParts {
  readonly named: boolean;
  readonly parts: Parts | undefined;
}

/** The view of all parts that facts are computed from. */
export function makeParts(
  mapping: Mapping,
  seen: readonly SeenPart[],
  dependencies: { readonly [name: string]: DependencyParts } = {},
): Parts {
  const order = Object.keys(mapping.parts);
  const sorted = [...seen].sort(
    (a, b) =>
      order.indexOf(a.part) - order.indexOf(b.part) || (a.instance < b.instance ? -1 : a.instance > b.instance ? 1 : 0),
  );
  const live = sorted.filter((p) => !p.deleted);
  const main = live.find((p) => p.part === order[0]);
  const get = <V>(name: string): Reading<V> | undefined => {
    for (const p of live) if (Object.hasOwn(p.readings, name)) return p.readings[name] as Reading<V>;
    return undefined;
  };
  return {
    get,
    read: <V>(name: string): Reading<V> =>
      get<V>(name) ?? { state: 'unknown', why: 'not_collected', detail: `${name} was not seen` },
    all: (part) => live.filter((p) => p.part === part),
    seen: (part) => sorted.some((p) => p.part === part),
    complete: main?.complete ?? false,
    creates: main?.creates ?? false,
    dialect: main?.dialect,
    dependency: (name) => dependencies[name]?.parts,
    depends: (name) => dependencies[name]?.named ?? false,
  };
}

/** The facts of the mapping's kind, from the parts. Every declared fact gets a state; a row that throws is unknown `invalid`. */
export function assemble(mapping: Mapping, parts: Parts): { readonly [fact: string]: FactState } {
  const facts: Record<string, FactState> = {};
  if (mapping.kind === null) return facts;
  for (const [fact, spec] of Object.entries(mapping.kind.facts)) {
    const from = mapping.facts[fact];
    let state: FactState;
    try {
      state = from?.(parts) ?? { state: 'unknown', why: 'not_collected' };
    } catch (error) {
      state = { state: 'unknown', why: 'invalid', detail: error instanceof Error ? error.message : 'failed' };
    }
    facts[fact] = conform(spec, state);
  }
  return facts;
}
