/** `edict author --remote`, `status` and `answer`: a deployment drafts, and here is who is asked and where drafts are fetched. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { makeSqsQueue } from '../../shared/adapters/aws/sqs-queue.ts';
import { makeDynamoAuthoringJobs } from '../../shared/adapters/dynamodb/authoring-jobs.ts';
import {
  type Asked,
  type AuthoringMessage,
  authoringMessageSchema,
  type AuthoringOutcome,
  unanswered,
  type UnderstoodPolicy,
} from '../../shared/adapters/service/authoring.ts';
import type { AuthoringJob, AuthoringJobs } from '../../shared/adapters/service/authoring-jobs.ts';
import type { Answer } from '../../shared/authoring/intent.ts';
import { AppError } from '../../shared/model/errors.ts';
import { folderOf } from '../../shared/policy/bundle.ts';
import { identityOn } from '../commands/approvals.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { count, Output, plain, style } from '../terminal.ts';
import { Dialogue, Left } from './dialogue.ts';
import { readNamed } from './drafts.ts';
import { gateText } from './gate-words.ts';
import { keepRecord } from './save.ts';
import { realLines, refusalLines } from './words.ts';
import { writeBelow } from './world.ts';

/** As commander gives them. */
export interface RemoteOptions extends StackOptions {
  readonly file?: string;
  readonly kind?: readonly string[];
  readonly resume?: string;
  readonly as?: string;
}
export interface StatusOptions extends StackOptions {
  readonly format: 'table' | 'json';
  readonly out?: string;
}
export interface AnswerOptions extends StackOptions {
  readonly as?: string;
  readonly say?: readonly string[];
}

/** What a deployment does not do, or does by its own configuration. */
const HERE_ALONE = [
  'fromClauses',
  'advisory',
  'inventory',
  'yes',
  'json',
  'dryRun',
  'out',
  'approveAs',
  'baseUrl',
  'config',
  'allowRego',
  'draftFact',
] as const;
const LONGEST_FILE_BYTES = 1_000_000;
const LISTED = 50;
const LEFT = 130;
type Jobs = AuthoringJobs<AuthoringOutcome>;
type Job = AuthoringJob<AuthoringOutcome>;
const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);

const jobsOf = (stack: Stack): Jobs =>
  makeDynamoAuthoringJobs({ client: stack.documents(), name: stack.output('PoliciesTable') }, Date.now);

/** Where sentences are sent to. Throws `INPUT_INVALID` where nobody takes them. */
export function authoringQueueOf({ title, output }: Pick<Stack, 'title' | 'output'>): string {
  try {
    return output('AuthoringQueueUrl');
  } catch (cause) {
    throw new AppError(
      'INPUT_INVALID',
      `${title} does not author: a deployment with authoringSecretName or authoringBedrockModels does (docs/authoring.md)`,
      { cause },
    );
  }
}

/** Sends what the function would take, and nothing else. */
async function send(stack: Stack, message: AuthoringMessage): Promise<void> {
  const parsed = authoringMessageSchema.safeParse(message);
  const [issue] = parsed.error?.issues ?? [];
  if (!parsed.success) throw refuse(`${issue?.path.join('.') ?? 'it'} cannot be sent: ${issue?.message ?? ''}`);
  const client = new SQSClient({ ...stack.aws, useQueueUrlAsEndpoint: false });
  await makeSqsQueue<AuthoringMessage>(client, authoringQueueOf(stack)).send([parsed.data]);
}

