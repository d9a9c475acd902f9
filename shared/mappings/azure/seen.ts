/** What was seen of a resource, and what was not. */
import type { FactState } from '../../model/fact.ts';
import type { Parts, SeenPart } from '../mapping.ts';

/** The text of a scalar value; empty for anything else. */
export const scalarText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';

/**
 * Nothing of the resource exists but what the document shows: the document is whole, and creates it. A plan or state of
 * what exists already shows what it manages of it; containers, settings and locks may come from elsewhere.
 */
export const isAllThereIs = (parts: Parts): boolean => parts.complete && parts.creates;

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
