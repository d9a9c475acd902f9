/** Goes through a sweep as its state machine does (infra/constructs/sweep-machine.ts), in one process and by the clock of a test. */
import type { SweepBegun, SweepNext, SweepStep } from '../../shared/adapters/service/sweep.ts';

export type DoStep = (step: SweepStep) => Promise<SweepNext | SweepBegun>;

/** How often a step that fails is tried again, and how long before the first time; then twice as long each time. */
export const TRIES_AGAIN = 6;
const FIRST_WAIT_MS = 60_000;
const LONGEST_WAIT_MS = 900_000;

/**
 * Begins a run, does the chains of its scopes side by side, then those of its walks, then its digest. Steps travel as JSON. A
 * chain whose step fails every time is given up. Returns the steps that were done, in their order.
 */
export async function runMachine(
  doStep: DoStep,
  clock: { readonly nowMs: () => number; readonly wait: (ms: number) => void },
  asked: { sources?: string[] } = {},
): Promise<readonly SweepStep[]> {
  const done: SweepStep[] = [];
  const attempt = async (step: SweepStep): Promise<SweepNext | SweepBegun> => {
    done.push(step);
    const given = JSON.parse(JSON.stringify(step)) as SweepStep;
    return JSON.parse(JSON.stringify(await doStep(given))) as SweepNext | SweepBegun;
  };
  const failedMs = (tries: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));

  const sideBySide = async (chains: readonly SweepNext[]): Promise<void> => {
    const due = (next: SweepNext) => ({ next, atMs: clock.nowMs() + next.waitSeconds * 1000, tries: 0 });
    const waiting = chains.map(due);
    for (;;) {
      waiting.sort((a, b) => a.atMs - b.atMs);
      const first = waiting.shift();
      if (first === undefined) return;
      const { again } = first.next;
      if (again === undefined) continue;
      clock.wait(Math.max(0, first.atMs - clock.nowMs()));
      try {
        waiting.push(due((await attempt(again)) as SweepNext));
      } catch (error) {
        const tries = first.tries + 1;
        if (tries <= TRIES_AGAIN) waiting.push({ ...first, tries, atMs: clock.nowMs() + failedMs(tries) });
        else await attempt({ job: 'give_up', of: again, why: (error as Error).name });
      }
    }
  };

  const startedAt = new Date(clock.nowMs()).toISOString();
  const begin: SweepStep = { job: 'begin', startedAt, asked };
  let begun: SweepBegun | undefined;
  for (let tries = 1; begun === undefined; tries++)
    try {
      begun = (await attempt(begin)) as SweepBegun;
    } catch (error) {
      if (tries > TRIES_AGAIN) throw error;
      clock.wait(failedMs(tries));
    }
  await sideBySide(begun.scopes);
  await sideBySide(begun.walks);
  await sideBySide([begun.digest]);
  return done;
}
