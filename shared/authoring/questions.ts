/**
 * Where readings part: the smallest resources that tell them apart, ranked, and the question to the person. Never about
 * what is unknown or a provider's default: everything that a reading looks at is known of the resource that is shown.
 */
import type { FactStates } from '../model/fact.ts';
import { canonicalJson } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import { SEVERITIES, type Verdict } from '../model/verdict.ts';
import { conditionsOf, type CorePolicy, readsOf } from '../policy/core.ts';
import type { PolicyInput } from '../policy/meaning.ts';
import { toEnglish } from '../policy/to-english.ts';
import type { Formal, Reading } from './answer.ts';
import { comparePolicies, resourceWhere } from './compare.ts';
import type { AuthorDeps, InventoryResource } from './deps.ts';
import type { Question } from './intent.ts';
import { answerOf, judge, showResource, statesOf } from './resources.ts';

/** A resource on which two readings differ. */
export interface Separation {
  readonly kind: Kind;
  /** Of the inventory; absent: made up. */
  readonly id?: string;
  readonly facts: FactStates;
  /** How many resources of the inventory the readings judge differently. */
  readonly affected: number;
}

export type Apart =
  /** Of everything that is wholly known they say the same; `exactly`: of what is not, too. */
  | { readonly is: 'same'; readonly exactly: boolean }
  | { readonly is: 'apart'; readonly on: readonly Separation[] }
  | { readonly is: 'undecided'; readonly why: string };

/** A policy that never applies: what a reading without a policy of the kind says. */
export const silent = (kind: Kind): CorePolicy => ({
  id: `${kind.id.replaceAll('_', '-')}.silent`,
  kind: kind.id,
  scope: { op: 'any', of: [] },
  clauses: [],
});

/** What two readings may say of a resource, the weightiest difference first. */
export const PARTINGS: readonly (readonly [Verdict, Verdict])[] = [
  ['violation', 'compliant'],
  ['compliant', 'violation'],
  ['violation', 'not_applicable'],
  ['not_applicable', 'violation'],
  ['compliant', 'not_applicable'],
  ['not_applicable', 'compliant'],
];
const MOST_REAL = 2000;

/** The kinds of which a reading has a policy, in the order of the kinds. */
const kindsOf = (readings: readonly Reading[], kinds: readonly Kind[]): readonly Kind[] =>
  kinds.filter((k) => readings.some((r) => r.formals.some((f) => f.kind.id === k.id)));

export const coreOfKind = (reading: Reading, kind: Kind): CorePolicy =>
  reading.formals.find((f) => f.kind.id === kind.id)?.core ?? silent(kind);

/** Where two readings part, over all kinds that one of them speaks of. */
export function apart(a: Reading, b: Reading, deps: Pick<AuthorDeps, 'kinds' | 'inventory' | 'now'>): Apart {
  const on: Separation[] = [];
  let exactly = true;
  let isApart = false;
  for (const kind of kindsOf([a, b], deps.kinds)) {
    const pair = [coreOfKind(a, kind), coreOfKind(b, kind)] as const;
    const comparison = comparePolicies(...pair);
    if (comparison.is === 'undecided') return comparison;
    if (comparison.is === 'equivalent') continue;
    exactly = false;
    const made: PolicyInput[] = [];
    for (const [x, y] of PARTINGS) {
      const input = resourceWhere(pair, ([v, w]) => v === x && w === y);
      if (input !== undefined && 'is' in input) return input;
      if (input !== undefined) made.push(input);
    }
    if (made.length === 0) continue; // they differ on what is unknown only: no question for a person
    isApart = true;
    const real = realApart(pair, kind, deps);
    const affected = real.length;
    const verdicts = (facts: FactStates): readonly Verdict[] => pair.map((core) => judge(core, kind, facts, deps.now));
    on.push(
      ...made
        .map((input) => ({ kind, facts: statesOf(input, kind, deps.now), affected }))
        .filter(({ facts }) => new Set(verdicts(facts)).size > 1),
      ...real.slice(0, 3).map(({ id, facts }) => ({ kind, id, facts, affected })),
    );
  }
  // They differ, and no resource that there can be shows it: that is not the same.
  if (on.length === 0 && isApart) return { is: 'undecided', why: 'no resource that can be shown tells them apart' };
  return on.length === 0 ? { is: 'same', exactly } : { is: 'apart', on };
}

