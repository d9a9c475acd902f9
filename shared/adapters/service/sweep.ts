import * as z from 'zod';
import { type Change, changeIdOf, instant, instantSchema } from '../../model/change.ts';
import type { FindingEvent, ReconciledEvent } from '../../model/finding-event.ts';
import { AppError, isAppError } from '../../model/errors.ts';
import { SEGMENTS } from '../../model/tables.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import type { CoverageLedger } from '../../ports/coverage-ledger.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { FindingQueries } from '../../ports/finding-store.ts';
import type { SourceLog } from '../../ports/source-log.ts';
import type { SweptScope } from '../../ports/sweep-log.ts';
import { baselineEvent, isSeen, sumUp } from './baseline-digest.ts';
import { coverageOf, reconciledEvents, sumUpRun } from './reconciled.ts';
import { findAbsent, LIST_LAG_MS, markPage, type ReconcileDeps } from './reconcile.ts';

const sweepMark = z.strictObject({ id: z.string().min(1), baseline: z.boolean() });

/** One page of one scope. */
const pageStep = z.strictObject({
  job: z.literal('page'),
  source: z.string().min(1),
  scope: z.string().min(1),
  sweep: sweepMark,
  next: z.string().min(1).optional(),
  /** Of every page but the first: when the list began, and whether something on a page so far could not be read. */
  began: instantSchema.optional(),
  partial: z.boolean().optional(),
});
/** One page of the inventory, held against what the run listed. */
const walkStep = z.strictObject({
  job: z.literal('walk'),
  sweep: sweepMark,
  segment: z
    .int()
    .min(0)
    .max(SEGMENTS - 1),
  next: z.string().min(1).optional(),
});
/** Tell what a run found where none had been before, once all of that is judged. `found`: by the last look; -1 before the first. */
const digestStep = z.strictObject({ job: z.literal('digest'), sweep: sweepMark, found: z.int(), looks: z.int() });

/** What the state machine of a sweep asks for (docs/adr/0025-sweep-machine.md). */
export const sweepStepSchema = z.discriminatedUnion('job', [
  /** Begin a run of these sources, or of all that are configured. Named after when the machine started: begun again, it is the same run. */
  z.strictObject({
    job: z.literal('begin'),
    startedAt: z.string().max(64),
    /** The input of the execution; the console puts a comment of its own into it. */
    asked: z.object({ sources: z.array(z.string().max(64)).max(16).optional() }),
  }),
  pageStep,
  walkStep,
  digestStep,
  /** A step failed every time: it is counted, and the others go on. */
  z.strictObject({
    job: z.literal('give_up'),
    of: z.discriminatedUnion('job', [pageStep, walkStep, digestStep]),
    why: z.string().max(1024),
  }),
]);
export type SweepStep = z.infer<typeof sweepStepSchema>;
type Step<J extends SweepStep['job']> = Extract<SweepStep, { readonly job: J }>;

/** What follows a step: another one after so many seconds, or nothing. */
export interface SweepNext {
  readonly again?: Step<'page' | 'walk' | 'digest'>;
  readonly waitSeconds: number;
  /** With the last step of a run: what was told of each source. The output of the machine, for whoever waits for it. */
  readonly told?: readonly Pick<
    ReconciledEvent['detail']['edict'],
    'sweep' | 'source' | 'scopes' | 'listed' | 'missedEvents'
  >[];
}
/** A run that has begun: its scopes are listed side by side, then the inventory is walked side by side, then it is summed up. */
export interface SweepBegun {
  readonly scopes: readonly SweepNext[];
  readonly walks: readonly SweepNext[];
  readonly digest: SweepNext;
}

export interface SweepDeps extends ReconcileDeps {
  readonly observe: (observation: Observation) => Promise<Observed>;
  readonly sources: SourceLog;
  readonly ledger: CoverageLedger;
  readonly findings: FindingQueries;
  readonly bus: EventBus;
}

/** A digest is told once two looks, so far apart, see the same; or after so many looks, whatever they see. */
const LOOK_SECONDS = 60;
const MAX_LOOKS = 30;
/** No step is begun with less time than this left: the slowest page of a provider, with its retries. */
const RESERVE_MS = 120_000;
/** How long a page waits whose provider does not say: Google's client does not hand its hint on. And the longest that is waited. */
const UNTOLD_MS = 60_000;
const MAX_WAIT_SECONDS = 900;
const DONE: SweepNext = { waitSeconds: 0 };
const at = (again: NonNullable<SweepNext['again']>, waitSeconds = 0): SweepNext => ({ again, waitSeconds });

