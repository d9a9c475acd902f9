/**
 * A role's formalisation of a sentence, with its repairs: a fresh request with the draft and one counterexample, as often
 * as there are rounds, until it is right or says the same again. What is right is decided here, never by the model.
 */
import type { Kind } from '../model/kind.ts';
import type { FactStates } from '../model/fact.ts';
import { canonicalJson } from '../model/json.ts';
import type { Verdict } from '../model/verdict.ts';
import { sha256 } from '../policy/bundle.ts';
import { MODEL_ROLES, type ModelAnswer, type ModelCall, type ModelRequest } from '../ports/language-model.ts';
import { type Formal, type Reading, understand, type Understood } from './answer.ts';
import { vacuityOf } from './compare.ts';
import { coverageOf } from './coverage.ts';
import type { AuthorDeps } from './deps.ts';
import type { Refusal } from './intent.ts';
import { formaliseRequest, repairRequest, systemOf } from './prompts.ts';
import { judge } from './resources.ts';

/** Why there is no reading. */
export type NoReading = Pick<Refusal, 'code' | 'why' | 'missing' | 'readings' | 'drafts'> & { readonly is: 'refused' };

/** What a person has said of a resource: every reading must say the same of it. */
export interface Said {
  readonly kind: Kind;
  readonly facts: FactStates;
  readonly verdict: Verdict;
}

/** Asks the model, and keeps the record of each call in the order in which they were made. */
export class Calls {
  readonly #model: AuthorDeps['model'];
  readonly #calls: (ModelCall | undefined)[] = [];
  constructor(model: AuthorDeps['model']) {
    this.#model = model;
  }
  async ask(request: ModelRequest): Promise<ModelAnswer> {
    const i = this.#calls.push(undefined) - 1;
    const answer = await this.#model.ask(request);
    this.#calls[i] = answer.call;
    return answer;
  }
  /** By role, and within a role in their order: two roles are asked at the same time, and either may be the faster. */
  get made(): readonly ModelCall[] {
    const made = this.#calls.filter((c) => c !== undefined);
    return MODEL_ROLES.flatMap((role) => made.filter((c) => c.role === role));
  }
}

/** What came of a request that was not answered, for the person. */
export function unanswered({ is, why }: Exclude<ModelAnswer, { is: 'answered' }>): NoReading {
  if (is === 'refused')
    return { is: 'refused', code: 'unusable', why: `the model declines to answer this sentence: ${why}` };
  if (is === 'truncated' || is === 'malformed')
    return { is: 'refused', code: 'not_understood', why: `the model's answer is ${is}: ${why}` };
  return {
    is: 'refused',
    code: 'model_unavailable',
    why: `the model gave no answer (${is.replace('_', ' ')}): ${why}`,
  };
}

/** What is wrong with a reading that types, by code: it says nothing, or not what the words say. */
export function problemOf(
  { formals }: Reading,
  sentence: string | undefined,
  active: AuthorDeps['active'],
): Pick<Refusal, 'code' | 'why'> | undefined {
  for (const { core, kind } of formals) {
    const vacuity = vacuityOf(core);
    if (vacuity.is === 'undecided')
      return { code: 'not_understood', why: `${kind.id}: too large to decide: ${vacuity.why}` };
    const { never, idle } = vacuity;
    if (never.includes('never_compliant'))
      return { code: 'contradictory', why: `${kind.id}: nothing that the policy applies to can comply with it` };
    if (never.length > 0) return { code: 'vacuous', why: `${kind.id}: nothing can violate the policy` };
    if (idle.length > 0)
      return { code: 'vacuous', why: `${kind.id}: nothing can violate the clause ${idle.join(', ')}` };
  }
  if (sentence === undefined) return undefined; // clauses that a person has written
  const [problem] = coverageOf(sentence, formals, active).problems;
  return problem === undefined ? undefined : { code: 'not_understood', why: problem };
}

