/**
 * How a resource lies in the table: one hot item with what is asked for and decided on, and details (evidence, large
 * parts) in items of their own that are written only when they change. The names are words, because people query them.
 */
import { contentHash } from '../../model/change.ts';
import type { Cloud } from '../../model/cloud.ts';
import type { FactStates, FactValue } from '../../model/fact.ts';
import type { Dialect } from '../../model/native.ts';
import {
  type About,
  type JudgedBy,
  type Pending,
  type ResourceCommit,
  type ResourceState,
  segmentOf,
  type StandingVerdict,
  type StoredPart,
} from '../../model/resource.ts';
import type { Verdict } from '../../model/verdict.ts';
import { indexed, pack, packText, unpack } from './packing.ts';

/** The sort key of the hot item. */
export const STATE = 'state';
/** Readings larger than this, packed, are a detail of their own. */
const LARGE_PART = 2048;
/** Parts that are together larger than this, packed, are one detail: a store with a thousand containers. */
const LARGE_PARTS = 12_288;

type Storage = NonNullable<ResourceState['storage']>;
type Item = { readonly [attribute: string]: unknown };

/** A detail to be written. */
export interface Detail {
  readonly what: string;
  readonly revision: number;
  readonly hash: string;
  readonly content: unknown;
}

/**
 * The sort key of a detail. With the revision that first needed it: two writers never overwrite each other's, and one
 * that a stored state refers to is never removed by another's tidying.
 */
export const detailKey = (detail: { readonly revision: number; readonly hash: string }): string =>
  `detail#${String(detail.revision).padStart(12, '0')}#${detail.hash}`;

interface PartEntry {
  readonly part: string;
  readonly instance: string;
  readonly dialect: Dialect;
  readonly native: string;
  readonly order_key: string;
  readonly changed_at: string;
  readonly derived_at?: string;
  readonly hash: string;
  readonly complete: boolean;
  readonly creates: boolean;
  readonly deleted: boolean;
  /** Packed. */
  readonly about: Packed;
  /** Packed. Absent: a detail of its own. */
  readonly readings?: Packed;
}
type Packed = string | Uint8Array;
/** What an entry takes besides what is packed. */
const ENTRY_SIZE = 300;

interface VerdictEntry {
  readonly verdict: Verdict;
  readonly true_at: string;
  readonly known_at: string;
  readonly fingerprint: string;
  readonly flips_at?: number;
  readonly decided?: string;
  readonly exception?: { readonly id: string; readonly until: number };
  readonly shadow?: true;
}

