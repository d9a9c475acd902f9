/**
 * What a language model answers when it formalises a sentence, and what is made of it: a reading, or what is wrong.
 * Conditions are JSON text in strings: structured output knows no recursion, and the checker of the clause language says
 * better than a schema what does not type (docs/adr/0011-authoring.md).
 */
import * as z from 'zod';
import { isAppError } from '../model/errors.ts';
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import { SEVERITIES } from '../model/verdict.ts';
import { typecheck } from '../policy/clauses.ts';
import { type CorePolicy, regoClausesOf, toCore } from '../policy/core.ts';
import type { Cover, LeftOut, Refusal } from './intent.ts';

/** How a sentence may be understood. Everything but `policies` refuses. */
export const OUTCOMES = [
  'policies',
  'out_of_model',
  'needs_rego',
  'ambiguous',
  'contradictory',
  'vacuous',
  'not_a_policy',
] as const satisfies readonly (Refusal['code'] | 'policies')[];

const json = (what: string) => z.string().describe(`${what}, as JSON text`);
const AnswerSchema = z.strictObject({
  outcome: z.enum(OUTCOMES),
  why: z.string().describe('One sentence for the person: why this outcome.'),
  policies: z.array(
    z.strictObject({
      kind: z.string(),
      name: z.string().describe('The secure state in kebab-case, at most five words: no-public-access'),
      title: z.string().describe('The secure state in a short sentence.'),
      severity: z.enum(SEVERITIES),
      applies_when: z.string().nullable().describe('The condition of the scope, as JSON text; null: every resource.'),
      clauses: z.array(z.strictObject({ id: z.string().describe('kebab-case'), that: json('The condition') })),
      params: z.array(
        z.strictObject({
          name: z.string().describe('snake_case'),
          says: z.string(),
          type: z.enum(['int', 'string', 'list_of_ranges', 'list_of_ip_ranges', 'list_of_strings']),
          value: json('The default'),
          overrides: z.array(
            z.strictObject({ when: json('A condition over context facts'), value: json('The value') }),
          ),
        }),
      ),
      covers: z.array(
        z.strictObject({
          words: z.string().describe('Words of the sentence, exactly as they stand there.'),
          by: z.string().describe('What formalises them: the id of a clause, scope, kind, or the name of a parameter.'),
        }),
      ),
      remediation: z.string().describe('What to do about a violation, in any cloud.'),
    }),
  ),
  missing: z
    .array(z.strictObject({ kind: z.string(), fact: z.string().describe('snake_case'), says: z.string() }))
    .describe('out_of_model: the facts that are missing.'),
  readings: z.array(z.string()).describe('ambiguous, contradictory: each reading in one sentence.'),
  left_out: z
    .array(z.strictObject({ kind: z.string(), because: z.string() }))
    .describe('Kinds that were considered and have no policy.'),
});
type Answer = z.infer<typeof AnswerSchema>;

const jsonSchemaOf = (schema: z.ZodType): { readonly [key: string]: unknown } => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema);
  return rest;
};

/** JSON Schema of an answer: no recursion, closed objects, every key required. */
export const ANSWER_SCHEMA: { readonly [key: string]: unknown } = jsonSchemaOf(AnswerSchema);

const KindsSchema = z.strictObject({ kinds: z.array(z.string()) });
/** JSON Schema of the answer to which kinds a sentence speaks of. */
export const KINDS_SCHEMA: { readonly [key: string]: unknown } = jsonSchemaOf(KindsSchema);
/** The kinds that were selected, unknown ones left out; undefined where it is no such answer. */
export function parseKinds(value: unknown, kinds: readonly Kind[]): readonly Kind[] | undefined {
  const parsed = KindsSchema.safeParse(value);
  return parsed.success ? kinds.filter((k) => parsed.data.kinds.includes(k.id)) : undefined;
}

