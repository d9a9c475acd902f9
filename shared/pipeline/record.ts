import type { ResourceStore } from '../ports/resource-store.ts';
import type { Judged, Recorded } from './stages.ts';

/** Commits one judgement: the one conditional write after which everything else is derived. Never retries: what was judged from an old revision is judged again. */
export function makeRecord(deps: { readonly resources: ResourceStore }): (judged: Judged) => Promise<Recorded> {
  return async ({ commit }) => {
    if (commit === undefined) return { result: 'unchanged', image: undefined };
    const result = await deps.resources.commit(commit);
    return { result, image: result === 'committed' ? commit.state : undefined };
  };
}
