/**
 * Proof that an executable form of a policy means what its clauses mean: on every region of what it compares, on every
 * class of items in every quantifier, on values of the wrong type, and on random resources.
 *
 * Pure over `evaluate`, so the same proof runs against the WASM that ships, against another engine, and as a gate when a
 * policy is authored.
 */
import type { Core, CorePolicy, RegoRead } from './core.ts';
import { conditionsOf, nodesOf, regoClausesOf } from './core.ts';
import { isNone } from './literals.ts';
import { evaluate as truthOf, isOfType, type Meaning, meaningOf, type PolicyInput, type Ruled } from './meaning.ts';
import {
  type Compared,
  type Constants,
  type Domain,
  domainOf,
  lengthsIn,
  type Subjects,
  subjectsOf,
} from './regions.ts';
import { declaredOf } from './to-rego.ts';

/** Runs the policy on an input (well-formed or not) and gives its raw result `{declared, holds, fails}`. */
export type Evaluate = (input: unknown) => unknown;

/** A source of chance that can be repeated. */
export interface Lots {
  /** An integer from 0 to n-1. */
  below(n: number): number;
  pick<T>(of: readonly T[]): T;
  chance(probability: number): boolean;
}

/** Chance from a seed (mulberry32). */
export function lotsFrom(seed: number): Lots {
  let a = seed >>> 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number): number => Math.floor(next() * n);
  return { below, pick: (of) => of[below(of.length)] as (typeof of)[number], chance: (p) => next() < p };
}

export type Phase = 'facts' | 'items' | 'shells' | 'random';

/** An input on which the two differ, as small as it was found to be. */
export interface Counterexample {
  readonly phase: Phase;
  readonly input: unknown;
  readonly expected: Meaning;
  readonly got: unknown;
  readonly difference: string;
}

export interface Proof {
  readonly policy: string;
  /** How many inputs each phase compared. */
  readonly inputs: { readonly [phase in Phase]: number };
  readonly counterexample?: Counterexample;
}

export interface ProofOptions {
  readonly seed: number;
  /** How many random inputs. @default 1000 */
  readonly random?: number;
  /** The literals of the executable form (`constantsIn`), so that a bound that only it knows is looked at too. */
  readonly constants?: Constants;
  /** Only these phases. @default all */
  readonly phases?: readonly Phase[];
}

/** The instant at which the proof judges. */
export const PROOF_NOW = 1_800_000_000;
const MOST_PRODUCT = 20_000;
const SAMPLES = 12;
const ABSENT = Symbol('absent');

/**
 * Compares the executable form with the meaning of the policy. Stops at the first difference and gives it shrunk.
 * An error that `evaluate` throws counts as a difference.
 */
export function provePolicy(policy: CorePolicy, evaluate: Evaluate, options: ProofOptions): Proof {
  const inputs = { facts: 0, items: 0, shells: 0, random: 0 };
  for (const [phase, input] of inputsOf(policy, options)) {
    inputs[phase]++;
    if (differenceOn(policy, evaluate, input) === undefined) continue;
    const small = shrink(input, (i) => differenceOn(policy, evaluate, i) !== undefined);
    return { policy: policy.id, inputs, counterexample: counterexampleOf(policy, evaluate, phase, small) };
  }
  return { policy: policy.id, inputs };
}

function counterexampleOf(policy: CorePolicy, evaluate: Evaluate, phase: Phase, input: unknown): Counterexample {
  return {
    phase,
    input,
    expected: meaningOf(policy, asInput(input)),
    got: attempt(() => evaluate(input)),
    difference: differenceOn(policy, evaluate, input) ?? '',
  };
}

const attempt = (body: () => unknown): unknown => {
  try {
    return body();
  } catch (error) {
    return { threw: error instanceof Error ? error.message : String(error) };
  }
};

/** The input as the meaning reads it; it may be of any shape. */
const asInput = (input: unknown): PolicyInput => ({ facts: {}, ...(input as object) }) as PolicyInput;

