/**
 * The core form of a policy: what its meaning and its Rego are computed from. Parameters are inlined, `tag` and
 * `contains` on a list fact are quantifiers, `none … that` is `every … not`, `is` is `in`, overrides are `choose`,
 * and lists of ranges are sorted, disjoint and coalesced. Plain JSON: a bundle's manifest carries it.
 */
import { contextFacts } from '../kinds/index.ts';
import {
  type FactSpec,
  type FieldSpec,
  type IpRange,
  NONE,
  type None,
  type Range,
  type ScalarListType,
  type ScalarType,
} from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Atom, Condition, Literal, Operand, ParamRef, Policy, RegoCondition } from '../model/policy.ts';
import { coalesceIpRanges, coalesceRanges, isIpRange, isNone, isRange } from './literals.ts';

export type CoreSubject = { readonly fact: string } | { readonly field: string } | { readonly item: true };

/** `param` names the parameter that the values come from, for readers. */
export type CoreTest =
  | {
      readonly op: 'in';
      readonly values: readonly (boolean | number | string | None)[];
      readonly param?: string;
    }
  | { readonly op: 'at_least' | 'at_most'; readonly value: number; readonly param?: string }
  | { readonly op: 'matches'; readonly pattern: string; readonly param?: string }
  | { readonly op: 'older_than'; readonly seconds: number; readonly param?: string }
  | {
      readonly op: 'within' | 'intersects';
      readonly ranges: readonly Range[] | readonly IpRange[];
      readonly param?: string;
    }
  | { readonly op: 'contains'; readonly value: boolean | number | string; readonly param?: string };

/** A comparison of one fact, field or item. `shape` is a list only for `contains` (or `is: none`) on a record's field. */
export interface CoreAtom {
  readonly op: 'test';
  readonly subject: CoreSubject;
  readonly shape: ScalarType | ScalarListType;
  readonly optional: boolean;
  readonly test: CoreTest;
}

export type Core =
  | { readonly op: 'all'; readonly of: readonly Core[] }
  | { readonly op: 'any'; readonly of: readonly Core[] }
  | { readonly op: 'not'; readonly of: Core }
  /** Three-valued: `yes` where `when` surely holds, `no` where it surely does not, in between what both agree on. */
  | { readonly op: 'choose'; readonly when: Core; readonly yes: Core; readonly no: Core }
  | { readonly op: 'every'; readonly list: string; readonly that: Core }
  | { readonly op: 'some'; readonly list: string; readonly that: Core }
  | {
      readonly op: 'count';
      readonly list: string;
      readonly that: Core;
      readonly atLeast?: number;
      readonly atMost?: number;
    }
  /** The whole of a clause that only policy.rego says. Of the facts that it reads, what they are. */
  | { readonly op: 'rego'; readonly reads: { readonly [fact: string]: RegoRead } }
  | CoreAtom;

/** What a clause in Rego reads: the type of a fact, without what is only for readers. */
export interface RegoRead {
  readonly optional: boolean;
  readonly shape: FactSpec['shape'];
}

export interface CoreClause {
  readonly id: string;
  readonly that: Core;
}
export interface CorePolicy {
  readonly id: string;
  readonly kind: string;
  readonly scope?: Core;
  readonly clauses: readonly CoreClause[];
}

/** The facts of a kind, context facts included. */
export function factsOf(kind: Kind): { readonly [fact: string]: FactSpec } {
  return { ...contextFacts, ...kind.facts };
}

type Params = ReadonlyMap<string, Literal | readonly Literal[]>;
interface Env {
  readonly facts: { readonly [fact: string]: FactSpec };
  readonly params: Params;
  /** Inside a quantifier: what an item is. */
  readonly item?: ScalarType | { readonly [field: string]: FieldSpec };
}

const isRef = (operand: unknown): operand is ParamRef =>
  typeof operand === 'object' && operand !== null && Object.hasOwn(operand, 'param');

