/** What a run of the sweep found where none had been before, summed up. */
import type { Cloud } from '../../model/cloud.ts';
import type { Finding } from '../../model/finding.ts';
import { type BaselineEvent, DIGEST_ROWS } from '../../model/finding-event.ts';
import { SEVERITIES, type Severity } from '../../model/verdict.ts';
import type { FindingQueries } from '../../ports/finding-store.ts';
import type { SweptScope } from '../../ports/sweep-log.ts';

type Detail = BaselineEvent['detail']['edict'];

/** Counts of the open findings of a run: as large as there are policies, accounts and resources, however many findings. */
export interface DigestSum {
  /** Findings of the run, whatever became of them: two looks that see as many see the same. */
  readonly findings: number;
  readonly open: number;
  readonly resources: number;
  readonly bySeverity: { readonly [S in Severity]?: number };
  readonly byPolicy: Detail['byPolicy'];
  readonly byAccount: Detail['byAccount'];
}

/** Sums up what runs found first, page by page: without what is in shadow, which nobody is told. */
export async function sumUp(queries: FindingQueries, runs: readonly string[]): Promise<DigestSum> {
  const sum = makeSum();
  for (const baseline of runs) {
    let next: string | undefined;
    do {
      const got = await queries.list(
        { baseline, shadow: false },
        { limit: 500, ...(next === undefined ? {} : { next }) },
      );
      for (const finding of got.items) sum.add(finding);
      next = got.next;
    } while (next !== undefined);
  }
  return sum.total();
}

/** A sum to add findings to. */
export function makeSum(): { readonly add: (finding: Finding) => void; readonly total: () => DigestSum } {
  let findings = 0;
  let open = 0;
  const resources = new Set<string>();
  const bySeverity = new Map<Severity, number>();
  const byPolicy = new Map<string, Detail['byPolicy'][number]>();
  const byAccount = new Map<string, { cloud: Cloud; account: string; findings: number }>();
  return {
    add({ policy, title, severity, status, verdict, resource }) {
      findings += 1;
      if (status !== 'open' || verdict === null) return;
      open += 1;
      resources.add(resource.id);
      bySeverity.set(severity, (bySeverity.get(severity) ?? 0) + 1);
      const row = byPolicy.get(`${policy} ${verdict}`) ?? { policy, title, severity, verdict, findings: 0 };
      byPolicy.set(`${policy} ${verdict}`, { ...row, findings: row.findings + 1 });
      const { cloud, account = '' } = resource;
      const of = byAccount.get(`${cloud} ${account}`) ?? { cloud, account, findings: 0 };
      byAccount.set(`${cloud} ${account}`, { ...of, findings: of.findings + 1 });
    },
    total: () => ({
      findings,
      open,
      resources: resources.size,
      bySeverity: Object.fromEntries(SEVERITIES.flatMap((s) => (bySeverity.has(s) ? [[s, bySeverity.get(s)]] : []))),
      byPolicy: [...byPolicy.values()].sort((a, b) => rank(a) - rank(b) || b.findings - a.findings),
      byAccount: [...byAccount.values()].sort((a, b) => b.findings - a.findings),
    }),
  };
}

const rank = ({ severity }: { readonly severity: Severity }): number => SEVERITIES.indexOf(severity);

/** Whether a scope was listed to its end. */
export const isSeen = ({ outcome }: { readonly outcome?: SweptScope['outcome'] | undefined }): boolean =>
  outcome === 'swept' || outcome === 'partial';

/** The digest of a run. One run has one, so its id is the run's: told again, it is dropped by whoever has it. Pure. */
export function baselineEvent(
  run: string,
  sum: DigestSum,
  scopes: readonly Pick<SweptScope, 'source' | 'scope' | 'outcome'>[],
  time: string,
): BaselineEvent {
  const id = `baseline-${run}`;
  const notSeen = scopes.flatMap(({ source, scope, outcome }) =>
    isSeen({ outcome }) ? [] : [{ source, scope, why: outcome === 'denied' ? outcome : ('not_finished' as const) }],
  );
  const lists = { byPolicy: sum.byPolicy, byAccount: sum.byAccount, notSeen };
  return {
    id,
    detailType: 'FindingsBaselined.v1',
    time,
    resource: run,
    detail: {
      edict: {
        version: 1,
        eventId: id,
        sweep: run,
        findings: sum.open,
        resources: sum.resources,
        bySeverity: sum.bySeverity,
        scopes: { swept: scopes.length - notSeen.length, notSeen: notSeen.length },
        byPolicy: sum.byPolicy.slice(0, DIGEST_ROWS),
        byAccount: sum.byAccount.slice(0, DIGEST_ROWS),
        notSeen: notSeen.slice(0, DIGEST_ROWS),
        ...(Object.values(lists).some((list) => list.length > DIGEST_ROWS) ? { truncated: true as const } : {}),
      },
    },
  };
}
