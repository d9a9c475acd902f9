import type { ContextConfig } from '../../mappings/context.ts';
import { AppError } from '../../model/errors.ts';
import { canonicalJson } from '../../model/json.ts';
import { type Bundle, bundleHash, sha256 } from '../../policy/bundle.ts';
import type { Activation, PolicyStore } from '../../ports/policy-store.ts';

/** A policies table in memory. `corrupt` spoils a stored bundle, as a disk or a hand would. */
export function makeMemoryPolicyStore(): PolicyStore & { corrupt(hash: string): void } {
  const bundles = new Map<string, Bundle>();
  const contexts = new Map<string, ContextConfig>();
  const history: Activation[] = [];
  return {
    corrupt: (hash) => {
      const bundle = bundles.get(hash);
      if (bundle !== undefined)
        bundles.set(hash, { ...bundle, wasm: bundle.wasm.map((b, i) => (i === 0 ? b ^ 1 : b)) });
    },
    putBundle: async (bundle) => {
      await undefined;
      const hash = bundleHash(bundle.manifest);
      bundles.set(hash, structuredClone(bundle));
      return hash;
    },
    bundle: async (hash) => {
      await undefined;
      const bundle = bundles.get(hash);
      if (bundle === undefined) return undefined;
      checkBundle(hash, bundle);
      return structuredClone(bundle);
    },
    putContext: async (config) => {
      await undefined;
      const hash = sha256(canonicalJson(config));
      contexts.set(hash, structuredClone(config));
      return hash;
    },
    context: async (hash) => {
      await undefined;
      return structuredClone(contexts.get(hash));
    },
    active: async () => {
      await undefined;
      return structuredClone(history.at(-1));
    },
    activate: async (next) => {
      await undefined;
      if ((history.at(-1)?.sequence ?? 0) !== next.sequence - 1) return false;
      history.push(structuredClone(next));
      return true;
    },
    activations: async (limit) => {
      await undefined;
      return structuredClone(history.toReversed().slice(0, limit));
    },
  };
}

/** Throws `POLICY_LOAD_FAILED` unless manifest and module are what the hash says. */
export function checkBundle(hash: string, bundle: Bundle): void {
  if (bundleHash(bundle.manifest) !== hash)
    throw new AppError('POLICY_LOAD_FAILED', `the manifest stored under ${hash} has another hash`);
  if (sha256(bundle.wasm) !== bundle.manifest.wasm.sha256)
    throw new AppError('POLICY_LOAD_FAILED', `the module of bundle ${hash} is not the one that its manifest names`);
}
