/**
 * The corpus of intents, of this project or of anyone: sentences, and what each of them means. The format is
 * docs/eval-authoring.md; YAML, JSON, or one JSON object a line.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { REFUSALS } from '../../shared/authoring/intent.ts';
import { kinds as allKinds } from '../../shared/kinds/index.ts';
import { AppError, isAppError } from '../../shared/model/errors.ts';
import { isObject } from '../../shared/model/json.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Policy } from '../../shared/model/policy.ts';
import { typecheck } from '../../shared/policy/clauses.ts';
import { type CorePolicy, toCore } from '../../shared/policy/core.ts';

export const SHAPES = [
  'simple',
  'conjunction',
  'quantifier',
  'threshold',
  'ambiguous',
  'out_of_model',
  'other',
] as const;
export type Shape = (typeof SHAPES)[number];
const JUDGED_VERDICTS = ['violation', 'compliant', 'unknown', 'not_applicable'] as const;
export type JudgedVerdict = (typeof JUDGED_VERDICTS)[number];

/** One meaning of a sentence: a policy for each kind that it speaks of. */
export interface Reading {
  readonly says: string;
  readonly policies: readonly {
    readonly policy: Policy;
    readonly core: CorePolicy;
    /** The words that a careful model quotes for each part; absent: it was not written down. */
    readonly covers?: { readonly [part: string]: readonly string[] };
  }[];
}
/** A native document, and what an intent says of the resource that is named, or of all in it together: the worst of their verdicts. */
export interface JudgedDocument {
  readonly path: string;
  readonly resource?: string;
  /** Several: any of them is right. */
  readonly verdicts: readonly JudgedVerdict[];
}
/** A resource by its facts, and what an intent says of it. What is not there is unknown; lists in `open` may have more items. */
export interface JudgedFacts {
  readonly kind: string;
  readonly facts: { readonly [fact: string]: unknown };
  readonly open: readonly string[];
  readonly verdicts: readonly JudgedVerdict[];
}
export interface Gold {
  /** The meanings; more than one: the sentence is ambiguous, and the approver means one of them. */
  readonly readings: readonly Reading[];
  /** The refusals that are right; empty: none is. */
  readonly refusal: readonly (typeof REFUSALS)[number][];
  readonly documents: readonly JudgedDocument[];
  readonly resources: readonly JudgedFacts[];
}
export interface EvalIntent {
  readonly id: string;
  readonly shape: Shape;
  /** The sentence, and other ways to say the same. */
  readonly texts: readonly string[];
  readonly kinds?: readonly string[];
  readonly gold: Gold;
}

const oneOrMore = z
  .union([z.enum(JUDGED_VERDICTS), z.array(z.enum(JUDGED_VERDICTS)).min(1)], {
    error: `a verdict, or a list of some, is of ${JUDGED_VERDICTS.join(', ')}`,
  })
  .transform((v): readonly JudgedVerdict[] => (Array.isArray(v) ? v : [v]));
const policySchema = z.looseObject({
  kind: z.string(),
  applies_when: z.unknown().optional(),
  require: z.union([z.array(z.unknown()).min(1), z.looseObject({})]),
  params: z.record(z.string(), z.looseObject({})).optional(),
  covers: z
    .record(
      z.string(),
      z.union([z.string(), z.array(z.string()).min(1)]).transform((w) => [w].flat()),
    )
    .optional(),
});
const policies = z.array(policySchema).min(1);
const refusal = z
  .union([z.enum(REFUSALS), z.array(z.enum(REFUSALS)).min(1)], {
    error: `a refusal, or a list of some, is of ${REFUSALS.join(', ')}`,
  })
  .transform((v): readonly (typeof REFUSALS)[number][] => (Array.isArray(v) ? v : [v]));
const goldSchema = z
  .strictObject({
    policies: policies.optional(),
    readings: z
      .array(z.strictObject({ says: z.string(), policies }))
      .min(2)
      .optional(),
    refusal: refusal.optional(),
    documents: z
      .array(z.strictObject({ file: z.string(), resource: z.string().optional(), verdict: oneOrMore }))
      .min(1)
      .optional(),
    resources: z
      .array(
        z.strictObject({
          kind: z.string(),
          facts: z.record(z.string(), z.unknown()),
          open: z.array(z.string()).default([]),
          verdict: oneOrMore,
        }),
      )
      .min(1)
      .optional(),
  })
  .refine((g) => Object.keys(g).length > 0, 'it says nothing: policies, readings, refusal, documents or resources')
  .refine(
    (g) => g.policies === undefined || g.readings === undefined,
    'policies are one reading: write one of the two',
  );
const intentSchema = z.strictObject({
  id: z.string().regex(/^[\w.-]+$/),
  shape: z.enum(SHAPES).default('other'),
  intent: z.string(),
  phrasings: z.array(z.string()).default([]),
  kinds: z.array(z.string()).min(1).optional(),
  gold: goldSchema,
});

/** The corpus of this project. */
export const CORPUS: string = join(import.meta.dirname, '..', '..', 'corpus', 'intents');

