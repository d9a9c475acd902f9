/** `edict coverage`: what is seen of every account, and which controls nobody can answer for. */
import { makeDynamoCoverageLedger } from '../../shared/adapters/dynamodb/coverage-ledger.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { makeDynamoSourceLog } from '../../shared/adapters/dynamodb/source-log.ts';
import { mainPart } from '../../shared/mappings/assemble.ts';
import { mappings } from '../../shared/mappings/registry.ts';
import {
  CLOUD_SOURCES,
  type Control,
  controlsOf,
  type CoverageRow,
  type Heard,
  type StaleSource,
  staleSources,
  type SweptCloud,
  SWEPT_CLOUDS,
} from '../../shared/model/coverage.ts';
import { instant } from '../../shared/model/change.ts';
import { heardOf, staleText } from '../findings/coverage.ts';
import { ago } from '../findings/words.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { type Column, tableOf, type TableStyle } from '../table.ts';
import { count, Output, plain, style, terminalWidth, wrap } from '../terminal.ts';

/** As commander gives them. */
export interface CoverageOptions extends StackOptions {
  readonly account?: string;
  readonly format: 'table' | 'json';
}

export interface Coverage {
  readonly asOf: string;
  readonly heard: readonly Heard[];
  readonly stale: readonly StaleSource[];
  readonly rows: readonly CoverageRow[];
  readonly controls: readonly Control[];
}

export async function coverage(options: CoverageOptions): Promise<number> {
  const stack = await findStack(options);
  const client = stack.documents();
  const resources = { client, name: stack.output('ResourcesTable') };
  const policies = makeDynamoPolicyStore({ client, name: stack.output('PoliciesTable') });
  const active = await policies.active();
  const bundle = active === undefined ? undefined : await policies.bundle(active.bundle);
  const ledger = makeDynamoCoverageLedger(resources);
  const sources = SWEPT_CLOUDS.flatMap((cloud) => [...CLOUD_SOURCES[cloud].events, CLOUD_SOURCES[cloud].sweep]);
  const [heard, ...rows] = await Promise.all([
    heardOf(makeDynamoSourceLog(resources)),
    ...sources.map((source) => ledger.list(source, options.account)),
  ]);
  const nowMs = Date.now();
  const controls = controlsOf(bundle?.manifest.policies ?? [], rows.flat(), heard, nativeTypesOf, nowMs);
  const found: Coverage = {
    asOf: instant(nowMs),
    heard,
    stale: staleSources(heard, nowMs),
    rows: rows.flat(),
    controls: options.account === undefined ? controls : controls.filter((c) => c.account === options.account),
  };
  const output = new Output();
  if (options.format === 'json') output.line(JSON.stringify(coverageJson(found), null, 2));
  else output.write(coverageTable(found, { paint: style(process.stdout), width: terminalWidth() }, nowMs));
  output.flush();
  return 0;
}

/** The native types that are resources of a kind in a cloud, in whatever dialect. */
export function nativeTypesOf(kind: string, cloud: SweptCloud): readonly string[] {
  const of = mappings.filter((m) => m.kind?.id === kind && m.cloud === cloud);
  return [...new Set(of.flatMap((m) => Object.values(m.parts[mainPart(m)]?.native ?? {}).flat()))];
}

/** `edict coverage --format json`: docs/findings-json.md. */
export const coverageJson = ({ asOf, heard, stale, rows, controls }: Coverage) => ({
  version: 1,
  as_of: asOf,
  complete: stale.length === 0 && heard.length > 0,
  stale,
  sources: heard.map((h) => ({
    source: h.source,
    account: h.account,
    lastSeenAt: h.lastSeenAt === '' ? null : h.lastSeenAt,
    lastSweptAt: h.lastSweptAt ?? null,
    lastWholeAt: h.lastWholeAt ?? null,
    lastDeniedAt: h.lastDeniedAt ?? null,
  })),
  types: rows.map((r) => ({
    source: r.source,
    account: r.account,
    type: r.type,
    lastEventAt: r.lastEventAt ?? null,
    lagMs: r.lagMs ?? null,
    lastSweptAt: r.lastSweptAt ?? null,
    whole: r.whole ?? null,
    observed: r.listed ?? null,
    expected: r.held ?? null,
    missedEvents: r.missed ?? null,
    deniedAt: r.deniedAt ?? null,
  })),
  controls,
});

/** For people: what is stale first, then what is seen of each account, then the controls that nobody can answer for. */
export function coverageTable(found: Coverage, shown: TableStyle, nowMs: number): string {
  const { paint, width } = shown;
  const { heard, stale, rows, controls } = found;
  if (heard.length === 0) return 'Nothing was heard of any account yet.\n';
  const lines: string[] = [];
  const say = (text: string, indent = ''): void => {
    const folded = width === undefined ? [text] : wrap(text, width - 4);
    lines.push(...folded.map((line, i) => `${i === 0 ? indent : '    '}${line}`));
  };
  if (stale.length === 0) say(paint('green', 'Every source was listed in full within its promise.'));
  for (const s of stale) say(paint('yellow', staleText(s)));

  const when = (at: string | undefined): string => (at === undefined || at === '' ? '-' : `${ago(at, nowMs)} ago`);
  const figure = (n: number | undefined): string => (n === undefined ? '-' : String(n));
  const columns: readonly Column<CoverageRow>[] = [
    { title: 'SOURCE', of: (r) => r.source },
    { title: 'ACCOUNT', of: (r) => plain(r.account) },
    { title: 'TYPE', of: (r) => plain(r.type), shows: 'end' },
    { title: 'LAST EVENT', of: (r) => when(r.lastEventAt) },
    { title: 'LAG', of: (r) => (r.lagMs === undefined ? '-' : `${(r.lagMs / 1000).toFixed(1)} s`) },
    { title: 'LAST SWEEP', of: (r) => `${when(r.lastSweptAt)}${r.whole === false ? ' (in part)' : ''}` },
    { title: 'OBSERVED', of: (r) => figure(r.listed) },
    { title: 'EXPECTED', of: (r) => figure(r.held) },
    { title: 'MISSED', of: (r) => figure(r.missed) },
    { title: 'REFUSED', of: (r) => when(r.deniedAt) },
  ];
  const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  if (rows.length > 0) lines.push('', tableOf(sorted, columns, { ...shown, foldAt: 3 }).trimEnd());

  const of = (status: Control['status']): readonly Control[] => controls.filter((c) => c.status === status);
  const unknown = of('unknown');
  lines.push('');
  say(
    `${count(controls.length, 'control')} (a policy in an account): ${of('judged').length} judged, ${of('told').length} judged as far as events told, ${of('nothing').length} with nothing to judge, ${unknown.length} unknown`,
  );
  for (const [account, some] of Map.groupBy(unknown, (c) => `${c.cloud} ${plain(c.account)}`)) {
    const [first] = some;
    const since = first?.since === null || first === undefined ? 'from the beginning' : `since ${first.since}`;
    say(`${paint('yellow', 'unknown')} ${since}: ${account}: ${some.map((c) => c.policy).join(', ')}`, '  ');
  }
  return `${lines.join('\n')}\n`;
}

const keyOf = (r: CoverageRow): string => `${r.account} ${r.type} ${r.source}`;
