/** Where Slack calls when somebody presses a button or sends a form. */
import * as z from 'zod';
import { AppError, isAppError } from '../../model/errors.ts';
import type { Finding } from '../../model/finding.ts';
import type { NotifyConfig } from '../../model/notify.ts';
import type { MetricName } from '../../model/telemetry.ts';
import { approveRequest, askForException, type RequestDeps } from '../../pipeline/exception-requests.ts';
import { answers, type HttpAnswer, type HttpRequest, sizeOf } from '../http-auth/http.ts';
import {
  exceptCommand,
  exceptionForm,
  explanation,
  EXPIRES,
  FIELDS,
  FORM,
  type FormOrigin,
  requestMessage,
  sentence,
} from './answers.ts';
import type { SlackClient, SlackSecret } from './client.ts';
import type { ActionId, SlackMessage } from './message.ts';
import type { SentRecord } from './sent-record.ts';
import { signatureOf } from './signature.ts';

export interface ActionsDeps {
  /** Of the secret: the signing secret; and the client for it. */
  readonly slack: () => Promise<{ readonly secret: SlackSecret; readonly client: SlackClient }>;
  readonly sent: SentRecord;
  readonly find: (finding: string) => Promise<Finding | undefined>;
  readonly requests: RequestDeps;
  readonly config: () => Promise<NotifyConfig>;
  readonly count: (name: MetricName, value?: number) => void;
  readonly log: (what: string, error: unknown) => void;
}

/** More than any message of ours with what Slack adds to it. */
const MAX_BODY_BYTES = 256 * 1024;

const id = z.string().min(1).max(64);
const person = z.object({ id: z.string().regex(/^[UW][A-Z0-9]{2,20}$/) });
const team = z.object({ id: z.string().regex(/^[TE][A-Z0-9]{2,20}$/) });
/** https://docs.slack.dev/reference/interaction-payloads/block_actions-payload, read 2026-11-25. */
const pressed = z.object({
  type: z.literal('block_actions'),
  user: person,
  team,
  trigger_id: z.string().max(256),
  response_url: z.url(),
  channel: z.object({ id }).optional(),
  message: z.object({ ts: id, thread_ts: id.optional() }).optional(),
  actions: z
    .array(
      z.object({
        action_id: z.string().max(255),
        value: z.string().max(150).optional(),
        selected_option: z.object({ value: z.string().max(150) }).nullish(),
      }),
    )
    .min(1),
});
/** https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload, read 2026-11-25. */
const submitted = z.object({
  type: z.literal('view_submission'),
  user: person,
  team,
  view: z.object({
    callback_id: z.literal(FORM),
    private_metadata: z.string().max(3000),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(z.string(), z.object({ value: z.string().nullish(), selected_date: z.string().nullish() })),
      ),
    }),
  }),
});
const origin = z.strictObject({ finding: id, channel: id.optional(), thread: id.optional() });
const payload = z.discriminatedUnion('type', [pressed, submitted]);
type Pressed = z.output<typeof pressed>;
type Submitted = z.output<typeof submitted>;

/** Who that is: as Slack's signature says, which is another way of knowing than AWS's. */
const identityOf = ({ user, team: of }: Pressed | Submitted) =>
  ({ who: `slack:${of.id}/${user.id}`, established: 'slack' }) as const;

/** Answers one call, in time for Slack, which waits three seconds. A call that comes again is answered and not done again. */
export function makeActionsDoor(deps: ActionsDeps): (request: HttpRequest) => Promise<HttpAnswer> {
  return async (request) => {
    if (request.method !== 'POST') return answers.notFound;
    if (sizeOf(request) > MAX_BODY_BYTES) {
      deps.count('CallersTooLarge');
      return { status: 413 };
    }
    try {
      const { secret, client } = await deps.slack();
      if (secret.signingSecret === undefined) return answers.notFound;
      const signature = signatureOf(request, secret.signingSecret, deps.requests.clock.now());
      if (signature === undefined) {
        deps.count('CallersRefused');
        return { status: 401 };
      }
      const said = payload.safeParse(payloadOf(request.body));
      // Signed, and nothing of ours: a link that was followed, a form of someone else's.
      if (!said.success) return answers.taken;
      if ((await deps.sent.claim(`action#${signature}`)) !== 'mine') return answers.taken;
      const answer =
        said.data.type === 'block_actions'
          ? await press(deps, client, said.data)
          : await submit(deps, client, said.data);
      await deps.sent.done(`action#${signature}`);
      return answer;
    } catch (error) {
      deps.log('a button of Slack was not answered', error);
      return answers.comeAgain;
    }
  };
}

/** The words of a refusal, for whoever is refused; anything else goes on. */
function refusal(error: unknown): string {
  if (isAppError(error) && error.code === 'INPUT_INVALID') return error.message;
  throw error;
}

