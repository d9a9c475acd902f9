/** `edict findings --format table`: for people. */
import type { Finding } from '../../shared/model/finding.ts';
import { count, plain, type style } from '../terminal.ts';
import { ago, fit, type Format, markOf, SEVERITY_FORMAT, sentenceOf, shortName } from './words.ts';

/** As many characters of an id as the table shows: enough for one in a million to be told apart. */
export const SHOWN_ID = 8;

export interface TableOptions {
  readonly paint: ReturnType<typeof style>;
  /** Columns; undefined: nothing is cut. */
  readonly width: number | undefined;
  readonly nowMs: number;
}

interface Column {
  readonly title: string;
  readonly of: (f: Finding) => string;
  readonly format?: (f: Finding) => Format;
  /** The most characters it takes. */
  readonly widest: number;
}

const signOf = (f: Finding) => markOf(f.verdict, f.status === 'excepted');

/** One line a finding, the columns as wide as they must be; the sentence takes the rest of the line. */
export function findingsTable(findings: readonly Finding[], options: TableOptions): string {
  const { paint, width, nowMs } = options;
  if (findings.length === 0) return 'No findings.\n';
  const columns: readonly Column[] = [
    { title: 'ID', of: (f) => f.id.slice(0, SHOWN_ID), format: () => 'dim', widest: SHOWN_ID },
    { title: '', of: (f) => signOf(f).mark, format: (f) => signOf(f).format, widest: 1 },
    { title: 'SEVERITY', of: (f) => f.severity, format: (f) => SEVERITY_FORMAT[f.severity], widest: 8 },
    { title: 'STATUS', of: (f) => (f.shadow === true && f.status === 'open' ? 'shadow' : f.status), widest: 8 },
    { title: 'SINCE', of: (f) => ago(f.since.trueAt, nowMs), widest: 6 },
    { title: 'CLOUD', of: (f) => f.resource.cloud, widest: 10 },
    { title: 'RESOURCE', of: (f) => shortName(f.resource), format: () => 'bold', widest: 28 },
    { title: 'POLICY', of: (f) => f.policy, widest: 44 },
  ];
  const widths = columns.map((c) =>
    Math.min(c.widest, Math.max(c.title.length, ...findings.map((f) => c.of(f).length))),
  );
  const used = widths.reduce((sum, w) => sum + w + 2, 0);
  const line = (cells: readonly string[], last: string): string => [...cells, last].join('  ').trimEnd();
  const head = paint(
    'dim',
    line(
      columns.map((c, i) => c.title.padEnd(widths[i] ?? 0)),
      'WHY',
    ),
  );
  const rows = findings.map((f) => {
    const cells = columns.map((c, i) => {
      const w = widths[i] ?? 0;
      const cell = fit(c.of(f), w).padEnd(w);
      return c.format === undefined ? cell : paint(c.format(f), cell);
    });
    const sentence = plain(sentenceOf(f.last));
    return line(cells, width === undefined ? sentence : fit(sentence, Math.max(20, width - used)));
  });
  return `${[head, ...rows].join('\n')}\n`;
}

/** What stands under the table. */
export function findingsFooter(shown: number, next: string | undefined, again: string): string {
  const more = next === undefined ? '' : ` There are more: ${again} --next ${next}`;
  return shown === 0 ? more.trim() : `${count(shown, 'finding')}.${more} In full: npx edict finding <id>`;
}
