/**
 * An exception: an approved, owned, reasoned, expiring permission for findings to stand. It is an overlay: the verdict is
 * still computed and shown, and it holds only while what decided the finding is what was accepted
 * (docs/adr/0016-exceptions.md).
 */
import * as z from 'zod';
import { IDENTITY_SOURCES, isSamePerson } from './approval.ts';
import { contentHash, instantSchema } from './change.ts';
import { AppError } from './errors.ts';

/** Without `exceptions: {max_days}` in policy.yaml, an exception to it lasts at most so long. */
export const DEFAULT_MAX_DAYS = 90;
/** The most findings that one exception may cover, whatever cap it asks for: it is one item, read with each judgement. */
export const MAX_COVERED = 50;
/** So many days before its end an exception is told of. */
export const REMINDER_DAYS = [14, 7, 1] as const;

const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    // What people read must be what was written: nothing that hides or turns text.
    .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'one line of visible text');
const policyId = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,127}$/, 'the id of a policy');
/** Who somebody is, and how that is known. */
const identity = z.strictObject({ who: line(512), established: z.enum(IDENTITY_SOURCES) });

/** Which findings of a policy: all that are given must hold of the resource, when it is asked for and ever after. */
export const selectorSchema = z
  .strictObject({
    cloud: line(64).optional(),
    account: line(256).optional(),
    region: line(64).optional(),
    environment: line(64).optional(),
    owner: line(256).optional(),
    kind: line(64).optional(),
    tag: z.strictObject({ key: line(256), value: z.string().max(256) }).optional(),
  })
  .refine((s) => Object.values(s).some((v) => v !== undefined), 'a selector selects by something');
export type ExceptionSelector = z.infer<typeof selectorSchema>;

/** A finding that is covered, and what decided it when it was accepted (`decidedBy`). */
const coveredSchema = z.strictObject({
  finding: z.string().regex(/^[0-9a-z]{32}$/),
  resource: z.string().min(1).max(2048),
  decided: z.string().regex(/^[0-9a-f]{16}$/),
});
export type Covered = z.infer<typeof coveredSchema>;

export const EXCEPTION_STATES = ['requested', 'approved', 'revoked'] as const;
export type ExceptionState = (typeof EXCEPTION_STATES)[number];

const shape = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^exc-[0-9a-f]{12}$/),
  /** Goes up with every write. */
  revision: z.int().min(1),
  state: z.enum(EXCEPTION_STATES),
  policy: policyId,
  scope: z.discriminatedUnion('is', [
    z.strictObject({ is: z.literal('resource') }),
    z.strictObject({ is: z.literal('selector'), selector: selectorSchema, cap: z.int().min(1).max(MAX_COVERED) }),
  ]),
  /** Every finding that it covers, by name: what comes later was seen by nobody. */
  covers: z.array(coveredSchema).min(1).max(MAX_COVERED),
  reason: line(500),
  ticket: line(200),
  owner: line(256),
  requestedBy: identity,
  requestedAt: instantSchema,
  /** From this instant on it holds no more. */
  expiresAt: instantSchema,
  /** Holds only while this policy is compliant on the resource. */
  compensatedBy: policyId.optional(),
  approvedBy: identity.optional(),
  approvedAt: instantSchema.optional(),
  revokedBy: identity.optional(),
  revokedAt: instantSchema.optional(),
  revokedBecause: line(500).optional(),
});

/** What is wrong with an exception as a whole. */
function lawsOf(e: z.infer<typeof shape>): readonly string[] {
  const wrong: string[] = [];
  if (e.expiresAt <= e.requestedAt) wrong.push('it expires after it is asked for');
  if (e.scope.is === 'resource' && e.covers.length !== 1)
    wrong.push('an exception for one resource covers one finding');
  if (e.scope.is === 'selector' && e.covers.length > e.scope.cap) wrong.push('it covers more findings than its cap');
  if (new Set(e.covers.map((c) => c.finding)).size !== e.covers.length) wrong.push('it covers a finding once');
  if (e.compensatedBy === e.policy) wrong.push('a policy does not compensate itself');
  if ((e.approvedBy === undefined) !== (e.approvedAt === undefined))
    wrong.push('an approval has a person and an instant');
  if (e.state === 'approved' && e.approvedBy === undefined) wrong.push('what is approved was approved by someone');
  if (e.state === 'requested' && e.approvedBy !== undefined)
    wrong.push('what is only asked for was approved by nobody');
  if (e.approvedBy !== undefined && isSamePerson(e.approvedBy, e.requestedBy))
    wrong.push('who asked for it does not approve it');
  // Else one person could ask as AWS knows them, and approve by whatever name they give themselves.
  if (e.approvedBy !== undefined && e.approvedBy.established !== e.requestedBy.established)
    wrong.push('who approves it is known in the way in which who asked for it is');
  if (e.approvedAt !== undefined && (e.approvedAt < e.requestedAt || e.approvedAt >= e.expiresAt))
    wrong.push('it is approved after it is asked for and before it expires');
  if ((e.state === 'revoked') !== (e.revokedBy !== undefined && e.revokedAt !== undefined))
    wrong.push('what is revoked was revoked by someone at an instant');
  return wrong;
}

/** Strict: a row that breaks a law of exceptions is none, whoever wrote it. */
export const exceptionSchema = shape.superRefine((e, context) => {
  for (const message of lawsOf(e)) context.addIssue({ code: 'custom', message });
});
export type Exception = z.infer<typeof shape>;

/** The exception, if it is one; `INPUT_INVALID` with what is wrong. */
export function checkedException(value: unknown): Exception {
  const parsed = exceptionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new AppError('INPUT_INVALID', `the exception cannot be: ${at === '' ? '' : `${at}: `}${issue?.message ?? ''}`);
}

/** What `edict exceptions export` writes and `edict check --exceptions` reads. */
export const exceptionsFileSchema = z.strictObject({
  version: z.literal(1),
  /** Read from the table at this instant: what was granted or revoked since is not in it. */
  exportedAt: instantSchema,
  exceptions: z.array(exceptionSchema),
});
export type ExceptionsFile = z.infer<typeof exceptionsFileSchema>;

/** The id of an exception: the same wish at the same instant has the same. */
export const exceptionId = (wish: Pick<Exception, 'policy' | 'covers' | 'requestedBy' | 'requestedAt'>): string =>
  `exc-${contentHash([wish.policy, wish.covers.map((c) => c.finding), wish.requestedBy, wish.requestedAt]).slice(0, 12)}`;

/** The exceptions of an exported file; `INPUT_INVALID`, named by `where`, if it is none. One that is wrong spoils all. */
export function parseExceptionsFile(text: string, where: string): ExceptionsFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('INPUT_INVALID', `${where} is not JSON: export it again ("edict exceptions export")`, { cause });
  }
  const parsed = exceptionsFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError('INPUT_INVALID', `${where}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? ''}`);
}
