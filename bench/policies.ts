/** A bundle of two hundred policies: the shipped ones, and variants of them with other scopes, ports and days. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { parse, stringify } from 'yaml';
import { formatManifest, MANIFEST_FILE, WASM_FILE } from '../shared/adapters/opa/bundle-files.ts';
import { buildBundle } from '../shared/adapters/opa/build.ts';
import { type Bundle, bundleModules, type CompiledPolicy } from '../shared/policy/bundle.ts';
import { compilePolicy } from '../shared/policy/compile.ts';
import { isToolReady, toolPath } from '../scripts/fetch-tools.ts';
import { kinds } from '../shared/kinds/index.ts';
import type { Kind } from '../shared/model/kind.ts';

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
  // After a round of scopes each goes by its owner.
  const scope = nth < SCOPES.length ? SCOPES[nth] : { fact: 'owner', is: `team-${nth}` };
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

const COUNT = 200;

/** The sources of the policies: the shipped ones first, then variants of each in turn. */
export function sources(
  count = COUNT,
): readonly { readonly file: string; readonly yaml: string; readonly nth: number }[] {
  const shipped = globSync('policies/*/*/policy.yaml', { cwd: root }).sort();
  return Array.from({ length: count }, (_, i) => {
    const path = shipped[i % shipped.length] ?? '';
    const nth = Math.floor(i / shipped.length);
    const yaml = variant(readFileSync(join(root, path), 'utf8'), nth);
    return { file: path.split(sep).join('/'), yaml, nth };
  });
}

/** The policies over the kinds that there are. */
export const benchPolicies = (): readonly CompiledPolicy[] => sources().map((source) => compilePolicy(source));

const COPIES = 7;
const copyOf = (id: string, n: number): string => `${id}_${n % COPIES}`;

/** The kinds again, seven times over: as many as a catalogue of all that clouds have. */
const manyKinds: readonly Kind[] = kinds.flatMap((kind) =>
  Array.from({ length: COPIES }, (_, n) => ({ ...kind, id: copyOf(kind.id, n) })),
);

/** The same policies over seven times as many kinds: to each resource a seventh of them applies. */
export function spreadBundle(): {
  readonly bundle: Bundle;
  readonly kindById: (id: string) => Kind | undefined;
  readonly kindOf: typeof copyOf;
} {
  const policies = sources().map(({ file, yaml, nth }) => {
    const source = parse(yaml) as Source & { kind: string };
    const kind = copyOf(source.kind, nth);
    const id = source.id.replace(/^[^.]+/, kind.replaceAll('_', '-'));
    return compilePolicy({ file, yaml: stringify({ ...source, id, kind }) }, manyKinds);
  });
  const byId = new Map(manyKinds.map((kind) => [kind.id, kind]));
  return { bundle: buildBundle(toolPath('opa'), policies), kindById: (id) => byId.get(id), kindOf: copyOf };
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
