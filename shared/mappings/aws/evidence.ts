/** Working with the states of readings: what follows from several of them, with the provenance of the one that decides. */
import type { FactValue, State } from '../../model/fact.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import { terraformOwner } from '../dialects/terraform.ts';
import type { OwnerRef } from '../mapping.ts';
import { type Because, derive, look, type Reader, unknown } from '../reader.ts';

export type Flag = State<boolean>;

/** The day on which the documentation named in the AWS mappings was read. */
export const READ_ON = '2026-11-25';
export const doc = (url: string): Because => ({ because: url, on: READ_ON });

/** The same provenance with another value. */
export const withValue = <V>(state: State<unknown>, value: V): State<V> =>
  state.state === 'unknown' ? state : { ...state, value };

/** As `withValue`, but the value rests on an assumption. */
export const assumed = <V>(value: V, because: string): State<V> => ({ state: 'assumed', value, because });

const SURE = { known: 0, default: 1, assumed: 2, unknown: 3 } as const;
const bySureness = (states: readonly Flag[]): readonly Flag[] =>
  [...states].sort((a, b) => SURE[a.state] - SURE[b.state]);
/** The surest of several states of which each would do by itself. */
const surest = (states: readonly Flag[]): Flag | undefined => bySureness(states)[0];
/** The weakest of several states that are all needed: a default among them makes the whole a default. */
export const weakest = (states: readonly Flag[]): Flag | undefined => bySureness(states).at(-1);

const isValue = (state: Flag, value: boolean): boolean => state.state !== 'unknown' && state.value === value;
const NOT_COLLECTED: Flag = { state: 'unknown', why: 'not_collected' };

/** True if one is surely true, false if all are surely false, else unknown; with the state that decides. */
export function anyOf(...states: readonly Flag[]): Flag {
  const yes = surest(states.filter((s) => isValue(s, true)));
  // An assumed true may not outrank a way that is not known: either way the worst case is true.
  if (yes !== undefined) return yes;
  return weakest(states) ?? NOT_COLLECTED;
}

/** True if all are surely true, false if one is surely false, else unknown. */
export function allOf(...states: readonly Flag[]): Flag {
  const no = surest(states.filter((s) => isValue(s, false)));
  if (no !== undefined && no.state !== 'assumed') return no;
  return no ?? weakest(states) ?? NOT_COLLECTED;
}

/** True, false or undefined (not known). */
export const truth = (state: Flag | undefined): boolean | undefined =>
  state === undefined || state.state === 'unknown' ? undefined : state.value;

/** Reads a place by hand: known, absent (`undefined`), or unknown with its reason. */
export function at<V extends FactValue>(
  pointer: string,
  parse: (value: Body, native: NativeResource) => V | undefined,
  expected: string,
): Reader<V> {
  return derive<V>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    const value = parse(found.value, native);
    return value === undefined
      ? unknown('invalid', found.at, `expected ${expected}`)
      : { state: 'known', value, at: found.at };
  });
}

/** A text that is there and known, at the first of several places. */
export function said(native: NativeResource, ...pointers: readonly string[]): string | undefined {
  for (const pointer of pointers) {
    const found = look(native, pointer);
    if (found.is === 'value' && typeof found.value === 'string') return found.value;
  }
  return undefined;
}

/** An undecided `Fn::If` may leave its property out, unlike any other value that is not known. */
export const mayBeLeftOut = (detail: string): boolean => detail.startsWith('Fn::If');

/**
 * True where something stands: a text that is not empty, or a reference whatever it will be. Unknown where the template
 * does not decide whether it is there.
 */
export function stated(pointer: string): Reader<boolean> {
  return derive<boolean>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') {
      return mayBeLeftOut(found.detail) || found.refs.length === 0
        ? unknown('unresolved', found.at, found.detail)
        : { state: 'known', value: true, at: found.at };
    }
    return found.value === '' ? undefined : { state: 'known', value: true, at: found.at };
  });
}

/** The resource of the plan that an optional attribute names; undefined where the attribute is not set. */
export function plannedDependency(native: NativeResource, pointer: string): OwnerRef | undefined {
  const found = look(native, pointer);
  return found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)
    ? undefined
    : terraformOwner(native, pointer);
}
