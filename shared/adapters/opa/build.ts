/** Builds a bundle with the `opa` of the project's tool chain. Only those who change policies need it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AppError } from '../../model/errors.ts';
import { type Bundle, bundleModules, bundleOf, type CompiledPolicy } from '../../policy/bundle.ts';
import { inFolder } from './in-folder.ts';

/** One file of a tar archive. */
function fromTar(tar: Uint8Array, name: string): Uint8Array | undefined {
  const text = (from: number, length: number): string =>
    new TextDecoder().decode(tar.subarray(from, from + length)).replace(/\0[^]*$/, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim(), 8);
    if (text(at, 100) === name) return new Uint8Array(tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return undefined;
}

/**
 * Compiles Rego modules (by relative path) to WASM; the entrypoints are those that the modules annotate. The same
 * modules give the same bytes: the compiler runs in a folder that holds only them and sees relative paths.
 * Throws `POLICY_LOAD_FAILED` with what the compiler said.
 */
export function buildWasm(opa: string, modules: { readonly [path: string]: string }): Uint8Array {
  return inFolder(modules, (folder) => {
    const roots = [...new Set(Object.keys(modules).map((path) => path.split('/')[0] ?? path))].sort();
    try {
      execFileSync(opa, ['build', '--target', 'wasm', '--output', 'bundle.tar.gz', ...roots], {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } catch (cause) {
      const { stdout = '', stderr = '' } = cause as { readonly stdout?: string; readonly stderr?: string };
      const said = `${stderr}${stdout}`.trim();
      throw new AppError('POLICY_LOAD_FAILED', `opa build failed: ${said}`, { cause });
    }
    const wasm = fromTar(gunzipSync(readFileSync(join(folder, 'bundle.tar.gz'))), '/policy.wasm');
    if (wasm === undefined) throw new AppError('POLICY_LOAD_FAILED', 'opa build gave no policy.wasm');
    return wasm;
  });
}

/** The bundle of these policies. `opa` is the path of the tool. */
export function buildBundle(opa: string, policies: readonly CompiledPolicy[]): Bundle {
  return bundleOf(policies, buildWasm(opa, bundleModules(policies)));
}
