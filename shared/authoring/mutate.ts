/**
 * Planted misreadings: the policy with one thing wrong, as a person or a model gets it wrong. A mutant that means the same
 * is no mutant (`compare.ts` decides it); every other one must be told from the policy by a stored example.
 */
import { AppError } from '../model/errors.ts';
import type { FactSpec, FieldSpec, IpRange } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal, Policy } from '../model/policy.ts';
import { typecheck } from '../policy/clauses.ts';
import { factsOf } from '../policy/core.ts';
import { HEX_DIGITS, isIpRange, isNone, isRange } from '../policy/literals.ts';

export interface Mutant {
  readonly what: string;
  /** Where: the id of the clause, `scope`, or the name of the parameter. */
  readonly where: string;
  readonly policy: Policy;
}

interface Change<T> {
  readonly what: string;
  readonly into: T;
}
type Specs = { readonly [name: string]: FactSpec | FieldSpec };
interface Place {
  readonly facts: Specs;
  /** Inside a quantifier over records: the fields of an item. */
  readonly fields?: Specs;
}

/** The literals one beside this one. */
function nearLiterals(v: Literal): readonly Change<Literal>[] {
  if (typeof v === 'number')
    return [
      { what: 'a bound one higher', into: v + 1 },
      { what: 'a bound one lower', into: v - 1 },
    ];
  if (isIpRange(v)) return nearAddresses(v);
  if (!isRange(v)) return [];
  return [
    { what: 'a range that begins one later', into: { from: v.from + 1, to: v.to } },
    { what: 'a range that begins one earlier', into: { from: v.from - 1, to: v.to } },
    { what: 'a range that ends one later', into: { from: v.from, to: v.to + 1 } },
    { what: 'a range that ends one earlier', into: { from: v.from, to: v.to - 1 } },
  ].filter(({ into }) => into.from >= 0 && into.from <= into.to);
}

/** The address ranges that begin or end one address beside this one. */
function nearAddresses({ family, first, last }: IpRange): readonly Change<Literal>[] {
  const digits = HEX_DIGITS[family];
  const moved = (hex: string, by: bigint): string => {
    const n = BigInt(`0x${hex}`) + by;
    return n < 0n ? '' : n.toString(16).padStart(digits, '0');
  };
  return [
    { what: 'a range that begins one later', into: { family, first: moved(first, 1n), last } },
    { what: 'a range that begins one earlier', into: { family, first: moved(first, -1n), last } },
    { what: 'a range that ends one later', into: { family, first, last: moved(last, 1n) } },
    { what: 'a range that ends one earlier', into: { family, first, last: moved(last, -1n) } },
  ].filter(({ into }) => isIpRange(into));
}

/** The pattern without the letter before a star, and without the one after. */
const widerPatterns = (pattern: string): readonly string[] => [
  ...new Set([/[^*](?=\*)/u, /(?<=\*)[^*]/u].map((letter) => pattern.replace(letter, ''))),
];

const shown = (v: Literal): string => (typeof v === 'string' ? v : isNone(v) ? 'none' : JSON.stringify(v));
const isLiteral = (v: unknown): v is Literal => !(typeof v === 'object' && v !== null && 'param' in v);

/** The list with one member changed, and without each of its members. */
function* listChanges<T>(
  list: readonly T[],
  change: (member: T) => Iterable<Change<T>>,
  dropped: string,
): Generator<Change<readonly T[]>> {
  for (const [i, member] of list.entries()) {
    for (const { what, into } of change(member)) yield { what, into: list.with(i, into) };
    if (list.length > 1) yield { what: dropped, into: list.toSpliced(i, 1) };
  }
}

/** The type of a fact or field as text, without what is only for readers. */
const typeOf = (spec: FactSpec | FieldSpec | undefined): string =>
  JSON.stringify([spec?.optional, spec?.shape], (key, v: unknown) =>
    key === 'says' || key === 'unit' ? undefined : v,
  );

