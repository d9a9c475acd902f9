/**
 * Authoring by messages: a sentence is taken on, drafted by the language model, and stops where a person has to say
 * something. Every answer is kept in the table before it is used, and authoring is deterministic: each message starts from
 * the beginning and replays what was said. It ends as a draft, never as a policy: the gates that need OPA run where the
 * tool chain is, and only what has passed those is approved (docs/authoring.md).
 */
import * as z from 'zod';
import type { AuthorDeps, Told } from '../../authoring/deps.ts';
import { authorIntent } from '../../authoring/author.ts';
import {
  ANSWERS,
  type Authored,
  type AuthoredPolicy,
  type Draft,
  type Question,
  type Refusal,
  type ShownResource,
} from '../../authoring/intent.ts';
import { recordOf } from '../../authoring/record.ts';
import type { GateName, GateResult } from '../../authoring/verify.ts';
import { folderFilesOf } from '../../authoring/write.ts';
import type { AuthoringRecord } from '../../model/approval.ts';
import { AppError, isAppError } from '../../model/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { type BundleManifest, coreOf, folderOf } from '../../policy/bundle.ts';
import { type English, toEnglish } from '../../policy/to-english.ts';
import type { LanguageModel, ModelCall } from '../../ports/language-model.ts';
import { budgeted } from '../anthropic/budget.ts';
import { askedKey, isFinal, type Judge, type LogLine, recorded, type RemoteLog } from '../anthropic/recorded.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import type { AuthoringJob, AuthoringJobs } from './authoring-jobs.ts';
import type { Telemetry } from '../../runtime/telemetry.ts';
import { GATES_ELSEWHERE } from './authoring-world.ts';

/** More is no sentence, and would not fit where it is kept. What is too long to be read is refused with a reason below that. */
const LONGEST_INTENT = 120_000;
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'lower case letters, digits and hyphens, at most 64');
const who = z.string().trim().min(1).max(200);

/** What may be sent. The sender chooses the id: the same message again is the same job. */
export const authoringMessageSchema = z.discriminatedUnion('job', [
  z.strictObject({
    version: z.literal(1),
    job: z.literal('author'),
    id,
    intent: z.string().refine((text) => Buffer.byteLength(text) <= LONGEST_INTENT, 'too long'),
    requestedBy: who,
    kinds: z.array(z.string().max(100)).min(1).max(50).optional(),
  }),
  /** What a person says of what was asked: of a question, or of resources that are judged blind; some or all of them. */
  z.strictObject({
    version: z.literal(1),
    job: z.literal('answer'),
    id,
    by: who,
    answers: z
      .array(z.strictObject({ of: z.string().max(100), says: z.enum(ANSWERS) }))
      .min(1)
      .max(500),
  }),
  /** Goes on: where time ran out, or where no model answered. */
  z.strictObject({ version: z.literal(1), job: z.literal('resume'), id }),
]);
export type AuthoringMessage = z.infer<typeof authoringMessageSchema>;

/** What was spent so far. `cost` in US dollars; null where a model is not on the price list. */
export interface Spent {
  readonly calls: number;
  readonly tokens: number;
  readonly cost: number | null;
}
/** What was understood of a sentence, of one kind. */
export interface UnderstoodPolicy extends Pick<Draft, 'covers' | 'uncovered'> {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly severity: string;
  readonly english: English;
}
/** A policy as it was drafted: its files are kept beside it. Nobody has proven it. */
export interface DraftedPolicy extends UnderstoodPolicy {
  /** The gates that ran here. */
  readonly gates: readonly GateResult[];
  /** Those that did not. */
  readonly notRun: readonly GateName[];
  /** Until those have run there is none. */
  readonly evidence: null;
  readonly warnings: readonly string[];
  readonly files: readonly string[];
}
/** What is asked of a person. The answer names `of`. */
export type Asked =
  | { readonly of: string; readonly question: Question }
  /** To be judged blind: nothing here says what the draft says of it. */
  | { readonly of: string; readonly resource: ShownResource };
export type AuthoringOutcome =
  | {
      readonly is: 'waiting';
      readonly asked: readonly Asked[];
      /** What was understood, in generated English. */
      readonly understood: readonly UnderstoodPolicy[];
      readonly spent: Spent;
    }
  | {
      readonly is: 'drafted';
      readonly policies: readonly DraftedPolicy[];
      readonly checks: Authored['checks'];
      /** For those who approve it. Absent in what was drafted before it was kept. */
      readonly authored?: AuthoringRecord;
      readonly leftOut: Authored['leftOut'];
      readonly next: string;
      readonly spent: Spent;
    }
  | (Omit<Refusal, 'calls'> & { readonly spent: Spent })
  | { readonly is: 'failed'; readonly code: string; readonly spent: null };

