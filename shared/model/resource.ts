/**
 * What is stored of a resource: the state that its documents add up to, the verdicts on it, and what of them was not
 * yet published. One conditional write of it is the commit point (docs/adr/0003-commit-point.md).
 */
import { createHash } from 'node:crypto';
import type { Cloud } from './cloud.ts';
import type { FactStates, FactValue, State } from './fact.ts';
import { canonicalJson, type Json } from './json.ts';
import type { Dialect } from './native.ts';
import { SEGMENTS } from './tables.ts';
import type { Severity, Verdict } from './verdict.ts';

/** What a document says about the resource besides facts. */
export interface About {
  readonly nativeType: string;
  readonly account?: string;
  readonly region?: string;
  readonly name?: string;
  /** Main part only: a satellite's tags are not the resource's. */
  readonly tags?: State<readonly { readonly key: string; readonly value: string }[]>;
  /** Main part only: the resources it depends on, by the name of the dependency; null: it names one that cannot be identified. */
  readonly dependsOn?: { readonly [name: string]: string | null };
}

/** One part as the store keeps it: a last-writer-wins register. `readings` are `Reading`s of shared/mappings (small typed values with provenance). */
export interface StoredPart {
  readonly part: string;
  readonly instance: string;
  readonly dialect: Dialect;
  readonly native: string;
  readonly orderKey: string;
  readonly complete: boolean;
  readonly creates: boolean;
  readonly deleted: boolean;
  readonly readings: { readonly [reading: string]: State<Json> };
  /** When the world changed, by the provider. */
  readonly changedAt: string;
  /** The document was read again, by later mappings: when that was asked for. */
  readonly derivedAt?: string;
  /** Hash of everything the part says: breaks ties between equal keys, so that the winner does not depend on who came first. */
  readonly hash: string;
  readonly about: About;
}

/** The verdict that stands on a resource, and since when. */
export interface StandingVerdict {
  readonly verdict: Verdict;
  /** When the world became so, by the provider, and when Edict learned it. Depend on the order of arrival. */
  readonly since: { readonly trueAt: string; readonly knownAt: string };
  /** Hash of what decided a verdict that is not a pass: failing clauses and the facts they read. '' for a pass. */
  readonly fingerprint: string;
  /** When time alone flips it: epoch seconds. */
  readonly flipsAt?: number;
  /** What an exception would be bound to (`decidedBy`). Absent where none is possible. */
  readonly decided?: string;
  /** The exception that holds for it, and the epoch second at which that ends. */
  readonly exception?: { readonly id: string; readonly until: number };
  /** Its policy is in shadow: nobody was told. */
  readonly shadow?: true;
}

/** What became of an exception to a finding: it holds from now on, or why it does no more. */
export const EXCEPTION_TURNS = ['granted', 'voided', 'expired', 'revoked', 'compensation_lost'] as const;
export type ExceptionTurn = (typeof EXCEPTION_TURNS)[number];

/** The exception that holds for a finding, as a transition and its event show it. */
export interface HeldException {
  readonly id: string;
  readonly owner: string;
  /** From this instant on it holds no more. */
  readonly until: string;
}

/** Why a verdict or a status changed. */
export type Cause =
  | { readonly is: 'change'; readonly changeId: string; readonly source: string; readonly actor?: string }
  | { readonly is: 'deletion'; readonly changeId: string; readonly source: string; readonly actor?: string }
  /** A complete list of everything lacks it, or the provider said that it is gone when a sweep asked. */
  | { readonly is: 'reconcile'; readonly changeId: string; readonly source: string }
  | { readonly is: 'dependency'; readonly resourceId: string; readonly changeId?: string; readonly actor?: string }
  | { readonly is: 'bundle'; readonly sequence: number }
  | { readonly is: 'context'; readonly sequence: number }
  | { readonly is: 'clock' }
  /** Only whether the finding may stand has changed; where a change of the world did that, it is named. */
  | {
      readonly is: 'exception';
      readonly exceptionId: string;
      readonly turn: ExceptionTurn;
      /** Whose it was, who has to hear of it. */
      readonly owner?: string;
      readonly changeId?: string;
      readonly source?: string;
      readonly actor?: string;
    };

/** How a finding ended. */
export type Resolution = 'fixed' | 'not_applicable' | 'resource_deleted' | 'policy_retired';

/** A fact as it was when it decided, with its provenance. */
export interface DecidingFact {
  readonly fact: string;
  readonly before?: FactValue;
  readonly after: FactStates[string];
}

/** A change of the verdict or status of one (policy, resource), as it is waiting to be published. Self-contained: the bundle may have moved on. */
export interface Transition {
  readonly is: 'transition';
  /** The revision of the commit that carries it, and its place in it. */
  readonly revision: number;
  readonly n: number;
  /** The resource as that commit knew it, or of one that is gone as it was: told again later, it is the same. */
  readonly of?: Omit<ResourceHead, 'id' | 'mapping' | 'cloud' | 'kind'>;
  readonly policy: string;
  readonly title: string;
  readonly severity: Severity;
  readonly from: Verdict | null;
  /** Null: nothing is judged any more (the resource or the policy is gone). */
  readonly to: Verdict | null;
  readonly resolution?: Resolution;
  readonly cause: Cause;
  readonly trueAt: string;
  readonly knownAt: string;
  /** Clauses that do not hold, with the words of the intent. */
  readonly clauses: readonly { readonly id: string; readonly says: string; readonly verdict: 'fails' | 'unknown' }[];
  readonly facts: readonly DecidingFact[];
  /** `unknown`: what could decide it. `violation`: what was assumed. `error`: what went wrong. */
  readonly missing?: readonly string[];
  readonly assumed?: readonly string[];
  readonly error?: string;
  /** What an exception would be bound to. */
  readonly decided?: string;
  /** The finding is excepted: the verdict stands, and may. */
  readonly exception?: HeldException;
  /** The id of the first sweep of a source that found it: part of one digest, not an alert of its own. */
  readonly baseline?: string;
  /** Its policy is in shadow: kept and listed, and nobody is alerted. */
  readonly shadow?: true;
  /** The sequence of the activation that judged. Absent: nothing was active, or an older build judged. */
  readonly activation?: number;
}

