/** Who hears of what: the section `notify` of edict.config.yaml, which `edict release` delivers (docs/adr/0021-notify.md). */
import * as z from 'zod';
import { CLOUDS } from './cloud.ts';
import type { TransitionDetail } from './finding-event.ts';
import { SEVERITIES } from './verdict.ts';

const word = z.string().trim().min(1).max(128);
const words = z.array(word).min(1).max(64);
/** `#name` or the id of a channel. */
const channel = z.string().regex(/^(#[^\s#@,:<>]{1,80}|[CG][A-Z0-9]{6,20})$/, 'a channel: its #name or its id');

const match = z.strictObject({
  severity: z.array(z.enum(SEVERITIES)).min(1).optional(),
  environment: words.optional(),
  owner: words.optional(),
  cloud: z.array(z.enum(CLOUDS)).min(1).optional(),
  account: words.optional(),
  policy: words.optional(),
});

export const DIGESTS = ['hourly', 'daily'] as const;
export type DigestPeriod = (typeof DIGESTS)[number];

const route = z
  .strictObject({
    /** All that are given must hold; one of the words of each. Nothing given: everything. */
    match: match.default({}),
    channel: channel.optional(),
    /** Gathered, and told as one message. */
    digest: z.enum(DIGESTS).optional(),
    /** Told to nobody: it waits in the findings. */
    quiet: z.literal(true).optional(),
  })
  .refine((r) => r.quiet === undefined || (r.digest === undefined && r.channel === undefined), {
    message: 'what is quiet has neither a channel nor a digest',
  });

export const notifyConfigSchema = z.strictObject({
  /** Where what no rule gives a channel goes. Absent: the channel of the secret. */
  channel: channel.optional(),
  /** The first that matches wins; what none matches is told at once in `channel`. */
  routes: z.array(route).max(200).default([]),
  /** The Slack users who may approve, by the button, what others asked for by the button. */
  approvers: z
    .array(z.string().regex(/^[UW][A-Z0-9]{5,20}$/, 'the id of a Slack user: U…'))
    .max(200)
    .default([]),
});
export type NotifyConfig = z.output<typeof notifyConfigSchema>;

/** What holds where nothing was released: everything, at once, in the channel of the secret. */
export const TELL_EVERYTHING: NotifyConfig = { routes: [], approvers: [] };

/** What becomes of one piece of news. `channel` absent: that of the secret. */
export type Route =
  | { readonly is: 'quiet' }
  | { readonly is: 'tell'; readonly channel?: string }
  | { readonly is: 'digest'; readonly period: DigestPeriod; readonly channel?: string };

/** What a rule can speak of. */
const ATTRIBUTES: { readonly [A in keyof z.output<typeof match>]-?: (of: TransitionDetail) => string | undefined } = {
  severity: (of) => of.policy.severity,
  environment: (of) => of.resource.environment,
  owner: (of) => of.resource.owner,
  cloud: (of) => of.resource.cloud,
  account: (of) => of.resource.account,
  policy: (of) => of.policy.id,
};

/** Where a transition goes: by the first rule that matches. What a rule asks for and nobody knows does not match. */
export function routeOf(config: NotifyConfig, of: TransitionDetail): Route {
  const rule = config.routes.find(({ match: asked }) =>
    (Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]).every((attribute) => {
      const allowed: readonly string[] | undefined = asked[attribute];
      if (allowed === undefined) return true;
      const value = ATTRIBUTES[attribute](of)?.toLowerCase();
      return value !== undefined && allowed.some((one) => one.toLowerCase() === value);
    }),
  );
  if (rule?.quiet === true) return { is: 'quiet' };
  const to = rule?.channel ?? config.channel;
  const where = to === undefined ? {} : { channel: to };
  return rule?.digest === undefined ? { is: 'tell', ...where } : { is: 'digest', period: rule.digest, ...where };
}
