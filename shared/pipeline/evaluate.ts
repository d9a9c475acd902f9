import { assemble, type DependencyParts, mainPart, makeParts, partKey } from '../mappings/assemble.ts';
import { type ContextConfig, DEFAULT_CONTEXT, resolveContext } from '../mappings/context.ts';
import type { Mapping, Parts, SeenPart } from '../mappings/mapping.ts';
import type { Registry } from '../mappings/registry.ts';
import { contentHash, instant, type Rejudge } from '../model/change.ts';
import { AppError } from '../model/errors.ts';
import type { Exception } from '../model/exception.ts';
import type { FactStates, FactValue } from '../model/fact.ts';
import { canonicalJson } from '../model/json.ts';
import {
  type About,
  type Cause,
  type FanOut,
  firstRevision,
  type JudgedBy,
  MAX_PENDING,
  type Pending,
  type ResourceState,
  type StandingVerdict,
  type StoredPart,
  TOMBSTONE_DAYS,
  type Transition,
} from '../model/resource.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExceptionStore } from '../ports/exception-store.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import type { Active, ActiveSource } from './active.ts';
import { contradicts, forget, type Merged, merge } from './merge.ts';
import type { Judged, Outcome, PartUpdate, Repair, Work } from './stages.ts';
import { advance, type Judgement } from './transitions.ts';

/** A place holder outlives the batch that was about to commit. */
const PLACE_HOLDER_SECONDS = 86_400;
/** How far dependencies are followed: an endpoint, its configuration, its model. */
const MAX_DEPTH = 4;

export interface EvaluateDeps {
  readonly resources: ResourceStore;
  readonly exceptions: Pick<ExceptionStore, 'concerning'>;
  readonly active: ActiveSource;
  readonly registry: Registry;
  readonly clock: Clock;
}

/**
 * Judges one resource: reads what is stored, merges the documents in the order in which the world changed, and judges
 * after each, so that an exposure that began and ended inside one batch is a finding too. Writes nothing but edges.
 *
 * The result is for the revision that was read: if someone commits in between, `record` says so and it is judged again.
 */
export function makeEvaluate(deps: EvaluateDeps): (work: Work) => Promise<Judged> {
  return async (work) => {
    const active = await deps.active.current();
    const base = await deps.resources.read(work.resourceId);
    // After the item, as dependencies are: an exception that changes later makes our commit fail.
    const exceptions = await deps.exceptions.concerning(work.resourceId);
    return new Evaluation(deps, active, work, base, exceptions).run();
  };
}

/** One judgement of one resource against one stored revision. */
class Evaluation {
  readonly #deps: EvaluateDeps;
  readonly #active: Active | undefined;
  readonly #work: Work;
  readonly #base: ResourceState | undefined;
  readonly #exceptions: readonly Exception[];
  readonly #nowMs: number;
  readonly #knownAt: string;
  readonly #shadow: ReadonlySet<string>;
  /** States of the dependencies, read after their edge was written. */
  readonly #dependencies = new Map<string, ResourceState | undefined>();

  constructor(
    deps: EvaluateDeps,
    active: Active | undefined,
    work: Work,
    base: ResourceState | undefined,
    exceptions: readonly Exception[],
  ) {
    this.#deps = deps;
    this.#active = active;
    this.#work = work;
    this.#base = base;
    this.#exceptions = exceptions;
    this.#nowMs = deps.clock.now();
    this.#knownAt = instant(this.#nowMs);
    this.#shadow = new Set(active?.activation.shadow ?? []);
  }