/**
 * Does a step of a sweep, and those that follow it at once for as long as there is time: one page of each is held at a time.
 * Throws what has to be tried again; a page that is denied is counted and ends its scope, one that is throttled waits as
 * long as the provider asks.
 */
export function makeSweep(
  deps: SweepDeps,
): (step: SweepStep, remainingMs?: () => number) => Promise<SweepNext | SweepBegun> {
  return async (step, remainingMs = () => 0) => {
    if (step.job === 'begin') return begin(deps, step);
    if (step.job === 'give_up') return giveUp(deps, step);
    let next = await one(deps, step);
    while (next.again !== undefined && next.waitSeconds === 0 && remainingMs() > RESERVE_MS) {
      const { again } = next;
      try {
        next = await one(deps, again);
      } catch (error) {
        // What was done is kept; this one is tried by itself.
        deps.log('a step of a sweep failed', error, { job: again.job });
        return at(again);
      }
    }
    return next;
  };
}

async function one(deps: SweepDeps, step: Step<'page' | 'walk' | 'digest'>): Promise<SweepNext> {
  try {
    if (step.job === 'page') return await page(deps, step);
    return step.job === 'walk' ? await walk(deps, step) : await digest(deps, step);
  } catch (error) {
    if (!isAppError(error, 'UPSTREAM_THROTTLED')) throw error;
    deps.log('a step of a sweep was throttled', error, { job: step.job });
    const { retryAfterMs } = error.details;
    const waitMs = typeof retryAfterMs === 'number' ? retryAfterMs : UNTOLD_MS;
    return at(step, Math.min(MAX_WAIT_SECONDS, Math.max(1, Math.ceil(waitMs / 1000))));
  }
}

/** A scope that was given up has no outcome: nothing is taken for gone by it, and the digest says that it is not finished. */
async function giveUp(deps: SweepDeps, { of, why }: Step<'give_up'>): Promise<SweepNext> {
  const what = of.job === 'page' ? { source: of.source, scope: of.scope } : {};
  // A scope is counted by the digest, which sees that it has no outcome, however it was lost.
  if (of.job !== 'page') deps.count('SweepsGivenUp');
  deps.log('a step of a sweep failed every time, and is given up', undefined, { job: of.job, why, ...what });
  return Promise.resolve(DONE);
}

async function begin(deps: SweepDeps, { startedAt, asked }: Step<'begin'>): Promise<SweepBegun> {
  const scopes: Omit<SweptScope, 'outcome'>[] = [];
  for (const { source, scopes: listed } of deps.inventories) {
    if (asked.sources !== undefined && !asked.sources.includes(source)) continue;
    const heard = await deps.sources.list(source);
    const swept = new Set(heard.filter((h) => h.lastSweptAt !== undefined).map((h) => h.account));
    scopes.push(...listed.map((scope) => ({ source, scope, baseline: !swept.has(scope) })));
  }
  const known = new Set(deps.inventories.map(({ source }) => source));
  const stranger = asked.sources?.find((source) => !known.has(source));
  if (stranger !== undefined)
    throw new AppError('INPUT_INVALID', `there is no source ${stranger}; there are ${[...known].join(', ')}`);
  const id = `sweep-${instant(Date.parse(startedAt))}`;
  const now = instant(deps.nowMs());
  await deps.runs.begin(id, scopes, now);
  const sweep = { id, baseline: scopes.some((scope) => scope.baseline) };
  if (sweep.baseline) await deps.runs.owe(id, now);
  return {
    scopes: scopes.map(({ source, scope, baseline }) => at({ job: 'page', source, scope, sweep: { id, baseline } })),
    walks: Array.from({ length: SEGMENTS }, (_, segment) => at({ job: 'walk', sweep, segment })),
    digest: scopes.length === 0 ? DONE : at({ job: 'digest', sweep, found: -1, looks: 0 }, LOOK_SECONDS),
  };
}

