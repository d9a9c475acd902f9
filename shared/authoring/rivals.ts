/**
 * What both models may have left out of a draft: the policy with one thing more, at each of its places, of every narrow
 * fact. `mutantsOf` changes or drops what a draft has; what it never had shows in none of those.
 */
import type { FactSpec, FieldSpec } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Policy } from '../model/policy.ts';
import { factsOf } from '../policy/core.ts';

type Specs = { readonly [name: string]: FactSpec | FieldSpec };

/** Every condition on one narrow fact or field: it is this value. */
const conditionsOn = (specs: Specs, subject: (name: string) => object): readonly Condition[] =>
  Object.entries(specs).flatMap(([name, { shape }]): readonly Condition[] => {
    const values = shape.type === 'bool' ? [false, true] : shape.type === 'enum' ? shape.values : [];
    return values.map((is) => ({ ...subject(name), is }) as Condition);
  });

/** The condition with one more, or with one exception more, at each place in it. */
function* fuller(c: Condition, kind: Kind, fields?: Specs): Generator<Condition> {
  const more = fields
    ? conditionsOn(fields, (field) => ({ field }))
    : conditionsOn(factsOf(kind), (fact) => ({ fact }));
  for (const one of more) {
    yield { all: [c, one] };
    yield { any: [c, one] };
  }
  if ('all' in c) {
    for (const [i, member] of c.all.entries())
      for (const m of fuller(member, kind, fields)) yield { all: c.all.with(i, m) };
  } else if ('any' in c) {
    for (const [i, member] of c.any.entries())
      for (const m of fuller(member, kind, fields)) yield { any: c.any.with(i, m) };
  } else if ('not' in c) {
    for (const inner of fuller(c.not, kind, fields)) yield { not: inner };
  } else if ('that' in c) {
    const list = 'every' in c ? c.every : 'some' in c ? c.some : 'none' in c ? c.none : c.count;
    const shape = factsOf(kind)[list]?.shape;
    if (shape?.type !== 'list' || shape.of.type !== 'record') return;
    for (const that of fuller(c.that, kind, shape.of.fields)) yield { ...c, that };
  }
}
/** The policy with one clause, one restriction, one widening of the scope, or one exception more. */
export function* fullerOf(policy: Policy, kind: Kind): Generator<Policy> {
  const { applies_when: scope, require } = policy;
  for (const that of conditionsOn(factsOf(kind), (fact) => ({ fact }))) {
    yield { ...policy, require: [...require, { id: 'one-more', says: 'one more', that }] };
    if (scope === undefined) yield { ...policy, applies_when: that };
  }
  if (scope !== undefined) for (const applies_when of fuller(scope, kind)) yield { ...policy, applies_when };
  for (const [i, clause] of require.entries())
    if (!('rego' in clause.that))
      for (const that of fuller(clause.that, kind)) yield { ...policy, require: require.with(i, { ...clause, that }) };
}
