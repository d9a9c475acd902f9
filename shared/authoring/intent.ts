/** What authoring takes and gives: the intent, the drafts, the questions to a person, and refusals as results. */
import type { FactStates } from '../model/fact.ts';
import type { Policy } from '../model/policy.ts';
import type { Verdict } from '../model/verdict.ts';
import type { ModelCall } from '../ports/language-model.ts';
import type { Verification } from './verify.ts';

export interface Intent {
  /** The sentence, as the person wrote it. */
  readonly text: string;
  /** Only policies of these kinds; absent: whatever the sentence speaks of. */
  readonly kinds?: readonly string[];
}

/** Words of the intent, and the clause (or `scope`, or a parameter) that formalises them. */
export interface Cover {
  readonly words: string;
  readonly by: string;
}

/** A policy as drafted: typed against its kind, not yet proven. */
export interface Draft {
  readonly policy: Policy;
  /** policy.yaml, as it would be saved. */
  readonly yaml: string;
  readonly covers: readonly Cover[];
  /** Words of the sentence that no clause covers. */
  readonly uncovered: readonly string[];
}

/** A kind that was considered, and why there is no policy for it. */
export interface LeftOut {
  readonly kind: string;
  readonly because: string;
}

/** What a person says of a concrete resource. `skip`: the person cannot say. */
export const ANSWERS = ['violation', 'fine', 'does_not_apply', 'skip'] as const;
export type Answer = (typeof ANSWERS)[number];

/** A concrete resource that a person is shown. */
export interface ShownResource {
  readonly id: string;
  readonly kind: string;
  /** In words, from its facts. */
  readonly says: string;
  readonly facts: FactStates;
  /** A native document that has these facts, where one can be written. */
  readonly native?: { readonly dialect: string; readonly document: unknown };
  /** It is a resource of the inventory. */
  readonly real?: boolean;
}

/** One question, on which the readings that are left part. */
export interface Question {
  readonly id: string;
  readonly asks: string;
  readonly resource: ShownResource;
  /** What each reading says of it. */
  readonly readings: readonly { readonly english: string; readonly answer: Answer }[];
}

/** Whoever writes the intent. A dialogue, a script, or a log of what was said before. */
export interface Person {
  answer(question: Question): Promise<Answer>;
  /** Judges resources blind: without being told what the policy says of them. In their order. */
  judge(resources: readonly ShownResource[]): Promise<readonly Answer[]>;
}

export const REFUSALS = [
  'out_of_model', // a fact is missing: which, in which kind
  'needs_rego', // the facts are there, and the clause language cannot say it: `drafts`, whose Rego is drafted (rego-draft.ts)
  'ambiguous', // still more than one reading after the questions
  'contradictory', // nothing can comply, or the sentence says both
  'vacuous', // nothing can violate it
  'not_a_policy', // not a statement about configuration
  'unusable', // empty, too long, not text
  'not_understood', // the model gave nothing that types, within the rounds there are
  'model_unavailable', // denied, unavailable, timeout, over budget
  'misjudged', // the person's blind judgements contradict the draft
] as const;
export interface Refusal {
  readonly is: 'refused';
  readonly code: (typeof REFUSALS)[number];
  /** One sentence for the person. */
  readonly why: string;
  /** `out_of_model`: what is missing. */
  readonly missing?: readonly { readonly kind: string; readonly fact: string; readonly says: string }[];
  /** `ambiguous`, `contradictory`: the readings, in generated English. */
  readonly readings?: readonly string[];
  /** `needs_rego`: the policies, with the clauses that only Rego can say and what it would read. */
  readonly drafts?: readonly Pick<Draft, 'policy' | 'covers'>[];
  readonly calls: readonly ModelCall[];
}

export interface AuthoredPolicy extends Draft {
  readonly rego: string;
  readonly verification: Verification;
  /** Files of its folder besides policy.yaml and policy.rego: intent.md, examples; path -> text. */
  readonly files: { readonly [path: string]: string };
}
/** A check of a draft that is not a gate: what was found is recorded, whatever came of it. */
export interface Check {
  readonly name:
    | 'agreement'
    | 'coverage'
    | 'literals'
    | 'paraphrases'
    | 'deletions'
    | 'judging'
    | 'examples'
    | 'stored'
    | 'carried';
  readonly passed: boolean;
  readonly says: string;
}
/** A resource that the person has judged, and what the draft says of it. */
export interface JudgedResource {
  readonly resource: ShownResource;
  readonly answer: Answer;
  /** What was said blind, where a second look, at what the draft says, has changed it: the answer is corrected. */
  readonly blind?: Answer;
  readonly verdict: Verdict;
}
export interface Authored {
  readonly is: 'authored';
  readonly checks: readonly Check[];
  readonly policies: readonly AuthoredPolicy[];
  readonly leftOut: readonly LeftOut[];
  readonly questions: readonly { readonly question: Question; readonly answer: Answer }[];
  readonly judged: readonly JudgedResource[];
  readonly rounds: number;
  readonly calls: readonly ModelCall[];
}
