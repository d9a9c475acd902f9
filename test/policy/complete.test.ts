/**
 * `edict policies complete`: a folder with nothing but a policy.yaml gets examples with which every gate passes; and what it
 * cannot write is what nobody can, as the shipped policies say of themselves.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { completePolicies } from '../../cli/commands/complete.ts';
import { projectTools } from '../../cli/commands/verify.ts';
import { policyFolders, readCandidate } from '../../cli/verify/candidates.ts';
import { completeExamples } from '../../shared/authoring/complete.ts';
import { renderMapped } from '../../shared/authoring/renderers/render.ts';
import { verifyPolicy } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { describeWith } from '../support/requirements.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;
const PATIENCE_MS = 120_000;

interface Exceptions {
  readonly mutants?: readonly { readonly what: string; readonly where: string }[];
  readonly missing?: readonly { readonly cloud?: string; readonly dialect?: string; readonly verdict?: string }[];
}
const exceptionsIn = (folder: string): Exceptions => {
  const file = join(folder, 'examples', 'exceptions.yaml');
  return existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Exceptions) : {};
};

const CLOUD_OF: { readonly [start: string]: string } = {
  aws: 'aws',
  azure: 'azure',
  gcp: 'gcp',
  'terraform-aws': 'aws',
  'terraform-azurerm': 'azure',
  'terraform-google': 'gcp',
};
/** `terraform-google` -> gcp, terraform; `azure.notification` -> azure, azure.notification. */
const placeOf = (dialect: string): { readonly cloud: string | undefined; readonly dialect: string } => ({
  cloud: CLOUD_OF[dialect] ?? CLOUD_OF[dialect.split('.')[0] ?? ''],
  dialect: dialect.startsWith('terraform') ? 'terraform' : dialect,
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edict-complete-'));
  // What it says is for a terminal.
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

describeWith(['opa', 'regal'], 'complete', () => {
  it.each([
    'object-store.no-public-access',
    'object-store.customer-managed-key',
    'sql-database.backups-kept',
    'sql-database.deletion-protected',
    'firewall.no-admin-ports-from-internet',
    'model-endpoint.no-public-network',
    'model-endpoint.invocations-logged',
  ])(
    'makes what every gate asks for: %s',
    async (id) => {
      const [shipped = ''] = policyFolders([id]);
      cpSync(join(shipped, 'policy.yaml'), join(folder, 'policy.yaml'));

      expect(await completePolicies([folder], { format: 'json', excuse: true })).toBe(0);

      // It excuses no mutant but those that the policy as it ships excuses with a reason.
      const excused = (exceptionsIn(folder).mutants ?? []).map(({ what, where }) => ({ what, where }));
      expect(excused).toEqual((exceptionsIn(shipped).mutants ?? []).map(({ what, where }) => ({ what, where })));
      const result = verifyPolicy(await readCandidate(folder), {
        tools: projectTools(),
        kinds,
        others: [],
        clock: () => 0,
        now: NOW,
        seed: 1,
        render: renderMapped,
      });
      expect(result.gates.filter((g) => !g.passed)).toEqual([]);
      // Once is enough: nothing is missing any more.
      expect(await completePolicies([folder], { format: 'json', dryRun: true })).toBe(0);
      const again = await readCandidate(folder);
      const kind = kinds.find((k) => k.id === again.kind);
      if (kind === undefined) throw new Error('no kind');
      expect(completeExamples(compilePolicy(again, kinds), again.examples, { kind, now: NOW }).files).toEqual([]);
    },
    PATIENCE_MS,
  );
});

describeWith(['opa', 'regal'], 'complete, of a clause that only Rego says', () => {
  it(
    'makes an example for each bug that is planted in the Rego',
    async () => {
      const [shipped = ''] = policyFolders(['sql-database.backups-kept']);
      const texts = (['policy.yaml', 'policy.rego'] as const).map((f) => readFileSync(join(shipped, f), 'utf8'));
      const [yaml = '', rego = ''] = texts;
      const clause = /\{ fact: backup_retention_days, at_least: \{ param: min_days \} \}/;
      const ruled = yaml.replace(clause, '{ rego: [backup_retention_days] }').replace(/^params:\n(?: .*\n)+/m, '');
      writeFileSync(join(folder, 'policy.yaml'), ruled);
      writeFileSync(join(folder, 'policy.rego'), rego.replace(/^# description: Generated.*\n/m, ''));

      expect(await completePolicies([folder], { format: 'json' })).toBe(0);

      const candidate = await readCandidate(folder);
      const options = { tools: projectTools(), kinds, others: [], clock: () => 0, now: NOW, seed: 1 };
      const result = verifyPolicy(candidate, { ...options, render: renderMapped });
      expect(result.gates.filter((g) => !g.passed)).toEqual([]);
      expect(result.evidence).toBe('tested');
      // The bound is told from the one beside it, which no clause says.
      const days = candidate.examples.flatMap(({ facts }) => {
        const state = facts['backup_retention_days'];
        return state !== undefined && 'value' in state ? [state.value] : [];
      });
      expect(days).toEqual(expect.arrayContaining([6, 7]));
    },
    PATIENCE_MS,
  );
});

describeWith(['opa', 'regal'], 'the metamorphic gate', () => {
  it(
    'refuses where a cloud reads the same facts otherwise',
    async () => {
      const [shipped = ''] = policyFolders(['object-store.versioned']);
      const options = { tools: projectTools(), kinds, others: [], clock: () => 0, now: NOW, seed: 1 };
      const result = verifyPolicy(await readCandidate(shipped), {
        ...options,
        // A mapping that takes soft delete for versions.
        render: (kind, facts, o) =>
          renderMapped(kind, facts, o).map((d) =>
            d.name.startsWith('azure.arm-rest')
              ? { ...d, facts: { ...d.facts, versioned: { state: 'known', value: true, at: '' } } }
              : d,
          ),
      });
      const [metamorphic, ...others] = result.gates.filter((g) => !g.passed);
      expect(others).toEqual([]);
      expect(metamorphic).toMatchObject({
        name: 'metamorphic',
        counterexample: {
          says: 'the same facts have the same verdict through every cloud',
          document: 'azure.arm-rest-storage-account.json',
          expected: 'violation',
          got: 'compliant',
        },
      });
    },
    PATIENCE_MS,
  );
});

describe('what cannot be written', () => {
  it(
    'is what the shipped policies say that nobody can write',
    async () => {
      const gaps: string[] = [];
      for (const shipped of policyFolders([])) {
        const candidate = await readCandidate(shipped);
        const { policy, core } = compilePolicy(candidate, kinds);
        const kind = kinds.find((k) => k.id === policy.kind);
        if (kind === undefined) throw new Error('no kind');
        const { missing = [] } = exceptionsIn(shipped);
        for (const gap of completeExamples({ policy, core }, [], { kind, now: NOW }).gaps) {
          const place = placeOf(gap.dialect);
          const isSaid = missing.some(
            (m) =>
              (m.cloud ?? place.cloud) === place.cloud &&
              (m.dialect ?? place.dialect) === place.dialect &&
              (m.verdict ?? gap.verdict) === gap.verdict,
          );
          if (!isSaid) gaps.push(`${policy.id} ${gap.dialect} ${gap.verdict}`);
        }
      }
      expect(gaps).toEqual([]);
    },
    PATIENCE_MS,
  );

  it('is told where a mutant is left, and the command fails', async () => {
    const [shipped = ''] = policyFolders(['firewall.no-admin-ports-from-internet']);
    cpSync(join(shipped, 'policy.yaml'), join(folder, 'policy.yaml'));
    expect(await completePolicies([folder], { format: 'json', dryRun: true })).toBe(1);
    expect(existsSync(join(folder, 'examples'))).toBe(false);
  });
});
