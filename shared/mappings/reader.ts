/**
 * The combinators that a mapping's table is written in. A reader looks at one native resource and says what it found:
 * a state, or `undefined` when the document has no such property and no default was given.
 *
 * `at('/PubliclyAccessible').bool().orDefault(false, {because: 'https://…', on: '2026-11-25'})`
 */
import type { FactValue, State, UnknownReason } from '../model/fact.ts';
import { isObject, pointerSegment, pointerSegments } from '../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../model/native.ts';

/** A reading: like a fact's state, but its value may be any small JSON that a derivation needs. Never store secrets in it. */
export type ReadingValue = FactValue | null | readonly ReadingValue[] | { readonly [key: string]: ReadingValue };
export type Reading<V = ReadingValue> = State<V>;

export interface Because {
  /** URL of the provider's documentation that states the behaviour. */
  readonly because: string;
  /** The date it was read, `YYYY-MM-DD`. */
  readonly on: string;
}

/** What stands at a place of a body. `null` counts as absent: every dialect here writes null for "not set". */
export type Found =
  | { readonly is: 'value'; readonly value: Exclude<Body, Unresolved | null>; readonly at: string }
  | { readonly is: 'absent'; readonly at: string }
  | {
      readonly is: 'unresolved';
      readonly at: string;
      readonly refs: readonly string[];
      readonly detail: string;
      /** The configuration does not set exactly this property (see `Unresolved.unset`). */
      readonly unset?: boolean;
    }
  | { readonly is: 'denied'; readonly at: string };

/** Property names are compared without case in ARM, whose API and tools do not keep it. */
const foldsCase = (native: NativeResource): boolean =>
  native.dialect === 'azure.arm' || native.dialect === 'azure.notification';

/** The pointers of the tables are few and are looked up for every document: each is taken apart once. */
const MOST_POINTERS = 10_000;
const segmentsOfPointer = new Map<string, readonly string[]>();
function segmentsOf(pointer: string): readonly string[] {
  let segments = segmentsOfPointer.get(pointer);
  if (segments === undefined) {
    segments = pointerSegments(pointer);
    if (segmentsOfPointer.size < MOST_POINTERS) segmentsOfPointer.set(pointer, segments);
  }
  return segments;
}

/** Looks a JSON Pointer up in the native resource's body; `at` is the pointer within the source document. */
export function look(native: NativeResource, pointer: string): Found {
  let value: Body | undefined = native.body;
  let place = native.pointer;
  if (native.denied?.some((d) => pointer === d || pointer.startsWith(`${d}/`))) {
    return { is: 'denied', at: native.pointer + pointer };
  }
  for (const segment of segmentsOf(pointer)) {
    if (value instanceof Unresolved) return { is: 'unresolved', at: place, refs: value.refs, detail: value.detail };
    if (value === null || value === undefined) {
      place += `/${pointerSegment(segment)}`;
      value = undefined;
      continue;
    }
    // What a text or a number stands in place of was not read: that something inside it is not set cannot be said.
    if (typeof value !== 'object' && value !== '') {
      return { is: 'unresolved', at: place, refs: [], detail: 'expected an object or a list' };
    }
    let key = segment;
    let next: Body | undefined;
    if (Array.isArray(value)) {
      next = /^\d+$/.test(segment) ? (value as readonly Body[])[Number(segment)] : undefined;
    } else if (isObject(value)) {
      const object = value;
      if (!Object.hasOwn(object, key) && foldsCase(native)) {
        key = Object.keys(object).find((k) => k.toLowerCase() === segment.toLowerCase()) ?? segment;
      }
      next = Object.hasOwn(object, key) ? object[key] : undefined;
      // One thing written where a list of one is meant.
      if (segment === '0' && next === undefined) continue;
    }
    place += `/${pointerSegment(key)}`;
    value = next;
  }
  if (value instanceof Unresolved) {
    return { is: 'unresolved', at: place, refs: value.refs, detail: value.detail, unset: value.unset };
  }
  if (value === null || value === undefined) return { is: 'absent', at: place };
  return { is: 'value', value, at: place };
}

/** Reads one reading from one native resource; `undefined`: the document does not carry it. */
export type Read<V = ReadingValue> = (native: NativeResource) => Reading<V> | undefined;

/** A reader that can still be given a default or be mapped. */
export interface Reader<V> extends Read<V> {
  /** The provider's documented behaviour when the property is absent. */
  orDefault(value: V, because: Because): Reader<V>;
  /** A documented default that applies only where the document creates the resource or is complete (plan, template). */
  orDefaultWhenComplete(value: V, because: Because): Reader<V>;
  /** Absent means unknown for this reason (live documents that do not carry the property). */
  orUnknown(why: UnknownReason, detail?: string): Reader<V>;
  /** Translates a known or default value. Returning `undefined` makes it unknown `invalid`. */
  map<W>(translate: (value: V) => W | undefined): Reader<W>;
  /** The other reader where this one finds nothing (absent). */
  or(other: Read<V>): Reader<V>;
}

