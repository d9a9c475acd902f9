/**
 * What a changed sentence does not concern stays as it was: severity, remediation, frameworks, exceptions; the id of a
 * clause and its parameters, where the new clause is the old one or differs only in a value. The meaning is that of the new
 * draft in every case but one, which is said: what an override sets for another scope is no part of the sentence.
 */
import { isAppError } from '../model/errors.ts';
import type { Kind } from '../model/kind.ts';
import type { Clause, Condition, Literal, Param, Policy } from '../model/policy.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import { parsePolicy, registryOf } from '../policy/clauses.ts';
import { type Core, type CorePolicy, type CoreTest, toCore } from '../policy/core.ts';
import { isNone } from '../policy/literals.ts';
import { toEnglish } from '../policy/to-english.ts';
import { comparePolicies } from './compare.ts';
import { policyYaml } from './write.ts';

export interface Carried {
  readonly policy: Policy;
  /** Drafted clause ids and parameters by what they are called now; what is not in it has kept its name or is gone. */
  readonly names: ReadonlyMap<string, string>;
  /** The parameters that keep values for other scopes which the drafted clauses do not say. */
  readonly overridden: readonly string[];
}

/** The scope, or a clause. */
interface Part {
  readonly id: string;
  readonly that: Condition;
}
type Params = { readonly [name: string]: Param };

const SCOPE = 'scope';
const partsOf = ({ applies_when, require }: Policy): readonly Part[] => [
  ...(applies_when === undefined ? [] : [{ id: SCOPE, that: applies_when }]),
  ...require.filter(({ that }) => !('rego' in that)),
];
const isScope = (part: Part): boolean => part.id === SCOPE;

/** The policy as it is where no override applies. */
export const withoutOverrides = (policy: Policy): Policy =>
  policy.params === undefined ? policy : { ...policy, params: defaultsOf(policy.params) };
const defaultsOf = (params: Params): Params =>
  Object.fromEntries(
    Object.entries(params).map(([name, param]) => {
      const { overrides: _, ...rest } = param;
      return [name, rest];
    }),
  );

/** The names of the parameters in a condition. */
function paramsIn(that: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (typeof that !== 'object' || that === null) return found;
  for (const [key, value] of Object.entries(that))
    if (key === 'param' && typeof value === 'string') found.add(value);
    else paramsIn(value, found);
  return found;
}

/** What no sentence is about. */
export const unconcerned = ({
  severity,
  remediation,
  frameworks,
  exceptions,
}: Policy): Pick<Policy, 'severity' | 'remediation' | 'frameworks' | 'exceptions'> => ({
  severity,
  remediation,
  frameworks,
  ...(exceptions === undefined ? {} : { exceptions }),
});

/** The draft, with what stays of the policy that it follows. Its id is that of the draft. */
export function carryOver(previous: Policy, drafted: Policy, kind: Kind): Carried {
  const kept = { ...drafted, ...unconcerned(previous) };
  const pairs = pairsOf(previous, drafted, kind);
  const all = settled(previous, kept, pairs, kind);
  if (all !== undefined) return all;
  // What is called alike in both is not the same: only the ids are kept.
  const ids = pairs.map(({ before, after }) => ({ before, after }));
  return settled(previous, kept, ids, kind) ?? { policy: kept, names: new Map(), overridden: [] };
}

interface Pair {
  readonly before: Part;
  readonly after: Part;
  /** What its parameters have to be set to, to say what the draft says; absent: the draft's own condition is taken. */
  readonly values?: ReadonlyMap<string, Literal | readonly Literal[]>;
}

