/** Who hears of what, where and when: rules, digests, threads, and what a channel that is full comes to. */
import { describe, expect, it } from 'vitest';
import { tellBatch } from '../../../shared/adapters/slack/batch.ts';
import { makeTellDue } from '../../../shared/adapters/slack/due.ts';
import { makeNotify } from '../../../shared/adapters/slack/notify.ts';
import { makePace } from '../../../shared/adapters/slack/pace.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { notifyConfigSchema, routeOf } from '../../../shared/model/notify.ts';
import { fakeSlack, flip, memoryNotes, memorySent, slackEvent } from '../../support/slack.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const start = Date.parse('2026-11-25T12:00:00.000Z');

function setUp(config: object = {}, form: 'bot' | 'webhook' = 'bot') {
  let nowMs = start;
  const slack = fakeSlack(form);
  const failures: unknown[] = [];
  const deps = {
    slack,
    sent: memorySent(),
    notes: memoryNotes(),
    config: notifyConfigSchema.parse(config),
    now: () => nowMs,
    onFailure: (error: unknown) => void failures.push(error),
  };
  return {
    slack,
    failures,
    notify: makeNotify(deps),
    tellDue: makeTellDue(deps),
    pass: (ms: number) => void (nowMs += ms),
    texts: () => slack.sent.map(({ message }) => message.text),
  };
}
const { resource, policy } = slackEvent('x').detail.edict;
const low = { policy: { ...policy, severity: 'low' as const } };

describe('a rule', () => {
  const config = notifyConfigSchema.parse({
    channel: '#all',
    routes: [
      { match: { environment: ['sandbox'] }, quiet: true },
      { match: { severity: ['low', 'info'] }, digest: 'daily', channel: '#digest' },
      { match: { owner: ['Payments'], severity: ['critical'] }, channel: '#pay' },
    ],
  });
  it.each([
    [{ resource: { ...resource, environment: 'sandbox' }, ...low }, { is: 'quiet' }],
    [low, { is: 'digest', period: 'daily', channel: '#digest' }],
    [{ resource: { ...resource, owner: 'payments' } }, { is: 'tell', channel: '#pay' }],
    [{ resource: { ...resource, owner: 'web' } }, { is: 'tell', channel: '#all' }],
    // Nobody knows whose it is: no rule that asks for it takes it.
    [{}, { is: 'tell', channel: '#all' }],
  ])('%# decides by the first that matches', (edict, route) => {
    expect(routeOf(config, slackEvent('x', edict).detail.edict)).toEqual(route);
  });
  it.each([
    { routes: [{ match: { severity: ['urgent'] } }] },
    { routes: [{ quiet: true, channel: '#x' }] },
    { channel: '<!channel>' },
    { chanel: '#x' },
    { approvers: ['ana'] },
  ])('that is wrong is refused: %j', (wrong) => {
    expect(notifyConfigSchema.safeParse(wrong).success).toBe(false);
  });
  it('sends one cause to two channels where two rules say so, and what is quiet to none', async () => {
    const { notify, slack } = setUp({
      routes: [
        { match: { environment: ['sandbox'] }, quiet: true },
        { match: { owner: ['payments'] }, channel: '#pay' },
      ],
    });
    const { failed, messages } = await notify([
      slackEvent('a'),
      slackEvent('b', { resource: { ...resource, owner: 'payments' } }),
      slackEvent('c', { resource: { ...resource, environment: 'sandbox' } }),
    ]);
    expect([[...failed], messages]).toEqual([[], 2]);
    expect(slack.sent.map(({ channel }) => channel)).toEqual([undefined, '#pay']);
  });
});

