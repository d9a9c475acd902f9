/** Holds a lifted policy against the Rego that it was lifted from: on whole resources both must say the same. */
import { valueProblem } from '../kinds/conform.ts';
import type { FactSpec, FieldSpec } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import { type CorePolicy, conditionsOf, factsOf, readsOf } from '../policy/core.ts';
import { meaningOf, type PolicyInput } from '../policy/meaning.ts';
import { type Evaluate, inputsOf, PROOF_NOW, ruledBy } from '../policy/proof.ts';
import { type Constants, subjectsOf } from '../policy/regions.ts';
import type { Lift } from './lift.ts';

/** As many as the original is asked about: each is a file for `opa exec`. */
const MOST_INPUTS = 1600;

/**
 * Resources that are seen completely, at every region of what the policy compares and of what its Rego compares: the
 * original says nothing of what is missing, so only these can be held against it.
 */
export function wholeInputs(core: CorePolicy, kind: Kind, constants: Constants, seed: number): readonly PolicyInput[] {
  const specs = factsOf(kind);
  const reads = readsOf(conditionsOf(core));
  const { lists } = subjectsOf(core);
  const isWhole = (input: unknown): input is PolicyInput => {
    if (!isObject(input) || !isObject(input['facts']) || !Array.isArray(input['closed'])) return false;
    // Looked at just above.
    const { facts, closed } = input as unknown as PolicyInput;
    return reads.every((fact) => {
      const spec = specs[fact] as FactSpec;
      const value = facts[fact];
      if (value === undefined || valueProblem(spec, value) !== undefined) return false;
      if (!Array.isArray(value)) return true;
      const fields = [...(lists.get(fact)?.keys() ?? [])].filter((field) => field !== '');
      return closed.includes(fact) && value.every((item) => fields.every((f) => isObject(item) && f in item));
    });
  };
  const found: PolicyInput[] = [];
  for (const phase of ['facts', 'items', 'shells', 'random'] as const) {
    let n = 0;
    for (const [, input] of inputsOf(core, { seed, random: MOST_INPUTS, constants, phases: [phase] })) {
      if (!isWhole(input)) continue;
      found.push(filled(input, specs));
      if (++n >= MOST_INPUTS / 4) break;
    }
  }
  return found;
}

/** A value of the type: what no clause reads, a message may. */
function sampleOf({ shape }: Pick<FieldSpec, 'shape'> | Pick<FactSpec, 'shape'>): unknown {
  switch (shape.type) {
    case 'bool':
      return false;
    case 'enum':
      return shape.values[0];
    case 'int':
      return shape.min ?? 0;
    case 'timestamp':
      return PROOF_NOW;
    case 'string':
      return 'sample';
    case 'range':
      return { from: shape.min, to: shape.max };
    case 'ip_range':
      return { family: 'ipv4', first: '00000000', last: 'ffffffff' };
    case 'list':
      return [];
  }
}

/** The input with something in every place that it leaves out: without, a message of the original would be lost. */
function filled(input: PolicyInput, specs: { readonly [fact: string]: FactSpec }): PolicyInput {
  const facts: { [fact: string]: unknown } = { ...input.facts };
  const closed = new Set(input.closed);
  for (const [fact, spec] of Object.entries(specs)) {
    const value = (facts[fact] ??= sampleOf(spec));
    if (!Array.isArray(value) || spec.shape.type !== 'list') continue;
    closed.add(fact);
    const { of } = spec.shape;
    if (of.type !== 'record') continue;
    const samples = Object.fromEntries(Object.entries(of.fields).map(([field, f]) => [field, sampleOf(f)]));
    facts[fact] = value.map((item: unknown) => (isObject(item) ? { ...samples, ...item } : item));
  }
  return { ...input, facts, closed: [...closed] };
}

export interface Disagreement {
  readonly input: PolicyInput;
  readonly original: 'violation' | 'fine';
  readonly lifted: string;
}

/**
 * The first input of which the original and the lifted policy say different things. `answers`: of each
 * decision, on each input. `evaluate` runs the Rego of a policy that only that says: of what is whole it decides everything.
 */
export function disagreementOf(
  core: CorePolicy,
  { allows }: Pick<Extract<Lift, { is: 'lifted' }>, 'allows'>,
  inputs: readonly PolicyInput[],
  answers: readonly (readonly unknown[])[],
  evaluate?: Evaluate,
): Disagreement | undefined {
  for (const [i, input] of inputs.entries()) {
    const violates = allows
      ? answers.every((of) => of[i] !== true)
      : answers.some((of) => (Array.isArray(of[i]) ? of[i].length > 0 : of[i] !== undefined && of[i] !== false));
    const { verdict } = meaningOf(core, input, evaluate === undefined ? undefined : ruledBy(core, evaluate, input));
    const isUndecided = evaluate !== undefined && verdict === 'unknown';
    if ((verdict === 'violation') !== violates || isUndecided)
      return { input, original: violates ? 'violation' : 'fine', lifted: verdict };
  }
  return undefined;
}

/** The kinds that have all the facts that are read. */
export function kindsWith(facts: readonly string[], kinds: readonly Kind[]): readonly Kind[] {
  return kinds.filter((kind) => facts.every((fact) => Object.hasOwn(factsOf(kind), fact)));
}
