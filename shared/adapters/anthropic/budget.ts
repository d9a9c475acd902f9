import type { LanguageModel } from '../../ports/language-model.ts';
import { unsent } from './request-hash.ts';

/**
 * The model, as long as its tokens last: a call that could go beyond `tokens` (read and written, over all calls) is not
 * made. What calls on their way may still write is reserved, so that many at once do not go beyond together. `before`: what
 * the same run has spent already.
 */
export function budgeted(model: LanguageModel, tokens: number, before = 0): LanguageModel {
  let spent = before;
  let reserved = 0;
  return {
    async ask(request) {
      if (spent + reserved + request.maxTokens > tokens)
        return unsent(
          request,
          'none',
          'over_budget',
          `${spent} of ${tokens} tokens are spent, and an answer may take ${request.maxTokens}: raise authoring.token_budget`,
        );
      reserved += request.maxTokens;
      try {
        const answer = await model.ask(request);
        spent += answer.call.usage.inputTokens + answer.call.usage.outputTokens;
        return answer;
      } finally {
        reserved -= request.maxTokens;
      }
    },
  };
}
