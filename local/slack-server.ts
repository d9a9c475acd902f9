/** The methods of Slack's API that Edict calls, on loopback: it keeps what it gets. */
import { sign } from '../shared/adapters/slack/signature.ts';
import { type LocalServer, serve } from './server.ts';

/** One message as it arrived. */
export interface SlackPost {
  readonly at: number;
  readonly channel: string;
  /** What a notification shows. */
  readonly text: string;
  /** The whole body. */
  readonly body: string;
}

export interface SlackServer extends Pick<LocalServer, 'url' | 'stop'> {
  readonly messages: readonly SlackPost[];
  /** What was said in the place of a message, forms that were opened, and answers to whoever pressed a button. */
  readonly others: readonly { readonly what: 'chat.update' | 'views.open' | 'response'; readonly body: string }[];
  /** The call that Slack makes when somebody presses a button or sends a form: signed. */
  readonly signed: (payload: object) => {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
  };
  /** Where answers to whoever pressed a button go. */
  readonly responseUrl: string;
  /** What Edict is given as its secret. */
  readonly secret: string;
  readonly context: Readonly<Record<string, string>>;
}

const METHODS = ['chat.postMessage', 'chat.update', 'views.open'] as const;

export const slackSecretName = 'edict/slack';

export async function startSlackServer(): Promise<SlackServer> {
  const messages: SlackPost[] = [];
  const others: SlackServer['others'][number][] = [];
  const token = 'xoxb-local-0000000000';
  const signingSecret = 'local-signing-secret';
  const server = await serve(({ method, path, headers, body }) => {
    if (method === 'POST' && path === '/response') {
      others.push({ what: 'response', body });
      return { status: 200, body: { ok: true } };
    }
    const what = METHODS.find((name) => path === `/api/${name}`);
    if (method !== 'POST' || what === undefined) return { status: 404, body: { ok: false } };
    if (headers.authorization !== `Bearer ${token}`) return { status: 200, body: { ok: false, error: 'invalid_auth' } };
    if (what !== 'chat.postMessage') {
      others.push({ what, body });
      return { status: 200, body: { ok: true } };
    }
    const said = JSON.parse(body) as { readonly channel?: unknown; readonly text?: unknown };
    messages.push({ at: Date.now(), channel: String(said.channel), text: String(said.text), body });
    return {
      status: 200,
      body: {
        ok: true,
        channel: said.channel,
        ts: `${Math.floor(Date.now() / 1000)}.${String(messages.length).padStart(6, '0')}`,
      },
    };
  });
  return {
    ...server,
    messages,
    others,
    responseUrl: `${server.url}/response`,
    signed(payload) {
      const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
      const at = String(Math.floor(Date.now() / 1000));
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': at,
        'x-slack-signature': sign(signingSecret, at, body),
      };
      return { method: 'POST', headers, body };
    },
    secret: JSON.stringify({ token, channel: '#cloud-security', signingSecret }),
    context: { slackSecretName, slackUrl: `${server.url}/api` },
  };
}
