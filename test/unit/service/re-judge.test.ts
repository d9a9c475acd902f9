/** Jobs that find what has to be judged again, page by page, until there is nothing. */
import { describe, expect, it } from 'vitest';
import { makeReJudgeBatch } from '../../../shared/adapters/service/re-judge-batch.ts';
import { makeReJudgeJobs, type ReJudgeJob } from '../../../shared/adapters/service/re-judge-jobs.ts';
import type { Rejudge } from '../../../shared/model/change.ts';
import { approveException, revokeException } from '../../../shared/pipeline/exceptions.ts';
import { makeDoorWorld } from '../../support/door.ts';
import { ben, requested } from '../../support/exceptions.ts';
import { bundle, change, makeWorld, NOON } from '../../support/world.ts';

type Sent = { readonly message: ReJudgeJob | Rejudge; readonly delaySeconds: number | undefined };

async function setUp(resources: number) {
  const world = makeWorld({ policies: ['versioned'] });
  await world.activate();
  for (let i = 0; i < resources; i++)
    await world.deliver(change({ type: 'Test::Store', id: `r${i}`, at: i, body: { versioned: true, open: true } }));
  const sent: Sent[] = [];
  const { count, log } = makeDoorWorld().deps;
  let nowMs = NOON;
  const jobs = makeReJudgeJobs({
    resources: world.resources,
    policies: world.policies,
    exceptions: world.exceptions,
    bus: world.bus,
    queue: {
      send: (messages, options) =>
        Promise.resolve(
          void sent.push(...messages.map((message) => ({ message, delaySeconds: options?.delaySeconds }))),
        ),
    },
    nowMs: () => nowMs,
    count,
    log,
  });
  const wishes = () => sent.flatMap(({ message }) => ('resourceId' in message ? [message] : []));
  const rounds = () => sent.filter(({ message }) => 'job' in message);
  const setNow = (ms: number): void => void (nowMs = ms);
  return { world, jobs, sent, wishes, rounds, setNow, later: (ms: number) => void (nowMs += ms) };
}

describe('an activation', () => {
  it('asks for every resource below it, and looks again until there is none', async () => {
    const { world, jobs, sent, wishes, rounds, later } = await setUp(20);
    await world.activate(bundle(['not-public']));
    await jobs({ job: 'activation' });
    expect(new Set(wishes().map((w) => w.resourceId)).size).toBe(20);
    expect(wishes().every((w) => w.cause === 'activation')).toBe(true);
    expect(rounds().length).toBeGreaterThan(0);
    expect(rounds().every(({ delaySeconds }) => (delaySeconds ?? 0) >= 30)).toBe(true);

    await world.active.refresh();
    await world.judgeAgain(wishes());
    later(60 * 60 * 1000);
    const again = rounds().map(({ message }) => message as ReJudgeJob);
    sent.length = 0;
    for (const job of again) await jobs(job);
    expect(sent).toEqual([]);
    expect((await world.resources.read('r7'))?.verdicts['store.not-public']?.verdict).toBe('violation');
  });

  it('waits longer from round to round, and leaves what cannot be judged to the next scheduled job', async () => {
    const { world, jobs, sent, rounds } = await setUp(1);
    await world.activate(bundle(['not-public']));
    await jobs({ job: 'activation' });
    const delays = new Set<number | undefined>();
    // Nothing is ever judged: without an end, every scheduled job would leave a chain behind.
    for (let n = 0; rounds().length > 0; n++) {
      expect(n).toBeLessThan(10);
      const chain = rounds();
      sent.length = 0;
      for (const { message, delaySeconds } of chain) {
        delays.add(delaySeconds);
        await jobs(message as ReJudgeJob);
      }
    }
    expect([...delays]).toEqual([30, 60, 120, 240, 480]);
  });

  it('does nothing before there is one', async () => {
    const world = makeWorld();
    const { count, log } = makeDoorWorld().deps;
    const sent: unknown[] = [];
    const jobs = makeReJudgeJobs({
      resources: world.resources,
      policies: world.policies,
      exceptions: world.exceptions,
      bus: world.bus,
      queue: { send: (messages) => Promise.resolve(void sent.push(...messages)) },
      nowMs: () => NOON,
      count,
      log,
    });
    await jobs({ job: 'activation' });
    expect(sent).toEqual([]);
  });
});