const ParaphrasesSchema = z.strictObject({ paraphrases: z.array(z.string()) });
/** JSON Schema of the answer that says a sentence otherwise. */
export const PARAPHRASES_SCHEMA: { readonly [key: string]: unknown } = jsonSchemaOf(ParaphrasesSchema);
/** The paraphrases; undefined where it is no such answer. */
export function parseParaphrases(value: unknown): readonly string[] | undefined {
  const parsed = ParaphrasesSchema.safeParse(value);
  return parsed.success ? parsed.data.paraphrases : undefined;
}

/** A policy of a reading, typed. */
export interface Formal {
  readonly kind: Kind;
  readonly policy: Policy;
  readonly core: CorePolicy;
  readonly covers: readonly Cover[];
}
/** One way to understand the sentence: a policy for each kind. */
export interface Reading {
  readonly is: 'policies';
  readonly formals: readonly Formal[];
  readonly leftOut: readonly LeftOut[];
}
export type Understood =
  | Reading
  | ({ readonly is: 'refused' } & Pick<Refusal, 'code' | 'why' | 'missing' | 'readings' | 'drafts'>)
  /** It does not type, or is not of the shape: what is wrong, for a repair. */
  | { readonly is: 'wrong'; readonly why: string };

const wrong = (why: string): { readonly is: 'wrong'; readonly why: string } => ({ is: 'wrong', why });

/** The text with runs of white space as one space, lower case, marks as a keyboard has them: how words are looked for. */
export const plainText = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\u2018\u2019\u201b\u02bc]/g, "'")
    .replaceAll(/[\u201c-\u201f\u00ab\u00bb]/g, '"')
    .replaceAll(/[\u2010-\u2015\u2212]/g, '-')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Prose of a model that ends in a policy: one line, bounded, no address to visit. */
const PROSE_CHARACTERS = 400;
const proseProblem = (what: string, text: string): string | undefined => {
  if (text.trim() === '' || text.length > PROSE_CHARACTERS) return `${what} is empty or too long`;
  if (/[\p{Cc}\p{Cf}\p{Co}]/u.test(text)) return `${what} has characters that are not text`;
  return /:\/\/|www\./i.test(text) ? `${what} has an address` : undefined;
};

const MOST_CLAUSES = 12;
const MOST_COVERS = 60;

/** What the answer says, typed against the kinds. Total on anything. */
export function understand(value: unknown, intent: string, kinds: readonly Kind[]): Understood {
  const parsed = AnswerSchema.safeParse(value);
  if (!parsed.success) return wrong(`not of the schema: ${z.prettifyError(parsed.error).slice(0, PROSE_CHARACTERS)}`);
  const { outcome, why, policies, missing, readings, left_out } = parsed.data;
  if (outcome !== 'policies' && outcome !== 'needs_rego') {
    if (policies.length > 0) return wrong(`the outcome is ${outcome}, and there are policies`);
    return {
      is: 'refused',
      code: outcome,
      why: line(why),
      ...(outcome === 'out_of_model' ? { missing: missing.map((m) => ({ ...m, says: line(m.says) })) } : {}),
      ...(outcome === 'ambiguous' || outcome === 'contradictory' ? { readings: readings.map(line) } : {}),
    };
  }
  if (policies.length === 0) return wrong(`the outcome is ${outcome}, and there is none`);
  const formals: Formal[] = [];
  for (const draft of policies) {
    const formal = formalOf(draft, intent, kinds);
    if (typeof formal === 'string') return wrong(formal);
    if (formals.some((f) => f.kind.id === formal.kind.id)) return wrong(`two policies of the kind ${formal.kind.id}`);
    formals.push(formal);
  }
  const isRuled = formals.some((f) => regoClausesOf(f.core).length > 0);
  if (isRuled !== (outcome === 'needs_rego'))
    return wrong(`the outcome is ${outcome}, and ${isRuled ? 'a' : 'no'} clause is said by Rego`);
  if (outcome === 'needs_rego')
    return {
      is: 'refused',
      code: outcome,
      why: line(why),
      drafts: formals.map(({ policy, covers }) => ({ policy, covers })),
    };
  const order = (kind: string): number => kinds.findIndex((k) => k.id === kind);
  return {
    is: 'policies',
    formals: formals.toSorted((a, b) => order(a.kind.id) - order(b.kind.id)),
    leftOut: left_out
      .filter((l) => order(l.kind) >= 0 && !formals.some((f) => f.kind.id === l.kind))
      .map((l) => ({ kind: l.kind, because: line(l.because) })),
  };
}

