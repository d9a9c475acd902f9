/**
 * Asking for a version of a policy to be approved, deciding it, and releasing what was. Pure over the ports: the commands,
 * the dialogue and whoever automates them call the same functions.
 */
import {
  type Approval,
  APPROVERS_NEEDED,
  approvalState,
  approversOf,
  type Decision,
  type Identity,
  isSamePerson,
  type PolicyVersion,
  principalOf,
  type Sibling,
} from '../model/approval.ts';
import { instant } from '../model/change.ts';
import { AppError } from '../model/errors.ts';
import type { BundledPolicy, BundleManifest } from '../policy/bundle.ts';
import { changedParts, hashOf } from '../policy/version.ts';
import type { ApprovalStore } from '../ports/approvals.ts';
import type { Clock } from '../ports/clock.ts';
import type { Activation } from '../ports/policy-store.ts';
import { release, type Release, type ReleaseDeps } from './release.ts';

export interface ApprovalDeps {
  readonly approvals: ApprovalStore;
  readonly clock: Clock;
}

/** How often a decision is written again because someone else decided meanwhile. */
const MAX_ATTEMPTS = 10;
const refuse = (message: string, details: { readonly [key: string]: unknown } = {}): AppError =>
  new AppError('AUTHORING_REJECTED', message, { details });
export const shortHash = (hash: string): string => hash.slice(0, 12);
const named = (v: Sibling): string => `${v.policy} (version ${shortHash(v.hash)})`;
const person = ({ who, established }: Identity): string => (established === 'sts' ? who : `${who} (declared)`);

/**
 * Asks for the approval of a version. Asked again by the same person, it is the record as it is. Errors:
 * `AUTHORING_REJECTED` (someone else asked already, or it was rejected), `INPUT_INVALID` (nobody asks).
 */
export async function requestApproval(
  deps: ApprovalDeps,
  version: PolicyVersion,
  by: Identity,
  more: Pick<Approval, 'authored' | 'together'> = {},
): Promise<Approval> {
  checkIdentity(by);
  const asked: Approval = {
    version,
    author: by,
    requestedAt: instant(deps.clock.now()),
    ...more,
    decisions: [],
    revision: 1,
  };
  if (await deps.approvals.write(asked)) return asked;
  const there = await deps.approvals.read(version.policy, version.hash);
  if (there === undefined) throw new AppError('STORE_UNAVAILABLE', 'the approvals changed meanwhile: try again');
  if (approvalState(there) === 'rejected') throw refuse(`${named(version)} was rejected: ${sayingsOf(there)}`);
  if (!isSamePerson(there.author, by))
    throw refuse(`${person(there.author)} asked for the approval of ${named(version)} already, ${there.requestedAt}`);
  return there;
}

/** What somebody decides, and of which version. */
export interface Deciding {
  /** The version as it is in the folder now. */
  readonly current: PolicyVersion;
  /** How a command names it. @default the policy's id */
  readonly called?: string;
  /** The beginning of the hash that the person looked at. @default that of `current` */
  readonly hash?: string;
  readonly by: Identity;
  readonly because?: string;
  readonly judged?: Decision['judged'];
  /** The hashes of all versions that are approved in one act: what is to be approved together is, or not at all. */
  readonly together?: readonly string[];
}

/**
 * Approves the version that is in the folder. It takes effect when enough people have (`APPROVERS_NEEDED`), none of them
 * the author. Approved twice by one person, it is approved once. Of several at once everyone is told what came of it.
 * Errors: `AUTHORING_REJECTED`, with what to do.
 */
export const approve = (deps: ApprovalDeps, what: Deciding): Promise<Approval> => decide(deps, 'approved', what);

/** Rejects it, also after it was approved: it is released no more. Anyone may, the author too. */
export const reject = (deps: ApprovalDeps, what: Deciding): Promise<Approval> => decide(deps, 'rejected', what);

async function decide(deps: ApprovalDeps, is: Decision['is'], what: Deciding): Promise<Approval> {
  const { current, by } = what;
  checkIdentity(by);
  await checkUnchanged(deps, what);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const record = await deps.approvals.read(current.policy, current.hash);
    if (record === undefined) throw await nothingAsked(deps, what);
    const state = approvalState(record);
    if (state === 'rejected') throw refuse(`${named(current)} was rejected: ${sayingsOf(record)}`);
    if (is === 'approved') {
      checkApprover(record, by);
      await checkTogether(deps, record, what);
      if (approversOf(record).some((a) => isSamePerson(a, by))) return record;
      // Someone was faster, or did it long ago: nothing is added to what is complete.
      if (state === 'approved') throw refuse(`${named(current)} is approved already: ${sayingsOf(record)}`);
    }
    const decision: Decision = {
      is,
      by,
      at: instant(deps.clock.now()),
      ...(what.because === undefined ? {} : { because: what.because }),
      ...(what.judged === undefined ? {} : { judged: what.judged }),
    };
    const next = { ...record, decisions: [...record.decisions, decision], revision: record.revision + 1 };
    if (await deps.approvals.write(next)) return next;
  }
  throw new AppError('STORE_UNAVAILABLE', 'others decided too often meanwhile');
}

