/** From policy.yaml to a bundle, and through all the gates. */
import { join } from 'node:path';
import { makePolicyTools } from '../shared/adapters/opa/policy-tools.ts';
import { buildBundle } from '../shared/adapters/opa/build.ts';
import { verifyPolicy } from '../shared/authoring/verify.ts';
import { kinds } from '../shared/kinds/index.ts';
import { coreOf } from '../shared/policy/bundle.ts';
import { compilePolicy } from '../shared/policy/compile.ts';
import { toolPath } from '../scripts/fetch-tools.ts';
import { isMain } from '../scripts/is-main.ts';
import { policyFolders, readCandidate } from '../cli/verify/candidates.ts';
import type { Benchmark } from './benchmark.ts';
import { measure } from './measure.ts';
import { sources } from './policies.ts';

const COUNT = 1000;
const NOW = Date.parse('2026-11-25T12:00:00Z') / 1000;

/** What the process below says of the bundle that it has built. */
interface Built {
  readonly policies: number;
  readonly sizeBytes: number;
}

export const build: Benchmark = {
  name: 'build',
  title: 'Building a bundle, and the gates of a policy',
  note: 'The processor time is of OPA too; the clock depends on what else runs. The policies are those that ship and variants of them; the gates are those of each policy that ships, against all the others.',
  async run({ quick, log }) {
    const count = quick ? 50 : COUNT;
    const { cpuSeconds, wallSeconds, output } = await measure([process.execPath, import.meta.filename, String(count)], {
      keepOutput: true,
    });
    const built = JSON.parse(output) as Built; // of this very file
    const policiesSaid = `${built.policies.toLocaleString('en')} policies`;

    const regalConfig = join(import.meta.dirname, '..', '.regal', 'config.yaml');
    const tools = makePolicyTools({ opa: toolPath('opa'), regal: toolPath('regal'), regalConfig }, kinds);
    const shipped = await Promise.all(policyFolders([]).map(readCandidate));
    const others = sources(shipped.length).map((source) => coreOf(compilePolicy(source).bundled));
    const clock = (): number => performance.now();
    const seconds = shipped.slice(0, quick ? 2 : shipped.length).map((candidate) => {
      const start = performance.now();
      const { accepted } = verifyPolicy(candidate, { tools, kinds, others, clock, now: NOW, seed: 1 });
      if (!accepted) throw new Error(`${candidate.id} is not accepted`);
      log(`${candidate.id}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
      return (performance.now() - start) / 1000;
    });
    return [
      {
        what: `${policiesSaid} from policy.yaml to a bundle, processor time`,
        value: cpuSeconds,
        unit: 's',
        atMost: 10,
      },
      { what: 'the same on the clock', value: wallSeconds, unit: 's', atMost: 10 },
      { what: 'the module', value: built.sizeBytes / 2 ** 20, unit: 'MB' },
      { what: 'all gates of one policy on the clock, the slowest', value: Math.max(...seconds), unit: 's', atMost: 20 },
      {
        what: 'all gates of one policy on the clock, on average',
        value: seconds.reduce((a, b) => a + b) / seconds.length,
        unit: 's',
      },
    ];
  },
};

// A process of its own: what it and OPA take is then all that is counted.
if (isMain(import.meta)) {
  const policies = sources(Number(process.argv[2])).map((source) => compilePolicy(source));
  const { manifest } = buildBundle(toolPath('opa'), policies);
  const built: Built = { policies: manifest.policies.length, sizeBytes: manifest.wasm.sizeBytes };
  console.log(JSON.stringify(built));
}
