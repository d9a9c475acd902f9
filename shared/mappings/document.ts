/** From the native resources of a document set to resources with facts: satellites find their owners, dependencies are followed. */
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import { isObject } from '../model/json.ts';
import type { Body, NativeResource } from '../model/native.ts';
import { hasHole } from './azure/arm-id.ts';
import { assemble, type DependencyParts, mainPart, makeParts, readPart } from './assemble.ts';
import type { Reading } from './reader.ts';
import { type ContextConfig, DEFAULT_CONTEXT, resolveContext } from './context.ts';
import type { Mapping, OwnerRef, Parts, SeenPart } from './mapping.ts';
import { type Candidate, type Registry, registry as defaultRegistry } from './registry.ts';

/** A resource as a document set shows it. */
export interface MappedResource {
  readonly id: string;
  readonly mapping: Mapping;
  readonly kind: Kind;
  readonly nativeType: string;
  readonly name: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  readonly deleted: boolean;
  /** Facts of the kind and context facts. */
  readonly facts: FactStates;
  readonly parts: readonly SeenPart[];
  /** The native resources it was made of, main part first; `natives[i]` belongs to `parts[i]`. */
  readonly natives: readonly NativeResource[];
}

export interface Unsupported {
  readonly nativeType: string;
  readonly count: number;
}

export interface MapOptions {
  readonly context?: ContextConfig;
  readonly registry?: Registry;
}

interface Piece {
  readonly native: NativeResource;
  readonly part: SeenPart;
}

/** One resource under assembly. */
interface Assembly {
  readonly mapping: Mapping;
  readonly id: string;
  /** The newest document of each part instance. */
  readonly pieces: Map<string, Piece>;
}

const MAX_DEPENDENCY_DEPTH = 4;
const NO_TAGS: NativeResource['tags'] = {
  state: 'unknown',
  why: 'not_collected',
  detail: 'its main document was not seen',
};

/** The assemblies of a document set, found by mapping and id or name. */
class Assemblies {
  readonly #byId = new Map<string, Assembly>();
  readonly #byName = new Map<string, Assembly[]>();
  readonly #refs = new Map<string, OwnerRef>();

  all(): Iterable<Assembly> {
    return this.#byId.values();
  }

  get(mapping: Mapping, id: string): Assembly | undefined {
    return this.#byId.get(`${mapping.id} ${id}`);
  }

  open(mapping: Mapping, id: string, name?: string): Assembly {
    const key = `${mapping.id} ${id}`;
    let assembly = this.#byId.get(key);
    if (assembly === undefined) {
      assembly = { mapping, id, pieces: new Map() };
      this.#byId.set(key, assembly);
      if (name !== undefined) {
        const named = `${mapping.id} ${name.toLowerCase()}`;
        const others = this.#byName.get(named);
        if (others === undefined) this.#byName.set(named, [assembly]);
        else others.push(assembly);
      }
    }
    return assembly;
  }

  /** Notes whom a satellite names: others may name their owner by way of it (`bucket = aws_s3_bucket_policy.p.bucket`). */
  note(mapping: Mapping, id: string, ref: OwnerRef): void {
    this.#refs.set(`${mapping.id} ${id}`, ref);
  }

  /** The assemblies that a reference may mean: none if it is not in the set, several if the document does not tell which. */
  find(mapping: Mapping, ref: OwnerRef, from: NativeResource, depth = 0): readonly Assembly[] {
    if ('id' in ref) return oneOrNone(this.get(mapping, ref.id));
    if ('name' in ref) {
      const named = this.#byName.get(`${mapping.id} ${ref.name.toLowerCase()}`) ?? [];
      return named.filter((a) => sharesNames(mainOf(a)?.extra?.within, from.extra?.within));
    }
    const found = new Set<Assembly>();
    for (const id of ref.refs) {
      const assembly = this.get(mapping, id);
      const through = assembly === undefined ? this.#refs.get(`${mapping.id} ${id}`) : undefined;
      if (assembly !== undefined) found.add(assembly);
      else if (through !== undefined && depth < MAX_DEPENDENCY_DEPTH) {
        for (const other of this.find(mapping, through, from, depth + 1)) found.add(other);
      }
    }
    return [...found];
  }
}

/** The document of an assembly's main part. */
const mainOf = ({ mapping, pieces }: Assembly): NativeResource | undefined =>
  pieces.get(`${mainPart(mapping)} `)?.native;

/** Two resources lie within the same names (account, region, group), as far as each of them says. */
function sharesNames(a: Body | undefined, b: Body | undefined): boolean {
  const [one, other] = [isObject(a) ? a : {}, isObject(b) ? b : {}];
  return Object.entries(one).every(([key, value]) => !Object.hasOwn(other, key) || other[key] === value);
}

