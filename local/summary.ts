/** What `npm start` says at the end. */
import type { FindingTransitionEvent } from '../shared/model/finding-event.ts';
import type { Format } from '../cli/findings/words.ts';
import { count, plain } from '../cli/terminal.ts';
import type { SlackPost } from './slack-server.ts';
import type { Ledger } from './telling.ts';

export interface SummaryInput {
  readonly changes: number;
  readonly ledger: Pick<Ledger, 'seen' | 'missing' | 'unexpected'>;
  /** From each change to each of its transitions. */
  readonly latenciesMs: readonly number[];
  /** What was told at once. */
  readonly slack: readonly SlackPost[];
  /** What was gathered first. */
  readonly digests: readonly SlackPost[];
  /** The stack is there until Ctrl-C, so that there is something to look at. */
  readonly stays: boolean;
  readonly paint: (format: Format, text: string) => string;
}

/** The value below which this share of the values lies (nearest rank); NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const LABEL = 13;
const SHOWN_MESSAGES = 3;

/** The text, and whether everything came that was expected and nothing else. */
export function summary(input: SummaryInput): { readonly text: string; readonly ok: boolean } {
  const { ledger, latenciesMs, slack, digests, paint } = input;
  const complete = ledger.missing.length === 0 && ledger.unexpected.length === 0;
  const ok = complete && digests.length > 0;
  const lines: string[] = [''];
  const put = (label: string, text: string): void => void lines.push(`${paint('dim', label.padEnd(LABEL))}${text}`);

  put('changes', `${input.changes} sent through the front doors`);
  put(
    'transitions',
    complete
      ? `${ledger.seen} published: ${paint('green', 'every one that was expected, and no other')}`
      : `${ledger.seen} of ${ledger.seen + ledger.missing.length} expected were published`,
  );
  for (const m of ledger.missing)
    lines.push(`  ${paint('red', 'missing')}     ${m.policy} → ${m.to} on ${plain(m.resource)}: ${m.says}`);
  for (const { detail } of ledger.unexpected as readonly FindingTransitionEvent[]) {
    const { edict } = detail;
    lines.push(
      `  ${paint('red', 'unexpected')}  ${edict.policy.id} ${edict.from ?? 'new'} → ${edict.to ?? 'gone'} on ${plain(edict.resource.id)}`,
    );
  }
  if (latenciesMs.length > 0)
    put(
      'latency',
      `p50 ${seconds(percentile(latenciesMs, 0.5))}, p95 ${seconds(percentile(latenciesMs, 0.95))}, from the change to the published transition`,
    );
  put('Slack', `${count(slack.length, 'message')}, one for each cause`);
  for (const { text } of slack.slice(0, SHOWN_MESSAGES)) lines.push(`${' '.repeat(LABEL)}${plain(text, 110)}`);
  if (slack.length > SHOWN_MESSAGES) lines.push(`${' '.repeat(LABEL)}…`);
  if (digests.length === 0) put('digest', `${paint('red', 'missing')}: nothing of low severity was told`);
  for (const { text, channel } of digests) put('digest', plain(`in ${channel}: ${text}`, 110));

  if (!input.stays) {
    lines.push('', `The stack ends now. To look around in it: ${paint('bold', 'npm start')}`, '');
    return { text: lines.join('\n'), ok };
  }
  lines.push('', 'Go on, in another terminal:');
  for (const [command, says] of [
    ['npx edict findings', 'what is open'],
    ['npx edict findings --status all --cloud azure', 'and what was'],
    ['npx edict finding <id>', 'why: the evidence and the history'],
    ['npx edict exceptions', 'what may stand, and until when'],
    ['npx edict observe <file>', 'send a document of your own'],
    ['npx edict policies', 'what is judged'],
  ] as const)
    lines.push(`  ${paint('bold', command.padEnd(48))}${paint('dim', says)}`);
  lines.push('');
  return { text: lines.join('\n'), ok };
}
