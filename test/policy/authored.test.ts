/** What authoring gives from good drafts passes every gate: real documents, real tools, as `edict author` runs them. */
import { describe, expect, it } from 'vitest';
import { authoringWorld } from '../../cli/author/world.ts';
import { authorIntent } from '../../shared/authoring/author.ts';
import { DEFAULT_LIMITS } from '../../shared/authoring/deps.ts';
import type { CorePolicy } from '../../shared/policy/core.ts';
import { type DraftOf, goldOf, modelOf, personOf, policiesAnswer } from '../support/authoring.ts';

const CASES: readonly { readonly sentence: string; readonly draft: DraftOf; readonly gold: CorePolicy }[] = [
  {
    sentence: 'Production databases must never be reachable from the internet and keep backups for 30 days',
    draft: {
      kind: 'sql_database',
      name: 'private-and-kept',
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
    },
    gold: goldOf(
      'sql_database',
      `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: x, that: { fact: public_endpoint, is: false } }
  - { id: b, says: x, that: { fact: backup_retention_days, at_least: 30 } }`,
    ),
  },
  {
    sentence: 'Confidential object stores are never public, unless the tag exposed says website',
    draft: {
      kind: 'object_store',
      name: 'exposed-only-by-tag',
      scope: { fact: 'data_classification', is: 'confidential' },
      clauses: {
        'not-public': {
          any: [
            { tag: { key: 'exposed', is: 'website' } },
            {
              all: [
                { fact: 'public_read', is: false },
                { fact: 'public_write', is: false },
              ],
            },
          ],
        },
      },
      covers: {
        scope: 'Confidential',
        kind: 'object stores',
        'not-public': 'are never public, unless the tag exposed says website',
      },
    },
    gold: goldOf(
      'object_store',
      `applies_when: { fact: data_classification, is: confidential }
require:
  - id: a
    says: x
    that: { any: [{ tag: { key: exposed, is: website } }, { all: [{ fact: public_read, is: false }, { fact: public_write, is: false }] }] }`,
    ),
  },
  {
    sentence: 'No way in from the internet to Telnet',
    draft: {
      kind: 'firewall',
      name: 'no-telnet',
      clauses: {
        'no-telnet': {
          none: 'ingress',
          that: {
            all: [
              { field: 'internet', is: true },
              { field: 'protocol', in: ['tcp', 'all'] },
              { field: 'ports', intersects: ['23'] },
            ],
          },
        },
      },
      covers: { 'no-telnet': 'No way in from the internet to Telnet' },
    },
    gold: goldOf(
      'firewall',
      `require:
  - id: a
    says: x
    that: { none: ingress, that: { all: [{ field: internet, is: true }, { field: protocol, in: [tcp, all] }, { field: ports, intersects: ['23'] }] } }`,
    ),
  },
];

describe('a good draft, authored', () => {
  it.each(CASES)('$sentence', async ({ sentence, draft, gold }) => {
    const limits = { ...DEFAULT_LIMITS, paraphrases: 0, deletions: 0 };
    const deps = authoringWorld(
      modelOf(() => policiesAnswer(draft)),
      { limits },
    );
    const result = await authorIntent({ text: sentence }, deps, personOf([gold]));
    if (result.is === 'refused') throw new Error(`${result.code}: ${result.why}`);
    const [policy] = result.policies;
    expect(policy?.verification.gates.filter((g) => !g.passed)).toEqual([]);
    expect(policy?.verification).toMatchObject({ accepted: true, evidence: 'proved' });
    const dialects = Object.keys(policy?.files ?? {}).map((f) => f.split('/')[2]?.split('-')[0] ?? '');
    expect(new Set(dialects).size).toBeGreaterThan(5);
  });
});
