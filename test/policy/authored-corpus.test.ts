/**
 * The whole corpus of intents through authoring, offline: a model that answers with gold, and one that answers with what is
 * wrong. Whatever two models agree on, nothing that the sentence does not mean is activated before a person who knows what
 * it means. (The gates are not asked here: they know nothing of sentences.)
 */
import { afterAll, describe, expect, it } from 'vitest';
import { readManifest } from '../../cli/bundle.ts';
import type { EvalIntent } from '../../scripts/eval/corpus.ts';
import { CORPUS, readCorpus } from '../../scripts/eval/corpus.ts';
import { differencesFrom } from '../../scripts/eval/gold.ts';
import { firstLine, isRight, reportOf } from '../../scripts/eval/report.ts';
import { type CaseResult, runCorpus } from '../../scripts/eval/run.ts';
import { authorIntent } from '../../shared/authoring/author.ts';
import { type AuthorLimits, DEFAULT_LIMITS } from '../../shared/authoring/deps.ts';
import { mutantsOf } from '../../shared/authoring/mutate.ts';
import { kindById } from '../../shared/kinds/index.ts';
import type { Condition, Policy } from '../../shared/model/policy.ts';
import { coreOf } from '../../shared/policy/bundle.ts';
import { factsOf, toCore } from '../../shared/policy/core.ts';
import type { LanguageModel } from '../../shared/ports/language-model.ts';
import { worldOf } from '../support/authoring.ts';
import { answerWith, goldModel, sentenceOf } from '../support/gold-model.ts';

const intents = readCorpus(CORPUS);
const active = readManifest().policies.map(coreOf);

async function run(
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
const report = (cases: readonly CaseResult[]) => reportOf(cases, intents, { models: 'gold', runs: 1, sha256: '' });

describe('a model that answers with gold', () => {
  it('has every sentence activated right, asked or refused rightly, in every phrasing', async () => {
    const cases = await run(intents, goldModel(intents), ['gold']);
    const [gold] = report(cases).approvers;
    expect(cases.filter((c) => !isRight(c)).map((c) => [c.intent, c.text, c.code, c.why])).toEqual([]);
    expect(gold?.correct.intents).toBe(72);
    expect(gold?.paraphrases.consistent).toBe(gold?.paraphrases.of);
    expect(gold?.clouds.consistent).toBe(gold?.clouds.of);
    expect(gold?.activatedWrong).toMatchObject({ wrong: 0, activatedIntents: 76 });
  });

  it('is asked about an ambiguous sentence, and gives what the approver means, whichever it is', async () => {
    const ambiguous = intents.filter((i) => i.gold.readings.length > 1);
    const cases = await run(ambiguous, goldModel(intents), ['gold'], DEFAULT_LIMITS, 2);
    expect(cases).toHaveLength(8);
    for (const c of cases) {
      // Of three readings the models offer two: who means the third is told that there is no policy.
      expect([c.intent, c.wrong]).toEqual([c.intent, []]);
      if (c.outcome === 'activated') expect(c.asked, c.intent).toBeGreaterThan(0);
    }
    expect(cases.filter((c) => c.outcome === 'activated').length).toBeGreaterThanOrEqual(7);
  });
});

/** Every systematic misreading of a sentence that means something else: the policies of gold with one of them misread. */
function misreadings({ gold }: EvalIntent): readonly { readonly what: string; readonly policies: readonly Policy[] }[] {
  const [reading, another] = gold.readings;
  if (reading === undefined || another !== undefined) return [];
  const cores = reading.policies.map((p) => p.core);
  return reading.policies.flatMap(({ policy }, at) => {
    const kind = kindById(policy.kind);
    if (kind === undefined) throw new Error(policy.kind);
    return mutantsOf(policy, kind)
      .filter((m) => differencesFrom(cores, cores.with(at, toCore(m.policy, kind))).length > 0)
      .map((m) => ({
        what: `${m.what} (${m.where})`,
        policies: reading.policies.map((p) => p.policy).with(at, m.policy),
      }));
  });
}

/** What nobody said, added: a clause, a narrower or wider scope, an exception, by each value of each narrow fact and by a name. */
function additions({ gold }: EvalIntent): ReturnType<typeof misreadings> {
  const [reading, another] = gold.readings;
  if (reading === undefined || another !== undefined) return [];
  const cores = reading.policies.map((p) => p.core);
  return reading.policies.flatMap(({ policy }, at) => {
    const kind = kindById(policy.kind);
    if (kind === undefined) throw new Error(policy.kind);
    const said = Object.entries(factsOf(kind)).flatMap(([fact, { shape }]): readonly Condition[] =>
      shape.type === 'bool'
        ? [true, false].map((is) => ({ fact, is }))
        : shape.type === 'enum'
          ? shape.values.map((is) => ({ fact, is }))
          : fact === 'owner'
            ? [{ fact, is: 'mallory' }]
            : [],
    );
    const scope = policy.applies_when;
    const changed = said.flatMap((c): readonly Policy[] => [
      { ...policy, require: [...policy.require, { id: 'added', says: 'added', that: c }] },
      { ...policy, applies_when: scope === undefined ? c : { all: [scope, c] } },
      ...(scope === undefined ? [] : [{ ...policy, applies_when: { any: [scope, c] } }]),
      { ...policy, require: policy.require.map((r) => ({ ...r, that: { any: [r.that, c] } })) },
    ]);
    return changed
      .filter((p) => differencesFrom(cores, cores.with(at, toCore(p, kind))).length > 0)
      .map((p) => ({
        what: JSON.stringify([p.applies_when, p.require.map((r) => r.that)]),
        policies: reading.policies.map((other) => other.policy).with(at, p),
      }));
  });
}
/** Of the additions one in so many, another part of them for each sentence: all of them were run when this was written. */
const SAMPLE = 8;

/** Without the checks that cost calls: what is planted is planted in every phrasing anyway. */
const FEW_CALLS: AuthorLimits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0 };
const totals = { planted: 0, stopped: 0, asked: 0 };

