/**
 * Regions: the finite domain on which a comparison is decided. Between two neighbouring constants of a policy all
 * values are alike, so one witness for each interval between and beyond them, and the values on both sides of every
 * bound, stand for all ports, instants and addresses.
 */
import { type IpRange, NONE, type Range, type ScalarListType, type ScalarType } from '../model/fact.ts';
import { conditionsOf, type CorePolicy, type CoreTest, nodesOf, type RegoRead } from './core.ts';
import { HEX_DIGITS, isIpRange, isNone, nextAddress } from './literals.ts';
import { CLOCK_SKEW_SECONDS, isOfType } from './meaning.ts';

/** Witnesses of one fact, field or item. */
export interface Domain {
  /** Of the declared type, `none` included where it is optional: one or more for each region. */
  readonly proper: readonly unknown[];
  /** Of no declared type: null, every other JSON type, near misses. They prove nothing. */
  readonly wrong: readonly unknown[];
}

/** Constants from elsewhere (the Rego of the policy), so that a bound that only one side knows is looked at too. */
export interface Constants {
  readonly numbers: readonly number[];
  readonly strings: readonly string[];
}
const NO_CONSTANTS: Constants = { numbers: [], strings: [] };

const LONGEST = 32;
/** The constants that may be a position in a list or its length. */
export const lengthsIn = ({ numbers }: Constants): readonly number[] =>
  numbers.filter((n) => Number.isInteger(n) && n > 0 && n <= LONGEST);

/** The literals in the text of a Rego module. */
export function constantsIn(rego: string): Constants {
  const code = rego.replaceAll(/^\s*#.*$/gm, '');
  const texts = [...code.matchAll(/"(?:[^"\\\n]|\\.)*"/g)].map((m) => JSON.parse(m[0]) as string);
  const numbers = [...code.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '').matchAll(/(?<![\w.])-?\d+(?:\.\d+)?/g)].map((m) =>
    Number(m[0]),
  );
  return { numbers: [...new Set(numbers)], strings: [...new Set(texts)] };
}

const unique = (values: readonly unknown[]): readonly unknown[] => [
  ...new Map(values.map((v) => [JSON.stringify(v), v])).values(),
];

const around = (ns: readonly number[]): readonly number[] => ns.flatMap((n) => [n - 1, n, n + 1]);

function integers(bounds: readonly number[], min: number, max: number): readonly number[] {
  const all = [...around(bounds), min, max].filter((n) => Number.isSafeInteger(n) && n >= min && n <= max);
  return [...new Set(all)].sort((a, b) => a - b);
}

/** All ranges between two of the points (sorted). */
function rangesOver<T, R>(points: readonly T[], range: (first: T, last: T) => R): readonly R[] {
  return points.flatMap((first, i) => points.slice(i).map((last) => range(first, last)));
}

function previousAddress(hex: string): string | undefined {
  const n = BigInt(`0x${hex}`);
  return n === 0n ? undefined : (n - 1n).toString(16).padStart(hex.length, '0');
}

function addresses(ranges: readonly IpRange[], family: IpRange['family'], constants: Constants): readonly string[] {
  const digits = HEX_DIGITS[family];
  const bounds = ranges
    .filter((r) => r.family === family)
    .flatMap((r) => [r.first, r.last])
    .concat(constants.strings.filter((text) => text.length === digits && /^[0-9a-f]+$/.test(text)))
    .flatMap((hex) => [previousAddress(hex), hex, nextAddress(hex)]);
  const all = [...bounds, '0'.repeat(digits), 'f'.repeat(digits)].filter((hex) => hex !== undefined);
  return [...new Set(all)].sort();
}

/** Texts on both sides of a pattern: it with its stars filled in several ways, and near misses. */
function textsAround(pattern: string): readonly string[] {
  const filled = ['', 'x', '\n', '*'].map((fill) => pattern.replaceAll('*', fill));
  const [first = ''] = filled;
  const dotted = first.replaceAll('.', 'x');
  return [...filled, `x${first}`, `${first}x`, first.slice(1), first.slice(0, -1), first.toUpperCase(), dotted];
}

/** A text that is equal to no constant and matches no pattern without a letter of its own. */
const STRANGER = '\u{1F512} other';

