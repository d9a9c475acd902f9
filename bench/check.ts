/** `edict check` of Terraform plans, as a whole process; and what native OPA takes for the plan and the same judging. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from '../scripts/fetch-tools.ts';
import { factsOf } from '../shared/policy/core.ts';
import { toInput } from '../shared/policy/input.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { measureOften } from './measure.ts';
import { mappedPlan, writePlan } from './plan.ts';

const edict = [process.execPath, join(import.meta.dirname, '..', 'cli', 'edict.js'), 'check'];

interface Limits {
  readonly cpuSeconds?: number;
  readonly peakMegabytes?: number;
  readonly wallSeconds?: number;
}
const SIZES: readonly (readonly [resources: number, limits: Limits])[] = [
  [500, {}],
  [5000, { cpuSeconds: 3, peakMegabytes: 400 }],
  [50_000, { cpuSeconds: 25, peakMegabytes: 1200 }],
];

const atMost = (limit: number | undefined): { readonly atMost?: number } =>
  limit === undefined ? {} : { atMost: limit };

export const check: Benchmark = {
  name: 'check',
  title: '`edict check` of a Terraform plan under 200 policies, the whole process',
  note: 'Plans of three clouds: 40 % of the resources are of types that no mapping knows, the others make 30 % as many that are judged. OPA is given the plan as input and the facts that we mapped as data: mapping is not counted for it.',
  async run({ work, quick, bench, log }) {
    const { folder, rego } = bench();
    const rows: Row[] = [];
    const cpu = new Map<number, number>();
    const sizes = quick ? SIZES.slice(0, 2) : SIZES;
    const bundle = ['--bundle', folder, '--fail-on', 'none'];

    const tiny = join(work, 'tiny.json');
    writePlan(tiny, 1);
    const small = await measureOften(quick ? 3 : 9, [...edict, tiny, '--fail-on', 'none']);
    rows.push({
      what: 'a tiny plan (30 resources), the shipped policies: wall',
      value: small.wallSeconds,
      unit: 's',
      atMost: 0.4,
    });
    rows.push({ what: 'a tiny plan: CPU', value: small.cpuSeconds, unit: 's' });

    for (const [size, limits] of sizes) {
      const path = join(work, 'plan.json');
      const { resources, sizeBytes } = writePlan(path, size);
      log(`${resources} resources`);
      for (const format of ['table', 'json'] as const) {
        const used = await measureOften(quick || size > 5000 ? 3 : 5, [...edict, path, ...bundle, '--format', format]);
        const of = `${resources.toLocaleString('en')} resources (${Math.round(sizeBytes / 1e6)} MB), --format ${format}`;
        if (format === 'table') cpu.set(resources, used.cpuSeconds);
        rows.push(
          { what: `${of}: CPU`, value: used.cpuSeconds, unit: 's', ...atMost(limits.cpuSeconds) },
          { what: `${of}: peak memory`, value: used.peakMegabytes, unit: 'MB', ...atMost(limits.peakMegabytes) },
          { what: `${of}: wall`, value: used.wallSeconds, unit: 's' },
        );
      }
      const native = await nativeOpa(work, path, size, rego, quick ? 1 : 3);
      const of = `${resources.toLocaleString('en')} resources, native OPA reads the plan and judges the same facts`;
      rows.push(
        { what: `${of}: CPU`, value: native.cpuSeconds, unit: 's' },
        { what: `${of}: peak memory`, value: native.peakMegabytes, unit: 'MB' },
        {
          what: `${resources.toLocaleString('en')} resources: CPU, native OPA / ours`,
          value: native.cpuSeconds / (cpu.get(resources) ?? Number.NaN),
          unit: '×',
        },
      );
    }
    const [least, ...more] = [...cpu];
    const most = more.at(-1);
    const base = small.cpuSeconds;
    if (least !== undefined && most !== undefined) {
      const [few, cpuFew] = least;
      const [many, cpuMany] = most;
      const middle = more.length > 1 ? more[0] : least;
      const [n, cpuN] = middle ?? [few, cpuFew];
      // 1: CPU beyond start-up grows as the plan does.
      rows.push({
        what: `growth of CPU from ${n.toLocaleString('en')} to ${many.toLocaleString('en')} resources, 1 = linear`,
        value: (cpuMany - base) / many / ((cpuN - base) / n),
        unit: '×',
        atMost: 1.3,
      });
    }
    return rows;
  },
};

/**
 * OPA has no mapping: it is given the plan as its input, and the facts that we mapped as data. Reading both, compiling the
 * policies and judging count; what mapping in Rego would cost does not.
 */
async function nativeOpa(work: string, plan: string, size: number, rego: string, runs: number) {
  const facts: { [kind: string]: unknown[] } = {};
  for (const { kind, facts: states } of mappedPlan(work, size)) {
    (facts[kind.id] ??= []).push(toInput(states, 0, factsOf(kind)));
  }
  const data = join(work, 'facts.json');
  writeFileSync(data, JSON.stringify({ inputs: facts }));
  const judged = Object.keys(facts).map(
    (kind) => `count([r | some x in data.inputs.${kind}; r := data.edict.bundle.${kind}.results with input as x])`,
  );
  const query = `[count(input.resource_changes), ${judged.join(' + ')}]`;
  return measureOften(runs, [
    toolPath('opa'),
    'eval',
    '--format',
    'values',
    '--input',
    plan,
    '--data',
    data,
    '--data',
    rego,
    query,
  ]);
}
