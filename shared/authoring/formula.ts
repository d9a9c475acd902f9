/**
 * Conditions as formulas over independent variables: one for each fact. A variable takes finitely many classes of values,
 * because all that a policy sees of a fact are the truths of its comparisons and quantifiers; each class has a witness.
 * What is built here is exact over every input that keeps the contract of the kind, or it throws `Undecided`.
 */
import { NONE, type ScalarListType, type ScalarType } from '../model/fact.ts';
import type { Truth } from '../model/verdict.ts';
import { type Core, type CoreAtom, type CorePolicy, nodesOf } from '../policy/core.ts';
import { CLOCK_SKEW_SECONDS, evaluate } from '../policy/meaning.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import { domainOf } from '../policy/regions.ts';

/** The question is too large to be decided exactly. */
export class Undecided extends Error {}

/** A formula of three-valued logic; a leaf is one truth of the class of a variable. */
export type Formula =
  | Truth
  | { readonly and: readonly Formula[] }
  | { readonly or: readonly Formula[] }
  | { readonly not: Formula }
  | { readonly choose: readonly [when: Formula, yes: Formula, no: Formula] }
  | { readonly leaf: readonly [variable: string, index: number] };

/** Values of a fact that no comparison of the policies tells apart. */
export interface Class {
  /** The truths of the variable's leaves. */
  readonly truths: readonly Truth[];
  /** A smallest value; absent: the fact is not known. */
  readonly witness?: { readonly value: unknown; readonly closed?: boolean };
  readonly cost: number;
}
export interface Variable {
  readonly fact: string;
  /** All classes, and those in which nothing is unknown. */
  readonly all: readonly Class[];
  readonly complete: readonly Class[];
}
export interface Space {
  readonly variables: readonly Variable[];
  readonly policies: readonly { readonly scope: Formula; readonly requirement: Formula }[];
}

type Quantifier = Extract<Core, { op: 'every' | 'some' | 'count' }>;
type Leaf = CoreAtom | Quantifier;

/** How much is looked at before a question counts as too large. */
const MOST = { texts: 5000, subsets: 10, items: 30_000, lists: 5000, classes: 500 } as const;
const budget = (n: number, most: number, what: string): void => {
  if (n > most) throw new Undecided(`there are more than ${most} ${what}`);
};

/** The policies (of one kind) as formulas over one set of variables. Throws `Undecided`. */
export function spaceOf(policies: readonly CorePolicy[]): Space {
  const leaves = new Map<string, Leaf[]>();
  const indexOf = new Map<string, number>();
  const toFormula = (c: Core): Formula => {
    switch (c.op) {
      case 'all':
        return and(c.of.map(toFormula));
      case 'any':
        return or(c.of.map(toFormula));
      case 'not':
        return not(toFormula(c.of));
      case 'choose':
        return choose(toFormula(c.when), toFormula(c.yes), toFormula(c.no));
      case 'rego':
        throw new Undecided('a clause is said by Rego alone');
      case 'test':
      case 'some':
      case 'every':
      case 'count': {
        const fact = c.op === 'test' ? ('fact' in c.subject ? c.subject.fact : '') : c.list;
        const of = leaves.get(fact) ?? [];
        leaves.set(fact, of);
        const key = `${fact} ${JSON.stringify(c)}`;
        const index = indexOf.get(key) ?? of.push(c) - 1;
        indexOf.set(key, index);
        return { leaf: [fact, index] };
      }
    }
  };
  const formulas = policies.map((p) => ({
    scope: p.scope === undefined ? ('true' as const) : toFormula(p.scope),
    requirement: and(p.clauses.map((c) => toFormula(c.that))),
  }));
  return { variables: [...leaves].map(([fact, of]) => variableOf(fact, of)), policies: formulas };
}

// ── three-valued logic, simplified as it is built ─────────────────────────────────────────────────────────────────

const isTruth = (f: Formula): f is Truth => typeof f === 'string';
const textOf = (f: Formula): string => JSON.stringify(f);

