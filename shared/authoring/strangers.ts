/**
 * What a draft does not look at, put before the person all the same: a clause, a condition or a scope that two models
 * left out alike shows nowhere in resources that are made of what the draft compares.
 */
import type { FactSpec, FactState, FactStates, FactValue, FieldSpec } from '../model/fact.ts';
import { canonicalJson, isObject } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { valueProblem } from '../kinds/conform.ts';
import { contextFacts } from '../kinds/index.ts';
import { type CorePolicy, factsOf } from '../policy/core.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import { domainOf, subjectsOf } from '../policy/regions.ts';

/** How many values a narrow fact has; 0 for a wide one: a value of it says nothing to a person. */
const valuesOf = ({ shape }: FactSpec | FieldSpec): readonly (string | boolean)[] =>
  shape.type === 'bool' ? [false, true] : shape.type === 'enum' ? shape.values : [];

/** The n-th value; of a context fact, whose values are many and mostly alike, the first or the last. */
function valueOf(name: string, spec: FactSpec | FieldSpec, n: number): string | boolean | undefined {
  const values = valuesOf(spec);
  return Object.hasOwn(contextFacts, name) ? values.at(n % 2 === 0 ? 0 : -1) : values[n % values.length];
}

/** The facts of the kind, and the fields of items of lists that the policy reads, which it does not read itself. */
function unreadOf(core: CorePolicy, kind: Kind) {
  const read = subjectsOf(core);
  const specs = factsOf(kind);
  const facts = Object.entries(specs).filter(([name]) => !read.facts.has(name) && !read.lists.has(name));
  const fields = [...read.lists].map(([list, known]) => {
    const shape = specs[list]?.shape;
    const all = shape?.type === 'list' && shape.of.type === 'record' ? Object.entries(shape.of.fields) : [];
    return [list, all.filter(([field]) => !known.has(field))] as const;
  });
  return { facts, fields };
}

/** The resource with the n-th value of every narrow fact that the policy does not read, in the items of its lists too. */
function filled(unread: ReturnType<typeof unreadOf>, facts: FactStates, n: number): FactStates {
  const all: { [fact: string]: FactState } = { ...facts };
  for (const [name, spec] of unread.facts) {
    const value = valueOf(name, spec, n);
    if (value !== undefined) all[name] = { state: 'known', value, at: '' };
  }
  for (const [list, fields] of unread.fields) {
    const known = all[list];
    if (known === undefined || !('value' in known) || !Array.isArray(known.value)) continue;
    const more = Object.fromEntries(
      fields.flatMap(([field, spec]) => {
        const value = valueOf(field, spec, n);
        return value === undefined ? [] : [[field, value]];
      }),
    );
    const items = (known.value as readonly unknown[]).map((item) => (isObject(item) ? { ...item, ...more } : item));
    all[list] = { ...known, value: items as FactValue };
  }
  return all;
}

/** Resources that tell a draft from one that looks at more, or that stands in another scope, made from what is shown already. */
export function* strangersOf(
  core: CorePolicy,
  kind: Kind,
  shown: readonly { readonly facts: FactStates; readonly expected: Verdict }[],
): Generator<FactStates> {
  const unread = unreadOf(core, kind);
  const own = [...unread.facts, ...unread.fields.flatMap(([, fields]) => fields)];
  const rounds = Math.max(
    2,
    ...own.flatMap(([name, s]) => (Object.hasOwn(contextFacts, name) ? [] : [valuesOf(s).length])),
  );
  const size = ({ facts }: { readonly facts: FactStates }): number => JSON.stringify(facts).length;
  const fullest = (verdict: Verdict): FactStates | undefined =>
    shown.filter((r) => r.expected === verdict).toSorted((a, b) => size(b) - size(a))[0]?.facts;
  for (const verdict of ['compliant', 'violation'] as const) {
    const facts = fullest(verdict);
    if (facts === undefined) continue;
    for (let n = 0; n < rounds; n++) yield filled(unread, facts, n);
  }
  // Nothing in the lists that the draft reads: no tag, no way in.
  for (const verdict of ['compliant', 'violation'] as const) {
    const facts = fullest(verdict);
    for (const list of subjectsOf(core).lists.keys()) {
      const known = facts?.[list];
      if (facts !== undefined && known !== undefined && 'value' in known)
        yield { ...facts, [list]: { ...known, value: [] } };
    }
  }
  // Each value of what the draft reads, once at least: is the sentence meant there at all?
  const compliant = fullest('compliant') ?? {};
  const violation = fullest('violation');
  for (const [name, { tests, optional, shape }] of subjectsOf(core).facts) {
    if (shape.type === 'list') continue;
    const { proper } = domainOf(shape, optional, tests, { now: PROOF_NOW });
    const isShown = (v: unknown): boolean =>
      shown.some(
        ({ facts: { [name]: s } }) => s !== undefined && 'value' in s && canonicalJson(s.value) === canonicalJson(v),
      );
    const left = proper.filter((v) => valueProblem(factsOf(kind)[name] as FactSpec, v) === undefined && !isShown(v));
    for (const value of left.slice(0, MOST_OTHERS))
      yield { ...compliant, [name]: { state: 'known', value: value as FactValue, at: '' } };
    // Each value that it names, beside what is violated elsewhere: an exception that nobody said stands there.
    const named = tests.flatMap((t) => (t.op === 'in' ? t.values : []));
    if (violation === undefined || violation[name] === undefined) continue;
    for (const value of named.slice(0, MOST_OTHERS))
      yield { ...violation, [name]: { state: 'known', value: value as FactValue, at: '' } };
  }
}

/** How many values of one fact, that nothing shows yet, are shown. */
const MOST_OTHERS = 2;
