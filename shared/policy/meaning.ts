/**
 * The meaning of a policy: the specification that every other form of it is proved against.
 *
 * Three-valued (strong Kleene) over what was seen: a fact that is not there is unknown; a value that is not of the
 * declared type proves neither side; `none` (an optional fact known to have no value) fails every comparison but
 * `is: none`; a quantifier over a list that is not closed is settled only by an item that settles it. Slow and plain on
 * purpose.
 */
import type { ScalarType } from '../model/fact.ts';
import { type ClauseVerdict, combine, type Truth, type Verdict } from '../model/verdict.ts';
import { conditionsOf, type Core, type CoreAtom, type CorePolicy, nodesOf, type RegoRead } from './core.ts';
import { isIpRange, isNone, isRange } from './literals.ts';

/** What a policy sees. `closed` names the list facts that were seen completely; `now` is in epoch seconds. */
export interface PolicyInput {
  readonly facts: { readonly [fact: string]: unknown };
  readonly closed: readonly string[];
  readonly now: number;
}

/** How far ahead of now an instant may lie (clocks differ); beyond, it is unknown. */
export const CLOCK_SKEW_SECONDS = 300;

interface Context {
  readonly input: PolicyInput;
  /** The item that a quantifier looks at. */
  readonly item?: unknown;
}

const not = (t: Truth): Truth => (t === 'true' ? 'false' : t === 'false' ? 'true' : 'unknown');
const and = (ts: readonly Truth[]): Truth =>
  ts.includes('false') ? 'false' : ts.includes('unknown') ? 'unknown' : 'true';
const or = (ts: readonly Truth[]): Truth => not(and(ts.map(not)));
const truth = (b: boolean): Truth => (b ? 'true' : 'false');

/** The truth of a condition. */
export function evaluate(c: Core, context: Context): Truth {
  switch (c.op) {
    case 'all':
      return and(c.of.map((x) => evaluate(x, context)));
    case 'any':
      return or(c.of.map((x) => evaluate(x, context)));
    case 'not':
      return not(evaluate(c.of, context));
    case 'choose': {
      const [when, yes, no] = [evaluate(c.when, context), evaluate(c.yes, context), evaluate(c.no, context)];
      return when === 'true' ? yes : when === 'false' ? no : yes === no ? yes : 'unknown';
    }
    case 'every':
    case 'some': {
      const list = listOf(c.list, context);
      if (list === undefined) return 'unknown';
      // Items that were not seen may be anything.
      const items = list.items.map((item) => evaluate(c.that, { ...context, item }));
      if (!list.closed) items.push('unknown');
      return c.op === 'every' ? and(items) : or(items);
    }
    case 'count': {
      const list = listOf(c.list, context);
      if (list === undefined) return 'unknown';
      const items = list.items.map((item) => evaluate(c.that, { ...context, item }));
      const least = items.filter((t) => t === 'true').length;
      const most = list.closed ? items.filter((t) => t !== 'false').length : Number.POSITIVE_INFINITY;
      const both: Truth[] = [];
      if (c.atLeast !== undefined) both.push(least >= c.atLeast ? 'true' : most < c.atLeast ? 'false' : 'unknown');
      if (c.atMost !== undefined) both.push(most <= c.atMost ? 'true' : least > c.atMost ? 'false' : 'unknown');
      return and(both);
    }
    case 'rego':
      return 'unknown'; // only policy.rego knows
    case 'test':
      return evaluateAtom(c, context);
  }
}

function listOf(name: string, { input }: Context): { items: readonly unknown[]; closed: boolean } | undefined {
  const items = lookup(input.facts, name);
  return Array.isArray(items)
    ? { items, closed: Array.isArray(input.closed) && input.closed.includes(name) }
    : undefined;
}

/** The own property of a JSON object; undefined for anything else. */
function lookup(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null && !Array.isArray(of) && Object.hasOwn(of, key)
    ? (of as { [key: string]: unknown })[key]
    : undefined;
}

