/** From facts to verdicts: our engine, and the same policies and inputs under native OPA. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from '../scripts/fetch-tools.ts';
import { type EngineOptions, loadEngine } from '../shared/adapters/opa/engine.ts';
import type { MappedResource } from '../shared/mappings/document.ts';
import { factsOf } from '../shared/policy/core.ts';
import { toInput } from '../shared/policy/input.ts';
import type { Benchmark } from './benchmark.ts';
import { cpuMs, measure, median } from './measure.ts';
import { mappedPlan } from './plan.ts';
import { spreadBundle } from './policies.ts';

const NOW = 1_795_600_000;

export const judge: Benchmark = {
  name: 'judge',
  title: 'Judging: facts to verdicts, 200 policies in the bundle',
  note: 'Of two hundred policies over the four kinds that there are, 24 to 72 apply to a resource. The target comes from a catalogue of 27 kinds, where six or seven do: the second row. Times are processor time.',
  async run({ work, quick, bench }) {
    const resources = mappedPlan(work, quick ? 5000 : 40_000);
    const { bundle, policies, rego } = bench();
    const perKind = new Map<string, number>();
    for (const { policy } of policies) perKind.set(policy.kind, (perKind.get(policy.kind) ?? 0) + 1);
    const evaluations = resources.reduce((sum, r) => sum + (perKind.get(r.kind.id) ?? 0), 0);

    /** Each resource is judged once, by an engine that has judged nothing yet. */
    const timed = (some: readonly MappedResource[], options: EngineOptions = {}): number => {
      const judgements = Array.from({ length: quick ? 3 : 9 }, () => {
        const engine = loadEngine(bundle, options);
        return cpuMs(() => {
          for (const r of some) engine.judge(r.kind.id, r.facts, NOW);
        });
      });
      return (1000 * median(judgements)) / some.length;
    };
    timed(resources);
    const each = timed(resources);
    const anew = timed(resources, { memoSize: 0 });
    const kinds = [...perKind.keys()].sort().map((kind) => {
      const some = resources.filter((r) => r.kind.id === kind);
      return {
        what: `a ${kind}, nothing remembered (${perKind.get(kind)} policies)`,
        value: timed(some, { memoSize: 0 }),
        unit: 'µs',
      } as const;
    });
    const spread = spreadBundle();
    const policiesOfOne = loadEngine(spread.bundle, spread);
    const spreadOut = resources.map((r, n) => ({ kind: spread.kindOf(r.kind.id, n), facts: r.facts }));
    const fewer = spreadOut.reduce((sum, r) => sum + policiesOfOne.policiesOf(r.kind).length, 0) / resources.length;
    const eachOfMany = median(
      Array.from({ length: quick ? 3 : 9 }, () => {
        const engine = loadEngine(spread.bundle, spread);
        return cpuMs(() => {
          for (const r of spreadOut) engine.judge(r.kind, r.facts, NOW);
        });
      }),
    );
    const native = await nativeMicroseconds(work, rego, resources, quick ? 1 : 3);
    const density = (evaluations / resources.length).toFixed(1);
    return [
      {
        what: `a resource, ${resources.length.toLocaleString('en')} different ones after each other, ${density} policies each`,
        value: each,
        unit: 'µs',
        atMost: 50,
      },
      {
        what: `the same policies over 28 kinds, ${fewer.toFixed(1)} policies each`,
        value: (1000 * eachOfMany) / resources.length,
        unit: 'µs',
        atMost: 50,
      },
      { what: 'a policy of the first', value: (each * resources.length) / evaluations, unit: 'µs' },
      { what: 'a resource, no verdict remembered from another one', value: anew, unit: 'µs' },
      ...kinds,
      { what: 'a resource under native OPA, evaluation alone', value: native, unit: 'µs' },
      { what: 'native OPA / ours', value: native / each, unit: '×', atLeast: 10 },
      { what: 'native OPA / ours without remembering', value: native / anew, unit: '×' },
    ];
  },
};

/**
 * Each resource's input judged once by topdown, in one query. The processor time of the whole process, less that of one
 * that reads the same policies and inputs and judges nothing.
 */
async function nativeMicroseconds(
  work: string,
  rego: string,
  resources: readonly MappedResource[],
  runs: number,
): Promise<number> {
  const inputs: { [kind: string]: unknown[] } = {};
  for (const { kind, facts } of resources) {
    (inputs[kind.id] ??= []).push(toInput(facts, NOW, factsOf(kind)));
  }
  const data = join(work, 'inputs.json');
  writeFileSync(data, JSON.stringify({ inputs }));
  const some = (condition: string): string =>
    Object.keys(inputs)
      .map((kind) => {
        const results = `data.edict.bundle.${kind}.results`;
        return `count([r | some i, x in data.inputs.${kind}; ${condition}; r := ${results} with input as x])`;
      })
      .join(' + ');
  const cpuSeconds = async (query: string, judged: number): Promise<number> => {
    const all: number[] = [];
    for (let i = 0; i < runs; i++) {
      const opa = [toolPath('opa'), 'eval', '--format', 'raw', '--data', data, '--data', rego, query];
      const used = await measure(opa, { keepOutput: true });
      if (Number(used.output) !== judged) throw new Error(`OPA judged ${used.output} resources and not ${judged}`);
      all.push(used.cpuSeconds);
    }
    return median(all);
  };
  const seconds = (await cpuSeconds(some('i >= 0'), resources.length)) - (await cpuSeconds(some('i < 0'), 0));
  return (1e6 * seconds) / resources.length;
}
