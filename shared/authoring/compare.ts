/**
 * What policies mean, compared: decided exactly, over every input that keeps the contract of the kind, by a decision
 * diagram over the classes of its facts. Where that is too large the answer is `undecided`, never a guess; where there is
 * a difference it is a smallest resource, which the specification itself has judged.
 */
import { AppError } from '../model/errors.ts';
import type { Truth, Verdict } from '../model/verdict.ts';
import type { CorePolicy } from '../policy/core.ts';
import { meaningOf, type PolicyInput } from '../policy/meaning.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import { assign, type Class, type Formula, type Space, spaceOf, Undecided, type Variable } from './formula.ts';

/** A resource, as a policy sees it, and what is said of it by the first policy and the second. */
export interface Difference {
  readonly input: PolicyInput;
  readonly verdicts: readonly [Verdict, Verdict];
}
export interface TooLarge {
  readonly is: 'undecided';
  readonly why: string;
}
export type Comparison =
  | { readonly is: 'equivalent' }
  | { readonly is: 'different'; readonly on: Difference }
  | TooLarge;

/** How many nodes of a decision diagram are built before the question counts as too large. */
const MOST_NODES = 8000;

/** The truth of a formula whose variables all have their class. */
const settled = (f: Formula | undefined): Truth => {
  if (typeof f !== 'string') throw new AppError('INVARIANT_BROKEN', 'a formula is left with a variable');
  return f;
};

/** The verdict from the scope and from the conjunction of the clauses: `combine`, of one clause. */
function verdictOf(scope: Truth, requirement: Truth): Verdict {
  if (scope === 'false') return 'not_applicable';
  if (requirement === 'true') return 'compliant';
  return scope === 'true' && requirement === 'false' ? 'violation' : 'unknown';
}

interface Found {
  readonly cost: number;
  readonly classes: readonly Class[];
}

/** A cheapest choice of a class for each variable that ends in an accepted state. Throws `Undecided`. */
function cheapest<S>(
  variables: readonly Variable[],
  classesOf: (v: Variable) => readonly Class[],
  start: S,
  step: (state: S, v: Variable, c: Class) => S,
  accept: (state: S) => boolean,
  isHopeless: (state: S) => boolean = () => false,
): Found | undefined {
  const memo = new Map<string, Found | undefined>();
  const from = (i: number, state: S): Found | undefined => {
    if (isHopeless(state)) return undefined;
    const variable = variables[i];
    if (variable === undefined) return accept(state) ? { cost: 0, classes: [] } : undefined;
    const key = `${i} ${JSON.stringify(state)}`;
    if (memo.has(key)) return memo.get(key);
    let best: Found | undefined;
    for (const c of classesOf(variable)) {
      if (best !== undefined && c.cost >= best.cost) continue;
      const rest = from(i + 1, step(state, variable, c));
      if (rest !== undefined && (best === undefined || c.cost + rest.cost < best.cost))
        best = { cost: c.cost + rest.cost, classes: [c, ...rest.classes] };
    }
    memo.set(key, best);
    if (memo.size > MOST_NODES) throw new Undecided(`the decision diagram has more than ${MOST_NODES} nodes`);
    return best;
  };
  return from(0, start);
}

function inputFrom(variables: readonly Variable[], classes: readonly Class[]): PolicyInput {
  const facts: { [fact: string]: unknown } = {};
  const closed: string[] = [];
  for (const [i, { witness }] of classes.entries()) {
    const fact = variables[i]?.fact ?? '';
    if (witness === undefined) continue;
    facts[fact] = witness.value;
    if (witness.closed === true) closed.push(fact);
  }
  return { facts, closed, now: PROOF_NOW };
}

type Sorts = 'all' | 'complete';

