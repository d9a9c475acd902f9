/**
 * What a run of the sweep says about what is *not* there (docs/adr/0013-reconcile.md). While it lists, everything listed is
 * marked; once all its lists have ended, the inventory is walked and what a whole list lacks is taken for gone, or asked for.
 */
import { mainPart } from '../../mappings/assemble.ts';
import type { Registry } from '../../mappings/registry.ts';
import { type Change, changeIdOf, instant, parseInstant, type ReadHints } from '../../model/change.ts';
import type { Json } from '../../model/json.ts';
import type { NativeResource } from '../../model/native.ts';
import type { ResourceState, StoredPart } from '../../model/resource.ts';
import { liveId } from '../../pipeline/normalize.ts';
import type { Cover, Inventory, InventoryPage, Listable } from '../../ports/inventory.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';
import type { Roster } from '../../ports/roster.ts';
import type { SweepCounts, SweepLog, SweptScope } from '../../ports/sweep-log.ts';
import type { DoorDeps } from '../http-auth/door.ts';
import { inParallel } from './in-parallel.ts';

export interface ReconcileDeps extends Pick<DoorDeps, 'count' | 'log'> {
  readonly inventories: readonly Inventory[];
  readonly registry: Registry;
  /** Reads a document of a form into native resources; throws what it cannot read. */
  readonly read: (form: string, document: Json, hints: ReadHints) => readonly NativeResource[];
  readonly resources: ResourceStore;
  readonly roster: Roster;
  readonly runs: SweepLog;
  readonly send: (changes: readonly Change[]) => Promise<void>;
  readonly nowMs: () => number;
}

/** The list that a page is of. */
export interface ListedBy {
  readonly run: string;
  readonly source: string;
  readonly scope: string;
  /** When the list began, less how far it may lie behind. */
  readonly began: string;
}

/**
 * How far a list may lie behind what happened. Providers speak of minutes: what is younger than this when the list begins is
 * not missed by it, and waits for the next one.
 */
export const LIST_LAG_MS = 15 * 60_000;
/** How many resources are read at once. */
const PARALLEL = 10;
/** Every resource that lives was judged by an activation below this. */
const ANY_ACTIVATION = Number.MAX_SAFE_INTEGER;

/** A content of a page, and what is known of its resource from earlier sweeps. */
export interface Marked {
  readonly content: InventoryPage['contents'][number];
  /** An earlier sweep took it for gone as of then. */
  readonly absentAt?: string;
}

/** What a content is about: the resources that it lists, and those that it is only a part of. */
interface About {
  readonly listed: readonly Listable[];
  readonly partOf: readonly string[];
}

/**
 * Marks what a page lists, before anything is made of it. `whole`: everything on the page could be read. Idempotent, but
 * for the counts.
 */
export async function markPage(
  deps: ReconcileDeps,
  by: ListedBy,
  page: InventoryPage,
): Promise<{ readonly marked: readonly Marked[]; readonly whole: boolean }> {
  let whole = page.incomplete !== true;
  const abouts = page.contents.map((content): About => {
    try {
      return aboutOf(deps, content, page.readKey);
    } catch (error) {
      // It goes to the quarantine. Something was listed that nobody can name: the list does not say what is not there.
      deps.log('something that was listed cannot be read', error, { source: by.source, scope: by.scope });
      whole = false;
      return { listed: [], partOf: [] };
    }
  });
  const inventory = deps.inventories.find(({ source }) => source === by.source);
  const listed = abouts.flatMap((about) => about.listed);
  const places = new Set(listed.flatMap((l) => inventory?.covers?.(l)?.place ?? []));
  await deps.runs.listed(by.run, by.source, [...places], instant(deps.nowMs()));
  const { seen, fresh } = await deps.roster.see(
    listed.map(({ id }) => id),
    { source: by.source, scope: by.scope, at: by.began },
  );
  const owners = await deps.roster.seen(abouts.flatMap(({ partOf }) => partOf).filter((id) => !seen.has(id)));
  await countEach(
    deps,
    by,
    listed.filter(({ id }) => fresh.has(id)),
    'listed',
  );
  const marked = page.contents.map((content, i): Marked => {
    const ids = [...(abouts[i]?.listed ?? []).map(({ id }) => id), ...(abouts[i]?.partOf ?? [])];
    const absences = ids.flatMap((id) => (seen.get(id) ?? owners.get(id))?.absentAt ?? []).sort();
    const absentAt = absences.at(-1);
    return absentAt === undefined ? { content } : { content, absentAt };
  });
  return { marked, whole };
}

function aboutOf(deps: ReconcileDeps, content: InventoryPage['contents'][number], readKey: string): About {
  if (content.is === 'notice') {
    const { resourceId: id, cloud, nativeType = '', account, region } = content;
    return { listed: [listable({ id, cloud, type: nativeType, account, region })], partOf: [] };
  }
  if (content.is !== 'document') return { listed: [], partOf: [] };
  const natives = deps.read(content.form, content.document, { orderKey: readKey, ...content.read });
  const there = natives.filter(({ deleted }) => deleted !== true);
  const candidates = there.map((native) => ({ native, of: deps.registry.candidates(native.dialect, native.type) }));
  return {
    listed: candidates.flatMap(({ native, of }) => (of.some(({ main }) => main) ? [listable(native)] : [])),
    partOf: candidates.flatMap(({ native, of }) =>
      of.flatMap(({ main, mapping, part }) => (main ? [] : (liveId(mapping.parts[part]?.owner?.(native)) ?? []))),
    ),
  };
}

