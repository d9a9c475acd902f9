/** `edict author edit`: what the changed sentence does not concern stays as it was, and every difference is shown. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { describeWith } from '../../support/requirements.ts';
import { edict } from '../cli/run.ts';

const SENTENCE = 'Databases keep automatic backups for at least 14 days';
const shipped = join(import.meta.dirname, '..', '..', '..', 'policies', 'sql-database', 'backups-kept');
const script = parseScript(
  JSON.stringify({
    intents: [
      {
        text: SENTENCE,
        paraphrases: [
          'For at least 14 days databases keep automatic backups',
          'Automatic backups are kept by databases for at least 14 days',
          'At least 14 days of automatic backups are what databases keep',
          'Databases must keep at least 14 days of automatic backups',
          'Databases: automatic backups are kept, for at least 14 days',
        ],
        author: {
          policies: [
            {
              kind: 'sql_database',
              name: 'kept',
              title: 'SQL databases keep automatic backups for 14 days',
              severity: 'critical',
              clauses: { kept: { fact: 'backup_retention_days', at_least: 14 } },
              covers: { kept: 'keep automatic backups for at least 14 days', kind: 'Databases' },
              remediation: 'Something else.',
            },
          ],
        },
      },
    ],
  }),
);

describeWith(['opa', 'regal'], 'edict author edit', () => {
  let server: MessagesServer;
  let folder = '';
  beforeAll(async () => {
    server = await startMessagesServer(script);
    folder = mkdtempSync(join(tmpdir(), 'edict-edit-'));
    cpSync(shipped, join(folder, 'mine', 'sql-database', 'backups-kept'), { recursive: true });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const edit = (policy: string, ...args: readonly string[]) =>
    edict(['author', 'edit', policy, SENTENCE, '--base-url', server.url, '--yes', ...args], {
      cwd: folder,
      env: { EDICT_LOCAL_STACK: join(folder, 'none.json') },
    });

  it('keeps severity, remediation, frameworks, the id of the clause, its parameter, and why', async () => {
    const { stdout, stderr } = await edit('sql-database.backups-kept', '--out', 'new');
    expect(stderr).toBe('');
    const written = join(folder, 'new', 'sql-database', 'backups-kept');
    const [was, is] = [shipped, written].map((f) => parse(readFileSync(join(f, 'policy.yaml'), 'utf8')) as object);
    expect(is).toEqual({
      ...was,
      title: 'SQL databases keep automatic backups for 14 days',
      require: [
        {
          id: 'backups-kept',
          says: 'keep automatic backups for at least 14 days',
          that: { fact: 'backup_retention_days', at_least: { param: 'min_days' } },
        },
      ],
      params: { min_days: { ...(was as { params: { min_days: object } }).params.min_days, default: 14 } },
    });
    const intent = readFileSync(join(written, 'intent.md'), 'utf8');
    expect(intent).toContain(SENTENCE);
    expect(intent).toContain('## Why\n\nDamage is often noticed days later.');
    // The difference in meaning, as a resource; and every field, old and new.
    expect(stdout).toMatch(/What it says otherwise\n {2}compliant → violation .*backup retention days: \d/);
    expect(stdout).toMatch(/What it has otherwise\n[^]*parameter min_days, default: 7 → 14\n/);
    expect(stdout).toMatch(/examples: \d+ files of the version before → \d+ files/);
    expect(stdout).not.toMatch(/(severity|remediation|framework \w+): /);
    expect(stdout.indexOf('What it has otherwise')).toBeLessThan(stdout.indexOf('Kept as a draft'));
  });

  interface Told {
    readonly policies: readonly { readonly yaml: string; readonly accepted: boolean }[];
    readonly checks: readonly { readonly name: string; readonly passed: boolean; readonly says: string }[];
    readonly fields: readonly { readonly changes: readonly { readonly field: string; readonly to: string | null }[] }[];
  }
  async function overridden(): Promise<Told> {
    return JSON.parse((await edit(mine(), '--json', '--dry-run')).stdout) as Told;
  }
  const mine = (): string => join(folder, 'mine', 'sql-database', 'backups-kept');
  const change = (file: string, text: string, by: string): void =>
    writeFileSync(join(mine(), file), readFileSync(join(mine(), file), 'utf8').replace(text, by));

  it('keeps what a parameter is in other scopes only where the intent still says it, and says that no draft does', async () => {
    change(
      'policy.yaml',
      '    max: 35\n',
      '    max: 35\n    overrides: [{ when: { fact: environment, is: sandbox }, value: 1 }]\nexceptions: { max_days: 20 }\n',
    );
    const dropped = await overridden();
    expect(parse(dropped.policies[0]?.yaml ?? '')).toMatchObject({ exceptions: { max_days: 20 } });
    expect(dropped.policies[0]?.yaml).not.toContain('overrides');
    expect(dropped.policies[0]?.accepted).toBe(true);
    expect(dropped.fields[0]?.changes).toContainEqual({
      field: 'parameter min_days, override 1',
      from: expect.stringContaining('sandbox'),
      to: null,
    });

    change('intent.md', '## Why\n', '## Why\n\nIn a sandbox a day is enough.\n');
    const kept = await overridden();
    expect(parse(kept.policies[0]?.yaml ?? '')).toMatchObject({
      params: { min_days: { default: 14, overrides: [{ value: 1 }] } },
    });
    expect(kept.policies[0]?.accepted).toBe(true);
    expect(kept.checks).toContainEqual({ name: 'carried', passed: false, says: expect.stringContaining('min_days') });
    expect(dropped.checks.map((c) => c.name)).not.toContain('carried');
    expect(kept.fields[0]?.changes.map((c) => c.field)).not.toContain('parameter min_days, override 1');
  });
});