/** The conditions that differ from this one in one place. */
function* conditionChanges(c: Condition, place: Place): Generator<Change<Condition>> {
  if ('all' in c || 'any' in c) {
    const isAll = 'all' in c;
    const members = isAll ? c.all : c.any;
    const joined = (of: readonly Condition[]): Condition => (isAll ? { all: of } : { any: of });
    if (members.length > 1)
      yield isAll ? { what: 'any for all', into: { any: members } } : { what: 'all for any', into: { all: members } };
    const dropped = isAll ? 'a condition dropped' : 'an exception dropped';
    for (const { what, into } of listChanges(members, (m) => conditionChanges(m, place), dropped))
      yield { what, into: joined(into) };
  } else if ('not' in c) {
    yield { what: 'a negation dropped', into: c.not };
    for (const { what, into } of conditionChanges(c.not, place)) yield { what, into: { not: into } };
  } else if ('every' in c || 'some' in c || 'none' in c || 'count' in c) {
    yield* quantifierChanges(c, place);
  } else if ('tag' in c) {
    const { key, is, in: values, matches } = c.tag;
    if ([is, values, matches].some((v) => v !== undefined && !isNone(v)))
      yield { what: 'a tag there for its value', into: { tag: { key } } };
    if (typeof matches === 'string')
      for (const wider of widerPatterns(matches))
        yield { what: 'a pattern one letter shorter', into: { tag: { key, matches: wider } } };
    if (Array.isArray(values))
      for (const { what, into } of listChanges(values as readonly Literal[], () => [], 'a value dropped'))
        yield { what, into: { tag: { key, in: into } } };
  } else if (!('rego' in c)) yield* atomChanges(c, place);
}

type Quantified = Extract<Condition, { readonly that: Condition }>;

function* quantifierChanges(c: Quantified, { facts }: Place): Generator<Change<Condition>> {
  const list = 'every' in c ? c.every : 'some' in c ? c.some : 'none' in c ? c.none : c.count;
  const shape = facts[list]?.shape;
  const inside: Place =
    shape?.type === 'list' && shape.of.type === 'record' ? { facts, fields: shape.of.fields } : { facts };
  const { that } = c;
  if ('every' in c) yield { what: 'some for every', into: { some: list, that } };
  if ('some' in c) yield { what: 'every for some', into: { every: list, that } };
  if ('none' in c) {
    yield { what: 'some not for none', into: { some: list, that: { not: that } } };
    yield { what: 'a negation dropped', into: { every: list, that } };
  }
  if ('count' in c) {
    for (const bound of ['at_least', 'at_most'] as const) {
      const value = c[bound];
      if (typeof value === 'number')
        for (const { what, into } of nearLiterals(value)) yield { what, into: { ...c, [bound]: into as number } };
    }
  }
  for (const { what, into } of conditionChanges(that, inside)) yield { what, into: { ...c, that: into } };
}

type Atom = Exclude<
  Condition,
  Quantified | { all: unknown } | { any: unknown } | { not: unknown } | { tag: unknown } | { rego: unknown }
>;

function* atomChanges(a: Atom, { facts, fields }: Place): Generator<Change<Condition>> {
  const spec = 'fact' in a ? facts[a.fact] : 'field' in a ? fields?.[a.field] : undefined;
  const shape = spec?.shape;
  const values: readonly Literal[] =
    shape?.type === 'enum' ? shape.values : shape?.type === 'bool' ? [true, false] : [];
  const having = (what: string, change: object): Change<Condition> => ({
    what,
    into: { ...a, ...change },
  });
  if ('is' in a && isLiteral(a.is)) {
    const is = a.is;
    for (const v of values) if (v !== is) yield having(`${shown(v)} for ${shown(is)}`, { is: v });
    if (typeof is === 'number') for (const { what, into } of nearLiterals(is)) yield having(what, { is: into });
  }
  if ('in' in a && Array.isArray(a.in)) {
    const listed = a.in as readonly Literal[];
    for (const { what, into } of listChanges(listed, (v) => (isLiteral(v) ? nearLiterals(v) : []), 'a value dropped'))
      yield having(what, { in: into });
    for (const v of values) if (!listed.includes(v)) yield having(`the value ${shown(v)} more`, { in: [...listed, v] });
  }
  for (const [op, other] of [
    ['at_least', 'at_most'],
    ['at_most', 'at_least'],
    ['within', 'intersects'],
    ['intersects', 'within'],
  ] as const) {
    if (!(op in a)) continue;
    const { [op]: operand, ...subject } = a as { readonly [key: string]: unknown };
    yield { what: `${other} for ${op}`, into: { ...subject, [other]: operand } as object as Condition };
    if (Array.isArray(operand)) {
      for (const { what, into } of listChanges(operand as readonly Literal[], nearLiterals, 'a range dropped'))
        yield having(what, { [op]: into });
    } else if (isLiteral(operand)) {
      for (const { what, into } of nearLiterals(operand)) yield having(what, { [op]: into });
    }
  }
  if ('older_than_days' in a && typeof a.older_than_days === 'number')
    for (const { what, into } of nearLiterals(a.older_than_days)) yield having(what, { older_than_days: into });
  if ('matches' in a && typeof a.matches === 'string' && a.matches.includes('*'))
    yield having('a pattern without its star', { matches: a.matches.replaceAll('*', '') });
  if ('matches' in a && typeof a.matches === 'string')
    for (const wider of widerPatterns(a.matches)) yield having('a pattern one letter shorter', { matches: wider });
  const siblings = 'fact' in a ? facts : (fields ?? {});
  for (const [name, sibling] of Object.entries(siblings)) {
    const own = 'fact' in a ? a.fact : 'field' in a ? a.field : name;
    if (name !== own && typeOf(sibling) === typeOf(spec))
      yield having(`${name} for ${own}`, 'fact' in a ? { fact: name } : { field: name });
  }
}

