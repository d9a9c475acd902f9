/**
 * The gates on a policy in a thread of their own, with a limit of time: evaluation is synchronous, and Rego that somebody
 * else has written may not come to an end. A thread that is over its time is terminated, and the policy is not accepted.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type Candidate,
  judgeByMeaning,
  type Verification,
  verifyPolicy,
  type VerifyOptions,
} from '../../authoring/verify.ts';
import { AppError } from '../../model/errors.ts';
import type { FactStates } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import type { Verdict } from '../../model/verdict.ts';
import { compilePolicy, type PolicySource } from '../../policy/compile.ts';
import { makePolicyTools, type ToolPaths } from './policy-tools.ts';

/** What verifies: all of it can be handed to a thread. */
export interface Apart extends Pick<VerifyOptions, 'kinds' | 'others' | 'now' | 'seed' | 'without'> {
  readonly paths: ToolPaths;
  readonly limitMs: number;
}
export type Verified =
  | { readonly is: 'verified'; readonly verification: Verification }
  /** It did not come to an end within the time, or took the thread with it. */
  | { readonly is: 'stopped'; readonly why: string };

interface Work {
  readonly verify?: Candidate;
  readonly judge?: { readonly source: PolicySource; readonly facts: readonly FactStates[] };
  readonly by: Apart;
}

type Stopped = Extract<Verified, { is: 'stopped' }>;
export type JudgedApart = { readonly is: 'judged'; readonly verdicts: readonly Verdict[] } | Stopped;

/** Verifies a policy in a thread. Never throws over the policy. */
export async function verifyApart(candidate: Candidate, by: Apart): Promise<Verified> {
  const done = await inThread({ verify: candidate, by });
  return 'result' in done ? { is: 'verified', verification: done.result as Verification } : done;
}

/** What a policy says of resources, run in a thread. Never throws over the policy. */
export async function judgeApart(source: PolicySource, facts: readonly FactStates[], by: Apart): Promise<JudgedApart> {
  const done = await inThread({ judge: { source, facts }, by });
  return 'result' in done ? { is: 'judged', verdicts: done.result as readonly Verdict[] } : done;
}

/** What the thread has posted: of `verify` or of `judge`, whichever is asked for. */
function inThread(work: Work): Promise<{ readonly result: unknown } | Stopped> {
  const { limitMs } = work.by;
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: work });
    const end = (done: { readonly result: unknown } | Stopped): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(done);
    };
    const timer = setTimeout(
      () => end({ is: 'stopped', why: `its evaluation does not end: stopped after ${limitMs} ms` }),
      limitMs,
    );
    worker.once('message', (result: unknown) => end({ result }));
    worker.once('error', (error: unknown) =>
      end({ is: 'stopped', why: `its verification failed: ${error instanceof Error ? error.message : String(error)}` }),
    );
    worker.once('exit', () => end({ is: 'stopped', why: 'its verification ended without a result' }));
  });
}

const given: unknown = isMainThread ? undefined : workerData;
if (isObject(given) && 'by' in given && ('verify' in given || 'judge' in given)) {
  const { verify, judge, by } = given as unknown as Work; // what `inThread` has sent
  const { paths, limitMs, ...options } = by;
  const tools = makePolicyTools(paths, by.kinds);
  const started = performance.now();
  const clock = (): number => Math.min(performance.now() - started, limitMs);
  const result = (): unknown => {
    if (verify !== undefined) return verifyPolicy(verify, { ...options, tools, clock });
    if (judge === undefined) throw new AppError('INVARIANT_BROKEN', 'nothing to do');
    const compiled = compilePolicy(judge.source, by.kinds);
    const kind = by.kinds.find((k) => k.id === compiled.policy.kind);
    if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${compiled.policy.kind}`);
    const { evaluate } = tools.compile(compiled);
    return judge.facts.map((f) => judgeByMeaning(compiled.core, kind, f, by.now, evaluate));
  };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(result());
}
