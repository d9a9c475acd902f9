/** Authoring by messages, on the deployed service and under enforced IAM: from a sentence to a draft, with a stand-in for the model. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetQueueAttributesCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { policyStore } from '../../cli/commands/release.ts';
import { type MessagesServer, startMessagesServer } from '../../local/messages-server.ts';
import { parseScript } from '../../local/scripted-answers.ts';
import { startService, type Service } from '../../local/service.ts';
import { makeSqsQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDynamoAuthoringJobs } from '../../shared/adapters/dynamodb/authoring-jobs.ts';
import type { Asked, AuthoringOutcome } from '../../shared/adapters/service/authoring.ts';
import { edict } from '../integration/cli/run.ts';
import { goldOf, personOf } from '../support/authoring.ts';
import { describeWith } from '../support/requirements.ts';
import { KEYS, Terminal } from '../support/terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const SENTENCE = 'Production databases must never be reachable from the internet and keep backups for 30 days';
const KEY = 'sk-a-key-that-nobody-logs';
const gold = goldOf(
  'sql_database',
  `applies_when: { fact: environment, is: production }
require:
  - { id: a, says: a, that: { fact: public_endpoint, is: false } }
  - { id: b, says: b, that: { fact: backup_retention_days, at_least: 30 } }`,
);

describeWith(['python', 'opa', 'regal'], 'authoring on the deployed service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edict-author-'));
  const logFile = join(folder, 'server.log');
  let server: MessagesServer;
  let service: Service;
  let queueUrl = '';

  beforeAll(async () => {
    process.env['EDICT_LOCAL_STACK'] = join(folder, 'local.json');
    const script = parseScript(readFileSync(join(root, 'local', 'answers.example.yaml'), 'utf8'));
    server = await startMessagesServer(script, { key: KEY });
    service = await startService({
      port: 0,
      announce: true,
      slack: false,
      enforceIam: true,
      logFile,
      authoring: { url: server.url, key: KEY },
    });
    queueUrl = service.stack.output('AuthoringQueueUrl');
  });
  afterAll(async () => {
    await service?.stop();
    await server?.stop();
    delete process.env['EDICT_LOCAL_STACK'];
    rmSync(folder, { recursive: true, force: true });
  });

  const jobs = () =>
    makeDynamoAuthoringJobs<AuthoringOutcome>(
      { client: service.stack.documents(), name: service.stack.output('PoliciesTable') },
      Date.now,
    );
  const sqs = (): SQSClient => new SQSClient({ ...service.target, useQueueUrlAsEndpoint: false });
  /** What came of it when nothing is worked on any more. */
  const settled = async (id: string, revision = 0) => {
    for (let i = 0; i < 600; i++) {
      const job = await jobs().read(id);
      if (job !== undefined && job.state !== 'running' && job.revision > revision) return job;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${id} does not settle: ${JSON.stringify(await jobs().read(id))}`);
  };
  const says = async (asked: readonly Asked[]): Promise<readonly string[]> => {
    const person = personOf([gold]);
    return Promise.all(
      asked.map(async (a) => {
        const answer = 'question' in a ? await person.answer(a.question) : (await person.judge([a.resource]))[0];
        return `${a.of}=${answer}`;
      }),
    );
  };
  /** The first question, in the dialogue: it is about no production database. */
  async function answerInTerminal(id: string): Promise<void> {
    const terminal = new Terminal(
      [process.execPath, join(root, 'cli', 'edict.js'), 'author', 'answer', id, '--as', 'ann@example.com'],
      { cwd: folder, env: { ...caller.env, EDICT_LOCAL_STACK: join(folder, 'local.json') } },
    );
    try {
      await terminal.until(/◆ [\s\S]*?└/);
      expect(terminal.shown).toMatch(/What was understood[\s\S]*Public endpoint is false[\s\S]*Two readings part here/);
      terminal.press(KEYS.down, KEYS.down, KEYS.enter); // The sentence is not about it
      expect(await terminal.ended).toBe(0);
      expect(terminal.shown).toContain(`edict author status ${id}`);
    } finally {
      terminal.drop();
    }
  }
  const caller = { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' } };
  const author = (...args: readonly string[]) => edict(['author', ...args], caller);

  it('goes from a sentence over a person to a draft, which the gates accept where they are', async () => {
    const before = await policyStore(service.stack).active();
    const sent = await author('--remote', SENTENCE, '--as', 'ann@example.com');
    expect([sent.code, sent.stderr]).toEqual([0, '']);
    const id = /as ([0-9a-f-]+)\./.exec(sent.stdout)?.[1] ?? '';
    let job = await settled(id);
    const rounds: number[] = [];
    while (job.outcome?.is === 'waiting') {
      const { asked } = job.outcome;
      rounds.push(asked.length);
      if (rounds.length === 1) await answerInTerminal(id);
      else {
        // One by itself, which is not asked again, then the others.
        const [first, ...others] = await says(asked);
        for (const some of [[first ?? ''], others].filter((of) => of.length > 0)) {
          const given = await author('answer', id, '--as', 'ann@example.com', '--say', ...some);
          expect([given.code, given.stderr]).toEqual([0, '']);
          if (some !== others) await drained();
        }
      }
      job = await settled(id, job.revision);
    }
    expect(job).toMatchObject({ state: 'drafted', asked: { intent: SENTENCE, requestedBy: 'ann@example.com' } });
    expect(rounds[0]).toBe(1);
    expect(Math.max(...rounds)).toBeGreaterThanOrEqual(6);
    expect(server.posts.length).toBeGreaterThan(5);
    const asked = server.posts.map(({ body }) => JSON.stringify(body));
    expect(new Set(asked).size).toBe(asked.length);

    // Delivered again: nobody is asked, nothing changes.
    const message = { version: 1, job: 'author', id, intent: SENTENCE, requestedBy: 'ann@example.com' };
    await makeSqsQueue(sqs(), queueUrl).send([message, message]);
    await drained();
    expect([await jobs().read(id), server.posts.length]).toEqual([job, asked.length]);

    const out = join(folder, 'drafts');
    const shown = await author('status', id, '--out', out, '--format', 'json');
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    const { outcome, calls, folders } = JSON.parse(shown.stdout) as {
      outcome: Extract<AuthoringOutcome, { is: 'drafted' }>;
      calls: readonly unknown[];
      folders: readonly string[];
    };
    expect(outcome.policies).toMatchObject([{ id: 'sql-database.closed-and-backed-up', evidence: null }]);
    expect(calls).toHaveLength(asked.length);
    expect(folders).toEqual([join(out, 'sql-database', 'closed-and-backed-up')]);
    expect(existsSync(join(folders[0] ?? '', 'policy.rego'))).toBe(true);
    expect((await author('status', id, '--out', out)).stderr).toContain('there is something in');
    const verified = await edict(['policies', 'verify', ...folders, '--format', 'json']);
    expect(JSON.parse(verified.stdout)).toMatchObject([{ accepted: true, evidence: 'proved' }]);

    // Nothing is in force that was not before.
    expect(await policyStore(service.stack).active()).toEqual(before);
    expect((await author('status')).stdout).toMatch(
      new RegExp(`${id}  drafted .* ann@example\\.com  ${SENTENCE.slice(0, 20)}`),
    );
  });

  it.each([
    [['--remote'], /--remote takes a sentence/],
    [['--remote', SENTENCE, '--yes', '--as', 'ann'], /--remote takes a sentence/],
    [['--remote', SENTENCE], /who are you/],
    [['--remote', '--resume', 'nobody'], /knows no sentence nobody/],
    [['status', 'nobody'], /knows no sentence nobody/],
    [['answer', 'nobody', '--as', 'ann', '--say', 'x=fine'], /knows no sentence nobody/],
  ])('says what is wrong with %j, and sends nothing', async (args, sentence) => {
    const { code, stderr } = await author(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(sentence)]);
    expect(await waiting(queueUrl)).toBe(0);
  });

  it('keeps what is no message as a dead letter, and the key in no log and no item', async () => {
    await sqs().send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { VisibilityTimeout: '1' } }));
    await makeSqsQueue(sqs(), queueUrl).send([{ version: 1, job: 'activate', id: 'x' }]);
    await drained();
    const { Attributes } = await sqs().send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['RedrivePolicy'] }),
    );
    const { deadLetterTargetArn } = JSON.parse(Attributes?.['RedrivePolicy'] ?? '{}') as {
      deadLetterTargetArn?: string;
    };
    const deadLetters = queueUrl.replace(/[^/]+$/, deadLetterTargetArn?.split(':').at(-1) ?? '');
    expect(await waiting(deadLetters)).toBe(1);
    expect(readFileSync(logFile, 'utf8')).not.toContain(KEY);
    for (const job of await jobs().list(10)) {
      const items = [job, await jobs().lines(job.asked.id), await jobs().calls(job.asked.id)];
      expect(JSON.stringify(items)).not.toContain(KEY);
    }
  });

  async function waiting(url: string): Promise<number> {
    const { Attributes } = await sqs().send(
      new GetQueueAttributesCommand({
        QueueUrl: url,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Object.values(Attributes ?? {}).reduce((sum, n) => sum + Number(n), 0);
  }
  async function drained(): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if ((await waiting(queueUrl)) === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('the queue does not empty');
  }
});
