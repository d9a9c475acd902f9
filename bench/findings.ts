/**
 * Findings asked for among a million: the very code of `edict findings` (its options to a filter, its pages) and the very
 * adapter, over HTTP, by one who asks after the other.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type FindingsOptions, listUpTo, readFilter } from '../cli/commands/findings.ts';
import { makeDocumentClient } from '../shared/adapters/dynamodb/client.ts';
import { makeDynamoFindingStore } from '../shared/adapters/dynamodb/finding-store.ts';
import { findingsTable } from '../shared/model/tables.ts';
import type { FindingQueries } from '../shared/ports/finding-store.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { clientOptions, TABLE } from './dynalite.ts';
import { accountOf, findingRows, teamOf } from './finding-rows.ts';
import { quantile } from './measure.ts';
import { makeMeter, type Used } from './metered.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const PAGE = 100;
const TARGET_MS = 100;
/** Accounts, teams and resources are asked for in turn: the biggest so many. */
const IN_TURN = 10;

type Options = Omit<FindingsOptions, 'format'>;
interface Asked {
  readonly what: string;
  /** The options of `edict findings`, the `i`-th time. */
  readonly options: (i: number, resources: readonly string[]) => Options;
  /** Not the first page, but the one after it. */
  readonly second?: true;
  /** There is not a whole page of it. */
  readonly short?: true;
}
const QUERIES: readonly Asked[] = [
  { what: 'what is open', options: () => ({}) },
  { what: 'what is open, the second page', options: () => ({}), second: true },
  { what: 'open and critical', options: () => ({ severity: ['critical'] }) },
  { what: 'open and high or medium', options: () => ({ severity: ['high,medium'] }) },
  { what: 'open in an account', options: (i) => ({ account: accountOf('aws', i % IN_TURN) }) },
  { what: 'open of a team', options: (i) => ({ owner: teamOf(i % IN_TURN) }) },
  { what: 'open of a policy', options: () => ({ policy: 'object-store.no-public-access' }) },
  {
    what: 'all of a resource',
    options: (i, of) => ({ resource: of[i % of.length] ?? '', status: 'all' }),
    short: true,
  },
  { what: 'open in a cloud, which no index holds', options: () => ({ cloud: 'gcp' }) },
  { what: 'unknown, which no index holds', options: () => ({ status: 'unknown' }) },
];

const program = join(import.meta.dirname, 'dynalite.ts');