  async run(): Promise<Judged> {
    const base = this.#base;
    const mapping = this.#mapping();
    const told = this.#work.rejudge.some((r) => r.cause === 'dependency' || r.cause === 'exception');
    // What is not there (yet) cannot be judged, but whoever is about to commit it must not do so from the old dependency.
    if (told && this.#work.updates.length === 0 && (base === undefined || base.deleted)) return this.#bump(base);
    if (mapping === undefined) return this.#nothing(this.#work.updates.map(unsupported));

    const before: Merged = {
      parts: base?.parts ?? {},
      ...(base?.bornAfter === undefined ? {} : { bornAfter: base.bornAfter }),
    };
    const { versions, outcomes, repairs, readAgain } = this.#versions(mapping, before);
    const last = versions.at(-1)?.merged ?? before;
    if (base === undefined && versions.length === 0) return this.#nothing(outcomes, readAgain);

    await this.#readDependencies(mapping, [before, ...versions.map((v) => v.merged)]);

    let standing: Readonly<Record<string, StandingVerdict>> = base?.verdicts ?? {};
    let facts: { readonly [fact: string]: FactValue } = base?.facts ?? {};
    const transitions: Omit<Transition, 'revision' | 'n'>[] = [];
    let judgement: Judgement | undefined;

    const look = (merged: Merged, cause: Cause, trueAt: string, baseline?: string) => {
      const next = this.#judge(mapping, merged);
      const moved = advance({
        excepted: {
          resource: this.#work.resourceId,
          exceptions: this.#exceptions,
          nowSeconds: Math.floor(this.#nowMs / 1000),
        },
        standing,
        factsBefore: facts,
        judgement: next,
        cause,
        trueAt,
        knownAt: this.#knownAt,
        deleted: isDeleted(mapping, merged.parts),
        shadow: this.#shadow,
        ...(baseline === undefined ? {} : { baseline }),
      });
      return { next, moved };
    };
    const step = (...of: Parameters<typeof look>): void => {
      const { next, moved } = look(...of);
      transitions.push(...moved.transitions);
      standing = moved.standing;
      facts = valuesOf(next.facts);
      judgement = next;
    };

    // First what changed without a document: so that each transition has its own cause.
    const again = base === undefined ? undefined : this.#changedWithout(mapping, before, base);
    if (again !== undefined) step(before, again.cause, again.trueAt, this.#baselineOf(again.baseline));
    else if (base !== undefined && this.#concernsExceptions(base)) {
      const clock = [before, { is: 'clock' }, this.#knownAt] as const;
      if (look(...clock).moved.transitions.length > 0) step(...clock);
    }
    for (const { merged, update } of versions)
      step(
        merged,
        causeOf(update),
        latestChange(merged.parts, update.part.changedAt),
        this.#baselineOf(update.baseline),
      );

    const reactivated = base !== undefined && !base.deleted && base.judgedBy.activation !== this.#judgedBy().activation;
    // A duplicate, or a wish to judge again that changes nothing.
    if (judgement === undefined && !told && !reactivated) return this.#nothing(outcomes, readAgain);

    // A dependent is written even if nothing changed: a commit that was made from the old dependency must fail.
    judgement ??= this.#judge(mapping, last);
    const state = this.#state(mapping, last, judgement, standing, transitions, versions.at(-1)?.update);
    const after = base?.revision ?? 0;
    return { work: this.#work, commit: { state, evidence: judgement.facts, after }, outcomes, repairs, readAgain };
  }

  /** The mapping of the resource: its main document's where one was seen. Undefined: this build does not know it (any more). */
  #mapping(): Mapping | undefined {
    const stored = this.#base?.mapping === '' ? undefined : this.#base?.mapping;
    const named = this.#work.updates.find((u) => u.main)?.mapping ?? stored ?? this.#work.updates[0]?.mapping;
    return named === undefined ? undefined : this.#deps.registry.mapping(named);
  }

  /** The versions that the documents of the batch make, in the order in which the world changed. */
  #versions(mapping: Mapping, before: Merged) {
    const outcomes: Outcome[] = [];
    const repairs: Repair[] = [];
    const versions: { readonly merged: Merged; readonly update: PartUpdate }[] = [];
    let merged = before;
    let readAgain = false;
    for (const update of [...this.#work.updates].sort(inOrder)) {
      if (update.mapping !== mapping.id) {
        outcomes.push(unsupported(update));
        continue;
      }
      const merging = merge(merged, update);
      readAgain ||= merging.readAgain;
      if (merging.result === 'applied') repairs.push(...repairOf(update, merged.parts[partKey(update.part)]));
      outcomes.push(
        update.foreign === true
          ? unsupported(update)
          : { changeId: update.changeId, outcome: merging.result === 'applied' ? 'judged' : 'stale' },
      );
      // A late deletion that only ends a former life changes the state too.
      if (merging.merged !== merged) {
        // What one read found is one version: between its documents the world was never half of them.
        const last = versions.at(-1);
        const together = last !== undefined && isSameRead(last.update, update);
        if (together) versions.pop();
        versions.push({ merged: merging.merged, update: together && last.update.main ? last.update : update });
      }
      merged = merging.merged;
    }
    return { versions, outcomes, repairs, readAgain };
  }

  /**
   * Reads every resource that takes part in the facts. The edge is written *before* the dependency is read:
   *
   *     we:          edge ──── read dependency (old) ─────────────── commit: fails, redone
   *     dependency:              ──── commit (new) ── read edges ── judge us again: commit
   *
   * Were it written after, a dependency that commits in between would find no edge, and its old state would stay in
   * our verdict. Edges that the stored state lists were written before it was committed.
   */
  async #readDependencies(mapping: Mapping, versions: readonly Merged[]): Promise<void> {
    const known = new Set(this.#base?.dependsOn ?? []);
    let wanted = new Set(versions.flatMap((v) => dependenciesOf(mapping, v.parts)));
    for (let depth = 0; depth < MAX_DEPTH && wanted.size > 0; depth++) {
      const ids = [...wanted].filter((id) => id !== this.#work.resourceId && !this.#dependencies.has(id));
      const unnoted = ids.filter((id) => !known.has(id));
      if (unnoted.length > 0) await this.#deps.resources.addDependent(this.#work.resourceId, unnoted);
      wanted = new Set();
      const states = await Promise.all(ids.map((id) => this.#deps.resources.read(id)));
      for (const [i, id] of ids.entries()) {
        const state = states[i];
        this.#dependencies.set(id, state);
        const theirs = state === undefined ? undefined : this.#deps.registry.mapping(state.mapping);
        if (state !== undefined && theirs !== undefined)
          for (const next of dependenciesOf(theirs, state.parts)) wanted.add(next);
      }
    }
  }

  #parts(mapping: Mapping, parts: Merged['parts'], depth = 0): Parts {
    const about = parts[mainPart(mapping)]?.about;
    const dependencies: Record<string, DependencyParts> = {};
    for (const [name, dependency] of Object.entries(mapping.dependsOn ?? {})) {
      const id = about?.dependsOn?.[name];
      const state = id === undefined || id === null ? undefined : this.#dependencies.get(id);
      const theirs = this.#deps.registry.mapping(dependency.mapping);
      dependencies[name] = {
        named: id !== undefined,
        // What only satellites speak of was not seen itself.
        parts:
          state === undefined ||
          theirs === undefined ||
          state.mapping !== theirs.id ||
          state.parts[mainPart(theirs)] === undefined ||
          depth >= MAX_DEPTH
            ? undefined
            : this.#parts(theirs, state.parts, depth + 1),
      };
    }
    return makeParts(mapping, Object.values(parts).map(seen), dependencies);
  }

  #facts(mapping: Mapping, parts: Merged['parts']): FactStates {
    if (mapping.kind === null || !isThere(this.#deps.registry, mapping, parts)) return {};
    const about = aboutOf(mapping, parts);
    return {
      ...assemble(mapping, this.#parts(mapping, parts)),
      ...resolveContext(this.#context(), {
        cloud: mapping.cloud,
        account: about?.account,
        region: about?.region,
        tags: parts[mainPart(mapping)]?.about.tags ?? {
          state: 'unknown',
          why: 'not_collected',
          detail: 'its main document was not seen',
        },
      }),
    };
  }

  #judge(mapping: Mapping, merged: Merged): Judgement {
    const engine = this.#active?.engine;
    const facts = this.#facts(mapping, merged.parts);
    const policies = new Map((engine?.policiesOf(mapping.kind?.id ?? '') ?? []).map((p) => [p.id, p]));
    if (engine === undefined || mapping.kind === null || !isThere(this.#deps.registry, mapping, merged.parts))
      return { verdicts: [], facts, policies };
    return { verdicts: engine.judge(mapping.kind.id, facts, Math.floor(this.#nowMs / 1000)), facts, policies };
  }

  #context(): ContextConfig {
    return this.#active?.context ?? DEFAULT_CONTEXT;
  }

  #judgedBy(): JudgedBy {
    const a = this.#active?.activation;
    return a === undefined
      ? { activation: 0, bundleSequence: 0, contextSequence: 0, bundle: '' }
      : {
          activation: a.sequence,
          bundleSequence: a.bundleSequence,
          contextSequence: a.contextSequence,
          bundle: a.bundle,
        };
  }

  /** Why the stored documents may be judged differently now than when they were stored; undefined: they are not. */
  #changedWithout(
    mapping: Mapping,
    stored: Merged,
    base: ResourceState,
  ): { readonly cause: Cause; readonly trueAt: string; readonly baseline?: string } | undefined {
    if (base.deleted || mapping.kind === null) return undefined;
    const now = this.#judgedBy();
    if (base.judgedBy.bundleSequence !== now.bundleSequence)
      return { cause: { is: 'bundle', sequence: now.bundleSequence }, trueAt: this.#activatedAt() };
    if (base.judgedBy.activation !== now.activation)
      return { cause: { is: 'context', sequence: now.contextSequence }, trueAt: this.#activatedAt() };
    if (base.nextFlipAt !== undefined && base.nextFlipAt * 1000 <= this.#nowMs)
      return { cause: { is: 'clock' }, trueAt: instant(base.nextFlipAt * 1000) };
    // The states and not only the values: what was assumed and is now known is the same value with another weight.
    if (contentHash(this.#facts(mapping, stored.parts)) === base.evidence) return undefined;
    const told = this.#work.rejudge.find((r) => r.dependency !== undefined)?.dependency;
    return {
      cause: dependencyCause(told, base),
      trueAt: told?.trueAt ?? this.#knownAt,
      ...optional('baseline', told?.baseline),
    };
  }

  /** An exception holds for it, or may. */
  #concernsExceptions(base: ResourceState): boolean {
    return (
      !base.deleted &&
      (this.#exceptions.length > 0 || Object.values(base.verdicts).some((v) => v.exception !== undefined))
    );
  }

  /** The first sweep that this is part of: it saw the resource first, and is the one that goes on to find something. */
  #baselineOf(sweep: string | undefined): string | undefined {
    return isFirstSight(this.#base) || this.#base?.baseline === sweep ? sweep : undefined;
  }

  #activatedAt(): string {
    return this.#active?.activation.activatedAt ?? this.#knownAt;
  }

  /**
   * A commit that changes nothing but the revision: of a tombstone, or of a place holder where nothing is stored. It
   * makes the commit fail of an evaluator that read the dependency before it changed.
   */
  #bump(base: ResourceState | undefined): Judged {
    const nowSeconds = Math.floor(this.#nowMs / 1000);
    const state: ResourceState =
      base === undefined
        ? {
            id: this.#work.resourceId,
            mapping: '',
            cloud: 'aws',
            kind: null,
            nativeType: '',
            revision: this.#nextRevision(),
            parts: {},
            deleted: true,
            facts: {},
            verdicts: {},
            judgedBy: { activation: 0, bundleSequence: 0, contextSequence: 0, bundle: '' },
            dependsOn: [],
            evidence: contentHash({}),
            pending: [],
            projectedRevision: 0,
            expiresAt: nowSeconds + PLACE_HOLDER_SECONDS,
          }
        : { ...base, revision: this.#nextRevision() };
    const after = base?.revision ?? 0;
    return { work: this.#work, commit: { state, evidence: {}, after }, outcomes: [], repairs: [], readAgain: false };
  }

  #nextRevision(): number {
    return this.#base === undefined ? firstRevision(this.#nowMs) : this.#base.revision + 1;
  }

  #nothing(outcomes: readonly Outcome[], readAgain = false): Judged {
    return { work: this.#work, commit: undefined, outcomes, repairs: [], readAgain };
  }

  #state(
    mapping: Mapping,
    merged: Merged,
    judgement: Judgement,
    standing: Readonly<Record<string, StandingVerdict>>,
    transitions: readonly Omit<Transition, 'revision' | 'n'>[],
    update: PartUpdate | undefined,
  ): ResourceState {
    const base = this.#base;
    const parts = forget(merged.parts, mainPart(mapping), this.#nowMs);
    const about = aboutOf(mapping, parts);
    const facts = valuesOf(judgement.facts);
    const deleted = isDeleted(mapping, parts);
    const revision = this.#nextRevision();
    const flips = Object.values(standing).flatMap((v) => [v.flipsAt ?? [], v.exception?.until ?? []].flat());
    const told = base?.projectedRevision ?? 0;
    const waiting = (base?.pending ?? []).filter((p) => p.revision > told);
    if (waiting.length > MAX_PENDING)
      throw new AppError('STORE_UNAVAILABLE', 'the projection is too far behind: this resource waits for it', {
        details: { resourceId: this.#work.resourceId, pending: waiting.length },
      });
    // A tag without a value names nobody.
    const word = (fact: string): string | undefined =>
      typeof facts[fact] === 'string' && facts[fact] !== '' ? facts[fact] : undefined;
    const head = {
      nativeType: about?.nativeType ?? '',
      ...optional('account', about?.account),
      ...optional('region', about?.region),
      ...optional('name', about?.name),
      ...optional('environment', word('environment')),
      ...optional('owner', word('owner')),
    };
    const asItWas = isFirstSight(base) || base === undefined ? head : spokenOf(base);
    const { activation } = this.#judgedBy();
    const judgedUnder = activation === 0 ? {} : { activation };
    const pending: Pending[] = [
      ...waiting,
      ...transitions.map(
        (t, n): Transition => ({ ...t, revision, n, of: t.to === null ? asItWas : head, ...judgedUnder }),
      ),
      ...this.#fanOut(mapping, merged, revision, update),
    ];
    const oldest = waiting.length > 0 ? (base?.pendingSince ?? this.#nowMs) : this.#nowMs;
    return {
      id: this.#work.resourceId,
      mapping: mapping.id,
      cloud: mapping.cloud,
      kind: mapping.kind?.id ?? null,
      ...head,
      revision,
      parts,
      ...optional('bornAfter', merged.bornAfter),
      deleted,
      facts,
      verdicts: standing,
      judgedBy: this.#judgedBy(),
      ...(flips.length === 0 ? {} : { nextFlipAt: Math.min(...flips) }),
      dependsOn: this.#dependsOn(mapping, parts),
      evidence: contentHash(judgement.facts),
      pending,
      ...(pending.length === 0 ? {} : { pendingSince: oldest }),
      projectedRevision: told,
      ...(deleted ? { expiresAt: this.#expiresAt(update) } : {}),
      ...optional('baseline', isFirstSight(base) ? this.#work.updates[0]?.baseline : base?.baseline),
      ...(base?.storage === undefined ? {} : { storage: base.storage }),
    };
  }

  /** The end of a tombstone, counted from the last document that came to it. */
  #expiresAt(update: PartUpdate | undefined): number {
    const fresh = Math.floor(this.#nowMs / 1000) + TOMBSTONE_DAYS * 86_400;
    return update === undefined ? (this.#base?.expiresAt ?? fresh) : fresh;
  }

  /** Every resource whose state takes part in the facts, sorted. */
  #dependsOn(mapping: Mapping, parts: Merged['parts']): readonly string[] {
    const all = new Set<string>();
    const visit = (of: Mapping, theirs: Merged['parts'], depth: number): void => {
      if (depth > MAX_DEPTH) return;
      for (const id of dependenciesOf(of, theirs)) {
        if (id === this.#work.resourceId || all.has(id)) continue;
        all.add(id);
        const state = this.#dependencies.get(id);
        const next = state === undefined ? undefined : this.#deps.registry.mapping(state.mapping);
        if (state !== undefined && next !== undefined) visit(next, state.parts, depth + 1);
      }
    };
    visit(mapping, parts, 0);
    return [...all].sort();
  }

  /** Tells the dependents, if others may depend on it and what it says has changed. */
  #fanOut(mapping: Mapping, merged: Merged, revision: number, update: PartUpdate | undefined): readonly FanOut[] {
    if (update === undefined || !isDependency(this.#deps.registry, mapping)) return [];
    if (sayingsOf(merged) === sayingsOf({ parts: this.#base?.parts ?? {} })) return [];
    return [
      {
        is: 'fan_out',
        revision,
        changeId: update.changeId,
        trueAt: latestChange(merged.parts, update.part.changedAt),
        ...optional('actor', update.actor),
        ...optional('baseline', update.baseline),
      },
    ];
  }
}

/** Whether resources of this mapping take part in the facts of others. */
function isDependency(registry: Registry, mapping: Mapping): boolean {
  return registry.mappings.some((m) => Object.values(m.dependsOn ?? {}).some((d) => d.mapping === mapping.id));
}

const sayingsOf = (merged: Merged): string =>
  canonicalJson(
    Object.entries(merged.parts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, p]) => [k, p.deleted, p.readings, p.about.dependsOn ?? null]),
  );

const optional = <K extends string>(key: K, value: string | undefined): { [P in K]?: string } =>
  (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };

/** What is said of a resource besides what it is. */
const spokenOf = ({ nativeType, ...r }: ResourceState): NonNullable<Transition['of']> => ({
  nativeType,
  ...optional('account', r.account),
  ...optional('region', r.region),
  ...optional('name', r.name),
  ...optional('environment', r.environment),
  ...optional('owner', r.owner),
});

/** Nothing was ever known of the resource: no item, or only a place holder. */
const isFirstSight = (base: ResourceState | undefined): boolean => base === undefined || base.mapping === '';

const unsupported = (update: PartUpdate): Outcome => ({
  changeId: update.changeId,
  outcome: 'unsupported',
  nativeTypes: [update.part.native],
});

/**
 * Whether there is such a resource to judge: its main document was seen and is no tombstone, or a satellite of it that can
 * be nothing else. What is a resource of its own, or attaches to many things, does not make its owner (as in a plan).
 */
function isThere(registry: Registry, mapping: Mapping, parts: Merged['parts']): boolean {
  const main = parts[mainPart(mapping)];
  if (main !== undefined) return !main.deleted;
  return Object.values(parts).some((p) => registry.candidates(p.dialect, p.native).length === 1);
}

const isDeleted = (mapping: Mapping, parts: Merged['parts']): boolean => parts[mainPart(mapping)]?.deleted === true;

/** What is known about the resource: by its main document, or where that was not seen by the first satellite. */
function aboutOf(mapping: Mapping, parts: Merged['parts']): About | undefined {
  const main = parts[mainPart(mapping)];
  if (main !== undefined) return main.about;
  const [first] = Object.keys(parts).sort();
  return first === undefined ? undefined : parts[first]?.about;
}

function dependenciesOf(mapping: Mapping, parts: Merged['parts']): readonly string[] {
  const named = parts[mainPart(mapping)]?.about.dependsOn ?? {};
  return Object.values(named).filter((id) => id !== null);
}

/** The part as mappings see it. */
function seen(part: StoredPart): SeenPart {
  return {
    part: part.part,
    instance: part.instance,
    dialect: part.dialect,
    native: part.native,
    orderKey: part.orderKey,
    complete: part.complete,
    creates: part.creates,
    deleted: part.deleted,
    readings: part.readings,
  };
}

function valuesOf(facts: FactStates): { readonly [fact: string]: FactValue } {
  return Object.fromEntries(
    Object.entries(facts).flatMap(([fact, state]) => (state.state === 'unknown' ? [] : [[fact, state.value]])),
  );
}

/** Whether two documents came with one change and show one instant: the parts that a read-back found, say. */
const isSameRead = (a: PartUpdate, b: PartUpdate): boolean =>
  a.changeId === b.changeId && a.part.changedAt === b.part.changedAt;

/** The order in which the world changed; what changed in the same instant in an order that everyone agrees on. */
function inOrder(a: PartUpdate, b: PartUpdate): number {
  return (
    compare(a.part.changedAt, b.part.changedAt) ||
    compare(a.part.part, b.part.part) ||
    compare(a.part.instance, b.part.instance) ||
    compare(a.part.orderKey, b.part.orderKey) ||
    compare(a.part.hash, b.part.hash) ||
    compare(a.changeId, b.changeId)
  );
}

/** Since when the parts are together what they are: the youngest of them. */
function latestChange(parts: Merged['parts'], changedAt: string): string {
  let latest = changedAt;
  for (const part of Object.values(parts)) if (part.changedAt > latest) latest = part.changedAt;
  return latest;
}

/** What a sweep repaired with this: it contradicts what was stored. What the first sweep of a source finds, nobody has told before. */
function repairOf({ sweep, baseline, source, part, foreign }: PartUpdate, stored: StoredPart | undefined): Repair[] {
  if (sweep === undefined || baseline !== undefined || foreign === true) return [];
  if (stored === undefined ? part.deleted : !contradicts(stored, part)) return [];
  const was = stored === undefined || stored.deleted ? 'unknown' : part.deleted ? 'deleted' : 'changed';
  return [{ run: sweep, source, account: part.about.account ?? '', nativeType: part.native, was }];
}

function causeOf(update: PartUpdate): Cause {
  const { changeId, source } = update;
  if (update.main && update.part.deleted && update.sweep !== undefined) return { is: 'reconcile', changeId, source };
  return {
    is: update.main && update.part.deleted ? 'deletion' : 'change',
    changeId,
    source,
    ...optional('actor', update.actor),
  };
}

function dependencyCause(told: Rejudge['dependency'], base: ResourceState): Cause {
  return {
    is: 'dependency',
    resourceId: told?.resourceId ?? base.dependsOn[0] ?? '',
    ...optional('changeId', told?.changeId),
    ...optional('actor', told?.actor),
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
