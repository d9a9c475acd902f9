/**
 * Resources that a policy may tell apart: every combination of values that it compares, the wholly known ones first. What
 * examples are made for, and what is rendered in every cloud.
 */
import type { FactState, FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { CorePolicy } from '../policy/core.ts';
import type { PolicyInput } from '../policy/meaning.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import { type Constants, domainOf, type Subjects, subjectsOf } from '../policy/regions.ts';
import { statesOf } from './resources.ts';

/** Not known. */
const OPEN = Symbol('open');
/** The most items of a list fact that are looked at one by one. */
const MOST_ITEMS = 4000;

/** Facts that a policy compares, with the values worth looking at; a list is empty, has one item, or is not known. */
function choicesOf(subjects: Subjects, constants: Constants): Choices {
  const context = { now: PROOF_NOW, constants };
  const facts = [...subjects.facts].map(
    ([name, c]) => [name, [...domainOf(c.shape, c.optional, c.tests, context).proper, OPEN]] as const,
  );
  const lists = [...subjects.lists].map(([name, fields]) => {
    const values = [...fields].map(
      ([field, c]) => [field, [...domainOf(c.shape, c.optional, c.tests, context).proper, OPEN]] as const,
    );
    const items = [...product(values, MOST_ITEMS)].map((item) => (fields.has('') ? item[''] : item));
    return [name, [...items.map((item) => [item]), [], OPEN]] as const;
  });
  return [...facts, ...lists];
}

type Choices = readonly (readonly [name: string, values: readonly unknown[]])[];

/** Every combination, those with the fewest open values first; where there are too many, evenly some of each sort. */
function* product(choices: Choices, most: number): Generator<{ readonly [name: string]: unknown }> {
  const sorts = subsets(choices.filter(([, values]) => values.includes(OPEN)).map(([name]) => name));
  for (const [i, open] of sorts.entries()) {
    const known = choices
      .filter(([name]) => !open.includes(name))
      .map(([name, values]) => [name, values.filter((v) => v !== OPEN)] as const);
    const total = known.reduce((n, [, values]) => n * values.length, 1);
    // The wholly known ones tell most.
    const share = i === 0 ? Math.ceil(most / 2) : Math.max(1, Math.floor(most / 2 / sorts.length));
    const count = Math.min(total, share);
    for (let n = 0; n < count; n++) {
      let index = Math.floor((n * total) / count);
      const found: { [name: string]: unknown } = {};
      for (const [name, values] of known) {
        found[name] = values[index % values.length];
        index = Math.floor(index / values.length);
      }
      yield found;
    }
  }
}

/** The most sets of open facts that are looked at. */
const MOST_SORTS = 64;
/** The sets that can be made of the names, the smallest first. */
function subsets(names: readonly string[]): readonly (readonly string[])[] {
  const all: (readonly string[])[] = [[]];
  for (const name of names) if (all.length < MOST_SORTS) all.push(...all.map((set) => [...set, name]));
  return all.sort((a, b) => a.length - b.length);
}

/** What the policies read and the states do not give is unknown. */
export function withUnknowns(states: FactStates, policies: readonly CorePolicy[]): FactStates {
  const unknown: FactState = { state: 'unknown', why: 'not_collected' };
  const names = policies.flatMap((policy) => {
    const { facts, lists } = subjectsOf(policy);
    return [...facts.keys(), ...lists.keys()];
  });
  return { ...Object.fromEntries(names.map((name) => [name, unknown])), ...states };
}

/** The fields of list items that the policies read. */
export const fieldsRead = (policies: readonly CorePolicy[]): readonly string[] => [
  ...new Set(policies.flatMap((p) => [...subjectsOf(p).lists.values()].flatMap((fields) => [...fields.keys()]))),
];

/**
 * Resources of the kind that tell the policy's answers apart, at most so many; facts that it does not read are left out.
 * `constants` are bounds that its clauses do not say, because Rego does.
 */
export function* instancesOf(
  policy: CorePolicy,
  kind: Kind,
  now: number,
  most = 5000,
  constants: Constants = { numbers: [], strings: [] },
): Generator<FactStates> {
  const subjects = subjectsOf(policy);
  for (const facts of product(choicesOf(subjects, constants), most)) {
    const closed = [...subjects.lists.keys()].filter((list) => list in facts);
    const input = { facts, closed, now: PROOF_NOW } as PolicyInput;
    yield withUnknowns(statesOf(input, kind, now), [policy]);
  }
}
