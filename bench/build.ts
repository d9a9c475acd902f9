/** From policy.yaml to a bundle, and through all the gates. */
import { join } from 'node:path';
import { makePolicyTools } from '../shared/adapters/opa/policy-tools.ts';
import { buildBundle } from '../shared/adapters/opa/build.ts';
import { verifyPolicy } from '../shared/authoring/verify.ts';
import { kinds } from '../shared/kinds/index.ts';
import { coreOf } from '../shared/policy/bundle.ts';
import { compilePolicy } from '../shared/policy/compile.ts';
import { toolPath } from '../scripts/fetch-tools.ts';
import { policyFolders, readCandidate } from '../cli/verify/candidates.ts';
import type { Benchmark } from './benchmark.ts';
import { sources } from './policies.ts';

const COUNT = 1000;
const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;

export const build: Benchmark = {
  name: 'build',
  title: 'Building a bundle, and the gates of a policy',
  note: 'Times are what a person waits. The policies are those that ship and variants of them; the gates are those of each policy that ships, against all the others.',
  async run({ quick, log }) {
    const some = sources(quick ? 50 : COUNT);
    const started = performance.now();
    const policies = some.map((source) => compilePolicy(source));
    const compiled = performance.now();
    const { manifest } = buildBundle(toolPath('opa'), policies);
    const built = performance.now();
    const policiesSaid = `${manifest.policies.length.toLocaleString('en')} policies`;

    const regalConfig = join(import.meta.dirname, '..', '.regal', 'config.yaml');
    const tools = makePolicyTools({ opa: toolPath('opa'), regal: toolPath('regal'), regalConfig }, kinds);
    const shipped = await Promise.all(policyFolders([]).map(readCandidate));
    const others = policies.slice(0, shipped.length).map((p) => coreOf(p.bundled));
    const clock = (): number => performance.now();
    const seconds = shipped.slice(0, quick ? 2 : shipped.length).map((candidate) => {
      const start = performance.now();
      const { accepted } = verifyPolicy(candidate, { tools, kinds, others, clock, now: NOW, seed: 1 });
      if (!accepted) throw new Error(`${candidate.id} is not accepted`);
      log(`${candidate.id}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
      return (performance.now() - start) / 1000;
    });
    return [
      { what: `${policiesSaid} from policy.yaml to a bundle`, value: (built - started) / 1000, unit: 's', atMost: 10 },
      { what: 'of which in the compiler of clauses', value: (compiled - started) / 1000, unit: 's' },
      { what: 'the module', value: manifest.wasm.sizeBytes / 2 ** 20, unit: 'MB' },
      { what: 'all gates of one policy, the slowest', value: Math.max(...seconds), unit: 's', atMost: 20 },
      {
        what: 'all gates of one policy, on average',
        value: seconds.reduce((a, b) => a + b) / seconds.length,
        unit: 's',
      },
    ];
  },
};
