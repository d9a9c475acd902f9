/** What whoever presses a button gets to see: why a finding is one, and the form to ask for an exception. */
import type { KnownBlock, ModalView, RichTextElement } from '@slack/types';
import { DEFAULT_MAX_DAYS, type Exception } from '../../model/exception.ts';
import type { Finding } from '../../model/finding.ts';
import type { BundledPolicy } from '../../policy/bundle.ts';
import { command, count, cut, escape, header, ICON, section, type SlackMessage, TEXT_CHARS, words } from './blocks.ts';
import { factText } from './message.ts';

/** How many of a list are shown. */
const SHOWN = 10;

/** Why a finding is one: the policy in English, what of it does not hold, and the facts that decided, with their place. */
export function explanation(finding: Finding, policy: BundledPolicy | undefined): SlackMessage {
  const { last } = finding;
  const failing = new Map(last.clauses.map((clause) => [clause.id, clause.verdict]));
  const headline = `${ICON[finding.severity]} ${finding.title} – ${finding.resource.name ?? finding.resource.id}`;
  const lines: RichTextElement[][] = [
    [words(`${finding.status}, ${finding.verdict ?? 'judged no more'} since ${finding.since.trueAt}`)],
    ...(policy?.scope === undefined
      ? []
      : [[words('Applies when: ', true), words(cut(policy.scope.english, TEXT_CHARS))]]),
    ...(policy?.clauses ?? [])
      .slice(0, SHOWN)
      .map(({ id, says, english }) => [
        words(`${MARK[failing.get(id) ?? 'holds']} ${cut(says, TEXT_CHARS)}`, true),
        words(`: ${cut(english, TEXT_CHARS)}`),
      ]),
    ...last.facts
      .slice(0, SHOWN)
      .map((fact) => [words('Because '), { type: 'text' as const, text: factText(fact), style: { code: true } }]),
    ...(last.facts.length > SHOWN ? [[words(`and ${last.facts.length - SHOWN} more facts`)]] : []),
    ...(last.error === undefined ? [] : [[words(cut(last.error, TEXT_CHARS))]]),
    ...(policy === undefined ? [] : [[words('What to do: ', true), words(cut(policy.remediation, 4 * TEXT_CHARS))]]),
  ];
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      { type: 'rich_text', elements: [{ type: 'rich_text_list', style: 'bullet', elements: lines.map(section) }] },
      command(`npx edict finding ${finding.id}`),
    ],
  };
}
const MARK = { fails: '✗', unknown: '?', holds: '✓' } as const;

/** What to type where there is no form. */
export const exceptCommand = (finding: string): SlackMessage => {
  const said = `npx edict except ${finding} --owner <who answers for it> --reason "<why>" --ticket <ticket> --expires 30d`;
  return { text: escape(said), blocks: [command(said)] };
};

/** What the form asks for, in its order. */
export const FIELDS = [
  { id: 'owner', says: 'Who answers for it', max: 256, hint: 'A team or a person' },
  { id: 'reason', says: 'Why may it stand?', max: 500, hint: 'One line: whoever approves reads it' },
  { id: 'ticket', says: 'Ticket', max: 200, hint: 'SEC-42' },
] as const;
export const EXPIRES = 'expires';
/** The form's name, when it is sent. */
export const FORM = 'except';

/** Where the form was asked for: what is told of it goes there. */
export interface FormOrigin {
  readonly finding: string;
  readonly channel?: string;
  readonly thread?: string;
}

/** The form to ask for an exception. */
export function exceptionForm(
  finding: Finding,
  policy: BundledPolicy | undefined,
  origin: FormOrigin,
  nowMs: number,
): ModalView {
  const days = policy?.exceptions?.max_days ?? DEFAULT_MAX_DAYS;
  const day = (after: number): string => new Date(nowMs + after * 86_400_000).toISOString().slice(0, 10);
  const plain = (text: string) => ({ type: 'plain_text' as const, text });
  const what: KnownBlock = {
    type: 'rich_text',
    elements: [
      section([
        words(cut(finding.title, TEXT_CHARS), true),
        words(` on ${cut(finding.resource.name ?? finding.resource.id, TEXT_CHARS)}\n`),
        words(`It permits nothing until somebody else approves it, and at most ${count(days, 'day')}.`),
      ]),
    ],
  };
  return {
    type: 'modal',
    callback_id: FORM,
    private_metadata: JSON.stringify(origin),
    title: plain('Request exception'),
    submit: plain('Ask'),
    close: plain('Cancel'),
    blocks: [
      what,
      ...FIELDS.map(({ id, says, max, hint }) => ({
        type: 'input' as const,
        block_id: id,
        label: plain(says),
        element: { type: 'plain_text_input' as const, action_id: id, max_length: max, placeholder: plain(hint) },
      })),
      {
        type: 'input',
        block_id: EXPIRES,
        label: plain('Until (the beginning of that day, UTC)'),
        element: { type: 'datepicker', action_id: EXPIRES, initial_date: day(Math.min(30, days)) },
      },
    ],
  };
}

/** That somebody asks for an exception, with the button to approve it. */
export function requestMessage(exception: Exception, finding: Finding, user: string): SlackMessage {
  const headline = `✋ An exception is asked for: ${finding.title}`;
  return {
    text: escape(headline),
    blocks: [
      header(headline),
      {
        type: 'rich_text',
        elements: [
          section([
            { type: 'user', user_id: user },
            words(
              ` asks that ${cut(finding.resource.name ?? finding.resource.id, TEXT_CHARS)} may stand until ${exception.expiresAt}. `,
            ),
            words(`${cut(exception.owner, TEXT_CHARS)} answers for it.\n`),
            words(cut(`${exception.reason} (${exception.ticket})`, 2 * TEXT_CHARS)),
          ]),
        ],
      },
      {
        type: 'actions',
        elements: [
          { type: 'button', action_id: 'approve', text: { type: 'plain_text', text: 'Approve' }, value: exception.id },
        ],
      },
      command(`npx edict exceptions show ${exception.id}`),
    ],
  };
}

/** One sentence for whoever pressed a button. */
export const sentence = (text: string): SlackMessage => ({
  text: escape(text),
  blocks: [{ type: 'rich_text', elements: [section([words(cut(text, 4 * TEXT_CHARS))])] }],
});
