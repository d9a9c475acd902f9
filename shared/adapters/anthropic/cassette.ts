/** Recorded answers of a model, by the hash of what was asked: a test or an evaluation that needs no network. */
import { AppError } from '../../model/errors.ts';
import type { LanguageModel, ModelAnswer } from '../../ports/language-model.ts';
import { requestHash } from './request-hash.ts';

/** One recorded answer: a line of a cassette. */
export interface Recording {
  readonly request: string;
  readonly answer: ModelAnswer;
}

/** The recordings in the lines of a file. Throws `INPUT_INVALID`. */
export function parseCassette(text: string): readonly Recording[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => {
      try {
        const { request, answer } = JSON.parse(line) as Recording;
        if (typeof request === 'string' && typeof answer.is === 'string') return { request, answer };
      } catch {
        // told below
      }
      throw new AppError('INPUT_INVALID', `line ${i + 1} of the cassette is no recording`);
    });
}

/**
 * A model that says what was recorded, the n-th time the n-th recording. Asked what was never recorded it throws
 * `INVARIANT_BROKEN`: going on with another answer, or with none, would prove nothing.
 */
export function cassette(recordings: readonly Recording[]): LanguageModel {
  const times = new Map<string, number>();
  return {
    async ask(request) {
      const hash = requestHash(request);
      const n = times.get(hash) ?? 0;
      times.set(hash, n + 1);
      const mine = recordings.filter((r) => r.request === hash);
      const recorded = mine[n];
      if (recorded !== undefined) return recorded.answer;
      const many = mine.length === 0 ? 'nothing is recorded' : `only ${mine.length} recorded`;
      throw new AppError(
        'INVARIANT_BROKEN',
        `the cassette has no answer for ${request.role} ${request.purpose} ${hash.slice(0, 12)} (${many}): record it again`,
      );
    },
  };
}

/** The model, and each answer written down. */
export const recording = (model: LanguageModel, write: (recording: Recording) => void): LanguageModel => ({
  async ask(request) {
    const answer = await model.ask(request);
    write({ request: requestHash(request), answer });
    return answer;
  },
});