/** A string literal in the spelling of the fact. */
function spelled(shape: ScalarType, literal: Literal): Literal {
  return shape.type === 'string' && shape.fold && typeof literal === 'string' ? literal.toLowerCase() : literal;
}

class Lowering {
  /** Parameters that the condition at hand uses. */
  readonly used = new Set<string>();

  values(operand: Operand | readonly Operand[], env: Env): { list: readonly Literal[]; param?: string } {
    if (isRef(operand)) {
      const value = env.params.get(operand.param);
      if (value === undefined) throw new Error(`no parameter ${operand.param}`);
      this.used.add(operand.param);
      return { list: Array.isArray(value) ? value : [value as Literal], param: operand.param };
    }
    if (!Array.isArray(operand)) return { list: [operand as Literal] };
    return { list: operand.flatMap((o: Operand) => this.values(o, env).list) };
  }

  lower(c: Condition, env: Env): Core {
    if ('all' in c) return { op: 'all', of: c.all.map((x) => this.lower(x, env)) };
    if ('any' in c) return { op: 'any', of: c.any.map((x) => this.lower(x, env)) };
    if ('not' in c) return negate(this.lower(c.not, env));
    if ('tag' in c) return this.tag(c.tag, env);
    if ('rego' in c) return regoOf(c, env.facts);
    if ('every' in c) return { op: 'every', list: c.every, that: this.inner(c.every, c.that, env) };
    if ('some' in c) return { op: 'some', list: c.some, that: this.inner(c.some, c.that, env) };
    if ('none' in c) return { op: 'every', list: c.none, that: negate(this.inner(c.none, c.that, env)) };
    if ('count' in c) {
      const bound = (operand: Operand): number => Number(this.values(operand, env).list[0]);
      return {
        op: 'count',
        list: c.count,
        that: this.inner(c.count, c.that, env),
        ...(c.at_least === undefined ? {} : { atLeast: bound(c.at_least) }),
        ...(c.at_most === undefined ? {} : { atMost: bound(c.at_most) }),
      };
    }
    return this.atom(c, env);
  }

  inner(list: string, that: Condition, env: Env): Core {
    const shape = env.facts[list]?.shape;
    if (shape?.type !== 'list') throw new Error(`${list} is not a list`);
    return this.lower(that, { ...env, item: shape.of.type === 'record' ? shape.of.fields : shape.of });
  }

  tag(tag: Extract<Condition, { tag: unknown }>['tag'], env: Env): Core {
    const key: Condition = { field: 'key', is: tag.key };
    if (tag.is !== undefined && isNone(tag.is)) return this.lower({ none: 'tags', that: key }, env);
    const value: Condition[] = [];
    if (tag.is !== undefined) value.push({ field: 'value', is: tag.is });
    if (tag.in !== undefined) value.push({ field: 'value', in: tag.in });
    if (tag.matches !== undefined) value.push({ field: 'value', matches: tag.matches });
    return this.lower({ some: 'tags', that: value.length === 0 ? key : { all: [key, ...value] } }, env);
  }

