/**
 * A bundle: all active policies compiled into one WASM module, and the manifest that says what is in it.
 * The manifest has no sequence and no date: the same policies give the same bytes.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/json.ts';
import type { Policy } from '../model/policy.ts';
import type { Severity } from '../model/verdict.ts';
import type { CoreClause, Core } from './core.ts';

/** `proved`: policy.rego is byte for byte what the compiler writes for the clauses. `tested`: anything else. */
export type Evidence = 'proved' | 'tested';

/** A clause as the manifest lists it: its core form, the author's words, and the generated English. */
export interface BundledClause extends CoreClause {
  readonly says: string;
  readonly english: string;
}

/** One policy of a bundle: everything that judging and reporting need, so that policy.yaml is not read at run time. */
export interface BundledPolicy {
  readonly id: string;
  readonly kind: string;
  readonly title: string;
  readonly severity: Severity;
  readonly remediation: string;
  readonly frameworks: Policy['frameworks'];
  /** When it applies; absent: always. */
  readonly scope?: { readonly that: Core; readonly english: string };
  readonly clauses: readonly BundledClause[];
  /** The facts it reads, sorted. */
  readonly reads: readonly string[];
  readonly evidence: Evidence;
  /** SHA-256 of policy.rego. */
  readonly regoSha256: string;
}

export interface BundleManifest {
  readonly version: 1;
  readonly wasm: { readonly sha256: string; readonly sizeBytes: number };
  /** Sorted by id. */
  readonly policies: readonly BundledPolicy[];
}

export interface Bundle {
  readonly manifest: BundleManifest;
  readonly wasm: Uint8Array;
}

/** SHA-256, in hex. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** The address of a bundle: the SHA-256 of its manifest, which holds that of the module. */
export const bundleHash = (manifest: BundleManifest): string => sha256(canonicalJson(manifest));
