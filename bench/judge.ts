/** From facts to verdicts: our engine, and the same policies and inputs under native OPA. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolPath } from '../scripts/fetch-tools.ts';
import { loadEngine } from '../shared/adapters/opa/engine.ts';
import type { MappedResource } from '../shared/mappings/document.ts';
import { factsOf } from '../shared/policy/core.ts';
import { toInput } from '../shared/policy/input.ts';
import type { Benchmark } from './benchmark.ts';
import { median, cpuMs } from './measure.ts';
import { mappedPlan } from './plan.ts';

const NOW = 1_795_600_000;

export const judge: Benchmark = {
  name: 'judge',
  title: 'Judging: facts to verdicts, 200 policies in the bundle',
  async run({ work, quick, bench }) {
    const resources = mappedPlan(work, quick ? 600 : 3000);
    const { bundle, policies, rego } = bench();
    const perKind = new Map<string, number>();
    for (const { policy } of policies) perKind.set(policy.kind, (perKind.get(policy.kind) ?? 0) + 1);
    const evaluations = resources.reduce((sum, r) => sum + (perKind.get(r.kind.id) ?? 0), 0);

    const timed = (some: readonly MappedResource[], memoSize?: number): number => {
      const engine = loadEngine(bundle, memoSize === undefined ? {} : { memoSize });
      const ms = cpuMs(quick ? 3 : 9, () => {
        for (const r of some) engine.judge(r.kind.id, r.facts, NOW);
      });
      return (1000 * ms) / some.length;
    };
    const each = timed(resources, 0);
    const remembered = timed(resources);
    const kinds = [...perKind.keys()].sort().map((kind) => {
      const some = resources.filter((r) => r.kind.id === kind);
      return { what: `one ${kind} (${perKind.get(kind)} policies)`, value: timed(some, 0), unit: 'µs' } as const;
    });
    const native = nativeMicroseconds(work, rego, resources, quick ? 1 : 3);
    return [
      {
        what: `a resource, no verdict remembered (${resources.length} resources, ${(evaluations / resources.length).toFixed(1)} policies each)`,
        value: each,
        unit: 'µs',
        atMost: 50,
      },
      { what: 'a policy evaluation', value: (each * resources.length) / evaluations, unit: 'µs' },
      { what: 'a resource whose facts were judged before', value: remembered, unit: 'µs' },
      ...kinds,
      { what: 'a resource under native OPA, evaluation alone', value: native, unit: 'µs' },
      { what: 'native OPA / ours', value: native / each, unit: '×', atLeast: 10 },
    ];
  },
};

/** Each resource's input judged once by topdown, in one query; start-up, parsing and compiling are not counted. */
function nativeMicroseconds(work: string, rego: string, resources: readonly MappedResource[], runs: number): number {
  const inputs: { [kind: string]: unknown[] } = {};
  for (const { kind, facts } of resources) {
    (inputs[kind.id] ??= []).push(toInput(facts, NOW, factsOf(kind)));
  }
  const data = join(work, 'inputs.json');
  writeFileSync(data, JSON.stringify({ inputs }));
  const judged = Object.keys(inputs).map(
    (kind) => `count([r | some x in data.inputs.${kind}; r := data.edict.bundle.${kind}.results with input as x])`,
  );
  const query = `judged := ${judged.join(' + ')}`;
  const one = (): number => {
    const args = ['eval', '--format', 'json', '--metrics', '--data', data, '--data', rego, query];
    const said = execFileSync(toolPath('opa'), args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    const { result, metrics } = JSON.parse(said) as {
      readonly result: readonly { readonly bindings: { readonly judged: number } }[];
      readonly metrics: { readonly timer_rego_query_eval_ns: number };
    };
    if (result[0]?.bindings.judged !== resources.length) throw new Error('OPA did not judge every resource');
    return metrics.timer_rego_query_eval_ns / 1000 / resources.length;
  };
  return median(Array.from({ length: runs }, one));
}
