/**
 * The gates on a policy in a thread of their own, with a limit of time: evaluation is synchronous, and Rego that somebody
 * else has written may not come to an end. A thread that is over its time is terminated, and the policy is not accepted.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Candidate, type Verification, verifyPolicy, type VerifyOptions } from '../../authoring/verify.ts';
import { isObject } from '../../model/json.ts';
import { makePolicyTools, type ToolPaths } from './policy-tools.ts';

/** What verifies: all of it can be handed to a thread. */
export interface Apart extends Pick<VerifyOptions, 'kinds' | 'others' | 'now' | 'seed'> {
  readonly paths: ToolPaths;
  readonly limitMs: number;
}
export type Verified =
  | { readonly is: 'verified'; readonly verification: Verification }
  /** It did not come to an end within the time, or took the thread with it. */
  | { readonly is: 'stopped'; readonly why: string };

interface Work {
  readonly verify: Candidate;
  readonly by: Apart;
}

/** Verifies a policy in a thread. Never throws over the policy. */
export function verifyApart(candidate: Candidate, by: Apart): Promise<Verified> {
  return new Promise((resolve) => {
    const work: Work = { verify: candidate, by };
    const worker = new Worker(new URL(import.meta.url), { workerData: work });
    const end = (result: Verified): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ is: 'stopped', why: `its evaluation does not end: stopped after ${by.limitMs} ms` }),
      by.limitMs,
    );
    worker.once('message', (verification: Verification) => end({ is: 'verified', verification }));
    worker.once('error', (error: unknown) =>
      end({ is: 'stopped', why: `its verification failed: ${error instanceof Error ? error.message : String(error)}` }),
    );
    worker.once('exit', () => end({ is: 'stopped', why: 'its verification ended without a result' }));
  });
}

const given: unknown = isMainThread ? undefined : workerData;
if (isObject(given) && 'verify' in given && 'by' in given) {
  const { verify, by } = given as unknown as Work; // what `verifyApart` has sent
  const { paths, limitMs, ...options } = by;
  const tools = makePolicyTools(paths, by.kinds);
  const started = performance.now();
  const clock = (): number => Math.min(performance.now() - started, limitMs);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(verifyPolicy(verify, { ...options, tools, clock }));
}
