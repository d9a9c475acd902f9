/** The bundle that ships with this build: `bundle/manifest.json` and `bundle/policy.wasm`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEngine, type OpaEngine } from '../shared/adapters/opa/engine.ts';
import { AppError } from '../shared/model/errors.ts';
import type { BundleManifest } from '../shared/policy/bundle.ts';

const shipped = process.env['EDICT_BUNDLE'] ?? join(import.meta.dirname, '..', 'bundle');

function read(name: string): Uint8Array {
  const path = join(shipped, name);
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new AppError('POLICY_LOAD_FAILED', `${path} cannot be read: run "npm run gen", or set EDICT_BUNDLE`, {
      cause,
    });
  }
}

/** The manifest: all that can be said about the policies without running them. */
export const readManifest = (): BundleManifest =>
  JSON.parse(new TextDecoder().decode(read('manifest.json'))) as BundleManifest;

/** The engine over the bundle. Throws `POLICY_LOAD_FAILED`. */
export const shippedEngine = (): OpaEngine => loadEngine({ manifest: readManifest(), wasm: read('policy.wasm') });

/** The engine over the bundle of a folder that the user named: its manifest is checked. Throws `POLICY_LOAD_FAILED`. */
export async function engineOf(folder: string): Promise<OpaEngine> {
  const { readBundle } = await import('../shared/adapters/opa/bundle-files.ts');
  return loadEngine(readBundle(folder));
}
