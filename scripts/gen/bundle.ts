import { join } from 'node:path';
import { formatManifest, MANIFEST_FILE, WASM_FILE } from '../../shared/adapters/opa/bundle-files.ts';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { toolPath } from '../fetch-tools.ts';
import { readApprovals } from '../../shared/adapters/files/approvals.ts';
import { readPolicySources, versionOfFolder } from '../../shared/adapters/files/policy-folder.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { unapprovedIn } from '../../shared/pipeline/approval.ts';
import { bundleOf, type CompiledPolicy, folderOf } from '../../shared/policy/bundle.ts';
import type { Generator } from '../gen.ts';
import { projectPolicies } from './policies.ts';

/** Every policy of the project with the version that people approve. */
export const versionedPolicies = (root: string): readonly CompiledPolicy[] =>
  projectPolicies(root).map((compiled) => {
    const sources = readPolicySources(join(root, 'policies', folderOf(compiled.policy.id)));
    return { ...compiled, bundled: { ...compiled.bundled, version: versionOfFolder(compiled, kinds, sources).hash } };
  });

/** All policies as one WASM module, with its manifest. */
export const bundle: Generator = {
  name: 'bundle',
  owns: ['bundle/*'],
  needs: 'opa',
  files: (root) => {
    const { manifest, wasm } = buildBundle(toolPath('opa'), versionedPolicies(root));
    return { [`bundle/${MANIFEST_FILE}`]: formatManifest(manifest), [`bundle/${WASM_FILE}`]: wasm };
  },
  warnings: (root) => {
    const { manifest } = bundleOf(versionedPolicies(root), new Uint8Array());
    const records = readApprovals(join(root, 'policies', 'approvals.yaml'));
    return unapprovedIn(manifest, records).map(({ policy, why }) => `${policy} cannot be released: ${why}`);
  },
};
