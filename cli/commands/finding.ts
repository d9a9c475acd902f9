/** `edict finding <id>`: one finding, its evidence and its history. */
import { instant } from '../../shared/model/change.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Finding } from '../../shared/model/finding.ts';
import type { FindingQueries } from '../../shared/ports/finding-store.ts';
import { readManifest } from '../bundle.ts';
import { coverageOfAnswer, sayAnswer } from '../findings/coverage.ts';
import { findingDetail } from '../findings/detail.ts';
import { findingRecord, transitionRecord } from '../findings/record.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { Output, style } from '../terminal.ts';
import { findingQueries } from './findings.ts';

/** As commander gives them. */
export interface FindingOptions extends StackOptions {
  readonly format: 'table' | 'json';
}

/** As long as `findingId` makes them. */
const ID_LENGTH = 32;
const MIN_PREFIX = 4;
/** A beginning of an id is looked for in as many pages; whoever has more findings has the whole id. */
const MAX_PAGES = 100;
const PAGE = 1000;

export async function finding(id: string, options: FindingOptions): Promise<number> {
  const nowMs = Date.now();
  const stack = await findStack(options);
  const queries = findingQueries(stack);
  const found = await findByPrefix(queries, id.toLowerCase());
  const history = await queries.history(found.id);
  const { cloud, account } = found.resource;
  const coverage = await coverageOfAnswer(stack, { cloud, ...(account === undefined ? {} : { account }) }, nowMs);

  const output = new Output();
  if (options.format === 'json') {
    const body = {
      version: 1,
      as_of: instant(nowMs),
      coverage,
      finding: findingRecord(found),
      history: history.map(transitionRecord),
    };
    output.line(JSON.stringify(body, null, 2));
  } else {
    output.write(
      findingDetail(found, history, {
        paint: style(process.stdout),
        width: Math.max(60, Math.min(process.stdout.columns ?? 100, 120)),
        remediation: readManifest().policies.find((p) => p.id === found.policy)?.remediation,
      }),
    );
  }
  output.flush();
  sayAnswer(options.format, {}, coverage, nowMs);
  return 0;
}

/** The finding with this id, or the only one whose id begins so. Throws `INPUT_INVALID` for none and for several. */
export async function findByPrefix(queries: FindingQueries, id: string): Promise<Finding> {
  if (!/^[0-9a-z]+$/.test(id) || id.length < MIN_PREFIX || id.length > ID_LENGTH)
    throw refuse(
      `"${id}" is no finding's id: give its first characters (at least ${MIN_PREFIX}), as "edict findings" shows them`,
    );
  if (id.length === ID_LENGTH) {
    const found = await queries.find(id);
    if (found === undefined) throw refuse(`There is no finding ${id}`);
    return found;
  }
  const matching: Finding[] = [];
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const got = await queries.list({}, { limit: PAGE, ...(next === undefined ? {} : { next }) });
    matching.push(...got.items.filter((f) => f.id.startsWith(id)));
    next = got.next;
    if (next === undefined || matching.length > 1) break;
  }
  const [found] = matching;
  if (matching.length > 1)
    throw refuse(
      `${id} begins several ids: ${matching
        .slice(0, 5)
        .map((f) => f.id)
        .join(', ')}: give more of it`,
    );
  if (found === undefined) throw refuse(`No finding's id begins with ${id}: "edict findings --status all" lists them`);
  return found;
}

const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);
