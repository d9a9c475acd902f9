/** The result of one policy for one resource, as `edict check --format json` writes it (docs/check-json.md). */
import type { Exception } from '../../shared/model/exception.ts';
import type { FactState, FactValue } from '../../shared/model/fact.ts';
import { isObject, pointerSegments } from '../../shared/model/json.ts';
import { type NativeResource, Unresolved } from '../../shared/model/native.ts';
import type { HeldException } from '../../shared/model/resource.ts';
import type { Severity, Verdict } from '../../shared/model/verdict.ts';
import type { PolicyVerdict } from '../../shared/model/verdict.ts';
import type { MappedResource } from '../../shared/mappings/document.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { readsOf } from '../../shared/policy/core.ts';
import type { SourceOf } from '../input/sets.ts';
import type { Place } from '../input/places.ts';

export interface Evidence {
  readonly fact: string;
  /** Null while unknown. */
  readonly value: FactValue | null;
  readonly state: FactState['state'];
  /** JSON Pointer into the document; null where nothing was read. */
  readonly pointer: string | null;
  /** Default: the documentation; assumed: what was never seen; unknown: why. Null for what is known. */
  readonly because: string | null;
  /** What the provider's own property says there, where it is short and no secret. */
  readonly native?: string;
  /** The document of the pointer, where it is not the result's. */
  readonly document?: string;
}

/** An exception, as a report shows it. */
export type ReportedException = HeldException & Pick<Exception, 'reason' | 'ticket'>;

export interface Result {
  readonly resource: string;
  readonly nativeType: string;
  readonly kind: string;
  readonly policy: string;
  readonly verdict: Verdict;
  readonly severity: Severity;
  readonly title: string;
  readonly clauses: readonly { readonly id: string; readonly says: string; readonly verdict: string }[];
  readonly evidence: readonly Evidence[];
  /** Unknown: a smallest set of facts that could decide it. */
  readonly missing: readonly string[];
  /** Error: what went wrong. */
  readonly error: string | null;
  readonly document: string;
  /** The exception by which it may stand; null: there is none. */
  readonly exception: ReportedException | null;
  /** Where the deciding evidence stands; null for what is compliant or does not apply. */
  readonly location: Place | null;
}

/** A resource, judged. */
export interface Judged {
  readonly resource: MappedResource;
  readonly facts: MappedResource['facts'];
  readonly verdicts: readonly PolicyVerdict[];
  /** By policy: the exceptions that hold. @default none */
  readonly excepted?: ReadonlyMap<string, ReportedException>;
  readonly sourceOf: SourceOf;
}

const SECRET = /passw|secret|token|private_?key|connection_?string|credential|sas_?(?:key|url)/i;
const LONGEST_VALUE = 100;

/** The native resource that a state was read from, and its source. */
function nativeOf(resource: MappedResource, state: FactState): NativeResource | undefined {
  const pointer = state.at;
  if (pointer === undefined) return undefined;
  const main = resource.parts[0]?.part;
  const part = state.part ?? main;
  let best: NativeResource | undefined;
  let score = -1;
  for (const [i, native] of resource.natives.entries()) {
    if (!pointer.startsWith(native.pointer)) continue;
    // The part that the state names, and of several the one whose own place is nearest.
    const its = native.pointer.length + (resource.parts[i]?.part === part ? 1_000_000 : 0);
    if (its > score) [best, score] = [native, its];
  }
  return best;
}

/** Whether something sensitive stands at the pointer, above it or below it. */
function isSensitive(native: NativeResource, pointer: string): boolean {
  const marked = native.extra?.['sensitive'];
  if (!Array.isArray(marked)) return false;
  return (marked as readonly unknown[]).some(
    (m) =>
      typeof m === 'string' &&
      (pointer === m ||
        pointer.startsWith(`${m}/`) ||
        // What is read from the resource as a whole is read from what it lacks.
        (pointer !== native.pointer && m.startsWith(`${pointer}/`))),
  );
}

