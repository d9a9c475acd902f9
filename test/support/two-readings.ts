/** A sentence that has two readings: databases that are not in production are out of scope, or comply. */
import { goldOf, modelOf, policiesAnswer, type ScriptedModel } from './authoring.ts';

export const SENTENCE = 'Production databases must keep backups for 30 days';
const kept = { fact: 'backup_retention_days', at_least: 30 } as const;
export const scoped: unknown = policiesAnswer({
  kind: 'sql_database',
  scope: { fact: 'environment', is: 'production' },
  clauses: { kept },
  covers: { kind: 'databases', scope: 'Production', kept: 'must keep backups for 30 days' },
});
const unscoped = policiesAnswer({
  kind: 'sql_database',
  clauses: { kept: { any: [{ not: { fact: 'environment', is: 'production' } }, kept] } },
  covers: { kind: 'databases', kept: 'Production databases must keep backups for 30 days' },
});
/** What the person means: the first. */
export const gold = goldOf(
  'sql_database',
  'applies_when: { fact: environment, is: production }\nrequire:\n  - { id: k, says: k, that: { fact: backup_retention_days, at_least: 30 } }',
);
/** The second role reads it otherwise. */
export const parting = (): ScriptedModel =>
  modelOf((request) => (request.role === 'second' && request.purpose === 'formalise' ? unscoped : scoped));