/** Resources of the inventory that two policies judge differently, all that they read being known. */
function realApart(
  pair: readonly CorePolicy[],
  kind: Kind,
  { inventory, now }: Pick<AuthorDeps, 'inventory' | 'now'>,
): readonly InventoryResource[] {
  const reads = readsOf(pair.flatMap(conditionsOf));
  const found: InventoryResource[] = [];
  let seen = 0;
  for (const resource of inventory?.(kind.id) ?? []) {
    if (seen++ >= MOST_REAL) break;
    const { facts } = resource;
    const isKnown = reads.every((f) => Object.hasOwn(facts, f) && facts[f]?.state === 'known');
    const [x, y] = pair.map((core) => judge(core, kind, facts, now));
    if (isKnown && x !== y && x !== 'unknown' && y !== 'unknown') {
      // Only what the readings look at is shown.
      const shown = Object.fromEntries(reads.flatMap((f) => (facts[f] === undefined ? [] : [[f, facts[f]]])));
      found.push({ ...resource, facts: shown });
    }
  }
  return found;
}

export const keyOf = (kind: Kind, facts: FactStates): string =>
  canonicalJson([
    kind.id,
    Object.fromEntries(Object.entries(facts).map(([f, s]) => [f, 'value' in s ? s.value : null])),
  ]);

/** A policy that might have been meant, to count what an answer would rule out. */
export interface Rival {
  readonly kind: Kind;
  readonly core: CorePolicy;
}

/** The best of the resources: rivals ruled out whatever is answered × inventory affected × severity; a real one first. */
export function bestOf(
  on: readonly Separation[],
  rivals: readonly Rival[],
  readings: readonly Reading[],
  now: number,
): Separation | undefined {
  const score = ({ kind, facts, affected }: Separation): number => {
    const groups = new Map<Verdict, number>();
    const mine = rivals.filter((r) => r.kind.id === kind.id);
    for (const { core } of mine) {
      const verdict = judge(core, kind, facts, now);
      groups.set(verdict, (groups.get(verdict) ?? 0) + 1);
    }
    const eliminated = 1 + mine.length - Math.max(0, ...groups.values());
    const severities = readings
      .flatMap((r) => r.formals.filter((f) => f.kind.id === kind.id))
      .map((f) => f.policy.severity);
    const weight = Math.max(1, ...severities.map((s) => SEVERITIES.length - SEVERITIES.indexOf(s)));
    return eliminated * (1 + affected) * weight;
  };
  const ranked = on.map((s, i) => ({ s, i, score: score(s), real: s.id === undefined ? 1 : 0 }));
  return ranked.toSorted((a, b) => a.real - b.real || b.score - a.score || a.i - b.i)[0]?.s;
}

/** A policy in generated English: one line for the scope and for each clause. */
export function englishOf({ policy, kind }: Pick<Formal, 'policy' | 'kind'>): string {
  const { scope, clauses, params } = toEnglish(policy, kind);
  return [`${kind.title}.`, ...(scope === undefined ? [] : [scope]), ...Object.values(clauses), ...params].join(' ');
}

/** A reading in generated English. */
export const readingInEnglish = (reading: Reading): string => reading.formals.map(englishOf).join(' ');

/** The question on a resource, with what each reading says of it. */
export function questionOn(
  n: number,
  { kind, facts, id }: Separation,
  readings: readonly Reading[],
  deps: Pick<AuthorDeps, 'render' | 'now'>,
): Question {
  const resource = showResource(id ?? `question-${n}`, kind, facts, deps, id !== undefined);
  const says = new Map<string, Question['readings'][number]>();
  for (const reading of readings) {
    const formal = reading.formals.find((f) => f.kind.id === kind.id);
    const english = formal === undefined ? `The sentence says nothing about it: ${kind.title}.` : englishOf(formal);
    const answer = answerOf(judge(formal?.core, kind, facts, deps.now));
    if (answer !== undefined && !says.has(english)) says.set(english, { english, answer });
  }
  return {
    id: `question-${n}`,
    asks: `${resource.says}. Does that violate what you mean?`,
    resource,
    readings: [...says.values()],
  };
}
