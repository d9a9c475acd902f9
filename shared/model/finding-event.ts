/**
 * What Edict publishes: an OCSF Compliance Finding (class 2003, https://schema.ocsf.io/1.3.0/classes/compliance_finding,
 * read 2026-11-25) plus `edict`, the transition that it tells. Schema: finding-event.v1.schema.json.
 */
import type { Cloud } from './cloud.ts';
import type { FindingStatus } from './finding.ts';
import type { Cause, DecidingFact, HeldException, Resolution } from './resource.ts';
import type { Severity, Verdict } from './verdict.ts';

export const FINDING_DETAIL_TYPES = ['FindingOpened.v1', 'FindingChanged.v1', 'FindingResolved.v1'] as const;
export type FindingDetailType = (typeof FINDING_DETAIL_TYPES)[number];

/**
 * The same of a policy in shadow. Types of their own, because a rule that alerts names the types above: what is in shadow
 * cannot reach it by a forgotten filter. The detail says `shadow: true` besides.
 */
export const SHADOW_DETAIL_TYPES = {
  'FindingOpened.v1': 'ShadowFindingOpened.v1',
  'FindingChanged.v1': 'ShadowFindingChanged.v1',
  'FindingResolved.v1': 'ShadowFindingResolved.v1',
} as const satisfies { readonly [T in FindingDetailType]: string };
export type ShadowDetailType = (typeof SHADOW_DETAIL_TYPES)[FindingDetailType];

/** The transition behind the event, in Edict's own words. */
export interface TransitionDetail {
  readonly version: 1;
  /** The id of the event: told again, it is the same. Consumers drop what they have seen. */
  readonly eventId: string;
  readonly findingId: string;
  readonly policy: { readonly id: string; readonly title: string; readonly severity: Severity };
  /** Clauses that do not hold, with the words of the intent. */
  readonly clauses: readonly { readonly id: string; readonly says: string; readonly verdict: 'fails' | 'unknown' }[];
  /** The facts that decided, with provenance: where in the provider's document, or by which documented default. */
  readonly facts: readonly DecidingFact[];
  readonly from: Verdict | null;
  readonly to: Verdict | null;
  readonly status: FindingStatus;
  /** `excepted`: the exception that holds, whose it is and until when. */
  readonly exception?: HeldException;
  readonly resolution?: Resolution;
  readonly missing?: readonly string[];
  readonly assumed?: readonly string[];
  readonly error?: string;
  readonly cause: Cause;
  /** What all transitions of one cause have in common: one Terraform apply that breaks 200 buckets is one message. */
  readonly causeKey: string;
  readonly resource: {
    readonly id: string;
    readonly kind: string;
    readonly nativeType: string;
    readonly cloud: Cloud;
    readonly account?: string;
    readonly region?: string;
    readonly name?: string;
    readonly environment?: string;
    readonly owner?: string;
  };
  /** When the world changed, by the provider; when Edict learned it. */
  readonly trueAt: string;
  readonly knownAt: string;
  /** The first sweep of a source found it: it is part of that sweep's `FindingsBaselined.v1`; do not alert on it. */
  readonly baseline?: string;
  /** Its policy is in shadow: do not alert on it. */
  readonly shadow?: true;
  /** Lists that were cut to keep the event below the bus's limit: the finding has all of it. */
  readonly truncated?: true;
}

/** OCSF 1.3.0, the attributes that Edict gives. Times are epoch milliseconds. */
export interface ComplianceFinding {
  readonly activity_id: 1 | 2 | 3;
  readonly activity_name: 'Create' | 'Update' | 'Close';
  readonly category_uid: 2;
  readonly category_name: 'Findings';
  readonly class_uid: 2003;
  readonly class_name: 'Compliance Finding';
  readonly type_uid: 200301 | 200302 | 200303;
  readonly type_name: string;
  readonly time: number;
  readonly severity_id: 1 | 2 | 3 | 4 | 5;
  readonly severity: string;
  readonly status_id: 1 | 3 | 4;
  readonly status: 'New' | 'Suppressed' | 'Resolved';
  readonly message: string;
  readonly metadata: {
    readonly version: '1.3.0';
    readonly uid: string;
    readonly product: { readonly name: 'Edict'; readonly vendor_name: 'Edict'; readonly version: string };
    readonly profiles: readonly ['cloud'];
  };
  readonly cloud: {
    readonly provider: string;
    readonly account?: { readonly uid: string };
    readonly region?: string;
  };
  readonly finding_info: {
    readonly uid: string;
    readonly title: string;
    readonly desc: string;
    readonly types: readonly string[];
    readonly created_time: number;
    readonly modified_time: number;
    readonly first_seen_time: number;
  };
  readonly compliance: {
    readonly control: string;
    readonly standards: readonly string[];
    readonly requirements: readonly string[];
    readonly status_id: 1 | 2 | 3 | 99;
    readonly status: 'Pass' | 'Warning' | 'Fail' | 'Other';
    readonly status_detail?: string;
  };
  readonly remediation?: { readonly desc: string };
  readonly resources: readonly [
    {
      readonly uid: string;
      readonly type: string;
      readonly name?: string;
      readonly region?: string;
      readonly owner?: { readonly name: string };
    },
  ];
}

