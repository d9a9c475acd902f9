/** From policy.yaml to a compiled policy. By itself, because whoever judges by a bundle needs no compiler. */
import { kinds as allKinds } from '../kinds/index.ts';
import { AppError } from '../model/errors.ts';
import type { Kind } from '../model/kind.ts';
import { type BundledPolicy, type CompiledPolicy, sha256 } from './bundle.ts';
import { parsePolicy, registryOf } from './clauses.ts';
import { conditionsOf, factsOf, readsOf, regoClausesOf, toCore } from './core.ts';
import { toEnglish } from './to-english.ts';
import { toRego } from './to-rego.ts';

/** A policy's source: policy.yaml, and the Rego beside it where that was not generated. */
export interface PolicySource {
  /** Names the file in messages. */
  readonly file: string;
  readonly yaml: string;
  /** The text of policy.rego; absent: what the compiler writes. */
  readonly rego?: string;
}

/** Types with few values. */
const NARROW: readonly string[] = ['bool', 'enum'];

/** Parses, types and compiles one policy. Throws `INPUT_INVALID` with the place of what is wrong. */
export function compilePolicy(source: PolicySource, kinds: readonly Kind[] = allKinds): CompiledPolicy {
  const policy = parsePolicy(source.yaml, { file: source.file, kinds: registryOf(kinds) });
  const kind = kinds.find((k) => k.id === policy.kind);
  if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${policy.kind}`);
  const core = toCore(policy, kind);
  const generated = toRego(policy, core);
  const rego = source.rego ?? generated;
  const [own] = regoClausesOf(core);
  if (own !== undefined && rego === generated)
    throw new AppError(
      'INPUT_INVALID',
      `${source.file}: the clause ${own.id} is said by policy.rego alone, and there is none that its author has written`,
    );
  const english = toEnglish(policy, kind);
  const reads = readsOf(conditionsOf(core));
  const facts = factsOf(kind);
  const bundled: BundledPolicy = {
    id: policy.id,
    kind: policy.kind,
    title: policy.title,
    severity: policy.severity,
    remediation: policy.remediation,
    frameworks: policy.frameworks,
    ...(policy.exceptions === undefined ? {} : { exceptions: policy.exceptions }),
    ...(core.scope === undefined ? {} : { scope: { that: core.scope, english: english.scope ?? '' } }),
    clauses: core.clauses.map(({ id, that }) => ({
      id,
      says: policy.require.find((c) => c.id === id)?.says ?? '',
      english: english.clauses[id] ?? '',
      that,
    })),
    reads,
    wide: reads.filter((fact) => !NARROW.includes(facts[fact]?.shape.type ?? '')),
    evidence: rego === generated ? 'proved' : 'tested',
    regoSha256: sha256(rego),
  };
  return { policy, core, rego, bundled };
}
