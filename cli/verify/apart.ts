/**
 * Folders verified in threads, as many as there are processors: whatever is in a folder, Rego that does not end included,
 * it costs that folder its verdict and nothing else.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { GATES, NOT_RUN, type Verification } from '../../shared/authoring/verify.ts';
import type { Named } from './candidates.ts';

/** For the gates of one policy; they take a second, on a busy machine several. */
const LIMIT_MS = 60_000;
/** What the thread says of a folder. */
export interface Answer {
  readonly result?: Verification;
  readonly why?: string;
}

/** What is said of a policy that no gate could be run on. */
export const refused = (policy: string, why: string): Verification => ({
  policy,
  accepted: false,
  evidence: 'tested',
  gates: GATES.map((name, i) => ({ name, passed: false, counterexample: i === 0 ? why : NOT_RUN, ms: 0 })),
  warnings: [],
});

/** Runs every gate on each policy, and tells each result in the order of the policies. */
export async function verifyAll(
  named: readonly Named[],
  tell: (result: Verification) => void,
  limitMs: number = LIMIT_MS,
): Promise<void> {
  const results: (Verification | undefined)[] = named.map((n) => ('why' in n ? refused(n.name, n.why) : undefined));
  const left = named.flatMap((n, i) => ('folder' in n ? [[n.folder, i] as const] : []));
  let told = 0;
  const tellThose = (): void => {
    for (let result = results[told]; result !== undefined; result = results[told]) {
      tell(result);
      told++;
    }
  };
  tellThose();
  await Promise.all(
    Array.from({ length: Math.min(availableParallelism(), left.length) }, async () => {
      let worker: Worker | undefined;
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [folder, i] = next;
        worker ??= new Worker(new URL('worker.ts', import.meta.url));
        const { result, why } = await askedOf(worker, folder, limitMs);
        if (result === undefined) {
          // It may be in the middle of anything.
          void worker.terminate();
          worker = undefined;
        }
        results[i] = result ?? refused(folder, why ?? '');
        tellThose();
      }
      await worker?.terminate();
    }),
  );
}

function askedOf(worker: Worker, folder: string, limitMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const end = (answer: Answer): void => {
      clearTimeout(timer);
      for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      // What comes after the answer, of a thread that is being ended, is nobody's business.
      if (answer.result === undefined) worker.on('error', () => {});
      resolve(answer);
    };
    const listeners = {
      message: end,
      error: (error: unknown) =>
        end({ why: `its verification failed: ${error instanceof Error ? error.message : String(error)}` }),
      exit: () => end({ why: 'its verification ended without a result' }),
    };
    const timer = setTimeout(
      () => end({ why: `its gates do not come to an end: stopped after ${limitMs} ms` }),
      limitMs,
    );
    for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(folder);
  });
}
