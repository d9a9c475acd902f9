/** The figures as people read them: docs/benchmarks.md. */
import { isMet, type Row } from './benchmark.ts';

/** What bench/results.json holds, by the name of the benchmark. */
export interface Results {
  readonly [name: string]: {
    readonly title: string;
    readonly note?: string;
    readonly measuredOn: string;
    readonly machine: string;
    readonly rows: readonly Row[];
  };
}

const number = (value: number): string => {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
};

/** A value with its unit. */
export const format = ({ value, unit }: Pick<Row, 'value' | 'unit'>): string =>
  unit === '$'
    ? `$${number(value)}`
    : unit === '' || unit === '×'
      ? `${number(value)}${unit}`
      : `${number(value)} ${unit}`;

function target(row: Row): string {
  const met = isMet(row);
  if (met === undefined) return '';
  const limits = [
    ...(row.atMost === undefined ? [] : [`≤ ${format({ value: row.atMost, unit: row.unit })}`]),
    ...(row.atLeast === undefined ? [] : [`≥ ${format({ value: row.atLeast, unit: row.unit })}`]),
  ];
  return `${limits.join(', ')} ${met ? '✓' : '✗ **missed**'}`;
}

/** The page of all results. */
export function page(results: Results): string {
  const sections = Object.entries(results).map(([name, { title, note, measuredOn, machine, rows }]) => {
    const lines = rows.map((row) => `| ${row.what} | ${format(row)} | ${target(row)} |`);
    return [
      `## ${title}`,
      '',
      `\`npm run bench -- ${name}\`, ${measuredOn}; ${machine}.`,
      '',
      '| | measured | target |',
      '| --- | ---: | --- |',
      ...lines,
      ...(note === undefined ? [] : ['', note]),
      '',
    ].join('\n');
  });
  return `# Benchmarks

Written by \`npm run bench\` from bench/results.json; edit neither. Figures are medians of several runs on the machine that
each table names; times depend on it and on what else ran there, ratios were measured side by side in one run and hold
better. Processor time and peak memory of a process are what the kernel accounts to it.

${sections.join('\n')}`;
}
