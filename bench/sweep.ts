/** A sweep of much: what it holds in memory does not grow with what there is. */
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { measure } from './measure.ts';

const CHILD = join(import.meta.dirname, 'sweep-pages.ts');

export const sweep: Benchmark = {
  name: 'sweep',
  title: 'Sweep: listing what there is, page by page',
  note: 'Security groups of a thousand accounts, as AWS Config lists them, a hundred a page: read, marked, counted and sent on by the very function, in one process to the end. Config and the tables are stand-ins that keep nothing. What starting Node takes is in the memory.',
  async run({ quick, log }) {
    const [few, many] = quick ? [1000, 5000] : [100_000, 1_000_000];
    const run = async (count: number) => {
      const usage = await measure([process.execPath, CHILD, String(count)]);
      if (usage.code !== 0) throw new Error(`listing ${count} resources ended with ${usage.code}`);
      log(`${count} resources: ${usage.wallSeconds.toFixed(1)} s`);
      return usage;
    };
    const [small, large] = [await run(few), await run(many)];
    const n = (value: number): string => value.toLocaleString('en');
    return [
      { what: `${n(few)} resources: peak memory`, value: small.peakMegabytes, unit: 'MB' },
      { what: `${n(many)} resources: peak memory`, value: large.peakMegabytes, unit: 'MB' },
      {
        what: `memory: growth from ${n(few)} to ${n(many)}, 1 = constant`,
        value: large.peakMegabytes / small.peakMegabytes,
        unit: '×',
        atMost: 1.2,
      },
      { what: `a resource, of ${n(many)}: CPU`, value: (1e6 * large.cpuSeconds) / many, unit: 'µs' },
    ];
  },
};
