import type { BundledPolicy, BundleManifest } from '../../policy/bundle.ts';
import type { PolicyStore } from '../../ports/policy-store.ts';

/** The policy of this id that is in force; undefined if there is none. The bundle is read once for as long as it is in force. */
export function makePolicyInForce({
  active,
  bundle,
}: Pick<PolicyStore, 'active' | 'bundle'>): (id: string) => Promise<BundledPolicy | undefined> {
  let kept: { readonly hash: string; readonly manifest: BundleManifest } | undefined;
  return async (id) => {
    const hash = (await active())?.bundle;
    if (hash === undefined) return undefined;
    if (kept?.hash !== hash) {
      const manifest = (await bundle(hash))?.manifest;
      kept = manifest === undefined ? undefined : { hash, manifest };
    }
    return kept?.manifest.policies.find((policy) => policy.id === id);
  };
}
