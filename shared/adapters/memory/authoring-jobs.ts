import type { ModelCall } from '../../ports/language-model.ts';
import type { LogLine } from '../anthropic/recorded.ts';
import { AppError } from '../../model/errors.ts';
import { type AuthoringJob, type AuthoringJobs, LEASE_MS } from '../service/authoring-jobs.ts';

interface Kept<Outcome> {
  job: AuthoringJob<Outcome>;
  claimedUntil: number;
  readonly lines: Map<string, LogLine>;
  readonly calls: (ModelCall & { readonly at: string })[];
  readonly files: Map<string, string>;
}

/** Sentences on their way, in memory. Values are copied on their way in and out. */
export function makeMemoryAuthoringJobs<Outcome>(nowMs: () => number): AuthoringJobs<Outcome> {
  const all = new Map<string, Kept<Outcome>>();
  const copy = <T>(value: T): T => structuredClone(value);
  const get = (id: string): Kept<Outcome> => {
    const kept = all.get(id);
    if (kept === undefined) throw new AppError('INVARIANT_BROKEN', `nothing is authored as ${id}`);
    return kept;
  };
  const record = (id: string, call: ModelCall): void => {
    get(id).calls.push(copy({ ...call, at: new Date(nowMs()).toISOString() }));
  };
  const later = async <T>(work: () => T): Promise<T> => work();
  return {
    create: (asked) =>
      later(() => {
        const job: AuthoringJob<Outcome> = { asked, state: 'running', revision: 0 };
        if (!all.has(asked.id))
          all.set(asked.id, { job: copy(job), claimedUntil: 0, lines: new Map(), calls: [], files: new Map() });
        return copy(get(asked.id).job);
      }),
    read: (id) => later(() => copy(all.get(id)?.job)),
    list: (limit) =>
      later(() =>
        [...all.values()]
          .map(({ job }) => copy(job))
          .toSorted((a, b) => (a.asked.requestedAt < b.asked.requestedAt ? 1 : -1))
          .slice(0, limit),
      ),
    claim: (id) =>
      later(() => {
        const kept = all.get(id);
        if (kept === undefined || kept.claimedUntil >= nowMs()) return undefined;
        kept.job = { ...kept.job, state: 'running', revision: kept.job.revision + 1 };
        kept.claimedUntil = nowMs() + LEASE_MS;
        return copy(kept.job);
      }),
    settle: (job, end) =>
      later(() => {
        const kept = get(job.asked.id);
        if (kept.job.revision !== job.revision)
          throw new AppError('STORE_STALE', `${job.asked.id} is worked on by someone else meanwhile`);
        kept.claimedUntil = 0;
        if (end !== undefined) kept.job = copy({ ...kept.job, ...end });
      }),
    lines: (id) =>
      later(() =>
        [...(all.get(id)?.lines ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => copy(line)),
      ),
    append: (id, line, n) =>
      later(() => {
        const { lines } = get(id);
        const key = `${line.by}#${line.key}#${String(n).padStart(4, '0')}`;
        if (lines.has(key)) return false;
        lines.set(key, copy(line));
        if (line.by === 'model') record(id, line.says.call);
        return true;
      }),
    audit: (id, call) => later(() => record(id, call)),
    calls: (id) => later(() => copy(all.get(id)?.calls ?? [])),
    putFile: (id, path, text) => later(() => void get(id).files.set(path, text)),
    files: (id) => later(() => [...(all.get(id)?.files ?? [])].map(([path, text]) => ({ path, text }))),
  };
}