const oneOrNone = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);

/** A part of which the document does not tell whether it is this resource's: nothing of it is known. */
function uncertain(
  candidate: Candidate,
  native: NativeResource,
  detail = `${native.id} may belong to it, or to another`,
): Piece {
  const { mapping, part: name } = candidate;
  const part = readPart(mapping, name, native);
  const readings: Record<string, Reading> = {};
  for (const [reading, columns] of Object.entries(mapping.parts[name]?.readings ?? {})) {
    if (columns[native.dialect] === undefined) continue;
    readings[reading] = { state: 'unknown', why: 'unresolved', at: native.pointer, part: name, detail };
  }
  return { native, part: { ...part, readings } };
}

/** Adds a part to a resource that may have it, unless the resource surely has another one of it. */
function keepUncertain(assembly: Assembly, piece: Piece): void {
  const key = `${piece.part.part} ${piece.part.instance}`;
  if (!assembly.pieces.has(key)) assembly.pieces.set(key, piece);
}

/** Keeps the newer of two documents of one part (last writer wins by the provider's version). */
function keep(assembly: Assembly, candidate: Candidate, native: NativeResource): void {
  const part = readPart(candidate.mapping, candidate.part, native);
  const key = `${part.part} ${part.instance}`;
  const before = assembly.pieces.get(key);
  if (before !== undefined && before.native.id !== native.id && native.complete && before.native.complete) {
    // Two resources of one plan or template set the same thing: which of them comes last is not told.
    const detail = `${before.native.id} and ${native.id} both set it`;
    assembly.pieces.set(key, uncertain(candidate, native, detail));
  } else if (before === undefined || before.part.orderKey <= part.orderKey) {
    assembly.pieces.set(key, { native, part });
  }
}

/** Where the resource exists, so does the part: nothing decides about it, or what decides about both is the same. */
function existsWith(native: NativeResource, { mapping, pieces }: Assembly): boolean {
  return native.when === undefined || native.when === pieces.get(`${mainPart(mapping)} `)?.native.when;
}

/** The document hides whom a satellite names, or calls it by an id of which a piece is not known, and nobody here has it. */
const mayBeAnybodys = (ref: OwnerRef, owners: readonly Assembly[]): boolean => {
  if ('refs' in ref) return ref.open === true;
  return owners.length === 0 && ('id' in ref ? hasHole(ref.id) : ref.open === true);
};

/** The document gives it no name: nothing that is written can be its name. */
const isNameless = (assembly: Assembly): boolean => mainOf(assembly)?.extra?.nameless === true;

/** Names the owner that a satellite speaks of but that is not in the set. */
function absentOwner(ref: OwnerRef, native: NativeResource): string {
  if ('id' in ref) return ref.id;
  if ('name' in ref) return ref.name;
  return ref.refs[0] ?? native.id;
}

/**
 * Maps the native resources of one document set (a plan, a template, a folder of items of one account).
 * Linear in the number of natives. Every native is part of a resource, a dependency of one, or counted as unsupported.
 */
