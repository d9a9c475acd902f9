/** What an answer says of itself: as of when it is, and of what it knows nothing, or nothing any more. */
import { makeDynamoSourceLog } from '../../shared/adapters/dynamodb/source-log.ts';
import {
  CLOUD_SOURCES,
  type Heard,
  type StaleSource,
  staleAccount,
  staleSources,
  staleThen,
  type SweptCloud,
  SWEPT_CLOUDS,
} from '../../shared/model/coverage.ts';
import { instant } from '../../shared/model/change.ts';
import type { SourceLog } from '../../shared/ports/source-log.ts';
import type { Stack } from '../stack/stack.ts';
import { plain, style } from '../terminal.ts';

/** The JSON of it, in every answer. */
export interface CoverageRecord {
  /** Every source keeps its promise: what is not in the answer is not there. */
  readonly complete: boolean;
  /** Those that do not, and as of when the answer knows of them; null: never listed in full. */
  readonly stale: readonly StaleSource[];
}

/** Which accounts an answer speaks of. */
export interface Scope {
  readonly cloud?: string;
  readonly account?: string;
  /** The instant of the past of which it speaks: by what was seen then, and not before or after. */
  readonly asOf?: string;
}

const sourcesOf = (cloud: SweptCloud): readonly string[] => [
  ...CLOUD_SOURCES[cloud].events,
  CLOUD_SOURCES[cloud].sweep,
];
const ALL_SOURCES = SWEPT_CLOUDS.flatMap(sourcesOf);

/** Everything that was heard, of every source. */
export const heardOf = async (sources: SourceLog): Promise<readonly Heard[]> =>
  (await Promise.all(ALL_SOURCES.map((source) => sources.list(source)))).flat();

/** What stands in the way of an answer about these accounts. */
export function coverageRecord(heard: readonly Heard[], scope: Scope, nowMs: number): CoverageRecord {
  const { asOf } = scope;
  const clouds = SWEPT_CLOUDS.filter((cloud) => scope.cloud === undefined || scope.cloud === cloud);
  const all = asOf === undefined ? staleSources(heard, nowMs) : staleThen(heard, Date.parse(asOf));
  const { account } = scope;
  const of = (cloud: SweptCloud): readonly StaleSource[] => {
    if (account === undefined) return all.filter(({ source }) => sourcesOf(cloud).includes(source));
    // An account that this cloud never told of is another's.
    const isTheirs = heard.some((h) => h.account === account && sourcesOf(cloud).includes(h.source));
    const stale = isTheirs ? staleAccount(cloud, account, all, heard) : undefined;
    return stale === undefined ? [] : [stale];
  };
  const stale = clouds.flatMap(of);
  return { complete: stale.length === 0 && heard.length > 0, stale };
}

/** The coverage of an answer of this stack. */
export async function coverageOfAnswer(stack: Stack, scope: Scope, nowMs: number): Promise<CoverageRecord> {
  const sources = makeDynamoSourceLog({ client: stack.documents(), name: stack.output('ResourcesTable') });
  return coverageRecord(await heardOf(sources), scope, nowMs);
}

const WHY: { readonly [W in StaleSource['why']]: string } = {
  denied: 'refused',
  incomplete: 'not listed in full',
  silent: 'silent',
  never_listed: 'never listed in full',
};

/** `azure.sweep 0f2e…: refused, known as of 2026-11-24T02:17:00.000Z`. */
export const staleText = ({ source, account, since, why }: StaleSource): string =>
  `${source}${account === '*' ? '' : ` ${plain(account)}`}: ${WHY[why]}${since === null ? '' : `, known as of ${since}`}`;

const NAMED = 3;

/** One line beside the rows; undefined: nothing stands in the way. */
export function coverageLine({ complete, stale }: CoverageRecord): string | undefined {
  if (complete) return undefined;
  if (stale.length === 0) return 'Nothing was heard of any account yet: no finding is no good news.';
  const named = stale.slice(0, NAMED).map(staleText).join('; ');
  const rest = stale.length - NAMED;
  return `Not complete: ${named}${rest > 0 ? `; and ${rest} more` : ''}. See: npx edict coverage`;
}

/** The last lines of an answer to people: as of when it is, and what stands in the way of it. `asked`: the past that it speaks of. */
export function answerLines(
  asked: { readonly asOf?: string; readonly knownAt?: string },
  coverage: CoverageRecord,
  nowMs: number,
  paint: ReturnType<typeof style>,
): string {
  const { asOf = instant(nowMs), knownAt } = asked;
  const known = knownAt === undefined ? '' : `, by what was known at ${knownAt}`;
  const line = coverageLine(coverage);
  if (line === undefined) return `${paint('dim', `as of ${asOf}${known}; every source keeps its promise`)}\n`;
  return `${paint('dim', `as of ${asOf}${known}`)}\n${paint('yellow', line)}\n`;
}

/** Says them: under what people read, and beside rows that a program reads. In JSON they are fields. */
export function sayAnswer(
  format: 'table' | 'csv' | 'json',
  asked: Parameters<typeof answerLines>[0],
  coverage: CoverageRecord,
  nowMs: number,
): void {
  if (format === 'json') return;
  const stream = format === 'csv' ? process.stderr : process.stdout;
  stream.write(answerLines(asked, coverage, nowMs, style(stream)));
}
