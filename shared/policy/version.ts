/** The version of a policy: the hash of everything that a person approves. */
import { contextFacts } from '../kinds/index.ts';
import { canonicalJson } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import { type PolicyVersion, VERSION_PARTS, type VersionPart, type VersionParts } from '../model/approval.ts';
import { type CompiledPolicy, sha256 } from './bundle.ts';

/** The files of a policy's folder that are approved, as they are. */
export interface PolicySources {
  /** intent.md */
  readonly intent: string | Uint8Array;
  /** policy.yaml */
  readonly yaml: string | Uint8Array;
  /** Everything below `examples/`, by its path there with forward slashes. */
  readonly examples: { readonly [path: string]: string | Uint8Array };
}

/**
 * The version of a compiled policy. Of the catalogue it holds the declarations that the policy speaks of: a fact that is
 * added to its kind changes nothing that was approved. Rego that was not generated may read every fact of its kind, and
 * is bound to all of it.
 */
export function versionOf(
  { policy, rego, bundled }: CompiledPolicy,
  kind: Kind,
  sources: PolicySources,
): PolicyVersion {
  const { evidence, reads } = bundled;
  const facts = Object.entries({ ...kind.facts, ...contextFacts });
  const spoken = evidence === 'proved' ? facts.filter(([name]) => reads.includes(name)) : facts;
  const parts: VersionParts = {
    intent: sha256(sources.intent),
    clauses: sha256(sources.yaml),
    rego: sha256(rego),
    examples: sha256(
      canonicalJson(Object.fromEntries(Object.entries(sources.examples).map(([p, c]) => [p, sha256(c)]))),
    ),
    parameters: sha256(canonicalJson(policy.params ?? {})),
    catalogue: sha256(canonicalJson({ kind: kind.id, facts: Object.fromEntries(spoken) })),
  };
  return { policy: policy.id, hash: hashOf({ policy: policy.id, evidence, parts }), evidence, parts };
}

/** The hash that these parts make. A record whose hash is another was not written by us. */
export const hashOf = ({ policy, evidence, parts }: Omit<PolicyVersion, 'hash'>): string =>
  sha256(canonicalJson({ policy, evidence, parts }));

/** The parts in which two versions differ. */
export const changedParts = (a: VersionParts, b: VersionParts): readonly VersionPart[] =>
  VERSION_PARTS.filter((part) => a[part] !== b[part]);
