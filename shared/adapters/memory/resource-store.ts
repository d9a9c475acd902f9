import type { FactStates } from '../../model/fact.ts';
import type { Page } from '../../model/finding.ts';
import { type ResourceState, segmentOf } from '../../model/resource.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';

interface Stored {
  readonly state: ResourceState;
  readonly evidence: FactStates;
}

/** What the memory adapter shows beyond its port: the stream of a real table, and what is stored. */
export interface MemoryResourceStore extends ResourceStore {
  /** Called with the state after each commit, as a table's stream would be; returns nothing and never throws. */
  onCommit(listener: (state: ResourceState) => void): void;
  all(): readonly ResourceState[];
  /** Removes an item whose time is over, as a table does that forgets. */
  expire(id: string): void;
}

const PAGE = 100;
const copy = <T>(value: T): T => structuredClone(value);

/** A resources table in memory, with the conditions of the real one. Every call yields once, so that calls interleave. */
export function makeMemoryResourceStore(): MemoryResourceStore {
  const items = new Map<string, Stored>();
  const edges = new Map<string, Set<string>>();
  const listeners: ((state: ResourceState) => void)[] = [];

  const page = (ids: readonly string[], next: string | undefined): Page<string> => {
    const rest = ids.toSorted().filter((id) => next === undefined || id > next);
    const shown = rest.slice(0, PAGE);
    const last = shown.at(-1);
    return { items: shown, ...(rest.length > PAGE && last !== undefined ? { next: last } : {}) };
  };
  const inSegment = (segment: number, holds: (state: ResourceState) => boolean): readonly string[] =>
    [...items.values()].flatMap(({ state }) => (segmentOf(state.id) === segment && holds(state) ? [state.id] : []));

  return {
    onCommit: (listener) => void listeners.push(listener),
    expire: (id) => void items.delete(id),
    all: () => [...items.values()].map(({ state }) => copy(state)),

    read: async (id) => {
      await undefined;
      return copy(items.get(id)?.state);
    },
    evidence: async ({ id, evidence }) => {
      await undefined;
      const stored = items.get(id);
      return stored?.state.evidence === evidence ? copy(stored.evidence) : undefined;
    },
    commit: async (commit) => {
      await undefined;
      const { state, evidence, after = state.revision - 1 } = copy(commit);
      const stored = items.get(state.id)?.state;
      if (stored !== undefined && stored.judgedBy.activation > state.judgedBy.activation) return 'stale';
      if ((stored?.revision ?? 0) !== after) return 'conflict';
      const next = { ...state, projectedRevision: stored?.projectedRevision ?? 0 };
      items.set(state.id, { state: next, evidence });
      for (const listener of listeners) listener(copy(next));
      return 'committed';
    },
    addDependent: async (dependent, dependencies) => {
      await undefined;
      for (const id of dependencies) edges.set(id, (edges.get(id) ?? new Set()).add(dependent));
    },
    dependents: async (id, next) => {
      await undefined;
      return page([...(edges.get(id) ?? [])], next);
    },
    markProjected: async (id, revision) => {
      await undefined;
      const stored = items.get(id);
      if (stored === undefined || stored.state.projectedRevision >= revision) return;
      const { pendingSince, ...rest } = stored.state;
      const isLast = rest.revision === revision;
      const state = {
        ...rest,
        projectedRevision: revision,
        ...(isLast ? { pending: [] } : {}),
        ...(isLast || pendingSince === undefined ? {} : { pendingSince }),
      };
      items.set(id, { state, evidence: stored.evidence });
    },
    projectedRevision: async (id) => {
      await undefined;
      return items.get(id)?.state.projectedRevision ?? 0;
    },
    belowActivation: async (segment, activation, next) => {
      await undefined;
      return page(
        inSegment(segment, (s) => !s.deleted && s.judgedBy.activation < activation),
        next,
      );
    },
    dueToFlip: async (segment, epochSeconds, next) => {
      await undefined;
      return page(
        inSegment(segment, (s) => s.nextFlipAt !== undefined && s.nextFlipAt <= epochSeconds),
        next,
      );
    },
    lagging: async (segment, epochMs, next) => {
      await undefined;
      return page(
        inSegment(segment, (s) => s.pendingSince !== undefined && s.pendingSince < epochMs),
        next,
      );
    },
  };
}
