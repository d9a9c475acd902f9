/** Policies with a clause that only Rego says, as two models have drafted them: whether they are one draft. */
import type { Kind } from '../model/kind.ts';
import { type CorePolicy, regoClausesOf, toCore } from '../policy/core.ts';
import { comparePolicies } from './compare.ts';
import type { Draft } from './intent.ts';
import { englishOf } from './questions.ts';
import { clausesAlone } from './verify.ts';

type Drafts = readonly Pick<Draft, 'policy' | 'covers'>[];

/** What two drafts of one sentence differ in; undefined: what Rego is to say is asked of the same, beside the same clauses. */
export function differenceOfDrafts([a, b]: readonly [Drafts, Drafts], kinds: readonly Kind[]): string | undefined {
  const [own, other] = [coresOf(a, kinds), coresOf(b, kinds)];
  const kindsOf = (cores: readonly CorePolicy[]): string =>
    cores
      .map((c) => c.kind)
      .toSorted()
      .join(', ');
  if (kindsOf(own) !== kindsOf(other)) return `one speaks of ${kindsOf(own)}, the other of ${kindsOf(other)}`;
  for (const core of own) {
    const rival = other.find((c) => c.kind === core.kind);
    if (rival === undefined) continue;
    if (readsOfRego(core) !== readsOfRego(rival))
      return `in one Rego reads ${readsOfRego(core)}, in the other ${readsOfRego(rival)}`;
    if (comparePolicies(clausesAlone(core), clausesAlone(rival)).is !== 'equivalent')
      return 'what stands beside it is another';
  }
  return undefined;
}

/** Drafts in generated English. */
export const draftsInEnglish = (drafts: Drafts, kinds: readonly Kind[]): string =>
  drafts
    .flatMap(({ policy }) => {
      const kind = kinds.find((k) => k.id === policy.kind);
      return kind === undefined ? [] : [englishOf({ policy, kind })];
    })
    .join(' ');

const coresOf = (drafts: Drafts, kinds: readonly Kind[]): readonly CorePolicy[] =>
  drafts.flatMap(({ policy }) => {
    const kind = kinds.find((k) => k.id === policy.kind);
    return kind === undefined ? [] : [toCore(policy, kind)];
  });

/** What the clauses that only Rego says read, each: `sizes; names, sizes`. */
const readsOfRego = (core: CorePolicy): string =>
  regoClausesOf(core)
    .map(({ that }) => Object.keys(that.reads).toSorted().join(', '))
    .toSorted()
    .join('; ');