/** Says the same as the person has said of each resource. */
export const broken = (reading: Reading, said: readonly Said[], now: number): Said | undefined =>
  said.find((s) => {
    const formal = reading.formals.find((f) => f.kind.id === s.kind.id);
    return judge(formal?.core, s.kind, s.facts, now) !== s.verdict;
  });

/** A role in a session: its system, its last draft, its rounds. */
export class Formaliser {
  readonly role: 'author' | 'second';
  rounds = 0;
  readonly #calls: Calls;
  readonly #deps: AuthorDeps;
  readonly #kinds: readonly Kind[];
  readonly #asked: { readonly system: readonly string[]; readonly maxTokens: number };
  /** Hashes of the answers so far: a model that repeats itself has nothing more to say. */
  readonly #seen = new Set<string>();
  #draft: string | undefined;

  constructor(role: 'author' | 'second', kinds: readonly Kind[], calls: Calls, deps: AuthorDeps) {
    this.role = role;
    this.#calls = calls;
    this.#deps = deps;
    this.#kinds = kinds;
    this.#asked = { system: systemOf(role, kinds), maxTokens: deps.limits.maxTokens };
  }

  /** The role's reading of the sentence; repaired until nothing is wrong with it by code. */
  async formalise(sentence: string): Promise<Reading | NoReading> {
    return this.#until(sentence, formaliseRequest(this.role, 'formalise', sentence, this.#asked));
  }

  /** A new reading after a counterexample from outside (the person's word). */
  async repair(sentence: string, counterexample: string): Promise<Reading | NoReading> {
    if (this.rounds >= this.#deps.limits.rounds)
      return { is: 'refused', code: 'not_understood', why: `after ${this.rounds} rounds: ${counterexample}` };
    this.rounds++;
    const request = repairRequest(this.role, sentence, this.#draft, counterexample, this.#asked);
    return this.#until(sentence, request, counterexample);
  }

  /** Formalises a variant of the sentence once, without repairs: to compare with. */
  async once(purpose: string, variant: string, sentence: string): Promise<Understood> {
    const answer = await this.#calls.ask(formaliseRequest(this.role, purpose, variant, this.#asked));
    // It may quote either: only its meaning is looked at.
    return answer.is === 'answered'
      ? understand(answer.value, `${variant} ${sentence}`, this.#kinds)
      : unanswered(answer);
  }

  async #until(sentence: string, first: ModelRequest, counterexample = ''): Promise<Reading | NoReading> {
    let request = first;
    let problem: Pick<Refusal, 'code' | 'why'> = { code: 'not_understood', why: counterexample };
    for (;;) {
      const answer = await this.#calls.ask(request);
      if (answer.is !== 'answered' && answer.is !== 'truncated' && answer.is !== 'malformed') return unanswered(answer);
      const hash = answer.is === 'answered' ? sha256(canonicalJson(answer.value)) : answer.is;
      const isRepeated = this.#seen.has(hash);
      this.#seen.add(hash);
      if (answer.is === 'answered') {
        this.#draft = JSON.stringify(answer.value);
        const understood = understand(answer.value, sentence, this.#kinds);
        if (understood.is === 'refused') return understood;
        const found =
          understood.is === 'wrong'
            ? { code: 'not_understood' as const, why: understood.why }
            : problemOf(understood, sentence, this.#deps.active);
        if (found === undefined && understood.is === 'policies' && !isRepeated) return understood;
        problem = found ?? problem;
      } else {
        this.#draft = undefined;
        problem = unanswered(answer);
      }
      if (isRepeated)
        return { is: 'refused', code: problem.code, why: `the model repeats what is wrong: ${problem.why}` };
      if (this.rounds >= this.#deps.limits.rounds)
        return { is: 'refused', code: problem.code, why: `after ${this.rounds} rounds: ${problem.why}` };
      this.rounds++;
      request = repairRequest(this.role, sentence, this.#draft, problem.why, this.#asked);
    }
  }
}

/** The formal policy of a kind in a reading. */
export const formalOfKind = (reading: Reading, kind: Kind): Formal | undefined =>
  reading.formals.find((f) => f.kind.id === kind.id);