describe('the clock', () => {
  it('asks for what flips by now, and for nothing else', async () => {
    const { world, jobs, wishes } = await setUp(0);
    await world.activate(bundle(['key-rotated']));
    const rotatedAt = (days: number) => Math.floor(NOON / 1000) - days * 86_400;
    await world.deliver(
      change({ type: 'Test::Store', id: 'soon', at: 1, body: { rotated: rotatedAt(29) } }),
      change({ type: 'Test::Store', id: 'late', at: 1, body: { rotated: rotatedAt(1) } }),
    );
    await jobs({ job: 'flips' });
    expect(wishes()).toEqual([]);
    const later = makeReJudgeJobs({
      resources: world.resources,
      policies: world.policies,
      exceptions: world.exceptions,
      bus: world.bus,
      queue: { send: (messages) => Promise.resolve(void found.push(...messages)) },
      nowMs: () => NOON + 2 * 86_400_000,
      ...(({ count, log }) => ({ count, log }))(makeDoorWorld().deps),
    });
    const found: unknown[] = [];
    await later({ job: 'flips' });
    expect(found).toMatchObject([{ type: 'rejudge', resourceId: 'soon', cause: 'clock' }]);
  });
});

describe('the queue', () => {
  const { log } = makeDoorWorld().deps;
  const messages = (...bodies: string[]) => bodies.map((body, i) => ({ messageId: `m${i}`, body }));

  it('holds jobs and wishes; a job that fails keeps nobody', async () => {
    const worked: string[] = [];
    const batch = makeReJudgeBatch({
      jobs: ({ job }) => (job === 'flips' ? Promise.reject(new Error('x')) : Promise.resolve()),
      work: (wishes) => {
        worked.push(...wishes.map((w) => w.messageId));
        return Promise.resolve({ outcomes: [], done: new Set(['m2']) });
      },
      log,
    });
    const done = await batch(messages('{"job":"activation"}', '{"job":"flips"}', '{"type":"rejudge"}', 'not json'));
    expect([...done].sort()).toEqual(['m0', 'm2']);
    // What is no job is for whoever reads wishes to say what is wrong with it.
    expect(worked).toEqual(['m2', 'm3']);
  });
});

describe('exceptions', () => {
  const DAY_MS = 86_400_000;
  const approved = async (world: Awaited<ReturnType<typeof setUp>>['world'], days = 30) => {
    const wanted = { decided: '0123456789abcdef', resource: 'r0', policy: 'versioned', days } as const;
    const wish = requested(wanted);
    await world.exceptions.put(wish);
    const exception = approveException(wish, ben, NOON);
    await world.exceptions.put(exception);
    return exception;
  };

  it('what one covers is judged again when it changes, and of one that is not there nothing', async () => {
    const { world, jobs, wishes } = await setUp(1);
    const { id } = await approved(world);
    await jobs({ job: 'exception', id });
    expect(wishes()).toEqual([{ type: 'rejudge', version: 1, resourceId: 'r0', cause: 'exception' }]);
    await jobs({ job: 'exception', id: 'exc-000000000000' });
    expect(wishes()).toHaveLength(1);
  });

  it('people are reminded 14, 7 and 1 days before the end, once each, and at the end what it covers is judged again', async () => {
    const { world, jobs, wishes, setNow } = await setUp(1);
    const exception = await approved(world);
    const told: unknown[] = [];
    for (let day = 0; day <= 31; day++) {
      setNow(NOON + day * DAY_MS);
      await jobs({ job: 'flips' });
      await jobs({ job: 'flips' });
      for (const event of world.bus.events.slice(told.length)) told.push([day, event.detailType, event.id]);
    }
    expect(told).toEqual(
      [14, 7, 1].map((days) => [30 - days, 'ExceptionExpiring.v1', `${exception.id}-ends-in-${days}`]),
    );
    expect(wishes().filter((w) => w.cause === 'exception')).toHaveLength(1);
    expect(world.bus.events[0]?.detail.edict).toMatchObject({
      policyId: 'store.versioned',
      owner: 'team-web',
      ticket: 'SEC-42',
      days: 14,
      expiresAt: exception.expiresAt,
      findings: 1,
      resources: ['r0'],
    });
  });

  it('nobody is reminded of one that was revoked', async () => {
    const { world, jobs, setNow } = await setUp(1);
    await world.exceptions.put(revokeException(await approved(world), ben, 'no more', NOON + 1));
    setNow(NOON + 29 * DAY_MS);
    await jobs({ job: 'flips' });
    expect(world.bus.events).toEqual([]);
  });

  it('one that cannot be read holds up none of the others', async () => {
    const { world, jobs, setNow } = await setUp(1);
    const broken = await approved(world, 10);
    world.exceptions.spoil(broken.id, { reason: '' });
    const other = requested({ decided: '0123456789abcdef', resource: 'r9', days: 20 });
    await world.exceptions.put(other);
    await world.exceptions.put(approveException(other, ben, NOON));
    setNow(NOON + 19 * DAY_MS);
    await jobs({ job: 'flips' });
    expect(world.bus.events.map((e) => e.id)).toEqual([14, 7, 1].map((days) => `${other.id}-ends-in-${days}`));
  });
});
