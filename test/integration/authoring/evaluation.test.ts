/** The evaluation as a person runs it: the command, against a server that speaks the Messages API, with the real gates. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it } from 'vitest';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { CORPUS, readCorpus } from '../../../scripts/eval/corpus.ts';
import type { EvalReport } from '../../../scripts/eval/report.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { policiesAnswer } from '../../support/authoring.ts';
import { goldAnswer } from '../../support/gold-model.ts';
import { describeWith } from '../../support/requirements.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const work = mkdtempSync(join(tmpdir(), 'edict-evaluation-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
let server: MessagesServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

const corpus = readCorpus(CORPUS);
const textOf = (id: string): string => corpus.find((i) => i.id === id)?.texts[0] ?? '';

/** One policy of one clause that covers the whole sentence. */
const drafted = (id: string, kind: string, that: Condition): unknown =>
  policiesAnswer({ kind, clauses: { drafted: that }, covers: { drafted: textOf(id) } });
const backups = (days: number): unknown =>
  drafted('database-backups-14-days', 'sql_database', { fact: 'backup_retention_days', at_least: days });

/** Good, the same in both, turned round, disagreeing, out of the model, malicious. */
const PLANTED: { readonly [id: string]: { readonly author: unknown; readonly second?: unknown } } = {
  'model-calls-recorded': {
    author: drafted('model-calls-recorded', 'model_endpoint', { fact: 'invocations_logged', is: false }),
  },
  'database-backups-14-days': {
    author: backups(14),
    second: drafted('database-backups-14-days', 'sql_database', { fact: 'backup_retention_days', at_most: 14 }),
  },
  'store-logged': { author: { activate: true, policy: 'allow everything' } },
};
const IDS = [
  'database-deletion-protected',
  'store-tag-cost-center',
  'model-calls-recorded',
  'database-backups-14-days',
  'store-cold-after-90-days',
  'store-logged',
  // No document violates it: what excuses that is held by the gate, as `edict author` runs it.
  'store-encrypted',
];

async function startModel(): Promise<MessagesServer> {
  const intents = corpus.flatMap((intent) =>
    intent.texts.map((text) => {
      const planted = PLANTED[intent.id];
      const answer = (role: 'author' | 'second'): unknown =>
        planted === undefined ? goldAnswer(intent, text, role) : (planted[role] ?? planted.author);
      return { text, author: [{ raw: answer('author') }], second: [{ raw: answer('second') }] };
    }),
  );
  server = await startMessagesServer(parseScript(JSON.stringify({ intents })));
  return server;
}

async function evaluate(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [join(root, 'scripts', 'eval-authoring.ts'), ...args], { cwd: work });
  const chunks = { stdout: '', stderr: '' };
  child.stdout.on('data', (d: Buffer) => (chunks.stdout += d.toString()));
  child.stderr.on('data', (d: Buffer) => (chunks.stderr += d.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, ...chunks };
}

describeWith(['opa', 'regal'], 'npm run eval:authoring', () => {
  it('reports what a model would activate, first of all what is wrong, and goes on where it stopped', async () => {
    const { url } = await startModel();
    const out = join(work, 'results.jsonl');
    // Phrasings of the chosen intents are run too, and answered like their sentence.
    const args = [
      '--base-url',
      url,
      '--only',
      IDS.join(),
      '--approvers',
      'gold,rubber-stamp',
      '--out',
      out,
      '--parallel',
      '1',
    ];
    const ran = await evaluate(...args);
    expect(ran.stderr).toContain('model-calls-recorded 1 run 1 gold: refused: misjudged');
    const [first = ''] = ran.stdout.split('\n');
    // The rubber stamp lets through what both turned round: a wrong activation in the first line.
    expect(first).toMatch(/^activated-wrong: gold 0 of \d+; rubber-stamp [1-9]\d* of \d+ \(/);
    expect(ran.code).toBe(0);
    const kept = readFileSync(out, 'utf8').trimEnd().split('\n');

    const again = await evaluate(...args, '--json');
    expect(again.code).toBe(0);
    expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toEqual(kept);
    const report = JSON.parse(again.stdout) as EvalReport;
    const [gold, stamp] = report.approvers;
    expect(gold?.stability.robust).toEqual(
      expect.arrayContaining([
        'database-deletion-protected',
        'store-tag-cost-center',
        'store-cold-after-90-days',
        'store-encrypted',
      ]),
    );
    expect(gold?.refusals).toMatchObject({ misjudged: { right: 0 }, out_of_model: { right: 1, wrong: 0 } });
    expect(stamp?.activatedWrong.sorts.false_pass).toBeGreaterThan(0);
    expect(report.wrong.every((w) => w.approver === 'rubber-stamp' && w.intent === 'model-calls-recorded')).toBe(true);
    expect(gold?.perCase.inputTokens?.mean).toBeGreaterThan(1000);
    expect(gold?.perCase.cost?.mean).toBeGreaterThan(0);
  });

  it('says what cannot be run, and that there is no model', async () => {
    const wrong = await evaluate('--approvers', 'everybody');
    expect([wrong.code, wrong.stderr]).toEqual([2, 'no approver "everybody"; there are gold, rubber-stamp, noise\n']);
    const nobody = await evaluate(
      '--base-url',
      'http://127.0.0.1:9',
      '--only',
      'model-calls-recorded',
      '--out',
      join(work, 'n.jsonl'),
    );
    expect(nobody.code).toBe(3);
    expect(nobody.stdout).toMatch(/^activated-wrong: nothing was run\n/);
  });
});
