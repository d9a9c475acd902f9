import * as z from 'zod';
import { AppError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import type { SlackMessage } from './message.ts';
import type { Pace } from './pace.ts';

/**
 * What the secret holds: the address of an incoming webhook, or a bot's token and the channel it writes to. With
 * `signingSecret` people can answer: messages have buttons.
 */
const signingSecret = z.string().min(8).optional();
const secretSchema = z.union([
  z.strictObject({ webhookUrl: z.url(), signingSecret }),
  z.strictObject({ token: z.string().min(1), channel: z.string().min(1), signingSecret }),
]);
export type SlackSecret = z.output<typeof secretSchema>;

/** Where a message stands. */
export interface Posted {
  /** The channel's id, as Slack gives it. */
  readonly channel: string;
  readonly ts: string;
}

/** Where a message goes. */
export interface Where {
  /** @default the channel of the secret */
  readonly channel?: string;
  /** The first message of a thread. */
  readonly thread?: string;
  /** Shown in the channel, too. */
  readonly broadcast?: boolean;
}

/** Errors of each: `UPSTREAM_THROTTLED`, `UPSTREAM_UNAVAILABLE` (retry), `CONFIG_INVALID` (Slack refuses it as it is). */
export interface SlackClient {
  /** Sends one message. A webhook has one channel and no threads, and says not where the message stands: undefined. */
  send(message: SlackMessage, where?: Where): Promise<Posted | undefined>;
  /** Says something else in the place of what was said. */
  update(at: Posted, message: SlackMessage): Promise<void>;
  /** Opens a form for whoever pressed a button. False: a webhook cannot. */
  openForm(trigger: string, view: object): Promise<boolean>;
  /** Answers whoever pressed a button, at the address that Slack gave for it. */
  respond(url: string, body: object): Promise<void>;
}

/** A wait that is worth staying for; a longer one goes back to the queue. */
const MAX_WAIT_MS = 10_000;
const TIMEOUT_MS = 10_000;
const HOOKS = 'https://hooks.slack.com';

/** What the secret says. Throws `CONFIG_INVALID` if it is neither form. */
export function parseSlackSecret(text: string): SlackSecret {
  const parsed = secretSchema.safeParse(asJson(text));
  if (!parsed.success)
    throw new AppError('CONFIG_INVALID', 'the Slack secret holds neither {"webhookUrl"} nor {"token", "channel"}');
  return parsed.data;
}

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
  /** @default no pace */
  readonly pace?: Pace;
  /** For one call. @default 10 s */
  readonly timeoutMs?: number;
}): SlackClient {
  const secret = parseSlackSecret(options.secret);
  if ('webhookUrl' in secret && !options.local && new URL(secret.webhookUrl).origin !== HOOKS)
    throw new AppError(
      'CONFIG_INVALID',
      'the webhook of the Slack secret is not an address of https://hooks.slack.com',
    );
  const request = options.fetch ?? fetch;
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)));
  const { pace = () => Promise.resolve() } = options;

  const post = async (url: string, headers: { readonly [name: string]: string }, body: object): Promise<Response> => {
    try {
      return await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
        redirect: 'error',
      });
    } catch {
      // Without its cause: the address of a webhook is a secret, and a fetch error may name it.
      throw new AppError('UPSTREAM_UNAVAILABLE', 'Slack did not answer');
    }
  };

  /** Makes one call, and waits where Slack asks for a wait that is worth staying for. */
  const call = async (
    url: string,
    headers: { readonly [name: string]: string },
    body: object,
  ): Promise<{ readonly [key: string]: unknown }> => {
    for (let attempt = 0; ; attempt++) {
      const response = await post(url, headers, body);
      const { ok, error, said } = await outcomeOf(response);
      if (ok) return said;
      if (response.status !== 429 && error !== 'ratelimited') throw refused(response.status, error);
      const waitMs = Number(response.headers.get('retry-after') ?? 1) * 1000;
      if (attempt >= 2 || !(waitMs <= MAX_WAIT_MS))
        throw new AppError('UPSTREAM_THROTTLED', 'Slack takes no more messages for now', {
          details: { retryAfterMs: waitMs },
        });
      await sleep(waitMs);
    }
  };
  const api = (method: string, token: string, body: object) =>
    call(`${options.apiUrl}/${method}`, { authorization: `Bearer ${token}` }, body);
  /** Buttons are for those who can answer: without the signing secret nobody could be believed. */
  const shown = ({ text, blocks }: SlackMessage): SlackMessage => ({
    text,
    blocks: secret.signingSecret === undefined ? blocks.filter(({ type }) => type !== 'actions') : blocks,
  });

  return {
    async send(message, where = {}) {
      if ('webhookUrl' in secret) {
        await pace('webhook');
        await call(secret.webhookUrl, {}, { ...shown(message), unfurl_links: false });
        return undefined;
      }
      const channel = where.channel ?? secret.channel;
      await pace(channel);
      const said = await api('chat.postMessage', secret.token, {
        ...shown(message),
        channel,
        unfurl_links: false,
        unfurl_media: false,
        ...(where.thread === undefined ? {} : { thread_ts: where.thread, reply_broadcast: where.broadcast === true }),
      });
      const { channel: at, ts } = said;
      return typeof at === 'string' && typeof ts === 'string' ? { channel: at, ts } : undefined;
    },
    async update(at, message) {
      if ('webhookUrl' in secret) return;
      await api('chat.update', secret.token, { ...shown(message), ...at });
    },
    async openForm(trigger, view) {
      if ('webhookUrl' in secret) return false;
      await api('views.open', secret.token, { trigger_id: trigger, view });
      return true;
    },
    async respond(url, body) {
      // Signed by Slack, and still: no address but Slack's own is ever called.
      const { origin } = new URL(url);
      if (origin !== HOOKS && !(options.local && origin === new URL(options.apiUrl).origin))
        throw new AppError('CONFIG_INVALID', 'the address to answer at is not one of https://hooks.slack.com');
      await call(url, {}, body);
    },
  };
}

/** A client that is made for the first message: one that cannot be made (a wrong secret) fails messages, and is told as such. */
export function lazySlackClient(make: () => Promise<SlackClient>): SlackClient {
  let made: Promise<SlackClient> | undefined;
  const client = (): Promise<SlackClient> => (made ??= make());
  return {
    send: async (...given) => (await client()).send(...given),
    update: async (...given) => (await client()).update(...given),
    openForm: async (...given) => (await client()).openForm(...given),
    respond: async (...given) => (await client()).respond(...given),
  };
}

/** A webhook answers `ok` as text, the API `{ok}` as JSON, with status 200 for a refusal too. */
async function outcomeOf(
  response: Response,
): Promise<
  | { readonly ok: true; readonly said: { readonly [key: string]: unknown }; readonly error?: undefined }
  | { readonly ok: false; readonly error: string; readonly said?: undefined }
> {
  const text = await response.text();
  if (!response.ok) return { ok: false, error: text.slice(0, 80) };
  const body = asJson(text);
  const said = isObject(body) ? body : {};
  return said['ok'] === false ? { ok: false, error: String(said['error']) } : { ok: true, said };
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
