/**
 * Answers that a person wrote in place of a language model: good, bad, disagreeing and malicious drafts, and everything
 * that can go wrong on the way. A script is YAML:
 *
 *     intents:
 *       - text: Production databases must keep backups for 30 days
 *         paraphrases: [For 30 days backups of production databases are kept]   # as many as are asked for: repeated
 *         author:                       # what is said in turn, to the request and then to each repair; the last one again and again
 *           - policies:
 *               - kind: sql_database
 *                 name: backups-kept
 *                 title: Production databases keep backups for 30 days
 *                 severity: high
 *                 applies_when: { fact: environment, is: production }
 *                 clauses: { kept: { fact: backup_retention_days, at_least: 30 } }
 *                 covers: { kind: databases, scope: Production, kept: keep backups for 30 days }
 *                 remediation: Keep backups for 30 days.
 *         second: [{ fails: throttled, retry_after: 1 }, { policies: […] }]     # default: as the author
 *         rego: [{ reads: [sizes], rules: "holds contains …" }]   # of a clause that only Rego says; rego_second as second
 *     otherwise: { outcome: not_a_policy, why: It says nothing of configuration. }
 *
 * An answer is `policies` (conditions as YAML), or an `outcome` with what belongs to it, or `fails: <how>`, or `raw:` any
 * value whatever, as it is. A request is for an intent when its sentence is the text or one of the paraphrases; letter case
 * and white space do not matter.
 */
import { parse } from 'yaml';
import * as z from 'zod';
import { AppError } from '../shared/model/errors.ts';

/** Everything that can happen instead of an answer. */
export const FAILURES = [
  'unauthorized', // 401
  'forbidden', // 403
  'no_model', // 404
  'throttled', // 429, with retry-after
  'overloaded', // 529
  'server_error', // 500
  'bad_request', // 400
  'refusal', // stop_reason
  'max_tokens', // stop_reason, in the middle of the JSON
  'context_window', // stop_reason
  'pause', // stop_reason: the turn is not over
  'malformed', // text that is not JSON
  'other_schema', // JSON of another shape
  'not_a_message', // JSON, and no message at all
  'html', // what a proxy says
  'slow', // an answer after `after_ms`
  'cut', // the connection ends in the middle of the body
] as const;
export type Failure = (typeof FAILURES)[number];

const words = z.union([z.string(), z.array(z.string())]);
const condition = z.record(z.string(), z.unknown());
const policy = z.strictObject({
  kind: z.string(),
  name: z.string().default('as-drafted'),
  title: z.string().default('As drafted'),
  severity: z.string().default('high'),
  applies_when: condition.optional(),
  clauses: z.record(z.string(), condition),
  params: z
    .array(
      z.strictObject({
        name: z.string(),
        says: z.string(),
        type: z.string(),
        value: z.unknown(),
        overrides: z.array(z.strictObject({ when: condition, value: z.unknown() })).default([]),
      }),
    )
    .default([]),
  covers: z.record(z.string(), words),
  remediation: z.string().default('Put it right.'),
});
const answer = z.union([
  z.strictObject({ fails: z.enum(FAILURES), retry_after: z.number().optional(), after_ms: z.number().optional() }),
  z.strictObject({ raw: z.unknown() }),
  z.strictObject({ reads: z.array(z.string()), rules: z.string() }),
  z.strictObject({
    outcome: z.string().default('policies'),
    why: z.string().default('It says so.'),
    policies: z.array(policy).default([]),
    missing: z.array(z.strictObject({ kind: z.string(), fact: z.string(), says: z.string() })).default([]),
    readings: z.array(z.string()).default([]),
    left_out: z.array(z.strictObject({ kind: z.string(), because: z.string() })).default([]),
    /** Any answer may be late. */
    after_ms: z.number().optional(),
  }),
]);
const answers = z.union([answer.transform((a) => [a]), z.array(answer).min(1)]);
const scriptSchema = z.strictObject({
  intents: z.array(
    z.strictObject({
      text: z.string(),
      paraphrases: z.array(z.string()).default([]),
      author: answers,
      second: answers.optional(),
      /** What is answered to purposes besides: `paraphrase`, `select`. */
      explain: answers.optional(),
      rego: answers.optional(),
      rego_second: answers.optional(),
    }),
  ),
  otherwise: answer.optional(),
});
type ScriptedAnswer = z.infer<typeof answer>;
export type Script = z.infer<typeof scriptSchema>;

