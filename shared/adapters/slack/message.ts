/** What people read in Slack: pure, from finding events to Block Kit. */
import type { ActionsBlock, KnownBlock, RichTextBlock, RichTextElement } from '@slack/types';
import type {
  BaselineEvent,
  ExceptionExpiringEvent,
  FindingTransitionEvent,
  TransitionDetail,
} from '../../model/finding-event.ts';
import type { ExceptionTurn } from '../../model/resource.ts';
import { isCanaryAccount } from '../../model/canary.ts';
import { SEVERITIES } from '../../model/verdict.ts';
import {
  count,
  cut,
  escape,
  header,
  HEADER_CHARS,
  ICON,
  section,
  type SlackMessage,
  TEXT_CHARS,
  words,
} from './blocks.ts';

export type { SlackMessage } from './blocks.ts';

/** Events of one cause, which are told together. */
export interface CauseGroup {
  readonly causeKey: string;
  readonly events: readonly FindingTransitionEvent[];
  /** So many causes are told at once, because a channel takes no more messages. @default 1 */
  readonly causes?: number;
}

/** How many findings a message names; of the rest it says how many. */
const NAMED = 10;

/**
 * True for news that people are told: a violation or an error begins or ends. What is only unknown waits in the
 * findings, what a first sweep found is told by its digest, and what is excepted may stand.
 */
export const isNews = ({ detail: { edict } }: FindingTransitionEvent): boolean =>
  edict.baseline === undefined &&
  !isCanaryAccount(edict.resource.account) &&
  edict.status !== 'excepted' &&
  edict.shadow === undefined &&
  (isBad(edict.to) || isBad(edict.from));
export const isBad = (verdict: TransitionDetail['to']): boolean => verdict === 'violation' || verdict === 'error';
/** A violation that can no longer be decided is not resolved: nobody knows that it is. */
export const isUndecided = (verdict: TransitionDetail['to']): boolean => verdict === 'unknown';

/** Groups by cause, in the order in which the causes first appear. */
export function groupByCause(events: readonly FindingTransitionEvent[]): readonly CauseGroup[] {
  const groups = new Map<string, FindingTransitionEvent[]>();
  for (const event of events) {
    const { causeKey } = event.detail.edict;
    const group = groups.get(causeKey);
    if (group === undefined) groups.set(causeKey, [event]);
    else group.push(event);
  }
  return [...groups].map(([causeKey, grouped]) => ({ causeKey, events: grouped }));
}

/**
 * The message for one cause. Whatever a provider or a person named lies in `rich_text` and `plain_text`, which Slack
 * shows as they are: no name can become a mention, a link or a format.
 */
export function causeMessage({ events, causes = 1 }: CauseGroup): SlackMessage {
  const worstFirst = events.toSorted(
    (a, b) => rank(a) - rank(b) || a.detail.edict.resource.id.localeCompare(b.detail.edict.resource.id),
  );
  const headline = headlineOf(worstFirst, causes);
  const named = worstFirst.slice(0, NAMED);
  const rest = worstFirst.length - named.length;
  const list: RichTextBlock = {
    type: 'rich_text',
    elements: [
      { type: 'rich_text_list', style: 'bullet', elements: named.map(({ detail }) => section(lineOf(detail.edict))) },
      ...(rest === 0 ? [] : [section([words(`and ${rest} more`)])]),
    ],
  };
  const [first] = worstFirst;
  return {
    text: escape(headline),
    blocks: [header(headline), list, ...(first === undefined || causes > 1 ? [] : [footer(first)]), ...buttons(named)],
  };
}

