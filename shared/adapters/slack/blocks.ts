/** The parts of Block Kit that every message is made of. */
import type { HeaderBlock, KnownBlock, RichTextElement, RichTextSection } from '@slack/types';
import type { Severity } from '../../model/verdict.ts';

/** One message. `text` is what notifications show. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly KnownBlock[];
}

/** Slack cuts a header at 150 characters and refuses a message whose texts are too long. */
export const HEADER_CHARS = 150;
export const TEXT_CHARS = 300;

export const ICON: { readonly [S in Severity]: string } = {
  critical: '🔴',
  high: '🟠',
  medium: '🟡',
  low: '🔵',
  info: '⚪',
};
export const count = (n: number, of: string): string => `${n} ${of}${n === 1 ? '' : 's'}`;

export const header = (text: string): HeaderBlock => ({
  type: 'header',
  text: { type: 'plain_text', text: cut(text, HEADER_CHARS), emoji: true },
});
export const section = (elements: RichTextElement[]): RichTextSection => ({ type: 'rich_text_section', elements });
export const words = (text: string, bold = false): RichTextElement =>
  bold ? { type: 'text', text, style: { bold: true } } : { type: 'text', text };
/** What to type. */
export const command = (text: string): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'plain_text', text: cut(text, TEXT_CHARS), emoji: false }],
});

/** At most so many characters, none of them a control character or one that turns the direction of what follows. */
export function cut(text: string, chars: number): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '');
  return clean.length <= chars ? clean : `${clean.slice(0, chars - 1)}…`;
}

/** For the one text that Slack does parse: https://docs.slack.dev/messaging/formatting-message-text, read 2026-11-25. */
export const escape = (text: string): string =>
  cut(text, TEXT_CHARS).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
