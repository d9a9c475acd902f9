/** `edict policies approve`: what is shown of a version before a word counts, and that policies of one sentence go together. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { readApprovals } from '../../../shared/adapters/files/approvals.ts';
import { describeWith } from '../../support/requirements.ts';
import { KEYS, Terminal } from '../../support/terminal.ts';
import { edict } from './run.ts';

const root = join(import.meta.dirname, '..', '..', '..');
/** One sentence, two kinds; and no paraphrase is given, so that a check is left open. */
const SENTENCE = 'Databases and buckets accept nothing but TLS';
const policy = (kind: string, name: string, clause: string, says: string) => ({
  kind,
  name,
  clauses: { [clause]: { fact: clause.replaceAll('-', '_'), is: true } },
  covers: { [clause]: 'accept nothing but TLS', kind: says },
});
const script = parseScript(
  JSON.stringify({
    intents: [
      {
        text: SENTENCE,
        paraphrases: ['Nothing but TLS is accepted by databases and by buckets'],
        author: {
          policies: [
            policy('object_store', 'nothing-but-tls', 'tls-only', 'buckets'),
            policy('sql_database', 'nothing-but-tls', 'tls-required', 'Databases'),
          ],
        },
      },
    ],
  }),
);

describeWith(['opa', 'regal', 'python'], 'approving what is shown', () => {
  let server: MessagesServer;
  let authored = '';
  let folder = '';
  beforeAll(async () => {
    server = await startMessagesServer(script);
    authored = mkdtempSync(join(tmpdir(), 'edict-authored-'));
    const args = ['author', SENTENCE, '--base-url', server.url, '--yes', '--json', '--out', 'mine'];
    const { stdout } = await edict(args, { cwd: authored, env: { EDICT_LOCAL_STACK: join(authored, 'none.json') } });
    expect(JSON.parse(stdout)).toMatchObject({ is: 'authored', saved: { as: 'draft' } });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(authored, { recursive: true, force: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edict-approve-'));
    cpSync(join(authored, 'mine'), join(folder, 'mine'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const both = ['mine/object-store/nothing-but-tls', 'mine/sql-database/nothing-but-tls'] as const;
  const on = (...args: readonly string[]) => edict(['policies', ...args], { cwd: folder });
  const kept = () => readApprovals(join(folder, 'mine', 'approvals.yaml'));

  it('shows the sentence, the clauses, the examples, the checks and who judged', async () => {
    expect(existsSync(join(folder, both[0], 'authoring.yaml'))).toBe(true);
    expect(await on('request', ...both, '--as', 'Ada')).toMatchObject({ code: 0 });
    const { stdout, code } = await on('approve', ...both, '--as', 'Grace');
    expect(code).toBe(0);
    expect(stdout).toContain(`The sentence\n  ${SENTENCE}`);
    expect(stdout).toMatch(/1\. tls-only: TLS only is true\. ← "accept nothing but TLS"/i);
    expect(stdout).toMatch(/aws\.config: \d+ violation \(.*\)/);
    expect(stdout).toContain('proved: its Rego is what the compiler writes');
    expect(stdout).toContain('Nobody has judged a resource');
    expect(stdout).toMatch(/! paraphrases: 1 of 5/);
    expect(stdout).toContain('Nothing of this id is in force in the bundle of this project');
    expect(stdout.indexOf('How it was checked')).toBeLessThan(stdout.indexOf('approved by Grace'));
    const [record] = kept();
    expect(record?.authored?.judging).toMatchObject({ by: 'none', shown: 0 });
    expect(record?.together).toEqual([{ policy: kept()[1]?.version.policy, hash: kept()[1]?.version.hash }]);
    expect((await on('approvals', both[0])).stdout).toMatch(/checks left open: .*paraphrases/);
  });

  it('approves all policies of a sentence, or none', async () => {
    await on('request', ...both, '--as', 'Ada');
    const alone = await on('approve', both[0], '--as', 'Grace');
    expect(alone.code).toBe(2);
    expect(alone.stderr).toMatch(/approved together with sql-database\.nothing-but-tls \(version [0-9a-f]{12}\)/);
    expect(kept().flatMap((a) => a.decisions)).toEqual([]);
    // The other has changed since.
    const yaml = join(folder, both[1], 'policy.yaml');
    const before = readFileSync(yaml, 'utf8');
    writeFileSync(yaml, before.replace('severity: high', 'severity: low'));
    expect((await on('approve', ...both, '--as', 'Grace')).code).toBe(2);
    expect(kept().flatMap((a) => a.decisions)).toEqual([]);
    writeFileSync(yaml, before);
    await on('reject', both[1], '--as', 'Grace');
    expect((await on('approve', ...both, '--as', 'Grace')).stderr).toMatch(/was rejected/);
    expect(kept().flatMap((a) => a.decisions.map((d) => d.is))).toEqual(['rejected']);
  });

  it('takes over nothing that was found of another version', async () => {
    const yaml = join(folder, both[0], 'policy.yaml');
    writeFileSync(yaml, readFileSync(yaml, 'utf8').replace('severity: high', 'severity: low'));
    await on('request', both[0], '--as', 'Ada');
    expect(kept()[0]).not.toHaveProperty('authored');
    expect((await on('approve', both[0], '--as', 'Grace')).stdout).toContain('Nothing is recorded besides the gates');
  });

  it('gives a machine what a person is shown, and asks nothing', async () => {
    await on('request', ...both, '--as', 'Ada');
    const { stdout, stderr } = await on('approve', ...both, '--as', 'Grace', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      policies: [
        {
          policy: 'object-store.nothing-but-tls',
          sentence: SENTENCE,
          authored: { judging: { by: 'none' } },
          inForce: { version: null },
        },
        { policy: 'sql-database.nothing-but-tls' },
      ],
    });
    expect(stderr).toMatch(/approved by Grace/);
  });

  it('asks on a terminal after it was shown, and approves nothing that is not said yes to', async () => {
    await on('request', ...both, '--as', 'Ada');
    const open = (...more: readonly string[]): Terminal =>
      new Terminal(
        [process.execPath, join(root, 'cli', 'edict.js'), 'policies', 'approve', ...both, '--as', 'Grace', ...more],
        { cwd: folder },
      );
    let terminal = open();
    try {
      expect(await terminal.until(/as shown above\?[^]*└/)).toContain('How it was checked');
      terminal.press(KEYS.enter);
      expect(await terminal.ended).toBe(1);
      expect(terminal.shown).toContain('Nothing was approved.');
      expect(kept().flatMap((a) => a.decisions)).toEqual([]);
      // What is changed, and asked for anew, while somebody reads is not what they have read.
      terminal = open();
      await terminal.until(/as shown above\?[^]*└/);
      const yaml = join(folder, both[0], 'policy.yaml');
      const shown = readFileSync(yaml, 'utf8');
      writeFileSync(yaml, shown.replace('severity: high', 'severity: low'));
      await on('request', both[0], '--as', 'Ada');
      terminal.press('y');
      expect(await terminal.ended).toBe(2);
      expect(terminal.shown).toMatch(/is not version [0-9a-f]+ any more/);
      expect(kept().flatMap((a) => a.decisions)).toEqual([]);
      writeFileSync(yaml, shown);
      terminal = open();
      await terminal.until(/as shown above\?[^]*└/);
      terminal.press('y');
      expect(await terminal.ended).toBe(0);
      expect(kept().filter((a) => a.decisions.length === 1)).toHaveLength(2);
    } finally {
      terminal.drop();
    }
  });
});
