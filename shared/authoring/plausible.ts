/**
 * The same resource with values as they are met in the field. A comparison takes whatever value stands for a region (the
 * largest integer, a text that nobody has): to a person it says nothing, and looks like a mistake. A value is replaced
 * only where nothing that is asked about the resource changes.
 */
import type { FactState, FactStates, FactValue } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import { factsOf } from '../policy/core.ts';
import { nativeForms } from './renderers/render.ts';

/** Numbers that somebody would set, the largest first: what stands for "as much as can be" is much still. */
const DAYS = [3650, 365, 90, 35, 30, 14, 7, 1, 0];
const NUMBERS = [1000, 100, 10, 1, 0];
/** What a text of a fact is in the field, by its name. */
const TEXTS: { readonly [fact: string]: readonly string[] } = {
  owner: ['payments', 'claims-platform'],
  account: ['417203886120', '902113475566'],
  region: ['eu-central-1', 'us-east-1'],
};

/** Values that may stand for this one; none where it is as it would be in the field. */
function insteadOf(fact: string, state: FactState, kind: Kind): readonly FactValue[] {
  if (state.state === 'unknown') return [];
  const { value } = state;
  const shape = factsOf(kind)[fact]?.shape;
  if (fact === 'cloud') {
    // The last one: where another resource stands in the first, they stay two.
    const clouds = [...new Set((nativeForms[kind.id] ?? []).map((f) => f.cloud))].toReversed();
    return clouds.includes(value as (typeof clouds)[number]) ? [] : clouds;
  }
  if (shape?.type === 'int' && typeof value === 'number') {
    const usual = shape.unit === 'days' ? DAYS : NUMBERS;
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = shape;
    return Math.abs(value) <= 4000 ? [] : usual.filter((n) => n >= min && n <= max);
  }
  if (shape?.type === 'string' && typeof value === 'string')
    return /^[\w./:@-]{2,}$/.test(value) ? [] : (TEXTS[fact] ?? []);
  return [];
}

/** The resource with plausible values, so far as `isSame` holds of it still. */
export function plausible(facts: FactStates, kind: Kind, isSame: (facts: FactStates) => boolean): FactStates {
  let now = facts;
  for (const [fact, state] of Object.entries(facts)) {
    for (const value of insteadOf(fact, state, kind)) {
      const next: FactStates = { ...now, [fact]: { ...state, value } as FactState };
      if (!isSame(next)) continue;
      now = next;
      break;
    }
  }
  return now;
}
