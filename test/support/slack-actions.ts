/** The door of Slack's buttons with everything behind it in memory; and calls as Slack makes them. */
import { makeActionsDoor } from '../../shared/adapters/slack/actions-door.ts';
import { type SlackClient, parseSlackSecret } from '../../shared/adapters/slack/client.ts';
import { sign } from '../../shared/adapters/slack/signature.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { notifyConfigSchema } from '../../shared/model/notify.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { fakeSlack, memorySent } from './slack.ts';

export const signingSecret = 'shhh-0000';
export const nowMs = Date.parse('2026-11-25T12:00:00.000Z');
export const seconds = nowMs / 1000;
/** An open finding of `policy`. */
export const finding = {
  id: 'abcdefgh01234567abcdefgh01234567',
  policy: 'store.not-public',
  title: 'Stores are not public <!channel>',
  severity: 'high',
  status: 'open',
  verdict: 'violation',
  resource: { id: 's1', mapping: 'm', cloud: 'aws', kind: 'object_store', nativeType: 'x', name: '<!here> s1' },
  since: { trueAt: '2026-11-25T11:00:00.000Z', knownAt: '2026-11-25T11:00:01.000Z' },
  last: {
    clauses: [{ id: 'no-read', says: 'nobody can read', verdict: 'fails' }],
    facts: [{ fact: 'public_read', after: { state: 'known', value: true, at: '/acl' } }],
  },
} as unknown as Finding; // what is explained of it
export const policy = {
  id: finding.policy,
  title: finding.title,
  severity: 'high',
  remediation: 'Close it.',
  clauses: [
    { id: 'no-read', says: 'nobody can read', english: 'public_read is false' },
    { id: 'no-write', says: 'nobody can write', english: 'public_write is false' },
  ],
} as unknown as BundledPolicy; // what is explained of it

/** The door, and what went through it. A call is signed, at `at` (seconds), unless it is given another signature. */
export function makeSlackActions({
  approvers = ['U0APPROVER'],
  form = 'bot',
  signed = true,
}: {
  readonly approvers?: string[];
  readonly form?: 'bot' | 'webhook';
  readonly signed?: boolean;
} = {}) {
  const slack = fakeSlack(form);
  const forms: { private_metadata?: string }[] = [];
  const told: unknown[] = [];
  const client: SlackClient = {
    ...slack,
    openForm: (_trigger, view) => (form === 'bot' ? (forms.push(view), Promise.resolve(true)) : Promise.resolve(false)),
    respond: (_url, body) => Promise.resolve(void told.push(body)),
  };
  const exceptions = makeMemoryExceptionStore();
  const counted: string[] = [];
  const state = { verdicts: { [finding.policy]: { verdict: 'violation', decided: '0123456789abcdef' } } };
  const door = makeActionsDoor({
    slack: () =>
      Promise.resolve({
        secret: parseSlackSecret(JSON.stringify({ token: 'x', channel: 'C1', ...(signed ? { signingSecret } : {}) })),
        client,
      }),
    sent: memorySent(),
    find: (id) => Promise.resolve(id === finding.id ? finding : undefined),
    requests: {
      exceptions,
      resources: { read: () => Promise.resolve(state as unknown as ResourceState) }, // the rest is not looked at
      findings: { list: () => Promise.resolve({ items: [] }) },
      policy: (id) => Promise.resolve(id === policy.id ? policy : undefined),
      clock: { now: () => nowMs },
    },
    config: () => Promise.resolve(notifyConfigSchema.parse({ approvers })),
    count: (name) => void counted.push(name),
    log: (_what, error) => {
      throw error;
    },
  });
  const call = (payload: object | string, { at = seconds, signature = undefined as string | undefined } = {}) => {
    const body =
      typeof payload === 'string' ? payload : new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    return door({
      method: 'POST',
      path: '/slack/actions',
      headers: {
        'x-slack-request-timestamp': `${at}`,
        'x-slack-signature': signature ?? sign(signingSecret, `${at}`, body),
      },
      body,
    });
  };
  return { call, slack, forms, told, exceptions, counted };
}

let press = 0;
/** Somebody presses a button: each time another press. */
export const pressed = (action_id: string, value: string, user = 'U0ASKER') => ({
  type: 'block_actions',
  user: { id: user, name: 'ana' },
  team: { id: 'T0TEAM' },
  trigger_id: `${(press += 1)}`,
  response_url: 'https://hooks.slack.com/actions/T/1/x',
  channel: { id: 'C1' },
  message: { ts: '1.0' },
  actions: [{ action_id, value }],
});
/** Somebody sends the form. */
export const submitted = (
  private_metadata: string,
  fields: Record<string, string>,
  until: string | null = '2026-12-25',
) => ({
  type: 'view_submission',
  user: { id: 'U0ASKER' },
  team: { id: 'T0TEAM' },
  view: {
    callback_id: 'except',
    private_metadata,
    state: {
      values: {
        ...Object.fromEntries(Object.entries(fields).map(([id, value]) => [id, { [id]: { value } }])),
        expires: { expires: { selected_date: until } },
      },
    },
  },
});
/** What a form is filled with. */
export const words = { owner: 'team-web', reason: 'A public website', ticket: 'SEC-42' };
