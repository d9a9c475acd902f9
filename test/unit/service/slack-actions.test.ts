/** Who presses a button, and what comes of it: nobody but Slack is believed, nothing is done twice, nobody approves their own wish. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sign } from '../../../shared/adapters/slack/signature.ts';
import {
  finding,
  makeSlackActions,
  pressed,
  seconds,
  signingSecret,
  submitted,
  words,
} from '../../support/slack-actions.ts';

describe('a call', () => {
  it('is signed as Slack documents it', () => {
    const expected = createHmac('sha256', 'k').update('v0:1:payload=%7B%7D').digest('hex');
    expect(sign('k', '1', 'payload=%7B%7D')).toBe(`v0=${expected}`);
  });
  it.each([
    ['another secret', { signature: sign('other-00', `${seconds}`, 'payload=%7B%7D') }],
    ['none', { signature: '' }],
    ['one that was cut', { signature: 'v0=ab' }],
    ['one of six minutes ago', { at: seconds - 301 }],
    ['one of later', { at: seconds + 301 }],
    ['no time', { at: Number.NaN }],
  ])('with %s is refused, and counted', async (_what, how) => {
    const { call, counted, told } = makeSlackActions();
    expect(await call('payload=%7B%7D', how)).toEqual({ status: 401 });
    expect([counted, told]).toEqual([['CallersRefused'], []]);
  });
  it('whose body was changed is refused', async () => {
    const { call } = makeSlackActions();
    const signature = sign(signingSecret, `${seconds}`, 'payload=a');
    expect(await call('payload=b', { signature })).toEqual({ status: 401 });
  });
  it('that is too large is refused before anything is read', async () => {
    expect(await makeSlackActions().call('x'.repeat(300_000))).toEqual({ status: 413 });
  });
  it('finds nobody where there is no signing secret', async () => {
    expect(await makeSlackActions({ signed: false }).call(pressed('explain', finding.id))).toEqual({ status: 404 });
  });
  it('that comes again is answered and not done again', async () => {
    const { call, told } = makeSlackActions();
    const same = pressed('explain', finding.id);
    expect([await call(same), await call(same)]).toEqual([{ status: 200 }, { status: 200 }]);
    expect(told).toHaveLength(1);
  });
  it.each(['payload=%5B%5D', 'payload=x', 'x=y', '', `payload=${'%5B'.repeat(20_000)}`])(
    'that is signed and says nothing of ours does nothing: %#',
    async (body) => {
      const { call, told, slack } = makeSlackActions();
      expect(await call(body)).toEqual({ status: 200 });
      expect([told, slack.sent]).toEqual([[], []]);
    },
  );
});

describe('explain', () => {
  it('shows the policy in English, what does not hold and the facts that decided, to whoever asked', async () => {
    const { call, told } = makeSlackActions();
    await call(pressed('explain', finding.id));
    expect(told[0]).toMatchObject({ response_type: 'ephemeral', replace_original: false });
    const text = JSON.stringify(told[0]);
    for (const part of [
      '✗ nobody can read',
      'public_read is false',
      '✓ nobody can write',
      'public_read = true (/acl)',
      'Close it.',
    ])
      expect(text).toContain(part);
    // What people named is a name: the one text that Slack parses is escaped, the blocks hold none that is parsed.
    expect((told[0] as { text: string }).text).not.toMatch(/<!/);
    expect(text).not.toContain('mrkdwn');
  });
  it.each(['zzz', 'z'.repeat(32), '../../x'])('of a finding that is none says so: %s', async (id) => {
    const { call, told } = makeSlackActions();
    await call(pressed('explain', id));
    expect(JSON.stringify(told)).toContain('not there any more');
  });
});

describe('an exception', () => {
  it('is asked for by the form, told in the thread, and approved by somebody else who may', async () => {
    const { call, forms, exceptions, slack, told } = makeSlackActions();
    await call(pressed('except', finding.id));
    const answer = await call(submitted(forms[0]?.private_metadata ?? '', words));
    expect(answer).toEqual({ status: 200 });
    const [asked] = await exceptions.list();
    expect(asked).toMatchObject({
      state: 'requested',
      policy: finding.policy,
      ...words,
      expiresAt: '2026-12-25T00:00:00.000Z',
      requestedBy: { who: 'slack:T0TEAM/U0ASKER', established: 'slack' },
    });
    expect(slack.sent[0]).toMatchObject({ channel: 'C1', thread: '1.0' });

    await call(pressed('approve', asked?.id ?? '', 'U0ASKER'));
    await call(pressed('approve', asked?.id ?? '', 'U0STRANGER'));
    expect((await exceptions.list())[0]?.state).toBe('requested');
    expect(JSON.stringify(told)).toContain('none of those who may approve');

    await call(pressed('approve', asked?.id ?? '', 'U0APPROVER'));
    expect((await exceptions.list())[0]).toMatchObject({
      state: 'approved',
      approvedBy: { who: 'slack:T0TEAM/U0APPROVER', established: 'slack' },
    });
  });
  it('is not approved by whoever asked for it, although they may approve those of others', async () => {
    const { call, forms, exceptions, told } = makeSlackActions({ approvers: ['U0ASKER'] });
    await call(pressed('except', finding.id));
    await call(submitted(forms[0]?.private_metadata ?? '', words));
    await call(pressed('approve', (await exceptions.list())[0]?.id ?? '', 'U0ASKER'));
    expect((await exceptions.list())[0]?.state).toBe('requested');
    expect(told).toHaveLength(1);
  });
  it.each([
    [{ ...words, ticket: ' ' }, '2026-12-25', 'ticket'],
    [words, null, 'expires'],
    [words, '2026-11-01', 'reason'],
    [words, '2027-12-25', 'reason'],
    [{ ...words, owner: 'a\u202Eb' }, '2026-12-25', 'reason'],
  ])('%# that is not whole leaves the form open and says what is wrong', async (fields, until, field) => {
    const { call, exceptions } = makeSlackActions();
    const { body } = await call(submitted(JSON.stringify({ finding: finding.id }), fields, until));
    const said = JSON.parse(body ?? '{}') as { errors?: object };
    expect(Object.keys(said.errors ?? {})).toEqual([field]);
    expect(await exceptions.list()).toEqual([]);
  });
  it.each([{ approvers: [] }, { form: 'webhook' as const }])(
    'is asked for by the command where the form could come to nothing: %j',
    async (how) => {
      const { call, told, forms } = makeSlackActions(how);
      await call(pressed('except', finding.id));
      expect(forms).toEqual([]);
      expect(JSON.stringify(told)).toContain(`npx edict except ${finding.id} --owner`);
    },
  );
});
