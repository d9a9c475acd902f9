/** The small ports in memory: what was sent, published, quarantined and heard can be looked at. */
import type { QueueMessage } from '../../model/change.ts';
import type { FindingEvent } from '../../model/finding-event.ts';
import type { CoverageRow } from '../../model/coverage.ts';
import { gapBefore } from '../../model/coverage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CoverageLedger } from '../../ports/coverage-ledger.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { Probe, ProbeLog } from '../../ports/probe-log.ts';
import type { Quarantine, Quarantined } from '../../ports/quarantine.ts';
import type { Queue } from '../../ports/queue.ts';
import type { Heard, SourceLog } from '../../ports/source-log.ts';
import type { Roster, Seen } from '../../ports/roster.ts';
import {
  SWEEP_COUNTS,
  type SweepCount,
  type SweepCounts,
  type SweepLog,
  type SweptScope,
} from '../../ports/sweep-log.ts';

/** A bus that remembers every event in the order of publication, repeats included. */
export function makeMemoryBus(): EventBus & { readonly events: readonly FindingEvent[] } {
  const events: FindingEvent[] = [];
  return {
    events,
    publish: async (published) => {
      await undefined;
      events.push(...structuredClone(published));
    },
  };
}

/** A queue; `take` removes and returns what is on it. */
export function makeMemoryQueue<M extends QueueMessage = QueueMessage>(): Queue<M> & { take(): readonly M[] } {
  let messages: M[] = [];
  return {
    send: async (sent) => {
      await undefined;
      messages.push(...structuredClone(sent));
    },
    take: () => {
      const taken = messages;
      messages = [];
      return taken;
    },
  };
}

/** A quarantine; `kept` by id. */
export function makeMemoryQuarantine(): Quarantine & { readonly kept: ReadonlyMap<string, Quarantined> } {
  const kept = new Map<string, Quarantined>();
  return {
    kept,
    put: async (item) => {
      await undefined;
      kept.set(item.id, structuredClone(item));
    },
  };
}

export function makeMemorySourceLog(): SourceLog {
  const heard = new Map<string, Heard>();
  const raise = (source: string, account: string, change: (h: Heard) => Heard): void => {
    const key = `${source} ${account}`;
    heard.set(key, change(heard.get(key) ?? { source, account, lastSeenAt: '' }));
  };
  const later = (a: string | undefined, b: string): string => (a === undefined || a < b ? b : a);
  const gapsWith = ({ lastWholeAt, gaps = [] }: Heard, at: string): Pick<Heard, 'gaps'> => {
    const gap = gapBefore(lastWholeAt, at);
    return gap === undefined ? {} : { gaps: [...gaps, gap] };
  };
  return {
    heard: async (source, account, at) => {
      await undefined;
      raise(source, account, (h) => ({ ...h, lastSeenAt: later(h.lastSeenAt, at) }));
    },
    swept: async (source, account, at, whole = true) => {
      await undefined;
      raise(source, account, (h) => ({
        ...h,
        lastSeenAt: later(h.lastSeenAt, at),
        lastSweptAt: later(h.lastSweptAt, at),
        ...(whole ? { ...gapsWith(h, at), lastWholeAt: later(h.lastWholeAt, at) } : {}),
      }));
    },
    denied: async (source, account, at) => {
      await undefined;
      raise(source, account, (h) => ({ ...h, lastDeniedAt: later(h.lastDeniedAt, at) }));
    },
    list: async (source) => {
      await undefined;
      return [...heard.values()].filter((h) => h.source === source);
    },
  };
}

export function makeMemoryCoverageLedger(): CoverageLedger {
  const rows = new Map<string, CoverageRow>();
  return {
    note: async (noted) => {
      await undefined;
      for (const row of noted) {
        const key = JSON.stringify([row.source, row.account, row.type]);
        rows.set(key, { ...rows.get(key), ...row });
      }
    },
    list: async (source, account) => {
      await undefined;
      return [...rows.values()].filter((r) => r.source === source && (account === undefined || r.account === account));
    },
  };
}

