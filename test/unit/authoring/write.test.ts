import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { exceptionsYaml, intentText, policyYaml } from '../../../shared/authoring/write.ts';
import { folderOf } from '../../../shared/policy/bundle.ts';
import { parsePolicy, registryOf } from '../../../shared/policy/clauses.ts';
import { lotsFrom } from '../../../shared/policy/proof.ts';
import { readManifest } from '../../../cli/bundle.ts';
import { probe, randomPolicy } from '../../support/policy-lab.ts';

describe('policy.yaml as it is written', () => {
  it('is read as the same policy: every policy that ships', () => {
    const ids = readManifest().policies.map((p) => p.id);
    expect(ids.length).toBeGreaterThan(10);
    for (const id of ids) {
      const file = join(import.meta.dirname, '../../../policies', folderOf(id), 'policy.yaml');
      const policy = parsePolicy(readFileSync(file, 'utf8'), { file });
      expect(parsePolicy(policyYaml(policy), { file })).toEqual(policy);
    }
  });

  it('is read as the same policy: all of the language', () => {
    const lots = lotsFrom(11);
    for (let i = 0; i < 300; i++) {
      const { policy } = randomPolicy(lots, `p${i}`);
      const again = parsePolicy(policyYaml(policy), { file: 'x', kinds: registryOf([probe]) });
      expect(again).toEqual(policy);
    }
  });

  it('stands beside its sentence and its excuses', () => {
    expect(intentText({ title: 'Private' }, ' Stores are private\n')).toBe('# Private\n\nStores are private\n');
    expect(exceptionsYaml([{ what: 'a', where: 'b', because: 'c: d' }])).toBe(
      'mutants:\n  - what: a\n    where: b\n    because: "c: d"\n',
    );
  });
});