/** Sends a sentence, or asks to go on with one that no model answered; says under which id it is found. */
export async function sendIntent(sentence: string | undefined, options: RemoteOptions): Promise<number> {
  const { file, resume: again, kind } = options;
  const other = HERE_ALONE.find((option) => Object.hasOwn(options, option));
  if (other !== undefined || [sentence, file, again].filter((s) => s !== undefined).length !== 1)
    throw refuse('--remote takes a sentence, --file or --resume, and besides --kind, --as, --stage and --region alone');
  const stack = await findStack(options, true);
  authoringQueueOf(stack); // before anybody is asked who they are
  const id = again ?? randomUUID();
  if (again === undefined) {
    const intent = file === undefined ? (sentence ?? '') : readNamed(file, '--file', LONGEST_FILE_BYTES).trim();
    const requestedBy = (await identityOn(stack, options.as)).who;
    const kinds = kind === undefined ? {} : { kinds: [...kind] };
    await send(stack, { version: 1, job: 'author', id, intent, requestedBy, ...kinds });
  } else await send(stack, { version: 1, job: 'resume', id: (await existing(jobsOf(stack), id, stack)).asked.id });
  const output = new Output();
  output.line(`Sent to ${stack.title} as ${id}. What comes of it: edict author status ${id}`);
  output.flush();
  return 0;
}

/** The sentence of that id; of what is asked, what is still open. */
async function existing(jobs: Jobs, id: string, { title }: Stack): Promise<Job> {
  const job = await jobs.read(id);
  if (job === undefined) throw refuse(`${title} knows no sentence ${plain(id, 64)}: edict author status lists them`);
  const { outcome } = job;
  if (outcome?.is !== 'waiting') return job;
  return { ...job, outcome: { ...outcome, asked: unanswered(outcome.asked, await jobs.lines(id)) } };
}

/** Lists the newest sentences, or shows one; writes the folders of its draft where `--out` says. */
export async function authoringStatus(id: string | undefined, options: StatusOptions): Promise<number> {
  const stack = await findStack(options);
  const jobs = jobsOf(stack);
  const output = new Output();
  if (id === undefined) {
    const all = await jobs.list(LISTED);
    if (options.format === 'json') output.line(JSON.stringify({ version: 1, jobs: all.map(rowOf) }, undefined, 2));
    else if (all.length === 0) output.line(`Nothing was drafted on ${stack.title}.`);
    for (const { asked, state } of options.format === 'json' ? [] : all)
      output.line(
        `${asked.id}  ${state.padEnd(8)}  ${asked.requestedAt}  ${plain(asked.requestedBy, 40)}  ${plain(asked.intent, 60)}`,
      );
  } else {
    const job = await existing(jobs, id, stack);
    const folders = options.out === undefined ? [] : await writeDraft(jobs, job, options.out);
    const calls = await jobs.calls(id);
    if (options.format === 'json')
      output.line(JSON.stringify({ version: 1, ...rowOf(job), outcome: job.outcome, calls, folders }, undefined, 2));
    else for (const line of [...linesOf(job), ...folders.map((f) => `Written to ${f}`)]) output.line(line);
  }
  output.flush();
  return 0;
}

const rowOf = ({ asked, state }: Job) => ({ ...asked, state });

/** Writes the folders of a draft; none that is there already. */
async function writeDraft(jobs: Jobs, { asked, outcome }: Job, out: string): Promise<readonly string[]> {
  if (outcome?.is !== 'drafted') throw refuse(`${asked.id} is no draft: there is nothing to write`);
  const root = resolve(out);
  const folders = outcome.policies.map((p) => join(root, folderOf(p.id)));
  const taken = folders.find((folder) => existsSync(folder));
  if (taken !== undefined) throw refuse(`there is something in ${taken} already: give another --out`);
  for (const { path, text } of await jobs.files(asked.id)) writeBelow(root, path, text);
  if (outcome.authored !== undefined) keepRecord(folders, outcome.authored);
  return folders;
}

