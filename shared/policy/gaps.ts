/**
 * Where three-valued logic says `unknown` although whatever is unknown could not change the answer: "production at least
 * 30 days, else 7" with 40 days and the environment unknown. Not wrong, but less than could be said; the author is shown
 * the smallest such resource.
 */
import type { CorePolicy } from './core.ts';
import { meaningOf, missingFacts, type PolicyInput } from './meaning.ts';
import { inputsOf, lotsFrom, PROOF_NOW } from './proof.ts';
import { domainOf, subjectsOf } from './regions.ts';

export interface Gap {
  readonly policy: string;
  /** The smallest resource that was found: its verdict is unknown. */
  readonly input: PolicyInput;
  /** What every completion of it is: never a violation, or always one. */
  readonly always: 'violation' | 'no violation';
  /** The facts whose value does not matter to that. */
  readonly whatever: readonly string[];
}

/** How much is looked at: resources of a policy, completions of a resource. */
const MOST_RESOURCES = 3000;
const MOST_COMPLETIONS = 600;

/** The smallest gap of a policy; undefined if none was found. Lists are looked at as seen completely. Deterministic. */
export function gapOf(policy: CorePolicy): Gap | undefined {
  const domains = new Map<string, readonly unknown[]>();
  for (const [fact, { shape, optional, tests }] of subjectsOf(policy).facts)
    domains.set(fact, domainOf(shape, optional, tests, { now: PROOF_NOW }).proper);

  let smallest: Gap | undefined;
  for (const lists of listsOf(policy)) {
    for (const facts of resources(domains)) {
      const known = Object.keys(facts).length;
      if (smallest !== undefined && known >= Object.keys(smallest.input.facts).length) continue;
      const input = { facts: { ...lists, ...facts }, closed: Object.keys(lists), now: PROOF_NOW };
      if (meaningOf(policy, input).verdict !== 'unknown') continue;
      const always = alwaysOf(policy, input, domains);
      if (always !== undefined) smallest = { policy: policy.id, input, always, whatever: missingFacts(policy, input) };
    }
  }
  return smallest;
}

/** Contents of the lists, each seen completely: empty ones, and a few that the proof draws. */
function listsOf(policy: CorePolicy): readonly { readonly [list: string]: readonly unknown[] }[] {
  const names = [...subjectsOf(policy).lists.keys()];
  const empty = Object.fromEntries(names.map((list) => [list, []]));
  if (names.length === 0) return [empty];
  const drawn = [...inputsOf(policy, { seed: 1, random: 12, phases: ['random'] })].map(([, input]) => {
    const { facts } = input as PolicyInput;
    return Object.fromEntries(
      names.map((list) => [list, Array.isArray(facts[list]) ? (facts[list] as unknown[]) : []]),
    );
  });
  return [empty, ...drawn];
}

/** Partial resources: all of them where they are few, else a sample. */
function* resources(domains: ReadonlyMap<string, readonly unknown[]>): Generator<{ [fact: string]: unknown }> {
  const size = [...domains.values()].reduce((n, d) => n * (d.length + 1), 1);
  if (size <= MOST_RESOURCES) {
    yield* assignments([...domains], true);
    return;
  }
  const lots = lotsFrom(1);
  for (let i = 0; i < MOST_RESOURCES; i++) {
    yield Object.fromEntries(
      [...domains].filter(() => lots.chance(0.5)).map(([fact, values]) => [fact, lots.pick(values)]),
    );
  }
}

function* assignments(
  facts: readonly (readonly [string, readonly unknown[]])[],
  partial: boolean,
): Generator<{ [fact: string]: unknown }> {
  const [first, ...rest] = facts;
  if (first === undefined) {
    yield {};
    return;
  }
  const [name, values] = first;
  for (const others of assignments(rest, partial)) {
    if (partial) yield others;
    for (const value of values) yield { [name]: value, ...others };
  }
}

/** What all completions of an input agree on; undefined if they do not, or are too many to look at. */
function alwaysOf(
  policy: CorePolicy,
  input: PolicyInput,
  domains: ReadonlyMap<string, readonly unknown[]>,
): Gap['always'] | undefined {
  const open = [...domains].filter(([fact]) => !Object.hasOwn(input.facts, fact));
  if (open.reduce((n, [, values]) => n * values.length, 1) > MOST_COMPLETIONS) return undefined;
  let always: Gap['always'] | undefined;
  for (const rest of assignments(open, false)) {
    const { verdict } = meaningOf(policy, { ...input, facts: { ...input.facts, ...rest } });
    // Decided by the items of lists, which are not completed here.
    if (verdict === 'unknown') return undefined;
    const is = verdict === 'violation' ? 'violation' : 'no violation';
    if (always !== undefined && always !== is) return undefined;
    always = is;
  }
  return always;
}

/** The gap in words, with what the author can do about it. */
export function describeGap({ policy, input, always, whatever }: Gap): string {
  const unknown = whatever.join(', ');
  return (
    `${policy}: unknown for ${JSON.stringify(input.facts)}, although it is ${always} whatever ${unknown} is. ` +
    `To decide it, move what depends on ${unknown} into a parameter with overrides (it is decided where all its values agree), ` +
    `or add to the clause, with any, what holds whatever ${unknown} is.`
  );
}
