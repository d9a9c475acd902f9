import { describe, expect, it } from 'vitest';
import { authorIntent } from '../../../shared/authoring/author.ts';
import type { Authored, Refusal } from '../../../shared/authoring/intent.ts';
import { comparePolicies } from '../../../shared/authoring/compare.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import { toCore } from '../../../shared/policy/core.ts';
import { goldOf, modelOf, personOf, policiesAnswer, type DraftOf, worldOf } from '../../support/authoring.ts';

const SENTENCE = 'Production databases must never be reachable from the internet and keep backups for 30 days';
const draft = (change: Partial<DraftOf> = {}): DraftOf => ({
  kind: 'sql_database',
  name: 'not-public-and-backed-up',
  title: 'Production databases are private and keep backups',
  scope: { fact: 'environment', is: 'production' },
  clauses: {
    'not-public': { fact: 'public_endpoint', is: false },
    'backups-kept': { fact: 'backup_retention_days', at_least: 30 },
  },
  covers: {
    scope: 'Production',
    kind: 'databases',
    'not-public': 'must never be reachable from the internet',
    'backups-kept': 'keep backups for 30 days',
  },
  ...change,
});
const gold = goldOf(
  'sql_database',
  `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: x, that: { fact: public_endpoint, is: false } }
  - { id: b, says: x, that: { fact: backup_retention_days, at_least: 30 } }`,
);
const authored = (r: Authored | Refusal): Authored => {
  if (r.is === 'refused') throw new Error(`${r.code}: ${r.why}`);
  return r;
};
const sql = kinds.find((k) => k.id === 'sql_database')!;

describe('authoring a sentence', () => {
  it('gives the policy that both formalisations mean, judged blind, with examples of every verdict', async () => {
    const model = modelOf(() => policiesAnswer(draft()));
    const person = personOf([gold]);
    const deps = worldOf(model);
    const result = authored(await authorIntent({ text: SENTENCE }, deps, person));
    const [policy] = result.policies;
    expect(comparePolicies(toCore(policy!.policy, sql), gold).is).toBe('equivalent');
    expect(result.questions).toEqual([]);
    expect(result.judged.length).toBeGreaterThanOrEqual(6);
    expect(policy!.uncovered).toEqual([]);
    console.log(
      result.judged.map((j) => `${j.resource.says} -> ${j.answer}`).join('\n'),
      Object.keys(policy!.files),
      result.checks,
      policy!.yaml,
    );
  });
});