/** A smallest resource on which the policies' verdicts are accepted; `complete`: nothing of it is unknown. */
function witnessOf(
  space: Space,
  policies: readonly CorePolicy[],
  sort: Sorts,
  accept: (verdicts: readonly Verdict[]) => boolean,
  isHopeless?: (formulas: readonly Formula[]) => boolean,
): PolicyInput | undefined {
  const start = space.policies.flatMap((p) => [p.scope, p.requirement]);
  const verdicts = (formulas: readonly Formula[]): readonly Verdict[] =>
    space.policies.map((_, i) => verdictOf(settled(formulas[2 * i]), settled(formulas[2 * i + 1])));
  const found = cheapest(
    space.variables,
    (v) => v[sort],
    start,
    (formulas, v, c) => formulas.map((f) => assign(f, v.fact, c.truths)),
    (formulas) => accept(verdicts(formulas)),
    isHopeless,
  );
  if (found === undefined) return undefined;
  const input = inputFrom(space.variables, found.classes);
  // The specification has the last word.
  if (!accept(policies.map((p) => meaningOf(p, input).verdict)))
    throw new AppError('INVARIANT_BROKEN', 'the decision diagram and the meaning differ');
  return input;
}

function decide<T>(body: () => T): T | TooLarge {
  try {
    return body();
  } catch (error) {
    if (error instanceof Undecided) return { is: 'undecided', why: error.message };
    throw error;
  }
}

const isDecided = (v: Verdict | undefined): boolean => v !== 'unknown';
const areSame = ([scopeA, requirementA, scopeB, requirementB]: readonly Formula[]): boolean =>
  JSON.stringify([scopeA, requirementA]) === JSON.stringify([scopeB, requirementB]);

/**
 * Whether two policies of one kind say the same of every resource, unknown facts included; else a smallest resource on
 * which they differ: one that both decide, and one of them calls a violation, if there is one.
 */
export function comparePolicies(a: CorePolicy, b: CorePolicy): Comparison {
  return decide(() => {
    const space = spaceOf([a, b]);
    const differ = ([x, y]: readonly Verdict[]): boolean => x !== y;
    const input =
      witnessOf(space, [a, b], 'all', (v) => differ(v) && v.every(isDecided) && v.includes('violation'), areSame) ??
      witnessOf(space, [a, b], 'all', (v) => differ(v) && v.every(isDecided), areSame) ??
      witnessOf(space, [a, b], 'all', differ, areSame);
    if (input === undefined) return { is: 'equivalent' };
    return { is: 'different', on: { input, verdicts: [meaningOf(a, input).verdict, meaningOf(b, input).verdict] } };
  });
}

/**
 * A smallest resource, of which all that the policies (of one kind) read is known, whose verdicts are accepted; undefined
 * if there is none.
 */
export function resourceWhere(
  policies: readonly CorePolicy[],
  accept: (verdicts: readonly Verdict[]) => boolean,
): PolicyInput | TooLarge | undefined {
  return decide(() => witnessOf(spaceOf(policies), policies, 'complete', accept));
}

/** How two policies of one kind stand to each other, over resources of which everything is known. */
export type Relation =
  | { readonly is: 'independent' | 'duplicate' }
  /** `covers`: whatever violates the second violates the first. `covered`: the other way round. */
  | { readonly is: 'covers' | 'covered' }
  /** Both apply to some resource (this one), and nothing that both apply to can be compliant with both. */
  | { readonly is: 'conflict'; readonly on: Difference }
  | TooLarge;

/** The relation of two policies of one kind. */
export function relationOf(a: CorePolicy, b: CorePolicy): Relation {
  return decide((): Relation => {
    const space = spaceOf([a, b]);
    const some = (accept: (v: readonly Verdict[]) => boolean): PolicyInput | undefined =>
      witnessOf(space, [a, b], 'complete', accept);
    if (some(([x, y]) => x !== y) === undefined) return { is: 'duplicate' };
    const both = some((v) => !v.includes('not_applicable'));
    if (both !== undefined && some((v) => v.every((x) => x === 'compliant')) === undefined)
      return {
        is: 'conflict',
        on: { input: both, verdicts: [meaningOf(a, both).verdict, meaningOf(b, both).verdict] },
      };
    const violates = (policy: CorePolicy): boolean =>
      witnessOf(spaceOf([policy]), [policy], 'complete', ([v]) => v === 'violation') !== undefined;
    if (violates(b) && some(([x, y]) => y === 'violation' && x !== 'violation') === undefined) return { is: 'covers' };
    if (violates(a) && some(([x, y]) => x === 'violation' && y !== 'violation') === undefined) return { is: 'covered' };
    return { is: 'independent' };
  });
}

