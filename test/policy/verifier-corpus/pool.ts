/** The jobs of the corpus on as many threads as there are processors: a thread waits for its tools, one at a time. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Verification } from '../../../shared/authoring/verify.ts';

interface Share {
  readonly first: number;
  readonly step: number;
}
export interface Result {
  readonly full: Verification;
  /** Of what one gate alone stops: what is said without that gate. Not of types: without these there is nothing to run. */
  readonly without?: Verification;
}
type Done = readonly [job: number, result: Result];

/** Every result, by the index of its job. */
export async function runAll(): Promise<ReadonlyMap<number, Result>> {
  const step = availableParallelism();
  const results = new Map<number, Result>();
  await Promise.all(
    Array.from({ length: step }, (_, first) => {
      const share: Share = { first, step };
      const worker = new Worker(new URL(import.meta.url), { workerData: share });
      return new Promise<void>((resolve, reject) => {
        worker.on('message', ([job, result]: Done) => results.set(job, result));
        worker.on('error', reject);
        worker.on('exit', () => resolve());
      });
    }),
  );
  return results;
}

if (
  !isMainThread &&
  parentPort !== null &&
  typeof workerData === 'object' &&
  workerData !== null &&
  'step' in workerData
) {
  const { first, step } = workerData as Share;
  const { jobs, stoppedBy } = await import('./jobs.ts');
  for (let i = first; i < jobs.length; i += step) {
    const { run } = jobs[i] as (typeof jobs)[number];
    const full = await run();
    const [only, another] = stoppedBy(full);
    const isAlone = only !== undefined && only !== 'types' && another === undefined;
    const done: Done = [i, isAlone ? { full, without: await run([only]) } : { full }];
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort.postMessage(done);
  }
}