describe('a digest', () => {
  const config = { routes: [{ match: { severity: ['low'] }, digest: 'hourly', channel: '#low' }] };
  it('is one message by policy and account, each finding as it is at the end', async () => {
    const { notify, tellDue, slack, pass } = setUp(config);
    const news = [flip('f1', 2, false, low), flip('f1', 1, true, low), flip('f2', 1, true, low)];
    await notify(news);
    await notify(news);
    expect(await tellDue()).toBe(0);
    pass(HOUR + 2 * MINUTE);
    expect([await tellDue(), await tellDue()]).toEqual([1, 0]);
    expect(slack.sent).toHaveLength(1);
    expect(slack.sent[0]).toMatchObject({ channel: '#low' });
    const text = JSON.stringify(slack.sent[0]?.message);
    expect(text).toContain('Digest: 1 violating, 1 resolved of 2 findings that changed');
    expect(text).toContain('aws 111122223333: 1 violating, 1 resolved');
    expect(text).toContain('npx edict findings --status all --severity low --since 2026-11-25T12:00:00.000Z');
  });
  it('that somebody does not wait for is told as far as it is; the rest by one more at its time', async () => {
    const { notify, tellDue, slack, pass } = setUp(config);
    await notify([flip('f1', 1, true, low)]);
    expect([await tellDue({ digestsNow: true }), await tellDue({ digestsNow: true })]).toEqual([1, 0]);
    await notify([flip('f1', 1, true, low), flip('f2', 1, true, low)]);
    pass(HOUR + 2 * MINUTE);
    expect([await tellDue(), await tellDue()]).toEqual([1, 0]);
    expect(slack.sent.map(({ message }) => message.text)).toEqual([
      'Digest: 1 violating of 1 finding that changed',
      'Digest: 1 violating of 1 finding that changed',
    ]);
  });
  it('loses nothing that is gathered while it is being told', async () => {
    const { notify, tellDue, slack } = setUp(config);
    await notify([flip('f1', 1, true, low)]);
    let late: Promise<unknown> | undefined;
    slack.fail = () => {
      late ??= notify([flip('f2', 1, true, low)]);
      return undefined;
    };
    await tellDue({ digestsNow: true });
    await late;
    await tellDue({ digestsNow: true });
    expect(slack.sent).toHaveLength(2);
  });
  it('that Slack does not take is kept until it does', async () => {
    const { notify, tellDue, slack, pass, failures } = setUp(config);
    await notify([flip('f1', 1, true, low)]);
    pass(2 * HOUR);
    slack.fail = () => new AppError('UPSTREAM_UNAVAILABLE', 'x');
    for (let i = 0; i < 20; i++) await tellDue();
    expect(failures).toHaveLength(20);
    slack.fail = () => undefined;
    expect(await tellDue()).toBe(1);
  });
});

describe('a thread', () => {
  it('follows a finding: what becomes of it is said under its first message, and in it', async () => {
    const { notify, slack } = setUp();
    await notify([flip('f1', 1, true)]);
    await notify([flip('f1', 2, false)]);
    expect(slack.sent.map(({ thread }) => thread)).toEqual([undefined, '1.0']);
    expect(slack.updates).toHaveLength(1);
    expect(slack.updates[0]).toMatchObject({ at: { channel: 'C0', ts: '1.0' } });
    expect(slack.updates[0]?.message.text).toMatch(/^✅ Resolved: /);
    expect(JSON.stringify(slack.updates[0]?.message)).not.toContain('"actions"');
  });
  it('of many findings says how many of them are resolved', async () => {
    const { notify, slack } = setUp();
    const cause = { causeKey: 'apply' };
    await notify([flip('f1', 1, true, cause), flip('f2', 1, true, cause), flip('f3', 1, true, cause)]);
    await notify([flip('f2', 2, false)]);
    expect(slack.updates.at(-1)?.message.text).toMatch(/^✅ 1 of 3 resolved: 🔴 3 violations/);
  });
  it('shows a violation that begins again in the channel, too; long after the end it is a message of its own', async () => {
    const { notify, slack, pass } = setUp();
    await notify([flip('f1', 1, true)]);
    pass(2 * HOUR);
    await notify([flip('f1', 2, false)]);
    pass(2 * HOUR);
    await notify([flip('f1', 3, true)]);
    expect(slack.sent.at(-1)).toMatchObject({ thread: '1.0', broadcast: true });
    await notify([flip('f1', 4, false)]);
    pass(48 * HOUR);
    await notify([flip('f1', 5, true)]);
    expect(slack.sent.at(-1)?.thread).toBeUndefined();
  });
  it('says what is decided later although it is no news, and that a finding may stand', async () => {
    const { notify, slack } = setUp();
    await notify([flip('f1', 1, true), flip('f2', 1, true, { causeKey: 'other' })]);
    await notify([flip('f1', 2, true, { from: 'violation', to: 'violation', status: 'excepted' })]);
    expect(slack.updates.at(-1)?.message.text).toMatch(/^⏸ Excepted: /);
    expect(slack.sent).toHaveLength(2);
  });
  it('there is none with a webhook', async () => {
    const { notify, slack } = setUp({}, 'webhook');
    await notify([flip('f1', 1, true)]);
    await notify([flip('f1', 2, false)]);
    expect([slack.sent.length, slack.updates.length, slack.sent[1]?.thread]).toEqual([2, 0, undefined]);
  });
});

