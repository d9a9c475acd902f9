/** A sentence is authored by messages: it waits for people, survives deliveries and deaths, and ends as a draft or with a reason. */
import { describe, expect, it } from 'vitest';
import { makeMemoryAuthoringJobs } from '../../../shared/adapters/memory/authoring-jobs.ts';
import {
  type Asked,
  type AuthoringDeps,
  type AuthoringOutcome,
  makeAuthoring,
  unanswered,
} from '../../../shared/adapters/service/authoring.ts';
import type { AuthoringJobs } from '../../../shared/adapters/service/authoring-jobs.ts';
import { makeAuthoringModel } from '../../../shared/adapters/service/authoring-model.ts';
import { authoringWorld, GATES_ELSEWHERE } from '../../../shared/adapters/service/authoring-world.ts';
import { parseAuthoring } from '../../../shared/adapters/anthropic/config.ts';
import { isFinal } from '../../../shared/adapters/anthropic/recorded.ts';
import type { Answer } from '../../../shared/authoring/intent.ts';
import { GATES } from '../../../shared/authoring/verify.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { parsePolicy } from '../../../shared/policy/clauses.ts';
import type { LanguageModel } from '../../../shared/ports/language-model.ts';
import { failed, modelOf, personOf, worldOf } from '../../support/authoring.ts';
import { gold, parting, scoped, SENTENCE } from '../../support/two-readings.ts';

const ID = 'backups';
const AUTHOR = { version: 1, job: 'author', id: ID, intent: SENTENCE, requestedBy: 'ann@example.com' } as const;
const RESUME = { version: 1, job: 'resume', id: ID } as const;
const CALL_MS = 240_000;
const LONG = { remainingMs: () => 900_000, callMs: CALL_MS };

type Options = Partial<Pick<AuthoringDeps, 'tokenBudget' | 'world' | 'model' | 'activeBundle' | 'manifest'>>;

function setUp(options: Options = {}, wrap: <J>(jobs: AuthoringJobs<J>) => AuthoringJobs<J> = (jobs) => jobs) {
  let now = Date.parse('2026-11-25T12:00:00Z');
  const model = parting();
  const jobs = wrap(makeMemoryAuthoringJobs<AuthoringOutcome>(() => now));
  const queued: { readonly message: unknown; readonly delaySeconds: number | undefined }[] = [];
  const counted = new Map<string, number>();
  const logged: unknown[][] = [];
  const work = makeAuthoring({
    jobs,
    model: () => model,
    tokenBudget: 400_000,
    activeBundle: () => Promise.resolve(null),
    manifest: () => Promise.resolve(undefined),
    world: () => worldOf(model),
    queue: {
      send: (messages, { delaySeconds } = {}) =>
        Promise.resolve(void queued.push(...messages.map((message) => ({ message, delaySeconds })))),
    },
    now: () => new Date(now).toISOString(),
    count: (name, value = 1) => void counted.set(name, (counted.get(name) ?? 0) + value),
    log: (...line) => void logged.push(line),
    ...options,
  });
  let deliveries = 0;
  /** True where the message is proven done. */
  const deliver = async (message: unknown, within = LONG): Promise<boolean> => {
    const messageId = `m${(deliveries += 1)}`;
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return (await work([{ messageId, body }], within)).has(messageId);
  };
  const job = async () => {
    const found = await jobs.read(ID);
    if (found === undefined) throw new Error('nothing is authored');
    return found;
  };
  const asked = async (): Promise<readonly Asked[]> => {
    const { outcome } = await job();
    return outcome?.is === 'waiting' ? outcome.asked : [];
  };
  return { model, jobs, queued, counted, logged, work, deliver, job, asked, pass: (ms: number) => void (now += ms) };
}
type SetUp = ReturnType<typeof setUp>;

