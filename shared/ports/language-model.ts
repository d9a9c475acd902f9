/** Who is asked: each role is its own model by configuration. `author` and `second` formalise the same intent apart. */
export const MODEL_ROLES = ['author', 'second', 'explain'] as const;
export type ModelRole = (typeof MODEL_ROLES)[number];

/** A piece of what the model reads. Only `instructions` are ours; `untrusted` is data, whatever it says. */
export type PromptPart =
  | { readonly is: 'instructions'; readonly text: string }
  /** The person's sentence. */
  | { readonly is: 'intent'; readonly text: string }
  /** Text from outside (an advisory, a tag, the name of a resource): the adapter fences it. */
  | { readonly is: 'untrusted'; readonly label: string; readonly text: string };

export interface ModelRequest {
  readonly role: ModelRole;
  /** What it is asked for, for the audit record: `formalise`, `paraphrase`, `repair`, … */
  readonly purpose: string;
  /** The stable beginning (the catalogue, the language): the same bytes in every request of a role, so it is cached. */
  readonly system: readonly string[];
  readonly prompt: readonly PromptPart[];
  /** JSON Schema of the answer. No recursion, every object closed, every key required (null for what is not there). */
  readonly schema: { readonly [key: string]: unknown };
  readonly maxTokens: number;
}

export interface ModelUsage {
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** US dollars by the configured price list; null where the model is not on it. */
  readonly cost: number | null;
}

/** The audit record of one call. No prompt and no answer in it: their hashes. */
export interface ModelCall {
  readonly role: ModelRole;
  readonly purpose: string;
  readonly model: string;
  /** SHA-256 of the canonical request (role, purpose, system, prompt, schema, maxTokens). */
  readonly requestHash: string;
  readonly usage: ModelUsage;
  readonly ms: number;
  readonly outcome: ModelAnswer['is'];
}

/**
 * What came of a request. Whatever is not `answered` is a result to be handled, never an exception:
 * `refused` by the model, `truncated` at `maxTokens`, `malformed` (no JSON, or of another shape than the schema),
 * `timeout`, `unavailable` (throttled, overloaded, no connection, after the adapter's retries),
 * `denied` (no key, or one that is not accepted), `over_budget` (the run's tokens are spent: nothing was sent).
 */
export type ModelAnswer =
  | { readonly is: 'answered'; readonly value: unknown; readonly call: ModelCall }
  | {
      readonly is: 'refused' | 'truncated' | 'malformed' | 'timeout' | 'unavailable' | 'denied' | 'over_budget';
      readonly why: string;
      readonly call: ModelCall;
    };

/** A language model. Never in the path of evaluation: it drafts, and gates and people decide. */
export interface LanguageModel {
  /** Never throws over what the model or the network does. */
  ask(request: ModelRequest): Promise<ModelAnswer>;
}
