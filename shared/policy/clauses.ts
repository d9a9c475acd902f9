/**
 * The clause language: policy.yaml in, a typed policy out. Every key, fact, field, operator and literal is checked
 * against the kind; what is not understood is refused with its place and what was allowed.
 */
import { isAlias, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { contextFacts, kindById } from '../kinds/index.ts';
import { AppError } from '../model/errors.ts';
import type { FactSpec, FieldSpec, ScalarListType, ScalarType } from '../model/fact.ts';
import { NONE } from '../model/fact.ts';
import { isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type {
  Atom,
  Clause,
  Condition,
  Literal,
  Operand,
  Param,
  ParamRef,
  Policy,
  RegoCondition,
} from '../model/policy.ts';
import { SEVERITIES } from '../model/verdict.ts';
import { factsOf } from './core.ts';
import { isIpRange, isNone, isRange, parseCidrLiteral, parseRange } from './literals.ts';

type Path = readonly (string | number)[];
/** Where a value of the policy stands in its source, `file:line:column`; for a policy without a source its path. */
type Locate = (path: Path) => string;

/** What an atom may speak of at this place. */
interface Scope {
  readonly facts: { readonly [fact: string]: FactSpec };
  readonly item?: { readonly fields: { readonly [field: string]: FieldSpec } } | { readonly scalar: ScalarType };
  /** The condition of an override: context facts only, no parameters. */
  readonly isOverride?: boolean;
}

/** What compares a subject of each type. */
export const OPERATORS: { readonly [type in ScalarType['type'] | 'list']: readonly string[] } = {
  bool: ['is'],
  enum: ['is', 'in'],
  int: ['is', 'in', 'at_least', 'at_most'],
  string: ['is', 'in', 'matches'],
  timestamp: ['older_than_days'],
  range: ['within', 'intersects'],
  ip_range: ['within', 'intersects'],
  list: ['contains'],
};
const ALL_OPERATORS = [...new Set(['is', ...Object.values(OPERATORS).flat()])];
const HEADS = ['all', 'any', 'not', 'every', 'some', 'none', 'count', 'tag', 'fact', 'field', 'item'] as const;
const PARAM_TYPES = ['int', 'string', 'list_of_ranges', 'list_of_ip_ranges', 'list_of_strings'] as const;
/** What a parameter's value may be compared with. */
const PARAM_FITS: { readonly [type in Param['type']]: readonly (ScalarType['type'] | 'number' | 'days')[] } = {
  int: ['int', 'number', 'days'],
  string: ['string', 'enum'],
  list_of_strings: ['string', 'enum'],
  list_of_ranges: ['range'],
  list_of_ip_ranges: ['ip_range'],
};

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const SNAKE = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/;
/** Words that `result.declared` uses beside the clauses. */
const RESERVED_CLAUSES = ['scope'];
/** The clauses of a policy are copied for every combination of overrides that they use. */
const MOST_VARIANTS = 64;
const MOST_DAYS = 36_525;
/** Whoever wants one for longer changes the policy. */
const MOST_EXCEPTION_DAYS = 366;

class Checker {
  readonly locate: Locate;
  readonly params: { [name: string]: Param } = {};
  readonly usedParams = new Set<string>();
  constructor(locate: Locate) {
    this.locate = locate;
  }

  fail(path: Path, message: string, allowed?: readonly string[]): never {
    const at = this.locate(path);
    const hint = allowed === undefined || allowed.length === 0 ? '' : ` Allowed: ${allowed.join(', ')}.`;
    throw new AppError('INPUT_INVALID', `${at}: ${message}.${hint}`, {
      details: { at, path: path.join('.'), allowed },
    });
  }

  object(
    v: unknown,
    path: Path,
    required: readonly string[],
    optional: readonly string[] = [],
  ): { [k: string]: unknown } {
    if (!isObject(v)) this.fail(path, `expected a map, got ${show(v)}`, [...required, ...optional]);
    for (const key of Object.keys(v)) {
      if (!required.includes(key) && !optional.includes(key))
        this.fail([...path, key], `unknown key ${show(key)}`, [...required, ...optional]);
    }
    for (const key of required) {
      if (!Object.hasOwn(v, key)) this.fail(path, `the key ${show(key)} is missing`);
    }
    return v;
  }

  list(v: unknown, path: Path, what: string): readonly unknown[] {
    if (!Array.isArray(v)) this.fail(path, `expected a list of ${what}, got ${show(v)}`);
    if (v.length === 0) this.fail(path, `a list of ${what} must not be empty`);
    return v;
  }

  text(v: unknown, path: Path, what: string): string {
    if (typeof v !== 'string' || v.trim() === '') this.fail(path, `expected ${what}, got ${show(v)}`);
    return v.trim();
  }

  named(v: unknown, path: Path, what: string, pattern: RegExp): string {
    const text = this.text(v, path, what);
    if (!pattern.test(text)) this.fail(path, `${show(text)} is not ${what}`);
    return text;
  }

  // ── literals ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A literal of a scalar type, normalised. `none` is a literal of an optional subject only. */
  literal(v: unknown, path: Path, type: ScalarType, optional: boolean, what: string): Literal {
    const spelledNone = v === 'none' && !(type.type === 'enum' && type.values.includes('none'));
    if (isNone(v) || (spelledNone && (optional || type.type !== 'string'))) {
      if (!optional) this.fail(path, `${what} always has a value: it is never none`);
      return NONE;
    }
    switch (type.type) {
      case 'bool':
        if (typeof v === 'boolean') return v;
        return this.fail(path, `${what} is a boolean, got ${show(v)}`, ['true', 'false']);
      case 'enum':
        if (typeof v === 'string' && type.values.includes(v)) return v;
        return this.fail(path, `${what} has no value ${show(v)}`, [...type.values, ...(optional ? ['none'] : [])]);
      case 'int':
        return this.integer(v, path, what, type.min, type.max);
      case 'string':
        if (typeof v !== 'string') this.fail(path, `${what} is a string, got ${show(v)}${quoteHint(v)}`);
        if (!v.isWellFormed()) this.fail(path, `${show(v)} is not well-formed Unicode`);
        return type.fold ? v.toLowerCase() : v;
      case 'timestamp':
        return this.fail(path, `${what} is an instant, which is compared by older_than_days`);
      case 'range': {
        const range = isRange(v) ? v : rangeOf(v);
        if (range === undefined || !Number.isSafeInteger(range.from) || !Number.isSafeInteger(range.to))
          this.fail(path, `${show(v)} is not a range of integers`, ['22', '20-25', '{from, to}']);
        if (range.from < type.min || range.to > type.max)
          this.fail(path, `${show(v)} is outside ${type.min}-${type.max}`);
        return { from: range.from, to: range.to };
      }
      case 'ip_range': {
        const range = isIpRange(v) ? v : typeof v === 'string' ? parseCidrLiteral(v) : undefined;
        if (range === undefined)
          this.fail(path, `${show(v)} is not a CIDR without host bits`, ['10.0.0.0/8', '2001:db8::/32']);
        return { family: range.family, first: range.first, last: range.last };
      }
    }
  }

  integer(v: unknown, path: Path, what: string, min?: number, max?: number): number {
    if (typeof v !== 'number' || !Number.isSafeInteger(v)) this.fail(path, `${what} is an integer, got ${show(v)}`);
    if ((min !== undefined && v < min) || (max !== undefined && v > max))
      this.fail(
        path,
        `${what} is ${min === undefined ? '' : `at least ${min}`}${min !== undefined && max !== undefined ? ' and ' : ''}${max === undefined ? '' : `at most ${max}`}, got ${v}`,
      );
    return v;
  }

  /** A literal, or a parameter all of whose values pass the same check. */
  operand(
    v: unknown,
    path: Path,
    fits: string,
    scope: Scope,
    isList: boolean,
    check: (v: unknown, path: Path) => Literal,
  ): Operand {
    if (!isObject(v) || !Object.hasOwn(v, 'param')) return check(v, path);
    const name = this.object(v, path, ['param'])['param'];
    const names = Object.keys(this.params);
    if (scope.isOverride === true) this.fail(path, 'the condition of an override uses no parameters');
    if (typeof name !== 'string' || !Object.hasOwn(this.params, name))
      this.fail([...path, 'param'], `no parameter ${show(name)}`, names);
    const param = this.params[name] as Param;
    if (!(PARAM_FITS[param.type] as readonly string[]).includes(fits) || param.type.startsWith('list_') !== isList)
      this.fail([...path, 'param'], `parameter ${name} is ${param.type}, which does not fit here`);
    this.usedParams.add(name);
    for (const value of [param.default, ...(param.overrides ?? []).map((o) => o.value)]) {
      for (const literal of Array.isArray(value) ? value : [value]) check(literal, [...path, 'param']);
    }
    return { param: name };
  }

  // ── conditions ────────────────────────────────────────────────────────────────────────────────────────────────

  condition(v: unknown, path: Path, scope: Scope): Condition {
    if (!isObject(v)) this.fail(path, `expected a condition, got ${show(v)}`, HEADS);
    const heads = HEADS.filter((h) => Object.hasOwn(v, h));
    const [head] = heads;
    if (Object.hasOwn(v, 'rego'))
      this.fail(path, 'rego says a whole clause of require: it does not stand inside of a condition, nor in a scope');
    if (head === undefined) this.fail(path, `a condition says one of ${HEADS.join(', ')}`);
    if (heads.length > 1) this.fail(path, `a condition says one thing, this says ${heads.join(' and ')}`);
    switch (head) {
      case 'all':
      case 'any': {
        const members = this.list(this.object(v, path, [head])[head], [...path, head], 'conditions').map((c, i) =>
          this.condition(c, [...path, head, i], scope),
        );
        return head === 'all' ? { all: members } : { any: members };
      }
      case 'not':
        return { not: this.condition(this.object(v, path, ['not'])['not'], [...path, 'not'], scope) };
      case 'every':
      case 'some':
      case 'none': {
        const o = this.object(v, path, [head, 'that']);
        const name = this.listFact(o[head], [...path, head], scope);
        const that = this.predicate(name, o['that'], [...path, 'that'], scope);
        return head === 'every' ? { every: name, that } : head === 'some' ? { some: name, that } : { none: name, that };
      }
      case 'count':
        return this.count(v, path, scope);
      case 'tag':
        return this.tag(v, path, scope);
      case 'fact':
      case 'field':
      case 'item':
        return this.atom(v, path, head, scope);
    }
  }

  listFact(v: unknown, path: Path, scope: Scope): string {
    if (scope.item !== undefined) this.fail(path, 'a quantifier does not stand inside another');
    const lists = Object.keys(scope.facts).filter((f) => scope.facts[f]?.shape.type === 'list');
    if (typeof v !== 'string' || !lists.includes(v)) this.fail(path, `${show(v)} is not a list of this kind`, lists);
    if (scope.facts[v]?.optional === true) this.fail(path, `${v} is optional: an empty list says it`);
    return v;
  }

  predicate(list: string, v: unknown, path: Path, scope: Scope): Condition {
    const shape = scope.facts[list]?.shape;
    if (shape?.type !== 'list') throw new AppError('INVARIANT_BROKEN', `${list} is not a list`);
    const item = shape.of.type === 'record' ? { fields: shape.of.fields } : { scalar: shape.of };
    return this.condition(v, path, { ...scope, item });
  }

  count(v: unknown, path: Path, scope: Scope): Condition {
    const o = this.object(v, path, ['count', 'that'], ['at_least', 'at_most']);
    const list = this.listFact(o['count'], [...path, 'count'], scope);
    if (o['at_least'] === undefined && o['at_most'] === undefined)
      this.fail(path, 'a count needs a bound', ['at_least', 'at_most']);
    const bound = (key: 'at_least' | 'at_most') =>
      o[key] === undefined
        ? {}
        : { [key]: this.operand(o[key], [...path, key], 'number', scope, false, (l, p) => this.integer(l, p, key, 0)) };
    const that = this.predicate(list, o['that'], [...path, 'that'], scope);
    return { count: list, that, ...bound('at_least'), ...bound('at_most') };
  }

  tag(v: { readonly [k: string]: unknown }, path: Path, scope: Scope): Condition {
    const at = [...path, 'tag'];
    if (scope.item !== undefined) this.fail(path, 'a tag does not stand inside a quantifier');
    const t = this.object(this.object(v, path, ['tag'])['tag'], at, ['key'], ['is', 'in', 'matches']);
    const key = this.text(t['key'], [...at, 'key'], 'the key of a tag');
    const [op, ...more] = (['is', 'in', 'matches'] as const).filter((k) => t[k] !== undefined);
    if (more.length > 0) this.fail(at, 'a tag is compared once', ['is', 'in', 'matches']);
    if (op === undefined) return { tag: { key } };
    const type: ScalarType = { type: 'string', fold: false };
    const what = `the tag ${key}`;
    const one = (l: unknown, p: Path) => this.literal(l, p, type, op === 'is', what);
    if (op === 'in') return { tag: { key, in: this.listOperand(t[op], [...at, op], 'string', scope, one) } };
    const operand = this.operand(t[op], [...at, op], 'string', scope, false, one);
    return { tag: op === 'is' ? { key, is: operand } : { key, matches: operand } };
  }

  atom(v: { readonly [k: string]: unknown }, path: Path, head: 'fact' | 'field' | 'item', scope: Scope): Atom {
    const [subject, shape, optional] = this.subject(v[head], [...path, head], head, scope);
    const [op, ...more] = Object.keys(v).filter((k) => k !== head);
    const what = head === 'item' ? 'an item' : String(v[head]);
    const allowed = [...OPERATORS[shape.type], ...(optional && !OPERATORS[shape.type].includes('is') ? ['is'] : [])];
    if (op === undefined) this.fail(path, `${what} is not compared with anything`, allowed);
    if (!ALL_OPERATORS.includes(op)) this.fail([...path, op], `unknown key ${show(op)}`, allowed);
    if (more.length > 0) this.fail(path, `${what} is compared once; join two comparisons with all or any`);
    if (!allowed.includes(op))
      this.fail([...path, op], `${what} is ${article(shape.type)}: ${op} does not compare it`, allowed);
    const at = [...path, op];
    const value = v[op];

    if (op === 'is' && !OPERATORS[shape.type].includes('is')) {
      if (value !== 'none' && !isNone(value))
        this.fail(at, `${what} is ${article(shape.type)}: only "is: none" is allowed`);
      return { ...subject, is: NONE };
    }
    if (shape.type === 'list') {
      const of = shape.of;
      if (of.type === 'range' || of.type === 'ip_range' || of.type === 'timestamp')
        this.fail(at, `contains does not compare items that are ${of.type}`);
      return {
        ...subject,
        contains: this.operand(value, at, of.type, scope, false, (l, p) => this.literal(l, p, of, false, what)),
      };
    }
    const one = (l: unknown, p: Path) => this.literal(l, p, shape, optional, what);
    const never = (l: unknown, p: Path) => this.literal(l, p, shape, false, what);
    switch (op) {
      case 'is':
        return { ...subject, is: this.operand(value, at, shape.type, scope, false, one) };
      case 'in':
        return { ...subject, in: this.listOperand(value, at, shape.type, scope, one) };
      case 'at_least':
        return { ...subject, at_least: this.operand(value, at, shape.type, scope, false, never) };
      case 'at_most':
        return { ...subject, at_most: this.operand(value, at, shape.type, scope, false, never) };
      case 'matches':
        return { ...subject, matches: this.operand(value, at, shape.type, scope, false, never) };
      case 'older_than_days': {
        const days = (l: unknown, p: Path) => this.integer(l, p, 'a number of days', 0, MOST_DAYS);
        return { ...subject, older_than_days: this.operand(value, at, 'days', scope, false, days) };
      }
      case 'within':
      case 'intersects': {
        const ranges = Array.isArray(value)
          ? this.list(value, at, 'ranges').map((l, i) => never(l, [...at, i]))
          : this.operand(value, at, shape.type, scope, true, never);
        return op === 'within' ? { ...subject, within: ranges } : { ...subject, intersects: ranges };
      }
      default:
        throw new AppError('INVARIANT_BROKEN', `operator ${op}`);
    }
  }

  listOperand(
    v: unknown,
    path: Path,
    fits: string,
    scope: Scope,
    one: (l: unknown, p: Path) => Literal,
  ): readonly Operand[] | ParamRef {
    if (Array.isArray(v)) {
      return this.list(v, path, 'values').map((l, i) => this.operand(l, [...path, i], fits, scope, false, one));
    }
    if (!isObject(v)) this.fail(path, `expected a list of values, got ${show(v)}`);
    return this.operand(v, path, fits, scope, true, one) as ParamRef;
  }

  subject(
    v: unknown,
    path: Path,
    head: 'fact' | 'field' | 'item',
    scope: Scope,
  ): [{ fact: string } | { field: string } | { item: true }, ScalarType | ScalarListType, boolean] {
    const { item } = scope;
    if (head === 'fact') {
      if (item !== undefined) this.fail(path, 'an item predicate speaks of field:, item: and parameters only');
      const spec = typeof v === 'string' && Object.hasOwn(scope.facts, v) ? scope.facts[v] : undefined;
      if (spec === undefined)
        this.fail(path, `no ${scope.isOverride === true ? 'context ' : ''}fact ${show(v)}`, Object.keys(scope.facts));
      const { shape } = spec;
      if (shape.type === 'list' && shape.of.type === 'record')
        this.fail(path, `${String(v)} is a list of records: use every, some, none or count`);
      if (shape.type === 'list' && spec.optional) this.fail(path, `${String(v)} is optional: an empty list says it`);
      return [{ fact: v as string }, shape as ScalarType | ScalarListType, spec.optional];
    }
    if (item === undefined) this.fail(path, `${head}: stands inside every, some, none or count only`);
    if (head === 'item') {
      if (!('scalar' in item)) this.fail(path, 'the items are records: speak of a field', Object.keys(item.fields));
      if (v !== true) this.fail(path, 'write item: true');
      return [{ item: true }, item.scalar, false];
    }
    if (!('fields' in item)) this.fail(path, 'the items are no records: write item: true');
    const spec = typeof v === 'string' && Object.hasOwn(item.fields, v) ? item.fields[v] : undefined;
    if (spec === undefined) this.fail(path, `no field ${show(v)}`, Object.keys(item.fields));
    return [{ field: v as string }, spec.shape, spec.optional];
  }

  // ── the policy ────────────────────────────────────────────────────────────────────────────────────────────────

  paramLiteral(
    type: Param['type'],
    v: unknown,
    path: Path,
    bounds: { min?: number; max?: number },
  ): Literal | readonly Literal[] {
    const one = (l: unknown, p: Path): Literal => {
      switch (type) {
        case 'int':
          return this.integer(l, p, 'the parameter', bounds.min, bounds.max);
        case 'string':
        case 'list_of_strings':
          return this.literal(l, p, { type: 'string', fold: false }, false, 'the parameter');
        case 'list_of_ranges':
          return this.literal(l, p, { type: 'range', min: 0, max: Number.MAX_SAFE_INTEGER }, false, 'the parameter');
        case 'list_of_ip_ranges':
          return this.literal(l, p, { type: 'ip_range' }, false, 'the parameter');
      }
    };
    if (!type.startsWith('list_')) return one(v, path);
    return this.list(v, path, 'values').map((l, i) => one(l, [...path, i]));
  }

  param(v: unknown, path: Path): Param {
    const o = this.object(v, path, ['says', 'type', 'default'], ['min', 'max', 'overrides']);
    const type = PARAM_TYPES.find((t) => t === o['type']);
    if (type === undefined) this.fail([...path, 'type'], `no parameter type ${show(o['type'])}`, PARAM_TYPES);
    const bounds: { min?: number; max?: number } = {};
    for (const key of ['min', 'max'] as const) {
      if (o[key] === undefined) continue;
      if (type !== 'int') this.fail([...path, key], `${key} bounds an int, not ${type}`);
      bounds[key] = this.integer(o[key], [...path, key], key);
    }
    const overrides =
      o['overrides'] === undefined
        ? undefined
        : this.list(o['overrides'], [...path, 'overrides'], 'overrides').map((w, i) => {
            const at = [...path, 'overrides', i];
            const { when, value } = this.object(w, at, ['when', 'value']);
            return {
              when: this.condition(when, [...at, 'when'], { facts: contextFacts, isOverride: true }),
              value: this.paramLiteral(type, value, [...at, 'value'], bounds),
            };
          });
    return {
      says: this.text(o['says'], [...path, 'says'], 'what the parameter means'),
      type,
      default: this.paramLiteral(type, o['default'], [...path, 'default'], bounds),
      ...bounds,
      ...(overrides === undefined ? {} : { overrides }),
    };
  }

  policy(v: unknown, kindOf: (id: string) => Kind | undefined, kindIds: readonly string[]): Policy {
    const o = this.object(
      v,
      [],
      ['id', 'title', 'severity', 'kind', 'require', 'frameworks', 'remediation'],
      ['applies_when', 'params', 'exceptions'],
    );
    const kindId = this.named(o['kind'], ['kind'], 'the id of a kind', SNAKE);
    const kind = kindOf(kindId);
    if (kind === undefined) this.fail(['kind'], `no kind ${show(kindId)}`, kindIds);
    const id = this.text(o['id'], ['id'], 'the id of the policy');
    const [prefix, state, ...rest] = id.split('.');
    if (prefix !== kindId.replaceAll('_', '-') || state === undefined || !KEBAB.test(state) || rest.length > 0)
      this.fail(['id'], `the id ${show(id)} is not ${kindId.replaceAll('_', '-')}.<secure-state>`);
    const severity = SEVERITIES.find((s) => s === o['severity']);
    if (severity === undefined) this.fail(['severity'], `no severity ${show(o['severity'])}`, SEVERITIES);

    if (o['params'] !== undefined) {
      if (!isObject(o['params'])) this.fail(['params'], `expected a map, got ${show(o['params'])}`);
      for (const [name, p] of Object.entries(o['params'])) {
        this.named(name, ['params', name], 'a name in snake_case', SNAKE);
        this.params[name] = this.param(p, ['params', name]);
      }
    }
    const scope: Scope = { facts: factsOf(kind) };
    const appliesWhen =
      o['applies_when'] === undefined ? undefined : this.condition(o['applies_when'], ['applies_when'], scope);
    const require = this.list(o['require'], ['require'], 'clauses').map((c, i) =>
      this.clause(c, ['require', i], scope),
    );
    const twice = require.findIndex((c, i) => require.findIndex((d) => d.id === c.id) < i);
    if (twice >= 0) this.fail(['require', twice, 'id'], `the clause ${show(require[twice]?.id)} stands twice`);
    for (const name of Object.keys(this.params)) {
      if (!this.usedParams.has(name)) this.fail(['params', name], `the parameter ${name} is not used`);
    }
    const variants = Object.values(this.params).reduce((n, p) => n * (1 + (p.overrides?.length ?? 0)), 1);
    if (variants > MOST_VARIANTS)
      this.fail(['params'], `the overrides combine in ${variants} ways, at most ${MOST_VARIANTS} are allowed`);
    return {
      id,
      title: this.text(o['title'], ['title'], 'a title'),
      severity: severity,
      kind: kindId,
      ...(appliesWhen === undefined ? {} : { applies_when: appliesWhen }),
      require,
      ...(o['params'] === undefined ? {} : { params: { ...this.params } }),
      frameworks: this.frameworks(o['frameworks']),
      remediation: this.text(o['remediation'], ['remediation'], 'what to do'),
      ...(o['exceptions'] === undefined ? {} : { exceptions: this.exceptions(o['exceptions']) }),
    };
  }

  exceptions(v: unknown): NonNullable<Policy['exceptions']> {
    const at = ['exceptions'];
    const days = this.object(v, at, ['max_days'])['max_days'];
    return { max_days: this.integer(days, [...at, 'max_days'], 'max_days', 1, MOST_EXCEPTION_DAYS) };
  }

  /** `{rego: [fact, …]}`: only a whole clause may be said by policy.rego, and it says what that reads. */
  regoCondition(v: unknown, path: Path, scope: Scope): RegoCondition | undefined {
    if (!isObject(v) || !Object.hasOwn(v, 'rego')) return undefined;
    const facts = this.list(this.object(v, path, ['rego'])['rego'], [...path, 'rego'], 'facts').map((fact, i) => {
      if (typeof fact !== 'string' || !Object.hasOwn(scope.facts, fact))
        this.fail([...path, 'rego', i], `no fact ${show(fact)}`, Object.keys(scope.facts));
      return fact;
    });
    if (new Set(facts).size < facts.length) this.fail([...path, 'rego'], 'a fact stands twice');
    return { rego: facts.toSorted() };
  }

  clause(v: unknown, path: Path, scope: Scope): Clause {
    const o = this.object(v, path, ['id', 'says', 'that']);
    const id = this.named(o['id'], [...path, 'id'], 'an id in kebab-case', KEBAB);
    if (RESERVED_CLAUSES.includes(id))
      this.fail([...path, 'id'], `${show(id)} is no id of a clause: it has a meaning of its own`);
    return {
      id,
      says: this.text(o['says'], [...path, 'says'], 'the words of the intent'),
      that:
        this.regoCondition(o['that'], [...path, 'that'], scope) ?? this.condition(o['that'], [...path, 'that'], scope),
    };
  }

  frameworks(v: unknown): Policy['frameworks'] {
    if (!isObject(v)) this.fail(['frameworks'], `expected a map, got ${show(v)}`);
    const out: { [framework: string]: readonly string[] } = {};
    for (const [name, controls] of Object.entries(v)) {
      const at = ['frameworks', name];
      this.named(name, at, 'the name of a framework in snake_case', SNAKE);
      out[name] = this.list(controls, at, 'controls').map((c, i) => this.text(c, [...at, i], 'a control'));
    }
    return out;
  }
}

function show(v: unknown): string {
  const text = v === undefined ? 'nothing' : JSON.stringify(v);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
const quoteHint = (v: unknown): string => (typeof v === 'number' || typeof v === 'boolean' ? ' (quote it)' : '');

/** A range from its short forms: 22, "22", "20-25". */
function rangeOf(v: unknown): { from: number; to: number } | undefined {
  if (typeof v === 'number' && Number.isSafeInteger(v)) return { from: v, to: v };
  return typeof v === 'string' ? parseRange(v) : undefined;
}

export interface KindRegistry {
  readonly kindById: (id: string) => Kind | undefined;
  readonly ids: readonly string[];
}

/** A registry of these kinds only. */
export const registryOf = (kinds: readonly Kind[]): KindRegistry => ({
  kindById: (id) => kinds.find((k) => k.id === id),
  ids: kinds.map((k) => k.id),
});

/**
 * Parses policy.yaml. Throws `INPUT_INVALID` with `file:line:column`, what was wrong and what was allowed. `kinds`
 * are the kinds it may speak of (default: all there are).
 */
export function parsePolicy(
  text: string,
  { file, kinds = { kindById, ids: [] } }: { readonly file: string; readonly kinds?: KindRegistry },
): Policy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', uniqueKeys: true, merge: false });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    const at = place(problem.pos[0]);
    throw new AppError('INPUT_INVALID', `${at}: ${problem.message.split('\n')[0] ?? 'not YAML'}`, { details: { at } });
  }
  /** The place of the value at the path, or of its nearest parent that has one. */
  const locate: Locate = (path) => {
    for (let n = path.length; n >= 0; n--) {
      const node = n === 0 ? document.contents : document.getIn(path.slice(0, n), true);
      if (isNode(node) && !isAlias(node) && node.range) return place(node.range[0]);
    }
    return `${file}:1:1`;
  };
  visit(document, {
    Alias: (_, alias) => {
      const at = place(alias.range?.[0] ?? 0);
      throw new AppError('INPUT_INVALID', `${at}: an alias (*) is not allowed: write the value out`, {
        details: { at },
      });
    },
  });
  const value: unknown = document.toJS();
  return new Checker(locate).policy(value, kinds.kindById, kinds.ids);
}

/**
 * Checks a policy that did not come from a file (or was parsed before) against its kind, and normalises its literals.
 * Throws `INPUT_INVALID` with the path of what is wrong.
 */
export function typecheck(policy: unknown, kind: Kind): Policy {
  const kinds = registryOf([kind]);
  return new Checker((path) => `policy.${path.join('.')}`).policy(policy, kinds.kindById, kinds.ids);
}