export interface AuthoringDeps {
  readonly jobs: AuthoringJobs<AuthoringOutcome>;
  /** The configured model, made anew for each message. */
  readonly model: () => LanguageModel;
  /** Tokens of one sentence, over all its messages. */
  readonly tokenBudget: number;
  /** The hash of the bundle that is active, and the policies of a bundle. */
  readonly activeBundle: () => Promise<string | null>;
  readonly manifest: (bundle: string) => Promise<BundleManifest | undefined>;
  readonly world: (active: ReturnType<typeof coreOf>[]) => Omit<AuthorDeps, 'model' | 'tells'>;
  /** Its own queue: what has to wait, and what goes on after its time. */
  readonly queue: JsonQueue<AuthoringMessage>;
  readonly now: () => string;
  readonly count: Telemetry['count'];
  readonly log: Telemetry['failed'];
}

/** One delivery. `remainingMs`: how long this invocation may still take; `callMs`: how long a call of the model may. */
export interface Delivery {
  readonly messageId: string;
  readonly body: string;
}
export interface Within {
  readonly remainingMs: () => number;
  readonly callMs: number;
}

/** How long a message waits that comes again under our own hand: someone else works on its sentence. */
const AGAIN_SECONDS = 60;
/** Left after the last call, to keep its answer and end. */
const RESERVE_MS = 30_000;
const NEXT =
  'edict author status <id> --out <folder> writes the folders; edict policies verify <folder> runs every gate; what passes: edict policies request <folder>, then somebody else approves';

/** A person is asked: the answer comes with another message. */
class Waiting extends Error {
  readonly asked: readonly Asked[];
  constructor(asked: readonly Asked[]) {
    super('a person is asked');
    this.asked = asked;
  }
}
/** No time for another call: another invocation goes on. */
class OutOfTime extends Error {}

/** Works on messages. Returns the ids of those that are done; the others are delivered again, and end as dead letters. */
export function makeAuthoring(
  deps: AuthoringDeps,
): (messages: readonly Delivery[], within: Within) => Promise<ReadonlySet<string>> {
  return async (messages, within) => {
    const done = new Set<string>();
    for (const { messageId, body } of messages) {
      const message = messageIn(body);
      if (message === undefined) {
        deps.log('a message asks for nothing that authoring knows', undefined, { messageId });
        continue;
      }
      try {
        if (await workOn(message, deps, within)) done.add(messageId);
      } catch (error) {
        deps.log('a sentence could not be worked on now', error, { messageId, authoring: message.id });
      }
    }
    return done;
  };
}

function messageIn(body: string): AuthoringMessage | undefined {
  try {
    return authoringMessageSchema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined; // not JSON
  }
}

/** True: there is nothing more to do for this message. */
async function workOn(message: AuthoringMessage, deps: AuthoringDeps, within: Within): Promise<boolean> {
  const job = await (message.job === 'author' ? begin(message, deps) : deps.jobs.read(message.id));
  if (job === undefined) {
    deps.log('a message speaks of a sentence that nobody has sent', undefined, { authoring: message.id });
    return false;
  }
  if (message.job === 'author' && !isSame(message, job)) {
    deps.log('an id stands for another sentence already', undefined, { authoring: message.id });
    return false;
  }
  // What failed after the last answer is tried again by the message that brought it.
  if (message.job === 'answer' && job.state !== 'failed') {
    if (!(await answered(message, job, deps))) return true;
  } else if (!isOpen(job, message.job)) return true; // delivered again, or long since over
  await run(message, deps, within);
  return true;
}

async function begin(
  { id: of, intent, requestedBy, kinds }: AuthoringMessage & { readonly job: 'author' },
  { jobs, activeBundle, now }: AuthoringDeps,
): Promise<AuthoringJob<AuthoringOutcome>> {
  const there = await jobs.read(of);
  if (there !== undefined) return there;
  const bundle = await activeBundle();
  const asked = { id: of, intent, requestedBy, requestedAt: now(), bundle };
  return jobs.create(kinds === undefined ? asked : { ...asked, kinds });
}

const isSame = (message: AuthoringMessage & { readonly job: 'author' }, { asked }: AuthoringJob<unknown>): boolean =>
  message.intent === asked.intent && String(message.kinds) === String(asked.kinds);

/** Whether something can come of it without an answer. Where no model answered, somebody has to ask for it: a delivery is not paid twice. */
const isOpen = ({ state, outcome }: AuthoringJob<AuthoringOutcome>, asks: AuthoringMessage['job']): boolean =>
  state === 'running' ||
  state === 'failed' ||
  (asks === 'resume' && outcome?.is === 'refused' && outcome.code === 'model_unavailable');

