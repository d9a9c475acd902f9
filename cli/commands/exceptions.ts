/** `edict except` and `edict exceptions`: what is permitted to stand, by whom, and until when. */
import { writeFileSync } from 'node:fs';
import { makeDynamoExceptionStore } from '../../shared/adapters/dynamodb/exception-store.ts';
import { makeDynamoResourceStore } from '../../shared/adapters/dynamodb/resource-store.ts';
import { instant } from '../../shared/model/change.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Exception, ExceptionSelector, ExceptionsFile } from '../../shared/model/exception.ts';
import {
  approveRequest,
  askForException,
  type RequestDeps,
  type RequestScope,
  revokeRequest,
} from '../../shared/pipeline/exception-requests.ts';
import { untilOf } from '../../shared/pipeline/exceptions.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { coverageOfAnswer, sayAnswer } from '../findings/coverage.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { type Column, tableOf, type TableStyle } from '../table.ts';
import { count, Output, plain, style, terminalWidth } from '../terminal.ts';
import { identityOn } from './approvals.ts';
import { findByPrefix } from './finding.ts';
import { findingQueries } from './findings.ts';
import { policyStore } from './release.ts';

type Format = 'table' | 'json';

/** As commander gives them. */
export interface ExceptOptions extends StackOptions {
  readonly reason: string;
  readonly ticket: string;
  readonly owner: string;
  readonly expires: string;
  readonly compensatedBy?: string;
  readonly as?: string;
  readonly policy?: string;
  readonly cloud?: string;
  readonly account?: string;
  readonly inRegion?: string;
  readonly environment?: string;
  readonly resourceOwner?: string;
  readonly tag?: string;
  readonly cap?: string;
  readonly format: Format;
}
export interface ExceptionOptions extends StackOptions {
  readonly as?: string;
  readonly because?: string;
  readonly format: Format;
}
export interface ExceptionsListOptions extends StackOptions {
  readonly state?: string;
  readonly format: Format;
}
export interface ExportOptions extends StackOptions {
  readonly out?: string;
}

/** What an exception is now: as it was decided, and whether it is over. */
export const SHOWN_STATES = ['requested', 'active', 'expired', 'revoked'] as const;
type ShownState = (typeof SHOWN_STATES)[number];

const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);

/** What asking and deciding need of a stack. */
export function exceptionDeps(stack: Stack): RequestDeps {
  const client = stack.documents();
  const policies = policyStore(stack);
  let active: Promise<readonly BundledPolicy[]> | undefined;
  const load = async (): Promise<readonly BundledPolicy[]> => {
    const activation = await policies.active();
    if (activation === undefined) throw refuse(`Nothing was ever released to ${stack.title}: "edict release"`);
    return (await policies.bundle(activation.bundle))?.manifest.policies ?? [];
  };
  return {
    exceptions: makeDynamoExceptionStore({ client, name: stack.output('PoliciesTable') }),
    resources: makeDynamoResourceStore({ client, name: stack.output('ResourcesTable') }),
    findings: findingQueries(stack),
    policy: async (id) => (await (active ??= load())).find((p) => p.id === id),
    clock: Date,
  };
}

/** Asks for an exception to one finding, or to those that are selected. */
export async function except(finding: string | undefined, options: ExceptOptions): Promise<number> {
  const nowMs = Date.now();
  const expiresAt = readEnd(options.expires, nowMs);
  const selector = selectorOf(options);
  const stack = await findStack(options);
  const by = await identityOn(stack, options.as);
  const scope = await scopeOf(stack, finding, selector, options);
  const { reason, ticket, owner, compensatedBy } = options;
  const exception = await askForException(exceptionDeps(stack), scope, {
    reason,
    ticket,
    owner,
    expiresAt,
    by,
    ...(compensatedBy === undefined ? {} : { compensatedBy }),
  });
  show(
    exception,
    options.format,
    nowMs,
    `Asked for. It permits nothing until somebody else approves it:
  npx edict exceptions approve ${exception.id}${stack.local === undefined ? '' : ' --as <who>'}`,
  );
  return 0;
}

