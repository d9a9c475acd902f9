/** What several states decide together: a conclusion is as certain as the least certain of the states that it rests on. */
import type { FactState, FactValue, State } from '../model/fact.ts';

export type Flag = State<boolean>;

const SURE = { known: 0, default: 1, assumed: 2, unknown: 3 } as const;

/** The surest of several states of which each would do by itself; of equals the first. */
const surest = <S extends State<unknown>>(states: readonly S[]): S | undefined =>
  states.toSorted((a, b) => SURE[a.state] - SURE[b.state])[0];

/** The weakest of several states that are all needed; of equals the first. */
export const weakest = <S extends State<unknown>>(states: readonly S[]): S | undefined =>
  states.toSorted((a, b) => SURE[b.state] - SURE[a.state])[0];

/** The same provenance with another value. */
export const withValue = <V>(state: State<unknown>, value: V): State<V> =>
  state.state === 'unknown' ? state : { ...state, value };

/** The value of a state that has one; undefined while it is unknown. */
export const valueOf = <V>(state: State<V> | undefined): V | undefined =>
  state === undefined || state.state === 'unknown' ? undefined : state.value;

/** A value that was concluded from all of these readings, the deciding one first. */
export const settle = (value: FactValue, first: State<unknown>, ...others: readonly State<unknown>[]): FactState =>
  withValue(weakest([first, ...others]) ?? first, value);

const NOT_COLLECTED: Flag = { state: 'unknown', why: 'not_collected' };

/** True if one is surely true, false if all are surely false, else unknown; with the state that decides. */
export function anyOf(...states: readonly Flag[]): Flag {
  // An assumed true may not outrank a way that is not known: either way the worst case is true.
  return surest(states.filter((s) => valueOf(s) === true)) ?? weakest(states) ?? NOT_COLLECTED;
}

/** True if all are surely true, false if one is surely false, else unknown; with the state that decides. */
export function allOf(...states: readonly Flag[]): Flag {
  return surest(states.filter((s) => valueOf(s) === false)) ?? weakest(states) ?? NOT_COLLECTED;
}
