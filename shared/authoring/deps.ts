/** What authoring needs of the world. Everything is given: no SDK, no file, no clock of its own. */
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { CompiledPolicy } from '../policy/bundle.ts';
import type { CorePolicy } from '../policy/core.ts';
import type { LanguageModel } from '../ports/language-model.ts';
import type { Completion } from './complete.ts';
import type { Draft, LeftOut } from './intent.ts';
import type { Candidate, ExampleResource, Verification } from './verify.ts';

/** A native document that has some facts: `name` is a file name with its extension, its stem says the dialect. */
export interface Rendered {
  readonly dialect: string;
  readonly name: string;
  readonly text: string;
}

/** A resource that is there, as authoring looks at it. */
export interface InventoryResource {
  readonly id: string;
  readonly cloud: string;
  readonly account: string;
  readonly owner: string | null;
  readonly facts: FactStates;
}

/** Files of a policy's folder besides policy.yaml and policy.rego: path -> text. */
export interface PolicyFiles {
  readonly [path: string]: string;
}

/** What may be spent. The checks that cost calls of the model are on by default; 0 turns one off. */
export interface AuthorLimits {
  /** The longest sentence, in bytes of UTF-8; a longer one is refused before any call. */
  readonly intentBytes: number;
  /** Fresh requests for repair, over the whole run. */
  readonly rounds: number;
  /** Questions to the person. */
  readonly questions: number;
  /** The fewest and the most resources of each policy that are judged blind. */
  readonly leastJudged: number;
  readonly mostJudged: number;
  /** Paraphrases that must formalise to the same meaning. */
  readonly paraphrases: number;
  /** Covered phrases that are deleted, to see that the meaning changes. */
  readonly deletions: number;
  /** A catalogue longer than this (in characters) is preceded by a cheap selection of kinds. */
  readonly catalogueCharacters: number;
  /** Tokens of one answer. */
  readonly maxTokens: number;
}

export const DEFAULT_LIMITS: AuthorLimits = {
  intentBytes: 4096,
  rounds: 5,
  questions: 3,
  leastJudged: 6,
  mostJudged: 40,
  paraphrases: 5,
  deletions: 8,
  catalogueCharacters: 60_000,
  maxTokens: 16_000,
};

/** How far a session is: for a dialogue. Nothing that is told has an influence on what comes of it. */
export type Told =
  | {
      readonly is: 'step';
      readonly step: 'formalise' | 'paraphrase' | 'delete' | 'redraft' | 'judge' | 'rego' | 'prove';
    }
  /** The author's first reading; and again what will be judged blind, where that is another. */
  | { readonly is: 'understood'; readonly drafts: readonly Draft[]; readonly leftOut: readonly LeftOut[] };

export interface AuthorDeps {
  readonly model: LanguageModel;
  /** Runs the gates: wraps `verifyPolicy` with tools, others, now, seed. */
  readonly verify: (candidate: Candidate) => Verification | Promise<Verification>;
  readonly kinds: readonly Kind[];
  /** The active policies. */
  readonly active: readonly CorePolicy[];
  /** Native documents that have these facts, in every dialect that can say them; none where nothing can. */
  readonly render: (
    kind: string,
    facts: FactStates,
    options?: { readonly unknownFields?: readonly string[] },
  ) => readonly Rendered[];
  /** The documents that a policy lacks beside its examples (`completeExamples`); absent: none are made. */
  readonly complete?: (
    policy: Pick<CompiledPolicy, 'policy' | 'core'>,
    kind: Kind,
    examples: readonly ExampleResource[],
  ) => Pick<Completion, 'files' | 'survivors'>;
  /** The resources of a kind that are there. */
  readonly inventory?: (kind: string) => Iterable<InventoryResource>;
  /** The examples among the files (`examples/<verdict>/<name>`), mapped as `edict check` maps them. */
  readonly examplesOf: (yaml: string, files: PolicyFiles) => Promise<Pick<Candidate, 'examples' | 'problems'>>;
  /** The instant at which examples and the inventory are judged, in epoch seconds: the one `verify` uses. */
  readonly now: number;
  readonly limits: AuthorLimits;
  readonly tells?: (told: Told) => void;
}