/** Prose for the person: one line, bounded, without characters that are not text. */
const line = (text: string): string =>
  text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\s]+/gu, ' ')
    .trim()
    .slice(0, PROSE_CHARACTERS);

function formalOf(draft: Answer['policies'][number], intent: string, kinds: readonly Kind[]): Formal | string {
  const kind = kinds.find((k) => k.id === draft.kind);
  if (kind === undefined) return `no kind ${JSON.stringify(draft.kind)}; allowed: ${kinds.map((k) => k.id).join(', ')}`;
  const at = `policy of ${kind.id}`;
  const prose = proseProblem('the title', draft.title) ?? proseProblem('the remediation', draft.remediation);
  if (prose !== undefined) return `${at}: ${prose}`;
  if (draft.clauses.length > MOST_CLAUSES) return `${at}: more than ${MOST_CLAUSES} clauses`;
  const covered = coversProblem(draft, intent);
  if (covered !== undefined) return `${at}: ${covered}`;
  try {
    const params = Object.fromEntries(
      draft.params.map(({ name, says, type, value, overrides }) => [
        name,
        {
          says,
          type,
          default: parse(`parameter ${name}`, value),
          ...(overrides.length === 0
            ? {}
            : {
                overrides: overrides.map((o) => ({
                  when: parse(`override of ${name}`, o.when),
                  value: parse(`override of ${name}`, o.value),
                })),
              }),
        },
      ]),
    );
    const wordsOf = (id: string): string =>
      draft.covers
        .filter((c) => c.by === id)
        .map((c) => c.words.trim())
        .join(' … ');
    const policy = typecheck(
      {
        id: `${kind.id.replaceAll('_', '-')}.${draft.name}`,
        title: draft.title.trim(),
        severity: draft.severity,
        kind: kind.id,
        ...(draft.applies_when === null ? {} : { applies_when: parse('applies_when', draft.applies_when) }),
        require: draft.clauses.map(({ id, that }) => ({ id, says: wordsOf(id), that: parse(`clause ${id}`, that) })),
        ...(draft.params.length === 0 ? {} : { params }),
        frameworks: {},
        remediation: draft.remediation.trim(),
      },
      kind,
    );
    return { kind, policy, core: toCore(policy, kind), covers: draft.covers };
  } catch (error) {
    if (error instanceof SyntaxError || isAppError(error, 'INPUT_INVALID')) return `${at}: ${error.message}`;
    throw error;
  }
}

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SyntaxError(`${what} is not JSON: ${text.slice(0, 80)}`);
  }
}

/** The words stand in the text; "no … public" quotes what is apart in the order in which it stands there. */
function quotes(text: string, words: string): boolean {
  const pieces = plainText(words)
    .split(/\s*(?:\.\.\.|…)\s*/)
    .map((p) => p.replaceAll(/^[\s.,;:]+|[\s.,;:]+$/g, ''))
    .filter((p) => p !== '');
  let at = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return pieces.length > 0;
}

/** Every clause, the scope and every parameter formalises words that stand in the sentence. */
function coversProblem(
  { covers, clauses, params, applies_when }: Answer['policies'][number],
  intent: string,
): string | undefined {
  if (covers.length > MOST_COVERS) return `more than ${MOST_COVERS} covers`;
  const parts = [
    ...clauses.map((c) => c.id),
    ...(applies_when === null ? [] : ['scope']),
    ...params.map((p) => p.name),
  ];
  const text = plainText(intent);
  for (const { words, by } of covers) {
    if (!quotes(text, words)) return `covers: ${JSON.stringify(words)} does not stand in the sentence`;
    if (by !== 'kind' && !parts.includes(by)) return `covers: there is no ${JSON.stringify(by)}`;
  }
  const bare = parts.find((part) => !covers.some((c) => c.by === part));
  return bare === undefined ? undefined : `${bare} formalises no words of the sentence`;
}