/** The hot item's attributes, without its keys and what the projection alone writes, and the details that are not stored yet. */
export function encode({ state, evidence }: ResourceCommit): {
  readonly attributes: Item;
  readonly storage: Storage;
  readonly details: readonly Detail[];
} {
  const details: Detail[] = [];
  const storage: Record<string, { hash: string; revision: number }> = {};
  /** Refers to a detail: the stored one if it says the same. */
  const detail = (what: string, hash: string, content: unknown): void => {
    const stored = state.storage?.[what];
    if (stored?.hash === hash) storage[what] = stored;
    else {
      storage[what] = { hash, revision: state.revision };
      details.push({ what, hash, revision: state.revision, content });
    }
  };

  if (Object.keys(evidence).length > 0) detail('evidence', state.evidence, evidence);
  const parts: Record<string, PartEntry> = {};
  let size = 0;
  for (const [key, p] of Object.entries(state.parts)) {
    const { readings, ...entry } = entryOf(p, pack);
    const large = readings.length > LARGE_PART;
    if (large) detail(`part:${key}`, p.hash, p.readings);
    parts[key] = large ? entry : { ...entry, readings };
    size += ENTRY_SIZE + entry.about.length + (large ? 0 : readings.length);
  }
  const together = size > LARGE_PARTS;
  if (together) {
    const plain = Object.entries(state.parts).map(([key, p]): [string, PartEntry] => {
      const { readings, ...entry } = entryOf(p, JSON.stringify); // packed as a whole
      return [key, parts[key]?.readings === undefined ? entry : { ...entry, readings }];
    });
    detail('parts', contentHash(plain), Object.fromEntries(plain));
  }

  const { judgedBy } = state;
  const attributes: Item = {
    mapping: state.mapping,
    cloud: state.cloud,
    // An attribute of an index may be missing but not null.
    kind: state.kind ?? undefined,
    native_type: state.nativeType,
    account: indexed(state.account),
    region: state.region,
    name: state.name,
    environment: state.environment,
    owner: state.owner,
    revision: state.revision,
    parts: together ? undefined : parts,
    born_after: state.bornAfter,
    deleted: state.deleted,
    facts: state.facts,
    verdicts: Object.fromEntries(
      Object.entries(state.verdicts).map(([policy, v]): [string, VerdictEntry] => [
        policy,
        {
          verdict: v.verdict,
          true_at: v.since.trueAt,
          known_at: v.since.knownAt,
          fingerprint: v.fingerprint,
          ...(v.flipsAt === undefined ? {} : { flips_at: v.flipsAt }),
          ...(v.decided === undefined ? {} : { decided: v.decided }),
          ...(v.exception === undefined ? {} : { exception: v.exception }),
          ...(v.shadow === undefined ? {} : { shadow: v.shadow }),
        },
      ]),
    ),
    judged_by: {
      activation: judgedBy.activation,
      bundle_sequence: judgedBy.bundleSequence,
      context_sequence: judgedBy.contextSequence,
      bundle: judgedBy.bundle,
    },
    // What is gone is not judged again: no attribute, no entry in the index.
    activation: state.deleted ? undefined : judgedBy.activation,
    segment: segmentName(segmentOf(state.id)),
    next_flip_at: state.nextFlipAt,
    depends_on: state.dependsOn,
    evidence: state.evidence,
    details: Object.keys(storage).length === 0 ? undefined : storage,
    // In a list, and as text, whatever it is made of: the stream shows it.
    pending: state.pending.length === 0 ? undefined : [packText(state.pending)],
    pending_since: state.pendingSince,
    expires_at: state.expiresAt,
    baseline: state.baseline,
  };
  return { attributes, storage, details };
}

const entryOf = <P extends Packed>(p: StoredPart, write: (value: unknown) => P) => ({
  part: p.part,
  instance: p.instance,
  dialect: p.dialect,
  native: p.native,
  order_key: p.orderKey,
  changed_at: p.changedAt,
  ...(p.derivedAt === undefined ? {} : { derived_at: p.derivedAt }),
  hash: p.hash,
  complete: p.complete,
  creates: p.creates,
  deleted: p.deleted,
  about: write(p.about),
  readings: write(p.readings),
});

/** The partition of the hot table's indexes. */
export const segmentName = (segment: number): string => String(segment).padStart(2, '0');

/** Which details have to be read before the state is complete. */
export function neededDetails(item: Item): readonly { readonly what: string; readonly key: string }[] {
  return Object.entries((item['details'] ?? {}) as Storage)
    .filter(([what]) => what !== 'evidence')
    .map(([what, stored]) => ({ what, key: detailKey(stored) }));
}

/** The state as the item and its details (by what they are) say. */
export function decode(item: Item, details: ReadonlyMap<string, unknown>): ResourceState {
  const entries = (item['parts'] ?? details.get('parts') ?? {}) as { readonly [key: string]: PartEntry };
  const storage = item['details'] as Storage | undefined;
  return {
    ...decodeHead(item),
    parts: Object.fromEntries(
      Object.entries(entries).map(([key, p]): [string, StoredPart] => [
        key,
        {
          part: p.part,
          instance: p.instance,
          dialect: p.dialect,
          native: p.native,
          orderKey: p.order_key,
          complete: p.complete,
          creates: p.creates,
          deleted: p.deleted,
          readings: (p.readings === undefined
            ? details.get(`part:${key}`)
            : unpack(p.readings)) as StoredPart['readings'],
          changedAt: p.changed_at,
          ...(p.derived_at === undefined ? {} : { derivedAt: p.derived_at }),
          hash: p.hash,
          about: unpack(p.about) as About,
        },
      ]),
    ),
    ...(storage === undefined ? {} : { storage }),
  };
}

