/** Small inputs that show what a policy says: for each clause one on which it holds, fails and is unknown. */
import type { FactStates, FactValue } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { CorePolicy } from './core.ts';
import { meaningOf, type PolicyInput } from './meaning.ts';
import { inputsOf, PROOF_NOW, shrink } from './proof.ts';
import { compileValidator } from './schema.ts';

export type ClauseState = 'holds' | 'fails' | 'unknown';

export interface Witness {
  /** The id of the clause, or `scope`. */
  readonly clause: string;
  readonly state: ClauseState;
  readonly input: PolicyInput;
}

const STATES: readonly ClauseState[] = ['holds', 'fails', 'unknown'];
const SCOPE_STATE = { true: 'holds', false: 'fails', unknown: 'unknown' } as const;
const RANDOM = 2000;

/** The state of a clause, or of the scope, on an input. */
export function stateOf(policy: CorePolicy, clause: string, input: PolicyInput): ClauseState | undefined {
  const { scope, clauses } = meaningOf(policy, input);
  return clause === 'scope' ? SCOPE_STATE[scope] : clauses.find((c) => c.id === clause)?.verdict;
}

/** True for an input that keeps the contract of the kind, judged at the instant of the proof. */
export function isValid(validate: ReturnType<typeof compileValidator>, input: PolicyInput): boolean {
  const states: FactStates = Object.fromEntries(
    Object.entries(input.facts).map(([name, value]) => [name, { state: 'known', value: value as FactValue, at: '' }]),
  );
  const { undeclared, invalid } = validate(states);
  return (
    undeclared.length === 0 &&
    invalid.size === 0 &&
    Array.isArray(input.closed) &&
    input.closed.every((list) => Object.hasOwn(input.facts, list)) &&
    input.now === PROOF_NOW
  );
}

/** A smallest well-formed witness for each clause and state that has one; the same ones each time. */
export function witnessesOf(policy: CorePolicy, kind: Kind): readonly Witness[] {
  const validate = compileValidator(kind);
  // Of a clause that only Rego says there is nothing to show.
  const own = policy.clauses.filter((c) => c.that.op !== 'rego');
  const wanted = [...(policy.scope === undefined ? [] : ['scope']), ...own.map((c) => c.id)];
  const found = new Map<string, Witness>();
  const total = wanted.length * STATES.length;
  for (const [, raw] of inputsOf(policy, { seed: 1, random: RANDOM })) {
    if (found.size === total) break;
    const input = raw as PolicyInput;
    if (!isValid(validate, input)) continue;
    for (const clause of wanted) {
      const state = stateOf(policy, clause, input);
      const key = `${clause} ${state}`;
      if (state === undefined || found.has(key)) continue;
      const isWitness = (i: unknown): boolean =>
        isValid(validate, i as PolicyInput) && stateOf(policy, clause, i as PolicyInput) === state;
      found.set(key, { clause, state, input: shrinkInput(input, isWitness) });
    }
  }
  return wanted.flatMap((clause) => STATES.flatMap((state) => found.get(`${clause} ${state}`) ?? []));
}

/** Shrinks facts and `closed`; the three parts of an input stay. */
function shrinkInput(input: PolicyInput, isWitness: (input: unknown) => boolean): PolicyInput {
  const whole = (i: unknown): boolean => Object.keys(i as object).length === 3 && isWitness(i);
  return shrink(input, whole) as PolicyInput;
}
