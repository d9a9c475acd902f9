/** What two models may get wrong alike: the policies of gold with one thing misread, left out, or added. */
import type { EvalIntent } from '../../scripts/eval/corpus.ts';
import { differencesFrom } from '../../scripts/eval/gold.ts';
import { mutantsOf } from '../../shared/authoring/mutate.ts';
import { kindById } from '../../shared/kinds/index.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { Condition, Policy } from '../../shared/model/policy.ts';
import { factsOf, toCore } from '../../shared/policy/core.ts';

export interface Misreading {
  readonly what: string;
  readonly policies: readonly Policy[];
}

/** Each change of each policy of an unambiguous sentence that means something else; a change that is no policy is left out. */
function changed(
  { gold }: EvalIntent,
  changes: (policy: Policy, kind: Kind) => readonly { readonly what: string; readonly policy: Policy }[],
): readonly Misreading[] {
  const [reading, another] = gold.readings;
  if (reading === undefined || another !== undefined) return [];
  const cores = reading.policies.map((p) => p.core);
  const policies = reading.policies.map((p) => p.policy);
  return policies.flatMap((policy, at) => {
    const kind = kindById(policy.kind);
    if (kind === undefined) throw new Error(policy.kind);
    return changes(policy, kind)
      .filter((m) => differencesFrom(cores, cores.with(at, toCore(m.policy, kind))).length > 0)
      .map((m) => ({ what: m.what, policies: policies.with(at, m.policy) }));
  });
}

/** Every systematic misreading. */
export const misreadings = (intent: EvalIntent): readonly Misreading[] =>
  changed(intent, (policy, kind) =>
    mutantsOf(policy, kind).map((m) => ({ what: `${m.what} (${m.where})`, policy: m.policy })),
  );

/** What nobody said, added: a clause, a narrower or wider scope, an exception, by each value of each narrow fact and by a name. */
export const additions = (intent: EvalIntent): readonly Misreading[] =>
  changed(intent, (policy, kind) => {
    const said = Object.entries(factsOf(kind)).flatMap(([fact, { shape }]): readonly Condition[] =>
      shape.type === 'bool'
        ? [true, false].map((is) => ({ fact, is }))
        : shape.type === 'enum'
          ? shape.values.map((is) => ({ fact, is }))
          : fact === 'owner'
            ? [{ fact, is: 'mallory' }]
            : [],
    );
    const scope = policy.applies_when;
    return said
      .flatMap((c): readonly Policy[] => [
        { ...policy, require: [...policy.require, { id: 'added', says: 'added', that: c }] },
        { ...policy, applies_when: scope === undefined ? c : { all: [scope, c] } },
        ...(scope === undefined ? [] : [{ ...policy, applies_when: { any: [scope, c] } }]),
        { ...policy, require: policy.require.map((r) => ({ ...r, that: { any: [r.that, c] } })) },
      ])
      .map((p) => ({ what: JSON.stringify([p.applies_when, p.require.map((r) => r.that)]), policy: p }));
  });

/** A kind that the sentence speaks of, left out. */
export const kindsLeftOut = ({ gold }: EvalIntent): readonly Misreading[] => {
  const [reading, another] = gold.readings;
  const policies = (reading?.policies ?? []).map((p) => p.policy);
  if (policies.length < 2 || another !== undefined) return [];
  return policies.map((p, i) => ({ what: `no policy of ${p.kind}`, policies: policies.toSpliced(i, 1) }));
};
