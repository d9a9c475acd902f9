/**
 * What a mapping's tables say, found by running them: which properties a reader looks at (it is shown a body that has
 * whatever it asks for), what it says of an empty document, and which readings a fact is computed from.
 */
import type { FactState } from '../../shared/model/fact.ts';
import { pointerSegment, pointerSegments } from '../../shared/model/json.ts';
import type { Body, Dialect, NativeResource } from '../../shared/model/native.ts';
import type { Mapping, Parts, SeenPart } from '../../shared/mappings/mapping.ts';
import type { Read, Reading } from '../../shared/mappings/reader.ts';

const LOOKS = 300;

/** What may stand at a place: nothing, a value that many readers understand, or an object that has whatever is asked for. */
const STANDS = ['nothing', 'object', 'true', true, 7] as const;
type Stands = (typeof STANDS)[number];

/** A body that has at each place what `at` says; what is asked for is noted. */
function curiousBody(path: string, at: (place: string) => Stands, asked: Set<string>): Body {
  const child = (key: string | symbol): Body | undefined => {
    if (typeof key === 'symbol' || key === 'toJSON') return undefined;
    const place = `${path}/${pointerSegment(key)}`;
    asked.add(place);
    const stands = at(place);
    return stands === 'nothing' ? undefined : stands === 'object' ? curiousBody(place, at, asked) : stands;
  };
  return new Proxy<{ readonly [key: string]: Body }>(
    {},
    {
      get: (_, key) => child(key),
      has: (_, key) => child(key) !== undefined,
      getOwnPropertyDescriptor: (_, key) => {
        const value = child(key);
        return value === undefined ? undefined : { value, writable: true, enumerable: true, configurable: true };
      },
    },
  );
}

const nativeOf = (mapping: Mapping, dialect: Dialect, type: string, body: Body, created: boolean): NativeResource => ({
  cloud: mapping.cloud,
  dialect,
  type,
  id: 'x',
  body,
  pointer: '',
  tags: { state: 'unknown', why: 'not_collected' },
  complete: created,
  creates: created,
  orderKey: '',
});

/** Runs a reader that was not written for such bodies; what it throws says nothing here. */
function attempt(read: Read<unknown>, native: NativeResource): Reading<unknown> | undefined {
  try {
    return read(native);
  } catch {
    return undefined;
  }
}

/** A number that looks random and is always the same for the same place and turn (FNV-1a). */
function scatter(place: string, turn: number): number {
  let hash = 0x811c9dc5;
  for (const char of `${turn} ${place}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The properties that a reader looks at, as JSON Pointers into the native body, in the order in which it does. */
export function pointersOf(mapping: Mapping, dialect: Dialect, type: string, read: Read<unknown>): readonly string[] {
  const all = new Set<string>();
  const leaves = (): readonly string[] => [...all].filter((p) => ![...all].some((o) => o.startsWith(`${p}/`)));
  const look = (at: (place: string) => Stands): void => {
    attempt(read, nativeOf(mapping, dialect, type, curiousBody('', at, all), false));
  };
  look(() => 'object');
  for (let turn = 0; turn < LOOKS; turn++) {
    // Each place is given something else each time, so that every way through the reader is gone once.
    const ends = new Map(leaves().map((place) => [place, STANDS[scatter(place, turn) % STANDS.length] ?? 'nothing']));
    look((place) => ends.get(place) ?? 'object');
  }
  return leaves();
}

/** A body in which none of the places has a value, but what they lie in is there. */
function emptyBody(places: readonly string[]): Body {
  const body: { [key: string]: unknown } = {};
  for (const place of places) {
    const segments = pointerSegments(place);
    let inside = body;
    for (const [i, segment] of segments.slice(0, -1).entries()) {
      inside[segment] ??= segments[i + 1] === '0' && i < segments.length - 2 ? [{}] : {};
      inside = inside[segment] as { [key: string]: unknown };
    }
  }
  return body as Body;
}

/** What a reader says where none of its properties is set: of a live resource, and of one that a plan creates. */
export function absentOf(
  mapping: Mapping,
  dialect: Dialect,
  type: string,
  read: Read<unknown>,
): { readonly live: Reading<unknown> | undefined; readonly created: Reading<unknown> | undefined } {
  const body = emptyBody(pointersOf(mapping, dialect, type, read));
  return {
    live: attempt(read, nativeOf(mapping, dialect, type, body, false)),
    created: attempt(read, nativeOf(mapping, dialect, type, body, true)),
  };
}

const STATES: readonly (Reading<unknown> | undefined)[] = [
  undefined,
  { state: 'unknown', why: 'not_collected' },
  ...[true, false, 'enforced', 'inherited', 0, 1, []].map((value) => ({ state: 'known', value, at: '' }) as const),
  { state: 'default', value: false, because: '', on: '' },
];

/** The readings that a fact is computed from: its own, and, as `dependency.reading`, those of resources it depends on. */
export function readingsOf(mapping: Mapping, fact: string): readonly string[] {
  const from = mapping.facts[fact];
  const used = new Set<string>();
  for (const state of STATES) {
    for (const there of [true, false]) {
      const note = (prefix: string): Parts => ({
        get: <V>(name: string) => {
          used.add(prefix + name);
          return state as Reading<V> | undefined;
        },
        read: <V>(name: string) => {
          used.add(prefix + name);
          return (state ?? { state: 'unknown', why: 'not_collected' }) as Reading<V>;
        },
        all: (part) => {
          const readings = new Proxy<SeenPart['readings']>(
            {},
            {
              get: (_, name) => {
                if (typeof name === 'string') used.add(prefix + name);
                return state;
              },
            },
          );
          const seen = { part, instance: '', dialect: 'terraform', native: '', orderKey: '' } as const;
          return there ? [{ ...seen, complete: true, creates: true, deleted: false, readings }] : [];
        },
        seen: () => there,
        complete: there,
        creates: there,
        dialect: there ? 'terraform' : undefined,
        dependency: (name) => (there && prefix === '' ? note(`${name}.`) : undefined),
        depends: () => there,
      });
      try {
        const got: FactState | undefined = from?.(note(''));
        if (got === undefined) continue;
      } catch {
        // A state of the wrong type for this fact: another one of the list will do.
      }
    }
  }
  return [...used];
}