async function load(folder: string, rows: number): Promise<number> {
  const start = performance.now();
  const child = fork(program, ['load', folder, String(rows)], { execArgv: ['--max-old-space-size=8192'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the table of ${rows} rows could not be loaded`);
  return (performance.now() - start) / 1000;
}

interface Served {
  readonly rows: number;
  readonly child: ChildProcess;
  readonly store: FindingQueries;
  readonly metered: (ask: (queries: FindingQueries) => Promise<unknown>) => Promise<Used>;
}

async function serve(folder: string, rows: number): Promise<Served> {
  const child = fork(program, ['serve', folder]);
  const [port] = (await once(child, 'message')) as [number];
  const client = makeDocumentClient(clientOptions(port));
  const meter = makeMeter(client, { [TABLE]: findingsTable });
  return {
    rows,
    child,
    store: makeDynamoFindingStore({ client, name: TABLE }),
    metered: async (ask) => {
      meter.take();
      await ask(makeDynamoFindingStore({ client: meter.client, name: TABLE }));
      return meter.take();
    },
  };
}

export const findings: Benchmark = {
  name: 'findings',
  title: 'A page of 100 findings among a million',
  note: `\`edict findings\` without its process: its options, its pages and the adapter, one query after the other over HTTP to dynalite (DynamoDB's protocol over LevelDB, indexes that are looked up) in a process of its own on the same machine. Rows are current findings, two thirds of them resolved, in every index; their transitions, which no index holds, are left out. Queries of all kinds and of both tables take turns. Much of the time is dynalite's own and the reading of its answer; calls and read units are what DynamoDB is asked for and charges, and do not depend on how many rows there are. Rows that no index can tell apart are read and left out. Narrow filters find less than a page in the small table. A list as of an instant reads the history of every finding besides, and is not measured here. The figures of 2026-11-25 are of the second of two runs, with raised priority (nice -10) at a load of about 3 on the two cores. The first, at a load of 8 to 11, had a p95 of 105 ms among a million and 94 ms among 2,000, and above 100 ms were what is open (105 ms; 132 ms among 2,000), what is open in a cloud (154 ms; 127 ms) and what is unknown (183 ms; 239 ms).`,
  async run({ work, quick, log }) {
    const sizes = quick ? [200, 20_000] : [2000, 1_000_000];
    const rounds = quick ? 3 : 60;
    const n = (value: number): string => value.toLocaleString('en');
    const served: Served[] = [];
    try {
      let loaded = 0;
      for (const rows of sizes) {
        const folder = join(work, `findings-${rows}`);
        loaded = await load(folder, rows);
        log(`${n(rows)} rows loaded in ${loaded.toFixed(0)} s`);
        served.push(await serve(folder, rows));
      }
      const few = served[0]?.rows ?? 0;
      const rowOf = await findingRows();
      // Those that both tables have.
      const resources = Array.from({ length: IN_TURN }, (_, i) =>
        String(rowOf(Math.floor((i * few) / IN_TURN))['resource']?.['S']),
      );

      /** Asks the `i`-th time: how many there were, and where a second page begins. */
      const ask = async ({ options, second }: Asked, i: number, queries: FindingQueries, from?: string) => {
        const { items, next } = await listUpTo(queries, readFilter(options(i, resources), NOW), PAGE, from);
        return { count: items.length, ...(second === true && next !== undefined ? { next } : {}) };
      };
      const times = new Map<string, number[]>();
      const timesOf = (query: Asked, rows: number): number[] => {
        const key = `${query.what} ${rows}`;
        const known = times.get(key) ?? [];
        times.set(key, known);
        return known;
      };
      const used = new Map<Asked, Used>();
      // The first round warms up, and counts what is used.
      for (let i = -1; i < rounds; i++) {
        for (const query of QUERIES)
          for (const { rows, store, metered } of i % 2 === 0 ? served : served.toReversed()) {
            const turn = Math.max(0, i);
            const { next: from } = query.second === true ? await ask(query, turn, store) : {};
            if (i < 0 && rows === sizes.at(-1))
              used.set(query, await metered((queries) => ask(query, turn, queries, from)));
            const start = performance.now();
            const { count } = await ask(query, turn, store, from);
            if (i >= 0) timesOf(query, rows).push(performance.now() - start);
            if (rows === sizes.at(-1) && count < (quick || query.short === true ? 1 : PAGE))
              throw new Error(`${query.what}: only ${count} findings`);
          }
      }

      const [small = 0, large = 0] = sizes;
      const all = (rows: number): number[] => QUERIES.flatMap((query) => timesOf(query, rows));
      const ms = (what: string, value: number, target = false): Row => ({
        what,
        value,
        unit: 'ms',
        ...(target ? { atMost: TARGET_MS } : {}),
      });
      return [
        ms(`${n(all(large).length)} queries of all kinds, among ${n(large)} rows: p50`, quantile(all(large), 0.5)),
        ms(`the same: p95`, quantile(all(large), 0.95), true),
        ms(`the same among ${n(small)} rows: p50`, quantile(all(small), 0.5)),
        ms(`the same among ${n(small)} rows: p95`, quantile(all(small), 0.95)),
        ...QUERIES.flatMap((query): Row[] => {
          const { calls = Number.NaN, readUnits = Number.NaN } = used.get(query) ?? {};
          return [
            ms(`${query.what}: p50`, quantile(timesOf(query, large), 0.5)),
            ms(`${query.what}: p95`, quantile(timesOf(query, large), 0.95), true),
            ms(`${query.what}: p95 among ${n(small)} rows`, quantile(timesOf(query, small), 0.95)),
            { what: `${query.what}: calls of DynamoDB`, value: calls, unit: '' },
            { what: `${query.what}: read units`, value: readUnits, unit: '' },
          ];
        }),
        { what: `loading ${n(large)} rows into dynalite's store`, value: loaded, unit: 's' },
      ];
    } finally {
      for (const { child } of served) child.kill();
    }
  },
};
