/**
 * Sentences that other people wrote, on which nothing that reads them was tuned: drafted right they are activated, and
 * whatever both models misread, leave out or add alike is not, before a person who knows what is meant. CI runs a sample,
 * another part of it for each sentence; all of it was run when this was written.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CORPUS, readCorpus } from '../../scripts/eval/corpus.ts';
import { isRight } from '../../scripts/eval/report.ts';
import { FEW_CALLS, misreadAlike, run } from '../support/corpus-run.ts';
import { goldModel } from '../support/gold-model.ts';
import { additions, kindsLeftOut, misreadings } from '../support/misreadings.ts';

/** One in so many of the misreadings, and of the additions. */
const SAMPLES = { others: [12, 240], third: [8, 120] } as const;

describe.each(['others', 'third'] as const)('corpus/%s', (name) => {
  const intents = readCorpus(join(CORPUS, '..', name));
  const [misreadingsOf, additionsOf] = SAMPLES[name];

  it('drafted right is activated, or refused rightly', async () => {
    const cases = await run(intents, goldModel(intents), ['gold'], FEW_CALLS);
    expect(cases.length).toBeGreaterThan(60);
    expect(cases.filter((c) => !isRight(c)).map((c) => [c.intent, c.text, c.code, c.why])).toEqual([]);
  });

  it('is never activated as both models misread it', async () => {
    let planted = 0;
    const activated: unknown[] = [];
    for (const [i, intent] of intents.entries()) {
      const sample = [
        ...misreadings(intent).filter((_, n) => n % misreadingsOf === i % misreadingsOf),
        ...additions(intent).filter((_, n) => n % additionsOf === i % additionsOf),
        ...kindsLeftOut(intent),
      ];
      for (const planting of sample) {
        const c = await misreadAlike(intents, intent, planting);
        planted++;
        if (c?.outcome !== 'refused') activated.push([intent.id, planting.what, c?.outcome]);
      }
    }
    expect(activated).toEqual([]);
    expect(planted).toBeGreaterThan(150);
  });
});
