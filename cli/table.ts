/** Tables that keep within the terminal: a line that does not fit is folded once, then cut. What is piped is whole. */
import type { style } from './terminal.ts';

type Paint = ReturnType<typeof style>;
type Format = Parameters<Paint>[0];

export interface Column<T> {
  readonly title: string;
  /** Neutralised (`plain`), and without colours. */
  readonly of: (row: T) => string;
  readonly format?: (row: T) => Format;
  /** The most characters that it takes on a terminal. @default as many as it needs */
  readonly widest?: number;
  /** Which part of it is shown where it is cut: the end tells ids apart. @default the beginning */
  readonly shows?: 'end';
  /** It is copied into the next command, and so never cut. */
  readonly isWhole?: boolean;
}

export interface TableStyle {
  readonly paint: Paint;
  /** Columns of the terminal; undefined: nothing is cut, nothing folded. */
  readonly width: number | undefined;
}

/** Fewer characters of the last column are not worth a line with the others. */
const LEAST_LAST = 20;
const LEAST = 8;
const GAP = '  ';
/** Before what stands under the line that it belongs to. */
const INDENT = '    ';

/** Cut to a width, the last character an ellipsis. */
export const fit = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;

const fitEnd = (text: string, width: number): string =>
  text.length <= width ? text : `…${text.slice(text.length - Math.max(0, width - 1))}`;

/** The rows under their titles, each column as wide as it must be. Where a line is too long, the columns from `foldAt` on stand under it. */
export function tableOf<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  { paint, width, foldAt }: TableStyle & { readonly foldAt: number },
): string {
  const measured = columns.map((column) => {
    const needed = Math.max(column.title.length, ...rows.map((row) => column.of(row).length));
    return { column, wide: width === undefined ? needed : Math.min(needed, column.widest ?? needed) };
  });
  const isFolded = width !== undefined && cutLast(measured, width).over > 0;
  const lines = isFolded ? [measured.slice(0, foldAt), measured.slice(foldAt)] : [measured];
  const laid = lines.map((line, i) => {
    const indent = i === 0 ? '' : INDENT;
    return { indent, line: width === undefined ? line : cutToFit(line, width - indent.length) };
  });
  const texts = (
    text: (column: Column<T>) => string,
    format: (column: Column<T>) => Format | undefined,
  ): readonly string[] =>
    laid.map(({ indent, line }) => {
      const cells = line.map(({ column, wide }, i) => {
        const cell = (column.shows === 'end' ? fitEnd : fit)(text(column), wide).padEnd(
          i === line.length - 1 ? 0 : wide,
        );
        const painted = format(column);
        return painted === undefined ? cell : paint(painted, cell);
      });
      return `${indent}${cells.join(GAP)}`.trimEnd();
    });
  const head = texts(
    ({ title }) => title,
    () => 'dim',
  );
  const body = rows.flatMap((row) =>
    texts(
      ({ of }) => of(row),
      ({ format }) => format?.(row),
    ),
  );
  return `${[...head, ...body].join('\n')}\n`;
}

interface Measured<T> {
  readonly column: Column<T>;
  readonly wide: number;
}

const roomOf = (line: readonly { readonly wide: number }[]): number =>
  line.reduce((sum, { wide }) => sum + wide + GAP.length, -GAP.length);

/** The last column takes what the others leave; `over`: by how much the line is too long all the same. */
function cutLast<T>(
  line: readonly Measured<T>[],
  width: number,
): { readonly line: readonly Measured<T>[]; readonly over: number } {
  const over = Math.max(0, roomOf(line) - width);
  const last = line.at(-1);
  if (last === undefined) return { line, over };
  const cut = last.column.isWhole === true ? 0 : Math.min(over, Math.max(0, last.wide - LEAST_LAST));
  return { line: [...line.slice(0, -1), { ...last, wide: last.wide - cut }], over: over - cut };
}

/** Then the widest of those that may be cut gives way, character by character. */
function cutToFit<T>(line: readonly Measured<T>[], width: number): readonly Measured<T>[] {
  const { line: cut, over } = cutLast(line, width);
  const wide = cut.map((m) => m.wide);
  for (let missing = over; missing > 0; missing--) {
    const most = Math.max(...wide.filter((_, i) => cut[i]?.column.isWhole !== true));
    if (most <= LEAST) break;
    wide[wide.findIndex((w, i) => w === most && cut[i]?.column.isWhole !== true)] = most - 1;
  }
  return cut.map((m, i) => ({ ...m, wide: wide[i] ?? m.wide }));
}
