/**
 * The expression language of ARM templates: `[concat(parameters('prefix'), 'store')]`. A small parser and an evaluator
 * over what a template says; what only Azure can say at deployment (references, unique strings, subscription and group)
 * stays unresolved, as text with holes, so that two names made of the same unknown are still the same name.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions (read 2026-11-25)
 */
import { canonicalJson, isObject } from '../../model/json.ts';
import { type Body, Unresolved } from '../../model/native.ts';

/** A parsed expression. */
export type Expression =
  | { readonly is: 'literal'; readonly value: string | number }
  | { readonly is: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly is: 'property'; readonly of: Expression; readonly name: Expression };

const MAX_LENGTH = 24_576; // ARM's own limit of an expression
const MAX_DEPTH = 64;

class SyntaxProblem extends Error {}

/** A recursive-descent parser; throws `SyntaxProblem`. */
class Parser {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  parse(): Expression {
    const expression = this.#expression(0);
    this.#space();
    if (this.#at < this.#text.length) throw new SyntaxProblem(`unexpected text at ${this.#at}`);
    return expression;
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1;
  }

  #take(char: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    this.#space();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #expression(depth: number): Expression {
    if (depth > MAX_DEPTH) throw new SyntaxProblem('nested too deeply');
    let value = this.#primary(depth);
    for (;;) {
      if (this.#take('.')) {
        const name = this.#match(/[A-Za-z_][\w-]*/y);
        if (name === undefined) throw new SyntaxProblem(`expected a property name at ${this.#at}`);
        value = { is: 'property', of: value, name: { is: 'literal', value: name } };
      } else if (this.#take('[')) {
        const name = this.#expression(depth + 1);
        if (!this.#take(']')) throw new SyntaxProblem(`expected ] at ${this.#at}`);
        value = { is: 'property', of: value, name };
      } else return value;
    }
  }