/** What a person who means the gold policy says of what is asked. */
async function saysOf(asked: readonly Asked[]): Promise<readonly { readonly of: string; readonly says: Answer }[]> {
  const person = personOf([gold]);
  return Promise.all(
    asked.map(async (a) => ({
      of: a.of,
      says: 'question' in a ? await person.answer(a.question) : ((await person.judge([a.resource]))[0] ?? 'skip'),
    })),
  );
}
const answerTo = async ({ asked }: Pick<SetUp, 'asked'>, by = 'ann@example.com') => ({
  version: 1,
  job: 'answer',
  id: ID,
  by,
  answers: await saysOf(await asked()),
});
/** Answers until nothing is asked any more; at most a few times. */
async function answerAll(world: SetUp): Promise<void> {
  for (let i = 0; i < 6 && (await world.job()).state === 'waiting'; i++)
    expect(await world.deliver(await answerTo(world))).toBe(true);
}
const keysOf = ({ model }: Pick<SetUp, 'model'>): readonly string[] => model.requests.map((r) => JSON.stringify(r));

describe('a sentence', () => {
  it('waits with a question, then with what is judged blind, then with a claim, and ends as a draft that nobody has proven', async () => {
    const world = setUp();
    const states: (readonly [string, number])[] = [];
    expect(await world.deliver(AUTHOR)).toBe(true);
    for (let job = await world.job(); job.outcome?.is === 'waiting'; job = await world.job()) {
      const shown = job.outcome.asked;
      states.push([shown.every((a) => 'question' in a) ? 'question' : 'judge', shown.length]);
      // Judged blind: nothing in it says what the draft says.
      if (!('question' in (shown[0] ?? {}))) expect(JSON.stringify(shown)).not.toMatch(/verdict|expected|readings/);
      expect(job.outcome.understood).toMatchObject([{ id: 'sql-database.as-drafted', english: { clauses: {} } }]);
      expect(await world.deliver(await answerTo(world))).toBe(true);
    }
    expect(states.map(([what]) => what)).toEqual(['question', 'judge', 'question']);
    expect(states[1]?.[1]).toBeGreaterThanOrEqual(6);

    const { outcome, state } = await world.job();
    expect(state).toBe('drafted');
    expect(outcome).toMatchObject({
      is: 'drafted',
      policies: [{ id: 'sql-database.as-drafted', kind: 'sql_database', evidence: null, notRun: [...GATES_ELSEWHERE] }],
      // For those who approve it: a person was asked, and has judged each.
      authored: {
        judging: { by: 'person', shown: states[1]?.[1], corrected: 0, skipped: 0, questions: 1 },
        checks: expect.arrayContaining([expect.objectContaining({ name: 'judging', passed: true })]),
      },
      next: expect.stringContaining('edict policies verify'),
      spent: { calls: 2, tokens: 4, cost: 0 },
    });
    const files = new Map((await world.jobs.files(ID)).map((f) => [f.path, f.text]));
    const folder = 'sql-database/as-drafted';
    for (const name of ['policy.yaml', 'policy.rego', 'policy_test.rego', 'intent.md'])
      expect([...files.keys()], name).toContain(`${folder}/${name}`);
    expect(files.get(`${folder}/intent.md`)).toContain(SENTENCE);
    expect(parsePolicy(files.get(`${folder}/policy.yaml`) ?? '', { file: 'policy.yaml' })).toMatchObject({
      applies_when: { fact: 'environment', is: 'production' },
    });
    expect(await world.jobs.calls(ID)).toHaveLength(2);
    expect(Object.fromEntries(world.counted)).toEqual({ ModelCalls: 2, ModelTokens: 4 });
    expect(world.queued).toEqual([]);
  });

  it('is asked of a model once, and of a person once, however often each message is delivered', async () => {
    const world = setUp();
    const twice = async (message: unknown): Promise<void> => {
      expect(await world.deliver(message)).toBe(true);
      const [job, calls] = [await world.job(), world.model.requests.length];
      expect(await world.deliver(message)).toBe(true);
      expect([await world.job(), world.model.requests.length]).toEqual([job, calls]);
    };
    await twice(AUTHOR);
    for (let i = 0; i < 3; i++) await twice(await answerTo(world));
    expect((await world.job()).state).toBe('drafted');
    await twice(AUTHOR);
    await twice(RESUME);
    expect(new Set(keysOf(world)).size).toBe(world.model.requests.length);
  });

  it('takes judgements one by one, and goes on with the last', async () => {
    const world = setUp({ model: () => modelOf(() => scoped) });
    await world.deliver(AUTHOR);
    const { answers, ...message } = await answerTo(world);
    expect(answers.length).toBeGreaterThanOrEqual(6);
    const asked = await world.asked();
    for (const [i, answer] of answers.entries()) {
      expect((await world.job()).revision).toBe(1);
      expect(unanswered(asked, await world.jobs.lines(ID)).map((a) => a.of)).toEqual(asked.slice(i).map((a) => a.of));
      expect(await world.deliver({ ...message, answers: [answer] })).toBe(true);
    }
    expect((await world.job()).revision).toBe(2);
    expect((await world.job()).outcome).toMatchObject({ is: 'waiting', asked: [{ question: { id: 'claim' } }] });
  });

  it('lets the first of two answers stand', async () => {
    const world = setUp();
    await world.deliver(AUTHOR);
    const first = await answerTo(world);
    expect(first.answers).toEqual([{ of: expect.any(String), says: 'does_not_apply' }]);
    const other = { ...first, by: 'ben@example.com', answers: first.answers.map((a) => ({ ...a, says: 'violation' })) };
    expect(await world.deliver(first)).toBe(true);
    const after = await world.job();
    expect(await world.deliver(other)).toBe(true);
    expect(await world.job()).toEqual(after);
    const said = (await world.jobs.lines(ID)).filter((l) => l.by === 'person');
    expect(said).toMatchObject([{ says: 'does_not_apply' }]);
  });

  it('takes no answer to what is not asked any more', async () => {
    const world = setUp();
    await world.deliver(AUTHOR);
    const old = await answerTo(world);
    await world.deliver(old);
    const waiting = await world.job();
    const stale = { ...old, answers: [{ of: `${'0'.repeat(64)}.0`, says: 'fine' }, ...old.answers] };
    expect(await world.deliver(stale)).toBe(true);
    expect(await world.job()).toEqual(waiting);
    expect((await world.jobs.lines(ID)).filter((l) => l.by === 'person')).toHaveLength(1);
    expect(world.logged).toContainEqual(['an answer is to nothing that is asked', undefined, { authoring: ID }]);
  });

  it('is refused where the person agrees with everything, also with a wrong claim', async () => {
    const world = setUp();
    await world.deliver(AUTHOR);
    await world.deliver(await answerTo(world));
    await world.deliver(await answerTo(world));
    const [claim] = await world.asked();
    if (claim === undefined || !('question' in claim)) throw new Error('no claim');
    const [wrong] = claim.question.readings;
    const answers = [{ of: claim.of, says: wrong?.answer }];
    await world.deliver({ version: 1, job: 'answer', id: ID, by: 'ann@example.com', answers });
    expect((await world.job()).outcome).toMatchObject({ is: 'refused', code: 'misjudged' });
    expect(world.counted.get('AuthoringRefused')).toBe(1);
    expect(await world.jobs.files(ID)).toEqual([]);
  });

  it('that no model is needed for to be refused costs nothing', async () => {
    const world = setUp();
    await world.deliver({ ...AUTHOR, intent: ' ' });
    expect((await world.job()).outcome).toMatchObject({
      is: 'refused',
      code: 'unusable',
      spent: { calls: 0, tokens: 0 },
    });
    expect(world.model.requests).toEqual([]);
  });

  it('is drafted with the gates that need no tool chain, and says which have not run', async () => {
    const all = modelOf(({ purpose }) => (purpose === 'paraphrase' ? { paraphrases: [] } : scoped));
    const world = setUp({ model: () => all, world: authoringWorld });
    await world.deliver(AUTHOR);
    await answerAll(world);
    const { outcome } = await world.job();
    if (outcome?.is !== 'drafted') throw new Error(JSON.stringify(outcome));
    const [policy] = outcome.policies;
    const ran = policy?.gates.map((g) => g.name) ?? [];
    expect(policy?.gates.filter((g) => !g.passed)).toEqual([]);
    expect(ran.length).toBeGreaterThan(2);
    expect([...ran, ...(policy?.notRun ?? [])].toSorted()).toEqual([...GATES].toSorted());
    expect(policy?.files.filter((f) => f.startsWith('examples/')).length).toBeGreaterThan(5);
  }, 60_000);
});

