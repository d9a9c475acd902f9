/** Every policy that ships, in the very module that ships, means what its clauses mean: on all regions of what it compares. */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { loadModule } from '../../shared/adapters/opa/module.ts';
import { aloneEntrypoint, aloneText, coreOf, folderOf, sha256 } from '../../shared/policy/bundle.ts';
import { provePolicy } from '../../shared/policy/proof.ts';
import { constantsIn } from '../../shared/policy/regions.ts';

const root = join(import.meta.dirname, '..', '..');
const bundle = readBundle(join(root, 'bundle'));
const module = loadModule(bundle.wasm);
const seed = Number(process.env['EDICT_SEED'] ?? Date.now() % 2 ** 31);
console.log(`shipped proof: EDICT_SEED=${seed}`);

it('there are policies', () => {
  expect(bundle.manifest.policies.length).toBeGreaterThanOrEqual(17);
});

it.each(bundle.manifest.policies.map((p) => [p.id, p] as const))('%s', (id, policy) => {
  const rego = readFileSync(join(root, 'policies', folderOf(id), 'policy.rego'), 'utf8');
  expect(sha256(rego)).toBe(policy.regoSha256);
  const evaluate = (input: unknown): unknown =>
    module.evaluate(aloneEntrypoint(policy.kind), aloneText(id, JSON.stringify(input)));
  const proof = provePolicy(coreOf(policy), evaluate, { seed, random: 2000, constants: constantsIn(rego) });
  expect(proof.counterexample).toBeUndefined();
  expect(proof.inputs.facts + proof.inputs.items).toBeGreaterThan(5);
});
