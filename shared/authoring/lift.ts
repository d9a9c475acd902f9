/**
 * Lifts Rego into clauses: rules that deny (conftest's `deny` and `violation`, with any suffix) or allow, over the facts
 * of a kind, of Rego v0 or v1, read from the syntax tree that `opa parse` prints.
 *
 * What is lifted is said in the clause language, and its Rego is written anew: two-sided, so that what is missing is
 * unknown where the original said nothing. What cannot be lifted is told with its place; nothing is lifted in part.
 */
import { isObject } from '../model/json.ts';
import type { FactSpec, FieldSpec, Range } from '../model/fact.ts';
import { NONE } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal } from '../model/policy.ts';
import { factsOf } from '../policy/core.ts';

/** A term of the tree: `{type, value}`. */
interface Term {
  readonly type: string;
  readonly value: unknown;
}
interface Expr {
  readonly negated?: boolean;
  /** A term, a call (the function first), `some … in`, or `every`. */
  readonly terms: unknown;
  readonly with?: unknown;
  readonly location?: Location;
}
interface Location {
  readonly row?: number;
  readonly col?: number;
}
interface Rule {
  readonly default?: boolean;
  readonly head: {
    readonly name?: string;
    readonly ref?: readonly Term[];
    readonly args?: readonly Term[];
    readonly key?: Term;
    readonly value?: Term;
  };
  readonly body: readonly Expr[];
  readonly else?: unknown;
  readonly location?: Location;
}
/** What `opa parse --format json --json-include locations` prints. */
export interface RegoTree {
  readonly package?: { readonly path: readonly Term[] };
  readonly rules?: readonly Rule[];
}

export interface LiftedClause {
  readonly id: string;
  readonly says: string;
  readonly that: Condition;
}
export type Lift =
  | {
      readonly is: 'lifted';
      readonly clauses: readonly LiftedClause[];
      /** What the original is asked: `package/rule`. A violation is that one of them has something, or that `allow` is not true. */
      readonly decisions: readonly string[];
      readonly allows: boolean;
    }
  /** `reads`: what of `input` it looks at, as paths. */
  | { readonly is: 'not_lifted'; readonly because: readonly string[]; readonly reads: readonly string[] };

class Unliftable extends Error {
  readonly at: Location | undefined;
  constructor(message: string, at?: Location) {
    super(message);
    this.at = at;
  }
}

/** A value, symbolically. */
type Value =
  | { readonly is: 'literal'; readonly value: unknown }
  | { readonly is: 'fact'; readonly fact: string }
  | { readonly is: 'item'; readonly item: Item; readonly path: readonly string[] }
  /** The place of an item: `i` in `list[i]`. */
  | { readonly is: 'place'; readonly item: Item }
  | { readonly is: 'facts' | 'input' }
  /** Only what is built of it (a message) may use it. */
  | { readonly is: 'opaque'; readonly what: string };
/** What a quantifier ranges over. */
interface Item {
  readonly list: string;
}
type Env = Map<string, Value>;

/** One condition of a body, and the item that it is about. */
interface Lit {
  readonly item?: Item;
  readonly that: Condition;
}

const MESSAGE_CALLS = new Set(['sprintf', 'concat', 'format_int', 'json.marshal', 'plus', 'replace', 'lower', 'upper']);
const DENIES = /^(deny|violation)(_[a-z0-9_]+)?$/;
const COMPARISONS: { readonly [call: string]: 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte' } = {
  equal: 'eq',
  eq: 'eq',
  neq: 'neq',
  lt: 'lt',
  lte: 'lte',
  gt: 'gt',
  gte: 'gte',
};
const MIRRORED = { eq: 'eq', neq: 'neq', lt: 'gt', lte: 'gte', gt: 'lt', gte: 'lte' } as const;
/** How deep rules may call each other: Rego has no recursion, and no one reads more. */
const DEEPEST = 8;