/** The moves of the canary; `all` in the order in which they were made. */
export function makeMemoryProbeLog(): ProbeLog & { all(): readonly Probe[] } {
  const probes = new Map<string, Probe>();
  return {
    all: () => [...probes.values()],
    last: async (path) => {
      await undefined;
      return [...probes.values()].findLast((p) => p.path === path);
    },
    note: async (probe) => {
      await undefined;
      probes.set(`${probe.path} ${probe.sentAt}`, probe);
    },
  };
}

export function makeMemorySweepLog(): SweepLog {
  const runs = new Map<string, Map<string, SweptScope>>();
  const places = new Set<string>();
  const owed = new Set<string>();
  const counted = new Map<string, Map<string, SweepCounts>>();
  return {
    begin: async (run, scopes) => {
      await undefined;
      const rows = runs.get(run) ?? new Map<string, SweptScope>();
      runs.set(run, rows);
      for (const scope of scopes) {
        const key = `${scope.source}#${scope.scope}`;
        rows.set(key, rows.get(key) ?? scope);
      }
    },
    end: async (run, source, scope, end) => {
      await undefined;
      const rows = runs.get(run);
      const row = rows?.get(`${source}#${scope}`);
      // The first outcome stands, and what it began with.
      if (row?.outcome === undefined && row !== undefined) rows?.set(`${source}#${scope}`, { ...row, ...end });
    },
    scopes: async (run) => {
      await undefined;
      return [...(runs.get(run)?.values() ?? [])];
    },
    owe: async (run) => {
      await undefined;
      owed.add(run);
    },
    owed: async () => {
      await undefined;
      return [...owed].sort();
    },
    settle: async (run) => {
      await undefined;
      owed.delete(run);
    },
    listed: async (run, source, of) => {
      await undefined;
      for (const place of of) places.add(`${run}#${source}#${place}`);
    },
    wasListed: async (run, source, place) => {
      await undefined;
      return places.has(`${run}#${source}#${place}`);
    },
    count: async (run, { source, account, type, counts }) => {
      await undefined;
      const rows = counted.get(run) ?? new Map<string, SweepCounts>();
      counted.set(run, rows);
      const key = `${source}#${account}#${type}`;
      const sum: { [C in SweepCount]?: number } = { ...rows.get(key)?.counts };
      for (const name of SWEEP_COUNTS) {
        const add = counts[name];
        if (add !== undefined) sum[name] = (sum[name] ?? 0) + add;
      }
      rows.set(key, { source, account, type, counts: sum });
    },
    counts: async (run) => {
      await undefined;
      return { items: [...(counted.get(run)?.values() ?? [])] };
    },
  };
}

export function makeMemoryRoster(): Roster {
  const rows = new Map<string, Seen>();
  const hasLater = (id: string, at: string): boolean => (rows.get(id)?.at ?? '') >= at;
  const of = (ids: readonly string[]): ReadonlyMap<string, Seen> =>
    new Map(ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id) as Seen] as const] : [])));
  return {
    see: async (ids, { source, scope, at }) => {
      await undefined;
      const fresh = new Set<string>();
      for (const id of ids) {
        if (hasLater(id, at)) continue;
        fresh.add(id);
        rows.set(id, { ...rows.get(id), source, scope, at });
      }
      return { seen: of(ids), fresh };
    },
    seen: async (ids) => {
      await undefined;
      return of(ids);
    },
    miss: async (id, at) => {
      await undefined;
      if (hasLater(id, at)) return false;
      rows.set(id, { source: '', scope: '', at: '', ...rows.get(id), absentAt: at });
      return true;
    },
  };
}

/** A clock that stands still until it is moved. */
export function makeMemoryClock(nowMs: number): Clock & { set(ms: number): void; advance(ms: number): void } {
  let now = nowMs;
  return {
    now: () => now,
    set: (ms) => {
      now = ms;
    },
    advance: (ms) => {
      now += ms;
    },
  };
}