function evaluateAtom({ subject, shape, optional, test }: CoreAtom, { input, item }: Context): Truth {
  const value =
    'fact' in subject ? lookup(input.facts, subject.fact) : 'field' in subject ? lookup(item, subject.field) : item;
  if (value === undefined) return 'unknown';
  if (isNone(value)) return optional ? truth(test.op === 'in' && test.values.some(isNone)) : 'unknown';
  if (shape.type === 'list') {
    if (!Array.isArray(value)) return 'unknown';
    if (test.op !== 'contains') return 'false'; // `is: none`, of a list that is there
    return or(value.map((v) => (isOfType(shape.of, v) ? truth(v === test.value) : 'unknown')));
  }
  if (!isOfType(shape, value)) return 'unknown';
  switch (test.op) {
    case 'in':
      return truth(test.values.includes(value as boolean | number | string));
    case 'at_least':
      return truth((value as number) >= test.value);
    case 'at_most':
      return truth((value as number) <= test.value);
    case 'matches':
      return truth(matches(value as string, test.pattern));
    case 'older_than':
      if (typeof input.now !== 'number' || (value as number) > input.now + CLOCK_SKEW_SECONDS) return 'unknown';
      return truth(input.now - (value as number) > test.seconds);
    case 'within':
    case 'intersects': {
      const [family, first, last] = bounds(value);
      const hits = test.ranges.some((range) => {
        const [rangeFamily, rangeFirst, rangeLast] = bounds(range);
        if (family !== rangeFamily) return false;
        return test.op === 'within'
          ? rangeFirst <= first && last <= rangeLast
          : rangeFirst <= last && first <= rangeLast;
      });
      return truth(hits);
    }
    case 'contains':
      return 'unknown';
  }
}

/** A range of either sort: its family, and its bounds. */
function bounds(range: unknown): readonly [string, number | string, number | string] {
  if (isIpRange(range)) return [range.family, range.first, range.last];
  return isRange(range) ? ['integers', range.from, range.to] : ['', '', ''];
}

/** The value is of the type, as far as a comparison needs it (bounds, whole numbers and spelling are the validator's). */
export function isOfType(type: ScalarType, value: unknown): boolean {
  switch (type.type) {
    case 'bool':
      return typeof value === 'boolean';
    case 'enum':
      return typeof value === 'string' && type.values.includes(value);
    case 'string':
      return typeof value === 'string';
    case 'int':
    case 'timestamp':
      return typeof value === 'number';
    case 'range':
      return isRange(value);
    case 'ip_range':
      return isIpRange(value);
  }
}

/** The whole text matches the pattern, in which `*` stands for any text, the empty one included. */
export function matches(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= text.length - last.length;
}

/** What a policy says of an input. */
export interface Meaning {
  readonly verdict: Verdict;
  readonly scope: Truth;
  readonly clauses: readonly ClauseVerdict[];
}

/** What policy.rego has decided of the clauses that only it says, by their ids. */
export type Ruled = ReadonlyMap<string, ClauseVerdict>;

/** Judges an input by the specification. A clause that only policy.rego says is unknown, unless `ruled` says more. */
export function meaningOf(policy: CorePolicy, input: PolicyInput, ruled?: Ruled): Meaning {
  const scope = policy.scope === undefined ? 'true' : evaluate(policy.scope, { input });
  const clauses = policy.clauses.map(({ id, that }): ClauseVerdict => {
    const decided = that.op === 'rego' ? ruled?.get(id) : undefined;
    if (decided !== undefined) return decided;
    const t = evaluate(that, { input });
    const items = t === 'false' ? failingItems(that, { input }) : [];
    const verdict = t === 'true' ? 'holds' : t === 'false' ? 'fails' : 'unknown';
    return items.length === 0 ? { id, verdict } : { id, verdict, items };
  });
  return { verdict: combine(scope, clauses), scope, clauses };
}

/** The clause speaks of each item of one list, so that a failure can name the items: `every`, or `count` with at_most only. */
export function namesItems(c: Core): c is Extract<Core, { op: 'every' | 'count' }> {
  return c.op === 'every' || (c.op === 'count' && c.atLeast === undefined);
}

function failingItems(c: Core, context: Context): readonly number[] {
  if (!namesItems(c)) return [];
  const guilty: Truth = c.op === 'every' ? 'false' : 'true';
  const items = listOf(c.list, context)?.items ?? [];
  return [...items.keys()].filter((i) => evaluate(c.that, { ...context, item: items[i] }) === guilty);
}

/** The most sets that are kept while looking for the smallest one. */
const MOST_SETS = 64;

/**
 * A smallest set of facts that could decide an unknown verdict: were they known, the policy could be compliant,
 * violated or not applicable. (A fact is counted once, whatever value it would have to take.) Of a clause that only
 * policy.rego says, and that it has not decided, whatever is not known of what it reads.
 */