function checkIdentity(by: Identity): void {
  if (principalOf(by) === '') throw new AppError('INPUT_INVALID', 'nobody is named who asks or decides: --as <who>');
}

function checkApprover({ author, version }: Approval, by: Identity): void {
  if (by.established !== author.established)
    throw refuse(
      `${named(version)} was asked for by ${person(author)}, and ${person(by)} is known otherwise: nothing tells the two apart. Ask and approve in the same place`,
    );
  if (isSamePerson(author, by))
    throw refuse(
      `${person(author)} asked for the approval of ${named(version)} and cannot give it: another person has to`,
    );
}

/** Refuses to approve a part of what one sentence says. */
async function checkTogether({ approvals }: ApprovalDeps, record: Approval, what: Deciding): Promise<void> {
  const { version, together: siblings = [] } = record;
  const said = `${named(version)} is approved together with ${siblings.map((s) => named(s)).join(', ')}, or not at all: one sentence says both`;
  const details = { policy: version.policy, together: siblings };
  const left = siblings.filter((s) => !(what.together ?? []).includes(s.hash));
  if (left.length > 0)
    throw refuse(`${said}. Name them all, as they were asked for: ${left.map((s) => named(s)).join(', ')}`, details);
  for (const sibling of siblings) {
    const other = await approvals.read(sibling.policy, sibling.hash);
    if (other === undefined) throw refuse(`${said}. Nobody asked for ${named(sibling)}`, details);
    if (approvalState(other) === 'rejected')
      throw refuse(`${said}. ${named(sibling)} was rejected: ${sayingsOf(other)}`, details);
    checkApprover(other, what.by);
  }
}

/** Refuses a decision about a version that is not in the folder any more, and says what has changed. */
async function checkUnchanged({ approvals }: ApprovalDeps, { current, hash }: Deciding): Promise<void> {
  if (hash === undefined || (hash.length >= 8 && current.hash.startsWith(hash.toLowerCase()))) return;
  const seen = (await approvals.list(current.policy)).find((a) => a.version.hash.startsWith(hash.toLowerCase()));
  const what =
    seen === undefined
      ? ''
      : `; since then have changed: ${changedParts(seen.version.parts, current.parts).join(', ')}`;
  throw refuse(
    `${current.policy} is not version ${hash} any more, but ${shortHash(current.hash)}${what}. Nothing was decided: look at what is there now`,
    { policy: current.policy, asked: hash, current: current.hash },
  );
}

async function nothingAsked({ approvals }: ApprovalDeps, { current, called }: Deciding): Promise<AppError> {
  const ask = `edict policies request ${called ?? current.policy} --as <its author>`;
  const last = (await approvals.list(current.policy)).at(-1);
  if (last === undefined)
    return refuse(`nobody asked in ${approvals.title} for the approval of ${named(current)}: ${ask}`);
  return refuse(
    `${current.policy} has changed since ${person(last.author)} asked for the approval of version ${shortHash(last.version.hash)}: ${changedParts(last.version.parts, current.parts).join(', ') || 'evidence'}. Version ${shortHash(current.hash)}, which is there now, has to be asked for: ${ask}`,
    { policy: current.policy, asked: last.version.hash, current: current.hash },
  );
}

const sayingsOf = ({ decisions }: Approval): string =>
  decisions
    .map(
      ({ is, by, at, because, judged }) =>
        `${is} by ${person(by)} ${at}${judged === undefined ? '' : ', unseen'}${because === undefined ? '' : ` (${because})`}`,
    )
    .join(', ');

// ── releasing ─────────────────────────────────────────────────────────────────────────────────────────────────────

/** A policy of a bundle that may not be released, and why. */
export interface Unapproved {
  readonly policy: string;
  readonly version: string | undefined;
  readonly why: string;
}

/** The policies of a bundle that are not approved by any of the records. One that was rejected anywhere is not. */
export function unapprovedIn(manifest: BundleManifest, records: readonly Approval[]): readonly Unapproved[] {
  const byHash = Map.groupBy(records, (a) => a.version.hash);
  return manifest.policies.flatMap((policy) => {
    const own = byHash.get(policy.version ?? '') ?? [];
    const why = whyNot(policy, own, records) ?? whyApart(own, records, manifest);
    return why === undefined ? [] : [{ policy: policy.id, version: policy.version, why }];
  });
}