const listable = ({
  id,
  cloud,
  type: nativeType,
  account,
  region,
}: Pick<NativeResource, 'id' | 'cloud' | 'type'> & {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
}): Listable => ({
  id,
  cloud,
  nativeType,
  ...(account === undefined ? {} : { account }),
  ...(region === undefined ? {} : { region }),
});

/** Adds to a count of the run, one write for each account and type. */
async function countEach(
  deps: ReconcileDeps,
  { run, source }: Pick<ListedBy, 'run' | 'source'>,
  resources: readonly Listable[],
  count: keyof SweepCounts['counts'],
): Promise<void> {
  for (const of of Map.groupBy(resources, ({ account, nativeType }) => `${account ?? ''} ${nativeType}`).values()) {
    const [first] = of;
    if (first === undefined) continue;
    const { account = '', nativeType: type } = first;
    await deps.runs.count(run, { source, account, type, counts: { [count]: of.length } }, instant(deps.nowMs()));
  }
}

/** One page of the inventory, looked through for what the lists of a run lack. Returns where the next page begins. */
export async function findAbsent(
  deps: ReconcileDeps,
  { run, scopes: ofRun }: { readonly run: string; readonly scopes: readonly SweptScope[] },
  segment: number,
  next: string | undefined,
): Promise<string | undefined> {
  const page = await deps.resources.belowActivation(segment, ANY_ACTIVATION, next);
  const scopes = new Map(ofRun.map((s) => [`${s.source} ${s.scope}`, s]));
  const seen = await deps.roster.seen(page.items);
  const places = new Map<string, Promise<boolean>>();
  const held: { readonly source: string; readonly what: Listable; readonly absent: boolean }[] = [];
  const changes: Change[] = [];

  await inParallel(page.items, PARALLEL, async (id) => {
    const state = await deps.resources.read(id);
    const listed = state === undefined ? undefined : mainOf(deps.registry, state);
    if (state === undefined || listed === undefined) return;
    for (const { source, covers } of deps.inventories) {
      const cover = covers?.(listed);
      const scope = cover === undefined ? undefined : scopes.get(`${source} ${cover.scope}`);
      // Only a list that ended, and of which nothing was refused, unreadable or left out, says what is not there.
      if (cover === undefined || scope?.outcome !== 'swept' || scope.began === undefined) continue;
      const { began } = scope;
      const isListed = (seen.get(id)?.at ?? '') >= began;
      const absent = !isListed && newsOf(state) < began && (await placeWasListed(deps, run, source, cover, places));
      held.push({ source, what: listed, absent });
      if (!absent || !(await deps.roster.miss(id, began))) continue;
      deps.log('a whole list lacks a resource', undefined, { resourceId: id, source, scope: scope.scope });
      changes.push(absence(deps, { run, source, scope: scope.scope, began }, state, listed, cover));
    }
  });

  await deps.send(changes);
  deps.count('ResourcesAbsent', changes.length);
  for (const [source, of] of Map.groupBy(held, (h) => h.source)) {
    const all = of.map(({ what }) => what);
    await countEach(deps, { run, source }, all, 'held');
    await countEach(
      deps,
      { run, source },
      of.flatMap(({ what, absent }) => (absent ? [what] : [])),
      'absent',
    );
  }
  return page.next;
}

/** The resource as its main document names it. Undefined: it is gone, or only parts of it were ever seen: no list would hold it. */
function mainOf(registry: Registry, state: ResourceState): (Listable & { readonly main: StoredPart }) | undefined {
  const mapping = registry.mapping(state.mapping);
  const main = mapping === undefined ? undefined : state.parts[mainPart(mapping)];
  if (main === undefined || main.deleted) return undefined;
  const { account, region } = main.about;
  return { ...listable({ id: state.id, cloud: state.cloud, type: main.native, account, region }), main };
}

/** The newest news of the resource, of whatever part. */
function newsOf(state: ResourceState): string {
  const instants = Object.values(state.parts).flatMap(({ changedAt, orderKey }) => [
    changedAt,
    parseInstant(`${orderKey.slice(0, 23)}Z`) ?? parseInstant(`${orderKey.slice(0, 19)}Z`) ?? '',
  ]);
  return instants.sort().at(-1) ?? '';
}

function placeWasListed(
  deps: ReconcileDeps,
  run: string,
  source: string,
  { place }: Cover,
  known: Map<string, Promise<boolean>>,
): Promise<boolean> {
  if (place === undefined) return Promise.resolve(true);
  const key = `${source} ${place}`;
  const asked = known.get(key) ?? deps.runs.wasListed(run, source, place);
  known.set(key, asked);
  return asked;
}

/** What is told of a resource that a whole list lacks: that it is gone, or that somebody should ask. */
function absence(
  deps: ReconcileDeps,
  { run, source, began }: ListedBy,
  { id }: ResourceState,
  { main, account, region }: Listable & { readonly main: StoredPart },
  cover: Cover,
): Change {
  const content: Change['content'] =
    cover.absence === 'gone'
      ? {
          is: 'absence',
          resourceId: id,
          dialect: main.dialect,
          nativeType: main.native,
          ...(account === undefined ? {} : { account }),
          ...(region === undefined ? {} : { region }),
          absentAt: began,
        }
      : { ...cover.absence, changedAt: began };
  const change = {
    source,
    origin: 'sweep',
    receivedAt: instant(deps.nowMs()),
    readKey: began,
    sweep: { id: run, baseline: false },
    content,
  } as const;
  return { type: 'change', version: 1, changeId: changeIdOf(change), ...change };
}
