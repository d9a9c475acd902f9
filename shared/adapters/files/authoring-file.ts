/** `authoring.yaml` beside a policy.yaml: what authoring found of that version besides the gates, until its approval is asked for. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import type { Approval, PolicyVersion } from '../../model/approval.ts';
import { AppError } from '../../model/errors.ts';
import { authoringRecordSchema, siblingsSchema } from '../approval-record.ts';

const FILE = 'authoring.yaml';
const HEAD = `# What authoring found of this version besides the gates. "edict policies request" takes it over into the approvals.
`;
const File = z.strictObject({
  /** One key: who loads the folder into OPA has the keys of policy.yaml beside it. */
  authoring: z.strictObject({
    version: z.string(),
    authored: authoringRecordSchema,
    together: siblingsSchema.optional(),
  }),
});

/** What a request for approval says besides the version. */
export type Authoring = Pick<Approval, 'authored' | 'together'>;

/** Writes it for the version that lies in the folder. */
export function writeAuthoring(folder: string, version: PolicyVersion, { authored, together = [] }: Authoring): void {
  if (authored === undefined) return;
  const of = { version: version.hash, authored, ...(together.length === 0 ? {} : { together }) };
  writeFileSync(join(folder, FILE), HEAD + stringify({ authoring: of }, { lineWidth: 120 }));
}

/** What was found of this version; nothing where the file is of another one, or not there. Throws `INPUT_INVALID`. */
export function readAuthoring(folder: string, version: PolicyVersion): Authoring {
  const path = join(folder, FILE);
  if (!existsSync(path)) return {};
  const parsed = File.safeParse(parse(readFileSync(path, 'utf8')));
  if (!parsed.success) throw new AppError('INPUT_INVALID', `${path} cannot be read: ${z.prettifyError(parsed.error)}`);
  const { version: of, authored, together } = parsed.data.authoring;
  return of === version.hash ? { authored, ...(together === undefined ? {} : { together }) } : {};
}