/** Why a policy that is approved is released with none of those that belong to it. */
function whyApart(
  own: readonly Approval[],
  all: readonly Approval[],
  { policies }: BundleManifest,
): string | undefined {
  const siblings = own.find((a) => approvalState(a) === 'approved')?.together ?? [];
  const missing = siblings.find(
    ({ policy, hash }) =>
      !policies.some((p) => p.id === policy) ||
      !all.some((a) => a.version.hash === hash && a.version.policy === policy && approvalState(a) === 'approved'),
  );
  return missing === undefined
    ? undefined
    : `one sentence says it and ${named(missing)}, which is ${policies.some((p) => p.id === missing.policy) ? 'not approved' : 'not in the bundle'}`;
}

function whyNot(policy: BundledPolicy, records: readonly Approval[], all: readonly Approval[]): string | undefined {
  if (policy.version === undefined) return 'the bundle does not say which version it is: build it again';
  const rejected = records.find((a) => approvalState(a) === 'rejected');
  if (rejected !== undefined) return sayingsOf(rejected);
  const approved = records.find((a) => approvalState(a) === 'approved');
  const [asked] = records;
  if (approved !== undefined) {
    const { version } = approved;
    const is =
      version.policy === policy.id &&
      version.evidence === policy.evidence &&
      version.parts.rego === policy.regoSha256 &&
      hashOf(version) === version.hash;
    return is ? undefined : 'what was approved under this hash is another policy than that of the bundle';
  }
  if (asked !== undefined) {
    const needed = APPROVERS_NEEDED[asked.version.evidence] - approversOf(asked).length;
    return `asked for by ${person(asked.author)}; ${needed} more ${needed === 1 ? 'person has' : 'people have'} to approve`;
  }
  const before = all.findLast((a) => a.version.policy === policy.id);
  return before === undefined
    ? 'its approval was never asked for'
    : `it has changed since version ${shortHash(before.version.hash)} was ${approvalState(before)}`;
}

export interface ApprovedReleaseDeps extends ReleaseDeps {
  /** The stack's own records: they keep what is released. */
  readonly approvals: ApprovalStore;
  /** Records that come with the bundle: the file beside the policies. */
  readonly brought?: ApprovalStore;
}

/**
 * Releases (`release`), if every policy that will be in force is approved, and keeps the approvals with the stack.
 * `automatic`: no person looks on, so nothing that is only tested is made active, in shadow neither. Errors:
 * `AUTHORING_REJECTED` (names each policy that may not be released, and how it may), those of `release`.
 */
export async function releaseApproved(
  deps: ApprovedReleaseDeps,
  what: Release & { readonly automatic?: boolean },
): Promise<Activation> {
  const active = await deps.policies.active();
  const bundle = what.bundle ?? (active === undefined ? undefined : await deps.policies.bundle(active.bundle));
  if (bundle !== undefined) {
    const { manifest } = bundle;
    const kept = await deps.approvals.list();
    const brought = (await deps.brought?.list()) ?? [];
    const missing = unapprovedIn(manifest, [...kept, ...brought]);
    if (missing.length > 0) throw unapproved(missing);
    if (what.automatic === true) checkAutomatic(manifest);
    const here = new Set(kept.map((a) => a.version.hash));
    const inBundle = new Set(manifest.policies.map((p) => p.version));
    for (const approval of brought)
      if (inBundle.has(approval.version.hash) && !here.has(approval.version.hash))
        // False: someone else is bringing it.
        await deps.approvals.write({ ...approval, revision: 1 });
  }
  return release(deps, what);
}

function checkAutomatic({ policies }: BundleManifest): void {
  const tested = policies.filter((p) => p.evidence !== 'proved').map((p) => p.id);
  if (tested.length > 0)
    throw refuse(`only tested, not proved, and so never made active without a person: ${tested.join(', ')}`);
}

/** The message is one line; `details.lines` says of each policy why, and then what to do. */
function unapproved(missing: readonly Unapproved[]): AppError {
  const policies = missing.map((m) => m.policy);
  const widest = Math.max(...policies.map((id) => id.length));
  const ids = missing.length > 3 ? '<policy…>' : policies.join(' ');
  return refuse(
    `Nothing was released, because not approved ${missing.length === 1 ? 'is' : 'are'} ${policies.join(', ')}`,
    {
      policies,
      lines: [
        ...missing.map(
          ({ policy, version, why }) =>
            `${policy.padEnd(widest)}  ${version === undefined ? '' : `version ${shortHash(version)}: `}${why}`,
        ),
        `Its author asks:             edict policies request ${ids} --as <who>`,
        `Another person looks at it:  edict policies approve ${ids} --as <who>`,
      ],
    },
  );
}
