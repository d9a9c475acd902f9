import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { edict } from './run.ts';

const bin = join(import.meta.dirname, '..', '..', '..', 'cli', 'edict.js');
/** Makes Node say that it is older than it is. */
const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.1.0'}})`;

describe('the bin', () => {
  it('hands over to the Node of the project where it is started by an older one', () => {
    const run = spawnSync(process.execPath, ['--import', pretend, bin, 'policies', 'list'], { encoding: 'utf8' });
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toContain('object-store.versioned');
  });

  it('passes the exit code on', () => {
    const run = spawnSync(process.execPath, ['--import', pretend, bin, 'check', 'nowhere'], { encoding: 'utf8' });
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/nowhere: there is no such file/);
  });

  it('says what to do where there is no newer Node', () => {
    const run = spawnSync(process.execPath, ['--import', pretend, bin, 'policies'], {
      encoding: 'utf8',
      env: { ...process.env, EDICT_NODE: 'v20.1.0' },
    });
    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(/^edict needs Node\.js 24 or newer; .*npm ci.*\n$/);
  });

  it('runs from another folder', async () => {
    expect(await edict(['policies'], { cwd: '/' })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('help', () => {
  it('is there for each command, and is no failure', async () => {
    const help = await edict(['--help']);
    expect(help.code).toBe(0);
    for (const command of ['check', 'facts', 'policies']) {
      expect(help.stdout).toContain(command);
      expect(await edict([command, '--help'])).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('is an unusable option where a command does not exist', async () => {
    const run = await edict(['chekc']);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/unknown command 'chekc'/);
  });
});

describe('edict policies', () => {
  it('lists all, as a table and as JSON', async () => {
    const { stdout } = await edict(['policies', '--format', 'json']);
    const { policies } = JSON.parse(stdout) as { policies: { id: string }[] };
    expect(policies.length).toBeGreaterThanOrEqual(17);
    const table = await edict(['policies']);
    expect(table.stdout.trim().split('\n')).toHaveLength(policies.length);
  });

  it('shows one, with its clauses in words', async () => {
    const { stdout, code } = await edict(['policies', 'show', 'sql-database.backups-kept']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/requires\s+\S/);
    expect(stdout).toMatch(/soc2/);
    expect((await edict(['policies', 'show', 'nope'])).code).toBe(2);
  });
});