const EXTENSIONS = ['.yaml', '.yml', '.json', '.jsonl'];

/** The corpus at the path: a file, or the files of a folder (not below it). Throws `INPUT_INVALID` with the place. */
export function readCorpus(path: string, kinds: readonly Kind[] = allKinds): readonly EvalIntent[] {
  if (!existsSync(path)) throw new AppError('INPUT_INVALID', `${path} is not there`);
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => EXTENSIONS.includes(extname(name)))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const intents = files.flatMap((file) => readFile(file, kinds));
  if (intents.length === 0) throw new AppError('INPUT_INVALID', `there is no intent in ${path}`);
  const twice = intents.find((a, i) => intents.findIndex((b) => b.id === a.id) < i);
  if (twice !== undefined) throw new AppError('INPUT_INVALID', `the id ${twice.id} stands twice in ${path}`);
  return intents;
}

function readFile(file: string, kinds: readonly Kind[]): readonly EvalIntent[] {
  const text = readFileSync(file, 'utf8');
  let content: unknown;
  try {
    content =
      extname(file) === '.jsonl'
        ? text
            .split('\n')
            .filter((line) => line.trim() !== '')
            .map((line) => JSON.parse(line) as unknown)
        : parse(text);
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const rows = Array.isArray(content) ? content : isObject(content) ? content['intents'] : undefined;
  if (!Array.isArray(rows)) throw new AppError('INPUT_INVALID', `${file} is no list of intents`);
  return rows.map((row, i) => readIntent(row, `${basename(file)}[${i}]`, dirname(resolve(file)), kinds));
}

function readIntent(row: unknown, place: string, folder: string, kinds: readonly Kind[]): EvalIntent {
  const parsed = intentSchema.safeParse(row);
  if (!parsed.success) throw new AppError('INPUT_INVALID', `${place}: ${z.prettifyError(parsed.error)}`);
  const { id, shape, intent, phrasings, gold } = parsed.data;
  const at = `${place} (${id})`;
  for (const kind of parsed.data.kinds ?? []) kindOf(kind, at, kinds);
  const readings = gold.readings ?? (gold.policies === undefined ? [] : [{ says: intent, policies: gold.policies }]);
  return {
    id,
    shape,
    texts: [intent, ...phrasings],
    ...(parsed.data.kinds === undefined ? {} : { kinds: parsed.data.kinds }),
    gold: {
      readings: readings.map(({ says, policies: of }) => ({
        says,
        policies: of.map((p) => goldPolicy(p, at, kinds)),
      })),
      refusal: gold.refusal ?? [],
      documents: (gold.documents ?? []).map(({ file, resource, verdict }) => {
        const path = join(folder, file);
        if (!existsSync(path)) throw new AppError('INPUT_INVALID', `${at}: ${file} is not there`);
        return { path, ...(resource === undefined ? {} : { resource }), verdicts: verdict };
      }),
      resources: (gold.resources ?? []).map(({ verdict, ...r }) => ({ ...r, verdicts: verdict })),
    },
  };
}

function kindOf(id: string, at: string, kinds: readonly Kind[]): Kind {
  const kind = kinds.find((k) => k.id === id);
  if (kind === undefined)
    throw new AppError('INPUT_INVALID', `${at}: no kind ${id}; there are ${kinds.map((k) => k.id).join(', ')}`);
  return kind;
}

/** A gold policy says only what it means: the rest of policy.yaml is filled in. A bare condition is a clause. */
function goldPolicy(
  { kind: kindId, applies_when, require, params, covers }: z.infer<typeof policySchema>,
  at: string,
  kinds: readonly Kind[],
): Reading['policies'][number] {
  const kind = kindOf(kindId, at, kinds);
  const clauses = (Array.isArray(require) ? require : [require]).map((c: unknown, i) => {
    const [that, named] = isObject(c) && 'that' in c && !isQuantified(c) ? [c['that'], c['id']] : [c, undefined];
    return { id: typeof named === 'string' ? named : `c${i + 1}`, says: 'the gold meaning', that };
  });
  const source = {
    id: `${kindId.replaceAll('_', '-')}.gold`,
    title: 'The gold meaning',
    severity: 'medium',
    kind: kindId,
    ...(applies_when === undefined ? {} : { applies_when }),
    require: clauses,
    ...(params === undefined
      ? {}
      : {
          params: Object.fromEntries(Object.entries(params).map(([n, p]) => [n, { says: 'a parameter', ...p }])),
        }),
    frameworks: {},
    remediation: 'none',
  };
  try {
    const policy = typecheck(source, kind);
    return { policy, core: toCore(policy, kind), ...(covers === undefined ? {} : { covers }) };
  } catch (error) {
    if (isAppError(error, 'INPUT_INVALID')) throw new AppError('INPUT_INVALID', `${at}: ${error.message}`);
    throw error;
  }
}

const isQuantified = (c: object): boolean => ['every', 'some', 'none', 'count'].some((q) => q in c);
