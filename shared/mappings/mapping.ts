/**
 * A mapping says how native documents become the facts of a kind: a table that a cloud engineer can review.
 *
 * A resource is made of *parts*: native documents that arrive together (a plan) or alone (a bucket's policy, a blob
 * container). Each part yields *readings*: small typed values with their provenance, kept in the store in place of the
 * document. Facts are computed from the readings of all parts seen, and of the resources it depends on.
 */
import type { Cloud } from '../model/cloud.ts';
import type { FactState, FactValue } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Dialect, NativeResource } from '../model/native.ts';
import type { Read, Reading } from './reader.ts';

/** Where a table entry is read from, per dialect. A dialect that is not named does not carry it. */
export type Columns<V> = { readonly [D in Dialect]?: Read<V> };

/** How a satellite names the resource it belongs to. Exactly one of the forms is given; `undefined` if the document does not say. */
export type OwnerRef =
  | { readonly id: string } // canonical id of the owner (live documents)
  | {
      /** Addresses or logical ids in the same plan or template. Where several of them are such resources, any of them may be meant. */
      readonly refs: readonly string[];
      /** The document does not show everything that the value may come from (a Terraform local): any owner may be meant. */
      readonly open?: boolean;
      /** It may as well be something that is not in the document (a branch of an undecided condition). */
      readonly others?: boolean;
    }
  | {
      /** The owner's name (literal in a plan or template). */
      readonly name: string;
      /** A piece of it is not known: any owner that is given a name by the document may be meant. */
      readonly open?: boolean;
    };

export interface Part {
  /** The native types of this part, per dialect. */
  readonly native: { readonly [D in Dialect]?: string | readonly string[] };
  /**
   * Which documents of those types are this part, where the type alone does not say (an account whose `kind` serves
   * models). All of them, if not given. A tombstone has no properties to tell by: accept it.
   */
  readonly accepts?: (native: NativeResource) => boolean;
  /** For satellites: whose part it is. The main part has none. */
  readonly owner?: (native: NativeResource) => OwnerRef | undefined;
  /** Several of them may exist for one resource (rules, containers). */
  readonly multiple?: boolean;
  /** Only present in what was read back or swept, never an event of its own. */
  readonly readings: { readonly [reading: string]: Columns<unknown> };
}

/** A resource that this one depends on; its main part's readings take part in the facts. */
export interface Dependency {
  /** The mapping of the other resource (its id), for example `aws/s3-account-block`. */
  readonly mapping: string;
  /** The other's canonical id or reference, from this resource's native document; undefined: it has none. */
  readonly on: (native: NativeResource) => OwnerRef | undefined;
}

/** One part as it was seen: what the store keeps. */
export interface SeenPart {
  readonly part: string;
  /** Distinguishes several instances of one part; '' otherwise. */
  readonly instance: string;
  readonly dialect: Dialect;
  readonly native: string;
  readonly orderKey: string;
  readonly complete: boolean;
  readonly creates: boolean;
  readonly deleted: boolean;
  readonly readings: { readonly [reading: string]: Reading };
}

/** The readings of all parts of a resource and of its dependencies: what facts are computed from. */
export interface Parts {
  /** The reading, from the first part (in the order the mapping declares them) that carries it; undefined if none does. */
  get<V = FactValue>(reading: string): Reading<V> | undefined;
  /** As `get`, but absent counts as unknown `not_collected`. */
  read<V = FactValue>(reading: string): Reading<V>;
  /** All live instances of a part, deleted ones left out. */
  all(part: string): readonly SeenPart[];
  /** The part was seen (a deleted one was: it is known to be gone). */
  seen(part: string): boolean;
  /**
   * Nothing of the document is left out. Where it also creates the resource, a part that was not seen does not exist; of
   * what exists already, parts may be managed elsewhere.
   */
  readonly complete: boolean;
  /** The document creates the resource. */
  readonly creates: boolean;
  readonly dialect: Dialect | undefined;
  /** The parts of a dependency; undefined if it was never seen, or there is none. */
  dependency(name: string): Parts | undefined;
  /** The resource names such a dependency (whether it was seen or not). */
  depends(name: string): boolean;
}

export type FactFrom = (parts: Parts) => FactState;

export interface Mapping {
  /** `<cloud>/<file name>`, for example `aws/s3-bucket`. */
  readonly id: string;
  readonly cloud: Cloud;
  /** Null for a resource that is only a dependency of others. */
  readonly kind: Kind | null;
  readonly title: string;
  /** The main part comes first; its native types are the resource's types. */
  readonly parts: { readonly [part: string]: Part };
  readonly dependsOn?: { readonly [name: string]: Dependency };
  readonly facts: { readonly [fact: string]: FactFrom };
}

/**
 * A fact that is one reading of the main part: the common case.
 * `facts: { public_endpoint: is({'aws.config': at('/configuration/publiclyAccessible').bool(), …}) }`
 */
export interface Is {
  readonly is: Columns<unknown>;
}
export const is = <V extends FactValue>(columns: Columns<V>): Is => ({ is: columns });

/** A fact computed from one reading (whichever part carries it), with what its absence means. */
export const reading =
  (name: string, absent?: FactFrom): FactFrom =>
  (parts) => {
    const got = parts.get<FactValue>(name);
    return got ?? absent?.(parts) ?? { state: 'unknown', why: 'not_collected', detail: `${name} was not seen` };
  };

export interface MappingSource<K extends Kind | null> {
  readonly cloud: Cloud;
  readonly kind: K;
  readonly title: string;
  readonly parts: { readonly [part: string]: Omit<Part, 'readings'> & { readonly readings?: Part['readings'] } };
  readonly dependsOn?: Mapping['dependsOn'];
  readonly facts: K extends Kind
    ? { readonly [F in keyof K['facts']]: Is | FactFrom }
    : { readonly [fact: string]: never };
}

/** Defines a mapping; `is(…)` entries become readings of the main part. Throws where a table names what its kind does not declare. */
export function defineMapping<const K extends Kind | null>(id: string, source: MappingSource<K>): Mapping {
  const names = Object.keys(source.parts);
  const main = names[0];
  if (main === undefined) throw new Error(`mapping ${id} has no parts`);
  const mainReadings: Record<string, Columns<unknown>> = { ...source.parts[main]?.readings };
  const facts: Record<string, FactFrom> = {};
  for (const [fact, entry] of Object.entries(source.facts as Record<string, Is | FactFrom>)) {
    if (source.kind === null || !Object.hasOwn(source.kind.facts, fact))
      throw new Error(`mapping ${id}: no fact ${fact}`);
    if (typeof entry === 'function') facts[fact] = entry;
    else {
      if (Object.hasOwn(mainReadings, fact)) throw new Error(`mapping ${id}: reading ${fact} is declared twice`);
      mainReadings[fact] = entry.is;
      facts[fact] = reading(fact);
    }
  }
  const parts: Record<string, Part> = {};
  for (const name of names) {
    const p = source.parts[name];
    if (p !== undefined) parts[name] = { ...p, readings: name === main ? mainReadings : (p.readings ?? {}) };
  }
  return {
    id,
    cloud: source.cloud,
    kind: source.kind,
    title: source.title,
    parts,
    ...(source.dependsOn === undefined ? {} : { dependsOn: source.dependsOn }),
    facts,
  };
}