export const unknown = (why: UnknownReason, place?: string, detail?: string): Reading<never> => ({
  state: 'unknown',
  why,
  ...(place === undefined ? {} : { at: place }),
  ...(detail === undefined ? {} : { detail }),
});

/** Makes a chainable reader from a plain function: the escape hatch of the tables. */
export function derive<V>(read: Read<V>): Reader<V> {
  const reader = ((native: NativeResource) => read(native)) as Reader<V>;
  reader.orDefault = (value, why) => derive<V>((n) => read(n) ?? { state: 'default', value, ...why });
  reader.orDefaultWhenComplete = (value, why) =>
    derive<V>((n) => read(n) ?? (n.complete ? { state: 'default', value, ...why } : undefined));
  reader.orUnknown = (why, detail) => derive<V>((n) => read(n) ?? unknown(why, undefined, detail));
  reader.map = <W>(translate: (value: V) => W | undefined) =>
    derive<W>((n) => {
      const got = read(n);
      if (got === undefined || got.state === 'unknown') return got;
      const value = translate(got.value);
      if (value === undefined) return unknown('invalid', got.state === 'known' ? got.at : undefined);
      return { ...got, value };
    });
  reader.or = (other) => derive<V>((n) => read(n) ?? other(n));
  return reader;
}

function typed<V>(
  pointers: readonly string[],
  parse: (value: Body) => V | undefined,
  expected: string,
  scalar = true,
): Reader<V> {
  return derive<V>((native) => {
    for (const pointer of pointers) {
      const found = look(native, pointer);
      if (found.is === 'absent' || (scalar && found.is === 'unresolved' && found.unset === true)) continue;
      if (found.is === 'denied') return unknown('denied', found.at);
      if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
      const value = parse(found.value);
      return value === undefined
        ? unknown('invalid', found.at, `expected ${expected}`)
        : { state: 'known', value, at: found.at };
    }
    return undefined;
  });
}

const parseBool = (v: Body): boolean | undefined => {
  if (typeof v === 'boolean') return v;
  if (v === 1 || v === 0) return v === 1;
  if (typeof v === 'string') {
    const s = v.toLowerCase();
    // The last two are how YAML 1.1, which CloudFormation reads, also writes them.
    return s === 'true' || s === 'yes' ? true : s === 'false' || s === 'no' ? false : undefined;
  }
  return undefined;
};
const parseInteger = (v: Body): number | undefined => {
  const n = typeof v === 'string' && /^-?\d{1,15}$/.test(v) ? Number(v) : v;
  return typeof n === 'number' && Number.isSafeInteger(n) ? n : undefined;
};
const parseString = (v: Body): string | undefined => (typeof v === 'string' ? v : undefined);

/**
 * Starts a reader at one place, or at the first of several places that is present. Pointers are RFC 6901 into the body.
 * `.bool()` takes true/false, "true"/"false" in any case, 1/0. `.int()` takes integers and decimal strings.
 * `.oneOf({Enabled: true, Disabled: false})` is an exact, case-insensitive table; a value not in it is unknown `invalid`.
 * `.json()` gives the raw value, unknown if anything inside is unresolved; `look` gives it with `Unresolved` left inside.
 * `.present()` is true if there is a value (an unresolved reference counts as present), false never: chain `.orDefault(false, …)`.
 */
export function at(...pointers: readonly string[]) {
  return {
    bool: (): Reader<boolean> => typed(pointers, parseBool, 'a boolean'),
    int: (): Reader<number> => typed(pointers, parseInteger, 'an integer'),
    string: (): Reader<string> => typed(pointers, parseString, 'a string'),
    oneOf: <V extends FactValue>(table: { readonly [native: string]: V }): Reader<V> => {
      const folded = new Map(Object.entries(table).map(([k, v]) => [k.toLowerCase(), v]));
      return typed(
        pointers,
        (v) =>
          typeof v === 'string' || typeof v === 'boolean' || typeof v === 'number'
            ? folded.get(String(v).toLowerCase())
            : undefined,
        `one of ${Object.keys(table).join(', ')}`,
      );
    },
    json: (): Reader<ReadingValue> =>
      typed(pointers, (v) => (hasUnresolved(v) ? undefined : (v as ReadingValue)), 'a resolved value', false),
    present: (): Reader<boolean> =>
      derive<boolean>((native) => {
        for (const pointer of pointers) {
          const found = look(native, pointer);
          if (found.is === 'denied') return unknown('denied', found.at);
          if (found.is === 'unresolved' && found.unset === true) return unknown('unresolved', found.at, found.detail);
          if (found.is !== 'absent') return { state: 'known', value: true, at: found.at };
        }
        return undefined;
      }),
  };
}

/** True if anything inside the body is `Unresolved`. */
export function hasUnresolved(body: Body): boolean {
  if (body instanceof Unresolved) return true;
  if (Array.isArray(body)) return (body as readonly Body[]).some(hasUnresolved);
  return isObject(body) && Object.values(body).some(hasUnresolved);
}

/** A reader that is always the same documented behaviour. */
export const always = <V>(value: V, because: Because): Reader<V> =>
  derive<V>(() => ({ state: 'default', value, ...because }));