/** A script, checked. Throws `INPUT_INVALID`. */
export function parseScript(yaml: string, file = 'the script'): Script {
  let value: unknown;
  try {
    value = parse(yaml);
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${file} is not YAML`, { cause });
  }
  const parsed = scriptSchema.safeParse(value);
  if (!parsed.success) throw new AppError('INPUT_INVALID', `${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** What is asked, as far as a script looks at it. */
export interface Asked {
  readonly role: 'author' | 'second' | 'explain';
  readonly wants: 'formalisation' | 'paraphrases' | 'kinds' | 'rego';
  readonly intent: string;
  /** A draft was wrong, and is drafted anew. */
  readonly isRepair?: boolean;
}
export type Reply =
  | { readonly is: 'value'; readonly value: unknown; readonly afterMs: number }
  | { readonly is: 'fails'; readonly how: Failure; readonly retryAfter: number; readonly afterMs: number };

const OTHERWISE: ScriptedAnswer = answer.parse({ outcome: 'not_a_policy', why: 'Nothing is scripted for it.' });
const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();

/**
 * Answers by a script. Of each intent and role it remembers how often it was asked in this session: whoever asks afresh
 * what was answered already begins another one.
 */
export function makeScripted(script: Script): (asked: Asked) => Reply {
  const times = new Map<string, number>();
  const answered = new Set<string>();
  return ({ role, wants, intent, isRepair = false }) => {
    const wanted = plain(intent);
    const entry = script.intents.find((i) => [i.text, ...i.paraphrases].some((t) => plain(t) === wanted));
    if (wants === 'paraphrases' && entry?.explain === undefined)
      return { is: 'value', value: { paraphrases: entry?.paraphrases ?? [] }, afterMs: 0 };
    if (entry === undefined) return replyOf(script.otherwise ?? OTHERWISE);
    const said =
      wants === 'rego' ? regoOf(entry, role) : (entry[role] ?? (role === 'second' ? entry.author : undefined));
    if (said === undefined) return replyOf(script.otherwise ?? OTHERWISE);
    // In other words it is understood as it is in the end.
    if (wanted !== plain(entry.text)) return replyOf(said.at(-1) ?? OTHERWISE);
    const key = `${role} ${wants} ${wanted}`;
    const n = answered.has(key) && !isRepair ? 0 : (times.get(key) ?? 0);
    times.set(key, n + 1);
    const reply = replyOf(said[Math.min(n, said.length - 1)] ?? OTHERWISE);
    if (reply.is === 'value') answered.add(key);
    else answered.delete(key);
    return reply;
  };
}

const regoOf = (entry: Script['intents'][number], role: Asked['role']): readonly ScriptedAnswer[] | undefined =>
  role === 'second' ? (entry.rego_second ?? entry.rego) : entry.rego;

function replyOf(said: ScriptedAnswer): Reply {
  if ('fails' in said)
    return { is: 'fails', how: said.fails, retryAfter: said.retry_after ?? 1, afterMs: said.after_ms ?? 0 };
  if ('rules' in said) return { is: 'value', value: said, afterMs: 0 };
  if ('raw' in said) return { is: 'value', value: said.raw, afterMs: 0 };
  const { after_ms: afterMs = 0, ...rest } = said;
  return { is: 'value', value: { ...rest, policies: rest.policies.map(wirePolicy) }, afterMs };
}

/** A policy in the form of the answer's schema: conditions and values are JSON in strings. */
function wirePolicy({ applies_when, clauses, params, covers, ...head }: z.infer<typeof policy>): unknown {
  return {
    ...head,
    applies_when: applies_when === undefined ? null : JSON.stringify(applies_when),
    clauses: Object.entries(clauses).map(([id, that]) => ({ id, that: JSON.stringify(that) })),
    params: params.map((p) => ({
      ...p,
      value: JSON.stringify(p.value),
      overrides: p.overrides.map((o) => ({ when: JSON.stringify(o.when), value: JSON.stringify(o.value) })),
    })),
    covers: Object.entries(covers).flatMap(([by, said]) => [said].flat().map((w) => ({ words: w, by }))),
  };
}