/** Lifts a module into clauses over the facts of a kind. */
export function liftRego(tree: RegoTree, kind: Kind): Lift {
  const rules = tree.rules ?? [];
  const reads = readsIn(rules);
  const named = Map.groupBy(rules, nameOf);
  const denies = [...named.keys()].filter((name) => DENIES.test(name));
  const allows = named.has('allow') ? ['allow'] : [];
  const [decisions, wanted] = denies.length > 0 ? [denies, false] : [allows, true];
  if (decisions.length === 0)
    return { is: 'not_lifted', because: ['no rule is called deny, violation or allow'], reads };
  const lifting = new Lifting(named, factsOf(kind));
  const clauses: LiftedClause[] = [];
  const because: string[] = [];
  const lift = (name: string, own: readonly Rule[]): void => {
    try {
      const that = lifting.anyOf(own, new Map());
      const text = saysOf(own) ?? '';
      const says = /\p{L}{2}/u.test(text) ? text : `${name} of the imported Rego`;
      clauses.push({ id: clauseId(name, clauses.length), says, that: wanted ? that : negation(that) });
    } catch (error) {
      if (!(error instanceof Unliftable)) throw error;
      const at = error.at ?? own[0]?.location;
      because.push(`${at?.row === undefined ? '' : `line ${at.row}: `}${error.message}`);
    }
  };
  for (const name of decisions) {
    const own = (named.get(name) ?? []).filter((r) => r.default !== true);
    // Each rule that denies is a clause; what allows is one, in however many ways.
    if (wanted) lift(name, own);
    else for (const rule of own) lift(name, [rule]);
  }
  if (because.length > 0) return { is: 'not_lifted', because, reads };
  const pack = (tree.package?.path ?? []).slice(1).map((t) => String(t.value));
  return { is: 'lifted', clauses, decisions: decisions.map((name) => [...pack, name].join('/')), allows: wanted };
}

/** What a rule is called; empty where its name is computed. */
export const nameOf = ({ head }: Rule): string => {
  const name = head.ref?.[0]?.value ?? head.name;
  return typeof name === 'string' ? name : '';
};
const clauseId = (name: string, n: number): string =>
  `${name.replaceAll('_', '-')}${n === 0 ? '' : `-${n + 1}`}`.toLowerCase();

/** The text of a rule's message, where it is a plain one. */
function saysOf(rules: readonly Rule[]): string | undefined {
  for (const { head, body } of rules) {
    const key = head.key;
    if (key?.type === 'string') return String(key.value);
    for (const { terms } of body) {
      if (!Array.isArray(terms) || terms.length !== 3 || !isAssignment(terms[0] as Term)) continue;
      const [, to, text] = terms as readonly Term[];
      if (to?.type === 'var' && to.value === key?.value && text?.type === 'string') return String(text.value);
      const call = text?.type === 'call' ? (text.value as readonly Term[]) : [];
      if (callName(call[0]) === 'sprintf' && call[1]?.type === 'string')
        return String(call[1].value)
          .replaceAll(/%\[?\d*\]?[a-z]/g, '…')
          .trim();
    }
  }
  return undefined;
}

const isAssignment = (t: Term): boolean => ['assign', 'eq'].includes(callName(t));
const callName = (t: unknown): string =>
  isObject(t) && t['type'] === 'ref' && Array.isArray(t['value'])
    ? (t['value'] as readonly Term[]).map((p) => String(p.value)).join('.')
    : '';

function negation(c: Condition): Condition {
  return 'not' in c ? c.not : { not: c };
}
const all = (of: readonly Condition[]): Condition => (of.length === 1 ? (of[0] as Condition) : { all: of });
const any = (of: readonly Condition[]): Condition => (of.length === 1 ? (of[0] as Condition) : { any: of });

class Lifting {
  readonly rules: ReadonlyMap<string, readonly Rule[]>;
  readonly facts: { readonly [fact: string]: FactSpec };
  #depth = 0;
  constructor(rules: ReadonlyMap<string, readonly Rule[]>, facts: { readonly [fact: string]: FactSpec }) {
    this.rules = rules;
    this.facts = facts;
  }

  /** True where one of the rules is. */
  anyOf(rules: readonly Rule[], env: Env): Condition {
    const bodies = rules.map((rule) => {
      if (rule.else !== undefined) throw new Unliftable('else', rule.location);
      return this.body(rule.body, new Map(env));
    });
    if (bodies.length === 0) throw new Unliftable('a rule that is never true');
    return any(bodies);
  }