async function scopeOf(
  stack: Stack,
  finding: string | undefined,
  selector: ExceptionSelector | undefined,
  { policy, cap }: ExceptOptions,
): Promise<RequestScope> {
  if (finding !== undefined) {
    if (selector !== undefined || policy !== undefined)
      throw refuse('Name a finding, or select findings by --policy and what else they have in common: not both');
    return { is: 'resource', finding: await findByPrefix(findingQueries(stack), finding.toLowerCase()) };
  }
  if (policy === undefined || selector === undefined)
    throw refuse('Which findings? Name one by its id, or give --policy and one of --account, --environment, --tag …');
  const most = Number(cap ?? 10);
  if (!Number.isInteger(most) || most < 1 || most > 50)
    throw refuse(`--cap cannot be "${cap}"; it is how many findings it may cover, from 1 to 50`);
  return { is: 'selector', policy, selector, cap: most };
}

function selectorOf(options: ExceptOptions): ExceptionSelector | undefined {
  const { cloud, account, inRegion: region, environment, resourceOwner: owner, tag } = options;
  const equals = tag?.indexOf('=') ?? -1;
  if (tag !== undefined && equals <= 0) throw refuse(`--tag: "${tag}" is not key=value`);
  const given = {
    cloud,
    account,
    region,
    environment,
    owner,
    tag: tag === undefined ? undefined : { key: tag.slice(0, equals), value: tag.slice(equals + 1) },
  };
  const selector = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.keys(selector).length === 0 ? undefined : selector;
}

/** `2026-12-31` (its beginning, UTC), an instant, or in how many days: `30d`. Throws `INPUT_INVALID`. */
export function readEnd(text: string, nowMs: number): string {
  const days = /^(\d{1,3})d$/.exec(text);
  const ms =
    days === null
      ? /^\d{4}-\d{2}-\d{2}/.test(text)
        ? Date.parse(text)
        : Number.NaN
      : nowMs + Number(days[1]) * 86_400_000;
  if (Number.isNaN(ms))
    throw refuse(`--expires cannot be "${text}"; it is a date (2026-12-31), an instant, or in how many days (30d)`);
  return new Date(ms).toISOString();
}

export async function approveOne(id: string, options: ExceptionOptions): Promise<number> {
  const stack = await findStack(options);
  const approved = await approveRequest(exceptionDeps(stack), id, await identityOn(stack, options.as));
  show(approved, options.format, Date.now(), 'Approved. What it covers is judged again now.');
  return 0;
}

export async function revokeOne(id: string, options: ExceptionOptions): Promise<number> {
  const because = options.because ?? '';
  if (because.trim() === '') throw refuse('Why? --because <reason>');
  const stack = await findStack(options);
  const revoked = await revokeRequest(exceptionDeps(stack), id, await identityOn(stack, options.as), because);
  show(revoked, options.format, Date.now(), 'Revoked. What it covered is judged again now.');
  return 0;
}

export async function showOne(id: string, options: ExceptionOptions): Promise<number> {
  const exception = await exceptionDeps(await findStack(options)).exceptions.get(id);
  if (exception === undefined) throw refuse(`There is no exception ${id}: "edict exceptions list" lists them`);
  show(exception, options.format, Date.now());
  return 0;
}

export async function listExceptions(options: ExceptionsListOptions): Promise<number> {
  const { state } = options;
  if (state !== undefined && !SHOWN_STATES.some((s) => s === state))
    throw refuse(`--state cannot be "${state}"; it is one of ${SHOWN_STATES.join(', ')}`);
  const nowMs = Date.now();
  const stack = await findStack(options);
  const [all, coverage] = await Promise.all([
    exceptionDeps(stack).exceptions.list(),
    coverageOfAnswer(stack, {}, nowMs),
  ]);
  const chosen = all.filter((e) => state === undefined || shownState(e, nowMs) === state);
  const output = new Output();
  if (options.format === 'json') {
    const exceptions = chosen.map((e) => recordOf(e, nowMs));
    output.line(JSON.stringify({ version: 1, as_of: instant(nowMs), coverage, exceptions }, undefined, 2));
  } else output.write(exceptionsTable(chosen, nowMs, { paint: style(process.stdout), width: terminalWidth() }));
  output.flush();
  sayAnswer(options.format, {}, coverage, nowMs);
  return 0;
}

