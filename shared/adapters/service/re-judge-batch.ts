import type { DoorDeps } from '../http-auth/door.ts';
import { type ReJudgeJob, reJudgeJobSchema } from './re-judge-jobs.ts';
import type { Delivered, WorkedBatch } from './work-batch.ts';

/** Works on the re-judge queue: jobs one after the other, wishes together. Returns the ids of messages that are done. */
export function makeReJudgeBatch(deps: {
  readonly jobs: (job: ReJudgeJob) => Promise<void>;
  readonly work: (messages: readonly Delivered[]) => Promise<WorkedBatch>;
  readonly log: DoorDeps['log'];
}): (messages: readonly Delivered[]) => Promise<ReadonlySet<string>> {
  return async (messages) => {
    const done = new Set<string>();
    const wishes: Delivered[] = [];
    for (const message of messages) {
      const job = jobIn(message.body);
      if (job === undefined) {
        wishes.push(message);
        continue;
      }
      try {
        await deps.jobs(job);
        done.add(message.messageId);
      } catch (error) {
        deps.log('a job could not be done now', error, { messageId: message.messageId, job: job.job });
      }
    }
    if (wishes.length > 0) for (const id of (await deps.work(wishes)).done) done.add(id);
    return done;
  };
}

function jobIn(body: string): ReJudgeJob | undefined {
  try {
    return reJudgeJobSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined; // not JSON: what is done with it is said where wishes are read
  }
}
