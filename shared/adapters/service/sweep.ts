import * as z from 'zod';
import { type Change, changeIdOf, instant, instantSchema } from '../../model/change.ts';
import type { FindingEvent } from '../../model/finding-event.ts';
import { isAppError } from '../../model/errors.ts';
import { SEGMENTS } from '../../model/tables.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import type { CoverageLedger } from '../../ports/coverage-ledger.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { FindingQueries } from '../../ports/finding-store.ts';
import type { SourceLog } from '../../ports/source-log.ts';
import type { SweptScope } from '../../ports/sweep-log.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import { baselineEvent, isSeen, sumUp } from './baseline-digest.ts';
import { coverageOf, reconciledEvents, sumUpRun } from './reconciled.ts';
import { findAbsent, isWalk, LIST_LAG_MS, markPage, type ReconcileDeps, WALK } from './reconcile.ts';

const sweepMark = z.strictObject({ id: z.string().min(1), baseline: z.boolean() });

/** Messages of the sweep queue. */
export const sweepMessageSchema = z.discriminatedUnion('job', [
  /** Sweep these sources, or all that are configured. */
  z.strictObject({ job: z.literal('sweep'), sources: z.array(z.string()).optional() }),
  /** Begin the run of this name. A step of its own: begun again, it is the same run. */
  z.strictObject({ job: z.literal('begin'), run: z.string().min(1), sources: z.array(z.string()).optional() }),
  /** One page of one scope. */
  z.strictObject({
    job: z.literal('page'),
    source: z.string().min(1),
    scope: z.string().min(1),
    sweep: sweepMark,
    next: z.string().min(1).optional(),
    /** Of every page but the first: when the list began, and whether something on a page so far could not be read. */
    began: instantSchema.optional(),
    partial: z.boolean().optional(),
  }),
  /** One page of the inventory, held against what the run listed. */
  z.strictObject({
    job: z.literal('walk'),
    sweep: sweepMark,
    segment: z
      .int()
      .min(0)
      .max(SEGMENTS - 1),
    next: z.string().min(1).optional(),
  }),
  /** Tell what a run found where none had been before, once all of that is swept and judged. `found` is -1 until then; `walked`: what is not there is looked for. */
  z.strictObject({
    job: z.literal('digest'),
    sweep: sweepMark,
    found: z.int(),
    looks: z.int(),
    walked: z.boolean().optional(),
  }),
]);
export type SweepMessage = z.infer<typeof sweepMessageSchema>;

export interface SweepDeps extends ReconcileDeps {
  readonly observe: (observation: Observation) => Promise<Observed>;
  readonly queue: JsonQueue<SweepMessage>;
  readonly sources: SourceLog;
  readonly ledger: CoverageLedger;
  readonly findings: FindingQueries;
  readonly bus: EventBus;
}

/** A digest is told once two looks, so far apart, see the same; or after so many looks, whatever they see. */
const LOOK_SECONDS = 60;
const MAX_LOOKS = 30;
/** While scopes are still being swept it is looked less and less often. SQS delays a message by no more than this. */
const MAX_LOOK_SECONDS = 900;
/**
 * A scope that did not get on for so long will not end in this run: its page is a dead letter (five deliveries, half an
 * hour apart), or was lost. A page that is throttled comes again every quarter of an hour at the latest, but gets on with
 * nothing: a provider that gives nothing for so long has not shown its scope either.
 */
const STALLED_MS = 3 * 3_600_000;

/** Does one message of a sweep. Throws what has to come again; a page that is denied is counted and ends its scope. */
export function makeSweep(deps: SweepDeps): (message: SweepMessage) => Promise<void> {
  return async (message) => {
    switch (message.job) {
      case 'sweep':
        return deps.queue.send([{ ...message, job: 'begin', run: `sweep-${instant(deps.nowMs())}` }]);
      case 'begin':
        return begin(deps, message);
      case 'page':
        return page(deps, message);
      case 'walk':
        return walk(deps, message);
      case 'digest':
        return digest(deps, message);
    }
  };
}