/** What stands at a pointer, in short; undefined where it is long, made of parts, or may be a secret. */
function nativeValue(native: NativeResource, pointer: string): string | undefined {
  const path = pointerSegments(pointer.slice(native.pointer.length));
  if (path.some((segment) => SECRET.test(segment)) || isSensitive(native, pointer)) return undefined;
  let value: unknown = native.body;
  for (const segment of path) {
    if (value instanceof Unresolved) return value.detail;
    if (Array.isArray(value)) value = (value as readonly unknown[])[Number(segment)];
    else if (isObject(value)) {
      // ARM does not keep the case of property names.
      const key = Object.hasOwn(value, segment)
        ? segment
        : Object.keys(value).find((k) => k.toLowerCase() === segment.toLowerCase());
      value = key === undefined ? undefined : value[key];
    } else return undefined;
  }
  if (value instanceof Unresolved) return value.detail;
  if (typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value !== 'string' || value.length > LONGEST_VALUE || /^\s*[[{]/.test(value)) return undefined;
  return JSON.stringify(value);
}

const because = (state: FactState): string | null => {
  if (state.state === 'default' || state.state === 'assumed') return state.because;
  if (state.state === 'unknown') return state.detail === undefined ? state.why : `${state.why}: ${state.detail}`;
  return null;
};

/** What was found out about a resource while its results are written: all policies of its kind read the same facts. */
interface Memo {
  readonly evidence: Map<string, Evidence>;
  readonly places: Map<string, Placed | undefined>;
}
const memos = new WeakMap<Judged, Memo>();
function memoOf(judged: Judged): Memo {
  const memo = memos.get(judged) ?? { evidence: new Map(), places: new Map() };
  memos.set(judged, memo);
  return memo;
}

/** What is known of one fact, and where it was read. */
export function factEvidence(judged: Judged, fact: string): Evidence {
  const { evidence: known } = memoOf(judged);
  const before = known.get(fact);
  if (before !== undefined) return before;
  const found = findEvidence(judged, fact, documentOf(judged));
  known.set(fact, found);
  return found;
}

/** `document` is the label of the resource's own document. */
function findEvidence(judged: Judged, fact: string, document: string): Evidence {
  const state = judged.facts[fact] ?? { state: 'unknown', why: 'not_collected' };
  const native = nativeOf(judged.resource, state);
  const source = native === undefined ? undefined : judged.sourceOf(native);
  const pointer = state.at === undefined || (native === undefined && state.at === '') ? null : state.at;
  const shown =
    state.state !== 'unknown' && state.native !== undefined && !SECRET.test(state.native)
      ? state.native
      : native === undefined || pointer === null
        ? undefined
        : nativeValue(native, pointer);
  const hidden = native !== undefined && pointer !== null && isSensitive(native, pointer);
  // What is true of it is no secret (it is public, it is encrypted), what is listed from it may be (addresses).
  const listed = hidden && (state.state === 'unknown' || Array.isArray(state.value));
  return {
    fact,
    value: state.state === 'unknown' || listed ? null : state.value,
    state: state.state,
    pointer,
    because: listed ? 'sensitive' : because(state),
    ...(shown === undefined || hidden ? {} : { native: shown }),
    ...(source === undefined || source.label === document ? {} : { document: source.label }),
  };
}

const readsByPolicy = new WeakMap<BundledPolicy, ReadonlyMap<string, readonly string[]>>();

/** The facts that each clause of a policy reads. */
function clauseReads(policy: BundledPolicy): ReadonlyMap<string, readonly string[]> {
  let reads = readsByPolicy.get(policy);
  if (reads === undefined) {
    reads = new Map(policy.clauses.map((c) => [c.id, readsOf([c.that])]));
    readsByPolicy.set(policy, reads);
  }
  return reads;
}

/** The label of the document that a resource stands in. */
export const documentOf = (judged: Judged): string => {
  const [main] = judged.resource.natives;
  return main === undefined ? '' : (judged.sourceOf(main)?.label ?? '');
};

/** The evidence of a verdict: every fact that the policy reads, what decided first. */
export function evidence(judged: Judged, policy: BundledPolicy, verdict: PolicyVerdict): readonly Evidence[] {
  const reads = clauseReads(policy);
  const failing = verdict.clauses.flatMap((c) => (c.verdict === 'fails' ? (reads.get(c.id) ?? []) : []));
  const order = new Set([...failing, ...(verdict.missing ?? []), ...policy.reads]);
  return [...order].map((fact) => factEvidence(judged, fact));
}

/** A place, and the label of its document. */
export interface Placed {
  readonly document: string;
  readonly place: Place;
}

/** Where the first piece of evidence that has a place stands, or else the resource. */
export function placeOf(judged: Judged, pieces: readonly Evidence[]): Placed | undefined {
  const { places } = memoOf(judged);
  const placed = (key: string, native: NativeResource | undefined, pointer: string): Placed | undefined => {
    if (places.has(key)) return places.get(key);
    const source = native === undefined ? undefined : judged.sourceOf(native);
    const place = source?.place(pointer);
    const found = source === undefined || place === undefined ? undefined : { document: source.label, place };
    places.set(key, found);
    return found;
  };
  for (const { fact, pointer } of pieces) {
    const state = judged.facts[fact];
    if (pointer === null || state === undefined) continue;
    const found = placed(`fact ${fact}`, nativeOf(judged.resource, state), pointer);
    if (found !== undefined) return found;
  }
  const [main] = judged.resource.natives;
  return main === undefined ? undefined : placed('resource', main, main.pointer);
}

const PLACED: ReadonlySet<Verdict> = new Set(['violation', 'unknown', 'error']);

/** The result of one policy for one resource. */
export function resultOf(judged: Judged, policy: BundledPolicy, verdict: PolicyVerdict): Result {
  const pieces = evidence(judged, policy, verdict);
  const placed = PLACED.has(verdict.verdict) ? placeOf(judged, pieces) : undefined;
  const says = new Map(policy.clauses.map((c) => [c.id, c.says]));
  return {
    resource: judged.resource.id,
    nativeType: judged.resource.nativeType,
    kind: judged.resource.kind.id,
    policy: policy.id,
    verdict: verdict.verdict,
    severity: policy.severity,
    title: policy.title,
    clauses: verdict.clauses.map((c) => ({ id: c.id, says: says.get(c.id) ?? '', verdict: c.verdict })),
    evidence: pieces,
    missing: verdict.missing ?? [],
    error: verdict.error ?? null,
    exception: judged.excepted?.get(policy.id) ?? null,
    document: placed?.document ?? documentOf(judged),
    location: placed?.place ?? null,
  };
}