/** How the executable form differs from the meaning on an input; undefined if it does not. */
export function differenceOn(policy: CorePolicy, evaluate: Evaluate, input: unknown): string | undefined {
  const expected = expectedResult(policy, meaningOf(policy, asInput(input)));
  const got = attempt(() => evaluate(input));
  if (typeof got !== 'object' || got === null) return 'there is no result';
  if ('threw' in got) return `it failed: ${String(got.threw)}`;
  const { declared, holds, fails } = got as { [key: string]: unknown };
  const ruled = new Set(regoClausesOf(policy).map((c) => c.id));
  for (const [what, is, wanted] of [
    ['declared', declared, expected.declared],
    ['holds', holds, expected.holds],
    ['fails', fails, expected.fails],
  ] as const) {
    if (!Array.isArray(is)) return `${what} is no list`;
    const texts = new Set(is.map(entry).filter((e) => what === 'declared' || !ruled.has(clauseOf(e))));
    const missing = wanted.find((w) => !texts.has(w));
    if (missing !== undefined) return `${what} lacks ${missing}`;
    if (texts.size !== wanted.length) return `${what} has more than ${wanted.join(', ') || 'nothing'}`;
  }
  return ruled.size === 0 ? undefined : ruledDifference(policy, evaluate, input, got);
}

/** What Rego decides of the clauses that only it says; one that it proves on both sides it decides nothing of. */
export const ruledBy = (policy: CorePolicy, evaluate: Evaluate, input: unknown): Ruled =>
  new Map(
    [
      ...provenIn(
        policy,
        attempt(() => evaluate(input)),
      ),
    ].flatMap(([id, verdict]) => (verdict === 'both' ? [] : [[id, { id, verdict }]])),
  );

/** The sides of the clauses that only Rego says which a raw result proves. */
function provenIn(policy: CorePolicy, raw: unknown): ReadonlyMap<string, 'holds' | 'fails' | 'both'> {
  const { holds, fails } = (raw ?? {}) as { readonly [side: string]: unknown };
  const sides = new Map<string, 'holds' | 'fails' | 'both'>();
  if (!Array.isArray(holds) || !Array.isArray(fails)) return sides;
  const failed = new Set(fails.map((e) => clauseOf(entry(e))));
  for (const { id } of regoClausesOf(policy)) {
    if (holds.includes(id)) sides.set(id, failed.has(id) ? 'both' : 'holds');
    else if (failed.has(id)) sides.set(id, 'fails');
  }
  return sides;
}

/**
 * What is wrong with the clauses that only Rego says, on an input: nobody knows what they mean, but no clause is proven on
 * both sides, a value of the wrong type proves no more than one that is missing, and what a clause does not declare does
 * not matter to it.
 */
function ruledDifference(policy: CorePolicy, evaluate: Evaluate, input: unknown, raw: unknown): string | undefined {
  const is = provenIn(policy, raw);
  for (const { id, that } of regoClausesOf(policy)) {
    const side = is.get(id);
    if (side === 'both') return `${id} both holds and fails`;
    const { isSound, own } = ownOf(asInput(input), that.reads);
    const alone = ruledBy(policy, evaluate, own).get(id)?.verdict;
    if (alone === side || (!isSound && side === undefined)) continue;
    return `${id} ${side ?? 'is not decided'} because of ${isSound ? 'a fact that it does not declare' : 'a value that is not of its type'}`;
  }
  return undefined;
}

/** Of the input what a clause reads, without what is not of its type; `isSound`: nothing of it was left out for that. */
function ownOf(
  { facts, closed, now }: PolicyInput,
  reads: { readonly [fact: string]: RegoRead },
): { readonly isSound: boolean; readonly own: PolicyInput } {
  const read = Object.keys(reads).flatMap((fact) => (facts[fact] === undefined ? [] : [[fact, facts[fact]] as const]));
  const sound: { [fact: string]: unknown } = Object.fromEntries(read);
  const seen = new Set<string>(
    Array.isArray(closed) ? closed.filter((c) => typeof c === 'string' && Object.hasOwn(reads, c)) : [],
  );
  const listed = [...seen];
  for (const [fact, spec] of Object.entries(reads)) {
    const { shape } = spec;
    const value = sound[fact];
    if (value === undefined || isOf(spec, value)) continue;
    delete sound[fact];
    if (shape.type !== 'list' || !Array.isArray(value)) continue;
    const { of } = shape;
    if (of.type === 'record')
      sound[fact] = value.map((item: unknown) =>
        Object.fromEntries(
          Object.entries(asRecord(item)).filter(([f, v]) => of.fields[f] === undefined || isOf(of.fields[f], v)),
        ),
      );
    else {
      // An item that is no item may be any: there is one more that is not known.
      sound[fact] = value.filter((item) => isOf({ optional: false, shape: of }, item));
      seen.delete(fact);
    }
  }
  const isSound =
    Array.isArray(closed) && JSON.stringify([Object.fromEntries(read), listed]) === JSON.stringify([sound, [...seen]]);
  return { isSound, own: { facts: sound, closed: [...seen], now } };
}

