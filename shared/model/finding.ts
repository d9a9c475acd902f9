/** Findings: the life of one (policy, resource) that was ever not compliant. */
import { createHash } from 'node:crypto';
import type { Cloud } from './cloud.ts';
import type { ResourceHead, Resolution, Transition } from './resource.ts';
import { SEVERITIES, type Severity, type Verdict } from './verdict.ts';

export const FINDING_STATUSES = ['open', 'excepted', 'resolved'] as const;
export type FindingStatus = (typeof FINDING_STATUSES)[number];

/** Verdicts that open a finding: whatever is not known to be all right. */
export const opens = (verdict: Verdict | null | undefined): boolean =>
  verdict === 'violation' || verdict === 'unknown' || verdict === 'error';

/** The status that a transition leads to. */
export const statusOf = (t: Pick<Transition, 'to' | 'exception'>): FindingStatus =>
  !opens(t.to) ? 'resolved' : t.exception === undefined ? 'open' : 'excepted';

/** The state in which a finding is, in one word: what its status, verdict and resolution come to. */
export const FINDING_STATES = ['open', 'unknown', 'error', 'excepted', 'resolved', 'resource_deleted'] as const;
export type FindingState = (typeof FINDING_STATES)[number];
export function stateOf({
  status,
  verdict,
  resolution,
}: Pick<Finding, 'status' | 'verdict' | 'resolution'>): FindingState {
  if (status === 'open') return verdict === 'unknown' || verdict === 'error' ? verdict : 'open';
  return resolution === 'resource_deleted' ? 'resource_deleted' : status;
}

/**
 * The id of a finding: one for the life of (policy, resource), however often it opens. 160 bits of SHA-256 in base 32
 * (Crockford, lower case), which can be read out and typed: no collision is to be expected in 10^20.
 */
export function findingId(policy: string, resourceId: string): string {
  return readable(createHash('sha256').update(`finding\n${policy}\n${resourceId}`).digest().subarray(0, 20));
}

/** The id of a transition and of the event that tells it: told again, it is the same. */
export const transitionId = (finding: string, t: Pick<Transition, 'revision' | 'n'>): string =>
  `${finding}-${t.revision}-${t.n}`;

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
function readable(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return text;
}

/** The current row of a finding. */
export interface Finding {
  readonly id: string;
  readonly policy: string;
  readonly title: string;
  readonly severity: Severity;
  readonly status: FindingStatus;
  readonly resolution?: Resolution;
  /** Null once nothing is judged any more. */
  readonly verdict: Verdict | null;
  readonly resource: ResourceHead;
  /** When the present status began: by the provider, and for us. */
  readonly since: { readonly trueAt: string; readonly knownAt: string };
  readonly firstSeenAt: string;
  readonly lastChangedAt: string;
  /** How often it was opened. */
  readonly openings: number;
  /** The last transition. */
  readonly last: Transition;
  readonly baseline?: string;
  /** Its policy is in shadow: nobody was alerted. */
  readonly shadow?: true;
}

/** What a list of findings may be asked for. All that are given must hold. */
export interface FindingFilter {
  readonly severity?: readonly Severity[];
  readonly status?: FindingStatus;
  readonly verdict?: readonly Verdict[];
  readonly resolution?: Resolution;
  readonly cloud?: Cloud;
  readonly account?: string;
  readonly policy?: string;
  readonly resource?: string;
  readonly owner?: string;
  /** Status began (by the provider) at or after this instant. */
  readonly since?: string;
  /** As the world was at this instant, by what we know now. */
  readonly asOf?: string;
  /** With `asOf`: by what Edict knew at this instant. */
  readonly knownAt?: string;
  readonly baseline?: string;
  /** Only those of policies in shadow, or only the others. @default all */
  readonly shadow?: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Opaque; pass it back for the next page. Absent: that was all. */
  readonly next?: string;
}

/** The sort key of the indexes: open before excepted before resolved, worst first, then by time. */
export const rankOf = (status: FindingStatus, severity: Severity, trueAt: string): string =>
  `${rankedStatus(status)}#${SEVERITIES.indexOf(severity)}-${severity}#${trueAt}`;
/** The status as it is sorted: '#' comes before '-'. */
export const rankedStatus = (status: FindingStatus): string => (status === 'excepted' ? 'open-excepted' : status);