export function missingFacts(policy: CorePolicy, input: PolicyInput, ruled?: Ruled): readonly string[] {
  const context: Context = { input };
  const clause = ({ id, that }: CorePolicy['clauses'][number], want: boolean): Ways => {
    const is = that.op === 'rego' ? ruled?.get(id)?.verdict : undefined;
    if (is === undefined || is === 'unknown') return ways(that, want, context);
    return (is === 'holds') === want ? [new Set()] : [];
  };
  const [no, yes] =
    policy.scope === undefined
      ? [[], [new Set<string>()]]
      : [false, true].map((t) => ways(policy.scope as Core, t, context));
  const outcomes = [
    no ?? [],
    policy.clauses.flatMap((c) => joined([yes ?? [], clause(c, false)])),
    joined(policy.clauses.map((c) => clause(c, true))),
  ];
  const [smallest] = outcomes.flat().sort((a, b) => a.size - b.size);
  return smallest === undefined ? [] : [...smallest].sort();
}

type Ways = readonly ReadonlySet<string>[];

/** Sets of facts that could make the condition come out as wanted; the empty set if it does already, none if it cannot. */
function ways(c: Core, want: boolean, context: Context): Ways {
  const is = evaluate(c, context);
  if (is !== 'unknown') return is === truth(want) ? [new Set()] : [];
  switch (c.op) {
    case 'all':
    case 'any': {
      const each = c.of.map((x) => ways(x, want, context));
      return want === (c.op === 'all') ? joined(each) : fewest(each.flat());
    }
    case 'not':
      return ways(c.of, !want, context);
    case 'choose':
      return fewest([
        ...joined([ways(c.when, true, context), ways(c.yes, want, context)]),
        ...joined([ways(c.when, false, context), ways(c.no, want, context)]),
        ...joined([ways(c.yes, want, context), ways(c.no, want, context)]),
      ]);
    case 'every':
    case 'some':
    case 'count':
      return [new Set([c.list])];
    case 'rego': {
      const open = Object.entries(c.reads).filter(([fact, read]) => isOpen(fact, read, context));
      return open.length === 0 ? [] : [new Set(open.map(([fact]) => fact))];
    }
    case 'test':
      return 'fact' in c.subject ? [new Set([c.subject.fact])] : [];
  }
}

/** Something of the fact is not known: it, more items, or a field of an item. */
function isOpen(fact: string, { shape }: RegoRead, context: Context): boolean {
  if (shape.type !== 'list') return lookup(context.input.facts, fact) === undefined;
  const list = listOf(fact, context);
  if (list === undefined || !list.closed) return true;
  const { of } = shape;
  return of.type === 'record' && list.items.some((i) => Object.keys(of.fields).some((f) => lookup(i, f) === undefined));
}

/** One way out of each: their unions. */
function joined(each: readonly Ways[]): Ways {
  return each.reduce<Ways>(
    (sets, next) => fewest(sets.flatMap((s) => next.map((t) => new Set([...s, ...t])))),
    [new Set()],
  );
}

const fewest = (sets: Ways): Ways => sets.toSorted((a, b) => a.size - b.size).slice(0, MOST_SETS);

/**
 * The earliest instant after `now` at which an age that the policy compares crosses its bound (or an instant too far
 * ahead comes near enough to be believed), in epoch seconds; undefined if none does.
 */
export function flipsAt(policy: CorePolicy, input: PolicyInput): number | undefined {
  const instants: number[] = [];
  const see = (value: unknown, seconds: number): void => {
    if (!Number.isInteger(value)) return;
    instants.push((value as number) + seconds + 1, (value as number) - CLOCK_SKEW_SECONDS);
  };
  const walk = (c: Core, list: string | undefined): void => {
    for (const node of nodesOf(c)) {
      if (node !== c && (node.op === 'every' || node.op === 'some' || node.op === 'count')) walk(node, node.list);
      if (node.op !== 'test' || node.test.op !== 'older_than') continue;
      const { subject, test } = node;
      if ('fact' in subject) see(lookup(input.facts, subject.fact), test.seconds);
      else if (list !== undefined) {
        for (const item of listOf(list, { input })?.items ?? [])
          see('field' in subject ? lookup(item, subject.field) : item, test.seconds);
      }
    }
  };
  for (const c of conditionsOf(policy)) walk({ op: 'all', of: [c] }, undefined);
  const next = Math.min(...instants.filter((t) => t > input.now));
  return Number.isFinite(next) ? next : undefined;
}
