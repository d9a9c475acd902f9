/**
 * What passes from stage to stage: `observe -> normalize -> evaluate -> record -> publish`.
 * Each stage is `makeX(deps) => (input) => Promise<output>`; test/types/pipeline.test-d.ts holds that they compose.
 *
 * | stage     | input               | output       | deps                                          | runs where            |
 * | --------- | ------------------- | ------------ | --------------------------------------------- | --------------------- |
 * | observe   | `Observation`       | `Observed`   | forms, quarantine                             | front doors, sweep    |
 * | normalize | `readonly Change[]` | `Normalized` | forms, registry, readBack, quarantine, clock  | evaluate (a batch)    |
 * | evaluate  | `Work`              | `Judged`     | resources, active, registry, clock            | evaluate, re-judge    |
 * | record    | `Judged`            | `Recorded`   | resources                                     | evaluate, re-judge    |
 * | publish   | `ResourceImage`     | `Published`  | resources, findings, bus, queue               | project (the stream)  |
 *
 * `makeJudge` (judge.ts) runs evaluate and record until nobody was faster.
 */
import type { Change, ReadHints, Rejudge } from '../model/change.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Json } from '../model/json.ts';
import type { Pending, ResourceCommit, ResourceHead, StoredPart } from '../model/resource.ts';
import type { Cloud } from '../model/cloud.ts';

/** What arrived at a front door: one document as its source sent it, the envelope of the transport already taken off. */
export interface Observation {
  /** `aws.config`, `azure.event-grid`, `gcp.asset-feed`, `aws.sweep` … */
  readonly source: string;
  readonly origin: Change['origin'];
  /** The form of the document, where the front door knows it; otherwise it is detected. */
  readonly form?: string;
  readonly document: Json;
  readonly receivedAt: string;
  readonly read?: ReadHints;
  readonly readKey?: string;
  readonly sweep?: Change['sweep'];
}

/** `observe`: the changes to enqueue; what cannot become one is quarantined and counted. */
export interface Observed {
  readonly changes: readonly Change[];
  readonly outcomes: readonly Outcome[];
}

/** What became of a change. received = judged + stale + unsupported + quarantined + failed. */
export const OUTCOMES = ['judged', 'stale', 'unsupported', 'quarantined', 'failed'] as const;
export type OutcomeKind = (typeof OUTCOMES)[number];
export interface Outcome {
  readonly changeId: string;
  readonly outcome: OutcomeKind;
  readonly code?: ErrorCode;
  /** `unsupported`: the native types that no mapping knows. */
  readonly nativeTypes?: readonly string[];
}

/** A part of a resource at one version, ready to be merged. */
export interface PartUpdate {
  readonly resourceId: string;
  readonly mapping: string;
  readonly cloud: Cloud;
  readonly part: StoredPart;
  readonly main: boolean;
  /** The document shows that the resource is not of the mapping's kind: the part is a tombstone, the change unsupported. */
  readonly foreign?: boolean;
  readonly changeId: string;
  readonly source: string;
  readonly actor?: string;
  /** The first sweep of its source found it. */
  readonly baseline?: string;
  /** The run of the sweep that asked for it. */
  readonly sweep?: string;
}

/** What a sweep found other than events had told it: events were missed, or are late. */
export interface Repair {
  /** The run of the sweep. */
  readonly run: string;
  readonly source: string;
  readonly account: string;
  readonly nativeType: string;
  /** Nothing was known of the part; it says something else; it is gone. */
  readonly was: 'unknown' | 'changed' | 'deleted';
}

/** Everything that a batch holds for one resource. */
export interface Work {
  readonly resourceId: string;
  readonly updates: readonly PartUpdate[];
  readonly rejudge: readonly Rejudge[];
}

/** `normalize`: the work of a batch by resource, and what became of the changes that led to none. */
export interface Normalized {
  readonly work: readonly Work[];
  readonly outcomes: readonly Outcome[];
}

/** `evaluate`: what to commit for one resource. */
export interface Judged {
  readonly work: Work;
  /** Undefined: nothing to write. */
  readonly commit: ResourceCommit | undefined;
  readonly outcomes: readonly Outcome[];
  /** What of it a sweep repaired. */
  readonly repairs: readonly Repair[];
  /** Documents with the same key and different content arrived: the provider has to be asked again. */
  readonly readAgain: boolean;
}

/** `record`: what was committed, as the table's stream shows it. */
export interface Recorded {
  /** `conflict`: someone was faster; `stale`: a newer activation is in force. In both cases evaluate again. */
  readonly result: 'committed' | 'unchanged' | 'conflict' | 'stale';
  readonly image: ResourceImage | undefined;
}

/** `publish`: how much was told. */
export interface Published {
  readonly transitions: number;
  readonly events: number;
  readonly dependents: number;
}

/** The part of the hot item that publishing needs. */
export interface ResourceImage extends ResourceHead {
  readonly revision: number;
  readonly projectedRevision: number;
  readonly pending: readonly Pending[];
}
