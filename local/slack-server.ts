/** Slack's `chat.postMessage` on loopback: it keeps what it gets. */
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
  /** What Edict is given as its secret. */
  readonly secret: string;
  readonly context: Readonly<Record<string, string>>;
}

export const slackSecretName = 'edict/slack';

export async function startSlackServer(): Promise<SlackServer> {
  const messages: SlackPost[] = [];
  const token = 'xoxb-local-0000000000';
  const server = await serve(({ method, path, headers, body }) => {
    if (method !== 'POST' || path !== '/api/chat.postMessage') return { status: 404, body: { ok: false } };
    if (headers.authorization !== `Bearer ${token}`) return { status: 200, body: { ok: false, error: 'invalid_auth' } };
    const said = JSON.parse(body) as { readonly channel?: unknown; readonly text?: unknown };
    messages.push({ at: Date.now(), channel: String(said.channel), text: String(said.text), body });
    return { status: 200, body: { ok: true, channel: said.channel, ts: `${Date.now() / 1000}` } };
  });
  return {
    ...server,
    messages,
    secret: JSON.stringify({ token, channel: '#cloud-security' }),
    context: { slackSecretName, slackUrl: `${server.url}/api` },
  };
}