describe.each(intents.filter((i) => misreadings(i).length > 0).map((i) => [i.id, i] as const))('%s', (_, intent) => {
  const only: EvalIntent = { ...intent, texts: intent.texts.slice(0, 1) };
  const planted = misreadings(intent);

  it('is never activated as both models misread it', async () => {
    for (const { what, policies } of planted) {
      const model = goldModel(intents, (_i, request) => answerWith(policies, sentenceOf(request)));
      const [c] = await run([only], model, ['gold'], FEW_CALLS);
      expect([what, c?.outcome, c?.wrong], JSON.stringify(policies.map((p) => p.require))).toEqual([
        what,
        'refused',
        [],
      ]);
      totals.planted++;
      totals.stopped++;
    }
  });

  it('is never activated with what both models add to it', async () => {
    const offset = intents.indexOf(intent) % SAMPLE;
    for (const { what, policies } of additions(intent).filter((_a, n) => n % SAMPLE === offset)) {
      const model = goldModel(intents, (_i, request) => answerWith(policies, sentenceOf(request)));
      const [c] = await run([only], model, ['gold'], FEW_CALLS);
      expect([what, c?.outcome, c?.wrong]).toEqual([what, 'refused', []]);
      totals.planted++;
      totals.stopped++;
    }
  });

  it('is activated right, or not at all, where one model misreads it', async () => {
    // Every third: each takes a dialogue of its own.
    for (const { what, policies } of planted.filter((_m, n) => n % 3 === 0)) {
      const model = goldModel(intents, (_i, request) =>
        request.role === 'second' ? answerWith(policies, sentenceOf(request)) : undefined,
      );
      const [c] = await run([only], model, ['gold'], FEW_CALLS);
      expect([what, c?.wrong]).toEqual([what, []]);
      totals.planted++;
      if (c?.outcome === 'activated') totals.asked++;
      else totals.stopped++;
    }
  });
});

describe('the misreadings', () => {
  afterAll(() => {
    console.log(
      `${totals.planted} planted misreadings: ${totals.stopped} refused, ${totals.asked} asked about and right`,
    );
  });

  it('are many, and would be activated by whoever takes the draft for what was meant', async () => {
    expect(totals.planted).toBeGreaterThan(1400);
    const intent = intents.find((i) => i.id === 'database-backups-14-days') as EvalIntent;
    const [misread] = misreadings(intent)
      .filter((m) => m.what.startsWith('a bound one higher'))
      .map((m) => m.policies);
    const model = goldModel(intents, (_i, request) =>
      answerWith(
        (misread ?? []).map((p) => p),
        sentenceOf(request),
      ),
    );
    // 15 for 14: the number stands nowhere in the sentence, so that code refuses it, whoever approves.
    const [grounded] = await run([{ ...intent, texts: intent.texts.slice(0, 1) }], model, ['rubber-stamp'], FEW_CALLS);
    expect(grounded).toMatchObject({ outcome: 'refused', code: 'not_understood' });
    const turned = intents.find((i) => i.id === 'store-versions') as EvalIntent;
    const [sibling] = misreadings(turned).filter((m) => m.what.startsWith('access_logged for'));
    const agreed = goldModel(intents, (_i, request) => answerWith(sibling?.policies ?? [], sentenceOf(request)));
    const cases = await run([turned], agreed, ['gold', 'rubber-stamp'], FEW_CALLS);
    expect(cases.map((c) => [c.approver, c.outcome, c.wrong.flatMap((w) => w.wrong)])).toEqual([
      ['gold', 'refused', []],
      ['rubber-stamp', 'activated', ['false_pass', 'false_fail']],
    ]);
    expect(firstLine(report(cases))).toBe(
      'activated-wrong: gold 0 of 0; rubber-stamp 1 of 1 (1 false pass, 1 false fail)',
    );
  });
});
