/** A bundle as files: `manifest.json` and `policy.wasm` in one folder. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../model/errors.ts';
import { SEVERITIES } from '../../model/verdict.ts';
import { type Bundle, type BundleManifest, sha256 } from '../../policy/bundle.ts';

const core = z.custom<BundleManifest['policies'][number]['clauses'][number]['that']>(
  (v) => typeof v === 'object' && v !== null && 'op' in v,
);
const sha = z.string().regex(/^[0-9a-f]{64}$/);
const Manifest = z.strictObject({
  version: z.literal(1),
  wasm: z.strictObject({ sha256: sha, sizeBytes: z.int().positive() }),
  policies: z.array(
    z.strictObject({
      id: z.string(),
      kind: z.string(),
      title: z.string(),
      severity: z.enum(SEVERITIES),
      remediation: z.string(),
      frameworks: z.record(z.string(), z.array(z.string())),
      scope: z.strictObject({ that: core, english: z.string() }).optional(),
      clauses: z.array(z.strictObject({ id: z.string(), says: z.string(), english: z.string(), that: core })).min(1),
      reads: z.array(z.string()),
      wide: z.array(z.string()),
      evidence: z.enum(['proved', 'tested']),
      regoSha256: sha,
      version: sha.optional(),
    }),
  ),
});

/** A manifest from its JSON text. Throws `POLICY_LOAD_FAILED`. What it holds is checked against the module by `loadEngine`. */
export function parseManifest(text: string): BundleManifest {
  try {
    return Manifest.parse(JSON.parse(text)) as BundleManifest;
  } catch (cause) {
    throw new AppError('POLICY_LOAD_FAILED', 'the manifest of the bundle cannot be read', { cause });
  }
}

/** The text of a manifest: one line a policy, the same manifest the same bytes. */
export function formatManifest({ version, wasm, policies }: BundleManifest): string {
  const rows = policies.map((p) => `    ${JSON.stringify(p)}`).join(',\n');
  return `{\n  "version": ${version},\n  "wasm": ${JSON.stringify(wasm)},\n  "policies": [\n${rows}\n  ]\n}\n`;
}

export const MANIFEST_FILE = 'manifest.json';
export const WASM_FILE = 'policy.wasm';

/** Reads a bundle from a folder and verifies the hash of its module. Throws `POLICY_LOAD_FAILED`. */
export function readBundle(folder: string): Bundle {
  let text: string;
  let wasm: Uint8Array;
  try {
    text = readFileSync(join(folder, MANIFEST_FILE), 'utf8');
    wasm = new Uint8Array(readFileSync(join(folder, WASM_FILE)));
  } catch (cause) {
    throw new AppError('POLICY_LOAD_FAILED', `there is no bundle in ${folder}`, { cause });
  }
  const manifest = parseManifest(text);
  if (sha256(wasm) !== manifest.wasm.sha256)
    throw new AppError('POLICY_LOAD_FAILED', `${WASM_FILE} in ${folder} is not the module that its manifest names`);
  return { manifest, wasm };
}