/** Writes what is approved for `edict check --exceptions`. */
export async function exportExceptions(options: ExportOptions): Promise<number> {
  const nowMs = Date.now();
  const all = await exceptionDeps(await findStack(options)).exceptions.list();
  const file: ExceptionsFile = {
    version: 1,
    exportedAt: new Date(nowMs).toISOString(),
    exceptions: all.filter((e) => shownState(e, nowMs) === 'active'),
  };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  if (options.out === undefined) {
    const output = new Output();
    output.write(text);
    output.flush();
  } else {
    writeFileSync(options.out, text);
    process.stderr.write(`${count(file.exceptions.length, 'exception')} in ${plain(options.out)}\n`);
  }
  return 0;
}

export function shownState(e: Exception, nowMs: number): ShownState {
  if (e.state === 'revoked') return 'revoked';
  if (untilOf(e, {}) * 1000 <= nowMs) return 'expired';
  return e.state === 'approved' ? 'active' : 'requested';
}

const recordOf = (e: Exception, nowMs: number) => ({ ...e, now: shownState(e, nowMs) });

const COLOUR: { readonly [S in ShownState]: Parameters<ReturnType<typeof style>>[0] } = {
  requested: 'yellow',
  active: 'cyan',
  expired: 'dim',
  revoked: 'dim',
};

/** One line an exception. */
export function exceptionsTable(exceptions: readonly Exception[], nowMs: number, shown: TableStyle): string {
  if (exceptions.length === 0) return 'No exceptions.\n';
  const format = (e: Exception) => COLOUR[shownState(e, nowMs)];
  const columns: readonly Column<Exception>[] = [
    { title: 'ID', of: (e) => e.id, isWhole: true },
    { title: 'STATE', of: (e) => shownState(e, nowMs) },
    { title: 'UNTIL (UTC)', of: (e) => e.expiresAt.slice(0, 16).replace('T', ' '), isWhole: true },
    { title: 'OWNER', of: (e) => plain(e.owner), widest: 24 },
    { title: 'COVERS', of: coveredBy, widest: 48, shows: 'end' },
    { title: 'POLICY', of: (e) => e.policy },
    { title: 'TICKET', of: (e) => plain(e.ticket), widest: 24 },
  ];
  const painted = columns.map((column) => ({ ...column, format }));
  return tableOf(exceptions, painted, { ...shown, foldAt: 4 });
}

const coveredBy = ({ covers }: Exception): string =>
  covers.length === 1 ? plain(covers[0]?.resource ?? '') : count(covers.length, 'finding');

function show(e: Exception, format: Format, nowMs: number, said?: string): void {
  const output = new Output();
  if (format === 'json') output.line(JSON.stringify({ version: 1, exception: recordOf(e, nowMs) }, undefined, 2));
  else output.write(`${exceptionDetail(e, nowMs)}${said === undefined ? '' : `\n${said}\n`}`);
  output.flush();
}

/** One exception in full: what whoever approves it approves. */
export function exceptionDetail(e: Exception, nowMs: number): string {
  const who = (by: { readonly who: string; readonly established: string }): string =>
    by.established === 'declared' ? `${by.who} (declared)` : by.who;
  const lines: string[] = [];
  const put = (label: string, text: string): void => void lines.push(`${label.padEnd(16)}${plain(text, 2000)}`);
  put('exception', e.id);
  put('state', shownState(e, nowMs));
  put('policy', e.policy);
  put('reason', `${e.reason} (${e.ticket})`);
  put('owner', e.owner);
  put('until', e.expiresAt);
  put('asked for', `${e.requestedAt} by ${who(e.requestedBy)}`);
  if (e.approvedBy !== undefined) put('approved', `${e.approvedAt} by ${who(e.approvedBy)}`);
  if (e.revokedBy !== undefined) put('revoked', `${e.revokedAt} by ${who(e.revokedBy)}: ${e.revokedBecause ?? ''}`);
  if (e.compensatedBy !== undefined) put('compensated by', `${e.compensatedBy}: it holds only while that is compliant`);
  if (e.scope.is === 'selector')
    put('selects', `${JSON.stringify(e.scope.selector)}, at most ${count(e.scope.cap, 'finding')}`);
  for (const [i, c] of e.covers.entries()) put(i === 0 ? 'covers' : '', `${c.finding.slice(0, 8)}  ${c.resource}`);
  put('', 'only while what decided is what it was when it was asked for');
  return `${lines.join('\n')}\n`;
}