  /** A body: what is about no item, and for each item what is about it. */
  body(exprs: readonly Expr[], env: Env): Condition {
    const lits: Lit[] = [];
    const items = new Set<Item>();
    for (const expr of exprs) {
      try {
        for (const lit of this.expr(expr, env, items)) lits.push(lit);
      } catch (error) {
        if (error instanceof Unliftable && error.at === undefined && expr.location !== undefined)
          throw new Unliftable(error.message, expr.location);
        throw error;
      }
    }
    const conditions = lits.filter((l) => l.item === undefined).map((l) => l.that);
    for (const item of items) {
      const own = lits.filter((l) => l.item === item).map((l) => l.that);
      if (own.length === 0) throw new Unliftable(`an item of ${item.list}, whatever it is`);
      conditions.push({ some: item.list, that: all(joinedRanges(own)) });
    }
    if (conditions.length === 0) throw new Unliftable('a rule that is always true');
    return all(conditions);
  }

  expr({ negated, terms, with: modifiers }: Expr, env: Env, items: Set<Item>): readonly Lit[] {
    if (Array.isArray(modifiers) && modifiers.length > 0) throw new Unliftable('with');
    if (negated === true) {
      // Whatever it binds is its own: there is none that is so.
      const own = new Set<Item>();
      const inner = this.terms(terms, new Map(env), own);
      const outside = inner.filter((l) => l.item === undefined || !own.has(l.item));
      const [item, ...others] = new Set(outside.flatMap((l) => (l.item === undefined ? [] : [l.item])));
      if (others.length > 0) throw new Unliftable('not of items of several lists');
      if (own.size > 0 && outside.length < inner.length) {
        if (outside.length > 0 || own.size > 1) throw new Unliftable('not of several lists');
        const [list] = own;
        if (list === undefined) throw new Unliftable('not');
        return [{ that: { none: list.list, that: all(joinedRanges(inner.map((l) => l.that))) } }];
      }
      if (inner.length === 0) throw new Unliftable('not of what is always true');
      const that = negation(all(joinedRanges(inner.map((l) => l.that))));
      return [item === undefined ? { that } : { item, that }];
    }
    return this.terms(terms, env, items);
  }

  terms(terms: unknown, env: Env, items: Set<Item>): readonly Lit[] {
    if (Array.isArray(terms)) return this.call(terms as readonly Term[], env, items);
    if (isObject(terms) && Array.isArray(terms['symbols']))
      return (terms['symbols'] as readonly Term[]).flatMap((s) => this.someIn(s, env, items));
    if (isObject(terms) && 'domain' in terms) return [this.every(terms, env, items)];
    const term = terms as Term;
    if (term.type === 'call') return this.call(term.value as readonly Term[], env, items);
    if (term.type === 'var' && this.rules.has(String(term.value)) && !env.has(String(term.value)))
      return this.rule(String(term.value), []);
    if (term.type === 'ref') {
      const [root, ...rest] = term.value as readonly Term[];
      if (root?.type === 'var' && rest.length === 0 && this.rules.has(String(root.value)))
        return this.rule(String(root.value), []);
    }
    return this.truthy(this.value(term, env, items));
  }

  /** A value that stands by itself is true unless it is false or missing. */
  truthy(v: Value): readonly Lit[] {
    if (v.is === 'literal') {
      if (v.value === false) throw new Unliftable('a rule that is never true');
      return [];
    }
    const { spec, subject, item } = this.subject(v);
    if (spec.shape.type !== 'bool') throw new Unliftable('a value by itself that is neither true nor false');
    // `none` is no false: the original takes it for true.
    const that: Condition = spec.optional ? { not: { ...subject, is: false } } : { ...subject, is: true };
    return [item === undefined ? { that } : { item, that }];
  }

