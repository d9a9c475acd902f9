/** A finding as `edict findings --format json` writes it (docs/findings-json.md): stable, versioned. */
import type { FactValue } from '../../shared/model/fact.ts';
import { type Finding, type FindingState, stateOf } from '../../shared/model/finding.ts';
import type { Cause, DecidingFact, HeldException, Transition } from '../../shared/model/resource.ts';
import type { CoverageRecord } from './coverage.ts';

/** A fact that decided, and how it is known. The shape is that of `edict check`. */
export interface Evidence {
  readonly fact: string;
  /** Null while unknown. */
  readonly value: FactValue | null;
  readonly state: DecidingFact['after']['state'];
  /** JSON Pointer into the provider's document; null where nothing was read. */
  readonly pointer: string | null;
  /** Default: the documentation; assumed: what was never seen; unknown: why. Null for what is known. */
  readonly because: string | null;
  /** The value before the transition; null where it was not known. */
  readonly before: FactValue | null;
}

export interface TransitionRecord {
  readonly revision: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly resolution: string | null;
  readonly cause: Cause;
  readonly trueAt: string;
  readonly knownAt: string;
  readonly clauses: Transition['clauses'];
  readonly evidence: readonly Evidence[];
  readonly missing: readonly string[];
  readonly error: string | null;
  /** The exception that holds from here on; null: none. */
  readonly exception: HeldException | null;
}

export interface FindingRecord {
  readonly id: string;
  readonly policy: string;
  readonly title: string;
  readonly severity: string;
  readonly status: string;
  /** Status, verdict and resolution in one word. */
  readonly state: FindingState;
  /** How it ended; null while open. */
  readonly resolution: string | null;
  /** Null once nothing is judged any more. */
  readonly verdict: string | null;
  readonly cloud: string;
  readonly account: string | null;
  readonly region: string | null;
  readonly resource: string;
  readonly name: string | null;
  readonly kind: string | null;
  readonly nativeType: string;
  readonly environment: string | null;
  readonly owner: string | null;
  /** Since when it has its status: by the provider, and for Edict. */
  readonly since: { readonly trueAt: string; readonly knownAt: string };
  readonly firstSeenAt: string;
  readonly lastChangedAt: string;
  readonly openings: number;
  /** The sweep that found it, if that was the first one of its source. */
  readonly baseline: string | null;
  /** Its policy is in shadow: nobody was alerted. */
  readonly shadow: boolean;
  readonly last: TransitionRecord;
}

/** `edict findings --format json`. */
export interface FindingsPage {
  readonly version: 1;
  /** The instant that the answer speaks of: now, or `--as-of`. */
  readonly as_of: string;
  readonly coverage: CoverageRecord;
  readonly findings: readonly FindingRecord[];
  /** For `--next`; null on the last page. */
  readonly next: string | null;
}

/** Why a state is not simply read; null for what is known. */
export function becauseOf(state: DecidingFact['after']): string | null {
  if (state.state === 'default' || state.state === 'assumed') return state.because;
  if (state.state === 'unknown') return state.detail === undefined ? state.why : `${state.why}: ${state.detail}`;
  return null;
}

const evidenceOf = ({ fact, before, after }: DecidingFact): Evidence => ({
  fact,
  value: after.state === 'unknown' ? null : after.value,
  state: after.state,
  pointer: after.at ?? null,
  because: becauseOf(after),
  before: before ?? null,
});

export const transitionRecord = (t: Transition): TransitionRecord => ({
  revision: t.revision,
  from: t.from,
  to: t.to,
  resolution: t.resolution ?? null,
  cause: t.cause,
  trueAt: t.trueAt,
  knownAt: t.knownAt,
  clauses: t.clauses,
  evidence: t.facts.map(evidenceOf),
  missing: t.missing ?? [],
  error: t.error ?? null,
  exception: t.exception ?? null,
});

export function findingRecord(f: Finding): FindingRecord {
  const { resource } = f;
  return {
    id: f.id,
    policy: f.policy,
    title: f.title,
    severity: f.severity,
    status: f.status,
    state: stateOf(f),
    resolution: f.resolution ?? null,
    verdict: f.verdict,
    cloud: resource.cloud,
    account: resource.account ?? null,
    region: resource.region ?? null,
    resource: resource.id,
    name: resource.name ?? null,
    kind: resource.kind,
    nativeType: resource.nativeType,
    environment: resource.environment ?? null,
    owner: resource.owner ?? null,
    since: f.since,
    firstSeenAt: f.firstSeenAt,
    lastChangedAt: f.lastChangedAt,
    openings: f.openings,
    baseline: f.baseline ?? null,
    shadow: f.shadow === true,
    last: transitionRecord(f.last),
  };
}
