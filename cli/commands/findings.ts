/** `edict findings`: what is open, and what was. */
import { instant } from '../../shared/model/change.ts';
import { CLOUDS } from '../../shared/model/cloud.ts';
import { AppError } from '../../shared/model/errors.ts';
import { type Finding, type FindingFilter } from '../../shared/model/finding.ts';
import { SEVERITIES, type Severity } from '../../shared/model/verdict.ts';
import type { FindingQueries } from '../../shared/ports/finding-store.ts';
import { makeDynamoFindingStore } from '../../shared/adapters/dynamodb/finding-store.ts';
import { coverageOfAnswer, sayAnswer } from '../findings/coverage.ts';
import { csvHeader, csvRow } from '../findings/csv.ts';
import { findingRecord, type FindingsPage } from '../findings/record.ts';
import { findingsFooter, findingsTable } from '../findings/table.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { Output, style, terminalWidth } from '../terminal.ts';

/** As commander gives them. */
export interface FindingsOptions extends StackOptions {
  readonly severity?: readonly string[];
  readonly status?: string;
  readonly cloud?: string;
  readonly account?: string;
  readonly policy?: string;
  readonly resource?: string;
  readonly since?: string;
  readonly owner?: string;
  readonly asOf?: string;
  readonly knownAt?: string;
  readonly shadow?: boolean;
  readonly limit?: string;
  readonly next?: string;
  readonly format: 'table' | 'json' | 'csv';
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;

/** The findings of a stack. */
export const findingQueries = (stack: Stack): FindingQueries =>
  makeDynamoFindingStore({ client: stack.documents(), name: stack.output('FindingsTable') });

export async function findings(options: FindingsOptions): Promise<number> {
  const nowMs = Date.now();
  const filter = readFilter(options, nowMs);
  const limit = readLimit(options.limit);
  const stack = await findStack(options);
  const queries = findingQueries(stack);
  const [{ items, next }, coverage] = await Promise.all([
    listUpTo(queries, filter, limit, options.next),
    coverageOfAnswer(stack, filter, nowMs),
  ]);

  const output = new Output();
  switch (options.format) {
    case 'json': {
      const page: FindingsPage = {
        version: 1,
        as_of: filter.asOf ?? instant(nowMs),
        coverage,
        findings: items.map(findingRecord),
        next: next ?? null,
      };
      output.line(JSON.stringify(page, null, 2));
      break;
    }
    case 'csv':
      output.write(csvHeader());
      for (const finding of items) output.write(csvRow(finding));
      break;
    case 'table':
      output.write(
        findingsTable(items, {
          paint: style(process.stdout),
          width: terminalWidth(),
          nowMs,
        }),
      );
      break;
  }
  output.flush();
  if (options.format !== 'json' && (items.length > 0 || next !== undefined)) {
    // Beside the rows, so that a pipe gets rows alone.
    const say = findingsFooter(items.length, next, 'add');
    process.stderr.write(`${style(process.stderr)('dim', say)}\n`);
  }
  sayAnswer(options.format, filter, coverage, nowMs);
  return 0;
}

/** As many as were asked for, however the store cuts its pages. */
export async function listUpTo(
  queries: FindingQueries,
  filter: FindingFilter,
  limit: number,
  from: string | undefined,
): Promise<{ readonly items: readonly Finding[]; readonly next: string | undefined }> {
  const items: Finding[] = [];
  let next = from;
  do {
    const page = await queries.list(filter, {
      limit: limit - items.length,
      ...(next === undefined ? {} : { next }),
    });
    items.push(...page.items);
    next = page.next;
  } while (next !== undefined && items.length < limit);
  return { items, next };
}

/** What each state means as a filter. `open` is everything that is not known to be all right, and may not stand. */
const STATES: { readonly [state: string]: FindingFilter } = {
  open: { status: 'open' },
  unknown: { status: 'open', verdict: ['unknown'] },
  error: { status: 'open', verdict: ['error'] },
  excepted: { status: 'excepted' },
  resolved: { status: 'resolved' },
  resource_deleted: { status: 'resolved', resolution: 'resource_deleted' },
  all: {},
};

/** The filter that the options mean. Throws `INPUT_INVALID`. Without `--status`: what is open. */
export function readFilter(options: Omit<FindingsOptions, 'format'>, nowMs: number): FindingFilter {
  const status = options.status ?? 'open';
  const stated = Object.hasOwn(STATES, status) ? STATES[status] : undefined;
  if (stated === undefined)
    throw refuse(`--status cannot be "${status}"; it is one of ${Object.keys(STATES).join(', ')}`);
  const severity = (options.severity ?? []).flatMap((text) => text.split(',')).map((text) => text.trim());
  for (const name of severity)
    if (!isOneOf(SEVERITIES, name))
      throw refuse(`--severity cannot be "${name}"; it is one or several of ${SEVERITIES.join(', ')}`);
  if (options.cloud !== undefined && !isOneOf(CLOUDS, options.cloud))
    throw refuse(`--cloud cannot be "${options.cloud}"; it is one of ${CLOUDS.join(', ')}`);
  if (options.knownAt !== undefined && options.asOf === undefined)
    throw refuse('--known-at says by what was known, and needs --as-of: as of when');
  return {
    ...stated,
    ...(severity.length === 0 ? {} : { severity: severity as Severity[] }),
    ...(options.cloud === undefined ? {} : { cloud: options.cloud }),
    ...(options.account === undefined ? {} : { account: options.account }),
    ...(options.policy === undefined ? {} : { policy: options.policy }),
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    ...(options.shadow === undefined ? {} : { shadow: options.shadow }),
    ...(options.since === undefined ? {} : { since: readTime('--since', options.since, nowMs) }),
    ...(options.asOf === undefined ? {} : { asOf: readTime('--as-of', options.asOf, nowMs) }),
    ...(options.knownAt === undefined ? {} : { knownAt: readTime('--known-at', options.knownAt, nowMs) }),
  };
}

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `2026-11-25`, an instant, or how long ago: `30m`, `24h`, `7d`. */
export function readTime(option: string, text: string, nowMs: number): string {
  const span = /^(\d{1,6})([mhd])$/.exec(text);
  if (span !== null) {
    const unit = UNITS_MS[span[2] as keyof typeof UNITS_MS];
    return new Date(nowMs - Number(span[1]) * unit).toISOString();
  }
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw refuse(`${option} cannot be "${text}"; it is a date (2026-11-25), an instant, or a span (30m, 24h, 7d)`);
  return new Date(ms).toISOString();
}

function readLimit(text: string | undefined): number {
  const limit = Number(text ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw refuse(`--limit cannot be "${text}"; it is a number from 1 to ${MAX_LIMIT} (the next page: --next)`);
  return limit;
}

const isOneOf = <T extends string>(words: readonly T[], text: string): text is T => words.includes(text as T);
const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);
