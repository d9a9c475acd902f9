/** A kind with every type there is, policies over it that draw on the whole language, and the WASM to judge them. */
import { join } from 'node:path';
import { buildWasm } from '../../shared/adapters/opa/build.ts';
import { loadModule } from '../../shared/adapters/opa/module.ts';
import {
  bool,
  int,
  ipRange,
  listOf,
  listOfScalars,
  oneOf,
  optional,
  range,
  string,
  timestamp,
} from '../../shared/model/fact.ts';
import type { FactSpec, ScalarType } from '../../shared/model/fact.ts';
import { defineKind } from '../../shared/model/kind.ts';
import type { Condition, Literal, Policy } from '../../shared/model/policy.ts';
import { policyEntrypoint } from '../../shared/policy/bundle.ts';
import { typecheck } from '../../shared/policy/clauses.ts';
import { type CorePolicy, toCore } from '../../shared/policy/core.ts';
import type { Evaluate, Lots } from '../../shared/policy/proof.ts';
import { packageOf, toRego, VALUES_REGO } from '../../shared/policy/to-rego.ts';

export const opaPath: string = join(import.meta.dirname, '..', '..', '.bin', 'opa');

const scalars = {
  flag: bool('A boolean.'),
  level: oneOf(['low', 'mid', 'high'], 'An enum.'),
  size: int('An integer.', { min: -5, max: 1000 }),
  label: string('A string.', { fold: false }),
  folded: string('A string whose case means nothing.', { fold: true }),
  made_at: timestamp('An instant.'),
  ports: range('A range.', { min: 0, max: 65_535 }),
  addresses: ipRange('Addresses.'),
} as const;
const optionals = Object.fromEntries(Object.entries(scalars).map(([name, spec]) => [`maybe_${name}`, optional(spec)]));

/** Every type, optional and not, as a fact, as a field of a record, and in lists of scalars. */
export const probe = defineKind('probe', {
  title: 'Probe',
  facts: {
    ...(scalars as { readonly [fact: string]: FactSpec }),
    ...optionals,
    names: listOfScalars('Names.', scalars.label),
    sizes: listOfScalars('Sizes.', scalars.size),
    rules: listOf('Records.', {
      ...scalars,
      ...optionals,
      words: { ...listOfScalars('Words.', scalars.label) },
      levels: { ...listOfScalars('Levels.', scalars.level) },
      maybe_words: optional(listOfScalars('Words.', scalars.label)),
    }),
  },
});

export interface LabPolicy {
  readonly policy: Policy;
  readonly core: CorePolicy;
  readonly rego: string;
}

/** A typed policy over the probe kind from its clauses. */
export function labPolicy(
  name: string,
  clauses: readonly Condition[],
  more: Partial<Pick<Policy, 'applies_when' | 'params'>> = {},
): LabPolicy {
  const policy = typecheck(
    {
      id: `probe.${name}`,
      title: name,
      severity: 'low',
      kind: 'probe',
      require: clauses.map((that, i) => ({ id: `c${i}`, says: `clause ${i}`, that })),
      frameworks: {},
      remediation: 'none',
      ...more,
    },
    probe,
  );
  const core = toCore(policy, probe);
  return { policy, core, rego: toRego(policy, core) };
}

/** One module of many policies, and for each of them a function that runs it. The text of a policy may be any Rego. */
export function evaluatorsOf(
  policies: readonly { readonly core: CorePolicy; readonly rego: string }[],
): readonly Evaluate[] {
  const modules: { [path: string]: string } = { 'p/values.rego': VALUES_REGO };
  for (const [i, { rego }] of policies.entries()) modules[`p/${i}.rego`] = rego;
  const module = loadModule(buildWasm(opaPath, modules));
  return policies.map(({ core }) => {
    const entrypoint = policyEntrypoint(core.id);
    return (input) => {
      try {
        return module.evaluate(entrypoint, JSON.stringify(input));
      } catch (error) {
        module.recycle();
        throw error;
      }
    };
  });
}

/** Renames a policy, so that several forms of it fit into one module. */
export function renamed(rego: string, from: string, to: string): string {
  return rego.replace(`package ${packageOf(from)}\n`, `package ${packageOf(to)}\n`);
}

// ── random policies ───────────────────────────────────────────────────────────────────────────────────────────────

const literalsOf = (type: ScalarType): readonly Literal[] => {
  switch (type.type) {
    case 'bool':
      return [true, false];
    case 'enum':
      return type.values;
    case 'int':
      return [-5, 0, 1, 7, 30, 1000];
    case 'string':
      return ['', 'a', 'team-a', 'Team', 'none', 'a.b', 'x\ny', 'é', '`"\\'];
    case 'timestamp':
      return [];
    case 'range':
      return [
        { from: 22, to: 22 },
        { from: 0, to: 65_535 },
        { from: 20, to: 25 },
        { from: 3389, to: 3390 },
      ];
    case 'ip_range':
      return [
        { family: 'ipv4', first: '00000000', last: 'ffffffff' },
        { family: 'ipv4', first: '0a000000', last: '0affffff' },
        { family: 'ipv6', first: `20010db8${'0'.repeat(24)}`, last: `20010db8${'f'.repeat(24)}` },
      ];
  }
};
const PATTERNS = ['*', 'team-*', '*-prod', 'a*b*c', 'a.b', '', 'x*', '*(*', 'é*`'];

const some = <T>(lots: Lots, of: readonly T[], most: number): readonly T[] =>
  Array.from({ length: 1 + lots.below(most) }, () => lots.pick(of));

