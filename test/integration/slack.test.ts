/** The Slack client over the wire, in both of its forms. */
import { afterEach, describe, expect, it } from 'vitest';
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
