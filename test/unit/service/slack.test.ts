/** What Slack is told: grouped by cause, nothing twice, and no name of a resource is ever more than a name. */
import { describe, expect, it } from 'vitest';
import { lazySlackClient, makeSlackClient } from '../../../shared/adapters/slack/client.ts';
import { findingEventIn } from '../../../shared/adapters/slack/finding-message.ts';
import { expiringEvent } from '../../../shared/pipeline/exceptions.ts';
import { granted } from '../../support/exceptions.ts';
import {
  baselineMessage,
  causeMessage,
  expiringMessage,
  groupByCause,
  isNews,
} from '../../../shared/adapters/slack/message.ts';
import { makeNotify } from '../../../shared/adapters/slack/notify.ts';
import { baselineEvent, makeSum } from '../../../shared/adapters/service/baseline-digest.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { TELL_EVERYTHING } from '../../../shared/model/notify.ts';
import { fakeSlack, memoryNotes, memorySent, slackEvent as event } from '../../support/slack.ts';

/** Every text of a message, wherever it stands. */
function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, of]) => (key === 'text' && typeof of === 'string' ? [of] : textsOf(of)));
}

describe('a message', () => {
  it('names worst first, says who did it and where to look', () => {
    const low = event('b', { policy: { id: 'p', title: 'Versioned', severity: 'low' } });
    const message = causeMessage({ causeKey: 'x', events: [low, event('a')] });
    const text = JSON.stringify(message);
    expect(text.indexOf('arn%3Aaws%3As3%3A%3A%3Aa')).toBeLessThan(text.indexOf('arn%3Aaws%3As3%3A%3A%3Ab'));
    expect(text).toContain('ana@example.com');
    expect(text).toContain('https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3As3%3A%3A%3Aa');
    expect(text).toContain('nobody can read objects');
    expect(text).toContain('public_read = true (/configuration/acl)');
    expect(message.text).toBe('🔴 2 violations on 2 resources by one change');
  });

  it('of 200 resources is one, of a size that Slack takes', () => {
    const message = causeMessage({ causeKey: 'x', events: Array.from({ length: 200 }, (_, i) => event(`r${i}`)) });
    expect(message.text).toContain('200 violations on 200 resources');
    expect(JSON.stringify(message)).toContain('and 190 more');
    expect(JSON.stringify(message).length).toBeLessThan(20_000);
    expect(message.blocks.length).toBeLessThanOrEqual(50);
  });

  it('tells nobody of what may stand, and again of what may no more: whose exception it was, and who voided it', () => {
    const held = { id: 'exc-000000000001', owner: 'team-web', until: '2026-12-25T12:00:00.000Z' };
    const permitted = event('g', {
      from: 'violation',
      status: 'excepted',
      exception: held,
      cause: { is: 'exception', exceptionId: held.id, turn: 'granted', owner: held.owner },
    });
    const voided = event('v', {
      from: 'violation',
      cause: { is: 'exception', exceptionId: held.id, turn: 'voided', owner: held.owner, actor: 'ana@example.com' },
    });
    expect(isNews(permitted)).toBe(false);
    expect(isNews(voided)).toBe(true);
    const text = textsOf(causeMessage({ causeKey: 'x', events: [voided] })).join('\n');
    expect(text).toContain(
      'Its exception (exc-000000000001 of team-web) is void: what it was granted for was changed by ana@example.com',
    );
  });

  it('reminds of an exception that ends, and is told so by the bus', () => {
    const due = { at: '2026-12-18T12:00:00.000Z', days: 7 };
    const exception = granted({ decided: '0123456789abcdef' });
    const reminder = expiringEvent(exception, due);
    const body = JSON.stringify({ 'detail-type': reminder.detailType, time: due.at, detail: reminder.detail });
    expect(findingEventIn(body)).toMatchObject({ id: reminder.id, detailType: 'ExceptionExpiring.v1' });
    const message = expiringMessage(reminder);
    expect(message.text).toBe('⏳ An exception to store.not-public ends in 7 days');
    const text = textsOf(message).join('\n');
    expect(text).toContain('team-web');
    expect(text).toContain(`answers for s1 until ${exception.expiresAt}`);
    expect(text).toContain('A public website, until it moves (SEC-42)');
  });

  it('tells what ended as well as what began', () => {
    const fixed = event('f', { from: 'violation', to: 'compliant', status: 'resolved' });
    expect(causeMessage({ causeKey: 'x', events: [fixed] }).text).toMatch(/^✅ resolved/);
    expect(causeMessage({ causeKey: 'x', events: [fixed, event('g')] }).text).toContain('1 violation, ✅ 1 resolved');
  });

  it('never calls resolved what nobody can decide any more', () => {
    const facts = [{ fact: 'public_read', after: { state: 'unknown', why: 'denied' } as const }];
    const lost = event('u', { from: 'violation', to: 'unknown', facts, missing: ['public_read'] });
    expect(isNews(lost)).toBe(true);
    const alone = JSON.stringify(causeMessage({ causeKey: 'x', events: [lost] }));
    expect(alone).not.toContain('resolved');
    expect(alone).toContain('public_read is unknown: denied');
    const together = causeMessage({ causeKey: 'x', events: [lost, event('g')] }).text;
    expect(together).toContain('1 violation, ❔ 1 no longer known on');
    expect(together).not.toContain('resolved');
  });

  it.each([
    '<!channel> everyone',
    '<https://attacker.example|click here>',
    '*bold* _it_ ~no~ `code`',
    '&lt;!here&gt;',
    'evil\u202Egnp.exe',
    'line\nbreak\u0000',
    `long${'x'.repeat(5000)}`,
  ])('shows the name %j as it is, or not at all', (name) => {
    const nasty = event('n', {
      resource: { ...event('n').detail.edict.resource, name, id: name },
      cause: { is: 'change', changeId: 'c', source: 'aws.config', actor: name },
      policy: { id: 'p', title: name, severity: 'high' },
      clauses: [{ id: 'c', says: name, verdict: 'fails' }],
      facts: [{ fact: 'x', after: { state: 'known', value: name, at: name } }],
    });
    const { text, blocks } = causeMessage({ causeKey: 'x', events: [nasty] });
    // The one text that Slack parses is escaped; the blocks hold no text of the kind that is parsed.
    expect(text).not.toMatch(/[<>]/);
    expect(text.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&');
    const all = JSON.stringify(blocks);
    expect(all).not.toContain('mrkdwn');
    // A control character or one that turns the direction of what follows is nowhere; its escape in a fact's JSON may be.
    expect(textsOf(blocks).filter((part) => /[^\P{Cc}\n]|\p{Cf}/u.test(part))).toEqual([]);
    expect(all).not.toContain('"url":"https://attacker');
    for (const part of textsOf(blocks)) expect(part.length).toBeLessThan(400);
  });

  it('of a first sweep is one digest', () => {
    const message = baselineMessage(baselineEvent('sweep-1', makeSum().total(), [], '2026-11-25T12:00:00.000Z'));
    expect(message.text).toBe('Baseline: 0 findings on 0 resources');
    expect(textsOf(message.blocks).join('\n')).not.toContain('Not seen');
  });

  it('of a first sweep that could not see everything says what it did not see', () => {
    const scopes = Array.from({ length: 30 }, (_, i) => ({ source: 'azure.sweep', scope: `s${i}` }));
    const outcomes = scopes.map((s, i) => (i === 0 ? { ...s, outcome: 'denied' as const } : s));
    const told = baselineEvent('sweep-1', makeSum().total(), outcomes, '2026-11-25T12:00:00.000Z');
    const text = textsOf(baselineMessage(told).blocks).join('\n');
    expect(text).toContain('azure.sweep s0 (refused), azure.sweep s1 (not finished)');
    expect(text).toContain('and 20 more');
  });
});

describe('news', () => {
  it('is what begins or ends to be bad; not what is unknown, nor what a first sweep found', () => {
    expect(isNews(event('a'))).toBe(true);
    expect(isNews(event('a', { to: 'error' }))).toBe(true);
    expect(isNews(event('a', { from: 'violation', to: null }))).toBe(true);
    expect(isNews(event('a', { to: 'unknown' }))).toBe(false);
    expect(isNews(event('a', { from: 'unknown', to: 'compliant' }))).toBe(false);
    expect(isNews(event('a', { baseline: 'sweep-1' }))).toBe(false);
  });

  it('is grouped by its cause', () => {
    const groups = groupByCause([event('a'), event('b', { causeKey: 'other' }), event('c')]);
    expect(groups.map((g) => g.events.map((e) => e.id))).toEqual([['a', 'c'], ['b']]);
  });
});

describe('telling', () => {
  function setUp(options: { held?: readonly string[]; fail?: boolean } = {}) {
    const slack = fakeSlack();
    slack.fail = () => (options.fail === true ? new AppError('UPSTREAM_THROTTLED', 'x') : undefined);
    const sent = memorySent();
    const failures: unknown[] = [];
    const notify = makeNotify({
      ...quiet,
      slack,
      sent: {
        ...sent,
        claim: (id) => (options.held?.includes(id) === true ? Promise.resolve('held') : sent.claim(id)),
      },
      notes: memoryNotes(),
      onFailure: (error) => void failures.push(error),
    });
    return { notify, messages: () => slack.sent.map(({ message }) => message.text), failures };
  }
  const quiet = { config: TELL_EVERYTHING, now: () => Date.parse('2026-11-25T12:00:00.000Z') };

  it('tells each event once, however often it is delivered', async () => {
    const { notify, messages } = setUp();
    await notify([event('a'), event('a'), event('b')]);
    await notify([event('b'), event('a')]);
    expect(messages()).toEqual(['🔴 2 violations on 2 resources by one change']);
  });

  it('has an event come again that someone else is telling now, and may not end', async () => {
    const { notify, messages } = setUp({ held: ['a'] });
    const { failed } = await notify([event('a'), event('b')]);
    expect([...failed]).toEqual(['a']);
    expect(messages()).toHaveLength(1);
  });

  it('has everything of a message come again that Slack did not take', async () => {
    const { notify, failures } = setUp({ fail: true });
    const { failed } = await notify([event('a'), event('b', { causeKey: 'other' })]);
    expect([...failed].sort()).toEqual(['a', 'b']);
    // Throttled: the other message is not even tried.
    expect(failures).toHaveLength(1);
  });

  it('with a wrong secret fails messages, which are counted, and not the whole batch in silence', async () => {
    let made = 0;
    const failures: unknown[] = [];
    const notify = makeNotify({
      slack: lazySlackClient(async () => {
        made += 1;
        return makeSlackClient({ secret: '{}', apiUrl: 'https://slack.com/api', local: false });
      }),
      ...quiet,
      sent: memorySent(),
      notes: memoryNotes(),
      onFailure: (error) => void failures.push(error),
    });
    const unheard = event('u', { from: null, to: 'unknown' });
    const { failed } = await notify([event('a'), event('b', { causeKey: 'other' }), unheard]);
    expect([...failed].sort()).toEqual(['a', 'b']);
    expect(failures).toMatchObject([{ code: 'CONFIG_INVALID' }, { code: 'CONFIG_INVALID' }]);
    expect(made).toBe(1);
  });
});

describe('what a rule of the bus puts on the queue', () => {
  const envelope = (detailType: string, detail: unknown) =>
    JSON.stringify({ 'detail-type': detailType, source: 'edict', time: '2026-11-25T12:00:00Z', detail });

  it('is read as the event that it is', () => {
    const { edict } = event('a').detail;
    expect(findingEventIn(envelope('FindingOpened.v1', { edict }))).toMatchObject({
      id: 'a',
      resource: 'arn:aws:s3:::a',
    });
  });

  it.each(['not json', '[]', '{}', envelope('FindingOpened.v2', { edict: { version: 1, eventId: 'x' } })])(
    'or is none: %s',
    (body) => {
      expect(findingEventIn(body)).toBeUndefined();
    },
  );
});
