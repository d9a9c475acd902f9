/** The contract of `edict check --format json`, version 1, as a schema (docs/check-json.md, docs/check.schema.json). */
import * as z from 'zod';
import { SEVERITIES, VERDICTS } from '../../shared/model/verdict.ts';

const count = z.int().min(0);
const place = z.strictObject({
  line: z.int().min(1).describe('Counted from 1.'),
  column: z.int().min(1).describe('Counted from 1, in UTF-16 units.'),
});

const evidence = z.strictObject({
  fact: z.string(),
  value: z
    .json()
    .describe("The fact's value; null while it is unknown, and for a list that is read from something sensitive."),
  state: z.enum(['known', 'default', 'assumed', 'unknown']),
  pointer: z.string().nullable().describe('JSON Pointer into the document to what was read; null where nothing was.'),
  because: z
    .string()
    .nullable()
    .describe('default: the documentation; assumed: what was never seen; unknown: why. null for what is known.'),
  native: z.string().optional().describe("The provider's own value there, where it is short and no secret."),
  document: z.string().optional().describe('The document of the pointer, where it is not that of the result.'),
});

const result = z.strictObject({
  resource: z.string().describe('The id of the resource: its address, logical id, ARN, ARM id or asset name.'),
  nativeType: z.string(),
  kind: z.string(),
  policy: z.string(),
  verdict: z.enum(VERDICTS),
  severity: z.enum(SEVERITIES),
  title: z.string(),
  clauses: z.array(
    z.strictObject({ id: z.string(), says: z.string(), verdict: z.enum(['holds', 'fails', 'unknown']) }),
  ),
  evidence: z.array(evidence).describe('Every fact that the policy reads; what decided comes first.'),
  missing: z.array(z.string()).describe('Of an unknown verdict: a smallest set of facts that could decide it.'),
  error: z.string().nullable().describe('Of an error verdict: what went wrong.'),
  exception: z
    .strictObject({
      id: z.string(),
      owner: z.string(),
      until: z.string().describe('From this instant on it holds no more.'),
      reason: z.string(),
      ticket: z.string(),
    })
    .nullable()
    .describe(
      'The exception (--exceptions) by which the violation, or what is unknown, may stand; null: there is none.',
    ),
  document: z.string(),
  location: place.nullable().describe('Where the deciding evidence stands; null for what passes or does not apply.'),
});

/** What `edict check --format json` writes. */
export const checkJsonSchema = z.strictObject({
  version: z.literal(1),
  bundle: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('The SHA-256 of the bundle of policies.'),
  results: z.array(result).describe('One for every resource and every policy of its kind.'),
  unsupported: z
    .array(z.strictObject({ nativeType: z.string(), count }))
    .describe('Resources of types that no mapping knows.'),
  skipped: z
    .array(z.strictObject({ document: z.string(), reason: z.string() }))
    .describe('Files of a folder that were passed by.'),
  errors: z
    .array(
      z.strictObject({
        document: z.string(),
        line: z.int().min(1).nullable(),
        column: z.int().min(1).nullable(),
        reason: z.string(),
        action: z.string(),
      }),
    )
    .describe('Inputs that could not be used; with any the exit code is 2.'),
  summary: z.strictObject({
    files: count,
    documents: count.describe('Documents of a known form.'),
    resources: count,
    results: count,
    verdicts: z.strictObject(Object.fromEntries(VERDICTS.map((v) => [v, count]))),
    excepted: z
      .strictObject({ violation: count, unknown: count })
      .describe('Of those, what an exception permits to stand.'),
    violations: z.strictObject(Object.fromEntries(SEVERITIES.map((s) => [s, count]))),
    unsupported: count,
    skipped: count,
    errors: count,
  }),
});