const asRecord = (item: unknown): object =>
  typeof item === 'object' && item !== null && !Array.isArray(item) ? item : {};
function isOf({ shape, optional }: RegoRead, value: unknown): boolean {
  if (isNone(value)) return optional;
  if (shape.type !== 'list') return isOfType(shape, value);
  const { of } = shape;
  if (!Array.isArray(value)) return false;
  if (of.type !== 'record') return value.every((item) => isOfType(of, item));
  return value.every(
    (item) =>
      asRecord(item) === item &&
      Object.entries(item as object).every(([f, v]) => of.fields[f] === undefined || isOf(of.fields[f], v)),
  );
}

/** The clause of an entry as text. */
const clauseOf = (text: string): string => text.replace(/\[\d+\]$/, '');

/** An entry of a result as text: `clause`, or `clause[item]`. */
function entry(e: unknown): string {
  if (typeof e !== 'object' || e === null) return String(e);
  const { clause, item } = e as { clause?: unknown; item?: unknown };
  return item === undefined ? String(clause) : `${String(clause)}[${JSON.stringify(item)}]`;
}

function expectedResult(policy: CorePolicy, { scope, clauses }: Meaning) {
  const scoped = (is: string): string[] => (policy.scope !== undefined && scope === is ? ['scope'] : []);
  return {
    declared: declaredOf(policy),
    holds: [...scoped('true'), ...clauses.filter((c) => c.verdict === 'holds').map((c) => c.id)],
    fails: [
      ...scoped('false'),
      ...clauses
        .filter((c) => c.verdict === 'fails')
        .flatMap((c) => (c.items === undefined ? [c.id] : c.items.map((i) => `${c.id}[${i}]`))),
    ],
  };
}

/** The input without whatever is not needed for `fails` to be true of it. */
export function shrink(input: unknown, fails: (input: unknown) => boolean): unknown {
  for (const smaller of smallerOnes(input)) if (fails(smaller)) return shrink(smaller, fails);
  return input;
}

function* smallerOnes(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    for (const i of value.keys()) yield value.toSpliced(i, 1);
    for (const i of value.keys()) for (const v of smallerOnes(value[i])) yield value.with(i, v);
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value)) {
      const { [key]: inner, ...rest } = value as { [key: string]: unknown };
      yield rest;
      for (const v of smallerOnes(inner)) yield { ...value, [key]: v };
    }
  }
}

// ── the inputs ────────────────────────────────────────────────────────────────────────────────────────────────────

/** The inputs that the proof looks at, in phases. */
export function* inputsOf(policy: CorePolicy, options: ProofOptions): Generator<readonly [Phase, unknown]> {
  const lots = lotsFrom(options.seed);
  const space = new Space(subjectsOf(policy), options.constants);
  const isWanted = (phase: Phase): boolean => options.phases?.includes(phase) ?? true;
  if (isWanted('facts')) yield* tagged('facts', factInputs(space, lots));
  if (isWanted('items')) yield* tagged('items', itemInputs(space, lots));
  for (const condition of isWanted('shells') ? conditionsOf(policy) : []) {
    for (const node of nodesOf(condition)) {
      if (node.op === 'every' || node.op === 'some' || node.op === 'count')
        yield* tagged('shells', shellInputs(node, space, lots));
      if (node.op !== 'rego') continue;
      // As if it said something of every item: what Rego makes of a list nobody knows, so all lists are alike.
      for (const [list, { shape }] of Object.entries(node.reads))
        if (shape.type === 'list') yield* tagged('shells', shellInputs({ op: 'every', list, that: node }, space, lots));
    }
  }
  const random = isWanted('random') ? (options.random ?? 1000) : 0;
  for (let i = 0; i < random; i++) yield ['random', space.anyInput(lots)];
}

function* tagged(phase: Phase, inputs: Iterable<unknown>): Generator<readonly [Phase, unknown]> {
  for (const input of inputs) yield [phase, input];
}

type Record_ = { [name: string]: unknown };

/** All that the facts of a policy may be. */
class Space {
  readonly facts: ReadonlyMap<string, readonly unknown[]>;
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, readonly unknown[]>>;
  readonly domains: ReadonlyMap<readonly unknown[], Domain>;
  readonly constants: Constants;