  atom(a: Atom, env: Env): Core {
    const { subject, shape, optional } = this.subject(a, env);
    if (shape.type === 'list') {
      if ('is' in a && shape.of.type !== 'record') {
        const of: ScalarListType = { type: 'list', of: shape.of };
        return { op: 'test', subject, shape: of, optional, test: { op: 'in', values: [NONE] } };
      }
      if (!('contains' in a) || shape.of.type === 'record') throw new Error('a list is compared by contains only');
      const { list, param } = this.values(a.contains, env);
      const literal = spelled(shape.of, list[0] as Literal) as string | number | boolean;
      const named = param === undefined ? {} : { param };
      if ('fact' in subject) {
        const test: CoreTest = { op: 'in', values: [literal], ...named };
        return {
          op: 'some',
          list: subject.fact,
          that: { op: 'test', subject: { item: true }, shape: shape.of, optional: false, test },
        };
      }
      const of: ScalarListType = { type: 'list', of: shape.of };
      return { op: 'test', subject, shape: of, optional, test: { op: 'contains', value: literal, ...named } };
    }
    const test = (t: CoreTest): CoreAtom => ({ op: 'test', subject, shape, optional, test: t });
    const operand = (o: Operand | readonly Operand[]) => {
      const { list, param } = this.values(o, env);
      const values = list.map((l) => spelled(shape, l));
      return { values, first: values[0] as Literal, named: param === undefined ? {} : { param } };
    };
    if ('is' in a || 'in' in a) {
      const { values, named } = operand('is' in a ? a.is : a.in);
      return test({ op: 'in', values: unique(values) as (boolean | number | string | None)[], ...named });
    }
    if ('at_least' in a) return bounded('at_least', operand(a.at_least));
    if ('at_most' in a) return bounded('at_most', operand(a.at_most));
    if ('matches' in a) {
      const { first, named } = operand(a.matches);
      return test({ op: 'matches', pattern: first as string, ...named });
    }
    if ('older_than_days' in a) {
      const { first, named } = operand(a.older_than_days);
      return test({ op: 'older_than', seconds: Number(first) * SECONDS_A_DAY, ...named });
    }
    if ('within' in a) return ranged('within', operand(a.within));
    if ('intersects' in a) return ranged('intersects', operand(a.intersects));
    throw new Error('contains compares a list');

    function bounded(op: 'at_least' | 'at_most', { first, named }: ReturnType<typeof operand>): Core {
      return test({ op, value: Number(first), ...named });
    }
    function ranged(op: 'within' | 'intersects', { values, named }: ReturnType<typeof operand>): Core {
      const ranges = values.every(isIpRange) ? coalesceIpRanges(values) : coalesceRanges(values.filter(isRange));
      return test({ op, ranges, ...named });
    }
  }

  subject(a: Atom, env: Env): Pick<FactSpec, 'optional' | 'shape'> & { subject: CoreSubject } {
    if ('item' in a) {
      if (env.item === undefined || !('type' in env.item)) throw new Error('item: outside of a list of scalars');
      return { subject: { item: true }, shape: env.item as ScalarType, optional: false };
    }
    const fields = env.item === undefined || 'type' in env.item ? {} : env.item;
    const spec = 'fact' in a ? env.facts[a.fact] : fields[a.field];
    if (spec === undefined) throw new Error(`undeclared: ${'fact' in a ? a.fact : a.field}`);
    return {
      subject: 'fact' in a ? { fact: a.fact } : { field: a.field },
      shape: spec.shape,
      optional: spec.optional,
    };
  }
}

const SECONDS_A_DAY = 86_400;

const unique = (values: readonly Literal[]): readonly Literal[] => [
  ...new Map(values.map((v) => [JSON.stringify(v), v])).values(),
];

/** The negation, pushed through double negation and quantifiers so that the form stays readable. */
export function negate(c: Core): Core {
  if (c.op === 'not') return c.of;
  if (c.op === 'every') return { op: 'some', list: c.list, that: negate(c.that) };
  if (c.op === 'some') return { op: 'every', list: c.list, that: negate(c.that) };
  return { op: 'not', of: c };
}

/** A condition without what joins only one. */
function unwrapped(c: Core): Core {
  if (c.op === 'all' || c.op === 'any') {
    const of = c.of.map(unwrapped);
    return of.length === 1 && of[0] !== undefined ? of[0] : { op: c.op, of };
  }
  if (c.op === 'not') return negate(unwrapped(c.of));
  if (c.op === 'choose') return { op: c.op, when: unwrapped(c.when), yes: unwrapped(c.yes), no: unwrapped(c.no) };
  return c.op === 'test' || c.op === 'rego' ? c : { ...c, that: unwrapped(c.that) };
}

/** The scope and the clauses as text: two policies of one form have the same verdict of everything. */
export const formOf = ({ scope, clauses }: CorePolicy): string =>
  JSON.stringify([scope === undefined ? null : unwrapped(scope), clauses.map((c) => [c.id, unwrapped(c.that)])]);

