#!/usr/bin/env node
/**
 * Measures, writes bench/results.json, and from that docs/benchmarks.md.
 *
 *     npm run bench                       everything (some ten minutes)
 *     npm run bench -- judge check        these benchmarks; the figures of the others stay
 *     npm run bench -- --quick            small sizes; nothing is written
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Benchmark, isMet, type Row } from './benchmark.ts';
import { build } from './build.ts';
import { check } from './check.ts';
import { cost } from './cost.ts';
import { findings } from './findings.ts';
import { functions } from './functions.ts';
import { ids } from './ids.ts';
import { judge } from './judge.ts';
import { latency } from './latency.ts';
import { map } from './map.ts';
import { machine } from './measure.ts';
import { writeBundle } from './policies.ts';
import { scale } from './scale.ts';
import { sweep } from './sweep.ts';
import { format, page, type Results } from './report.ts';

const benchmarks: readonly Benchmark[] = [
  judge,
  map,
  check,
  build,
  functions,
  latency,
  cost,
  scale,
  sweep,
  findings,
  ids,
];
const resultsFile = join(import.meta.dirname, 'results.json');
const pageFile = join(import.meta.dirname, '..', 'docs', 'benchmarks.md');

const { values, positionals } = parseArgs({ options: { quick: { type: 'boolean' } }, allowPositionals: true });
const quick = values.quick === true;
const stranger = positionals.find((name) => !benchmarks.some((b) => b.name === name));
if (stranger !== undefined) {
  console.error(`No such benchmark: ${stranger}. There are: ${benchmarks.map((b) => b.name).join(', ')}.`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'edict-bench-'));
process.once('exit', () => rmSync(work, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

let made: ReturnType<typeof writeBundle> | undefined;
const bench = () => (made ??= writeBundle(work));
const log = (line: string): void => console.log(`  … ${line}`);
const results: { [name: string]: Results[string] } = existsSync(resultsFile)
  ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as Results)
  : {};

const measured = (name: string, what: string): number | undefined =>
  results[name]?.rows.find((row) => row.what === what)?.value;

const show = (row: Row): string => {
  const met = isMet(row);
  return `  ${met === undefined ? ' ' : met ? '✓' : '✗'} ${row.what}: ${format(row)}`;
};

for (const benchmark of benchmarks) {
  const { name, title, note } = benchmark;
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(title);
  const rows = await benchmark.run({ work, quick, bench, log, measured });
  for (const row of rows) console.log(show(row));
  results[name] = {
    title,
    ...(note === undefined ? {} : { note }),
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
    rows,
  };
  if (!quick) {
    const sorted = Object.fromEntries(
      benchmarks.flatMap((b) => (results[b.name] === undefined ? [] : [[b.name, results[b.name]]])),
    );
    writeFileSync(resultsFile, `${JSON.stringify(sorted, undefined, 2)}\n`);
    writeFileSync(pageFile, page(sorted as Results));
    const own = benchmark.page?.();
    if (own !== undefined) writeFileSync(join(import.meta.dirname, '..', own.path), own.text);
  }
}