async function press(deps: ActionsDeps, client: SlackClient, of: Pressed): Promise<HttpAnswer> {
  const [action] = of.actions;
  const value = action?.selected_option?.value ?? action?.value ?? '';
  const tell = (message: SlackMessage): Promise<void> =>
    client.respond(of.response_url, { response_type: 'ephemeral', replace_original: false, ...message });
  const respond = ON_PRESS[action?.action_id ?? ''];
  // A link, or a button of a message of another build.
  if (respond === undefined) return answers.taken;
  try {
    await respond({ deps, client, of, value, tell });
  } catch (error) {
    await tell(sentence(refusal(error)));
  }
  return answers.taken;
}

interface Press {
  readonly deps: ActionsDeps;
  readonly client: SlackClient;
  readonly of: Pressed;
  readonly value: string;
  readonly tell: (message: SlackMessage) => Promise<void>;
}

/** What each button does. */
const ON_PRESS: {
  readonly [action in ActionId | 'approve']: (press: Press) => Promise<void>;
} & {
  readonly [action: string]: ((press: Press) => Promise<void>) | undefined;
} = {
  async explain({ deps, value, tell }) {
    const finding = await found(deps, value);
    await tell(explanation(finding, await deps.requests.policy(finding.policy)));
  },
  async except({ deps, client, of, value, tell }) {
    const [finding, { approvers }] = await Promise.all([found(deps, value), deps.config()]);
    // Where nobody may approve by the button, what is asked for by it could never hold.
    if (approvers.length === 0) return tell(exceptCommand(finding.id));
    const at: FormOrigin = {
      finding: finding.id,
      ...(of.channel === undefined ? {} : { channel: of.channel.id }),
      ...(of.message === undefined ? {} : { thread: of.message.thread_ts ?? of.message.ts }),
    };
    const form = exceptionForm(finding, await deps.requests.policy(finding.policy), at, deps.requests.clock.now());
    if (!(await client.openForm(of.trigger_id, form))) await tell(exceptCommand(finding.id));
  },
  async approve({ deps, client, of, value, tell }) {
    const { approvers } = await deps.config();
    if (!approvers.includes(of.user.id))
      throw new AppError(
        'INPUT_INVALID',
        'You are none of those who may approve here (approvers in edict.config.yaml)',
      );
    const approved = await approveRequest(deps.requests, value, identityOf(of));
    const text = `${approved.id} is approved by the button, and holds until ${approved.expiresAt} at most`;
    await tell(sentence(text));
    if (of.channel !== undefined && of.message !== undefined)
      await client
        .send(sentence(text), { channel: of.channel.id, thread: of.message.thread_ts ?? of.message.ts })
        .catch((error: unknown) => deps.log('an approval was not told', error));
  },
};

/** The form was sent: the wish is recorded, by whoever sent it, and told where it was asked for. */
async function submit(deps: ActionsDeps, client: SlackClient, of: Submitted): Promise<HttpAnswer> {
  const { values } = of.view.state;
  const asked = origin.parse(JSON.parse(of.view.private_metadata));
  const text = (field: string): string => values[field]?.[field]?.value?.trim() ?? '';
  const date = values[EXPIRES]?.[EXPIRES]?.selected_date ?? '';
  try {
    const empty = FIELDS.find(({ id: field }) => text(field) === '');
    if (empty !== undefined) return wrong(empty.id, 'It cannot be left out');
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return wrong(EXPIRES, 'It cannot be left out');
    const finding = await found(deps, asked.finding);
    const exception = await askForException(
      deps.requests,
      { is: 'resource', finding },
      {
        owner: text('owner'),
        reason: text('reason'),
        ticket: text('ticket'),
        expiresAt: `${date}T00:00:00.000Z`,
        by: identityOf(of),
      },
    );
    // Recorded: if it cannot be told, "edict exceptions" lists it still.
    await client
      .send(requestMessage(exception, finding, of.user.id), {
        ...(asked.channel === undefined ? {} : { channel: asked.channel }),
        ...(asked.thread === undefined ? {} : { thread: asked.thread }),
      })
      .catch((error: unknown) => deps.log('a wish for an exception was not told', error));
    return answers.taken;
  } catch (error) {
    return wrong('reason', refusal(error));
  }
}

/** The form stays open, with what is wrong with a field. */
const wrong = (field: string, why: string): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ response_action: 'errors', errors: { [field]: why.slice(0, 300) } }),
});

async function found(deps: ActionsDeps, finding: string): Promise<Finding> {
  const of = /^[0-9a-z]{32}$/.test(finding) ? await deps.find(finding) : undefined;
  if (of === undefined) throw new AppError('INPUT_INVALID', 'That finding is not there any more');
  return of;
}

function payloadOf(body: string): unknown {
  try {
    return JSON.parse(new URLSearchParams(body).get('payload') ?? '');
  } catch {
    return undefined;
  }
}