/** Everything that one misreading makes of a policy, typed against the kind: what does not type is no mutant. */
export function mutantsOf(policy: Policy, kind: Kind): readonly Mutant[] {
  const place: Place = { facts: factsOf(kind) };
  const raw: { readonly what: string; readonly where: string; readonly policy: unknown }[] = [];
  const { applies_when: scope, ...unscoped } = policy;
  if (scope !== undefined) {
    raw.push({ what: 'the scope dropped', where: 'scope', policy: unscoped });
    const require = policy.require.map((c) => ({ ...c, that: { all: [scope, c.that] } }));
    raw.push({ what: 'the scope moved into the requirement', where: 'scope', policy: { ...unscoped, require } });
    raw.push({ what: 'the scope turned round', where: 'scope', policy: { ...policy, applies_when: { not: scope } } });
    for (const { what, into } of conditionChanges(scope, place))
      raw.push({ what, where: 'scope', policy: { ...policy, applies_when: into } });
  }
  for (const [i, clause] of policy.require.entries()) {
    const having = (that: Condition) => ({ ...policy, require: policy.require.with(i, { ...clause, that }) });
    raw.push({ what: 'the clause turned round', where: clause.id, policy: having({ not: clause.that }) });
    if (policy.require.length > 1)
      raw.push({
        what: 'the clause dropped',
        where: clause.id,
        policy: { ...policy, require: policy.require.toSpliced(i, 1) },
      });
    for (const { what, into } of conditionChanges(clause.that, place))
      raw.push({ what, where: clause.id, policy: having(into) });
  }
  for (const [name, param] of Object.entries(policy.params ?? {})) {
    const having = (change: object) => ({ ...policy, params: { ...policy.params, [name]: { ...param, ...change } } });
    for (const { what, into } of valueChanges(param.default))
      raw.push({ what, where: name, policy: having({ default: into }) });
    const overrides = param.overrides ?? [];
    const changes = listChanges(
      overrides,
      (o) => [...valueChanges(o.value)].map(({ what, into }) => ({ what, into: { ...o, value: into } })),
      'an override dropped',
    );
    for (const { what, into } of changes) raw.push({ what, where: name, policy: having({ overrides: into }) });
  }
  const seen = new Set([JSON.stringify(policy)]);
  return raw.flatMap(({ what, where, policy: mutant }) => {
    const typed = typedOrNot(mutant, kind);
    const text = JSON.stringify(typed);
    if (typed === undefined || seen.has(text)) return [];
    seen.add(text);
    return [{ what, where, policy: typed }];
  });
}

function* valueChanges(value: Literal | readonly Literal[]): Generator<Change<Literal | readonly Literal[]>> {
  if (Array.isArray(value)) yield* listChanges(value as readonly Literal[], nearLiterals, 'a value dropped');
  else yield* nearLiterals(value as Literal);
}

/** A parameter that the mutant does not use any more goes with it. */
function typedOrNot(mutant: unknown, kind: Kind): Policy | undefined {
  const policy = mutant as Policy;
  const used = JSON.stringify([policy.applies_when, policy.require]);
  const params = Object.entries(policy.params ?? {}).filter(([name]) =>
    used.includes(`{"param":${JSON.stringify(name)}}`),
  );
  const { params: _, ...rest } = policy;
  try {
    return typecheck(params.length === 0 ? rest : { ...rest, params: Object.fromEntries(params) }, kind);
  } catch (error) {
    if (error instanceof AppError && error.code === 'INPUT_INVALID') return undefined;
    throw error;
  }
}
