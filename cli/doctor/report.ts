/** `edict doctor` for people, and its JSON. */
import * as z from 'zod';
import { count, plain, type style, wrap } from '../terminal.ts';
import { PLACES, type Row, type Status, STATUSES } from './check.ts';

const URL = 'docs/doctor.md';

/** The contract of `edict doctor --format json`, version 1 (docs/doctor.md): keys are added, never renamed or removed. */
export const doctorSchema = z.strictObject({
  version: z.literal(1),
  as_of: z.iso.datetime(),
  stack: z.string(),
  /** How many rows of each status. */
  summary: z.strictObject({ ok: z.int(), missing: z.int(), unknown: z.int(), not_applicable: z.int() }),
  checks: z.array(
    z.strictObject({
      id: z.string(),
      what: z.string(),
      place: z.enum(PLACES),
      where: z.string(),
      status: z.enum(STATUSES),
      why: z.string(),
      /** What to do; null where nothing is. */
      do: z.string().nullable(),
      docs: z.string(),
    }),
  ),
});

const number = (rows: readonly Row[], status: Status): number => rows.filter((r) => r.status === status).length;

export const doctorJson = (rows: readonly Row[], stack: string, asOf: string): z.input<typeof doctorSchema> => ({
  version: 1,
  as_of: asOf,
  stack,
  summary: {
    ok: number(rows, 'ok'),
    missing: number(rows, 'missing'),
    unknown: number(rows, 'unknown'),
    not_applicable: number(rows, 'not_applicable'),
  },
  checks: rows.map(({ id, what, place, where, status, why, todo }) => ({
    id,
    what,
    place,
    where,
    status,
    why,
    do: todo,
    docs: `${URL}#${id}`,
  })),
});

const MARKS: {
  readonly [S in Status]: { readonly mark: string; readonly format: Parameters<ReturnType<typeof style>>[0] };
} = {
  ok: { mark: '✓', format: 'green' },
  missing: { mark: '✗', format: 'red' },
  unknown: { mark: '?', format: 'yellow' },
  not_applicable: { mark: '-', format: 'dim' },
};

const INDENT = '    ';

/** One line an answer; under what is not there, what to do and where that is explained. `width` undefined: nothing is folded. */
export function doctorTable(
  rows: readonly Row[],
  options: { readonly paint: ReturnType<typeof style>; readonly width: number | undefined },
): string {
  const { paint, width } = options;
  const widest = Math.max(0, ...rows.map((r) => r.id.length));
  const folded = (text: string, indent: number): readonly string[] =>
    width === undefined ? [text] : wrap(text, Math.max(40, width - indent));
  const lines = rows.flatMap((row): readonly string[] => {
    const { mark, format } = MARKS[row.status];
    const label = widest + 4; // the mark, the id, and the room after each
    const head = folded(plain(`${row.where}: ${row.why}`), label).map((line, i) => {
      const why = row.status === 'not_applicable' ? paint('dim', line) : line;
      return i === 0 ? `${paint(format, mark)} ${row.id.padEnd(widest)}  ${why}` : `${' '.repeat(label)}${why}`;
    });
    if (row.todo === null) return head;
    const todo = folded(`${plain(row.todo)} (${URL}#${row.id})`, INDENT.length);
    return [...head, ...todo.map((line) => `${INDENT}${line}`)];
  });
  const sum = [
    `${number(rows, 'ok')} ok`,
    `${number(rows, 'missing')} missing`,
    `${number(rows, 'unknown')} unknown`,
    `${number(rows, 'not_applicable')} not applicable`,
  ].join(', ');
  return `${lines.join('\n')}\n\n${count(rows.length, 'answer')}: ${sum}.\n`;
}

/** 0: everything is there that applies. 1: something is missing, or could not be seen. (2 is for what could not be asked at all.) */
export const exitCodeOf = (rows: readonly Row[]): 0 | 1 =>
  rows.length > 0 && rows.every((r) => r.status === 'ok' || r.status === 'not_applicable') ? 0 : 1;
