import { factsOf } from '../policy/core.ts';
import { flipsAt, meaningOf, missingFacts } from '../policy/meaning.ts';
import { type Bundle, bundleHash, coreOf } from '../policy/bundle.ts';
import { assumedOf, toInput } from '../policy/input.ts';
import type { Kind } from '../model/kind.ts';
import type { Engine } from '../ports/engine.ts';

/** An engine that judges by the specification instead of the WASM: where there is no tool chain to build one, and for tests of what is around it. Not of clauses that only Rego says. */
export function makeMeaningEngine(bundle: Bundle, kinds: readonly Kind[]): Engine {
  const policiesOf = (kind: string) => bundle.manifest.policies.filter((p) => p.kind === kind);
  return {
    manifest: bundle.manifest,
    hash: bundleHash(bundle.manifest),
    policiesOf,
    judge: (kindId, facts, now) => {
      const kind = kinds.find((k) => k.id === kindId);
      if (kind === undefined) return [];
      return policiesOf(kindId).map((policy) => {
        const core = coreOf(policy);
        const sure = toInput(facts, now, factsOf(kind), { reads: policy.reads });
        const worst = toInput(facts, now, factsOf(kind), { reads: policy.reads, assumed: true });
        const strict = meaningOf(core, sure);
        const assumed = assumedOf(facts, policy.reads);
        const pessimist = assumed.length === 0 ? strict : meaningOf(core, worst);
        const took = strict.verdict === 'unknown' && pessimist.verdict === 'violation' ? pessimist : strict;
        const flip = flipsAt(core, sure);
        return {
          policy: policy.id,
          ...took,
          ...(took.verdict === 'unknown' ? { missing: missingFacts(core, sure) } : {}),
          ...(took === pessimist && took !== strict ? { assumed } : {}),
          ...(flip === undefined ? {} : { flipsAt: flip }),
        };
      });
    },
  };
}