/** What people may answer with, for those of the named findings that stand. One finding: buttons; several: lists. */
function buttons(named: readonly FindingTransitionEvent[]): ActionsBlock[] {
  const standing = named.filter(({ detail: { edict } }) => isBad(edict.to) || isUndecided(edict.to));
  const [first] = standing;
  if (first === undefined) return [];
  const options = standing.map(({ detail: { edict } }) => ({
    text: {
      type: 'plain_text' as const,
      text: cut(`${edict.resource.name ?? edict.resource.id}: ${edict.policy.title}`, OPTION_CHARS),
    },
    value: edict.findingId,
  }));
  const elements = ACTIONS.map(({ id, says }) =>
    standing.length === 1
      ? {
          type: 'button' as const,
          action_id: id,
          text: { type: 'plain_text' as const, text: says },
          value: first.detail.edict.findingId,
        }
      : {
          type: 'static_select' as const,
          action_id: id,
          placeholder: { type: 'plain_text' as const, text: `${says} …` },
          options,
        },
  );
  return [{ type: 'actions', elements }];
}
/** The text of an option is at most 75 characters: https://docs.slack.dev/reference/block-kit/composition-objects/option-object, read 2026-11-25. */
const OPTION_CHARS = 75;
/** What people can answer with. */
export const ACTIONS = [
  { id: 'explain', says: 'Explain' },
  { id: 'except', says: 'Request exception' },
] as const;
export type ActionId = (typeof ACTIONS)[number]['id'];

/** The one message about what a first sweep found. */
export function baselineMessage({ detail: { edict } }: BaselineEvent): SlackMessage {
  const headline = `Baseline: ${count(edict.findings, 'finding')} on ${count(edict.resources, 'resource')}`;
  const bySeverity = SEVERITIES.flatMap((severity) => {
    const found = edict.bySeverity[severity];
    return found === undefined || found === 0 ? [] : [`${found} ${severity}`];
  }).join(', ');
  const policies = edict.byPolicy.slice(0, NAMED);
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      {
        type: 'rich_text',
        elements: [
          section([words(bySeverity === '' ? 'Nothing is open.' : bySeverity)]),
          ...(edict.notSeen.length === 0 ? [] : [section([words(notSeenText(edict))])]),
          ...(policies.length === 0
            ? []
            : [
                {
                  type: 'rich_text_list' as const,
                  style: 'bullet' as const,
                  elements: policies.map((p) =>
                    section([words(`${ICON[p.severity]} ${p.findings} × `), words(cut(p.title, TEXT_CHARS), true)]),
                  ),
                },
              ]),
        ],
      },
    ],
  };
}

/** The reminder that an exception ends. */
export function expiringMessage({ detail: { edict } }: ExceptionExpiringEvent): SlackMessage {
  const headline = `⏳ An exception to ${edict.policyId} ends in ${count(edict.days, 'day')}`;
  const of = edict.findings === 1 ? (edict.resources[0] ?? '1 finding') : count(edict.findings, 'finding');
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      {
        type: 'rich_text',
        elements: [
          section([
            words(cut(edict.owner, TEXT_CHARS), true),
            words(` answers for ${cut(of, TEXT_CHARS)} until ${edict.expiresAt}\n`),
            words(cut(`${edict.reason} (${edict.ticket})`, TEXT_CHARS)),
          ]),
        ],
      },
      {
        type: 'context',
        elements: [{ type: 'plain_text', text: `npx edict exceptions show ${edict.exceptionId}`, emoji: false }],
      },
    ],
  };
}

/** What the digest does not speak of. */
function notSeenText({ scopes, notSeen }: BaselineEvent['detail']['edict']): string {
  const named = notSeen.slice(0, NAMED).map(({ source, scope, why }) => {
    const reason = why === 'denied' ? 'refused' : 'not finished';
    return `${source} ${cut(scope, HEADER_CHARS)} (${reason})`;
  });
  const rest = scopes.notSeen - named.length;
  return `Not seen: ${named.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`;
}

const rank = ({ detail: { edict } }: FindingTransitionEvent): number => SEVERITIES.indexOf(edict.policy.severity);

function headlineOf(worstFirst: readonly FindingTransitionEvent[], causes: number): string {
  const [first] = worstFirst;
  if (first === undefined) return 'Nothing';
  const { edict } = first.detail;
  if (worstFirst.length === 1)
    return `${stateOf(edict)} ${edict.policy.title} – ${edict.resource.name ?? edict.resource.id}`;
  const bad = worstFirst.filter(({ detail }) => isBad(detail.edict.to)).length;
  const undecided = worstFirst.filter(({ detail }) => isUndecided(detail.edict.to)).length;
  const resolved = worstFirst.length - bad - undecided;
  const resources = new Set(worstFirst.map(({ detail }) => detail.edict.resource.id)).size;
  const parts = [
    ...(bad === 0 ? [] : [`${ICON[edict.policy.severity]} ${count(bad, 'violation')}`]),
    ...(undecided === 0 ? [] : [`❔ ${undecided} no longer known`]),
    ...(resolved === 0 ? [] : [`✅ ${resolved} resolved`]),
  ];
  return `${parts.join(', ')} on ${count(resources, 'resource')} by ${causes === 1 ? 'one change' : `${causes} changes`}`;
}

