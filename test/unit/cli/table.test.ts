import { describe, expect, it } from 'vitest';
import { coverageTable } from '../../../cli/commands/coverage.ts';
import { exceptionsTable } from '../../../cli/commands/exceptions.ts';
import { findingsTable } from '../../../cli/findings/table.ts';
import { type Column, fit, tableOf } from '../../../cli/table.ts';
import { requested } from '../../support/exceptions.ts';
import { finding } from '../../support/findings.ts';
import { NOON } from '../../support/world.ts';

const paint = (_format: unknown, text: string): string => text;
interface Row {
  readonly id: string;
  readonly name: string;
  readonly why: string;
}
const columns: readonly Column<Row>[] = [
  { title: 'ID', of: (r) => r.id, isWhole: true },
  { title: 'NAME', of: (r) => r.name, widest: 12 },
  { title: 'WHY', of: (r) => r.why },
];
const rows: readonly Row[] = [
  { id: 'a1', name: 'short', why: 'it is so' },
  { id: 'b22', name: 'a name of many words', why: 'because of a reason that takes its time to be told' },
];
const shown = (width: number | undefined): readonly string[] =>
  tableOf(rows, columns, { paint, width, foldAt: 2 }).trimEnd().split('\n');

describe('a table', () => {
  it('that is piped is whole', () => {
    expect(shown(undefined)).toEqual([
      'ID   NAME                  WHY',
      'a1   short                 it is so',
      'b22  a name of many words  because of a reason that takes its time to be told',
    ]);
  });

  it('cuts the last column where the terminal ends', () => {
    expect(shown(50)).toEqual([
      'ID   NAME          WHY',
      'a1   short         it is so',
      'b22  a name of m…  because of a reason that takes…',
    ]);
  });

  it('is folded where little would be left of the last column', () => {
    expect(shown(38)).toEqual([
      'ID   NAME',
      '    WHY',
      'a1   short',
      '    it is so',
      'b22  a name of m…',
      '    because of a reason that takes it…',
    ]);
  });

  it('shows the end of what only the end tells apart', () => {
    const ends = columns.map((c) => (c.title === 'NAME' ? { ...c, shows: 'end' as const } : c));
    expect(tableOf(rows, ends, { paint, width: 50, foldAt: 2 })).toContain('b22  … many words  because');
    expect(tableOf(rows, ends, { paint, width: undefined, foldAt: 2 })).toContain('  a name of many words  ');
  });

  it('never cuts what the next command is given', () => {
    expect(shown(13).filter((line) => /^\w/.test(line))).toEqual(['ID   NAME', 'a1   short', 'b22  a name …']);
    expect(shown(5).filter((line) => line.startsWith('b22'))).toHaveLength(1);
  });
});

describe('what a command lists', () => {
  const arn = 'arn:aws:s3:::a-bucket-with-a-name-that-takes-its-time-to-be-read';
  const exception = requested({ decided: '0123456789abcdef' });
  const long = finding();
  const named = { ...long, resource: { ...long.resource, name: 'a-bucket-with-a-name-that-takes-its-time' } };
  const covers = exception.covers.map((c) => ({ ...c, resource: arn }));
  const row = { source: 'azure.sweep', account: '0b1c2d3e-0000-4000-8000-000000000001', type: 'microsoft.storage/x' };
  const seen = { ...row, lastSweptAt: '2026-11-25T10:00:00.000Z', whole: false, listed: 3, held: 4, missed: 1 };
  const heard = [{ source: row.source, account: row.account, lastSeenAt: '2026-11-25T10:00:00.000Z' }];
  const control = { cloud: 'azure', account: row.account, status: 'unknown', since: null } as const;
  const controls = ['a', 'b', 'c', 'd', 'e'].map((n) => ({ ...control, policy: `object-store.${n.repeat(20)}` }));
  it.each<[string, (width: number | undefined) => string]>([
    ['findings', (width) => findingsTable([named], { paint, width, nowMs: NOON })],
    ['exceptions', (width) => exceptionsTable([{ ...exception, covers }], NOON, { paint, width })],
    [
      'coverage',
      (width) => coverageTable({ asOf: '', heard, stale: [], rows: [seen], controls }, { paint, width }, NOON),
    ],
  ])('keeps within 80 columns, and within 70: %s', (_what, table) => {
    for (const width of [70, 80, 120])
      for (const line of table(width).split('\n')) expect([line, line.length <= width]).toEqual([line, true]);
    expect(
      table(undefined)
        .split('\n')
        .some((line) => line.length > 80),
    ).toBe(true);
    expect(table(undefined)).not.toContain('…');
  });
});

it.each([
  ['whole', 5, 'whole'],
  ['longer', 5, 'long…'],
])('%s in %d columns is %s', (text, width, cut) => {
  expect(fit(text, width)).toBe(cut);
});
