/** Runs a corpus of intents through authoring, offline. The gates are not asked: they know nothing of sentences. */
import { readManifest } from '../../cli/bundle.ts';
import type { EvalIntent } from '../../scripts/eval/corpus.ts';
import { type CaseResult, runCorpus } from '../../scripts/eval/run.ts';
import { authorIntent } from '../../shared/authoring/author.ts';
import { type AuthorLimits, DEFAULT_LIMITS } from '../../shared/authoring/deps.ts';
import { coreOf } from '../../shared/policy/bundle.ts';
import type { LanguageModel } from '../../shared/ports/language-model.ts';
import { worldOf } from './authoring.ts';
import { answerWith, goldModel, sentenceOf } from './gold-model.ts';
import type { Misreading } from './misreadings.ts';

const active = readManifest().policies.map(coreOf);

/** Without the checks that cost calls: what is planted is planted in every phrasing anyway. */
export const FEW_CALLS: AuthorLimits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0 };

export async function run(
  of: readonly EvalIntent[],
  model: LanguageModel,
  approvers: readonly CaseResult['approver'][],
  limits: AuthorLimits = DEFAULT_LIMITS,
  runs = 1,
): Promise<readonly CaseResult[]> {
  const cases: CaseResult[] = [];
  await runCorpus(of, {
    author: authorIntent,
    deps: worldOf(model, { limits, active }),
    runs,
    approvers,
    seed: 1,
    tokenBudget: Number.MAX_SAFE_INTEGER,
    parallel: 1,
    clock: () => 0,
    isDone: () => false,
    done: (c) => cases.push(c),
  });
  return cases;
}

/** What becomes of a sentence that both models misread alike, before the approver. */
export async function misreadAlike(
  intents: readonly EvalIntent[],
  intent: EvalIntent,
  { policies }: Misreading,
  approver: CaseResult['approver'] = 'gold',
): Promise<CaseResult | undefined> {
  const only: EvalIntent = { ...intent, texts: intent.texts.slice(0, 1) };
  const model = goldModel(intents, (_i, request) => answerWith(policies, sentenceOf(request)));
  const [c] = await run([only], model, [approver], FEW_CALLS);
  return c;
}