function linesOf({ asked, state, outcome }: Job): readonly string[] {
  const head = [`"${plain(asked.intent, 400)}"`, `by ${plain(asked.requestedBy, 200)}, ${asked.requestedAt}: ${state}`];
  if (outcome === undefined) return head;
  const spent =
    outcome.spent === null
      ? []
      : [`${count(outcome.spent.calls, 'call')} of models, ${count(outcome.spent.tokens, 'token')}`];
  switch (outcome.is) {
    case 'waiting':
      return [
        ...head,
        ...outcome.understood.flatMap(understoodLines),
        `Asked of you: ${count(outcome.asked.length, 'resource')}. edict author answer ${asked.id}`,
        ...outcome.asked.map((a) => `  ${a.of}  ${plain(saysOf(a), 300)}`),
        ...spent,
      ];
    case 'drafted':
      return [
        ...head,
        ...outcome.policies.flatMap((p) => [
          ...understoodLines(p),
          ...p.gates.flatMap((g) => (g.passed ? [] : [`  stopped by ${g.name}: ${plain(gateText(g), 600)}`])),
          `  Evidence: none. Not run: ${p.notRun.join(', ')}`,
        ]),
        ...outcome.checks.map((c) => `${c.passed ? '✓' : '!'} ${c.name}: ${plain(c.says, 300)}`),
        outcome.next.replaceAll('<id>', asked.id),
        ...spent,
      ];
    case 'refused':
      return [...head, ...refusalLines({ ...outcome, calls: [] }), ...spent];
    case 'failed':
      return [...head, `Failed (${outcome.code}): docs/runbook.md#authoring-dlq`];
  }
}

const saysOf = (asked: Asked): string =>
  [
    ...realLines('question' in asked ? asked.question.resource : asked.resource),
    'question' in asked ? asked.question.asks : asked.resource.says,
  ].join(' ');

function understoodLines({ id, kind, english, uncovered }: UnderstoodPolicy): readonly string[] {
  const texts = [...(english.scope === undefined ? [] : [english.scope]), ...Object.values(english.clauses)];
  return [
    style(process.stdout)('bold', `${id} (${kind})`),
    ...[...texts, ...english.params].map((text) => `  ${plain(text, 1000)}`),
    ...(uncovered.length === 0 ? [] : [`  No clause formalises: ${uncovered.map((w) => plain(w)).join(', ')}`]),
  ];
}

/** Answers what is asked of a sentence: in a dialogue, or by `--say`. */
export async function answerRemote(id: string, options: AnswerOptions): Promise<number> {
  const stack = await findStack(options, true);
  const { state, outcome } = await existing(jobsOf(stack), id, stack);
  if (state !== 'waiting' || outcome?.is !== 'waiting') throw refuse(`nothing is asked of ${id}: it is ${state}`);
  const by = (await identityOn(stack, options.as)).who;
  const { say } = options;
  if (say === undefined && !(process.stdin.isTTY && process.stdout.isTTY))
    throw refuse('answering is a dialogue, and this is no terminal: give --say <what is asked>=<answer>');
  try {
    const answers = say === undefined ? await answersIn(outcome) : said(say, outcome.asked);
    await send(stack, { version: 1, job: 'answer', id, by, answers });
  } catch (error) {
    if (!(error instanceof Left)) throw error;
    return LEFT;
  }
  const output = new Output();
  output.line(`Sent to ${stack.title}. What comes of it: edict author status ${id}`);
  output.flush();
  return 0;
}

type Given = Extract<AuthoringMessage, { job: 'answer' }>['answers'];

async function answersIn({ asked, understood }: Extract<AuthoringOutcome, { is: 'waiting' }>): Promise<Given> {
  const dialogue = new Dialogue();
  dialogue.begin('edict author answer');
  dialogue.show('What was understood', understood.flatMap(understoodLines));
  const answers: Given = [];
  for (const [i, a] of asked.entries()) {
    const answer = 'question' in a ? dialogue.answer(a.question) : dialogue.judge(a.resource, i + 1, asked.length);
    answers.push({ of: a.of, says: await answer });
  }
  dialogue.end('All is answered.');
  return answers;
}

function said(say: readonly string[], asked: readonly Asked[]): Given {
  return say.map((text) => {
    const [of = '', says = ''] = text.split('=');
    if (!asked.some((a) => a.of === of)) throw refuse(`--say ${plain(text, 100)}: ${plain(of, 80)} is not asked`);
    return { of, says: says as Answer }; // whether it is one, the schema of the message says
  });
}
