/** Working with the states of readings: what follows from several of them, with the provenance of the one that decides. */
import type { FactValue, State } from '../../model/fact.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import { terraformOwner } from '../dialects/terraform.ts';
import type { OwnerRef } from '../mapping.ts';
import { type Because, derive, look, type Reader, unknown } from '../reader.ts';

/** The day on which the documentation named in the AWS mappings was read. */
export const READ_ON = '2026-11-25';
export const doc = (url: string): Because => ({ because: url, on: READ_ON });

/** As `withValue`, but the value rests on an assumption. */
export const assumed = <V>(value: V, because: string): State<V> => ({ state: 'assumed', value, because });

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