function strings(tests: readonly CoreTest[], constants: Constants): readonly string[] {
  const out = ['', STRANGER, ...constants.strings.slice(0, 20)];
  for (const test of tests) {
    if (test.op === 'in') for (const v of test.values) if (typeof v === 'string') out.push(v, `${v}x`, v.toUpperCase());
    if (test.op === 'matches') out.push(...textsAround(test.pattern));
    if (test.op === 'contains' && typeof test.value === 'string') out.push(test.value, `${test.value}x`);
  }
  return [...new Set(out)].filter((text) => text.isWellFormed());
}

function properScalars(
  type: ScalarType,
  tests: readonly CoreTest[],
  constants: Constants,
  now: number,
): readonly unknown[] {
  const numbers = [...constants.numbers];
  const ranges: (Range | IpRange)[] = [];
  for (const test of tests) {
    if (test.op === 'at_least' || test.op === 'at_most') numbers.push(test.value);
    if (test.op === 'in') numbers.push(...test.values.filter((v) => typeof v === 'number'));
    if (test.op === 'contains' && typeof test.value === 'number') numbers.push(test.value);
    if (test.op === 'within' || test.op === 'intersects') ranges.push(...test.ranges);
  }
  switch (type.type) {
    case 'bool':
      return [false, true];
    case 'enum':
      return type.values;
    case 'int':
      return integers(numbers, type.min ?? -1_000_000_000, type.max ?? 1_000_000_000);
    case 'string':
      return strings(tests, constants);
    case 'timestamp': {
      const ages = tests.flatMap((t) => (t.op === 'older_than' ? [t.seconds] : []));
      // A number in the Rego may be an age, or an instant.
      const instants = [...[...ages, ...constants.numbers].map((age) => now - age), ...constants.numbers];
      return integers([...instants, now + CLOCK_SKEW_SECONDS, now], 0, now + 2 * CLOCK_SKEW_SECONDS);
    }
    case 'range': {
      const bounds = ranges.flatMap((r) => (isIpRange(r) ? [] : [r.from, r.to]));
      const points = integers([...bounds, ...constants.numbers], type.min, type.max);
      return rangesOver(points, (from, to) => ({ from, to }));
    }
    case 'ip_range':
      return (['ipv4', 'ipv6'] as const).flatMap((family) =>
        rangesOver(addresses(ranges.filter(isIpRange), family, constants), (first, last) => ({ family, first, last })),
      );
  }
}

/** Values that look like something, and are not of the type. */
function wrongScalars(type: ScalarType, optional: boolean, tests: readonly CoreTest[]): readonly unknown[] {
  const byType: { readonly [t in ScalarType['type']]: readonly unknown[] } = {
    bool: ['true', 1],
    enum: ['', 'stranger', 3],
    int: ['7', true, [7]],
    string: [7, false],
    timestamp: ['2026-01-01', '0'],
    range: [22, '22', { from: 25, to: 20 }, { from: 22 }, { from: '22', to: '22' }, { from: null, to: 23 }, [20, 25]],
    ip_range: [
      '10.0.0.0/8',
      { family: 'ipv4', first: '0b000000', last: '0a000000' },
      { family: 'ipv4', first: '0a000000' },
      { family: 'ipv6', first: '0a000000', last: '0affffff' },
      { family: 'ipv5', first: '0a000000', last: '0affffff' },
      { first: '0a000000', last: '0affffff' },
      { family: 'ipv4', first: 1, last: 2 },
    ],
  };
  const none = optional ? [{ none: false }, { none: true, more: 1 }] : [NONE];
  // What a comparison would be true or false of, were the type not looked at.
  const near = tests.flatMap((t): readonly unknown[] => {
    if (t.op === 'at_least' || t.op === 'at_most') return [t.value + 0.5, t.value - 0.5, String(t.value)];
    if (t.op === 'in') return t.values.filter((v) => !isNone(v)).flatMap((v) => [[v], `${JSON.stringify(v)} `]);
    if (t.op === 'matches') return [[t.pattern], { pattern: t.pattern }];
    if (t.op === 'within' || t.op === 'intersects') return t.ranges.flatMap(nearRange);
    return [];
  });
  return [null, [], {}, ...none, ...byType[type.type], ...near.filter((v) => !isOfType(type, v))];
}