export type FindingDetail = ComplianceFinding & { readonly edict: TransitionDetail };

/** A transition of one finding. */
export interface FindingTransitionEvent {
  readonly id: string;
  readonly detailType: FindingDetailType | ShadowDetailType;
  /** When the world changed. */
  readonly time: string;
  /** The resource's id: the bus shows it to rules. */
  readonly resource: string;
  readonly detail: FindingDetail;
}

/** The most rows of a list of a digest: the findings have all of them, and an event has to fit the bus. */
export const DIGEST_ROWS = 100;

/**
 * What one run of the sweep found where none had been before, as one digest: so many open findings by policy and severity.
 * Schema: findings-baselined.v1.schema.json.
 */
export interface BaselineEvent {
  readonly id: string;
  readonly detailType: 'FindingsBaselined.v1';
  readonly time: string;
  readonly resource: string;
  readonly detail: {
    readonly edict: {
      readonly version: 1;
      readonly eventId: string;
      readonly sweep: string;
      readonly findings: number;
      readonly resources: number;
      readonly bySeverity: { readonly [S in Severity]?: number };
      readonly byPolicy: readonly {
        readonly policy: string;
        readonly title: string;
        readonly severity: Severity;
        readonly verdict: Verdict;
        readonly findings: number;
      }[];
      readonly byAccount: readonly { readonly cloud: Cloud; readonly account: string; readonly findings: number }[];
      /** How many scopes were swept for the first time, and how many were to be and were not: the digest says nothing of those. */
      readonly scopes: { readonly swept: number; readonly notSeen: number };
      /** Those: refused by the provider, or given up on. */
      readonly notSeen: readonly {
        readonly source: string;
        readonly scope: string;
        readonly why: 'denied' | 'not_finished';
      }[];
      /** Lists that were cut at `DIGEST_ROWS`. */
      readonly truncated?: true;
    };
  };
}

/**
 * What a run of the sweep found other than events had told, of one source: how much of the news is lost. Schema:
 * source-reconciled.v1.schema.json.
 */
export interface ReconciledEvent {
  readonly id: string;
  readonly detailType: 'SourceReconciled.v1';
  readonly time: string;
  /** The source: the bus shows it to rules. */
  readonly resource: string;
  readonly detail: {
    readonly edict: {
      readonly version: 1;
      readonly eventId: string;
      readonly sweep: string;
      /** `aws.sweep`, `azure.sweep`, `gcp.sweep`. */
      readonly source: string;
      /** Scopes: listed wholly, with something left out or unreadable, not to the end. Only the first say what is gone. */
      readonly scopes: { readonly swept: number; readonly partial: number; readonly notSeen: number };
      /** Resources that the provider listed; that were held where the list is whole; of those, not listed. */
      readonly listed: number;
      readonly held: number;
      readonly absent: number;
      /**
       * News that no event had told: documents of which nothing was known, that say something else, that are gone. In it
       * is what an event was about to tell. Where a sweep is the first to look, nothing is missed.
       */
      readonly missedEvents: { readonly unknown: number; readonly changed: number; readonly deleted: number };
      /** Missed events for each resource that was listed or held, between 0 and 1. */
      readonly rate: number;
      /** The accounts with most of them. */
      readonly byAccount: readonly {
        readonly account: string;
        readonly listed: number;
        readonly missedEvents: number;
      }[];
      readonly truncated?: true;
    };
  };
}

/**
 * An approved exception ends in so many days: whoever owns it fixes what it permits, or asks again. Schema:
 * exception-expiring.v1.schema.json.
 */
export interface ExceptionExpiringEvent {
  readonly id: string;
  readonly detailType: 'ExceptionExpiring.v1';
  /** When it was due. */
  readonly time: string;
  readonly resource: string;
  readonly detail: {
    readonly edict: {
      readonly version: 1;
      readonly eventId: string;
      readonly exceptionId: string;
      readonly policyId: string;
      readonly owner: string;
      readonly ticket: string;
      readonly reason: string;
      readonly days: number;
      readonly expiresAt: string;
      /** How many findings it covers, and the first of their resources. */
      readonly findings: number;
      readonly resources: readonly string[];
    };
  };
}

export type FindingEvent = FindingTransitionEvent | BaselineEvent | ReconciledEvent | ExceptionExpiringEvent;