export function not(f: Formula): Formula {
  if (isTruth(f)) return f === 'true' ? 'false' : f === 'false' ? 'true' : 'unknown';
  return 'not' in f ? f.not : { not: f };
}

function joined(op: 'and' | 'or', of: readonly Formula[]): Formula {
  const [settles, neutral]: readonly [Truth, Truth] = op === 'and' ? ['false', 'true'] : ['true', 'false'];
  const flat = of.flatMap((f) =>
    !isTruth(f) && op in f ? ((f as { [op: string]: readonly Formula[] })[op] ?? []) : [f],
  );
  if (flat.includes(settles)) return settles;
  const members = new Map(flat.filter((f) => f !== neutral).map((f) => [textOf(f), f]));
  if (members.size < 2) return [...members.values()][0] ?? neutral;
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, f]) => f);
  return op === 'and' ? { and: sorted } : { or: sorted };
}
export const and = (of: readonly Formula[]): Formula => joined('and', of);
const or = (of: readonly Formula[]): Formula => joined('or', of);

function choose(when: Formula, yes: Formula, no: Formula): Formula {
  if (when === 'true') return yes;
  if (when === 'false') return no;
  if (isTruth(yes) && isTruth(no)) {
    if (yes === no) return yes;
    if (when === 'unknown') return 'unknown';
  }
  return { choose: [when, yes, no] };
}

/** The formula where the variable takes the class. */
export function assign(f: Formula, fact: string, truths: readonly Truth[]): Formula {
  if (isTruth(f)) return f;
  if ('leaf' in f) return f.leaf[0] === fact ? (truths[f.leaf[1]] ?? 'unknown') : f;
  if ('not' in f) return not(assign(f.not, fact, truths));
  if ('choose' in f) {
    const [when, yes, no] = f.choose;
    return choose(assign(when, fact, truths), assign(yes, fact, truths), assign(no, fact, truths));
  }
  const members = ('and' in f ? f.and : f.or).map((m) => assign(m, fact, truths));
  return 'and' in f ? and(members) : or(members);
}

// ── the classes of a fact ─────────────────────────────────────────────────────────────────────────────────────────

const costOf = (value: unknown): number => 100 + JSON.stringify(value).length;

function variableOf(fact: string, leaves: readonly Leaf[]): Variable {
  const absent: Class = { truths: leaves.map(() => 'unknown'), cost: 0 };
  const quantifiers = leaves.filter((l) => l.op !== 'test');
  if (quantifiers.length === 0) {
    const atoms = leaves as readonly CoreAtom[];
    const known = valuesOf(atoms, (atom, value) => evaluate(atom, { input: inputOf({ [fact]: value }) }));
    const complete = known.map(({ truths, value }) => ({ truths, witness: { value }, cost: costOf(value) }));
    return { fact, all: [absent, ...complete], complete };
  }
  // A list fact is only ever compared by quantifiers: `contains` is one of them in the core form.
  if (quantifiers.length < leaves.length) throw new Undecided(`${fact} is compared both as a list and as a value`);
  const { all, complete } = itemsOf(quantifiers);
  return {
    fact,
    all: distinct([absent, ...listsOf(quantifiers, all, true), ...listsOf(quantifiers, all, false)]),
    complete: listsOf(quantifiers, complete, true),
  };
}

const inputOf = (facts: { readonly [fact: string]: unknown }) => ({ facts, closed: [], now: PROOF_NOW });

/** The cheapest of the classes with the same truths. */
function distinct(classes: readonly Class[]): readonly Class[] {
  const best = new Map<string, Class>();
  for (const c of classes) {
    const key = c.truths.join();
    const known = best.get(key);
    if (known === undefined || c.cost < known.cost) best.set(key, c);
  }
  budget(best.size, MOST.classes, 'classes of one fact');
  return [...best.values()];
}

interface Value {
  readonly value: unknown;
  readonly truths: readonly Truth[];
}

