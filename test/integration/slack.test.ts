/** The Slack client over the wire, in both of its forms. */
import { afterEach, describe, expect, it } from 'vitest';
import type { SlackMessage } from '../../shared/adapters/slack/blocks.ts';
import { makeSlackClient } from '../../shared/adapters/slack/client.ts';
import { type Answered, type Asked, type Provider, startProvider } from '../support/provider.ts';

let provider: Provider;
let waits: number[] = [];
afterEach(() => provider?.stop());
const message = { text: 'hello', blocks: [] };

async function start(answer: (asked: Asked, n: number) => Answered | undefined, form: 'webhook' | 'bot' = 'bot') {
  provider = await startProvider(answer);
  waits = [];
  return makeSlackClient({
    secret: JSON.stringify(
      form === 'bot' ? { token: 'xoxb-1', channel: 'C1' } : { webhookUrl: `${provider.url}/services/T/B/secret-path` },
    ),
    apiUrl: `${provider.url}/api`,
    local: true,
    sleep: (ms) => Promise.resolve(void waits.push(ms)),
  });
}
const ok: Answered = { status: 200, body: { ok: true } };

describe('a message', () => {
  it('goes to chat.postMessage with the bot’s token and channel', async () => {
    await (await start(() => ok)).send(message);
    expect(provider.asked[0]).toMatchObject({
      path: '/api/chat.postMessage',
      headers: { authorization: 'Bearer xoxb-1' },
    });
    expect(JSON.parse(provider.asked[0]?.body ?? '')).toMatchObject({
      text: 'hello',
      channel: 'C1',
      unfurl_links: false,
    });
  });

  it('or to the webhook, which answers in plain text', async () => {
    await (await start(() => ({ status: 200, body: 'ok' }), 'webhook')).send(message);
    expect(provider.asked[0]?.path).toBe('/services/T/B/secret-path');
    expect(provider.asked[0]?.headers['authorization']).toBeUndefined();
  });

  it.each(['bot', 'webhook'] as const)('of a %s waits as long as Slack asks', async (form) => {
    const slack = await start(
      (_asked, n) =>
        n === 1
          ? { status: 429, headers: { 'retry-after': '3' } }
          : { status: 200, body: form === 'bot' ? { ok: true } : 'ok' },
      form,
    );
    await slack.send(message);
    expect(waits).toEqual([3000]);
  });

  it('goes back to the queue when Slack asks for a long wait', async () => {
    const slack = await start(() => ({ status: 429, headers: { 'retry-after': '60' } }));
    await expect(slack.send(message)).rejects.toMatchObject({
      code: 'UPSTREAM_THROTTLED',
      details: { retryAfterMs: 60_000 },
    });
    expect(waits).toEqual([]);
  });

  it.each([
    [{ status: 200, body: { ok: false, error: 'channel_not_found' } }, 'CONFIG_INVALID'],
    [{ status: 403, body: 'invalid_token' }, 'CONFIG_INVALID'],
    [{ status: 200, body: { ok: false, error: 'internal_error' } }, 'UPSTREAM_UNAVAILABLE'],
    [{ status: 500, body: 'oops' }, 'UPSTREAM_UNAVAILABLE'],
    [{ status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 'UPSTREAM_UNAVAILABLE'],
    [undefined, 'UPSTREAM_UNAVAILABLE'],
  ])('that is answered %j was not sent', async (answer, code) => {
    await expect((await start(() => answer)).send(message)).rejects.toMatchObject({ code });
  });

  it('that fails tells nobody the address of the webhook', async () => {
    const slack = await start(() => undefined, 'webhook');
    const error: unknown = await slack.send(message).catch((caught: unknown) => caught);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret-path');
    expect((error as Error).cause).toBeUndefined();
  });
});

describe('what follows a message', () => {
  it('goes to its thread, by the place that Slack gave, and in its place', async () => {
    const slack = await start(() => ({ status: 200, body: { ok: true, channel: 'C9', ts: '1.5' } }));
    const at = await slack.send(message, { channel: '#pay' });
    expect(at).toEqual({ channel: 'C9', ts: '1.5' });
    await slack.send(message, { channel: 'C9', thread: '1.5', broadcast: true });
    await slack.update({ channel: 'C9', ts: '1.5' }, message);
    expect(await slack.openForm('t', { type: 'modal' })).toBe(true);
    expect(provider.asked.map(({ path }) => path)).toEqual([
      '/api/chat.postMessage',
      '/api/chat.postMessage',
      '/api/chat.update',
      '/api/views.open',
    ]);
    const bodies = provider.asked.map(({ body }) => JSON.parse(body) as object);
    expect(bodies[0]).toMatchObject({ channel: '#pay' });
    expect(bodies[1]).toMatchObject({ channel: 'C9', thread_ts: '1.5', reply_broadcast: true });
    expect(bodies[2]).toMatchObject({ channel: 'C9', ts: '1.5', text: 'hello' });
    expect(bodies[3]).toMatchObject({ trigger_id: 't' });
  });

  it('is not there with a webhook, whose one channel no rule changes', async () => {
    const slack = await start(() => ({ status: 200, body: 'ok' }), 'webhook');
    expect(await slack.send(message, { channel: '#pay', thread: '1.5' })).toBeUndefined();
    await slack.update({ channel: 'C9', ts: '1.5' }, message);
    expect(await slack.openForm('t', {})).toBe(false);
    expect(provider.asked.map(({ path }) => path)).toEqual(['/services/T/B/secret-path']);
    expect(provider.asked[0]?.body).not.toContain('#pay');
  });

  it.each(['https://attacker.example/x', 'http://hooks.slack.com/x', 'http://169.254.169.254/latest'])(
    'never calls %s',
    async (url) => {
      const slack = await start(() => ok);
      await expect(slack.respond(url, {})).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      expect(provider.asked).toEqual([]);
    },
  );

  it('has buttons only where answers can be believed', async () => {
    const actions = { type: 'actions' as const, elements: [] };
    const withButtons: SlackMessage = { text: 'hello', blocks: [actions] };
    await (await start(() => ok)).send(withButtons);
    expect(JSON.parse(provider.asked[0]?.body ?? '')).toMatchObject({ blocks: [] });
    const secret = JSON.stringify({ token: 'xoxb-1', channel: 'C1', signingSecret: 'shhh-0000' });
    await makeSlackClient({ secret, apiUrl: `${provider.url}/api`, local: true }).send(withButtons);
    expect(JSON.parse(provider.asked[1]?.body ?? '')).toMatchObject({ blocks: [actions] });
  });
});

describe('the secret', () => {
  const client = (secret: string) => makeSlackClient({ secret, apiUrl: 'https://slack.com/api', local: false });
  it.each([
    'not json',
    '{}',
    '{"token":"x"}',
    '{"webhookUrl":"https://attacker.example/services/T/B/x"}',
    '{"webhookUrl":"http://hooks.slack.com/services/T/B/x"}',
    '{"webhookUrl":"https://hooks.slack.com.attacker.example/x"}',
  ])('%s is none', (secret) => {
    expect(() => client(secret)).toThrow(/secret/);
  });
  it('is the address of a webhook of Slack’s, or a bot’s token and channel', () => {
    expect(client('{"webhookUrl":"https://hooks.slack.com/services/T/B/x"}')).toBeDefined();
    expect(client('{"token":"xoxb-1","channel":"C1"}')).toBeDefined();
  });
});