/** A comparison of a subject of this type: any operator that the language has for it. */
export function randomComparison(
  lots: Lots,
  { shape, optional: isOptional }: FactSpec,
): { readonly [op: string]: unknown } {
  if (isOptional && lots.chance(0.2)) return { is: { none: true } };
  if (shape.type === 'list') {
    if (shape.of.type === 'record') throw new Error('records are not compared');
    return { contains: lots.pick(literalsOf(shape.of)) };
  }
  const literals = literalsOf(shape);
  const none: readonly Literal[] = isOptional && lots.chance(0.3) ? [{ none: true }] : [];
  switch (shape.type) {
    case 'bool':
      return { is: lots.pick(literals) };
    case 'enum':
      return lots.chance(0.5) ? { is: lots.pick(literals) } : { in: [...some(lots, literals, 3), ...none] };
    case 'int': {
      const op = lots.pick(['is', 'in', 'at_least', 'at_most']);
      return { [op]: op === 'in' ? [...some(lots, literals, 6), ...none] : lots.pick(literals) };
    }
    case 'string': {
      const op = lots.pick(['is', 'in', 'matches']);
      if (op === 'matches') return { matches: lots.pick(PATTERNS.filter((p) => !isOptional || p !== 'none')) };
      // Of an optional string `none` means that there is none; as a text it can be had elsewhere only.
      const texts = literals.filter((l) => !isOptional || l !== 'none');
      return op === 'is' ? { is: lots.pick(texts) } : { in: [...some(lots, texts, 6), ...none] };
    }
    case 'timestamp':
      return { older_than_days: lots.pick([0, 1, 7, 90]) };
    case 'range':
    case 'ip_range':
      return { [lots.pick(['within', 'intersects'])]: some(lots, literals, 3) };
  }
}

/** A random condition over the probe kind, at most `depth` deep. */
export function randomCondition(lots: Lots, depth: number, fields?: { readonly [field: string]: FactSpec }): Condition {
  const { facts } = probe;
  const inner = (): Condition => randomCondition(lots, depth - 1, fields);
  if (depth > 0 && lots.chance(0.75)) {
    const shape = lots.below(fields === undefined ? 8 : 4);
    if (shape === 0) return { all: Array.from({ length: 1 + lots.below(3) }, inner) };
    if (shape === 1) return { any: Array.from({ length: 1 + lots.below(3) }, inner) };
    if (shape === 2) return { not: inner() };
    if (shape > 3) {
      const list = lots.pick(['rules', 'rules', 'names', 'sizes']);
      const of = facts[list]?.shape;
      const that = randomCondition(
        lots,
        depth - 1,
        of?.type === 'list' && of.of.type === 'record' ? of.of.fields : scalarOf(list),
      );
      if (shape === 4) return { every: list, that };
      if (shape === 5) return { some: list, that };
      if (shape === 6) return { none: list, that };
      const bounds = lots.pick([{ at_least: lots.below(3) }, { at_most: lots.below(3) }, { at_least: 1, at_most: 2 }]);
      return { count: list, that, ...bounds };
    }
  }
  if (fields !== undefined) {
    if (SCALAR_ITEM in fields) return condition({ item: true, ...randomComparison(lots, fields[SCALAR_ITEM]) });
    const field = lots.pick(Object.keys(fields));
    return condition({ field, ...randomComparison(lots, fields[field] as FactSpec) });
  }
  if (lots.chance(0.1)) {
    const key = lots.pick(['team', 'env']);
    return {
      tag: lots.pick([
        { key },
        { key, is: 'a' },
        { key, is: { none: true } },
        { key, in: ['a', 'b'] },
        { key, matches: 'a*' },
      ]),
    };
  }
  const fact = lots.pick(Object.keys(facts).filter((f) => f !== 'rules'));
  return condition({ fact, ...randomComparison(lots, facts[fact] as FactSpec) });
}

/** A drawn condition: what it is made of is typed by `typecheck`, when a policy is made of it. */
const condition = (drawn: object): Condition => drawn as Condition;

const SCALAR_ITEM = '(item)';
function scalarOf(list: string): { readonly [field: string]: FactSpec } {
  return { [SCALAR_ITEM]: list === 'names' ? scalars.label : scalars.size };
}

/** A random policy: one to three clauses, at times a scope, at times a parameter with overrides. */
export function randomPolicy(lots: Lots, name: string): LabPolicy {
  const clauses = Array.from({ length: 1 + lots.below(3) }, () => randomCondition(lots, 1 + lots.below(3)));
  const scope = lots.chance(0.5) ? { applies_when: randomCondition(lots, 1 + lots.below(2)) } : {};
  if (lots.chance(0.7)) return labPolicy(name, clauses, scope);
  const params: Policy['params'] = {
    least: {
      says: 'a bound',
      type: 'int',
      default: 7,
      overrides: [
        { when: { fact: 'environment', is: 'production' }, value: 30 },
        { when: { fact: 'data_classification', in: ['restricted', { none: true }] }, value: 0 },
      ],
    },
    listed: {
      says: 'ranges',
      type: 'list_of_ranges',
      default: [{ from: 22, to: 22 }],
      overrides: [
        {
          when: { tag: { key: 'team', is: 'a' } },
          value: [
            { from: 20, to: 25 },
            { from: 80, to: 81 },
          ],
        },
      ],
    },
  };
  const withParams: Condition[] = [
    { fact: 'size', at_least: { param: 'least' } },
    {
      none: 'rules',
      that: {
        all: [
          { field: 'size', at_most: { param: 'least' } },
          { field: 'ports', intersects: { param: 'listed' } },
        ],
      },
    },
  ];
  return labPolicy(name, [...clauses, ...withParams], { ...scope, params });
}
