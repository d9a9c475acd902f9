/**
 * Reads generated English back into clauses. Written from the grammar below and not from `to-english.ts`, so that the
 * sentence that a person approves is held to the clauses that are judged by somebody else than who wrote it. It takes
 * every reading that a person might: brackets are never asked for, and a text that has two readings is refused.
 *
 *     sentence  = condition | [either] condition, … (and|or) condition
 *     condition = ( sentence ) | it is not so that sentence | (every|some|no) item of LIST is such that sentence
 *               | at (least|most) N [and at most N] of the items of LIST are such that sentence
 *               | there is (a|no) tag TEXT | the tag TEXT (is VALUE | is one of VALUES | matches VALUE)
 *               | (FACT | its FIELD | it) comparison
 *     clause    = sentence | policy.rego decides it from FACT[, FACT … and FACT]
 *     values    = VALUE | VALUE, … or VALUE        a value may be: PARAMETER (by default VALUES)
 */
import { AppError } from '../model/errors.ts';
import { type FactSpec, type FieldSpec, NONE, type ScalarType } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal, Param, Policy } from '../model/policy.ts';
import { typecheck } from '../policy/clauses.ts';
import { factsOf } from '../policy/core.ts';
import { parseCidrLiteral } from '../policy/literals.ts';
import type { English } from '../policy/to-english.ts';

/** What may stand at a place, each with where it ends. */
type Readings<T> = readonly (readonly [what: T, end: number])[];
type Shape = ScalarType | { readonly type: 'days' };
interface Place {
  readonly facts: { readonly [name: string]: FactSpec | FieldSpec };
  /** Facts by their words, fields of an item by their words after "its", an item itself as "it". */
  readonly subject: 'fact' | 'field' | 'item';
}
/** A parameter as it is read: its name, and what the brackets behind it say. */
interface Named {
  readonly param: string;
  readonly byDefault: readonly Literal[];
  readonly shape: Shape;
}
type Value = Literal | Named;
const isNamed = (v: unknown): v is Named => typeof v === 'object' && v !== null && 'byDefault' in v;

const COUNT: Shape = { type: 'int' };
const DAYS: Shape = { type: 'days' };
const TEXT: Shape = { type: 'string', fold: false };
const NAME = /([a-z][a-z0-9]*(?:_[a-z0-9]+)*) \(by default /y;
const TEXT_LITERAL = /"(?:[^"\\]|\\.)*"/y;
const INTEGER = /-?\d+/y;
const RANGE = /(\d+)(?:-(\d+))?/y;
const ADDRESSES = /[0-9a-f.:]+(?:\/\d+|-[0-9a-f.:]+)?/y;

class Reader {
  readonly text: string;
  readonly facts: Place['facts'];
  readonly known = new Map<string, Readings<Condition>>();

  constructor(text: string, kind: Kind) {
    this.text = text;
    this.facts = factsOf(kind);
  }

  match(pattern: RegExp, at: number): RegExpExecArray | null {
    pattern.lastIndex = at;
    return pattern.exec(this.text);
  }
  /** What follows a word, if it stands here. */
  after<T>(word: string, at: number, then: (at: number) => Readings<T>): Readings<T> {
    return this.text.startsWith(word, at) ? then(at + word.length) : [];
  }
  /** What is made of each reading. */
  map<T, U>(of: Readings<T>, make: (t: T) => U): Readings<U> {
    return of.map(([what, end]) => [make(what), end]);
  }
  each<T, U>(of: Readings<T>, then: (t: T, end: number) => Readings<U>): Readings<U> {
    return of.flatMap(([what, end]) => [...then(what, end)]);
  }

  sentence(at: number, place: Place): Readings<Condition> {
    const one = this.condition(at, place);
    return [
      ...one,
      ...this.joined(one, 'and', place, (all) => ({ all })),
      ...this.after('either ', at, (from) => this.joined(this.condition(from, place), 'or', place, (any) => ({ any }))),
    ];
  }

  joined(
    first: Readings<Condition>,
    word: string,
    place: Place,
    make: (members: readonly Condition[]) => Condition,
  ): Readings<Condition> {
    return this.map(
      this.series(first, word, (at) => this.condition(at, place)),
      make,
    );
  }

  /** "a, b and c", from the readings of "a"; two members at the least. */
  series<T>(first: Readings<T>, word: string, next: (at: number) => Readings<T>): Readings<readonly T[]> {
    const more = (members: readonly T[], at: number): Readings<readonly T[]> => [
      ...this.after(', ', at, (from) => this.each(next(from), (m, end) => more([...members, m], end))),
      ...this.after(` ${word} `, at, (from) => this.map(next(from), (m) => [...members, m])),
    ];
    return this.each(first, (m, end) => more([m], end));
  }

