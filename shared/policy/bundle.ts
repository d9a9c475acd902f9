/**
 * A bundle: all active policies compiled into one WASM module, and the manifest that says what is in it.
 * The manifest has no sequence and no date: the same policies give the same bytes.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/json.ts';
import type { Policy } from '../model/policy.ts';
import type { Severity } from '../model/verdict.ts';
import type { Core, CoreClause, CorePolicy } from './core.ts';
import { packageOf, VALUES_REGO } from './to-rego.ts';

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
  /** How long an exception to it may last. Absent: `DEFAULT_MAX_DAYS`. */
  readonly exceptions?: Policy['exceptions'];
  /** When it applies; absent: always. */
  readonly scope?: { readonly that: Core; readonly english: string };
  readonly clauses: readonly BundledClause[];
  /** The facts it reads, sorted. */
  readonly reads: readonly string[];
  /** Those of them that take many values (neither booleans nor enums): what tells one resource's input from another's. */
  readonly wide: readonly string[];
  readonly evidence: Evidence;
  /** SHA-256 of policy.rego. */
  readonly regoSha256: string;
  /** The version that people approve (`versionOf`). Absent: built from clauses alone; it is not released. */
  readonly version?: string;
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

/** A policy, compiled. */
export interface CompiledPolicy {
  readonly policy: Policy;
  readonly core: CorePolicy;
  readonly rego: string;
  readonly bundled: BundledPolicy;
}

/** The core form of a bundled policy. */
export const coreOf = (p: BundledPolicy): CorePolicy => ({
  id: p.id,
  kind: p.kind,
  ...(p.scope === undefined ? {} : { scope: p.scope.that }),
  clauses: p.clauses,
});

/** The folder of a policy below `policies/`: `object-store/no-public-access`. */
export const folderOf = (policyId: string): string => policyId.replace('.', '/');

/**
 * The entrypoint that returns `[holds, fails]` of each policy of a kind, in the order of their ids: what they declare is
 * a constant, except in Rego that was not generated, where `declared` comes third. Small, because half of what judging
 * costs is writing and reading its text.
 */
export const kindEntrypoint = (kind: string): string => `edict/bundle/${kind}/results`;
/** As `kindEntrypoint`, of the policies that read these wide facts: what is remembered of them need not be judged again. */
export const groupEntrypoint = (kind: string, wide: readonly string[]): string =>
  `edict/bundle/${kind}/${groupRule(wide)}`;
const groupRule = (wide: readonly string[]): string =>
  `results_by_${wide.length === 0 ? 'switches' : wide.join('_and_')}`;
/** The entrypoint that returns what each generated policy of a kind declares, by id; null for one that was not generated. */
export const declaredEntrypoint = (kind: string): string => `edict/bundle/${kind}/declared`;
/**
 * The entrypoint that returns the result of the one policy of a kind that `input.policy` names, and evaluates no other. One
 * for a kind and not one for a policy: what building a module costs grows with the square of its entrypoints.
 */
export const aloneEntrypoint = (kind: string): string => `edict/bundle/${kind}/alone`;
/** What `aloneEntrypoint` is given: the text of an input (an object, not empty) with the policy that is meant. */
export const aloneText = (policyId: string, text: string): string =>
  `{"policy":${JSON.stringify(policyId)},${text.slice(1)}`;
/** The rule that returns the result of one policy, where that is a module of its own. */
export const policyEntrypoint = (policyId: string): string => `${packageOf(policyId).replaceAll('.', '/')}/result`;

/**
 * The Rego modules of a bundle by relative path: each policy, what they share, and for each kind one aggregate.
 * Nothing in them depends on where they are built or in what order the policies were found.
 */
export function bundleModules(policies: readonly CompiledPolicy[]): { readonly [path: string]: string } {
  const modules: { [path: string]: string } = { 'policies/values.rego': VALUES_REGO };
  const sorted = policies.toSorted((a, b) => (a.policy.id < b.policy.id ? -1 : 1));
  for (const { policy, rego } of sorted)
    modules[`policies/${folderOf(policy.id)}/policy.rego`] = rego.replaceAll(ENTRYPOINT, '');
  for (const kind of new Set(sorted.map((p) => p.policy.kind))) {
    const ofKind = sorted.filter((p) => p.policy.kind === kind);
    const groups = Object.groupBy(ofKind, (p) => groupRule(p.bundled.wide));
    const aggregates = Object.entries({ results: ofKind, ...groups }).map(([name, members]) => {
      const rows = members.map(({ policy: { id }, bundled }) => {
        const parts = ['holds', 'fails', ...(bundled.evidence === 'proved' ? [] : ['declared'])];
        return `\t[${parts.map((part) => `data.${packageOf(id)}.${part}`).join(', ')}],\n`;
      });
      return `# METADATA\n# entrypoint: true\n${name} := [\n${rows.join('')}]\n`;
    });
    const declared = ofKind.map(
      ({ policy: { id }, bundled }) =>
        `\t${JSON.stringify(id)}: ${bundled.evidence === 'proved' ? `data.${packageOf(id)}.declared` : 'null'},\n`,
    );
    const alone = ofKind.map(
      ({ policy: { id } }) => `alone := data.${packageOf(id)}.result if input.policy == ${JSON.stringify(id)}\n`,
    );
    modules[`bundle/${kind}.rego`] = `package edict.bundle.${kind}

${aggregates.join('\n')}
# METADATA
# entrypoint: true
# scope: document
${alone.join('\n')}
# METADATA
# entrypoint: true
declared := {
${declared.join('')}}
`;
  }
  return modules;
}

/** How a policy says that it can be run by itself. */
const ENTRYPOINT = /^# METADATA\n# entrypoint: true\n(?=result\b)/gm;

/** The bundle of compiled policies and of the module that was built from their `bundleModules`. */
export function bundleOf(policies: readonly CompiledPolicy[], wasm: Uint8Array): Bundle {
  const bundled = policies.map((p) => p.bundled).sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    manifest: { version: 1, wasm: { sha256: sha256(wasm), sizeBytes: wasm.byteLength }, policies: bundled },
    wasm,
  };
}