describe('a finding that flaps', () => {
  it('fifty times in an hour is told twice, shown at once in its message, and reported', async () => {
    const { notify, tellDue, slack, pass, texts } = setUp();
    for (let i = 1; i <= 50; i++) {
      await notify([flip('f1', i, i % 2 === 1)]);
      await tellDue();
      pass(HOUR / 51);
    }
    expect(texts()).toHaveLength(2);
    expect(slack.updates.at(-1)?.message.text).toMatch(/^🔁 Flaps: /);
    for (let i = 0; i < 30; i++) {
      pass(MINUTE);
      await tellDue();
    }
    expect(texts()).toHaveLength(4);
    expect(texts()[2]).toMatch(/^🔁 flaps: 48 changes since 2026-11-25T12:02:21\.176Z, now resolved/);
    expect(texts()[3]).toMatch(/^🔁 settled: 48 changes since .*, now resolved/);
    expect(slack.updates.at(-1)?.message.text).toMatch(/^✅ Resolved: /);
  });
});

describe('a channel that is full', () => {
  const many = (n: number) => Array.from({ length: n }, (_, i) => flip(`f${i}`, 1, true));
  it('is told what is more than a batch may send in one message, and nothing is dropped', async () => {
    const { notify, texts } = setUp();
    const { messages, failed } = await notify(many(100));
    expect([messages, texts().length, failed.size]).toEqual([20, 20, 0]);
    expect(texts().at(-1)).toBe('🔴 81 violations on 81 resources by 81 changes');
  });
  it('is told in one message what comes again because Slack did not take it', async () => {
    const { notify, slack, texts } = setUp();
    slack.fail = () => new AppError('UPSTREAM_THROTTLED', 'x');
    const { failed } = await notify(many(5));
    expect(failed.size).toBe(5);
    slack.fail = () => undefined;
    await notify(many(5), failed);
    expect(texts()).toEqual(['🔴 5 violations on 5 resources by 5 changes']);
  });
  it('does not keep the others waiting', async () => {
    const { notify, slack } = setUp({ routes: [{ match: { owner: ['payments'] }, channel: '#pay' }] });
    slack.fail = ({ channel }) => (channel === '#pay' ? undefined : new AppError('UPSTREAM_THROTTLED', 'x'));
    const { failed } = await notify([...many(2), flip('p', 1, true, { resource: { ...resource, owner: 'payments' } })]);
    expect([...failed]).toEqual(['f0-1-0', 'f1-1-0']);
    expect(slack.sent).toHaveLength(1);
  });
  it('gets a few messages at once, then one a second', async () => {
    let nowMs = 0;
    const waits: number[] = [];
    const pace = makePace({ now: () => nowMs, sleep: (ms) => Promise.resolve(void (waits.push(ms), (nowMs += ms))) });
    nowMs = 1_000_000;
    for (let i = 0; i < 8; i++) await pace('#a');
    await pace('#b');
    expect(waits).toEqual([1000, 1000, 1000]);
  });
});

describe('a batch of the queue', () => {
  it('does what is due when the clock says so, and leaves what it cannot read', async () => {
    const { notify } = setUp();
    const wishes: unknown[] = [];
    const event = flip('f1', 1, true);
    const body = JSON.stringify({ 'detail-type': event.detailType, time: event.time, detail: event.detail });
    const { done, told } = await tellBatch(
      [
        { messageId: '1', body, attributes: { ApproximateReceiveCount: '2' } },
        { messageId: '2', body: '{"job":"tick"}' },
        { messageId: '3', body: '{"job":"other"}' },
        { messageId: '5', body: '{"job":"tick","digests":"now"}' },
        { messageId: '4', body: 'x' },
      ],
      notify,
      (wish) => Promise.resolve(wishes.push(wish)),
    );
    expect([[...done], told]).toEqual([['1', '2', '5'], 2]);
    expect(wishes).toEqual([{ digestsNow: true }]);
  });
});