/** Keeps what a person says of what was asked; true where everything that was asked is answered. The first answer stands. */
async function answered(
  { answers, by }: AuthoringMessage & { readonly job: 'answer' },
  { asked, outcome }: AuthoringJob<AuthoringOutcome>,
  { jobs, log }: AuthoringDeps,
): Promise<boolean> {
  if (outcome?.is !== 'waiting') {
    log('an answer is to nothing that is asked', undefined, { authoring: asked.id });
    return false;
  }
  for (const { of, says } of answers) {
    const [key, n] = of.split('.');
    if (key === undefined || !outcome.asked.some((a) => a.of === of))
      log('an answer is to nothing that is asked', undefined, { authoring: asked.id });
    else await jobs.append(asked.id, { by: 'person', key, says }, Number(n), by);
  }
  return unanswered(outcome.asked, await jobs.lines(asked.id)).length === 0;
}

/** `<what was asked>.<how often before>`: what an answer names. */
const refOf = (key: string, n: number): string => `${key}.${n}`;

/** What nobody has answered yet of what is asked. */
export function unanswered(asked: readonly Asked[], lines: readonly LogLine[]): readonly Asked[] {
  const counts = new Map<string, number>();
  const said = new Set<string>();
  for (const { by, key } of lines) {
    if (by !== 'person') continue;
    const n = counts.get(key) ?? 0;
    counts.set(key, n + 1);
    said.add(refOf(key, n));
  }
  return asked.filter(({ of }) => !said.has(of));
}

/** One run from the beginning, as far as it goes. */
async function run(message: AuthoringMessage, deps: AuthoringDeps, within: Within): Promise<void> {
  const { jobs, queue, count } = deps;
  const job = await jobs.claim(message.id);
  if (job === undefined) return queue.send([message], { delaySeconds: AGAIN_SECONDS });
  try {
    const outcome = await outcomeOf(job, deps, within);
    await jobs.settle(job, { state: outcome.is, outcome });
    if (outcome.is === 'refused') count('AuthoringRefused', 1, { code: outcome.code });
  } catch (error) {
    if (error instanceof OutOfTime) {
      await jobs.settle(job);
      return queue.send([{ version: 1, job: 'resume', id: message.id }]);
    }
    if (isAppError(error, 'STORE_STALE')) return queue.send([message], { delaySeconds: AGAIN_SECONDS });
    const isPassing = isAppError(error) && error.retryable;
    const code = isAppError(error) ? error.code : 'INVARIANT_BROKEN';
    const end = { state: 'failed', outcome: { is: 'failed', code, spent: null } } as const;
    // If that cannot be kept, either, the lease lapses.
    await jobs.settle(job, isPassing ? undefined : end).catch(() => undefined);
    throw error;
  }
}

async function outcomeOf(
  { asked }: AuthoringJob<AuthoringOutcome>,
  deps: AuthoringDeps,
  within: Within,
): Promise<Exclude<AuthoringOutcome, { is: 'failed' }>> {
  const { jobs } = deps;
  const manifest = asked.bundle === null ? undefined : await deps.manifest(asked.bundle);
  if (asked.bundle !== null && manifest === undefined)
    throw new AppError('INVARIANT_BROKEN', `the bundle ${asked.bundle} is gone`);
  const world = deps.world((manifest?.policies ?? []).map(coreOf));
  const log = new StoredLog(asked.id, await jobs.lines(asked.id), jobs);
  const { model: replaying, person } = recorded(counted(asked.id, log, deps, within), askingOver(log), log);
  const model = new Ending(replaying);
  let understood: Extract<Told, { is: 'understood' }>['drafts'] = [];
  const tells = (told: Told): void => {
    if (told.is === 'understood') understood = told.drafts;
  };
  const intent = { text: asked.intent, ...(asked.kinds === undefined ? {} : { kinds: asked.kinds }) };
  try {
    const { calls: _, ...result } = await authorIntent(intent, { ...world, model, tells }, person);
    const spent = spentOf(log.calls());
    if (result.is === 'refused') return { ...result, spent };
    const policies: DraftedPolicy[] = [];
    for (const policy of result.policies) policies.push(await kept(asked.id, policy, world.kinds, jobs));
    const { checks, leftOut } = result;
    const authored = recordOf(result, false);
    return { is: 'drafted', policies, checks, authored, leftOut, next: NEXT, spent };
  } catch (error) {
    if (!(error instanceof Waiting)) throw error;
    const told = understood.map((draft) => understoodOf(draft, world.kinds));
    return { is: 'waiting', asked: error.asked, understood: told, spent: spentOf(log.calls()) };
  } finally {
    // Two roles are asked at once: what is on its way is paid for, so its answer is kept before this ends.
    await model.end();
  }
}

