/** `edict policies verify` and `edict policies diff`, as a person or a pipeline runs them. */
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { describeWith } from '../../support/requirements.ts';
import { edict, inFolder } from './run.ts';

const policy = join(import.meta.dirname, '..', '..', '..', 'policies', 'sql-database', 'backups-kept');
const yaml = readFileSync(join(policy, 'policy.yaml'), 'utf8');
const example = (days: string): string => `AWSTemplateFormatVersion: '2010-09-09'
${days.startsWith('!') ? 'Parameters:\n  Days:\n    Type: Number\n' : ''}Resources:
  Claims:
    Type: AWS::RDS::DBInstance
    Properties:
      DBInstanceClass: db.t4g.medium
      Engine: postgres
      AllocatedStorage: '100'
      BackupRetentionPeriod: ${days}
`;
/** A policy folder of somebody else, with its own examples. */
const folder = (text: string): { readonly [path: string]: string } => ({
  'theirs/policy.yaml': text.replace('id: sql-database.backups-kept', 'id: sql-database.backups-of-theirs'),
  'theirs/examples/compliant/nine.yaml': example('9'),
  'theirs/examples/compliant/ten.yaml': example('10'),
  'theirs/examples/violation/eight.yaml': example('8'),
  'theirs/examples/unknown/parameter.yaml': example('!Ref Days'),
});
const contract = z.array(
  z.strictObject({
    policy: z.string(),
    accepted: z.boolean(),
    evidence: z.enum(['proved', 'tested']),
    gates: z
      .array(z.strictObject({ name: z.string(), passed: z.boolean(), counterexample: z.unknown(), ms: z.number() }))
      .min(10),
  }),
);

describeWith(['opa', 'regal'], 'edict policies verify', () => {
  const verify = (text: string) =>
    inFolder(folder(text), (cwd) => edict(['policies', 'verify', 'theirs', '--format', 'json'], { cwd }));

  it('accepts a good policy of another folder', async () => {
    const run = await verify(yaml.replace('default: 7', 'default: 9'));
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const [row] = contract.parse(JSON.parse(run.stdout));
    expect(row).toMatchObject({ policy: 'sql-database.backups-of-theirs', accepted: true, evidence: 'proved' });
  });

  it('refuses one whose examples say otherwise, and names the example', async () => {
    const run = await verify(yaml.replace('default: 7', 'default: 10'));
    expect(run.code).toBe(1);
    const [row] = contract.parse(JSON.parse(run.stdout));
    expect(row?.accepted).toBe(false);
    const stopped = row?.gates.filter((g) => !g.passed).map((g) => g.name);
    expect(stopped).toContain('examples');
    expect(row?.gates.find((g) => g.name === 'examples')?.counterexample).toMatchObject({
      file: 'compliant/nine.yaml',
      expected: 'compliant',
      got: 'violation',
    });
  });

  it('refuses what is not a policy, with its place', async () => {
    const run = await verify(yaml.replace('backup_retention_days', 'backup_days'));
    expect(run.code).toBe(1);
    const [row] = contract.parse(JSON.parse(run.stdout));
    expect(row?.gates[0]).toMatchObject({ name: 'types', passed: false });
    expect(String(row?.gates[0]?.counterexample)).toMatch(/policy\.yaml:\d+:\d+: no fact "backup_days"/);
  });

  it('refuses what is no policy, whatever it is, and verifies the others all the same', async () => {
    const good = folder(yaml.replace('default: 7', 'default: 9'));
    const files = {
      ...good,
      'none/policy.rego': 'package x\n',
      'empty/policy.yaml': '',
      'broken/policy.yaml': 'require: [\n',
      'huge/policy.yaml': 'a: b\n'.repeat(300_000),
      'folder/policy.yaml/x': '',
      file: 'x',
    };
    const names = ['nowhere', 'none', 'empty', 'broken', 'huge', 'folder', 'file', 'loop', 'theirs'];
    const run = await inFolder(files, (cwd) => {
      symlinkSync('loop', join(cwd, 'loop'));
      return edict(['policies', 'verify', ...names, '--format', 'json'], { cwd });
    });
    expect(run).toMatchObject({ code: 1, stderr: '' });
    const rows = contract.parse(JSON.parse(run.stdout));
    expect(rows.map((r) => r.accepted)).toEqual(names.map((n) => n === 'theirs'));
    const why = rows.map((r) => String(r.gates[0]?.counterexample));
    expect(why).toEqual([
      expect.stringContaining('"nowhere" is neither a policy nor a folder'),
      'there is no policy.yaml in it',
      expect.stringMatching(/policy\.yaml:1:1: expected a map/),
      expect.stringMatching(/policy\.yaml:\d+:\d+: /),
      expect.stringContaining('1500000 bytes'),
      expect.stringContaining('policy.yaml is not a file'),
      expect.stringContaining('file is not a folder'),
      expect.stringContaining('ELOOP'),
      'null',
    ]);
  });

  it('holds the clauses against the sentence of intent.md', async () => {
    const sentence = '# Backups\n\nAutomatic backups are kept for at least 8 days.\n';
    const files = { ...folder(yaml.replace('default: 7', 'default: 9')), 'theirs/intent.md': sentence };
    const run = await inFolder(files, (cwd) => edict(['policies', 'verify', 'theirs', '--format', 'json'], { cwd }));
    const [row] = contract.parse(JSON.parse(run.stdout));
    expect(row?.gates.filter((g) => !g.passed)).toMatchObject([
      { name: 'intent', counterexample: 'the number "8 days" of the sentence is in no clause' },
    ]);
  });

  it('takes no excuse for a mutant that a document can tell', async () => {
    const { 'theirs/examples/violation/eight.yaml': _, ...files } = folder(yaml.replace('default: 7', 'default: 9'));
    const excuses = `mutants:
  - { what: a bound one lower, where: min_days, because: No document can be written. }
`;
    const run = await inFolder(
      { ...files, 'theirs/examples/violation/two.yaml': example('2'), 'theirs/examples/exceptions.yaml': excuses },
      (cwd) => edict(['policies', 'verify', 'theirs', '--format', 'json'], { cwd }),
    );
    const [row] = contract.parse(JSON.parse(run.stdout));
    expect(row?.gates.filter((g) => !g.passed).map((g) => g.name)).toEqual(['mutation']);
    expect(String(row?.gates.find((g) => g.name === 'mutation')?.counterexample)).toMatch(
      /excuses "a bound one lower" in min_days, which \S+ can tell/,
    );
  });
});

it('edict policies diff shows a smallest resource on which two policies differ', async () => {
  const run = await inFolder(folder(yaml.replace('default: 7', 'default: 9')), (cwd) =>
    edict(['policies', 'diff', 'sql-database.backups-kept', 'theirs', '--format', 'json'], { cwd }),
  );
  expect(run).toMatchObject({ code: 1, stderr: '' });
  expect(JSON.parse(run.stdout)).toMatchObject({
    is: 'different',
    on: { input: { facts: { backup_retention_days: 7 } }, verdicts: ['compliant', 'violation'] },
  });
  const same = await edict(['policies', 'diff', 'object-store.versioned', 'object-store.versioned']);
  expect(same).toMatchObject({ code: 0, stderr: '' });
  const other = await edict(['policies', 'diff', 'object-store.versioned', 'sql-database.not-public']);
  expect(other.code).toBe(2);
});
