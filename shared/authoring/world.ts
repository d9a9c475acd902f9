/** What authoring needs of the world that is the same wherever it runs; what differs is which tools there are, and who reads documents. */
import { kinds } from '../kinds/index.ts';
import type { CorePolicy } from '../policy/core.ts';
import { completeExamples } from './complete.ts';
import { type AuthorDeps, DEFAULT_LIMITS } from './deps.ts';
import { renderNative } from './renderers/render.ts';
import { EXAMPLES_NOW, SEED, verifyPolicy, type VerifyOptions } from './verify.ts';

/** `active`: what a draft is compared with. `gates`: what they are run with, and against which other policies where those are not the active ones. */
export const worldWith = (
  active: readonly CorePolicy[],
  gates: Pick<VerifyOptions, 'tools' | 'clock' | 'without' | 'render'> & Partial<Pick<VerifyOptions, 'others'>>,
): Omit<AuthorDeps, 'model' | 'tells' | 'inventory' | 'examplesOf'> => ({
  kinds,
  active,
  now: EXAMPLES_NOW,
  limits: DEFAULT_LIMITS,
  render: renderNative,
  complete: (policy, kind, examples) => completeExamples(policy, examples, { kind, now: EXAMPLES_NOW }),
  verify: (candidate) =>
    verifyPolicy(candidate, {
      kinds,
      others: active,
      now: EXAMPLES_NOW,
      seed: SEED,
      ...gates,
    }),
});
