/** How several readings make one fact: a fact is as certain as the least certain reading that decided it. */
import type { FactState, FactValue } from '../../model/fact.ts';
import type { Parts, SeenPart } from '../mapping.ts';
import type { Reading, ReadingValue } from '../reader.ts';

/** A reading whose value does not matter any more, only how it is known. */
type Evidence = Reading<ReadingValue> | Reading<FactValue>;

/**
 * The state of a value that was concluded from these readings, the deciding one first: unknown if one of them is,
 * assumed if one is assumed, default if one is a default, else known where the first was read.
 */
export function settle(value: FactValue, first: Evidence, ...others: readonly Evidence[]): FactState {
  const all = [first, ...others];
  for (const e of all) if (e.state === 'unknown') return e;
  for (const e of all) if (e.state === 'assumed') return { state: 'assumed', value, because: e.because };
  for (const e of all) if (e.state === 'default') return { state: 'default', value, because: e.because, on: e.on };
  return { ...(first as Extract<FactState, { state: 'known' }>), value };
}

/** The value of a reading that has one (known, default or assumed). */
export const valueOf = <V>(reading: Reading<V> | undefined): V | undefined =>
  reading === undefined || reading.state === 'unknown' ? undefined : reading.value;

/** The text of a scalar value; empty for anything else. */
export const scalarText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/** The instances of a part that are newer than the whole list of them: what the list did not have then is gone. */
export function sinceList(parts: Parts, part: string, list: string): readonly SeenPart[] {
  const listed = parts.all(list)[0];
  return parts.all(part).filter((p) => listed === undefined || p.orderKey > listed.orderKey);
}

/** An unknown state that says what was not seen. */
export const notSeen = (detail: string): FactState & { state: 'unknown' } => ({
  state: 'unknown',
  why: 'not_collected',
  detail,
});