  someIn(symbol: Term, env: Env, items: Set<Item>): readonly Lit[] {
    if (symbol.type !== 'call') return []; // `some i` only declares
    const [fn, ...args] = symbol.value as readonly Term[];
    const name = callName(fn);
    const [key, element, list] =
      name === 'internal.member_3' ? args : name === 'internal.member_2' ? [undefined, args[0], args[1]] : [];
    if (element === undefined || list === undefined) throw new Unliftable(`some with ${name}`);
    const value = this.itemOf(this.value(list, env, items), items);
    if (key?.type === 'var') env.set(String(key.value), placeOf(value));
    if (element.type !== 'var') throw new Unliftable('some with a pattern');
    env.set(String(element.value), value);
    return [];
  }

  itemOf(list: Value, items: Set<Item>): Extract<Value, { is: 'item' }> {
    if (list.is !== 'fact' || this.facts[list.fact]?.shape.type !== 'list')
      throw new Unliftable('a walk over something that is no list of facts');
    const item: Item = { list: list.fact };
    items.add(item);
    return { is: 'item', item, path: [] };
  }

  /** `every` over a list: a condition of its own. */
  every(terms: { readonly [k: string]: unknown }, env: Env, items: Set<Item>): Lit {
    const domain = this.value(terms['domain'] as Term, env, items);
    const own = new Set<Item>();
    const value = this.itemOf(domain, own);
    const inner = new Map(env);
    const { value: variable, key } = terms as { readonly value: Term; readonly key?: Term | null };
    inner.set(String(variable.value), value);
    if (key?.type === 'var') inner.set(String(key.value), placeOf(value));
    const lits = (terms['body'] as readonly Expr[]).flatMap((e) => this.expr(e, inner, own));
    if (own.size !== 1 || lits.length === 0 || lits.some((l) => l.item !== value.item))
      throw new Unliftable('every over what is not about its own items');
    return { that: { every: value.item.list, that: all(joinedRanges(lits.map((l) => l.that))) } };
  }

