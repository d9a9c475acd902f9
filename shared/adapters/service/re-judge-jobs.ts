import * as z from 'zod';
import { instant, type Rejudge } from '../../model/change.ts';
import { isAppError } from '../../model/errors.ts';
import { SEGMENTS } from '../../model/tables.ts';
import type { Page } from '../../model/finding.ts';
import { expiringEvent } from '../../pipeline/exceptions.ts';
import { isSettled } from '../../pipeline/active.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { ExceptionStore } from '../../ports/exception-store.ts';
import type { PolicyStore } from '../../ports/policy-store.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import type { DoorDeps } from '../http-auth/door.ts';

const page = {
  segment: z
    .int()
    .min(0)
    .max(SEGMENTS - 1)
    .optional(),
  next: z.string().min(1).optional(),
};

/** Jobs on the re-judge queue: each finds resources, page by page, and wishes that they be judged again. */
export const reJudgeJobSchema = z.discriminatedUnion('job', [
  /** Everything that was judged by less than what is active now. */
  z.strictObject({
    job: z.literal('activation'),
    ...page,
    /** The round before this page found something in this round; how many rounds there were. */
    found: z.boolean().optional(),
    round: z.int().min(0).optional(),
  }),
  /** Everything that a clause on age flips by now. */
  z.strictObject({ job: z.literal('flips'), ...page }),
  /** Everything that an exception covers. */
  z.strictObject({ job: z.literal('exception'), id: z.string().min(1) }),
]);
export type ReJudgeJob = z.infer<typeof reJudgeJobSchema>;
type PagedJob = Exclude<ReJudgeJob, { job: 'exception' }>;

export interface ReJudgeJobsDeps extends Pick<DoorDeps, 'count' | 'log'> {
  readonly resources: ResourceStore;
  readonly policies: PolicyStore;
  readonly exceptions: ExceptionStore;
  readonly bus: EventBus;
  readonly queue: JsonQueue<ReJudgeJob | Rejudge>;
  readonly nowMs: () => number;
}

/** How long after a round that found something the next one looks: the index is a moment behind the table. Doubles each round. */
const NEXT_ROUND_SECONDS = 30;
/**
 * The last round of a chain, a quarter of an hour after the first: then the clock's own job looks (every fifteen minutes).
 * Without an end each of those would begin a chain that goes on as long as one resource cannot be judged: more and more.
 */
const LAST_ROUND = 5;

/**
 * Does one page of a job and enqueues the next: a job of any size is a chain of short invocations. An activation is looked
 * for again until a whole round finds nothing below it and no batch that began before it can still commit; what cannot be
 * judged by then is the next scheduled job's.
 */
export function makeReJudgeJobs(deps: ReJudgeJobsDeps): (job: ReJudgeJob) => Promise<void> {
  const onePage = async (job: PagedJob, segment: number): Promise<void> => {
    const { found, wishes, settled } = await find(deps, job, segment);
    if (wishes.length > 0) await deps.queue.send(wishes);
    deps.count('RejudgementsAsked', wishes.length);
    const some = wishes.length > 0 || (job.job === 'activation' && job.found === true);
    if (found.next !== undefined) {
      const more = { segment, next: found.next };
      await deps.queue.send([job.job === 'flips' ? { ...job, ...more } : { ...job, ...more, found: some }]);
    } else if (job.job === 'activation' && (some || !settled) && (job.round ?? 0) < LAST_ROUND) {
      const round = (job.round ?? 0) + 1;
      const delaySeconds = NEXT_ROUND_SECONDS * 2 ** (round - 1);
      await deps.queue.send([{ job: 'activation', segment, round }], { delaySeconds });
    }
  };
  return async (job) => {
    if (job.job === 'exception') return judgeExcepted(deps, job.id);
    if (job.job === 'flips' && job.segment === undefined) await doWhatIsDue(deps);
    // The start: the first page of every segment; what is longer goes on as a chain of its own.
    const segments = job.segment === undefined ? Array.from({ length: SEGMENTS }, (_, n) => n) : [job.segment];
    for (const segment of segments) await onePage(job, segment);
  };
}

async function find(
  deps: ReJudgeJobsDeps,
  job: PagedJob,
  segment: number,
): Promise<{ readonly found: Page<string>; readonly wishes: readonly Rejudge[]; readonly settled: boolean }> {
  const wish =
    (cause: Rejudge['cause']) =>
    (resourceId: string): Rejudge => ({ type: 'rejudge', version: 1, resourceId, cause });
  if (job.job === 'flips') {
    const found = await deps.resources.dueToFlip(segment, Math.floor(deps.nowMs() / 1000), job.next);
    return { found, wishes: found.items.map(wish('clock')), settled: true };
  }
  const active = await deps.policies.active();
  if (active === undefined) return { found: { items: [] }, wishes: [], settled: true };
  const found = await deps.resources.belowActivation(segment, active.sequence, job.next);
  return { found, wishes: found.items.map(wish('activation')), settled: isSettled(active, deps.nowMs()) };
}

/** Wishes that everything that an exception covers be judged again. Nothing for one that is not there (any more). */
async function judgeExcepted(deps: ReJudgeJobsDeps, id: string): Promise<void> {
  const exception = await deps.exceptions.get(id);
  const wishes = (exception?.covers ?? []).map(
    ({ resource }): Rejudge => ({ type: 'rejudge', version: 1, resourceId: resource, cause: 'exception' }),
  );
  if (wishes.length > 0) await deps.queue.send(wishes);
  deps.count('RejudgementsAsked', wishes.length);
}

/**
 * Reminds of exceptions that end, and has judged what those that have ended cover. Each is noted as done after that: told
 * twice if we die in between, under the id that it had.
 */
async function doWhatIsDue(deps: ReJudgeJobsDeps): Promise<void> {
  for (const due of await deps.exceptions.due(instant(deps.nowMs()))) {
    try {
      const exception = await deps.exceptions.get(due.exceptionId);
      // Of what was revoked meanwhile nobody has to be reminded.
      if (exception?.state === 'approved') {
        if (due.days > 0) await deps.bus.publish([expiringEvent(exception, due)]);
        else await judgeExcepted(deps, exception.id);
      }
    } catch (error) {
      if (isAppError(error) && error.retryable) throw error;
      // What is stored is no exception: it grants nothing, and must not hold up the others.
      deps.log('an exception cannot be read', error, { exceptionId: due.exceptionId });
    }
    await deps.exceptions.done(due);
  }
}
