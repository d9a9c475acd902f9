import * as z from 'zod';
import { AppError } from '../../model/errors.ts';
import type { SlackMessage } from './message.ts';

/** What the secret holds: the address of an incoming webhook, or a bot's token and the channel it writes to. */
const secretSchema = z.union([
  z.strictObject({ webhookUrl: z.url() }),
  z.strictObject({ token: z.string().min(1), channel: z.string().min(1) }),
]);

export interface SlackClient {
  /** Sends one message. Errors: `UPSTREAM_THROTTLED`, `UPSTREAM_UNAVAILABLE` (retry), `CONFIG_INVALID` (Slack refuses it as it is). */
  send(message: SlackMessage): Promise<void>;
}

/** A wait that is worth staying for; a longer one goes back to the queue. */
const MAX_WAIT_MS = 10_000;
const TIMEOUT_MS = 10_000;

/** A client for what the secret says. Throws `CONFIG_INVALID` if that is neither form, or an address that is not Slack's. */
export function makeSlackClient(options: {
  /** The secret's text. */
  readonly secret: string;
  /** `https://slack.com/api`, or a server on this machine. */
  readonly apiUrl: string;
  /** Accept a webhook on this machine. */
  readonly local: boolean;
  readonly fetch?: typeof fetch;
  readonly sleep?: (ms: number) => Promise<void>;
}): SlackClient {
  const parsed = secretSchema.safeParse(asJson(options.secret));
  if (!parsed.success)
    throw new AppError('CONFIG_INVALID', 'the Slack secret holds neither {"webhookUrl"} nor {"token", "channel"}');
  const secret = parsed.data;
  if ('webhookUrl' in secret && !options.local && new URL(secret.webhookUrl).origin !== 'https://hooks.slack.com')
    throw new AppError(
      'CONFIG_INVALID',
      'the webhook of the Slack secret is not an address of https://hooks.slack.com',
    );
  const request = options.fetch ?? fetch;
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)));

  const post = async (message: SlackMessage): Promise<Response> => {
    const [url, headers, body] =
      'webhookUrl' in secret
        ? [secret.webhookUrl, {}, { ...message, unfurl_links: false }]
        : [
            `${options.apiUrl}/chat.postMessage`,
            { authorization: `Bearer ${secret.token}` },
            { ...message, channel: secret.channel, unfurl_links: false, unfurl_media: false },
          ];
    try {
      return await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        redirect: 'error',
      });
    } catch {
      // Without its cause: the address of a webhook is a secret, and a fetch error may name it.
      throw new AppError('UPSTREAM_UNAVAILABLE', 'Slack did not answer');
    }
  };

  return {
    async send(message) {
      for (let attempt = 0; ; attempt++) {
        const response = await post(message);
        const { ok, error } = await outcomeOf(response);
        if (ok) return;
        if (response.status !== 429 && error !== 'ratelimited') throw refused(response.status, error);
        const waitMs = Number(response.headers.get('retry-after') ?? 1) * 1000;
        if (attempt >= 2 || !(waitMs <= MAX_WAIT_MS))
          throw new AppError('UPSTREAM_THROTTLED', 'Slack takes no more messages for now', {
            details: { retryAfterMs: waitMs },
          });
        await sleep(waitMs);
      }
    },
  };
}

/** A client that is made for the first message: one that cannot be made (a wrong secret) fails messages, and is told as such. */
export function lazySlackClient(make: () => Promise<SlackClient>): SlackClient {
  let made: Promise<SlackClient> | undefined;
  return {
    async send(message) {
      made ??= make();
      await (await made).send(message);
    },
  };
}

/** A webhook answers `ok` as text, the API `{ok}` as JSON, with status 200 for a refusal too. */
async function outcomeOf(response: Response): Promise<{ readonly ok: boolean; readonly error: string | undefined }> {
  const text = await response.text();
  if (!response.ok) return { ok: false, error: text.slice(0, 80) };
  const body = asJson(text) as { readonly ok?: unknown; readonly error?: unknown } | undefined;
  return body?.ok === false ? { ok: false, error: String(body.error) } : { ok: true, error: undefined };
}

const refused = (status: number, error: string | undefined): AppError =>
  new AppError(
    status >= 500 || error === 'internal_error' || error === 'service_unavailable'
      ? 'UPSTREAM_UNAVAILABLE'
      : 'CONFIG_INVALID',
    `Slack refused the message: ${status} ${error ?? ''}`.trim(),
  );

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
