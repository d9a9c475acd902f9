/** What becomes of an authored policy: files of a draft, a request for approval, or a version that judges. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { approvalsFileOf, makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import type { AuthoredPolicy } from '../../shared/authoring/intent.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import { approvalState, type Identity, isSamePerson } from '../../shared/model/approval.ts';
import { approve, releaseApproved, requestApproval, shortHash } from '../../shared/pipeline/approval.ts';
import { type CompiledPolicy, folderOf } from '../../shared/policy/bundle.ts';
import { toCore } from '../../shared/policy/core.ts';
import { toRegoTest } from '../../shared/policy/to-rego-test.ts';
import { approvalsOf } from '../commands/approvals.ts';
import { policyStore } from '../commands/release.ts';
import type { Stack } from '../stack/stack.ts';
import { POLICIES, policyFolders } from '../verify/candidates.ts';
import { kindOf } from './words.ts';
import { writeBelow } from './world.ts';

/** Where a policy lies below a folder of policies. */
export const folderIn = (root: string, { policy }: AuthoredPolicy): string => join(root, folderOf(policy.id));

/**
 * Writes the folders of the policies. One that is there is replaced only where it is the policy that was changed; nothing
 * is written if one may not be. Throws `INPUT_INVALID`.
 */
export function writePolicies(
  root: string,
  policies: readonly AuthoredPolicy[],
  replaces: readonly string[] = [],
): readonly string[] {
  const folders = policies.map((p) => folderIn(root, p));
  for (const [i, folder] of folders.entries())
    if (existsSync(folder) && !replaces.includes(policies[i]?.policy.id ?? ''))
      throw new AppError(
        'INPUT_INVALID',
        `there is a policy in ${folder} already: change it with "edict author edit", or give another --out`,
      );
  for (const [i, authored] of policies.entries()) {
    const folder = folders[i] as string;
    // Examples of another version would be judged by this one.
    rmSync(folder, { recursive: true, force: true });
    const kind = kindOf(authored.policy.kind);
    const files = {
      ...authored.files,
      'policy.yaml': authored.yaml,
      'policy.rego': authored.rego,
      'policy_test.rego': toRegoTest(authored.policy, toCore(authored.policy, kind), kind),
    };
    for (const [path, text] of Object.entries(files)) writeBelow(folder, path, text);
  }
  return folders;
}

/** A policy whose approval was asked for. */
export interface Requested {
  readonly policy: string;
  readonly version: string;
  readonly state: 'requested' | 'approved' | 'rejected';
  readonly kept: string;
}

/** Asks for the approval of the policies in these folders, in the file beside them. */
export async function requestFor(folders: readonly string[], by: Identity): Promise<readonly Requested[]> {
  const requested: Requested[] = [];
  for (const folder of folders) {
    const approvals = makeFileApprovals(approvalsFileOf(folder));
    const { version } = readPolicyFolder(folder, kinds);
    const approval = await requestApproval({ approvals, clock: Date }, version, by);
    requested.push({
      policy: version.policy,
      version: shortHash(version.hash),
      state: approvalState(approval),
      kept: approvals.title,
    });
  }
  return requested;
}

/** Why these may not be activated at once; undefined where they may. */
export function hindrance(
  policies: readonly AuthoredPolicy[],
  author: Identity,
  approver: Identity,
): string | undefined {
  if (isSamePerson(author, approver)) return `${author.who} wrote it: somebody else approves it (--approve-as)`;
  const open = policies.find((p) => !p.verification.accepted || p.verification.evidence !== 'proved');
  if (open === undefined) return undefined;
  return `${open.policy.id} is ${open.verification.accepted ? 'only tested' : 'not accepted by the gates'}: only what is proved is activated`;
}

/** Approves the requested versions and releases them beside the policies of this project. Returns the activation. */
export async function activate(
  folders: readonly string[],
  approver: Identity,
  stack: Stack,
  by: string,
  isAutomatic: boolean,
): Promise<number> {
  const approvals = makeFileApprovals(approvalsFileOf(folders[0] ?? POLICIES));
  for (const folder of folders) {
    const { version } = readPolicyFolder(folder, kinds);
    await approve({ approvals, clock: Date }, { current: version, by: approver });
  }
  const all = [...new Set([...policyFolders([]), ...folders])].map((folder): CompiledPolicy => {
    const { compiled, version } = readPolicyFolder(folder, kinds);
    return { ...compiled, bundled: { ...compiled.bundled, version: version.hash } };
  });
  const newest = new Map(all.map((p) => [p.policy.id, p])); // those of `folders` come last, and win
  const opa = join(import.meta.dirname, '..', '..', '.bin', 'opa');
  const bundle = buildBundle(
    opa,
    [...newest.values()].toSorted((a, b) => (a.policy.id < b.policy.id ? -1 : 1)),
  );
  const policies = policyStore(stack);
  const shipped = makeFileApprovals(join(POLICIES, 'approvals.yaml'));
  const brought = {
    ...approvals,
    list: async (policy?: string) => [...(await shipped.list(policy)), ...(await approvals.list(policy))],
  };
  const before = await policies.active();
  const after = await releaseApproved(
    { policies, clock: Date, approvals: approvalsOf(stack), brought },
    { bundle, by, after: before?.sequence ?? 0, automatic: isAutomatic },
  );
  return after.sequence;
}