/** Keeps the folder of a draft. */
async function kept(
  job: string,
  authored: AuthoredPolicy,
  kinds: readonly Kind[],
  jobs: AuthoringJobs<AuthoringOutcome>,
): Promise<DraftedPolicy> {
  const { policy, verification } = authored;
  const all = folderFilesOf(authored, kindOf(kinds, policy.kind));
  for (const [path, text] of Object.entries(all)) await jobs.putFile(job, `${folderOf(policy.id)}/${path}`, text);
  return {
    ...understoodOf(authored, kinds),
    gates: verification.gates,
    notRun: GATES_ELSEWHERE,
    evidence: null,
    warnings: verification.warnings,
    files: Object.keys(all),
  };
}

function understoodOf({ policy, covers, uncovered }: Draft, kinds: readonly Kind[]): UnderstoodPolicy {
  const { id: of, kind, title, severity } = policy;
  return { id: of, kind, title, severity, english: toEnglish(policy, kindOf(kinds, kind)), covers, uncovered };
}

function kindOf(kinds: readonly Kind[], kindId: string): Kind {
  const kind = kinds.find((k) => k.id === kindId);
  if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${kindId}`);
  return kind;
}

/** Whoever is not in the log is asked with another message. */
const askingOver = (log: StoredLog): Judge => ({
  answer: (question) => Promise.reject(new Waiting([{ of: log.nextOf(question), question }])),
  judge: (resource) => Promise.reject(new Waiting([{ of: log.nextOf(resource), resource }])),
  shows: (resources) => {
    throw new Waiting(resources.map((resource) => ({ of: log.nextOf(resource), resource })));
  },
});

/** The log in the table. An answer that is there already stands: whoever comes second starts from it. */
class StoredLog implements RemoteLog {
  readonly lines: readonly LogLine[];
  readonly #job: string;
  readonly #jobs: AuthoringJobs<AuthoringOutcome>;
  readonly #counts = new Map<string, number>();
  readonly #calls: ModelCall[];
  constructor(job: string, lines: readonly LogLine[], jobs: AuthoringJobs<AuthoringOutcome>) {
    this.lines = lines;
    this.#job = job;
    this.#jobs = jobs;
    for (const line of lines) this.#next(line);
    this.#calls = lines.flatMap((l) => (l.by === 'model' ? [l.says.call] : []));
  }
  #next({ by, key }: Pick<LogLine, 'by' | 'key'>): number {
    const n = this.#counts.get(`${by} ${key}`) ?? 0;
    this.#counts.set(`${by} ${key}`, n + 1);
    return n;
  }
  async append(line: LogLine): Promise<void> {
    if (line.by === 'model') this.#calls.push(line.says.call);
    if (!(await this.#jobs.append(this.#job, line, this.#next(line))))
      throw new AppError('STORE_STALE', `${this.#job}: someone else was told that meanwhile`);
  }
  /** What an answer to this would be called. */
  nextOf(asked: Question | ShownResource): string {
    const key = askedKey(asked);
    return refOf(key, this.#counts.get(`person ${key}`) ?? 0);
  }
  calls(): readonly ModelCall[] {
    return this.#calls;
  }
}

function spentOf(calls: readonly ModelCall[]): Spent {
  let cost: number | null = 0;
  for (const { usage } of calls) cost = cost === null || usage.cost === null ? null : cost + usage.cost;
  return { calls: calls.length, tokens: tokensOf(calls), cost };
}
const tokensOf = (calls: readonly ModelCall[]): number =>
  calls.reduce((sum, { usage }) => sum + usage.inputTokens + usage.outputTokens, 0);

/** The model within the budget of the sentence and the time of the invocation; every call is counted and recorded. */
function counted(job: string, log: StoredLog, deps: AuthoringDeps, within: Within): LanguageModel {
  const { count, jobs } = deps;
  const model = budgeted(deps.model(), deps.tokenBudget, tokensOf(log.calls()));
  return {
    async ask(request) {
      if (within.remainingMs() < within.callMs + RESERVE_MS) throw new OutOfTime();
      const answer = await model.ask(request);
      count('ModelCalls', 1, { code: answer.is });
      count('ModelTokens', tokensOf([answer.call]));
      // The record of what the log keeps is written with it.
      if (!isFinal(answer)) await jobs.audit(job, answer.call);
      return answer;
    },
  };
}

/** A model that can be waited for: two roles are asked at once, and what is over for one may be on its way for the other. */
class Ending implements LanguageModel {
  readonly #model: LanguageModel;
  readonly #open = new Set<Promise<unknown>>();
  #isOver = false;
  constructor(model: LanguageModel) {
    this.#model = model;
  }
  ask(request: Parameters<LanguageModel['ask']>[0]): ReturnType<LanguageModel['ask']> {
    if (this.#isOver) return Promise.reject(new OutOfTime());
    const asked = this.#model.ask(request);
    this.#open.add(asked);
    return asked;
  }
  /** No call begins any more, and those on their way have ended. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.allSettled(this.#open);
  }
}
