import { type Finding, rankOf } from '../../model/finding.ts';
import type { Transition } from '../../model/resource.ts';
import type { FindingQueries, FindingStore } from '../../ports/finding-store.ts';
import { asItWas, matches, pageToken, readPageToken } from '../finding-filter.ts';

/** A findings table in memory. */
export function makeMemoryFindingStore(): FindingStore & FindingQueries & { all(): readonly Finding[] } {
  const rows = new Map<string, Finding>();
  const transitions = new Map<string, Map<string, Transition>>();
  const history = (id: string): readonly Transition[] =>
    [...(transitions.get(id)?.values() ?? [])].sort((a, b) => a.revision - b.revision || a.n - b.n);
  const rank = (f: Finding): string => `${rankOf(f.status, f.severity, f.since.trueAt)}#${f.id}`;
  return {
    all: () => structuredClone([...rows.values()]),
    read: async (id) => {
      await undefined;
      return structuredClone(rows.get(id));
    },
    find: async (id) => {
      await undefined;
      return structuredClone(rows.get(id));
    },
    write: async (finding, t) => {
      await undefined;
      const of = transitions.get(finding.id) ?? new Map<string, Transition>();
      of.set(`${t.revision}#${t.n}`, structuredClone(t));
      transitions.set(finding.id, of);
      const last = rows.get(finding.id)?.last;
      const behind =
        last === undefined ||
        last.revision < finding.last.revision ||
        (last.revision === finding.last.revision && last.n < finding.last.n);
      if (behind) rows.set(finding.id, structuredClone(finding));
    },
    history: async (id) => {
      await undefined;
      return structuredClone(history(id));
    },
    list: async (filter, page = {}) => {
      await undefined;
      const limit = page.limit ?? 100;
      const from = readPageToken(page.next);
      const sorted = [...rows.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      const found: Finding[] = [];
      for (const row of sorted) {
        if (typeof from['after'] === 'string' && rank(row) <= from['after']) continue;
        const then = asItWas(row, filter, filter.asOf === undefined ? [] : history(row.id));
        if (then === undefined || !matches(then, filter)) continue;
        if (found.length === limit) {
          const last = found.at(-1);
          const lastRow = last === undefined ? undefined : rows.get(last.id);
          return {
            items: structuredClone(found),
            ...(lastRow === undefined ? {} : { next: pageToken({ after: rank(lastRow) }) }),
          };
        }
        found.push(then);
      }
      return { items: structuredClone(found) };
    },
  };
}
