/**
 * From a sentence to a policy that the gates have judged: two formalisations apart, what they differ on asked of the
 * person, what is drafted judged blind. The same answers of the model and the person give the same bytes.
 */
import type { AuthorDeps } from './deps.ts';
import type { Authored, Intent, Person, Refusal } from './intent.ts';

/** Authors the policies of a sentence, one per kind. Never throws over what the model or the person says. */
export async function authorIntent(_intent: Intent, _deps: AuthorDeps, _person: Person): Promise<Authored | Refusal> {
  return { is: 'refused', code: 'not_understood', why: 'authoring is not built yet', calls: [] };
}

/** The same path for clauses that are written already: no model is asked. Without a person nothing is judged blind. */
export async function authorFromYaml(_yaml: string, _deps: AuthorDeps, _person?: Person): Promise<Authored | Refusal> {
  return { is: 'refused', code: 'not_understood', why: 'authoring is not built yet', calls: [] };
}
