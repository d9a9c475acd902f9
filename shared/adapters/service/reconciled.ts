/** What a run of the sweep repaired, summed up. */
import { DIGEST_ROWS, type ReconciledEvent } from '../../model/finding-event.ts';
import { instant } from '../../model/change.ts';
import type { CoverageRow } from '../../model/coverage.ts';
import type { Repair } from '../../pipeline/stages.ts';
import type { SweepCount, SweepCounts, SweepLog, SweptScope } from '../../ports/sweep-log.ts';

type Counts = { readonly [C in SweepCount]: number };

/** The counts of a run by source and account: as large as there are accounts. */
export interface RunSum {
  /** All that was repaired, of whatever source. */
  readonly repaired: number;
  readonly bySource: ReadonlyMap<string, ReadonlyMap<string, Counts>>;
}

const NOTHING: Counts = { listed: 0, held: 0, absent: 0, unknown: 0, changed: 0, deleted: 0 };
const missed = ({ unknown, changed, deleted }: Counts): number => unknown + changed + deleted;
const add = (a: Counts, b: SweepCounts['counts']): Counts => ({
  listed: a.listed + (b.listed ?? 0),
  held: a.held + (b.held ?? 0),
  absent: a.absent + (b.absent ?? 0),
  unknown: a.unknown + (b.unknown ?? 0),
  changed: a.changed + (b.changed ?? 0),
  deleted: a.deleted + (b.deleted ?? 0),
});

/** Counts what the evaluator repaired, under the run that found it. */
export const makeRepaired =
  (runs: SweepLog, nowMs: () => number) =>
  async (repairs: readonly Repair[]): Promise<void> => {
    const alike = Map.groupBy(repairs, (r) => JSON.stringify([r.run, r.source, r.account, r.nativeType, r.was]));
    for (const [first, ...rest] of alike.values()) {
      if (first === undefined) continue;
      const { run, source, account, nativeType: type, was } = first;
      await runs.count(run, { source, account, type, counts: { [was]: rest.length + 1 } }, instant(nowMs()));
    }
  };

/** Sums up what a run counted. `onPage` sees the counts by type on the way. */
export async function sumUpRun(
  runs: SweepLog,
  run: string,
  onPage: (counts: readonly SweepCounts[]) => Promise<void> = async () => undefined,
): Promise<RunSum> {
  const bySource = new Map<string, Map<string, Counts>>();
  let next: string | undefined;
  do {
    const page = await runs.counts(run, next);
    for (const { source, account, counts } of page.items) {
      const of = bySource.get(source) ?? new Map<string, Counts>();
      bySource.set(source, of.set(account, add(of.get(account) ?? NOTHING, counts)));
    }
    await onPage(page.items);
    next = page.next;
  } while (next !== undefined);
  const all = [...bySource.values()].flatMap((of) => [...of.values()]);
  return { repaired: all.reduce((sum, counts) => sum + missed(counts), 0), bySource };
}

/** What the run says of accounts and types, for the coverage ledger. Pure. */
export function coverageOf(
  counts: readonly SweepCounts[],
  scopes: readonly Pick<SweptScope, 'source' | 'scope' | 'outcome'>[],
  time: string,
): readonly CoverageRow[] {
  const bySource = Map.groupBy(scopes, ({ source }) => source);
  return counts.map(({ source, account, type, counts: of }) => {
    const all = bySource.get(source) ?? [];
    // Where each account, or each type, is a scope it is that scope; elsewhere every scope holds a share of every account.
    const own = all.filter(({ scope }) => scope === account || scope.endsWith(`#${type}`));
    return {
      source,
      account,
      type,
      lastSweptAt: time,
      whole: (own.length > 0 ? own : all).every(({ outcome }) => outcome === 'swept'),
      listed: of.listed ?? 0,
      held: of.held ?? 0,
      missed: (of.unknown ?? 0) + (of.changed ?? 0) + (of.deleted ?? 0),
    };
  });
}

/** One event for each source of the run. Its id is the run's: told again, it is the same. Pure. */
export function reconciledEvents(
  run: string,
  scopes: readonly Pick<SweptScope, 'source' | 'outcome'>[],
  sum: RunSum,
  time: string,
): ReconciledEvent[] {
  return [...Map.groupBy(scopes, ({ source }) => source)].map(([source, of]) => {
    const ended = (outcome: SweptScope['outcome']): number => of.filter((s) => s.outcome === outcome).length;
    const accounts = [...(sum.bySource.get(source) ?? [])];
    const { listed, held, absent, unknown, changed, deleted } = accounts.reduce((a, [, b]) => add(a, b), NOTHING);
    const id = `reconciled-${run}-${source}`;
    const byAccount = accounts
      .map(([account, counts]) => ({ account, listed: counts.listed, missedEvents: missed(counts) }))
      .filter(({ missedEvents }) => missedEvents > 0)
      .sort((a, b) => b.missedEvents - a.missedEvents);
    const edict: ReconciledEvent['detail']['edict'] = {
      version: 1,
      eventId: id,
      sweep: run,
      source,
      scopes: { swept: ended('swept'), partial: ended('partial'), notSeen: ended('denied') + ended(undefined) },
      listed,
      held,
      absent,
      missedEvents: { unknown, changed, deleted },
      rate: Math.min(1, (unknown + changed + deleted) / Math.max(1, listed + absent)),
      byAccount: byAccount.slice(0, DIGEST_ROWS),
      ...(byAccount.length > DIGEST_ROWS ? { truncated: true as const } : {}),
    };
    return { id, detailType: 'SourceReconciled.v1', time, resource: source, detail: { edict } };
  });
}
