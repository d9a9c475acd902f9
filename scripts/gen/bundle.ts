import { formatManifest, MANIFEST_FILE, WASM_FILE } from '../../shared/adapters/opa/bundle-files.ts';
import { buildBundle } from '../../shared/adapters/opa/build.ts';
import { toolPath } from '../fetch-tools.ts';
import type { Generator } from '../gen.ts';
import { projectPolicies } from './policies.ts';

/** All policies as one WASM module, with its manifest. */
export const bundle: Generator = {
  name: 'bundle',
  owns: ['bundle/*'],
  needs: 'opa',
  files: (root) => {
    const { manifest, wasm } = buildBundle(toolPath('opa'), projectPolicies(root));
    return { [`bundle/${MANIFEST_FILE}`]: formatManifest(manifest), [`bundle/${WASM_FILE}`]: wasm };
  },
};
