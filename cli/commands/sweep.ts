/** `edict sweep`: takes the inventory of every cloud now, and sums up what is open. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { AppError } from '../../shared/model/errors.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { SEVERITIES } from '../../shared/model/verdict.ts';
import type { FindingQueries } from '../../shared/ports/finding-store.ts';
import { coverageOfAnswer, sayAnswer } from '../findings/coverage.ts';
import { SEVERITY_FORMAT, type Format } from '../findings/words.ts';
import { quiet } from '../stack/quiet.ts';
import { findStack, type StackOptions } from '../stack/stack.ts';
import { startSweep, type SweepTold } from '../stack/sweep-run.ts';
import { count, Output, Progress, style } from '../terminal.ts';
import { findingQueries } from './findings.ts';

/** As commander gives them. */
export interface SweepOptions extends StackOptions {
  readonly wait?: string;
}

const DEFAULT_WAIT_SECONDS = 300;
const PAGE = 500;
/** What the local stack has a stand-in for: the local AWS lacks Config's queries, and nobody plays Google's inventory. */
const LOCAL_SOURCES = ['azure.sweep'];

export async function sweep(options: SweepOptions): Promise<number> {
  const seconds = Number(options.wait ?? DEFAULT_WAIT_SECONDS);
  if (!(seconds >= 0))
    throw new AppError('INPUT_INVALID', `--wait cannot be "${options.wait}"; it is a number of seconds`);
  const stack = await findStack(options);
  const run = await startSweep(stack, stack.local === undefined ? {} : { sources: LOCAL_SOURCES });
  const output = new Output();
  const where = stack.local === undefined ? 'every configured cloud' : 'Azure (the local stack has no other inventory)';
  output.line(`Taking the inventory of ${where}, in ${stack.title}.`);
  output.line(`It is the execution ${run.executionArn}.`);
  output.flush();
  if (seconds === 0) return 0;

  const until = Date.now() + seconds * 1000;
  const lookMs = stack.local === undefined ? 5000 : 200;
  const progress = new Progress();
  const told = await run.ended(until, lookMs, (text) => progress.say(() => text)).finally(() => progress.clear());
  const queues = [stack.output('ChangesQueueUrl'), stack.output('ReJudgeQueueUrl')];
  const patienceMs = Math.max(0, until - Date.now());
  const done = told !== undefined && (await quiet(new SQSClient(stack.aws), queues, { patienceMs, lookMs }));
  const nowMs = Date.now();
  output.write((told ?? []).map(listed).join(''));
  output.write(digest(await allOpen(findingQueries(stack)), style(process.stdout)));
  if (!done)
    output.line(
      `It is not finished after ${seconds} seconds and goes on by itself; what it finds appears in "edict findings".`,
    );
  output.line('What a first sweep finds is published as one event, FindingsBaselined.v1, once it is judged;');
  output.line('what no event had told, and what is gone, as SourceReconciled.v1.');
  output.flush();
  sayAnswer('table', {}, await coverageOfAnswer(stack, {}, nowMs), nowMs);
  if (told === undefined) return 0;
  return told.length > 0 && told.every(({ scopes }) => scopes.swept === sum(scopes)) ? 0 : 1;
}

const sum = (of: { readonly [name: string]: number }): number => Object.values(of).reduce((a, b) => a + b, 0);

/** What a source listed, and what no event of it had told. */
export function listed({ source, scopes, listed: resources, missedEvents }: SweepTold[number]): string {
  const parts = [`${scopes.swept} of ${count(sum(scopes), 'scope')} listed in full`];
  if (scopes.partial > 0) parts.push(`${scopes.partial} in part`);
  if (scopes.notSeen > 0) parts.push(`${scopes.notSeen} not at all (docs/runbook.md#sweep-failed)`);
  return `${source}: ${parts.join(', ')}: ${count(resources, 'resource')}; missed by events: ${sum(missedEvents)}\n`;
}

async function allOpen(queries: FindingQueries): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  let next: string | undefined;
  do {
    const page = await queries.list({ status: 'open' }, { limit: PAGE, ...(next === undefined ? {} : { next }) });
    found.push(...page.items);
    next = page.next;
  } while (next !== undefined);
  return found;
}

/** What is open, by severity and cloud. */
export function digest(open: readonly Finding[], paint: (format: Format, text: string) => string): string {
  if (open.length === 0) return 'Nothing is open.\n';
  const resources = new Set(open.map((f) => f.resource.id)).size;
  const lines = [`${count(open.length, 'open finding')} on ${count(resources, 'resource')}:`];
  for (const severity of SEVERITIES) {
    const of = open.filter((f) => f.severity === severity);
    if (of.length === 0) continue;
    const clouds = [...Map.groupBy(of, (f) => f.resource.cloud)].map(([cloud, some]) => `${some.length} ${cloud}`);
    const undecided = of.filter((f) => f.verdict === 'unknown').length;
    const note = undecided === 0 ? '' : `, ${undecided} of them undecided`;
    lines.push(
      `  ${paint(SEVERITY_FORMAT[severity], severity.padEnd(8))}  ${String(of.length).padStart(5)}  (${clouds.join(', ')}${note})`,
    );
  }
  return `${lines.join('\n')}\n`;
}