/** A dependency changed: its dependents have to be judged again. */
export interface FanOut {
  readonly is: 'fan_out';
  readonly revision: number;
  readonly changeId?: string;
  readonly trueAt: string;
  readonly actor?: string;
  readonly baseline?: string;
}
/** The outbox of the item: what is derived from a commit, until it is known to be done. */
export type Pending = Transition | FanOut;

/** The activation (bundle and context configuration in force) that judged. */
export interface JudgedBy {
  /** Goes up with every activation of a bundle or a context configuration, a rollback too. */
  readonly activation: number;
  readonly bundleSequence: number;
  readonly contextSequence: number;
  /** The bundle's hash. */
  readonly bundle: string;
}

/** What everyone who lists resources needs. */
export interface ResourceHead {
  readonly id: string;
  readonly mapping: string;
  readonly cloud: Cloud;
  /** Null: only a dependency of others. */
  readonly kind: string | null;
  readonly nativeType: string;
  readonly account?: string;
  readonly region?: string;
  readonly name?: string;
  readonly environment?: string;
  readonly owner?: string;
}

/**
 * The revision of a resource's first commit: the second it is made. A tombstone expires, and what comes back under the
 * same id must not begin again at 1: its transitions would be older than those of its former life, and nobody would hear
 * of them.
 */
export const firstRevision = (epochMs: number): number => Math.max(1, Math.floor(epochMs / 1000));

/** The hot item. Everything that `canonicalState` keeps is a function of the documents, the activation and the clock. */
export interface ResourceState extends ResourceHead {
  /** Goes up with every commit. */
  readonly revision: number;
  /** By `partKey`. */
  readonly parts: { readonly [key: string]: StoredPart };
  /** The newest deletion of the resource: satellites that are not newer belong to a former life. */
  readonly bornAfter?: string;
  /** The main part is gone. */
  readonly deleted: boolean;
  /** Values of the facts that are not unknown, context facts included. */
  readonly facts: { readonly [fact: string]: FactValue };
  readonly verdicts: { readonly [policy: string]: StandingVerdict };
  readonly judgedBy: JudgedBy;
  /** Earliest instant at which time alone changes a verdict: epoch seconds. */
  readonly nextFlipAt?: number;
  /** Every resource whose state took part in the facts, sorted: each has an edge to this one. */
  readonly dependsOn: readonly string[];
  /** Hash of the evidence (`FactStates`), which lies in an item of its own. */
  readonly evidence: string;
  /** Not known to be published, oldest first. */
  readonly pending: readonly Pending[];
  /** Epoch milliseconds at which the oldest of `pending` was committed. */
  readonly pendingSince?: number;
  /** Everything up to this revision was published. Written by the projection alone, which does not raise `revision`. */
  readonly projectedRevision: number;
  /** A tombstone's end: epoch seconds. */
  readonly expiresAt?: number;
  /** The first sweep of its source, if that saw it first: what the same sweep goes on to find is part of its digest. */
  readonly baseline?: string;
  /** Where the store keeps what is large: its own business, passed on from the state that was read. */
  readonly storage?: { readonly [what: string]: { readonly hash: string; readonly revision: number } };
}

/** A state to be committed, with the evidence behind its facts. */
export interface ResourceCommit {
  readonly state: ResourceState;
  /** The states of its facts, context facts included. */
  readonly evidence: FactStates;
  /** The stored revision that it was made from; 0: nothing was stored. @default the one before the state's */
  readonly after?: number;
}

/** How long a tombstone is kept: longer than any queue, dead-letter queue or subscription can replay. */
export const TOMBSTONE_DAYS = 45;
/** The most transitions an item carries; beyond it the projection is so far behind that judging waits for it. */
export const MAX_PENDING = 100;

/**
 * The state without what depends on the order of arrival: any permutation, duplication or delay of the same documents
 * under the same activation, dependencies and clock ends in the same canonical state, byte for byte.
 * Left out are: revision, pending, what was projected, since when a verdict stands, when a tombstone expires, which
 * sweep saw it first, and where the store keeps what is large.
 */
export function canonicalState(state: ResourceState): string {
  const {
    revision: _revision,
    pending: _pending,
    pendingSince: _pendingSince,
    projectedRevision: _projectedRevision,
    expiresAt: _expiresAt,
    baseline: _baseline,
    storage: _storage,
    verdicts,
    ...rest
  } = state;
  return canonicalJson({
    ...rest,
    verdicts: Object.fromEntries(Object.entries(verdicts).map(([policy, { since: _since, ...v }]) => [policy, v])),
  });
}

/** The segment of the hot table's indexes that a resource belongs to. */
export const segmentOf = (id: string): number => createHash('sha256').update(id).digest().readUInt16BE(0) % SEGMENTS;
