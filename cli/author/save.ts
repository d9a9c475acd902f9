/** What becomes of an authored policy: files of a draft, a request for approval, or a version that judges. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { approvalsFileOf, makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { readAuthoring, writeAuthoring } from '../../shared/adapters/files/authoring-file.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import type { AuthoredPolicy } from '../../shared/authoring/intent.ts';
import { folderFilesOf } from '../../shared/authoring/write.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import { approvalState, type AuthoringRecord, type Identity, isSamePerson } from '../../shared/model/approval.ts';
import { approve, releaseApproved, requestApproval, shortHash } from '../../shared/pipeline/approval.ts';
import { type CompiledPolicy, folderOf } from '../../shared/policy/bundle.ts';
import type { ApprovalStore } from '../../shared/ports/approvals.ts';
import { approvalsOf } from '../commands/approvals.ts';
import { policyStore } from '../commands/release.ts';
import type { Stack } from '../stack/stack.ts';
import { POLICIES, policyFolders } from '../verify/candidates.ts';
import { kindOf } from './words.ts';
import { writeBelow } from './world.ts';

/** Where a policy lies below a folder of policies. */
const folderIn = (root: string, { policy }: AuthoredPolicy): string => join(root, folderOf(policy.id));

/** The folders that policies are written to; one that is there only where it is the policy that was changed. Throws `INPUT_INVALID`. */
function freeFolders(
  root: string,
  policies: readonly AuthoredPolicy[],
  replaces: readonly string[],
): readonly string[] {
  const folders = policies.map((p) => folderIn(root, p));
  for (const [i, folder] of folders.entries())
    if (existsSync(folder) && !replaces.includes(policies[i]?.policy.id ?? ''))
      throw new AppError(
        'INPUT_INVALID',
        `there is a policy in ${folder} already: change it with "edict author edit", or give another --out`,
      );
  return folders;
}

/**
 * Writes the folders of the policies, with what is to be said to those who approve them; nothing is written if one may not
 * be (`freeFolders`). Throws `INPUT_INVALID`.
 */
export function writePolicies(
  root: string,
  policies: readonly AuthoredPolicy[],
  authored: AuthoringRecord,
  replaces: readonly string[] = [],
): readonly string[] {
  const folders = freeFolders(root, policies, replaces);
  for (const [i, policy] of policies.entries()) {
    const folder = folders[i] as string;
    // Examples of another version would be judged by this one.
    rmSync(folder, { recursive: true, force: true });
    const files = folderFilesOf(policy, kindOf(policy.policy.kind));
    for (const [path, text] of Object.entries(files)) writeBelow(folder, path, text);
  }
  keepRecord(folders, authored);
  return folders;
}