describe('what goes wrong', () => {
  it('refuses for a machine to read where the tokens are spent, also when it is asked to go on', async () => {
    // Enough for one answer of the greatest length (16,000), and not for another after it.
    const world = setUp({ tokenBudget: 16_001 });
    for (const message of [AUTHOR, RESUME]) {
      expect(await world.deliver(message)).toBe(true);
      expect((await world.job()).outcome).toMatchObject({
        is: 'refused',
        code: 'model_unavailable',
        why: expect.stringContaining('token_budget'),
        spent: { calls: 1, tokens: 2 },
      });
      expect(world.model.requests).toHaveLength(1);
    }
    expect((await world.jobs.calls(ID)).map((c) => c.outcome).toSorted()).toEqual([
      'answered',
      'over_budget',
      'over_budget',
    ]);
  });

  it('refuses where the secret is missing, asks nobody, and is not tried again by a delivery', async () => {
    let reads = 0;
    const config = parseAuthoring({ provider: 'anthropic' });
    const secret = () => {
      reads += 1;
      return Promise.reject(
        new AppError('UPSTREAM_UNAVAILABLE', 'read the secret edict/model: ResourceNotFoundException', {
          details: { name: 'ResourceNotFoundException' },
        }),
      );
    };
    const world = setUp({ model: () => makeAuthoringModel({ config, secret, clock: () => 0 }) });
    expect(await world.deliver(AUTHOR)).toBe(true);
    const refused = await world.job();
    expect(refused.outcome).toMatchObject({
      is: 'refused',
      code: 'model_unavailable',
      why: expect.stringMatching(/denied.*secret edict\/model/),
      spent: { calls: 0, tokens: 0, cost: 0 },
    });
    expect(await world.jobs.calls(ID)).toMatchObject([{ outcome: 'denied' }, { outcome: 'denied' }]);
    await world.deliver(AUTHOR);
    expect([await world.job(), reads]).toEqual([refused, 1]);
  });

  it('goes on where a model answers again, and only then', async () => {
    let isThere = false;
    const model = modelOf((request) => (isThere || request.role === 'author' ? scoped : failed('unavailable')));
    const world = setUp({ model: () => model });
    await world.deliver(AUTHOR);
    expect((await world.job()).outcome).toMatchObject({ is: 'refused', code: 'model_unavailable' });
    const calls = model.requests.length;
    await world.deliver(AUTHOR);
    expect(model.requests).toHaveLength(calls);
    isThere = true;
    await world.deliver(RESUME);
    expect((await world.job()).state).toBe('waiting');
    // The role that has answered is not asked again.
    expect(model.requests.filter((r) => r.role === 'author')).toHaveLength(1);
  });

  it('goes on in another invocation where the time for a call is over, and pays for no call twice', async () => {
    // Slow: when the time for the second call is over, the first is still on its way, and paid for.
    const model = parting();
    const slow: LanguageModel = {
      ask: async (request) => {
        await new Promise((resolve) => setImmediate(resolve));
        return model.ask(request);
      },
    };
    const world = setUp({ model: () => slow });
    let calls = 0;
    const remainingMs = (): number => ((calls += 1) <= 1 ? 900_000 : CALL_MS + 29_999);
    expect(await world.deliver(AUTHOR, { remainingMs, callMs: CALL_MS })).toBe(true);
    expect((await world.job()).state).toBe('running');
    expect(world.queued).toEqual([{ message: RESUME, delaySeconds: undefined }]);
    expect(model.requests).toHaveLength(1);
    expect(await world.jobs.lines(ID)).toHaveLength(1);
    expect(await world.deliver(world.queued[0]?.message)).toBe(true);
    await answerAll(world);
    expect((await world.job()).state).toBe('drafted');
    expect(model.requests).toHaveLength(2);
  });

  it('comes again later while somebody works on it, and is taken over from the dead', async () => {
    const world = setUp();
    await world.jobs.create({ id: ID, intent: SENTENCE, requestedBy: 'x', requestedAt: 'x', bundle: null });
    await world.jobs.claim(ID);
    expect(await world.deliver(AUTHOR)).toBe(true);
    expect(world.queued).toEqual([{ message: AUTHOR, delaySeconds: 60 }]);
    expect(world.model.requests).toEqual([]);
    world.pass(20 * 60_000);
    await world.deliver(AUTHOR);
    expect((await world.job()).state).toBe('waiting');
  });

  it('keeps what was paid for when the store fails in the middle, and is delivered again', async () => {
    let appends = 0;
    const world = setUp({}, (jobs) => ({
      ...jobs,
      append: (...of) =>
        (appends += 1) === 2 ? Promise.reject(new AppError('STORE_UNAVAILABLE', 'no')) : jobs.append(...of),
    }));
    expect(await world.deliver(AUTHOR)).toBe(false);
    expect((await world.job()).state).toBe('running');
    expect(await world.deliver(AUTHOR)).toBe(true);
    await answerAll(world);
    expect((await world.job()).state).toBe('drafted');
    // The one answer that could not be kept was asked for again.
    expect(world.model.requests).toHaveLength(3);
  });

  it('says that it failed where our code does, comes again, and ends well where the fault is mended', async () => {
    let isBroken = false;
    const world = setUp({
      world: (active) => ({
        ...worldOf(parting(), { active }),
        render: () => {
          if (isBroken) throw new TypeError('a bug');
          return [];
        },
      }),
    });
    await world.deliver(AUTHOR);
    isBroken = true;
    const answer = await answerTo(world);
    expect(await world.deliver(answer)).toBe(false);
    expect(await world.job()).toMatchObject({ state: 'failed', outcome: { is: 'failed', code: 'INVARIANT_BROKEN' } });
    expect(await world.deliver(answer)).toBe(false);
    isBroken = false;
    expect(await world.deliver(answer)).toBe(true);
    expect((await world.job()).state).toBe('waiting');
  });

  it.each([
    ['no JSON', '{'],
    ['an unknown job', { version: 1, job: 'activate', id: ID }],
    ['another version', { ...AUTHOR, version: 2 }],
    ['more than is known', { ...AUTHOR, approve: true }],
    ['an id that could be another item', { ...AUTHOR, id: 'a#b' }],
    ['a sentence that is none', { ...AUTHOR, intent: 'x'.repeat(120_001) }],
    ['an answer that nobody can give', { ...RESUME, job: 'answer', by: 'x', answers: [{ of: 'x', says: 'proved' }] }],
    ['nothing that was ever sent', RESUME],
  ])('does not take %s as done: it ends as a dead letter, and the others of its batch are done', async (_, poison) => {
    const world = setUp();
    const bodies = [poison, { ...AUTHOR, id: 'other' }].map((m) => (typeof m === 'string' ? m : JSON.stringify(m)));
    const done = await world.work(
      bodies.map((body, i) => ({ messageId: `m${i}`, body })),
      LONG,
    );
    expect([...done]).toEqual(['m1']);
    expect(await world.jobs.read(ID)).toBeUndefined();
    expect((await world.jobs.read('other'))?.state).toBe('waiting');
  });

  it('does not take another sentence under the same id as done', async () => {
    const world = setUp();
    await world.deliver(AUTHOR);
    const before = await world.job();
    expect(await world.deliver({ ...AUTHOR, intent: 'Buckets are private' })).toBe(false);
    expect(await world.job()).toEqual(before);
  });
});

describe('the key of the model', () => {
  const config = parseAuthoring({ provider: 'anthropic', base_url: 'http://127.0.0.1:1' });
  const request = { role: 'author', purpose: 'x', system: [], prompt: [], schema: {}, maxTokens: 1 } as const;
  const ask = (secret: () => Promise<string>): ReturnType<LanguageModel['ask']> =>
    makeAuthoringModel({ config, secret, clock: () => 0 }).ask(request);

  it.each(['', ' ', '{"apiKey":""}', '{"key":"sk-1"}', '{', 'sk one\ntwo', '{"apiKey":7}'])(
    'is not %j, which is told to nobody',
    async (secret) => {
      const answer = await ask(() => Promise.resolve(secret));
      expect(answer).toMatchObject({ is: 'denied', call: { usage: { inputTokens: 0, outputTokens: 0 } } });
      if (secret.trim().length > 1) expect(JSON.stringify(answer)).not.toContain(secret);
    },
  );

  it('that cannot be read now may be there later: what is asked is not kept as answered', async () => {
    const answer = await ask(() => Promise.reject(new AppError('UPSTREAM_THROTTLED', 'too many')));
    expect(answer.is).toBe('unavailable');
    expect(isFinal(answer)).toBe(false);
  });
});