export function mapDocument(
  natives: readonly NativeResource[],
  options: MapOptions = {},
): { readonly resources: readonly MappedResource[]; readonly unsupported: readonly Unsupported[] } {
  const registry = options.registry ?? defaultRegistry;
  const context = options.context ?? DEFAULT_CONTEXT;
  const assemblies = new Assemblies();
  const unsupported = new Map<string, number>();
  const satellites: {
    readonly native: NativeResource;
    readonly candidates: readonly Candidate[];
    /** It is a resource of its own as well (a member of a cluster). */
    readonly own: boolean;
  }[] = [];

  for (const native of natives) {
    const candidates = registry.candidatesFor(native);
    if (candidates.length === 0) {
      unsupported.set(native.type, (unsupported.get(native.type) ?? 0) + 1);
      continue;
    }
    for (const c of candidates) if (c.main) keep(assemblies.open(c.mapping, native.id, native.name), c, native);
    const others = candidates.filter((c) => !c.main);
    if (others.length > 0) satellites.push({ native, candidates: others, own: others.length < candidates.length });
  }
  const named = satellites.flatMap(({ native, candidates, own }) =>
    candidates.flatMap((candidate) => {
      const ref = candidate.mapping.parts[candidate.part]?.owner?.(native);
      if (ref === undefined) return [];
      assemblies.note(candidate.mapping, native.id, ref);
      return [{ native, candidate, ref, only: candidates.length === 1 && !own }];
    }),
  );
  const unsure: { readonly owners: readonly Assembly[]; readonly piece: Piece }[] = [];
  /** Parts that may belong to any resource of their mapping: one of each sort is enough to say so. */
  const anybodys = new Map<
    string,
    { readonly candidate: Candidate; readonly native: NativeResource; readonly byName: boolean }
  >();
  const mapped = new Set([...assemblies.all()].map((a) => a.mapping));
  const givenNames = new Set([...assemblies.all()].flatMap((a) => (isNameless(a) ? [] : a.mapping)));
  for (const { native, candidate, ref, only } of named) {
    const owners = assemblies.find(candidate.mapping, ref, native);
    const [owner] = owners;
    const byName = 'name' in ref;
    if (mayBeAnybodys(ref, owners) && (byName ? givenNames : mapped).has(candidate.mapping)) {
      anybodys.set(`${candidate.mapping.id} ${candidate.part} ${byName}`, { candidate, native, byName });
    } else if (owners.length > 1 || (owner !== undefined && 'refs' in ref && ref.others === true)) {
      unsure.push({ owners, piece: uncertain(candidate, native) });
    } else if (owner !== undefined && !existsWith(native, owner)) {
      const detail = `whether ${native.id} exists depends on ${native.when}`;
      unsure.push({ owners, piece: uncertain(candidate, native, detail) });
    } else if (owner !== undefined) keep(owner, candidate, native);
    // A type that attaches to many things says nothing about which of them it means if that one is not here, and what
    // is a resource of its own is judged as that.
    else if (only) keep(assemblies.open(candidate.mapping, absentOwner(ref, native)), candidate, native);
  }
  // What surely belongs to a resource was kept above, and wins.
  for (const { owners, piece } of unsure) for (const owner of owners) keepUncertain(owner, piece);
  for (const { candidate, native, byName } of anybodys.values()) {
    const piece = uncertain(candidate, native);
    for (const assembly of assemblies.all()) {
      if (assembly.mapping === candidate.mapping && !(byName && isNameless(assembly))) keepUncertain(assembly, piece);
    }
  }

  const cache = new Map<Assembly, Parts>();
  const partsOf = (assembly: Assembly, depth: number): Parts => {
    const cached = cache.get(assembly);
    if (cached !== undefined) return cached;
    const dependencies: Record<string, DependencyParts> = {};
    const main = mainOf(assembly);
    for (const [name, dependency] of Object.entries(assembly.mapping.dependsOn ?? {})) {
      const ref = main === undefined ? undefined : dependency.on(main);
      const mapping = registry.mapping(dependency.mapping);
      const [found, ...others] =
        main === undefined || ref === undefined || mapping === undefined ? [] : assemblies.find(mapping, ref, main);
      dependencies[name] = {
        named: ref !== undefined,
        // Of several that may be meant none is taken.
        parts:
          found === undefined ||
          others.length > 0 ||
          (ref !== undefined && 'refs' in ref && ref.others === true) ||
          depth >= MAX_DEPENDENCY_DEPTH
            ? undefined
            : partsOf(found, depth + 1),
      };
    }
    const parts = makeParts(
      assembly.mapping,
      [...assembly.pieces.values()].map((p) => p.part),
      dependencies,
    );
    if (depth === 0) cache.set(assembly, parts);
    return parts;
  };

  const resources: MappedResource[] = [];
  for (const assembly of assemblies.all()) {
    const { mapping, id } = assembly;
    if (mapping.kind === null) continue;
    const pieces = [...assembly.pieces.values()];
    const main = assembly.pieces.get(`${mainPart(mapping)} `);
    pieces.sort((a, b) => Number(b === main) - Number(a === main));
    const about = (main ?? pieces[0])?.native;
    if (about === undefined) continue;
    const parts = partsOf(assembly, 0);
    resources.push({
      id,
      mapping,
      kind: mapping.kind,
      nativeType: about.type,
      name: main?.native.name,
      account: about.account,
      region: about.region,
      deleted: main?.part.deleted ?? false,
      facts: {
        ...assemble(mapping, parts),
        ...resolveContext(context, {
          cloud: about.cloud,
          account: about.account,
          region: about.region,
          tags: main?.native.tags ?? NO_TAGS,
        }),
      },
      parts: pieces.map((p) => p.part),
      natives: pieces.map((p) => p.native),
    });
  }
  return {
    resources,
    unsupported: [...unsupported]
      .map(([nativeType, count]) => ({ nativeType, count }))
      .sort((a, b) => (a.nativeType < b.nativeType ? -1 : 1)),
  };
}
