import type { LanguageModel, ModelCall } from '../../ports/language-model.ts';

/** The model, and the record of each call told to `sink`: hashes and counts, neither prompt nor answer. */
export const audited = (model: LanguageModel, sink: (call: ModelCall) => void | Promise<void>): LanguageModel => ({
  async ask(request) {
    const answer = await model.ask(request);
    await sink(answer.call);
    return answer;
  },
});