/** The core form of a policy that `typecheck` has accepted. Each override of a parameter becomes a `choose` around the whole clause. */
export function toCore(policy: Policy, kind: Kind): CorePolicy {
  const facts = factsOf(kind);
  const params = Object.entries(policy.params ?? {});
  const defaults: Params = new Map(params.map(([name, p]) => [name, p.default]));

  const expand = (c: Condition, chosen: Params, left: readonly (typeof params)[number][]): Core => {
    const lowering = new Lowering();
    const plain = lowering.lower(c, { facts, params: chosen });
    const [next, ...rest] = left.filter(([name, p]) => lowering.used.has(name) && (p.overrides?.length ?? 0) > 0);
    if (next === undefined) return plain;
    const [name, param] = next;
    // First match wins: the last override is the innermost choice.
    return (param.overrides ?? []).toReversed().reduce<Core>(
      (otherwise, { when, value }) => ({
        op: 'choose',
        when: expand(when, defaults, []),
        yes: expand(c, new Map([...chosen, [name, value]]), rest),
        no: otherwise,
      }),
      expand(c, chosen, rest),
    );
  };
  return {
    id: policy.id,
    kind: policy.kind,
    ...(policy.applies_when === undefined ? {} : { scope: expand(policy.applies_when, defaults, params) }),
    clauses: policy.require.map(({ id, that }) => ({ id, that: expand(that, defaults, params) })),
  };
}

/** Without descriptions, which the manifest of a bundle need not carry. */
function regoOf({ rego }: RegoCondition, facts: { readonly [fact: string]: FactSpec }): Core {
  const reads = rego.toSorted().map((fact): [string, RegoRead] => {
    const spec = facts[fact];
    if (spec === undefined) throw new Error(`undeclared: ${fact}`);
    const { optional, shape } = spec;
    // What is left of a shape without its descriptions is that shape.
    return [
      fact,
      {
        optional,
        shape: JSON.parse(
          JSON.stringify(shape, (k, v: unknown) => (k === 'says' ? undefined : v)),
        ) as FactSpec['shape'],
      },
    ];
  });
  return { op: 'rego', reads: Object.fromEntries(reads) };
}

/** The clauses that only policy.rego says. */
export const regoClausesOf = ({
  clauses,
}: Pick<CorePolicy, 'clauses'>): readonly (CoreClause & { readonly that: Extract<Core, { op: 'rego' }> })[] =>
  clauses.flatMap(({ id, that }) => (that.op === 'rego' ? [{ id, that }] : []));

/** Every node of a core condition, itself included, parents first. */
export function* nodesOf(c: Core): Generator<Core> {
  yield c;
  if (c.op === 'all' || c.op === 'any') for (const x of c.of) yield* nodesOf(x);
  else if (c.op === 'not') yield* nodesOf(c.of);
  else if (c.op === 'choose') for (const x of [c.when, c.yes, c.no]) yield* nodesOf(x);
  else if (c.op !== 'test' && c.op !== 'rego') yield* nodesOf(c.that);
}

/** The conditions of a policy: its scope, if it has one, and its clauses. */
export const conditionsOf = (policy: CorePolicy): readonly Core[] => [
  ...(policy.scope === undefined ? [] : [policy.scope]),
  ...policy.clauses.map((c) => c.that),
];

/** The names of the facts that a condition reads, sorted. */
export function readsOf(conditions: readonly Core[]): readonly string[] {
  const reads = new Set<string>();
  for (const c of conditions) {
    for (const node of nodesOf(c)) {
      if (node.op === 'test' && 'fact' in node.subject) reads.add(node.subject.fact);
      if (node.op === 'every' || node.op === 'some' || node.op === 'count') reads.add(node.list);
      if (node.op === 'rego') for (const fact of Object.keys(node.reads)) reads.add(fact);
    }
  }
  return [...reads].sort();
}