  constructor(subjects: Subjects, constants: Constants = { numbers: [], strings: [] }) {
    this.constants = constants;
    const domains = new Map<readonly unknown[], Domain>();
    const values = ({ shape, optional, tests }: Compared): readonly unknown[] => {
      const domain = domainOf(shape, optional, tests, {
        now: PROOF_NOW,
        constants,
      });
      const all = [...domain.proper, ABSENT, ...domain.wrong];
      domains.set(all, domain);
      return all;
    };
    this.facts = new Map([...subjects.facts].map(([name, c]) => [name, values(c)]));
    this.lists = new Map(
      [...subjects.lists].map(([name, fields]) => [name, new Map([...fields].map(([f, c]) => [f, values(c)]))]),
    );
    this.domains = domains;
  }

  /** A value: mostly of the type, at times absent or wrong. */
  anyValue(values: readonly unknown[], lots: Lots): unknown {
    const { proper, wrong } = this.domains.get(values) ?? { proper: values, wrong: [] };
    const roll = lots.below(20);
    if (roll < 14 && proper.length > 0) return lots.pick(proper);
    return roll < 17 || wrong.length === 0 ? ABSENT : lots.pick(wrong);
  }

  anyFacts(lots: Lots): Record_ {
    const facts: Record_ = {};
    for (const [name, values] of this.facts) put(facts, name, this.anyValue(values, lots));
    return facts;
  }

  anyItem(list: string, lots: Lots): unknown {
    const fields = this.lists.get(list) ?? new Map<string, readonly unknown[]>();
    const scalar = fields.get('');
    if (lots.chance(0.04)) return lots.pick([null, {}, [], 'x', 7]);
    if (scalar !== undefined) {
      const value = this.anyValue(scalar, lots);
      return value === ABSENT ? null : value;
    }
    const item: Record_ = {};
    for (const [field, values] of fields) put(item, field, this.anyValue(values, lots));
    return item;
  }

  anyInput(lots: Lots): unknown {
    const facts = this.anyFacts(lots);
    const closed: string[] = [];
    for (const list of this.lists.keys()) {
      const roll = lots.below(20);
      if (roll === 0) continue;
      if (roll === 1) facts[list] = lots.pick(WRONG_LISTS);
      else facts[list] = Array.from({ length: lots.below(5) }, () => this.anyItem(list, lots));
      if (lots.chance(0.7)) closed.push(list);
    }
    if (lots.chance(0.02)) return { facts, closed: lots.pick([null, 'x', {}]), now: PROOF_NOW };
    if (lots.chance(0.02)) return { facts, closed, now: lots.pick([null, '1800000000', 1.5]) };
    return lots.chance(0.5)
      ? { facts: { ...facts, stranger: true }, closed, now: PROOF_NOW }
      : { facts, closed, now: PROOF_NOW };
  }
}

const WRONG_LISTS: readonly unknown[] = [null, {}, { a: {} }, 'x', 7, true, { none: true }];

function put(into: Record_, name: string, value: unknown): void {
  if (value !== ABSENT) into[name] = value;
}

/** All combinations where they are few; else each value of each name beside `SAMPLES` draws of the others. */
function* combinations(values: ReadonlyMap<string, readonly unknown[]>, draw: () => Record_): Generator<Record_> {
  const size = [...values.values()].reduce((n, v) => n * v.length, 1);
  if (size <= MOST_PRODUCT) {
    const names = [...values.keys()];
    const build = function* (i: number, chosen: Record_): Generator<Record_> {
      const name = names[i];
      if (name === undefined) {
        yield { ...chosen };
        return;
      }
      for (const value of values.get(name) ?? []) {
        const { [name]: _, ...rest } = chosen;
        put(rest, name, value);
        yield* build(i + 1, rest);
      }
    };
    yield* build(0, {});
    return;
  }
  for (const [name, all] of values) {
    for (const value of all) {
      for (let n = 0; n < SAMPLES; n++) {
        const { [name]: _, ...rest } = draw();
        put(rest, name, value);
        yield rest;
      }
    }
  }
}

function* factInputs(space: Space, lots: Lots): Generator<unknown> {
  const lists = [...space.lists.keys()];
  for (const facts of combinations(space.facts, () => space.anyFacts(lots))) {
    const empty = Object.fromEntries(lists.map((list) => [list, []]));
    yield { facts: { ...empty, ...facts }, closed: lists, now: PROOF_NOW };
    if (lists.length > 0) yield { facts, closed: [], now: PROOF_NOW };
  }
}