/** A smallest value for each combination of truths that the comparisons of one subject can have. */
function valuesOf(atoms: readonly CoreAtom[], truth: (atom: CoreAtom, value: unknown) => Truth): readonly Value[] {
  const [first] = atoms;
  if (first === undefined) return [];
  const values = [...properValues(first.shape, atoms), ...(first.optional ? [NONE] : [])];
  const best = new Map<string, Value>();
  for (const value of values) {
    const truths = atoms.map((atom) => truth(atom, value));
    const key = truths.join();
    const known = best.get(key);
    if (known === undefined || JSON.stringify(value).length < JSON.stringify(known.value).length)
      best.set(key, { value, truths });
  }
  return [...best.values()];
}

/** Values of the declared type: at least one for each combination of truths. */
function properValues(shape: ScalarType | ScalarListType, atoms: readonly CoreAtom[]): readonly unknown[] {
  const tests = atoms.map((a) => a.test);
  if (shape.type === 'list') {
    const wanted = [...new Set(tests.flatMap((t) => (t.op === 'contains' ? [t.value] : [])))];
    budget(wanted.length, MOST.subsets, 'values that one list may contain');
    return wanted.reduce<readonly unknown[][]>((sets, v) => [...sets, ...sets.map((s) => [...s, v])], [[]]);
  }
  if (shape.type === 'string') return textsOf(tests);
  if (shape.type === 'timestamp') {
    // An instant that is further ahead is never seen: `toInput` leaves it out.
    const bounds = tests.flatMap((t) => (t.op === 'older_than' ? [PROOF_NOW - t.seconds] : []));
    return [PROOF_NOW, ...bounds.flatMap((n) => [n - 1, n, n + 1])].filter((n) => n <= PROOF_NOW + CLOCK_SKEW_SECONDS);
  }
  if (shape.type === 'int') {
    const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = shape;
    const bounds = tests.flatMap((t) =>
      t.op === 'in' ? t.values.filter((v) => typeof v === 'number') : 'value' in t ? [Number(t.value)] : [],
    );
    const near = [...bounds.flatMap((n) => [n, n - 1, n + 1]), min, max];
    return near.filter((n) => n >= min && n <= max);
  }
  return domainOf(shape, false, tests, { now: PROOF_NOW }).proper;
}

/** A pattern as characters; `*` is any text. */
type Pattern = readonly (string | null)[];
/** Letters for what no constant says, of which one is taken. */
const STRANGERS = Array.from('xyzqjkwv0123456789');

/** A shortest text for each combination of patterns and constants that one text can be. */
function textsOf(tests: readonly CoreAtom['test'][]): readonly string[] {
  const patterns: Pattern[] = tests.flatMap((t): Pattern[] => {
    if (t.op === 'matches') return [Array.from(t.pattern, (c) => (c === '*' ? null : c))];
    if (t.op === 'in') return t.values.flatMap((v) => (typeof v === 'string' ? [Array.from(v)] : []));
    return [];
  });
  const letters = [...new Set(patterns.flat().filter((c) => c !== null))];
  const stranger = STRANGERS.find((c) => !letters.includes(c)) ?? '\u{1F512}';
  // A state is the set of places that each pattern may have come to; it is left out where all are at no place.
  const skipStars = (pattern: Pattern, places: readonly number[]): readonly number[] => {
    const all = new Set(places);
    for (const at of all) if (pattern[at] === null) all.add(at + 1);
    return [...all].sort((a, b) => a - b);
  };
  const step = (pattern: Pattern, places: readonly number[], letter: string): readonly number[] =>
    skipStars(
      pattern,
      places.flatMap((at) => (pattern[at] === null ? [at] : pattern[at] === letter ? [at + 1] : [])),
    );
  const start = patterns.map((p) => skipStars(p, [0]));
  const seen = new Map([[JSON.stringify(start), '']]);
  const queue = [{ text: '', state: start }];
  for (const { text, state } of queue) {
    for (const letter of [...letters, stranger]) {
      const next = state.map((places, i) => step(patterns[i] as Pattern, places, letter));
      const key = JSON.stringify(next);
      if (seen.has(key)) continue;
      seen.set(key, text + letter);
      budget(seen.size, MOST.texts, 'ways for a text to match');
      queue.push({ text: text + letter, state: next });
    }
  }
  return [...seen.values()];
}

