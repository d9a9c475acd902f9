/** `edict findings --format table`: for people. */
import type { Finding } from '../../shared/model/finding.ts';
import { type Column, tableOf, type TableStyle } from '../table.ts';
import { count, plain } from '../terminal.ts';
import { ago, markOf, SEVERITY_FORMAT, sentenceOf, shortName } from './words.ts';

/** As many characters of an id as the table shows: enough for one in a million to be told apart. */
export const SHOWN_ID = 8;

export interface TableOptions extends TableStyle {
  readonly nowMs: number;
}

const signOf = (f: Finding) => markOf(f.verdict, f.status === 'excepted');

/** One line a finding; the sentence takes the rest of the line, or one with the policy where there is little. */
export function findingsTable(findings: readonly Finding[], { nowMs, ...shown }: TableOptions): string {
  if (findings.length === 0) return 'No findings.\n';
  const columns: readonly Column<Finding>[] = [
    { title: 'ID', of: (f) => f.id.slice(0, SHOWN_ID), format: () => 'dim', isWhole: true },
    { title: '', of: (f) => signOf(f).mark, format: (f) => signOf(f).format, isWhole: true },
    { title: 'SEVERITY', of: (f) => f.severity, format: (f) => SEVERITY_FORMAT[f.severity] },
    { title: 'STATUS', of: (f) => (f.shadow === true && f.status === 'open' ? 'shadow' : f.status) },
    { title: 'SINCE', of: (f) => ago(f.since.trueAt, nowMs) },
    { title: 'CLOUD', of: (f) => f.resource.cloud },
    { title: 'RESOURCE', of: (f) => shortName(f.resource), format: () => 'bold', widest: 28 },
    { title: 'POLICY', of: (f) => f.policy, widest: 44 },
    { title: 'WHY', of: (f) => plain(sentenceOf(f.last)) },
  ];
  return tableOf(findings, columns, { ...shown, foldAt: 7 });
}

/** What stands under the table. */
export function findingsFooter(shown: number, next: string | undefined, again: string): string {
  const more = next === undefined ? [] : [`There are more: ${again} --next ${next}`];
  return (shown === 0 ? more : [`${count(shown, 'finding')}. In full: npx edict finding <id>`, ...more]).join('\n');
}