/** Writes beside the policies of one sentence what those who approve them have to know. */
export function keepRecord(folders: readonly string[], authored: AuthoringRecord): void {
  const versions = folders.map((folder) => readPolicyFolder(folder, kinds).version);
  for (const [i, version] of versions.entries()) {
    const others = versions.filter((v) => v !== version);
    const together = others.map(({ policy, hash }) => ({ policy, hash }));
    writeAuthoring(folders[i] as string, version, { authored, together });
  }
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
    const { version } = readPolicyFolder(folder, kinds);
    const approvals = makeFileApprovals(approvalsFileOf(folder, version.policy));
    const approval = await requestApproval({ approvals, clock: Date }, version, by, readAuthoring(folder, version));
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

interface Activating {
  readonly authored: AuthoringRecord;
  /** Where the policies are to lie, and which of those there they replace. */
  readonly root: string;
  readonly replaces: readonly string[];
  /** Where they lie until they are in force. */
  readonly staging: string;
  readonly author: Identity;
  readonly approver: Identity;
  readonly stack: Stack;
  /** Nobody has judged the resources. */
  readonly isAutomatic: boolean;
}
export interface Activated {
  readonly folders: readonly string[];
  readonly approvals: readonly Requested[];
  /** The sequence of the release. */
  readonly activation: number;
}

/**
 * Approves policies and releases them beside those that are approved here. Until they are in force they, and the approval,
 * lie in a place of their own: where it fails, nothing is left that the next release would find. Throws what a release
 * throws; `STORE_STALE` where somebody else has released meanwhile.
 */
export async function activate(policies: readonly AuthoredPolicy[], how: Activating): Promise<Activated> {
  const { root, replaces, staging } = how;
  freeFolders(root, policies, replaces);
  rmSync(staging, { recursive: true, force: true });
  try {
    const staged = writePolicies(staging, policies, how.authored);
    await requestFor(staged, how.author);
    const approvals = makeFileApprovals(join(staging, 'approvals.yaml'));
    const versions = staged.map((folder) => readPolicyFolder(folder, kinds).version);
    const together = versions.map((v) => v.hash);
    for (const version of versions) {
      const judged = how.isAutomatic ? { judged: 'none' as const } : {};
      await approve({ approvals, clock: Date }, { current: version, by: how.approver, together, ...judged });
    }
    const activation = await releaseBeside(staged, approvals, how);
    const folders = writePolicies(root, policies, how.authored, replaces);
    const kept = makeFileApprovals(join(root, 'approvals.yaml'));
    const requested: Requested[] = [];
    for (const approval of await approvals.list()) {
      // False: it is there already, from the same people or from others.
      await kept.write({ ...approval, revision: 1 });
      const { policy, hash } = approval.version;
      requested.push({ policy, version: shortHash(hash), state: approvalState(approval), kept: kept.title });
    }
    return { folders, approvals: requested, activation };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Releases the policies beside those of this project and of the folder that they go to. Returns the sequence. */
async function releaseBeside(
  staged: readonly string[],
  approvals: ApprovalStore,
  { root, stack, author, isAutomatic }: Activating,
): Promise<number> {
  const stores = [...new Set([POLICIES, resolve(root)])].map((of) => makeFileApprovals(join(of, 'approvals.yaml')));
  const records = (await Promise.all([...stores, approvals, approvalsOf(stack)].map((s) => s.list()))).flat();
  const approved = new Set(records.filter((a) => approvalState(a) === 'approved').map((a) => a.version.hash));
  const beside = existsSync(root) ? [...policyFolders([]), ...policyFolders([resolve(root)])] : policyFolders([]);
  const all = [...new Set([...beside, ...staged])].flatMap((folder): readonly CompiledPolicy[] => {
    const { compiled, version } = readPolicyFolder(folder, kinds);
    // What lies there and waits for its approval is not this release's to wait for.
    if (!approved.has(version.hash)) return [];
    return [{ ...compiled, bundled: { ...compiled.bundled, version: version.hash } }];
  });
  const newest = new Map(all.map((p) => [p.policy.id, p])); // those of `staged` come last, and win
  const opa = join(import.meta.dirname, '..', '..', '.bin', 'opa');
  const bundle = buildBundle(
    opa,
    [...newest.values()].toSorted((a, b) => (a.policy.id < b.policy.id ? -1 : 1)),
  );
  const store = policyStore(stack);
  const before = await store.active();
  const inForce = before === undefined ? undefined : await store.bundle(before.bundle);
  const lost = (inForce?.manifest.policies ?? []).filter((p) => !newest.has(p.id)).map((p) => p.id);
  if (lost.length > 0)
    throw new AppError(
      'AUTHORING_REJECTED',
      `in force in ${stack.title} ${lost.length === 1 ? 'is' : 'are'} ${lost.join(', ')}, which this folder does not have, or not approved: nothing was activated, because that would be lost. Bring it here first`,
    );
  const brought: ApprovalStore = {
    ...approvals,
    list: async (policy) => records.filter((a) => policy === undefined || a.version.policy === policy),
  };
  const after = await releaseApproved(
    { policies: store, clock: Date, approvals: approvalsOf(stack), brought },
    { bundle, by: author.who, after: before?.sequence ?? 0, automatic: isAutomatic },
  );
  return after.sequence;
}