  condition(at: number, place: Place): Readings<Condition> {
    const key = `${at} ${place.subject} ${Object.keys(place.facts).length}`;
    const before = this.known.get(key);
    if (before !== undefined) return before;
    const all = [
      ...this.after('(', at, (from) =>
        this.each(this.sentence(from, place), (c, end) => this.after(')', end, (e) => [[c, e]])),
      ),
      ...this.after('it is not so that ', at, (from) => this.map(this.sentence(from, place), (not) => ({ not }))),
      ...(place.subject === 'fact' ? [...this.quantified(at), ...this.counted(at), ...this.tagged(at)] : []),
      ...this.comparison(at, place),
    ];
    this.known.set(key, all);
    return all;
  }

  /** A list by its words, and what is said of its items. */
  items(at: number, verb: string): Readings<{ readonly list: string; readonly that: Condition }> {
    return Object.entries(this.facts).flatMap(([list, { shape }]) => {
      if (shape.type !== 'list') return [];
      const { of } = shape;
      const place: Place =
        of.type === 'record'
          ? { facts: of.fields, subject: 'field' }
          : { facts: { '': { says: '', optional: false, shape: of } }, subject: 'item' };
      const such = `${list.split('_').join(' ')} ${verb} such that `;
      return this.after(such, at, (from) => this.map(this.sentence(from, place), (that) => ({ list, that })));
    });
  }

  quantified(at: number): Readings<Condition> {
    return (['every', 'some', 'no'] as const).flatMap((word) =>
      this.after(`${word} item of `, at, (from) =>
        this.map(
          this.items(from, 'is'),
          ({ list, that }): Condition =>
            word === 'every' ? { every: list, that } : word === 'some' ? { some: list, that } : { none: list, that },
        ),
      ),
    );
  }

  counted(at: number): Readings<Condition> {
    const bound = (word: 'least' | 'most', from: number) =>
      this.map(
        this.after(`at ${word} `, from, (n) => this.value(n, COUNT, false)),
        (v) => ({ [`at_${word}`]: v }),
      );
    const least = bound('least', at);
    const both = this.each(least, (l, end) =>
      this.after(' and ', end, (from) => this.map(bound('most', from), (m) => ({ ...l, ...m }))),
    );
    return this.each([...least, ...bound('most', at), ...both], (bounds, end) =>
      this.after(' of the items of ', end, (from) =>
        this.map(
          this.items(from, 'are'),
          ({ list, that }) => ({ count: list, that, ...bounds }) as object as Condition,
        ),
      ),
    );
  }

  tagged(at: number): Readings<Condition> {
    const key = (from: number): Readings<string> => this.literal(from, TEXT, false) as Readings<string>;
    const tag = (t: object): Condition => ({ tag: t }) as Condition;
    return [
      ...this.map(this.after('there is a tag ', at, key), (k) => tag({ key: k })),
      ...this.map(this.after('there is no tag ', at, key), (k) => tag({ key: k, is: NONE })),
      ...this.each(this.after('the tag ', at, key), (k, end) => [
        ...this.map(
          this.after(' is ', end, (from) => this.value(from, TEXT, false)),
          (is) => tag({ key: k, is }),
        ),
        ...this.map(
          this.after(' is one of ', end, (from) => this.values(from, TEXT, false)),
          (values) => tag({ key: k, in: values }),
        ),
        ...this.map(
          this.after(' matches ', end, (from) => this.value(from, TEXT, false)),
          (matches) => tag({ key: k, matches }),
        ),
      ]),
    ];
  }

  comparison(at: number, { facts, subject }: Place): Readings<Condition> {
    return Object.entries(facts).flatMap(([name, { shape, optional }]) => {
      const says = name.split('_').join(' ');
      const called = subject === 'item' ? 'it' : subject === 'field' ? `its ${says}` : says;
      if (shape.type === 'list' && shape.of.type === 'record') return [];
      const what = subject === 'item' ? { item: true } : { [subject]: name };
      const having = (op: string, of: Readings<Value | readonly Value[]>): Readings<Condition> =>
        this.map(of, (v) => ({ ...what, [op]: v }) as object as Condition);
      const isList = shape.type === 'list';
      const of = (isList ? shape.of : shape) as ScalarType;
      const unit = of.type === 'int' && of.unit !== undefined ? ` ${of.unit}` : '';
      const one = (from: number): Readings<Value> => this.value(from, of, false);
      const measured = (from: number): Readings<Value> =>
        this.each(one(from), (v, end) => this.after(unit, end, (e) => [[v, e]]));
      const many = (from: number): Readings<readonly Value[]> => this.values(from, of, false);
      return this.after(`${called} `, at, (from) => [
        ...having(
          'is',
          this.after('is ', from, (n) => (isList ? this.none(n) : this.value(n, of, optional))),
        ),
        ...(isList ? having('contains', this.after('contains ', from, one)) : []),
        ...(isList
          ? []
          : [
              ...having(
                'in',
                this.after('is ', from, (n) => this.several(n, of, optional)),
              ),
              ...having('at_least', this.after('is at least ', from, measured)),
              ...having('at_most', this.after('is at most ', from, measured)),
              ...having('matches', this.after('matches ', from, one)),
              ...having('within', this.after('lies wholly within ', from, many)),
              ...having('intersects', this.after('has something in common with ', from, many)),
              ...having(
                'older_than_days',
                this.after('was more than ', from, (n) =>
                  this.each(this.value(n, DAYS, false), (v, end) => this.after(' days ago', end, (e) => [[v, e]])),
                ),
              ),
            ]),
      ]);
    });
  }

