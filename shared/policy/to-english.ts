/**
 * Generated English of conditions: deterministic, one reading, for the person who approves a policy. That it has one
 * reading, and which, `authoring/read-english.ts` checks, which knows the grammar and not this file.
 */
import type { FactSpec, FieldSpec, IpRange, Range, ScalarListType, ScalarType } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Atom, Condition, Operand, Param, Policy } from '../model/policy.ts';
import { factsOf } from './core.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from './literals.ts';

type Params = { readonly [name: string]: Param };
interface Env {
  readonly params: Params;
  readonly facts: { readonly [fact: string]: FactSpec };
  readonly fields?: { readonly [field: string]: FieldSpec };
}

const words = (name: string): string => name.replaceAll('_', ' ');
const join = (parts: readonly string[], last: string): string =>
  parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${last} ${parts.at(-1)}`;

/** A text in quotes, so that nothing in it is taken for the sentence: quotes and what cannot be seen are escaped. */
const quoted = (text: string): string =>
  JSON.stringify(text).replaceAll(UNSEEN, (c) =>
    Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  );
const UNSEEN = /(?! )[\p{C}\p{Z}]/gu;

function value(v: unknown): string {
  if (isNone(v)) return 'none';
  if (isIpRange(v)) return formatIpRange(v satisfies IpRange);
  if (isRange(v)) return formatRange(v satisfies Range);
  return typeof v === 'string' ? quoted(v) : String(v);
}

/**
 * An operand; a parameter by its name as policy.yaml has it, with its default in brackets. (In words, "at_least_x" would
 * be read as a bound by "x".)
 */
function operand(o: Operand | readonly Operand[], env: Env, last = 'or'): string {
  if (Array.isArray(o))
    return join(
      o.map((x: Operand) => operand(x, env)),
      last,
    );
  if (typeof o === 'object' && o !== null && 'param' in o) {
    const byDefault = env.params[o.param]?.default;
    return `${o.param} (by default ${operand(byDefault as Operand | readonly Operand[], env)})`;
  }
  return value(o);
}

/** Conditions that are joined have one member at least; of one that has only that, the member is said. */
const unwrapped = (c: Condition): Condition => {
  const [only, ...more] = 'all' in c ? c.all : 'any' in c ? c.any : [];
  return only === undefined || more.length > 0 ? c : unwrapped(only);
};

/** What follows "such that" or "not so that", to its end: in brackets where it joins several. */
function inner(condition: Condition, env: Env): string {
  const c = unwrapped(condition);
  const text = sentence(c, env);
  return 'all' in c || 'any' in c ? `(${text})` : text;
}

/** One of several that are joined: in brackets unless it compares one thing with one value, so that it surely ends. */
function member(condition: Condition, env: Env): string {
  const c = unwrapped(condition);
  const text = sentence(c, env);
  const compared: object = 'tag' in c ? c.tag : c;
  const isOne =
    ('fact' in c || 'field' in c || 'item' in c || 'tag' in c) &&
    !Object.values(compared).some((v: unknown) => Array.isArray(v) && v.length > 1);
  return isOne ? text : `(${text})`;
}

function sentence(condition: Condition, env: Env): string {
  const c = unwrapped(condition);
  if ('all' in c)
    return join(
      c.all.map((x) => member(x, env)),
      'and',
    );
  if ('any' in c)
    return `either ${join(
      c.any.map((x) => member(x, env)),
      'or',
    )}`;
  if ('not' in c) return `it is not so that ${inner(c.not, env)}`;
  if ('rego' in c) return `policy.rego decides it from ${join(c.rego.map(words), 'and')}`;
  if ('every' in c) return `every item of ${words(c.every)} is such that ${inner(c.that, itemsOf(c.every, env))}`;
  if ('some' in c) return `some item of ${words(c.some)} is such that ${inner(c.that, itemsOf(c.some, env))}`;
  if ('none' in c) return `no item of ${words(c.none)} is such that ${inner(c.that, itemsOf(c.none, env))}`;
  if ('count' in c) {
    const bounds = [
      ...(c.at_least === undefined ? [] : [`at least ${operand(c.at_least, env)}`]),
      ...(c.at_most === undefined ? [] : [`at most ${operand(c.at_most, env)}`]),
    ];
    return `${join(bounds, 'and')} of the items of ${words(c.count)} are such that ${inner(c.that, itemsOf(c.count, env))}`;
  }
  if ('tag' in c) {
    const { key, is, matches } = c.tag;
    const tag = `tag ${quoted(key)}`;
    if (is !== undefined) return isNone(is) ? `there is no ${tag}` : `the ${tag} is ${operand(is, env)}`;
    if (matches !== undefined) return `the ${tag} matches ${operand(matches, env)}`;
    return c.tag.in === undefined ? `there is a ${tag}` : `the ${tag} is one of ${operand(c.tag.in, env)}`;
  }
  return atom(c, env);
}

const itemsOf = (list: string, env: Env): Env => {
  const shape = env.facts[list]?.shape;
  return shape?.type === 'list' && shape.of.type === 'record' ? { ...env, fields: shape.of.fields } : env;
};

function shapeOf(a: Atom, env: Env): ScalarType | ScalarListType | undefined {
  if ('item' in a) return undefined;
  return ('fact' in a ? env.facts[a.fact]?.shape : env.fields?.[a.field]?.shape) as ScalarType | undefined;
}

function atom(a: Atom, env: Env): string {
  const subject = 'fact' in a ? words(a.fact) : 'field' in a ? `its ${words(a.field)}` : 'it';
  if ('is' in a) {
    if (typeof a.is === 'boolean' && shapeOf(a, env)?.type === 'bool')
      return `${subject} is ${a.is ? 'true' : 'false'}`;
    return `${subject} is ${operand(a.is, env)}`;
  }
  if ('in' in a) return `${subject} is ${operand(a.in, env)}`;
  if ('at_least' in a) return `${subject} is at least ${operand(a.at_least, env)}${unit(a, env)}`;
  if ('at_most' in a) return `${subject} is at most ${operand(a.at_most, env)}${unit(a, env)}`;
  if ('matches' in a) return `${subject} matches ${operand(a.matches, env)}`;
  if ('older_than_days' in a) return `${subject} was more than ${operand(a.older_than_days, env)} days ago`;
  if ('within' in a) return `${subject} lies wholly within ${operand(a.within, env)}`;
  if ('intersects' in a) return `${subject} has something in common with ${operand(a.intersects, env)}`;
  return `${subject} contains ${operand(a.contains, env)}`;
}

function unit(a: Atom, env: Env): string {
  const shape = shapeOf(a, env);
  return shape?.type === 'int' && shape.unit !== undefined ? ` ${shape.unit}` : '';
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The policy in generated English: when it applies, and each clause by id. */
export interface English {
  readonly scope?: string;
  readonly clauses: { readonly [clause: string]: string };
  /** The parameters that have other values elsewhere, one sentence for each override. */
  readonly params: readonly string[];
}

/** The generated English of a typed policy. */
export function toEnglish(policy: Policy, kind: Kind): English {
  const env: Env = { params: policy.params ?? {}, facts: factsOf(kind) };
  return {
    ...(policy.applies_when === undefined
      ? {}
      : { scope: capital(`it applies where ${sentence(policy.applies_when, env)}`) }),
    clauses: Object.fromEntries(policy.require.map((c) => [c.id, capital(sentence(c.that, env))])),
    params: Object.entries(env.params).flatMap(([name, p]) =>
      (p.overrides ?? []).map(({ when, value: v }) =>
        capital(`${name} is ${operand(v as Operand | readonly Operand[], env)} where ${sentence(when, env)}`),
      ),
    ),
  };
}
