/**
 * What this build's mappings read in the documents that the stored readings came from: where it is something else, the
 * document is told again, under the version that it had, and its reading takes the place of the old one.
 */
import { partKey } from '../mappings/assemble.ts';
import type { DocumentForm } from '../mappings/form.ts';
import type { Registry } from '../mappings/registry.ts';
import { type Change, contentHash } from '../model/change.ts';
import type { StoredPart } from '../model/resource.ts';
import type { Clock } from '../ports/clock.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import { compareVersions, type Version, versionOf } from './merge.ts';
import { makeNormalize } from './normalize.ts';
import type { PartUpdate } from './stages.ts';

export interface ReDeriveDeps {
  readonly forms: readonly DocumentForm[];
  readonly registry: Registry;
  readonly resources: Pick<ResourceStore, 'read'>;
  readonly clock: Clock;
}

/** What was found. */
export interface Differing {
  /** Ids of the changes that have to be told again. */
  readonly changes: ReadonlySet<string>;
  /** Resources of which a reading differs. */
  readonly resources: ReadonlySet<string>;
  /** Parts of which the history has another version than the store: nothing is done about them. */
  readonly elsewhere: number;
  /** The change again, as it is to be told; undefined: it says things that another change says better. */
  readonly again: (change: Change, derivedAt: string) => Promise<Change | undefined>;
}

interface Best {
  readonly resourceId: string;
  readonly key: string;
  readonly version: Version;
  readonly says: string;
  readonly changeId: string;
  readonly foreign: boolean;
}

const placeOf = ({ resourceId, part }: PartUpdate): string => JSON.stringify([resourceId, partKey(part)]);
/** All that a part says, whatever its version. */
const saysOf = ({ readings, about }: StoredPart): string => contentHash([readings, about]);

/**
 * Compares what is stored with what this build reads in the newest document of each part. Only of resources that live and
 * of the very version that is stored: what the history lacks, or knows better, is for the next sweep. Memory grows with
 * the parts, not with the changes. Throws what the archive and the store throw.
 */
export async function findDiffering(deps: ReDeriveDeps, changes: AsyncIterable<Change>): Promise<Differing> {
  const { forms, registry, clock } = deps;
  const quarantine = { put: () => Promise.resolve() };
  const normalize = makeNormalize({ forms, registry, readBack: {}, quarantine, clock });
  const updatesOf = async (change: Change): Promise<readonly PartUpdate[]> =>
    (await normalize([change])).work.flatMap((w) => w.updates);

  const best = new Map<string, Best>();
  for await (const change of changes) {
    for (const update of await updatesOf(change)) {
      const place = placeOf(update);
      const version = versionOf(update.part);
      const other = best.get(place);
      if (other !== undefined && compareVersions(version, other.version) <= 0) continue;
      best.set(place, {
        resourceId: update.resourceId,
        key: partKey(update.part),
        version,
        says: saysOf(update.part),
        changeId: change.changeId,
        foreign: update.foreign === true,
      });
    }
  }

  const wanted = new Set<string>();
  const resources = new Set<string>();
  let elsewhere = 0;
  for (const [resourceId, parts] of Map.groupBy(best.values(), (b) => b.resourceId)) {
    const state = await deps.resources.read(resourceId);
    if (state === undefined || state.deleted) continue;
    for (const { key, version, says, changeId, foreign } of parts) {
      const stored = state.parts[key];
      // A part that is not stored may be of a former life.
      if (stored === undefined || stored.deleted) continue;
      if (stored.orderKey !== version.orderKey) elsewhere += 1;
      else if (says !== saysOf(stored) && (!version.deleted || foreign)) {
        wanted.add(changeId);
        resources.add(resourceId);
      }
    }
  }

  const again = async (change: Change, derivedAt: string): Promise<Change | undefined> => {
    // Read again it would win over all that is not, also over what shows more of the same version.
    const isBest = (update: PartUpdate): boolean => {
      const other = best.get(placeOf(update));
      return other?.changeId === change.changeId || update.part.orderKey !== other?.version.orderKey;
    };
    if (!(await updatesOf(change)).every(isBest)) return undefined;
    const { sweep, ...told } = change;
    return {
      ...told,
      changeId: contentHash([change.changeId, derivedAt]),
      derivedAt,
      // What the sweep found it found then; only that the resource is there after all is part of the version.
      ...(sweep?.absentAt === undefined ? {} : { sweep: { ...sweep, baseline: false } }),
    };
  };
  return { changes: wanted, resources, elsewhere, again };
}