function stateOf({ to, policy }: TransitionDetail): string {
  if (isBad(to)) return `${ICON[policy.severity]} ${policy.severity}:`;
  return isUndecided(to) ? `❔ ${policy.severity}, no longer known:` : '✅ resolved:';
}

function lineOf(edict: TransitionDetail): RichTextElement[] {
  const { resource } = edict;
  const name = cut(resource.name ?? resource.id, TEXT_CHARS);
  const link = consoleLink(edict);
  const fact = edict.facts[0];
  const shown = fact === undefined || !(isBad(edict.to) || isUndecided(edict.to)) ? undefined : factText(fact);
  const violated = edict.clauses.find(({ verdict }) => verdict === 'fails')?.says ?? edict.error;
  return [
    words(`${stateOf(edict)} `),
    link === undefined ? words(name, true) : { type: 'link', url: link, text: name, style: { bold: true } },
    words(` ${resource.cloud}${resource.account === undefined ? '' : ` ${resource.account}`}`),
    words(`\n${cut(edict.policy.title, TEXT_CHARS)}`),
    ...(violated === undefined || !isBad(edict.to) ? [] : [words(`: not so: ${cut(violated, TEXT_CHARS)}`)]),
    ...(shown === undefined ? [] : [words('\n'), { type: 'text' as const, text: shown, style: { code: true } }]),
  ];
}

/** The fact that decided, in the provider's own place where it was read. */
export function factText({ fact, after }: TransitionDetail['facts'][number]): string {
  if (after.state === 'unknown') return `${fact} is unknown: ${after.why}`;
  const place = after.state === 'known' ? after.at : after.state;
  return cut(`${fact} = ${JSON.stringify(after.value)} (${place})`, TEXT_CHARS);
}

function footer({ detail: { edict } }: FindingTransitionEvent): KnownBlock {
  const { cause } = edict;
  const by = 'actor' in cause && cause.actor !== undefined ? `by ${cut(cause.actor, TEXT_CHARS)}, ` : '';
  return {
    type: 'context',
    elements: [
      { type: 'plain_text', text: cut(`${whyOf(cause)} ${by}at ${edict.trueAt}`, TEXT_CHARS), emoji: false },
      { type: 'plain_text', text: cut(`npx edict finding ${edict.findingId}`, TEXT_CHARS), emoji: false },
    ],
  };
}

const WHY: { readonly [C in TransitionDetail['cause']['is']]: string } = {
  change: 'Changed',
  deletion: 'Deleted',
  reconcile: 'No longer listed by the provider',
  dependency: 'A resource it depends on changed',
  bundle: 'New policies',
  context: 'New context configuration',
  clock: 'Time passed',
  exception: 'Its exception',
};

const whyOf = (cause: TransitionDetail['cause']): string =>
  cause.is === 'exception'
    ? `${WHY.exception} (${cause.exceptionId}${cause.owner === undefined ? '' : ` of ${cause.owner}`}) ${ENDED[cause.turn]}`
    : WHY[cause.is];
const ENDED: { readonly [T in ExceptionTurn]: string } = {
  granted: 'was granted',
  voided: 'is void: what it was granted for was changed',
  expired: 'expired',
  revoked: 'was revoked',
  compensation_lost: 'is void: the policy that made up for it no longer holds',
};

/** Where to look at the resource in the provider's console; undefined where no address follows from its id. */
function consoleLink({ resource }: TransitionDetail): string | undefined {
  const { id, cloud } = resource;
  if (cloud === 'aws' && id.startsWith('arn:'))
    return `https://console.aws.amazon.com/go/view?arn=${encodeURIComponent(id)}`;
  if (cloud === 'azure' && id.startsWith('/subscriptions/'))
    return `https://portal.azure.com/#resource${encodeURI(id)}`;
  if (cloud === 'gcp' && resource.account !== undefined)
    return `https://console.cloud.google.com/home/dashboard?project=${encodeURIComponent(resource.account)}`;
  return undefined;
}