function* itemsOf(space: Space, list: string, lots: Lots): Generator<unknown> {
  const fields = space.lists.get(list) ?? new Map<string, readonly unknown[]>();
  const scalar = fields.get('');
  if (scalar !== undefined) {
    yield* scalar.map((v) => (v === ABSENT ? null : v));
    return;
  }
  const draw = (): Record_ => space.anyItem(list, lots) as Record_;
  yield* combinations(fields, () => ({ ...draw() }));
  yield* [null, {}, [], 'x', 7];
}

/** Each item alone in its list: the truth of the predicate decides the list. */
function* itemInputs(space: Space, lots: Lots): Generator<unknown> {
  for (const list of space.lists.keys()) {
    const others = [...space.lists.keys()].filter((l) => l !== list);
    for (const item of itemsOf(space, list, lots)) {
      const facts = { ...space.anyFacts(lots), ...Object.fromEntries(others.map((l) => [l, []])), [list]: [item] };
      yield { facts, closed: [list, ...others], now: PROOF_NOW };
    }
  }
}

type Shell = Extract<Core, { op: 'every' | 'some' | 'count' }>;

/** Every short sequence of items that surely match, surely do not, or are undecided; closed and open; and what is no list. */
function* shellInputs(node: Shell, space: Space, lots: Lots): Generator<unknown> {
  const classes = new Map<string, unknown[]>();
  let seen = 0;
  for (const item of itemsOf(space, node.list, lots)) {
    if (seen++ > 4 * MOST_PRODUCT) break;
    const truth = truthOf(node.that, { input: { facts: {}, closed: [], now: PROOF_NOW }, item });
    const known = classes.get(truth) ?? [];
    if (known.length < 2) classes.set(truth, [...known, item]);
    else if (lots.chance(0.05)) known[lots.below(2)] = item;
  }
  const bound = node.op === 'count' ? Math.max(node.atLeast ?? 0, node.atMost ?? 0) : 0;
  const [one, two] = [0, 1].map((n) => [...classes.values()].map((items) => items[n] ?? items[0]));
  // Long enough to go one beyond the bound of a count; a large bound is reached with one class and one other item.
  const sequences = bound <= 3 ? sequencesOf(one ?? [], Math.max(3, bound + 1)) : longSequences(one ?? [], bound);
  // Executable text may look only so far into a list: as far as its constants say, and what a count leaves beyond that.
  const far = lengthsIn(space.constants).flatMap((n) => [n, n + bound + 1]);
  const beyond = [...new Set(far)].flatMap((n) => longSequences(one ?? [], n));
  for (const items of [...sequences, ...sequencesOf([...(one ?? []), ...(two ?? [])], 2), ...beyond]) {
    for (const closed of [[node.list], []]) {
      const facts = space.anyFacts(lots);
      yield { facts: { ...facts, [node.list]: items }, closed, now: PROOF_NOW };
    }
  }
  // A count that is decided anyway still says which items decided it.
  const [matching] = classes.get('true') ?? [];
  if (node.op === 'count' && matching !== undefined) {
    const decided = Array.from({ length: bound + 1 }, () => matching);
    for (const item of itemsOf(space, node.list, lots))
      yield { facts: { [node.list]: [...decided, item] }, closed: [node.list], now: PROOF_NOW };
  }
  const [item] = one ?? [];
  const objects = (one ?? []).map((i) =>
    Object.fromEntries(Array.from({ length: bound + 2 }, (_, n) => [`key_${n}`, i])),
  );
  for (const wrong of [...WRONG_LISTS, ...objects, [[item]], ABSENT]) {
    const facts: Record_ = {};
    put(facts, node.list, wrong);
    yield { facts, closed: [node.list], now: PROOF_NOW };
  }
  for (const items of [[], [item]]) {
    for (const closed of [null, 'x', node.list, { a: node.list }, [[node.list]]])
      yield { facts: { [node.list]: items }, closed, now: PROOF_NOW };
    yield { facts: { [node.list]: items }, now: PROOF_NOW };
  }
}

function sequencesOf(items: readonly unknown[], longest: number): readonly (readonly unknown[])[] {
  let last: (readonly unknown[])[] = [[]];
  const all = [...last];
  for (let n = 1; n <= longest; n++) {
    last = last.flatMap((s) => items.map((item) => [...s, item]));
    all.push(...last);
  }
  return all;
}

function longSequences(items: readonly unknown[], bound: number): readonly (readonly unknown[])[] {
  return items.flatMap((item) =>
    [bound - 1, bound, bound + 1].flatMap((n) => {
      const many = Array.from({ length: n }, () => item);
      return [many, ...items.map((other) => [...many, other])];
    }),
  );
}
