/**
 * Approval of one version of a policy: who asked, who said yes, when, and to exactly which bytes. What became of it is
 * computed from what was said (`approvalState`), so that no record can claim more than the people in it said.
 */

/** How we know who somebody is: they said so, AWS did (`sts:GetCallerIdentity`), or Slack did, of who pressed a button. */
export const IDENTITY_SOURCES = ['declared', 'sts', 'slack'] as const;
export type IdentitySource = (typeof IDENTITY_SOURCES)[number];

export interface Identity {
  /** A name or an address where it is declared; the ARN of the caller where AWS says it. */
  readonly who: string;
  readonly established: IdentitySource;
}

/** What a version is the hash of. Each is a SHA-256, so that it can be said what has changed. */
export const VERSION_PARTS = ['intent', 'clauses', 'rego', 'examples', 'parameters', 'catalogue'] as const;
export type VersionPart = (typeof VERSION_PARTS)[number];
export type VersionParts = { readonly [P in VersionPart]: string };

/** One version of a policy: change a byte of any part, and it is another. */
export interface PolicyVersion {
  readonly policy: string;
  /** SHA-256 over the policy's id, its evidence and its parts. */
  readonly hash: string;
  readonly evidence: 'proved' | 'tested';
  readonly parts: VersionParts;
}

/** What somebody said of a version. */
export interface Decision {
  readonly is: 'approved' | 'rejected';
  readonly by: Identity;
  readonly at: string;
  readonly because?: string;
  /** It was approved for this person by whoever automates them, and nobody has judged the resources. */
  readonly judged?: 'none';
}

/**
 * What authoring found besides the gates, as whoever asks says it. It proves nothing and no hash holds it: it is there for
 * those who approve, because what a check has left open nobody else looks at.
 */
export interface AuthoringRecord {
  readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly says: string }[];
  readonly judging: {
    /** `none`: nobody has looked at a resource (`--yes`). */
    readonly by: 'person' | 'none';
    /** Resources that were shown. */
    readonly shown: number;
    /** Of these: said otherwise after a second look, at what the draft says; and those that the person could not judge. */
    readonly corrected: number;
    readonly skipped: number;
    /** Questions on which two readings parted. */
    readonly questions: number;
  };
}
/** A version that is approved together with another one or not at all: both come from one sentence. */
export interface Sibling {
  readonly policy: string;
  readonly hash: string;
}
export const MOST_CHECKS = 40;
export const LONGEST_CHECK = 2000;
export const MOST_SIBLINGS = 40;

/** The record of one version: asked for once, decided by others. */
export interface Approval {
  readonly version: PolicyVersion;
  /** Who asked, and so answers for it: never one of those who approve. */
  readonly author: Identity;
  readonly requestedAt: string;
  /** What was found when it was authored; absent: it was written by hand, or before there were such records. */
  readonly authored?: AuthoringRecord;
  /** The other policies of its sentence. */
  readonly together?: readonly Sibling[];
  /** In the order in which they were made. */
  readonly decisions: readonly Decision[];
  /** Goes up with every write: of two writers at once one is told. */
  readonly revision: number;
}

export type ApprovalState = 'requested' | 'approved' | 'rejected';

/** How many people, besides the author, have to approve. What is only tested was read by nobody but them. */
export const APPROVERS_NEEDED = { proved: 1, tested: 2 } as const satisfies {
  [E in PolicyVersion['evidence']]: number;
};

/**
 * Whom an identity stands for: who differs only in letter case, width or blanks is the same person. Where AWS says who
 * it is, what the caller chose is left out: the name of a session is free text, except where IAM Identity Center sets it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname and
 * https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosessionduration.html, read 2026-11-25.
 */
export function principalOf({ who, established }: Identity): string {
  const text = who.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
  if (established === 'declared') return text;
  const session = /^(arn:[^:]*:sts::\d*):(assumed-role|federated-user)\/([^/]+)(?:\/(.+))?$/.exec(text);
  if (session === null) return text;
  const [, account, sort, name, user] = session;
  if (sort === 'federated-user') return `${account}:federated-user`;
  // One person may have several of these roles: the same person still.
  return name?.startsWith('awsreservedsso_') === true ? `identity-center:${user}` : `${account}:assumed-role/${name}`;
}

/** Whether both stand for one person, or for people whom nothing tells apart. */
export const isSamePerson = (a: Identity, b: Identity): boolean => principalOf(a) === principalOf(b);

/** Who approved, each person once, without the author and without those whom we know less well than the author. */
export function approversOf({ author, decisions }: Pick<Approval, 'author' | 'decisions'>): readonly Identity[] {
  const found = new Map<string, Identity>();
  for (const { is, by } of decisions) {
    if (is !== 'approved' || isSamePerson(by, author) || by.established !== author.established) continue;
    if (principalOf(by) !== '' && !found.has(principalOf(by))) found.set(principalOf(by), by);
  }
  return [...found.values()];
}

/** What became of a version. Rejected once is rejected: what is changed afterwards is another version. */
export function approvalState(approval: Pick<Approval, 'author' | 'decisions' | 'version'>): ApprovalState {
  if (approval.decisions.some((d) => d.is === 'rejected')) return 'rejected';
  return approversOf(approval).length >= APPROVERS_NEEDED[approval.version.evidence] ? 'approved' : 'requested';
}
