/** `edict finding <id>`: one finding in full, for people: what is wrong, by which property, since when, and its history. */
import type { Finding } from '../../shared/model/finding.ts';
import type { Transition } from '../../shared/model/resource.ts';
import { formatValue } from '../report/values.ts';
import { plain, type style, wrap } from '../terminal.ts';
import { becauseOf } from './record.ts';
import { causeText, markOf, propertyOf, SEVERITY_FORMAT, sentenceOf, shortName } from './words.ts';

export interface DetailOptions {
  readonly paint: ReturnType<typeof style>;
  readonly width: number;
  /** What to do about it, by the policy of this build. */
  readonly remediation?: string | undefined;
}

const LABEL = 12;
const STATE_WORDS = {
  known: 'read',
  default: "the provider's default",
  assumed: 'assumed',
  unknown: 'unknown',
} as const;

export function findingDetail(finding: Finding, history: readonly Transition[], options: DetailOptions): string {
  const { paint, width } = options;
  const lines: string[] = [];
  const put = (label: string, text: string): void => {
    const [first = '', ...rest] = wrap(plain(text, 4000), width - LABEL);
    lines.push(`${paint('dim', label.padEnd(LABEL))}${first}`);
    for (const more of rest) lines.push(`${' '.repeat(LABEL)}${more}`);
  };
  const { resource, last } = finding;
  const { mark, format } = markOf(finding.verdict, finding.status === 'excepted');

  lines.push(`${paint(format, mark)} ${paint('bold', plain(finding.title))}`);
  lines.push('');
  put('finding', finding.id);
  put('policy', finding.policy);
  lines.push(`${paint('dim', 'severity'.padEnd(LABEL))}${paint(SEVERITY_FORMAT[finding.severity], finding.severity)}`);
  put(
    'status',
    `${finding.status}${finding.resolution === undefined ? '' : ` (${finding.resolution.replaceAll('_', ' ')})`} since ${finding.since.trueAt}`,
  );
  if (finding.shadow === true) put('shadow', 'its policy is in shadow: nobody was alerted');
  if (last.exception !== undefined)
    put('excepted', `until ${last.exception.until} by ${last.exception.owner} (${last.exception.id})`);
  put('verdict', finding.verdict ?? 'none any more');
  put('resource', `${shortName(resource)}  ${resource.nativeType}`);
  put('', resource.id);
  put(
    'where',
    [
      resource.cloud,
      resource.account,
      resource.region,
      resource.environment,
      resource.owner && `owner ${resource.owner}`,
    ]
      .filter((part) => part !== undefined && part !== '')
      .join(' · '),
  );
  if (options.remediation !== undefined && finding.status === 'open') put('fix', options.remediation);

  lines.push('', paint('bold', 'Why'));
  put('', sentenceOf(last));
  for (const { fact, before, after } of last.facts) {
    lines.push('');
    const value = after.state === 'unknown' ? 'unknown' : formatValue(after.value);
    const was = before === undefined || formatValue(before) === value ? '' : ` (before: ${formatValue(before)})`;
    put('  fact', `${fact} = ${value}${was}`);
    put('  how', STATE_WORDS[after.state]);
    const because = becauseOf(after);
    if (because !== null) put('  because', after.state === 'default' ? `${because}, read ${after.on}` : because);
    if (after.at !== undefined && after.at !== '') {
      put('  property', propertyOf(after.at));
      put('  pointer', after.at);
    }
    if (after.state === 'known' && after.native !== undefined) put('  says', after.native);
  }
  if (last.missing !== undefined && last.missing.length > 0) {
    lines.push('');
    put('  missing', `${last.missing.join(', ')}: known, they could decide it`);
  }

  lines.push('', paint('bold', 'History'));
  for (const t of history) {
    const sign = markOf(t.to, t.exception !== undefined);
    lines.push(
      `  ${t.trueAt}  ${paint(sign.format, sign.mark)} ${(t.from ?? 'new').padEnd(14)} → ${(t.to ?? 'gone').padEnd(14)} ${plain(sentenceOf(t)).replace(/^violated: /, '')}`,
    );
    lines.push(`  ${paint('dim', `${' '.repeat(26)}${plain(causeText(t.cause))}; known ${lag(t)} later`)}`);
  }
  return `${lines.join('\n')}\n`;
}

const lag = (t: Transition): string => {
  const ms = Date.parse(t.knownAt) - Date.parse(t.trueAt);
  return ms < 1000 ? `${Math.max(0, ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
};
