/** The jobs of the corpus on as many threads as there are processors: a thread waits for its tools, one at a time. */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Verification } from '../../../shared/authoring/verify.ts';

interface Share {
  readonly first: number;
  readonly step: number;
}
type Done = readonly [job: number, result: Verification];

/** Every result, by the index of its job. */
export async function runAll(): Promise<ReadonlyMap<number, Verification>> {
  const step = availableParallelism();
  const results = new Map<number, Verification>();
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
  const { jobs } = await import('./jobs.ts');
  for (let i = first; i < jobs.length; i += step) {
    const done: Done = [i, await (jobs[i] as (typeof jobs)[number]).run()];
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort.postMessage(done);
  }
}
