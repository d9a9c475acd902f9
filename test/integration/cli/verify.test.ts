/** `edict policies verify` and `edict policies diff`, as a person or a pipeline runs them. */
import { readFileSync } from 'node:fs';
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

  it('says what it cannot find', async () => {
    const run = await edict(['policies', 'verify', 'nowhere']);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr).toContain('"nowhere" is neither a policy nor a folder');
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
