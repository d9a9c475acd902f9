/**
 * The whole corpus of intents through authoring, offline: a model that answers with gold, and one that answers with what is
 * wrong. Whatever two models agree on, nothing that the sentence does not mean is activated before a person who knows what
 * it means. (The gates are not asked here: they know nothing of sentences.)
 */
import { afterAll, describe, expect, it } from 'vitest';
import type { EvalIntent } from '../../scripts/eval/corpus.ts';
import { CORPUS, readCorpus } from '../../scripts/eval/corpus.ts';
import { firstLine, isRight, reportOf } from '../../scripts/eval/report.ts';
import type { CaseResult } from '../../scripts/eval/run.ts';
import { DEFAULT_LIMITS } from '../../shared/authoring/deps.ts';
import { FEW_CALLS, misreadAlike, run } from '../support/corpus-run.ts';
import { answerWith, goldModel, sentenceOf } from '../support/gold-model.ts';
import { additions, misreadings } from '../support/misreadings.ts';

const intents = readCorpus(CORPUS);

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

/** Of the additions one in so many, another part of them for each sentence: all of them were run when this was written. */
const SAMPLE = 8;

const totals = { planted: 0, stopped: 0, asked: 0 };

describe.each(intents.filter((i) => misreadings(i).length > 0).map((i) => [i.id, i] as const))('%s', (_, intent) => {
  const only: EvalIntent = { ...intent, texts: intent.texts.slice(0, 1) };
  const planted = misreadings(intent);

  it('is never activated as both models misread it', async () => {
    for (const planting of planted) {
      const c = await misreadAlike(intents, intent, planting);
      expect([planting.what, c?.outcome, c?.wrong]).toEqual([planting.what, 'refused', []]);
      totals.planted++;
      totals.stopped++;
    }
  });

  it('is never activated with what both models add to it', async () => {
    const offset = intents.indexOf(intent) % SAMPLE;
    for (const planting of additions(intent).filter((_a, n) => n % SAMPLE === offset)) {
      const c = await misreadAlike(intents, intent, planting);
      expect([planting.what, c?.outcome, c?.wrong]).toEqual([planting.what, 'refused', []]);
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