async function begin(deps: SweepDeps, message: Extract<SweepMessage, { job: 'begin' }>): Promise<void> {
  const { run, sources: wanted } = message;
  const scopes: Omit<SweptScope, 'at' | 'outcome'>[] = [];
  for (const { source, scopes: listed } of deps.inventories) {
    if (wanted !== undefined && !wanted.includes(source)) continue;
    const known = await deps.sources.list(source);
    const swept = new Set(known.filter((h) => h.lastSweptAt !== undefined).map((h) => h.account));
    scopes.push(...listed.map((scope) => ({ source, scope, baseline: !swept.has(scope) })));
  }
  await deps.runs.begin(run, scopes, instant(deps.nowMs()));
  if (scopes.length === 0) return;
  const baseline = scopes.some((scope) => scope.baseline);
  // The digest first: told twice it is the same event, and not told at all nobody would miss it.
  await deps.queue.send([{ job: 'digest', sweep: { id: run, baseline }, found: -1, looks: 0 }], {
    delaySeconds: LOOK_SECONDS,
  });
  await deps.queue.send(
    scopes.map(({ source, scope, baseline: first }) => ({
      job: 'page',
      source,
      scope,
      sweep: { id: run, baseline: first },
    })),
  );
}

async function page(deps: SweepDeps, message: Extract<SweepMessage, { job: 'page' }>): Promise<void> {
  const { source, scope, sweep } = message;
  const inventory = deps.inventories.find((i) => i.source === source);
  if (inventory === undefined) return;
  const got = await inventory.page(scope, message.next).catch((error: unknown) => {
    if (!isAppError(error, 'UPSTREAM_DENIED')) throw error;
    deps.count('SweepsDenied');
    deps.log('a page of a sweep was denied', error, { source, scope });
    return undefined;
  });
  const receivedAt = instant(deps.nowMs());
  if (got === undefined) {
    await deps.sources.denied(source, scope, receivedAt);
    return deps.runs.note(sweep.id, source, scope, receivedAt, { outcome: 'denied' });
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
  if (got.next !== undefined) {
    await deps.runs.note(sweep.id, source, scope, receivedAt);
    await deps.queue.send([{ ...message, next: got.next, began, partial }]);
    return;
  }
  await deps.sources.swept(source, scope, receivedAt, !partial);
  await deps.runs.note(sweep.id, source, scope, receivedAt, { outcome: partial ? 'partial' : 'swept', began });
}

/** One page of the inventory, in a chain for each segment. */
async function walk(deps: SweepDeps, message: Extract<SweepMessage, { job: 'walk' }>): Promise<void> {
  const { sweep, segment } = message;
  const next = await findAbsent(deps, sweep.id, segment, message.next);
  const at = instant(deps.nowMs());
  await deps.runs.note(sweep.id, WALK, String(segment), at, next === undefined ? { outcome: 'swept' } : undefined);
  if (next !== undefined) await deps.queue.send([{ ...message, next }]);
}

async function digest(deps: SweepDeps, message: Extract<SweepMessage, { job: 'digest' }>): Promise<void> {
  const { sweep, found, looks } = message;
  const lookAgain = (seen: number, after: number, walked = message.walked === true): Promise<void> => {
    const delaySeconds = seen < 0 ? Math.min(MAX_LOOK_SECONDS, LOOK_SECONDS * 2 ** after) : LOOK_SECONDS;
    return deps.queue.send([{ ...message, found: seen, looks: after, walked }], { delaySeconds });
  };
  const all = await deps.runs.scopes(sweep.id);
  const oldest = instant(deps.nowMs() - STALLED_MS);
  if (all.some(({ outcome, at }) => outcome === undefined && at > oldest)) return lookAgain(-1, looks + 1);
  // Everything is listed: only now can it be said what is not there.
  if (message.walked !== true && all.some(({ outcome }) => outcome === 'swept')) {
    const segments = Array.from({ length: SEGMENTS }, (_, segment) => segment);
    const chains = segments.map((segment) => ({ source: WALK, scope: String(segment), baseline: false }));
    await deps.runs.begin(sweep.id, chains, instant(deps.nowMs()));
    await deps.queue.send(segments.map((segment) => ({ job: 'walk', sweep, segment })));
    return lookAgain(-1, 0, true);
  }

  const scopes = all.filter((scope) => !isWalk(scope));
  const [sum, told] = [await sumUp(deps.findings, sweep.id), await sumUpRun(deps.runs, sweep.id)];
  const seen = sum.findings + told.repaired;
  if (found < 0) return lookAgain(seen, 0);
  if (seen !== found && looks < MAX_LOOKS) return lookAgain(seen, looks + 1);
  const time = instant(deps.nowMs());
  await sumUpRun(deps.runs, sweep.id, (counts) => deps.ledger.note(coverageOf(counts, scopes, time)));
  const events: FindingEvent[] = reconciledEvents(sweep.id, scopes, told, time);
  // Where a provider shows nothing there is no baseline: it is one the first time that it does.
  const first = scopes.filter(({ baseline }) => baseline);
  if (first.some(isSeen) || scopes.length === 0) events.push(baselineEvent(sweep.id, sum, first, time));
  await deps.bus.publish(events);
}