  rule(name: string, args: readonly Value[]): readonly Lit[] {
    const rules = (this.rules.get(name) ?? []).filter((r) => r.default !== true);
    if (++this.#depth > DEEPEST) throw new Unliftable('rules that call each other too deeply');
    try {
      const bodies = rules.map((rule) => {
        if (rule.else !== undefined) throw new Unliftable('else', rule.location);
        const { value, args: parameters = [] } = rule.head;
        if (value !== undefined && !(value.type === 'boolean' && value.value === true))
          throw new Unliftable(`${name} gives something other than true`, rule.location);
        const given: Env = new Map();
        for (const [i, p] of parameters.entries()) {
          const arg = args[i];
          if (p.type !== 'var' || arg === undefined) throw new Unliftable(`${name} with a pattern`, rule.location);
          given.set(String(p.value), arg);
        }
        // What is about an item of the caller stays about it.
        const own = new Set<Item>();
        const inner = new Map(given);
        const lits = rule.body.flatMap((e) => this.expr(e, inner, own));
        if (own.size > 0) {
          if (lits.some((l) => l.item !== undefined && !own.has(l.item)))
            throw new Unliftable(`${name} is about items of two lists`, rule.location);
          return [{ that: this.body(rule.body, given) }];
        }
        return lits;
      });
      if (bodies.length === 1) return bodies[0] ?? [];
      const about = new Set(bodies.flat().flatMap((l) => (l.item === undefined ? [] : [l.item])));
      if (about.size > 1 || bodies.some((b) => b.length === 0))
        throw new Unliftable(`the ways in which ${name} is true are about different things`);
      const [item] = about;
      const that = any(bodies.map((b) => all(joinedRanges(b.map((l) => l.that)))));
      return [item === undefined ? { that } : { item, that }];
    } finally {
      this.#depth--;
    }
  }

  call(terms: readonly Term[], env: Env, items: Set<Item>): readonly Lit[] {
    const [fn, ...args] = terms;
    const name = callName(fn);
    const [a, b] = args;
    if (name === 'assign' || (name === 'eq' && a?.type === 'var' && !env.has(String(a.value)))) {
      if (a?.type !== 'var' || b === undefined) throw new Unliftable('an assignment to a pattern');
      env.set(String(a.value), this.value(b, env, items));
      return [];
    }
    const comparison = COMPARISONS[name];
    if (comparison !== undefined && a !== undefined && b !== undefined) {
      const [left, right] = [this.value(a, env, items), this.value(b, env, items)];
      if (right.is === 'literal') return this.compare(left, comparison, right.value);
      if (left.is === 'literal') return this.compare(right, MIRRORED[comparison], left.value);
      throw new Unliftable('a comparison of two values that are both of the resource');
    }
    if (name === 'internal.member_2' && a !== undefined && b !== undefined) {
      const [element, collection] = [this.value(a, env, items), this.value(b, env, items)];
      if (collection.is === 'literal' && Array.isArray(collection.value)) {
        const { subject, item, spec } = this.subject(element);
        const values = collection.value.map((v) => literalOf(v, spec));
        return [lit(item, { ...subject, in: values })];
      }
      if (element.is === 'literal') {
        const { subject, item } = this.subject(collection);
        return [lit(item, { ...subject, contains: element.value as Literal })];
      }
      throw new Unliftable('membership of two values that are both of the resource');
    }
    const pattern = {
      startswith: (s: string) => `${s}*`,
      endswith: (s: string) => `*${s}`,
      contains: (s: string) => `*${s}*`,
    }[name as 'startswith'];
    if (pattern !== undefined && a !== undefined && b !== undefined) {
      const { subject, item, spec } = this.subject(this.value(a, env, items));
      const text = this.value(b, env, items);
      if (text.is !== 'literal' || typeof text.value !== 'string' || text.value.includes('*'))
        throw new Unliftable(`${name} of something other than a plain text`);
      if (spec.shape.type !== 'string') throw new Unliftable(`${name} of what is no text`);
      return [lit(item, { ...subject, matches: pattern(text.value) })];
    }
    if (this.rules.has(name))
      return this.rule(
        name,
        args.map((t) => this.value(t, env, items)),
      );
    throw new Unliftable(`the call of ${name || 'something'}`);
  }

  compare(v: Value, op: keyof typeof MIRRORED, value: unknown): readonly Lit[] {
    const { subject, item, spec, end } = this.subject(v);
    // One end of a range travels among the conditions until the other end joins it.
    if (end !== undefined) return [lit(item, { [RANGE_END]: { end, op, value }, ...subject } as unknown as Condition)];
    if (op === 'eq') return [lit(item, { ...subject, is: literalOf(value, spec) })];
    if (op === 'neq') return [lit(item, { not: { ...subject, is: literalOf(value, spec) } })];
    if (spec.shape.type !== 'int' || typeof value !== 'number' || !Number.isInteger(value))
      throw new Unliftable('an order of what are no whole numbers');
    // `none` is an object, which Rego orders above every number; the clause says no. Only where it cannot be is it the same.
    if (spec.optional) throw new Unliftable('an order of a number that may be none');
    const bound: Condition = {
      gte: { ...subject, at_least: value },
      gt: { ...subject, at_least: value + 1 },
      lte: { ...subject, at_most: value },
      lt: { ...subject, at_most: value - 1 },
    }[op];
    return [lit(item, bound)];
  }

  /** What an atom speaks of. `end`: of a range, its first or last number. */
  subject(v: Value): {
    readonly subject: { readonly fact: string } | { readonly field: string } | { readonly item: true };
    readonly item?: Item;
    readonly spec: Pick<FieldSpec, 'optional'> & { readonly shape: FactSpec['shape'] };
    readonly end?: 'from' | 'to';
  } {
    if (v.is === 'fact') {
      const spec = this.facts[v.fact];
      if (spec === undefined) throw new Unliftable(`there is no fact ${v.fact}`);
      return { subject: { fact: v.fact }, spec };
    }
    if (v.is !== 'item') throw new Unliftable('a value that is no fact');
    const shape = this.facts[v.item.list]?.shape;
    const of = shape?.type === 'list' ? shape.of : undefined;
    const [field, end, ...more] = v.path;
    if (of === undefined || more.length > 0) throw new Unliftable('a value inside of a value');
    if (of.type !== 'record') {
      if (field !== undefined) throw new Unliftable('a field of what has none');
      return { subject: { item: true }, item: v.item, spec: { shape: of, optional: false } };
    }
    const spec = field === undefined ? undefined : of.fields[field];
    if (field === undefined || spec === undefined)
      throw new Unliftable(`the items of ${v.item.list} have no field ${field ?? '(whole)'}`);
    const subject = { field };
    if (end === undefined) return { subject, item: v.item, spec };
    if (spec.shape.type !== 'range' || (end !== 'from' && end !== 'to'))
      throw new Unliftable('a value inside of a value');
    return { subject, item: v.item, spec, end };
  }

  value(term: Term, env: Env, items: Set<Item>): Value {
    switch (term.type) {
      case 'string':
      case 'number':
      case 'boolean':
      case 'null':
        return { is: 'literal', value: term.value };
      case 'set':
      case 'array': {
        const members = (term.value as readonly Term[]).map((t) => this.value(t, env, items));
        return members.every((m) => m.is === 'literal')
          ? { is: 'literal', value: members.map((m) => m.value) }
          : { is: 'opaque', what: 'a collection' };
      }
      case 'object': {
        const pairs = (term.value as readonly (readonly [Term, Term])[]).map(
          ([k, v]) => [this.value(k, env, items), this.value(v, env, items)] as const,
        );
        return pairs.every(([k, v]) => k.is === 'literal' && v.is === 'literal')
          ? {
              is: 'literal',
              value: Object.fromEntries(
                pairs.map(([k, v]) => [String((k as { value: unknown }).value), (v as { value: unknown }).value]),
              ),
            }
          : { is: 'opaque', what: 'an object' };
      }
      case 'var':
        return this.variable(String(term.value), env);
      case 'ref':
        return this.ref(term.value as readonly Term[], env, items);
      case 'call': {
        const name = callName((term.value as readonly Term[])[0]);
        if (MESSAGE_CALLS.has(name)) return { is: 'opaque', what: name };
        throw new Unliftable(`the call of ${name}`);
      }
      default:
        throw new Unliftable(`a ${term.type}`);
    }
  }

  variable(name: string, env: Env): Value {
    const bound = env.get(name);
    if (bound !== undefined) return bound;
    if (name === 'input') return { is: 'input' };
    const constant = this.rules.get(name);
    const [only] = constant ?? [];
    if (constant?.length === 1 && only?.head.value !== undefined && isAlways(only.body)) {
      const value = this.value(only.head.value, new Map(), new Set());
      if (value.is === 'literal') return value;
    }
    throw new Unliftable(constant === undefined ? `the variable ${name}` : `${name} is no constant`);
  }

  ref(path: readonly Term[], env: Env, items: Set<Item>): Value {
    const [root, ...rest] = path;
    let at: Value = this.variable(String(root?.value), env);
    for (const segment of rest) {
      const key = segment.type === 'string' ? String(segment.value) : undefined;
      if (at.is === 'input' && key === 'facts') at = { is: 'facts' };
      else if (at.is === 'input') throw new Unliftable(`it reads input.${key ?? '…'}: a native document, and no facts`);
      else if (at.is === 'facts' && key !== undefined) {
        if (this.facts[key] === undefined) throw new Unliftable(`there is no fact ${key}`);
        at = { is: 'fact', fact: key };
      } else if (at.is === 'fact' && segment.type === 'var') {
        // `list[_]`, or `list[i]`: each item; with an index that is bound already, the same one again.
        const place = env.get(String(segment.value));
        if (place === undefined) {
          at = this.itemOf(at, items);
          env.set(String(segment.value), placeOf(at));
        } else if (place.is === 'place' && place.item.list === at.fact) at = { is: 'item', item: place.item, path: [] };
        else throw new Unliftable('the same place in two lists');
      } else if (at.is === 'item' && key !== undefined) at = { ...at, path: [...at.path, key] };
      else throw new Unliftable(`the path to ${key ?? 'something computed'}`);
    }
    return at;
  }
}

const isAlways = (body: readonly Expr[]): boolean =>
  body.length === 0 ||
  (body.length === 1 &&
    isObject(body[0]?.terms) &&
    body[0].terms['type'] === 'boolean' &&
    body[0].terms['value'] === true);

const placeOf = (v: Value): Value =>
  v.is === 'item' ? { is: 'place', item: v.item } : { is: 'opaque', what: 'a place' };
const lit = (item: Item | undefined, that: Condition): Lit => (item === undefined ? { that } : { item, that });

function literalOf(
  value: unknown,
  { shape, optional }: { readonly shape: FactSpec['shape']; readonly optional: boolean },
): Literal {
  if (isObject(value) && value['none'] === true) {
    if (!optional) throw new Unliftable('none, of what is never none');
    return NONE;
  }
  if (shape.type === 'enum' && !(typeof value === 'string' && shape.values.includes(value)))
    throw new Unliftable(`${JSON.stringify(value)} is not one of ${shape.values.join(', ')}`);
  const types: { readonly [type: string]: string } = {
    bool: 'boolean',
    enum: 'string',
    string: 'string',
    int: 'number',
  };
  if (shape.type === 'string' && shape.fold && typeof value === 'string' && value !== value.toLowerCase())
    throw new Unliftable(`${JSON.stringify(value)}, compared with a text whose letters are all small`);
  if (types[shape.type] !== typeof value) throw new Unliftable(`${JSON.stringify(value)}, compared with ${shape.type}`);
  return value as Literal;
}

/** A comparison of one end of a range: no condition by itself, only with the other end. It leaves no body unjoined. */
const RANGE_END = 'range end';
interface End {
  readonly end: 'from' | 'to';
  readonly op: string;
  readonly value: unknown;
}

/** `from <= b` and `to >= a`, with a <= b: the range has something in common with a-b. `from >= a` and `to <= b`: it lies within. */
function joinedRanges(conditions: readonly Condition[]): readonly Condition[] {
  const isEnd = (c: Condition): boolean => RANGE_END in c;
  const ends = conditions.filter(isEnd).map((c) => ({
    // One end of a range travels among the conditions until the other end joins it.
    field: (c as unknown as { readonly field: string }).field,
    // The same end, what it is compared with.
    ...(c as unknown as { readonly [RANGE_END]: End })[RANGE_END],
  }));
  const others = conditions.filter((c) => !isEnd(c));
  for (const [field, own] of Map.groupBy(ends, (e) => e.field)) {
    const bound = (end: 'from' | 'to', ops: { readonly [op: string]: number }): number | undefined => {
      const found = own.find((e) => e.end === end && Object.hasOwn(ops, e.op));
      return found !== undefined && Number.isInteger(found.value)
        ? (found.value as number) + (ops[found.op] as number)
        : undefined;
    };
    if (own.length !== 2) throw new Unliftable(`one end of ${field} without the other`);
    const touching = { last: bound('from', { lte: 0, lt: -1 }), first: bound('to', { gte: 0, gt: 1 }) };
    const inside = { first: bound('from', { gte: 0, gt: 1 }), last: bound('to', { lte: 0, lt: -1 }) };
    const range = (r: { first: number | undefined; last: number | undefined }): Range | undefined =>
      r.first !== undefined && r.last !== undefined && r.first <= r.last ? { from: r.first, to: r.last } : undefined;
    const [common, wholly] = [range(touching), range(inside)];
    if (common !== undefined) others.push({ field, intersects: common });
    else if (wholly !== undefined) others.push({ field, within: wholly });
    else throw new Unliftable(`the ends of ${field} in a way that is neither "within" nor "has in common"`);
  }
  return others;
}

/** What of `input` a module looks at: the paths of its references, sorted. */
export function readsIn(rules: readonly unknown[]): readonly string[] {
  const reads = new Set<string>();
  const walk = (v: unknown): void => {
    if (Array.isArray(v)) return v.forEach(walk);
    if (!isObject(v)) return;
    if (v['type'] === 'ref' && Array.isArray(v['value'])) {
      const [root, ...rest] = v['value'] as readonly Term[];
      if (root?.value === 'input')
        reads.add(['input', ...rest.map((t) => (t.type === 'string' ? String(t.value) : '*'))].join('.'));
    }
    Object.values(v).forEach(walk);
  };
  walk(rules);
  return [...reads].sort();
}