/** Each drafted part with the one part that it follows. */
function pairsOf(previous: Policy, drafted: Policy, kind: Kind): readonly Pair[] {
  const pairs: Pair[] = [];
  const follows = (way: (before: Part, after: Part) => Pair | undefined): void => {
    const free = (parts: readonly Part[], key: 'before' | 'after'): readonly Part[] =>
      parts.filter((part) => !pairs.some((p) => p[key] === part));
    const [before, after] = [free(oldParts, 'before'), free(newParts, 'after')];
    const found = after.flatMap((a) => before.flatMap((b) => way(b, a) ?? []));
    // Where two could follow one, or one two, nobody knows which does; but what is called the same is.
    const isOnly = (pair: Pair): boolean =>
      found.filter((p) => p.after === pair.after || p.before === pair.before).length === 1;
    pairs.push(...found.filter((p) => isOnly(p) || p.after.id === p.before.id));
  };
  const [oldParts, newParts] = [partsOf(previous), partsOf(drafted)];
  const valuesOf = (part: Part): ReadonlyMap<string, Param['default']> =>
    new Map([...paramsIn(part.that)].flatMap((n) => valueIn(previous, n)));
  const plain = (policy: Policy, part: Part): Core =>
    coreOf(part, defaultsOf(policy.params ?? {}), kind).clauses[0]?.that as Core;
  follows((before, after) =>
    isScope(before) === isScope(after) && isSame(previous, before, drafted, after, kind)
      ? { before, after, values: valuesOf(before) }
      : undefined,
  );
  follows((before, after) => {
    if (isScope(before) !== isScope(after)) return undefined;
    const found = new Map<string, CoreTest>();
    if (!isLike(plain(previous, before), plain(drafted, after), found)) return undefined;
    const values = new Map(
      [...found].flatMap(([name, test]) => {
        const value = literalOf(test, previous.params?.[name]?.type ?? 'int');
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
    return { before, after, values: new Map([...valuesOf(before), ...values]) };
  });
  return pairs;
}

const valueIn = ({ params }: Policy, name: string): readonly (readonly [string, Param['default']])[] => {
  const param = params?.[name];
  return param === undefined ? [] : [[name, param.default]];
};

/** A part as a policy of its own. */
const coreOf = ({ that }: Part, params: Params, kind: Kind): CorePolicy =>
  toCore(
    {
      id: 'p',
      title: '',
      severity: 'low',
      kind: kind.id,
      require: [{ id: 'c', says: '', that }],
      params,
      frameworks: {},
      remediation: '',
    },
    kind,
  );

/** Both mean the same; or would, but for what overrides of the first set for other scopes. */
function isSame(a: Policy, before: Part, b: Policy, after: Part, kind: Kind): boolean {
  const own = b.params ?? {};
  const isOverridden = [...paramsIn(after.that)].some((n) => own[n]?.overrides !== undefined);
  const equal = (params: Params): boolean =>
    comparePolicies(coreOf(before, params, kind), coreOf(after, own, kind)).is === 'equivalent';
  return equal(a.params ?? {}) || (!isOverridden && equal(defaultsOf(a.params ?? {})));
}

const bare = (value: unknown): string => JSON.stringify(value, (k, v: unknown) => (k === 'param' ? undefined : v));

/** One form, other values: of parameters, which are collected, and of bounds. What is neither makes it another clause. */
function isLike(a: Core, b: Core, found: Map<string, CoreTest>): boolean {
  if ((a.op === 'all' || a.op === 'any') && a.op === b.op)
    return a.of.length === b.of.length && a.of.every((x, i) => isLike(x, b.of[i] as Core, found));
  if (a.op === 'not' && b.op === 'not') return isLike(a.of, b.of, found);
  if ((a.op === 'every' || a.op === 'some') && a.op === b.op) return a.list === b.list && isLike(a.that, b.that, found);
  if (a.op === 'count' && b.op === 'count') {
    const bounds = [a, b].map((c) => [c.atLeast === undefined, c.atMost === undefined].join(' '));
    return a.list === b.list && bounds[0] === bounds[1] && isLike(a.that, b.that, found);
  }
  if (a.op !== 'test' || b.op !== 'test' || bare(a.subject) !== bare(b.subject) || a.test.op !== b.test.op)
    return false;
  const name = a.test.param;
  if (name === undefined)
    return bare(a.test) === bare(b.test) || ['at_least', 'at_most', 'older_than'].includes(a.test.op);
  const other = found.get(name);
  found.set(name, b.test);
  return other === undefined || bare(other) === bare(b.test);
}

const SECONDS_OF_A_DAY = 86_400;

/** What a parameter of this type has to be for the test; undefined where it cannot be that. */
function literalOf(test: CoreTest, type: Param['type']): Literal | readonly Literal[] | undefined {
  switch (test.op) {
    case 'at_least':
    case 'at_most':
    case 'contains':
      return test.value;
    case 'older_than':
      return test.seconds / SECONDS_OF_A_DAY;
    case 'matches':
      return test.pattern;
    case 'within':
    case 'intersects':
      return test.ranges;
    case 'in': {
      const values = test.values.flatMap((v): readonly Literal[] => (isNone(v) ? [] : [v]));
      if (values.length < test.values.length) return undefined;
      return type === 'list_of_strings' ? values : values.length === 1 ? values[0] : undefined;
    }
  }
}

/** The policy of these pairs; undefined where it would not say what the draft says, or would not be one. */
function settled(previous: Policy, drafted: Policy, pairs: readonly Pair[], kind: Kind): Carried | undefined {
  let left = pairs;
  for (;;) {
    const policy = assembled(previous, drafted, left);
    const right = left.filter(
      ({ after, values }) =>
        values === undefined || isSame(policy, partAfter(policy, after, left), drafted, after, kind),
    );
    if (right.length === left.length)
      return isRight(policy, drafted, left, kind) ? named(policy, drafted, left) : undefined;
    left = left.map((pair) => (right.includes(pair) ? pair : { before: pair.before, after: pair.after }));
  }
}

/** The parts that are the draft's own say what they said, whatever their parameters are called; and it types. */
function isRight(policy: Policy, drafted: Policy, pairs: readonly Pair[], kind: Kind): boolean {
  try {
    parsePolicy(policyYaml(policy), { file: 'policy.yaml', kinds: registryOf([kind]) });
  } catch (error) {
    if (isAppError(error, 'INPUT_INVALID')) return false;
    throw error;
  }
  return partsOf(drafted).every((after) => isSame(policy, partAfter(policy, after, pairs), drafted, after, kind));
}

const idAfter = (after: Part, pairs: readonly Pair[]): string =>
  pairs.find((p) => p.after.id === after.id)?.before.id ?? freeOf(after.id, pairs);
/** An id that no clause keeps. */
function freeOf(id: string, pairs: readonly Pair[]): string {
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? id : `${id}-${n}`;
    if (!pairs.some((p) => p.before.id === candidate)) return candidate;
  }
}
const partAfter = (policy: Policy, after: Part, pairs: readonly Pair[]): Part =>
  partsOf(policy).find((p) => p.id === (isScope(after) ? SCOPE : idAfter(after, pairs))) as Part;

function assembled(previous: Policy, drafted: Policy, pairs: readonly Pair[]): Policy {
  const keeping = (part: Part): Pair | undefined => pairs.find((p) => p.after.id === part.id && p.values !== undefined);
  const { applies_when, params: own = {}, ...rest } = drafted;
  const scope = applies_when && (keeping({ id: SCOPE, that: applies_when })?.before.that ?? applies_when);
  const require = drafted.require.map((clause): Clause => {
    const that = keeping(clause)?.before.that ?? clause.that;
    return { id: idAfter(clause, pairs), says: clause.says, that };
  });
  const used = [...(scope === undefined ? [] : [scope]), ...require.map((c) => c.that)].flatMap((c) => [
    ...paramsIn(c),
  ]);
  const values = new Map(pairs.flatMap((p) => [...(p.values ?? [])]));
  const params = [...new Set(used)].flatMap((name): readonly (readonly [string, Param])[] => {
    const [old, value] = [previous.params?.[name], values.get(name)];
    if (old !== undefined && value !== undefined) return [[name, withValue(old, value)]];
    return own[name] === undefined ? [] : [[name, own[name]]];
  });
  return {
    ...rest,
    ...(scope === undefined ? {} : { applies_when: scope }),
    require,
    ...(params.length === 0 ? {} : { params: Object.fromEntries(params) }),
  };
}

/** The parameter with another default; a bound that the sentence now goes beyond gives way. */
function withValue({ min, max, ...param }: Param, value: Literal | readonly Literal[]): Param {
  const n = typeof value === 'number' ? value : undefined;
  return {
    ...param,
    default: value,
    ...(min === undefined ? {} : { min: Math.min(min, n ?? min) }),
    ...(max === undefined ? {} : { max: Math.max(max, n ?? max) }),
  };
}

function named(policy: Policy, drafted: Policy, pairs: readonly Pair[]): Carried {
  const own = drafted.params ?? {};
  const names = new Map(partsOf(drafted).map((p) => [p.id, isScope(p) ? SCOPE : idAfter(p, pairs)]));
  const overridden = Object.entries(policy.params ?? {}).flatMap(([name, { overrides }]) =>
    overrides === undefined || JSON.stringify(own[name]?.overrides) === JSON.stringify(overrides) ? [] : [name],
  );
  return { policy, names, overridden };
}

// ── what is different ─────────────────────────────────────────────────────────────────────────────────────────────

/** A field of two versions, as text; null: it has none. */
export interface FieldChange {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Every field that is different, in the order of the file. */
export function fieldChanges(
  before: Policy | undefined,
  after: Policy | undefined,
  kind: Kind,
): readonly FieldChange[] {
  const [a, b] = [before, after].map((p) => (p === undefined ? new Map<string, string>() : fieldsOf(p, kind))) as [
    ReadonlyMap<string, string>,
    ReadonlyMap<string, string>,
  ];
  return changesOf(a, b);
}

function changesOf(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): readonly FieldChange[] {
  return [...new Set([...a.keys(), ...b.keys()])].flatMap((field) => {
    const [from, to] = [a.get(field) ?? null, b.get(field) ?? null];
    return from === to ? [] : [{ field, from, to }];
  });
}

/** As `fieldChanges`, of what a bundle has of two policies: what a parameter is stands in its clauses. */
export const bundledChanges = (before: BundledPolicy, after: BundledPolicy): readonly FieldChange[] =>
  changesOf(bundledFields(before), bundledFields(after));

const bundledFields = (p: BundledPolicy): ReadonlyMap<string, string> =>
  new Map<string, string>([
    ['title', p.title],
    ['severity', p.severity],
    ...(p.scope === undefined ? [] : [['scope', p.scope.english] as const]),
    ...p.clauses.flatMap(({ id, says, english }): readonly (readonly [string, string])[] => [
      [`clause ${id}`, english],
      [`clause ${id}, words`, says],
    ]),
    ...outside(p),
    ['evidence', p.evidence],
    ['policy.rego', p.regoSha256.slice(0, 12)],
  ]);

const outside = ({
  frameworks,
  remediation,
  exceptions,
}: Pick<Policy, 'frameworks' | 'remediation'> & { readonly exceptions?: Policy['exceptions'] }): readonly (readonly [
  string,
  string,
])[] => [
  ...Object.entries(frameworks).map(([name, ids]) => [`framework ${name}`, ids.join(', ')] as const),
  ['remediation', remediation.trim()],
  ...(exceptions === undefined ? [] : [['exceptions', `at most ${exceptions.max_days} days`] as const]),
];

function fieldsOf(policy: Policy, kind: Kind): ReadonlyMap<string, string> {
  const english = toEnglish(policy, kind);
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return new Map<string, string>([
    ['id', policy.id],
    ['title', policy.title],
    ['severity', policy.severity],
    ...(english.scope === undefined ? [] : [['scope', english.scope] as const]),
    ...policy.require.flatMap(({ id, says }): readonly (readonly [string, string])[] => [
      [`clause ${id}`, english.clauses[id] ?? 'said by policy.rego alone'],
      [`clause ${id}, words`, says],
    ]),
    ...Object.entries(policy.params ?? {}).flatMap(([name, { says, default: byDefault, min, max, overrides }]) =>
      (
        [
          [`parameter ${name}`, says],
          [`parameter ${name}, default`, text(byDefault)],
          [`parameter ${name}, min`, min],
          [`parameter ${name}, max`, max],
          ...(overrides ?? []).map((o, i) => [
            `parameter ${name}, override ${i + 1}`,
            `${text(o.value)} when ${JSON.stringify(o.when)}`,
          ]),
        ] as const
      ).flatMap(([field, value]) => (value === undefined ? [] : [[field, String(value)] as const])),
    ),
    ...outside(policy),
  ]);
}