/** Everything of the state that is in the hot item whatever its size: what the stream's consumers get. */
export function decodeHead(item: Item): Omit<ResourceState, 'parts' | 'storage'> {
  const text = (name: string): string => (typeof item[name] === 'string' ? item[name] : '');
  const optionalText = <K extends string>(key: K, name: string): { [P in K]?: string } =>
    (typeof item[name] === 'string' ? { [key]: item[name] } : {}) as { [P in K]?: string };
  const optionalNumber = <K extends string>(key: K, name: string): { [P in K]?: number } =>
    (typeof item[name] === 'number' ? { [key]: item[name] } : {}) as { [P in K]?: number };
  const by = (item['judged_by'] ?? {}) as { readonly [name: string]: unknown };
  const judgedBy: JudgedBy = {
    activation: Number(by['activation'] ?? 0),
    bundleSequence: Number(by['bundle_sequence'] ?? 0),
    contextSequence: Number(by['context_sequence'] ?? 0),
    bundle: typeof by['bundle'] === 'string' ? by['bundle'] : '',
  };
  return {
    id: text('resource'),
    mapping: text('mapping'),
    cloud: text('cloud') as Cloud,
    kind: typeof item['kind'] === 'string' ? item['kind'] : null,
    nativeType: text('native_type'),
    ...optionalText('account', 'account'),
    ...optionalText('region', 'region'),
    ...optionalText('name', 'name'),
    ...optionalText('environment', 'environment'),
    ...optionalText('owner', 'owner'),
    revision: Number(item['revision']),
    ...optionalText('bornAfter', 'born_after'),
    deleted: item['deleted'] === true,
    facts: (item['facts'] ?? {}) as { readonly [fact: string]: FactValue },
    verdicts: Object.fromEntries(
      Object.entries((item['verdicts'] ?? {}) as { readonly [policy: string]: VerdictEntry }).map(
        ([policy, v]): [string, StandingVerdict] => [
          policy,
          {
            verdict: v.verdict,
            since: { trueAt: v.true_at, knownAt: v.known_at },
            fingerprint: v.fingerprint,
            ...(v.flips_at === undefined ? {} : { flipsAt: v.flips_at }),
            ...(v.decided === undefined ? {} : { decided: v.decided }),
            ...(v.exception === undefined ? {} : { exception: v.exception }),
            ...(v.shadow === true ? { shadow: true } : {}),
          },
        ],
      ),
    ),
    judgedBy,
    ...optionalNumber('nextFlipAt', 'next_flip_at'),
    dependsOn: (item['depends_on'] ?? []) as readonly string[],
    evidence: text('evidence'),
    pending: ((item['pending'] ?? []) as readonly string[]).flatMap((p) => unpack(p) as readonly Pending[]),
    ...optionalNumber('pendingSince', 'pending_since'),
    projectedRevision: Number(item['projected_revision'] ?? 0),
    ...optionalNumber('expiresAt', 'expires_at'),
    ...optionalText('baseline', 'baseline'),
  };
}

/** A detail as an item's attributes. */
export const encodeDetail = (detail: Detail): Item => ({
  what: detail.what,
  hash: detail.hash,
  content: pack(detail.content),
});

export const decodeDetail = (item: Item): unknown => unpack(item['content']);

export const decodeEvidence = (item: Item): FactStates => unpack(item['content']) as FactStates;
