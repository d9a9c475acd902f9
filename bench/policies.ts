/** A bundle of two hundred policies: the shipped ones, and variants of them with other scopes, ports and days. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parse, stringify } from 'yaml';
import { formatManifest, MANIFEST_FILE, WASM_FILE } from '../shared/adapters/opa/bundle-files.ts';
import { buildBundle } from '../shared/adapters/opa/build.ts';
import { type Bundle, bundleModules, type CompiledPolicy } from '../shared/policy/bundle.ts';
import { compilePolicy } from '../shared/policy/compile.ts';
import { isToolReady, toolPath } from '../scripts/fetch-tools.ts';

const root = join(import.meta.dirname, '..');

/** What a policy.yaml says, as far as a variant changes it. */
interface Source {
  id: string;
  applies_when?: object;
  params?: { [name: string]: { default: number | string | readonly (number | string)[] } };
}

/** When a variant applies. The first is what the shipped policy says. */
const SCOPES: readonly (object | undefined)[] = [
  undefined,
  { fact: 'environment', is: 'production' },
  { fact: 'environment', in: ['production', 'staging'] },
  { fact: 'data_classification', in: ['confidential', 'restricted'] },
  { not: { fact: 'environment', is: 'sandbox' } },
  { fact: 'owner', is: 'payments' },
  { fact: 'region', matches: 'eu-*' },
  { tag: { key: 'exposure', is: 'internal' } },
  {
    all: [
      { fact: 'environment', is: 'production' },
      { fact: 'data_classification', is: 'restricted' },
    ],
  },
  {
    any: [
      { fact: 'environment', is: 'production' },
      { fact: 'owner', matches: 'platform*' },
    ],
  },
  { fact: 'cloud', in: ['aws', 'azure'] },
  { not: { fact: 'data_classification', is: 'public' } },
];

function variant(yaml: string, nth: number): string {
  const source = parse(yaml) as Source;
  const scope = SCOPES[nth % SCOPES.length];
  if (nth === 0) return yaml;
  source.id = `${source.id}-variant-${nth}`;
  if (scope !== undefined) {
    source.applies_when = source.applies_when === undefined ? scope : { all: [source.applies_when, scope] };
  }
  for (const param of Object.values(source.params ?? {})) {
    if (typeof param.default === 'number') param.default = 1 + ((param.default + 3 * nth) % 35);
    else if (Array.isArray(param.default)) param.default = [...param.default, String(20_000 + nth)];
  }
  return stringify(source);
}

/** The policies: the shipped ones first, then variants of each in turn. */
export function benchPolicies(count = 200): readonly CompiledPolicy[] {
  const shipped = globSync('policies/*/*/policy.yaml', { cwd: root }).sort();
  return Array.from({ length: count }, (_, i) => {
    const path = shipped[i % shipped.length] ?? '';
    const file = path.split(sep).join('/');
    const yaml = readFileSync(join(root, path), 'utf8');
    return compilePolicy({ file, yaml: variant(yaml, Math.floor(i / shipped.length)) });
  });
}

/** The bundle of these policies in a folder of `work`, and their Rego beside it in another. Needs `opa`. */
export function writeBundle(work: string): {
  readonly bundle: Bundle;
  readonly policies: readonly CompiledPolicy[];
  readonly folder: string;
  readonly rego: string;
} {
  if (!isToolReady('opa')) throw new Error('.bin/opa is not built: run "npm run tools" first');
  const policies = benchPolicies();
  const bundle = buildBundle(toolPath('opa'), policies);
  const folder = join(work, 'bundle');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, MANIFEST_FILE), formatManifest(bundle.manifest));
  writeFileSync(join(folder, WASM_FILE), bundle.wasm);
  const rego = join(work, 'rego');
  for (const [path, text] of Object.entries(bundleModules(policies))) {
    mkdirSync(join(rego, path, '..'), { recursive: true });
    writeFileSync(join(rego, path), text);
  }
  return { bundle, policies, folder, rego };
}
