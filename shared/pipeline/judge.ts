import { AppError } from '../model/errors.ts';
import type { ActiveSource } from './active.ts';
import type { Judged, Outcome, Recorded, Repair, Work } from './stages.ts';

/** What became of one resource's work. */
export interface JudgedWork {
  readonly outcomes: readonly Outcome[];
  /** What a sweep repaired, and was committed. */
  readonly repairs: readonly Repair[];
  /** The provider has to be asked again: documents with one key and different content arrived. */
  readonly readAgain: boolean;
  readonly result: 'committed' | 'unchanged';
}

/** How often work is redone before it goes back to the queue: so many others have to be faster in a row. */
const MAX_ATTEMPTS = 10;

/**
 * Evaluates and records, again when someone else was faster. Throws `STORE_UNAVAILABLE` (retry) if that happens too
 * often in a row or a newer activation cannot be loaded here.
 */
export function makeJudge(deps: {
  readonly evaluate: (work: Work) => Promise<Judged>;
  readonly record: (judged: Judged) => Promise<Recorded>;
  readonly active: ActiveSource;
}): (work: Work) => Promise<JudgedWork> {
  return async (work) => {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const judged = await deps.evaluate(work);
      const { result } = await deps.record(judged);
      if (result === 'committed' || result === 'unchanged')
        return { outcomes: judged.outcomes, repairs: judged.repairs, readAgain: judged.readAgain, result };
      if (result === 'stale') await deps.active.refresh();
    }
    throw new AppError('STORE_UNAVAILABLE', 'others were faster too often', {
      details: { resourceId: work.resourceId },
    });
  };
}
