/** Approvals in a file beside the policies (`policies/approvals.yaml`): committed, reviewed, and shipped with them. */
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import type { Approval } from '../../model/approval.ts';
import { AppError } from '../../model/errors.ts';
import { folderOf } from '../../policy/bundle.ts';
import type { ApprovalStore } from '../../ports/approvals.ts';
import { approvalIn, approvalSchema, byPolicyAndTime } from '../approval-record.ts';

const HEAD = `# Who approved which version of which policy. Written by "edict policies request", "approve" and "reject"; each record is
# bound to the hash of the intent, the clauses, the Rego, the examples, the parameters and the catalogue.
`;
const FILE = 'approvals.yaml';
const File = z.strictObject({ version: z.literal(1), approvals: z.array(approvalSchema) });

/**
 * The file for a policy's folder: `approvals.yaml` at the root of `<root>/<kind>/<name>`. A folder that is called otherwise
 * has no such root: the file lies beside it, and never above the folder that it is in.
 */
export function approvalsFileOf(policyFolder: string, policy: string): string {
  const folder = resolve(policyFolder);
  const above = dirname(folder);
  const isBelowItsKind = join(basename(above), basename(folder)) === join(folderOf(policy));
  return join(isBelowItsKind ? dirname(above) : above, FILE);
}

/** As a person finds it: from the folder where they are, or from the root where it is not below that. */
function shownPath(path: string): string {
  const from = relative(process.cwd(), path);
  return from.startsWith('..') ? resolve(path) : from;
}

/** How long a writer waits for another one. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

/** The records of the file at this path, in order; a file that is not there has none. Throws `CONFIG_INVALID`. */
export const readApprovals = (path: string): readonly Approval[] =>
  existsSync(path) ? parsed(path, readFileSync(path, 'utf8')) : [];

function parsed(path: string, text: string): readonly Approval[] {
  try {
    return File.parse(parse(text)).approvals.map(approvalIn).toSorted(byPolicyAndTime);
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new AppError('CONFIG_INVALID', `${path} cannot be read: ${why}`, { cause });
  }
}

/** Approvals in the file at this path. */
export function makeFileApprovals(path: string): ApprovalStore {
  const all = async (): Promise<readonly Approval[]> =>
    existsSync(path) ? parsed(path, await readFile(path, 'utf8')) : [];
  const find = async (policy: string, hash: string): Promise<Approval | undefined> =>
    (await all()).find((a) => a.version.policy === policy && a.version.hash === hash);
  return {
    title: shownPath(path),
    read: find,
    list: async (policy) => (await all()).filter((a) => policy === undefined || a.version.policy === policy),
    write: async (next) => {
      const unlock = await locked(path);
      try {
        const { policy, hash } = next.version;
        if (((await find(policy, hash))?.revision ?? 0) !== next.revision - 1) return false;
        const others = (await all()).filter((a) => !(a.version.policy === policy && a.version.hash === hash));
        const approvals = [...others, next].toSorted(byPolicyAndTime);
        // Whoever reads meanwhile sees the old file or the new one, never half of it.
        const draft = `${path}.${process.pid}.new`;
        writeFileSync(draft, HEAD + stringify({ version: 1, approvals }, { lineWidth: 0 }));
        renameSync(draft, path);
        return true;
      } finally {
        unlock();
      }
    },
  };
}

/** Keeps other writers of the file out until the result is called. Throws `STORE_UNAVAILABLE` if one does not end. */
async function locked(path: string): Promise<() => void> {
  const lock = `${path}.lock`;
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      closeSync(openSync(lock, 'wx'));
      return () => rmSync(lock, { force: true });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new AppError('CONFIG_INVALID', `${path} cannot be written: ${String(cause)}`, { cause });
      if (performance.now() > until)
        throw new AppError('STORE_UNAVAILABLE', `someone else is writing ${path}; if nobody is, remove ${lock}`, {
          cause,
        });
      await wait(LOOK_AGAIN_MS);
    }
  }
}
