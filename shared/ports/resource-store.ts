import type { FactStates } from '../model/fact.ts';
import type { ResourceCommit, ResourceState } from '../model/resource.ts';
import type { Page } from '../model/finding.ts';

/**
 * The resources table. Every read is strong unless it says otherwise. Errors: `STORE_UNAVAILABLE` (retry).
 */
export interface ResourceStore {
  /** The state as last committed, parts included; undefined if there is none. */
  read(id: string): Promise<ResourceState | undefined>;
  /** The evidence behind the facts of a state that was read; undefined if it has been replaced since. */
  evidence(state: Pick<ResourceState, 'id' | 'evidence'>): Promise<FactStates | undefined>;
  /**
   * The commit point: writes the state if the stored revision is still `commit.after` (0: nothing is stored) and
   * the stored activation is not newer. All or nothing for the hot item; `projectedRevision` is left as it is stored.
   * `conflict`: someone was faster, read again and redo. `stale`: the store was judged by a newer activation than ours.
   * Not idempotent: after `STORE_UNAVAILABLE` the commit may or may not have happened; read again and redo.
   */
  commit(commit: ResourceCommit): Promise<'committed' | 'conflict' | 'stale'>;
  /**
   * Notes that each of `dependencies` has this dependent. Done *before* a dependency is read. Idempotent; an edge is
   * never removed: one too many costs one judgement that finds nothing, one too few a wrong verdict.
   */
  addDependent(dependent: string, dependencies: readonly string[]): Promise<void>;
  /** The dependents of a resource, paged, strongly consistent. */
  dependents(id: string, next?: string): Promise<Page<string>>;
  /**
   * Notes that everything up to `revision` was published; nothing if that is known. Leaves the revision alone, so that
   * it never makes a commit fail. `pending` and `pendingSince` go if no newer revision is stored.
   */
  markProjected(id: string, revision: number): Promise<void>;
  /** Up to which revision everything was published; 0 if nothing was or there is no such resource. */
  projectedRevision(id: string): Promise<number>;
  /** Ids of live resources in a segment (0 ≤ segment < SEGMENTS) judged by an activation below `activation`. Eventually consistent. */
  belowActivation(segment: number, activation: number, next?: string): Promise<Page<string>>;
  /** Ids of live resources in a segment with `nextFlipAt <= epochSeconds`. Eventually consistent. */
  dueToFlip(segment: number, epochSeconds: number, next?: string): Promise<Page<string>>;
  /** Ids in a segment with something pending since before `epochMs`. Eventually consistent. */
  lagging(segment: number, epochMs: number, next?: string): Promise<Page<string>>;
}