  /** A clause that the language cannot say: what decides it, and from which facts. */
  ruled(at: number): Readings<Condition> {
    const fact = (from: number): Readings<string> =>
      Object.keys(this.facts).flatMap((name) => this.after(name.split('_').join(' '), from, (end) => [[name, end]]));
    return this.after('policy.rego decides it from ', at, (from) => {
      const first = fact(from);
      const all: Readings<readonly string[]> = [...this.map(first, (f) => [f]), ...this.series(first, 'and', fact)];
      return this.map(all, (rego) => ({ rego }));
    });
  }

  values(at: number, shape: Shape, optional: boolean): Readings<readonly Value[]> {
    return [...this.map(this.value(at, shape, optional), (v) => [v]), ...this.several(at, shape, optional)];
  }
  several(at: number, shape: Shape, optional: boolean): Readings<readonly Value[]> {
    return this.series(this.value(at, shape, optional), 'or', (from) => this.value(from, shape, optional));
  }

  value(at: number, shape: Shape, optional: boolean): Readings<Value> {
    const name = this.match(NAME, at);
    if (name === null) return this.literal(at, shape, optional);
    const param = name[1] as string;
    const first = (from: number): Readings<Literal> => this.literal(from, shape, false);
    const from = at + name[0].length;
    const defaults: Readings<readonly Literal[]> = [
      ...this.map(first(from), (l) => [l]),
      ...this.series(first(from), 'or', first),
    ];
    return this.each(defaults, (byDefault, end) =>
      this.after(')', end, (e): Readings<Value> => [[{ param, byDefault, shape }, e]]),
    );
  }

  none(at: number): Readings<Literal> {
    return this.after('none', at, (end) => [[NONE, end]]);
  }

  literal(at: number, shape: Shape, optional: boolean): Readings<Literal> {
    const none = optional ? this.none(at) : [];
    const read = (pattern: RegExp, make: (m: RegExpExecArray) => Literal | undefined): Readings<Literal> => {
      const m = this.match(pattern, at);
      const v = m === null ? undefined : make(m);
      return m === null || v === undefined ? none : [...none, [v, at + m[0].length]];
    };
    switch (shape.type) {
      case 'bool':
        return [
          ...none,
          ...this.after<Literal>('true', at, (end) => [[true, end]]),
          ...this.after<Literal>('false', at, (end) => [[false, end]]),
        ];
      case 'enum':
      case 'string':
        return read(TEXT_LITERAL, ([text]) => JSON.parse(text) as string);
      case 'int':
      case 'days':
        return read(INTEGER, ([digits]) => Number(digits));
      case 'range':
        return read(RANGE, ([, from, to]) => ({ from: Number(from), to: Number(to ?? from) }));
      case 'ip_range':
        return read(ADDRESSES, ([text]) => {
          const [first, last] = text.split('-').map(parseCidrLiteral);
          return first === undefined || last === undefined ? first : { ...first, last: last.last };
        });
      case 'timestamp':
        return none;
    }
  }
}

function refuse(text: string, why: string): never {
  throw new AppError('INPUT_INVALID', `${why}: ${text}`);
}

/** The one reading of a whole text. */
function only<T>(text: string, readings: Readings<T>): T {
  const whole = readings.filter(([, end]) => end === text.length).map(([what]) => what);
  const [one, ...others] = new Map(whole.map((w) => [JSON.stringify(w), w])).values();
  if (one === undefined) return refuse(text, 'this cannot be read');
  return others.length === 0 ? one : refuse(text, 'this can be read in more than one way');
}

/** A sentence without its full stop and its capital. */
const bare = (text: string): string =>
  text.endsWith('.') ? `${text.charAt(0).toLowerCase()}${text.slice(1, -1)}` : refuse(text, 'there is no full stop');

const TYPES: { readonly [shape in Shape['type']]?: readonly [one: Param['type'], many: Param['type']] } = {
  int: ['int', 'int'],
  days: ['int', 'int'],
  string: ['string', 'list_of_strings'],
  enum: ['string', 'list_of_strings'],
  range: ['list_of_ranges', 'list_of_ranges'],
  ip_range: ['list_of_ip_ranges', 'list_of_ip_ranges'],
};

