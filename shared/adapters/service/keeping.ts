import type { Change } from '../../model/change.ts';
import { isAppError } from '../../model/errors.ts';
import type { ArchiveWriter } from '../../ports/archive.ts';
import type { DoorDeps } from '../http-auth/door.ts';

/** What of a batch is kept, once the batch is judged. */
export interface Keeping {
  readonly keep: (told: Change) => void;
  /** Writes what was told since. Never throws: what cannot be kept fails nothing and is counted. */
  readonly flush: () => Promise<void>;
}

/** Keeps changes beside the commit path: nothing that is judged waits for it. */
export function makeKeeping(archive: ArchiveWriter, deps: Pick<DoorDeps, 'count' | 'log'>): Keeping {
  let waiting: Change[] = [];
  return {
    keep: (told) => void waiting.push(told),
    flush: async () => {
      const changes = waiting;
      waiting = [];
      if (changes.length === 0) return;
      try {
        await archive.write(changes);
      } catch (error) {
        const lost = isAppError(error) ? error.details['lost'] : undefined;
        deps.count('ChangesNotArchived', typeof lost === 'number' ? lost : changes.length);
        deps.log('changes could not be kept', error);
      }
    },
  };
}
