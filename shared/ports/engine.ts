import type { FactStates } from '../model/fact.ts';
import type { PolicyVerdict } from '../model/verdict.ts';
import type { BundledPolicy, BundleManifest } from '../policy/bundle.ts';

/** A bundle, ready to judge. Judging has no network, no clock and no state that a verdict depends on. */
export interface Engine {
  readonly manifest: BundleManifest;
  /** The address of the bundle (`bundleHash`). */
  readonly hash: string;
  /** The policies of a kind, sorted by id; none for a kind without policies. */
  policiesOf(kind: string): readonly BundledPolicy[];
  /**
   * One verdict for every policy of the kind (or for those named), sorted by policy id. `facts` holds the states of the
   * kind's facts and the context facts; a fact that is not there is unknown. `now` is in epoch seconds.
   * Never throws over facts or policies: what cannot be judged is `error` with its reason; the other policies are judged.
   */
  judge(
    kind: string,
    facts: FactStates,
    now: number,
    options?: { readonly policies?: readonly string[] },
  ): readonly PolicyVerdict[];
}