async function page(deps: SweepDeps, message: Step<'page'>): Promise<SweepNext> {
  const { source, scope, sweep } = message;
  const inventory = deps.inventories.find((i) => i.source === source);
  if (inventory === undefined) return DONE;
  const got = await inventory.page(scope, message.next).catch((error: unknown) => {
    if (!isAppError(error, 'UPSTREAM_DENIED')) throw error;
    deps.count('SweepsDenied');
    deps.log('a page of a sweep was denied', error, { source, scope });
    return undefined;
  });
  const receivedAt = instant(deps.nowMs());
  if (got === undefined) {
    await deps.sources.denied(source, scope, receivedAt);
    await deps.runs.end(sweep.id, source, scope, { outcome: 'denied' });
    return DONE;
  }

  const began = message.began ?? instant(Date.parse(got.readKey) - LIST_LAG_MS);
  // Marked first: whatever becomes of it on its way, it was listed.
  const { marked, whole } = await markPage(deps, { run: sweep.id, source, scope, began }, got);
  let partial = message.partial === true || !whole;
  const changes: Change[] = [];
  for (const { content, absentAt } of marked) {
    const mark = absentAt === undefined ? sweep : { ...sweep, absentAt };
    const common = { source, origin: 'sweep', receivedAt, readKey: got.readKey, sweep: mark } as const;
    if (content.is === 'notice') {
      const change = { ...common, content };
      changes.push({ type: 'change', version: 1, changeId: changeIdOf(change), ...change });
    } else if (content.is === 'document') {
      const { form, document, read } = content;
      const observed = await deps.observe({ ...common, form, document, ...(read === undefined ? {} : { read }) });
      changes.push(...observed.changes);
      partial ||= observed.outcomes.some(({ outcome }) => outcome === 'quarantined');
    }
  }
  await deps.send(changes);
  deps.count('ResourcesSwept', got.contents.length);
  if (got.next !== undefined) return at({ ...message, next: got.next, began, partial });
  await deps.sources.swept(source, scope, receivedAt, !partial);
  await deps.runs.end(sweep.id, source, scope, { outcome: partial ? 'partial' : 'swept', began });
  return DONE;
}

/** One page of a segment of the inventory. Where no list is whole nothing can be said to be gone. */
async function walk(deps: SweepDeps, step: Step<'walk'>): Promise<SweepNext> {
  const scopes = await deps.runs.scopes(step.sweep.id);
  if (!scopes.some(({ outcome }) => outcome === 'swept')) return DONE;
  const next = await findAbsent(deps, { run: step.sweep.id, scopes }, step.segment, step.next);
  return next === undefined ? DONE : at({ ...step, next });
}

async function digest(deps: SweepDeps, step: Step<'digest'>): Promise<SweepNext> {
  const { sweep, found, looks } = step;
  // Of a run that never came to this, nobody has told what it found first.
  const owed = await deps.runs.owed();
  const [sum, told] = [await sumUp(deps.findings, owed), await sumUpRun(deps.runs, sweep.id)];
  const seen = sum.findings + told.repaired;
  if (seen !== found && looks < MAX_LOOKS) return at({ ...step, found: seen, looks: looks + 1 }, LOOK_SECONDS);
  const scopes = await deps.runs.scopes(sweep.id);
  const lost = scopes.filter(({ outcome }) => outcome === undefined).length;
  if (lost > 0) deps.count('SweepsGivenUp', lost);
  const time = instant(deps.nowMs());
  await sumUpRun(deps.runs, sweep.id, (counts) => deps.ledger.note(coverageOf(counts, scopes, time)));
  const reconciled = reconciledEvents(sweep.id, scopes, told, time);
  const events: FindingEvent[] = [...reconciled];
  const first = await baselineScopes(deps, owed, scopes);
  // Where a provider shows nothing there is no baseline: it is one the first time that it does.
  const isTold = first.some(isSeen);
  if (isTold) events.push(baselineEvent(sweep.id, sum, first, time));
  await deps.bus.publish(events);
  if (isTold) for (const run of owed) await deps.runs.settle(run, time);
  const bySource = reconciled.map(({ detail: { edict: of } }) => ({
    sweep: of.sweep,
    source: of.source,
    scopes: of.scopes,
    listed: of.listed,
    missedEvents: of.missedEvents,
  }));
  return { ...DONE, told: bySource };
}

/** The scopes of this run that are listed for the first time by it, or were by one whose digest is still to come. */
async function baselineScopes(
  deps: SweepDeps,
  owed: readonly string[],
  scopes: readonly SweptScope[],
): Promise<readonly SweptScope[]> {
  const first = new Set<string>();
  for (const run of owed)
    for (const { source, scope, baseline } of await deps.runs.scopes(run))
      if (baseline) first.add(`${source} ${scope}`);
  return scopes.filter(({ source, scope }) => first.has(`${source} ${scope}`));
}