// ── items and lists ───────────────────────────────────────────────────────────────────────────────────────────────

/** A smallest item for each combination of truths that the predicates of the quantifiers can have. */
function itemsOf(quantifiers: readonly Quantifier[]): {
  readonly all: readonly Value[];
  readonly complete: readonly Value[];
} {
  const fields = new Map<string, CoreAtom[]>();
  for (const q of quantifiers) {
    for (const node of nodesOf(q.that)) {
      if (node.op !== 'test') continue;
      const name = 'field' in node.subject ? node.subject.field : '';
      fields.set(name, [...(fields.get(name) ?? []), node]);
    }
  }
  const scalar = fields.get('');
  const truthsOf = (item: unknown): readonly Truth[] =>
    quantifiers.map((q) => evaluate(q.that, { input: inputOf({}), item }));
  const values = (name: string, atoms: readonly CoreAtom[]): readonly Value[] =>
    valuesOf(atoms, (atom, value) =>
      evaluate(atom, { input: inputOf({}), item: name === '' ? value : { [name]: value } }),
    );
  if (scalar !== undefined) {
    const items = smallest(
      values('', scalar).map((v) => v.value),
      truthsOf,
    );
    return { all: items, complete: items };
  }
  const records = (isComplete: boolean): readonly Value[] => {
    let items: readonly { readonly [field: string]: unknown }[] = [{}];
    for (const [name, atoms] of fields) {
      const known = values(name, atoms);
      budget(items.length * (known.length + 1), MOST.items, 'kinds of items');
      items = items.flatMap((item) => [
        ...(isComplete ? [] : [item]),
        ...known.map((v) => ({ ...item, [name]: v.value })),
      ]);
    }
    return smallest(items, truthsOf);
  };
  return { all: records(false), complete: records(true) };
}

function smallest(items: readonly unknown[], truthsOf: (item: unknown) => readonly Truth[]): readonly Value[] {
  const best = new Map<string, Value>();
  for (const value of items) {
    const truths = truthsOf(value);
    const key = truths.join();
    const known = best.get(key);
    if (known === undefined || JSON.stringify(value).length < JSON.stringify(known.value).length)
      best.set(key, { value, truths });
  }
  return [...best.values()];
}

/**
 * The classes of lists of these items. All that a quantifier sees of a list are how many items surely match, and how
 * many may, up to its bound: the lists are grown item by item until there is nothing new to see.
 */
function listsOf(quantifiers: readonly Quantifier[], items: readonly Value[], closed: boolean): readonly Class[] {
  const caps = quantifiers.map((q) => (q.op === 'count' ? Math.max(q.atLeast ?? 0, q.atMost ?? 0) + 1 : 1));
  type Seen = readonly (readonly [surely: number, surelyNot: number, open: number])[];
  const add = (seen: Seen, truths: readonly Truth[]): Seen =>
    seen.map(([yes, no, open], i) => {
      const cap = caps[i] as number;
      const one = (n: number, is: Truth): number => Math.min(cap, n + (truths[i] === is ? 1 : 0));
      return [one(yes, 'true'), one(no, 'false'), one(open, 'unknown')];
    });
  const start: Seen = quantifiers.map(() => [0, 0, 0]);
  const seen = new Map([[JSON.stringify(start), [] as readonly unknown[]]]);
  const queue = [{ state: start, list: [] as readonly unknown[] }];
  for (const { state, list } of queue) {
    for (const item of items) {
      const next = add(state, item.truths);
      const key = JSON.stringify(next);
      if (seen.has(key)) continue;
      const longer = [...list, item.value];
      seen.set(key, longer);
      budget(seen.size, MOST.lists, 'kinds of lists');
      queue.push({ state: next, list: longer });
    }
  }
  return distinct(
    [...seen.values()].map((value) => {
      const name = quantifiers[0]?.list ?? '';
      const input = { facts: { [name]: value }, closed: closed ? [name] : [], now: PROOF_NOW };
      return {
        truths: quantifiers.map((q) => evaluate(q, { input })),
        witness: { value, closed },
        cost: costOf(value),
      };
    }),
  );
}