function nearRange(r: Range | IpRange): readonly unknown[] {
  if (isIpRange(r)) {
    const { family, first, last } = r;
    const digits = HEX_DIGITS[family];
    return [
      { family, first: last, last: first },
      { family, first: first.slice(1), last },
      { family, first, last: `${last}0` },
      { family: family === 'ipv4' ? 'ipv6' : 'ipv4', first, last },
      { family, first: Number.parseInt(first.slice(-digits), 16), last },
      { first, last },
    ];
  }
  const { from, to } = r;
  return [
    { from: to, to: from },
    { from: from - 0.5, to: to + 0.5 },
    { from: from + 0.5, to: to + 0.5 },
    { from, to: to + 0.5 },
    { from: String(from), to: String(to) },
    { from },
    { to },
  ];
}

/** The witnesses of a scalar (or of a record's scalar list) that is compared in these ways. */
export function domainOf(
  shape: ScalarType | ScalarListType,
  optional: boolean,
  tests: readonly CoreTest[],
  { now, constants = NO_CONSTANTS }: { readonly now: number; readonly constants?: Constants },
): Domain {
  const none = optional ? [NONE] : [];
  if (shape.type !== 'list') {
    return {
      proper: unique([...properScalars(shape, tests, constants, now), ...none]),
      wrong: unique(wrongScalars(shape, optional, tests)),
    };
  }
  const wanted = tests.flatMap((t) => (t.op === 'contains' ? [t.value] : []));
  const [other] = properScalars(shape.of, tests, constants, now).filter((v) => !wanted.includes(v as string));
  const others = other === undefined ? [] : [other];
  const lists = [[], [null], ...[...wanted, ...others].flatMap((v) => [[v], [null, v], [v, ...others]])];
  // Executable text may look only so far into a list: what is wanted also stands beyond that.
  for (const n of [2, ...lengthsIn(constants)])
    for (const v of wanted) lists.push([...Array.from({ length: n }, () => other ?? null), v]);
  return {
    proper: unique([...lists, ...none]),
    wrong: unique([null, {}, 'x', 7, ...wanted, ...(optional ? [] : [NONE])]),
  };
}

/** A fact, field or item that a policy compares, and how. */
export interface Compared {
  readonly shape: ScalarType | ScalarListType;
  readonly optional: boolean;
  readonly tests: readonly CoreTest[];
}

/** What a policy compares: facts by name, and for each list its fields by name (`''` for the item of a scalar list). */
export interface Subjects {
  readonly facts: ReadonlyMap<string, Compared>;
  readonly lists: ReadonlyMap<string, ReadonlyMap<string, Compared>>;
}

/** The subjects of a policy, with all tests of each. */
export function subjectsOf(policy: CorePolicy): Subjects {
  const facts = new Map<string, Compared>();
  const lists = new Map<string, Map<string, Compared>>();
  for (const condition of conditionsOf(policy)) {
    for (const node of nodesOf(condition)) {
      if (node.op === 'test' && 'fact' in node.subject) add(facts, node.subject.fact, node);
      if (node.op === 'rego') for (const [fact, read] of Object.entries(node.reads)) addRead(fact, read);
      if (node.op !== 'every' && node.op !== 'some' && node.op !== 'count') continue;
      const fields = lists.get(node.list) ?? new Map<string, Compared>();
      lists.set(node.list, fields);
      for (const inner of nodesOf(node.that)) {
        if (inner.op === 'test' && !('fact' in inner.subject))
          add(fields, 'field' in inner.subject ? inner.subject.field : '', inner);
      }
    }
  }
  return { facts, lists };

  /** All of it may be compared, and in ways that are not known here. */
  function addRead(fact: string, { shape, optional }: RegoRead): void {
    if (shape.type !== 'list') {
      add(facts, fact, { shape, optional });
      return;
    }
    const { of } = shape;
    const fields = lists.get(fact) ?? new Map<string, Compared>();
    lists.set(fact, fields);
    if (of.type !== 'record') add(fields, '', { shape: of, optional: false });
    else for (const [field, f] of Object.entries(of.fields)) add(fields, field, f);
  }
  function add(
    into: Map<string, Compared>,
    name: string,
    node: { readonly shape: Compared['shape']; readonly optional: boolean; readonly test?: CoreTest },
  ): void {
    const tests = [...(into.get(name)?.tests ?? []), ...(node.test === undefined ? [] : [node.test])];
    into.set(name, { shape: node.shape, optional: node.optional, tests });
  }
}