/** What a policy can never say; empty: it says something. */
export type Vacuity = 'never_applies' | 'never_violated' | 'never_compliant';

/** What a policy never says of a resource of which everything is known, and the clauses that can never fail. */
export function vacuityOf(
  policy: CorePolicy,
): { readonly is: 'decided'; readonly never: readonly Vacuity[]; readonly idle: readonly string[] } | TooLarge {
  return decide(() => {
    const space = spaceOf([policy]);
    const says = (verdict: (v: Verdict | undefined) => boolean): boolean =>
      witnessOf(space, [policy], 'complete', ([v]) => verdict(v)) !== undefined;
    const never: Vacuity[] = [];
    if (!says((v) => v !== 'not_applicable')) never.push('never_applies');
    else {
      if (!says((v) => v === 'violation')) never.push('never_violated');
      if (!says((v) => v === 'compliant')) never.push('never_compliant');
    }
    const idle = policy.clauses.filter((c) => {
      const alone: CorePolicy = { ...policy, clauses: [c] };
      return witnessOf(spaceOf([alone]), [alone], 'complete', ([v]) => v === 'violation') === undefined;
    });
    return { is: 'decided' as const, never, idle: idle.map((c) => c.id) };
  });
}

/** A resource of which the policy says unknown, although whatever the missing facts are the verdict is the same. */
export interface Needless {
  readonly input: PolicyInput;
  /** What every completion is. */
  readonly always: Verdict;
}

/** It in words, with what the author can do about it. */
export function describeNeedless({ input, always }: Needless): string {
  return (
    `unknown of ${JSON.stringify(input.facts)}, although whatever is missing it is ${always}: put what differs into a ` +
    'parameter with overrides (it is decided where all its values agree), or say beside the alternatives what always holds'
  );
}

/**
 * The smallest resource, of which some facts are wholly missing and the others wholly known, that three-valued logic
 * leaves unknown although every completion agrees; undefined if there is none. (Half-known lists are not looked at.)
 */
export function needlesslyUnknown(policy: CorePolicy): Needless | TooLarge | undefined {
  return decide(() => {
    const space = spaceOf([policy]);
    const [formulas] = space.policies;
    if (formulas === undefined) return undefined;
    interface State {
      readonly seen: readonly Formula[];
      /** What is left of the formulas under each completion of what is missing so far. */
      readonly completed: readonly (readonly Formula[])[];
    }
    const assigned = (fs: readonly Formula[], v: Variable, c: Class) => fs.map((f) => assign(f, v.fact, c.truths));
    const start: readonly Formula[] = [formulas.scope, formulas.requirement];
    const verdict = ([scope, requirement]: readonly Formula[]): Verdict =>
      verdictOf(settled(scope), settled(requirement));
    const found = cheapest<State>(
      space.variables,
      (v) => [...v.all.filter((c) => c.witness === undefined), ...v.complete],
      { seen: start, completed: [start] },
      ({ seen, completed }, v, c) => {
        const next = completed.flatMap((fs) =>
          (c.witness === undefined ? v.complete : [c]).map((k) => assigned(fs, v, k)),
        );
        const unique = new Map(next.map((fs) => [JSON.stringify(fs), fs]));
        return {
          seen: assigned(seen, v, c),
          completed: [...unique].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, fs]) => fs),
        };
      },
      ({ seen, completed }) => verdict(seen) === 'unknown' && new Set(completed.map(verdict)).size === 1,
    );
    if (found === undefined) return undefined;
    const input = inputFrom(space.variables, found.classes);
    const complete = space.variables.map((v, i) => {
      const c = found.classes[i];
      return c?.witness === undefined ? (v.complete[0] as Class) : c;
    });
    return { input, always: meaningOf(policy, inputFrom(space.variables, complete)).verdict };
  });
}