  #primary(depth: number): Expression {
    const quoted = this.#match(/'(?:[^']|'')*'/y);
    if (quoted !== undefined) return { is: 'literal', value: quoted.slice(1, -1).replaceAll("''", "'") };
    const number = this.#match(/[+-]?\d+/y);
    if (number !== undefined) return { is: 'literal', value: Number(number) };
    const name = this.#match(/[A-Za-z_][\w.]*/y);
    if (name === undefined) throw new SyntaxProblem(`expected a value at ${this.#at}`);
    if (!this.#take('(')) throw new SyntaxProblem(`expected ( after ${name}`);
    const args: Expression[] = [];
    if (this.#take(')')) return { is: 'call', name, args };
    do args.push(this.#expression(depth + 1));
    while (this.#take(','));
    if (!this.#take(')')) throw new SyntaxProblem(`expected ) at ${this.#at}`);
    return { is: 'call', name, args };
  }
}

/**
 * The expression in a template string; undefined if the string is a literal. `[[` is an escaped bracket.
 * An expression that cannot be parsed is returned as `invalid`.
 */
export function parseTemplateString(text: string): Expression | 'invalid' | undefined {
  if (!text.startsWith('[') || text.startsWith('[[') || !text.endsWith(']')) return undefined;
  if (text.length > MAX_LENGTH) return 'invalid';
  try {
    return new Parser(text.slice(1, -1)).parse();
  } catch (error) {
    if (error instanceof SyntaxProblem || error instanceof RangeError) return 'invalid';
    throw error;
  }
}

/** What a template string that is a literal says: an escaped bracket loses its escape. */
export const literalOf = (text: string): string => (text.startsWith('[[') ? text.slice(1) : text);

/** Where an expression stands: what its names mean. Each answers `Unresolved` for what it cannot say. */
export interface Scope {
  parameter(name: string): Body;
  variable(name: string): Body;
  /** The iteration of a copy loop (the innermost, where no name is given). */
  copyIndex(name: string | undefined): number | undefined;
  /** The id, as this document calls it, of a resource by its symbolic name. */
  symbol(name: string): string | undefined;
  /** What is known of a nested deployment (`{outputs: {name: {value}}}`) by its id or name, where its template is here. */
  deployment?(id: string): Body | undefined;
  /** Values that the caller knows: `subscription().subscriptionId`, `resourceGroup().location` … */
  readonly subscription?: Body;
  readonly resourceGroup?: Body;
}

const MAX_TEXT = 131_072; // ARM's own limit of a string
const MAX_NODES = 100_000;
const MAX_HOLE = 1024;

/** How many values a value holds, counted once each time it is reached; remembered per object. */
const sizes = new WeakMap<object, number>();
function sizeOf(value: Body): number {
  if (typeof value === 'string') return 1 + value.length / 64;
  if (value === null || typeof value !== 'object' || value instanceof Unresolved) return 1;
  const before = sizes.get(value);
  if (before !== undefined) return before;
  let size = 1;
  for (const inner of Object.values(value as { readonly [key: string]: Body })) size += sizeOf(inner);
  sizes.set(value, size);
  return size;
}

/** A value, unless it has grown beyond what any template needs (values made of values double quickly). */
export const bounded = (value: Body): Body =>
  (typeof value === 'string' ? value.length > MAX_TEXT : sizeOf(value) > MAX_NODES)
    ? new Unresolved(hole('too large'))
    : value;

/** The text of a hole: no slash, so that it stays one segment of an id or a name. */
const hole = (inner: string): string => `{${inner.replaceAll('/', '|').replaceAll(/[{}]/g, '')}}`;
const textOf = (value: Body): string => {
  if (value instanceof Unresolved) return value.detail;
  return typeof value === 'string' ? value : typeof value === 'object' ? canonicalJson(value) : String(value);
};
/** Unresolved, standing for a call whose result only Azure knows. */
const pending = (name: string, args: readonly Body[]): Unresolved =>
  new Unresolved(hole(`${name}(${args.map(textOf).join(',')})`.slice(0, MAX_HOLE)), refsOf(args));
const refsOf = (args: readonly Body[]): readonly string[] => [
  ...new Set(args.flatMap((a) => (a instanceof Unresolved ? a.refs : []))),
];

/** A text made of parts: a string if all are known, else unresolved text with holes. */
function joined(parts: readonly Body[], join: (texts: readonly string[]) => string): Body {
  const texts = parts.map(textOf);
  if (texts.reduce((n, t) => n + t.length, 0) > MAX_TEXT) return new Unresolved(hole('too large'), refsOf(parts));
  const text = join(texts);
  if (text.length > MAX_TEXT) return new Unresolved(hole('too large'), refsOf(parts));
  return parts.some((p) => p instanceof Unresolved) ? new Unresolved(text, refsOf(parts)) : text;
}

/** A function over arguments that are all resolved; `undefined`: they are not of its types. */
type Pure = (...args: readonly Exclude<Body, Unresolved>[]) => Body | undefined;

const isList = (v: Body): v is readonly Body[] => Array.isArray(v);
const isMap = (v: Body): v is { readonly [key: string]: Body } => isObject(v);
const numbers =
  (f: (a: number, b: number) => number): Pure =>
  (a, b) =>
    typeof a === 'number' && typeof b === 'number' ? f(a, b) : undefined;
const compare =
  (f: (order: number) => boolean): Pure =>
  (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return f(a - b);
    if (typeof a === 'string' && typeof b === 'string') return f(a < b ? -1 : a > b ? 1 : 0);
    return undefined;
  };
const text =
  (f: (a: string) => Body): Pure =>
  (a) =>
    typeof a === 'string' ? f(a) : undefined;
const sameText = (a: Body): string => canonicalJson(a);
/** Strings are compared with case by `equals`, without by `contains` of keys and by `startsWith`. */
const folded = (a: string): string => a.toLowerCase();
const escaped = (a: string): RegExp => new RegExp(a.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g');
const bool = (v: Body): boolean | undefined => {
  if (typeof v === 'boolean') return v;
  if (typeof v === 'number') return v !== 0;
  if (typeof v === 'string') return folded(v) === 'true' ? true : folded(v) === 'false' ? false : undefined;
  return undefined;
};
const base64 = (a: string): string => Buffer.from(a, 'utf8').toString('base64');
const fromBase64 = (a: string): string => Buffer.from(a, 'base64').toString('utf8');
const parseJson = (a: string): Body | undefined => {
  try {
    return JSON.parse(a) as Body;
  } catch {
    return undefined;
  }
};
const MAX_RANGE = 10_000; // ARM's own limit

/** The functions that need nothing but their arguments, by lower-case name. */
const PURE: { readonly [name: string]: Pure } = {
  add: numbers((a, b) => a + b),
  sub: numbers((a, b) => a - b),
  mul: numbers((a, b) => a * b),
  div: (a, b) => (typeof a === 'number' && typeof b === 'number' && b !== 0 ? Math.trunc(a / b) : undefined),
  mod: (a, b) => (typeof a === 'number' && typeof b === 'number' && b !== 0 ? a % b : undefined),
  less: compare((o) => o < 0),
  lessorequals: compare((o) => o <= 0),
  greater: compare((o) => o > 0),
  greaterorequals: compare((o) => o >= 0),
  equals: (a, b) => (a === undefined || b === undefined ? undefined : sameText(a) === sameText(b)),
  not: (a) => (typeof a === 'boolean' ? !a : undefined),
  tolower: text((a) => a.toLowerCase()),
  toupper: text((a) => a.toUpperCase()),
  trim: text((a) => a.trim()),
  uri: (a, b) =>
    typeof a === 'string' && typeof b === 'string' ? a.replace(/\/?$/, '/') + b.replace(/^\//, '') : undefined,
  uricomponent: text(encodeURIComponent),
  base64: text(base64),
  base64tostring: text(fromBase64),
  json: (a) => (typeof a === 'string' ? parseJson(a) : undefined),
  string: (a) => (a === undefined ? undefined : typeof a === 'string' ? a : canonicalJson(a)),
  int: (a) =>
    typeof a === 'number' ? Math.trunc(a) : typeof a === 'string' && /^[+-]?\d{1,15}$/.test(a) ? Number(a) : undefined,
  float: (a) =>
    typeof a === 'number'
      ? a
      : typeof a === 'string' && a.trim() !== '' && Number.isFinite(Number(a))
        ? Number(a)
        : undefined,
  bool: (a) => (a === undefined ? undefined : bool(a)),
  null: () => null,
  true: () => true,
  false: () => false,
  createarray: (...args) => [...args],
  createobject: (...args) => {
    const made: Record<string, Body> = {};
    for (let i = 0; i + 1 < args.length; i += 2) {
      const [key, value] = [args[i], args[i + 1]];
      if (typeof key !== 'string' || key === '__proto__' || value === undefined) return undefined;
      made[key] = value;
    }
    return made;
  },
  array: (a) => (a === undefined ? undefined : isList(a) ? a : [a]),
  length: (a) => {
    if (a === undefined) return undefined;
    return typeof a === 'string' || isList(a) ? a.length : isMap(a) ? Object.keys(a).length : undefined;
  },
  empty: (a) => {
    if (a === undefined) return undefined;
    if (a === null || a === '') return true;
    if (typeof a === 'string') return false;
    return isList(a) ? a.length === 0 : isMap(a) ? Object.keys(a).length === 0 : undefined;
  },
  contains: (a, b) => {
    if (a === undefined || b === undefined) return undefined;
    if (typeof a === 'string')
      return typeof b === 'string' || typeof b === 'number' ? a.includes(String(b)) : undefined;
    if (isList(a)) return a.some((v) => sameText(v) === sameText(b));
    return isMap(a) && typeof b === 'string' ? Object.keys(a).some((k) => folded(k) === folded(b)) : undefined;
  },
  first: (a) => {
    if (typeof a === 'string') return a.slice(0, 1);
    return a !== undefined && isList(a) ? (a[0] ?? null) : undefined;
  },
  last: (a) => {
    if (typeof a === 'string') return a.slice(-1);
    return a !== undefined && isList(a) ? (a.at(-1) ?? null) : undefined;
  },
  skip: (a, n) =>
    typeof n !== 'number' || a === undefined
      ? undefined
      : typeof a === 'string' || isList(a)
        ? a.slice(Math.max(0, n))
        : undefined,
  take: (a, n) =>
    typeof n !== 'number' || a === undefined
      ? undefined
      : typeof a === 'string' || isList(a)
        ? a.slice(0, Math.max(0, n))
        : undefined,
  substring: (a, from, length) =>
    typeof a === 'string' && typeof from === 'number'
      ? a.slice(from, typeof length === 'number' ? from + length : undefined)
      : undefined,
  split: (a, by) => {
    if (typeof a !== 'string') return undefined;
    const delimiters = by !== undefined && isList(by) ? by : by === undefined ? [] : [by];
    if (!delimiters.every((d) => typeof d === 'string' && d !== '')) return undefined;
    return delimiters.reduce<string[]>((parts, d) => parts.flatMap((p) => p.split(d as string)), [a]);
  },
  join: (a, by) =>
    a !== undefined && isList(a) && typeof by === 'string' && a.every((v) => !(v instanceof Unresolved))
      ? a.map(textOf).join(by)
      : undefined,
  replace: (a, from, to) =>
    typeof a === 'string' &&
    typeof from === 'string' &&
    typeof to === 'string' &&
    from !== '' &&
    (a.length / from.length) * to.length <= MAX_TEXT * 16
      ? a.replaceAll(escaped(from), () => to)
      : undefined,
  startswith: (a, b) => (typeof a === 'string' && typeof b === 'string' ? folded(a).startsWith(folded(b)) : undefined),
  endswith: (a, b) => (typeof a === 'string' && typeof b === 'string' ? folded(a).endsWith(folded(b)) : undefined),
  indexof: (a, b) => (typeof a === 'string' && typeof b === 'string' ? folded(a).indexOf(folded(b)) : undefined),
  lastindexof: (a, b) =>
    typeof a === 'string' && typeof b === 'string' ? folded(a).lastIndexOf(folded(b)) : undefined,
  padleft: (a, n, c) =>
    (typeof a === 'string' || typeof a === 'number') && typeof n === 'number' && n <= MAX_RANGE
      ? String(a).padStart(n, typeof c === 'string' ? c : ' ')
      : undefined,
  range: (from, count) =>
    typeof from === 'number' && typeof count === 'number' && count >= 0 && count <= MAX_RANGE
      ? Array.from({ length: count }, (_, i) => from + i)
      : undefined,
  min: (...args) => extreme(args, Math.min),
  max: (...args) => extreme(args, Math.max),
  items: (a) =>
    a !== undefined && isMap(a)
      ? Object.entries(a)
          .sort(([x], [y]) => (x < y ? -1 : 1))
          .map(([key, value]) => ({ key, value }))
      : undefined,
  union: (...args) => {
    if (args.every(isMap)) return args.reduce<Body>((all, a) => merged(all, a), {});
    if (!args.every(isList)) return undefined;
    const seen = new Map(args.flat().map((v) => [v instanceof Unresolved ? v : sameText(v), v]));
    return [...seen.values()];
  },
  intersection: (...args) => {
    const [head, ...rest] = args;
    if (head === undefined || !isList(head) || !rest.every(isList)) return undefined;
    return head.filter((v) => rest.every((list) => list.some((w) => sameText(w) === sameText(v))));
  },
  shallowmerge: (a) => (a !== undefined && isList(a) && a.every(isMap) ? (Object.assign({}, ...a) as Body) : undefined),
};

/** Objects merged key by key, the later wins; nested objects are merged as well. */
function merged(a: Body, b: Body): Body {
  if (!isMap(a) || !isMap(b)) return b;
  const all: Record<string, Body> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    if (key === '__proto__') continue;
    const before = Object.hasOwn(all, key) ? all[key] : undefined;
    all[key] = before === undefined ? value : merged(before, value);
  }
  return all;
}

function extreme(args: readonly Body[], pick: (...n: number[]) => number): number | undefined {
  const [only] = args;
  const list = args.length === 1 && only !== undefined && isList(only) ? only : args;
  return list.length > 0 && list.every((n) => typeof n === 'number') ? pick(...(list as number[])) : undefined;
}

/** `{0}` in a format string. */
const FORMAT = /\{(\d+)(?::[^{}]*)?\}/g;

/** The id that this document gives a resource: type and name segments by turns, lower case. */
export function idOf(type: string, names: readonly string[]): string {
  const [namespace = '', ...types] = type.split('/');
  return [namespace, ...types.flatMap((t, i) => [t, names[i] ?? '{}'])].join('/').toLowerCase();
}

const looksLikeType = (v: Body | undefined): v is string => typeof v === 'string' && /^[\w.]+\.[\w.]+\/[\w/]+$/.test(v);

/**
 * The id that a `resourceId` call means, as this document calls it. Subscription and group come before the type and are
 * left out: a template's own resources are known without them.
 */
function resourceId(name: string, args: readonly Body[]): Unresolved {
  const at = name === 'extensionresourceid' ? 1 : args.findIndex(looksLikeType);
  const type = args[at];
  if (at < 0 || typeof type !== 'string') return pending(name, args);
  const segments = type.split('/').length - 1;
  const names = args.slice(at + 1, at + 1 + segments).flatMap((n) => textOf(n).split('/'));
  const own = idOf(type, names);
  const id = name === 'extensionresourceid' ? `${idText(args[0] ?? '')}/providers/${own}` : own;
  return new Unresolved(id, [id]);
}

/** The id in a value that names a resource. */
const idText = (value: Body): string =>
  (value instanceof Unresolved ? (value.refs[0] ?? value.detail) : textOf(value)).toLowerCase();

/** Functions whose answer depends on every value inside their arguments. */
const DEEP: ReadonlySet<string> = new Set(['equals', 'contains', 'string', 'intersection', 'join', 'union']);

/** Evaluates a parsed expression. Total: what cannot be known is `Unresolved`. */
export const evaluate = (expression: Expression, scope: Scope): Body => bounded(evaluated(expression, scope));

function evaluated(expression: Expression, scope: Scope): Body {
  if (expression.is === 'literal') return expression.value;
  if (expression.is === 'property') return propertyOf(evaluate(expression.of, scope), evaluate(expression.name, scope));
  const name = expression.name.toLowerCase();
  // These look at their arguments only as far as they have to.
  if (name === 'if' || name === 'and' || name === 'or' || name === 'coalesce')
    return lazily(name, expression.args, scope);
  const args = expression.args.map((a) => evaluate(a, scope));
  switch (name) {
    case 'parameters':
      return typeof args[0] === 'string' ? scope.parameter(args[0]) : pending(name, args);
    case 'variables':
      return typeof args[0] === 'string' ? scope.variable(args[0]) : pending(name, args);
    case 'copyindex': {
      const [loop, offset] = typeof args[0] === 'string' ? [args[0], args[1]] : [undefined, args[0]];
      const index = scope.copyIndex(loop);
      return index === undefined ? pending(name, args) : index + (typeof offset === 'number' ? offset : 0);
    }
    case 'concat':
      if (args.every((a) => isList(a))) return args.flat();
      return args.some((a) => isList(a)) ? pending(name, args) : joined(args, (t) => t.join(''));
    case 'format': {
      const [format, ...values] = args;
      if (typeof format !== 'string') return pending(name, args);
      const longest = Math.max(0, ...values.map((v) => textOf(v).length));
      if ((format.length / 3) * longest > MAX_TEXT * 16) return new Unresolved(hole('too large'), refsOf(values));
      return joined([format, ...values], ([f = '', ...t]) =>
        f.replaceAll(FORMAT, (_, i: string) => t[Number(i)] ?? ''),
      );
    }
    case 'createarray':
      return args;
    case 'resourceid':
    case 'subscriptionresourceid':
    case 'tenantresourceid':
    case 'extensionresourceid':
      return resourceId(name, args);
    case 'managementgroupresourceid':
      return resourceId(name, args.slice(1));
    case 'reference': {
      const [target] = args;
      const symbol = typeof target === 'string' ? scope.symbol(target) : undefined;
      const refs = symbol === undefined ? (target === undefined ? [] : [idText(target)]) : [symbol];
      const known = args.length > 2 || refs[0] === undefined ? undefined : scope.deployment?.(refs[0]);
      return known ?? new Unresolved(hole(`reference(${refs.join(',')})`), refs);
    }
    case 'subscription':
      return scope.subscription ?? pending(name, []);
    case 'resourcegroup':
      return scope.resourceGroup ?? pending(name, []);
  }
  const pure = Object.hasOwn(PURE, name) ? PURE[name] : undefined;
  if (pure === undefined) return pending(expression.name, args);
  // An unknown inside a list or an object is kept there; only the argument itself must be known.
  if (args.some((a) => a instanceof Unresolved)) return partly(name, args) ?? pending(expression.name, args);
  // Objects are merged key by key, so that what is unknown in them may stay.
  if (DEEP.has(name) && !(name === 'union' && args.every(isMap)) && args.some(hasUnresolved))
    return pending(expression.name, args);
  const value = pure(...(args as Exclude<Body, Unresolved>[]));
  return value === undefined ? pending(expression.name, args) : value;
}

/** What is known of a call though an argument is not. */
function partly(name: string, args: readonly Body[]): Body | undefined {
  const [only] = args;
  // The case of a name does not matter to ids and names: the hole is kept as it is.
  if ((name === 'tolower' || name === 'toupper' || name === 'string') && only instanceof Unresolved) return only;
  return undefined;
}

function lazily(name: string, args: readonly Expression[], scope: Scope): Body {
  const value = (i: number): Body => {
    const arg = args[i];
    return arg === undefined ? null : evaluate(arg, scope);
  };
  if (name === 'if') {
    const condition = value(0);
    const known = condition instanceof Unresolved ? undefined : bool(condition);
    if (known !== undefined) return value(known ? 1 : 2);
    const [yes, no] = [value(1), value(2)];
    if (!(yes instanceof Unresolved) && !(no instanceof Unresolved) && sameText(yes) === sameText(no)) return yes;
    return pending(name, [condition, yes, no]);
  }
  if (name === 'coalesce') {
    for (let i = 0; i < args.length; i += 1) {
      const got = value(i);
      if (got instanceof Unresolved) return pending(name, [got]);
      if (got !== null) return got;
    }
    return null;
  }
  const decides = name === 'or';
  let open: Body | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const got = value(i);
    const known = got instanceof Unresolved ? undefined : bool(got);
    if (known === decides) return decides;
    if (known === undefined) open ??= got;
  }
  return open === undefined ? !decides : pending(name, [open]);
}

/** A property or element of a value, names without case as ARM compares them. */
function propertyOf(of: Body, name: Body): Body {
  if (of instanceof Unresolved)
    return new Unresolved(
      `${of.detail}.${textOf(name)}`.replace(/^\{(.*)\}\.(.*)$/, (_, a: string, b: string) => hole(`${a}.${b}`)),
      of.refs,
    );
  if (name instanceof Unresolved) return name;
  if (isList(of)) return typeof name === 'number' ? (of[name] ?? missing(name)) : missing(name);
  if (!isMap(of) || typeof name !== 'string') return missing(name);
  const key = Object.hasOwn(of, name) ? name : Object.keys(of).find((k) => folded(k) === folded(name));
  return (key === undefined ? undefined : of[key]) ?? (key === undefined ? missing(name) : null);
}
/** True if anything inside is unresolved. */
function hasUnresolved(body: Body): boolean {
  if (body instanceof Unresolved) return true;
  if (isList(body)) return body.some(hasUnresolved);
  return isMap(body) && Object.values(body).some(hasUnresolved);
}
const missing = (name: Body): Unresolved => new Unresolved(hole(`no property ${textOf(name)}`));