/** What is declared of the parameters, gathered from all sentences. */
class Params {
  readonly named = new Map<string, Named>();
  readonly overrides = new Map<string, { readonly when: Condition; readonly values: readonly Literal[] }[]>();

  /** Each parameter that stands in a condition; twice with different defaults is refused. */
  gather(node: unknown): void {
    if (isNamed(node)) {
      const before = this.named.get(node.param);
      if (before !== undefined && JSON.stringify(before.byDefault) !== JSON.stringify(node.byDefault))
        refuse(node.param, 'this parameter has two defaults');
      this.named.set(node.param, before ?? node);
    } else if (typeof node === 'object' && node !== null) for (const v of Object.values(node)) this.gather(v);
  }

  isMany(name: string): boolean {
    const { byDefault = [] } = this.named.get(name) ?? {};
    return byDefault.length > 1 || (this.overrides.get(name) ?? []).some(({ values }) => values.length > 1);
  }

  /** The condition with its parameters by name, as the clause language has them. */
  settled(node: unknown): unknown {
    if (isNamed(node)) return { param: node.param };
    if (Array.isArray(node)) {
      const [only_, ...more] = node as readonly unknown[];
      const isWhole = isNamed(only_) && more.length === 0 && TYPES[only_.shape.type]?.[0].startsWith('list_') === true;
      return isWhole ? { param: only_.param } : node.map((n) => this.settled(n));
    }
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(
      Object.entries(node).map(([key, v]: readonly [string, unknown]) => {
        const one = Array.isArray(v) && v.length === 1 ? (v[0] as unknown) : v;
        const isList = isNamed(one) && this.isMany(one.param) && (key === 'is' || key === 'in');
        return isList ? ['in', { param: one.param }] : [key, this.settled(v)];
      }),
    );
  }

  declared(): { readonly [name: string]: Param } {
    return Object.fromEntries(
      [...this.named].map(([name, { shape, byDefault }]) => {
        const [one, many] = TYPES[shape.type] ?? refuse(name, 'no parameter has this type');
        const type = this.isMany(name) ? many : one;
        const value = (values: readonly Literal[]) => (type.startsWith('list_') ? values : (values[0] as Literal));
        const overrides = (this.overrides.get(name) ?? []).map(({ when, values }) => ({ when, value: value(values) }));
        const more = overrides.length === 0 ? {} : { overrides };
        return [name, { says: 'as read', type, default: value(byDefault), ...more }];
      }),
    );
  }
}

/** A policy from its generated English alone, typed. Throws `INPUT_INVALID` where a sentence has no reading, or several. */
export function readEnglish(english: English, kind: Kind): Policy {
  const params = new Params();
  const whole: Place = { facts: factsOf(kind), subject: 'fact' };
  const sentence = (text: string): Condition => {
    const reader = new Reader(text, kind);
    const c = only(text, [...reader.sentence(0, whole), ...reader.ruled(0)]);
    params.gather(c);
    return c;
  };
  const applies = 'it applies where ';
  const scope = english.scope === undefined ? undefined : bare(english.scope);
  if (scope?.startsWith(applies) === false) refuse(scope, 'this is no scope');
  const appliesWhen = scope === undefined ? undefined : sentence(scope.slice(applies.length));
  const clauses = Object.entries(english.clauses).map(([id, text]) => ({ id, that: sentence(bare(text)) }));
  for (const line of english.params) {
    const text = bare(line);
    const [, name = ''] = /^(\w+) is /.exec(text) ?? refuse(text, 'this is no override');
    const param = params.named.get(name) ?? refuse(text, 'no sentence uses this parameter');
    const reader = new Reader(text, kind);
    const values = reader.values(name.length + ' is '.length, param.shape, false) as Readings<readonly Literal[]>;
    const override = reader.each(values, (v, end) =>
      reader.after(' where ', end, (from) => reader.map(reader.sentence(from, whole), (when) => ({ when, values: v }))),
    );
    params.overrides.set(name, [...(params.overrides.get(name) ?? []), only(text, override)]);
  }
  const declared = params.declared();
  const policy = {
    id: `${kind.id.replaceAll('_', '-')}.as-read`,
    title: 'As read',
    severity: 'low',
    kind: kind.id,
    ...(appliesWhen === undefined ? {} : { applies_when: params.settled(appliesWhen) }),
    require: clauses.map(({ id, that }) => ({ id, says: 'as read', that: params.settled(that) })),
    ...(Object.keys(declared).length === 0 ? {} : { params: declared }),
    frameworks: {},
    remediation: 'As read.',
  };
  return typecheck(policy, kind);
}
