/** From the states of facts to what a policy sees. */
import type { FactSpec, FactStates, RecordValue } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import { CLOCK_SKEW_SECONDS, type PolicyInput } from './meaning.ts';

type Specs = { readonly [fact: string]: FactSpec };

/**
 * The policy input of a resource: the values of facts that are known or a provider's default, and with `assumed` also
 * the assumed ones. Instants more than five minutes ahead of `now` (epoch seconds) are left out. `reads` limits it to
 * those facts. What is not declared in `specs` is left out.
 */
export function toInput(
  states: FactStates,
  now: number,
  specs: Specs,
  options: { readonly reads?: readonly string[]; readonly assumed?: boolean } = {},
): PolicyInput {
  const facts: { [fact: string]: unknown } = {};
  const closed: string[] = [];
  for (const name of options.reads ?? Object.keys(states)) {
    const state = Object.hasOwn(states, name) ? states[name] : undefined;
    const shape = Object.hasOwn(specs, name) ? specs[name]?.shape : undefined;
    if (state === undefined || shape === undefined || state.state === 'unknown') continue;
    if (state.state === 'assumed' && options.assumed !== true) continue;
    const { value } = state;
    if (shape.type !== 'list') {
      if (shape.type !== 'timestamp' || !isAhead(value, now)) facts[name] = value;
      continue;
    }
    if (!Array.isArray(value)) {
      facts[name] = value; // `none`, or of the wrong type: it proves nothing
      continue;
    }
    const items = withoutFuture(shape, value, now);
    facts[name] = items;
    if (state.closed === true && items.length === value.length) closed.push(name);
  }
  return { facts, closed, now };
}

const isAhead = (value: unknown, now: number): boolean => typeof value === 'number' && value > now + CLOCK_SKEW_SECONDS;

function withoutFuture(
  { of }: Extract<FactSpec['shape'], { type: 'list' }>,
  items: readonly unknown[],
  now: number,
): readonly unknown[] {
  if (of.type === 'timestamp') return items.filter((v) => !isAhead(v, now));
  if (of.type !== 'record') return items;
  const instants = Object.keys(of.fields).filter((f) => of.fields[f]?.shape.type === 'timestamp');
  if (instants.length === 0) return items;
  return items.map((item) =>
    isObject(item) && instants.some((f) => isAhead(item[f], now))
      ? Object.fromEntries(
          Object.entries(item as RecordValue).filter(([f, v]) => !instants.includes(f) || !isAhead(v, now)),
        )
      : item,
  );
}

/** The facts whose values are assumed, of those named. */
export const assumedOf = (states: FactStates, names: readonly string[]): readonly string[] =>
  names.filter((name) => Object.hasOwn(states, name) && states[name]?.state === 'assumed');
