/** An approval as it is written down, in a file as in a table: checked when it is read, because others may write there. */
import * as z from 'zod';
import {
  type Approval,
  IDENTITY_SOURCES,
  LONGEST_CHECK,
  MOST_CHECKS,
  MOST_SIBLINGS,
  VERSION_PARTS,
} from '../model/approval.ts';
import { hashOf } from '../policy/version.ts';

const sha = z.string().regex(/^[0-9a-f]{64}$/, 'no SHA-256');
const identity = z.strictObject({ who: z.string().min(1), established: z.enum(IDENTITY_SOURCES) });
const at = z.iso.datetime();
const times = z.int().nonnegative();
export const authoringRecordSchema = z.strictObject({
  checks: z
    .array(
      z.strictObject({ name: z.string().min(1).max(60), passed: z.boolean(), says: z.string().max(LONGEST_CHECK) }),
    )
    .max(MOST_CHECKS),
  judging: z.strictObject({
    by: z.enum(['person', 'none']),
    shown: times,
    corrected: times,
    skipped: times,
    questions: times,
  }),
});
export const siblingsSchema = z.array(z.strictObject({ policy: z.string().min(1), hash: sha })).max(MOST_SIBLINGS);
export const approvalSchema = z.strictObject({
  version: z
    .strictObject({
      policy: z.string().min(1),
      hash: sha,
      evidence: z.enum(['proved', 'tested']),
      parts: z.strictObject(
        Object.fromEntries(VERSION_PARTS.map((p) => [p, sha])) as Record<(typeof VERSION_PARTS)[number], typeof sha>,
      ),
    })
    .refine((v) => hashOf(v) === v.hash, 'the hash is not that of its parts'),
  author: identity,
  requestedAt: at,
  authored: authoringRecordSchema.optional(),
  together: siblingsSchema.optional(),
  decisions: z.array(
    z.strictObject({
      is: z.enum(['approved', 'rejected']),
      by: identity,
      at,
      because: z.string().optional(),
      judged: z.literal('none').optional(),
    }),
  ),
  revision: z.int().positive(),
});

/** The approval in what was read. Throws a `ZodError`. */
export const approvalIn = (read: unknown): Approval => approvalSchema.parse(read) as Approval;

/** The order of a list of approvals. */
export const byPolicyAndTime = (a: Approval, b: Approval): number => {
  const [x, y] = [a, b].map((r) => `${r.version.policy}\n${r.requestedAt}\n${r.version.hash}`) as [string, string];
  return x < y ? -1 : x > y ? 1 : 0;
};
