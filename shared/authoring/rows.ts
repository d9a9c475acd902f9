/**
 * The resources that a person judges blind: for each clause one that breaks only it, for each systematic misreading one
 * that tells it from the draft (those are the decisive pairs and the near-misses), and what the question left open.
 */
import { valueProblem } from '../kinds/conform.ts';
import type { FactStates } from '../model/fact.ts';
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { sha256 } from '../policy/bundle.ts';
import { type CorePolicy, factsOf, toCore } from '../policy/core.ts';
import type { PolicyInput } from '../policy/meaning.ts';
import { PROOF_NOW } from '../policy/proof.ts';
import { domainOf, subjectsOf } from '../policy/regions.ts';
import type { Formal, Reading } from './answer.ts';
import { resourceWhere } from './compare.ts';
import type { AuthorDeps } from './deps.ts';
import { mutantsOf } from './mutate.ts';
import { plausible } from './plausible.ts';
import { coreOfKind, keyOf, type Rival } from './questions.ts';
import { judge, statesOf } from './resources.ts';
import { fullerOf } from './rivals.ts';
import { strangersOf } from './strangers.ts';

export interface Row {
  readonly kind: Kind;
  readonly facts: FactStates;
  readonly expected: Verdict;
}
export interface Rows {
  readonly rows: readonly Row[];
  /** Misreadings that no row tells from the draft: there would be too many rows, or it could not be decided. */
  readonly untold: number;
}

/** Systematic misreadings of the policies of a reading. */
export const rivalsOf = (reading: Reading): readonly Rival[] =>
  reading.formals.flatMap(({ policy, kind }) =>
    mutantsOf(policy, kind).map((m) => ({ kind, core: toCore(m.policy, kind) })),
  );

/** The rows for a draft. `rejected` are readings that the person's answers have ruled out. */
export function rowsFor(draft: Reading, rejected: readonly Reading[], deps: AuthorDeps): Rows {
  const perKind = draft.formals.map((formal) => rowsOf(formal, rejected, deps));
  // A kind that both left out shows in no resource of the others.
  const others = deps.kinds
    .filter((kind) => !draft.formals.some((f) => f.kind.id === kind.id))
    .map((kind): Row => ({ kind, facts: {}, expected: 'not_applicable' }));
  const rows = [...perKind.flatMap((r) => r.rows), ...others];
  // Shuffled, the same way each time: the order tells nothing.
  const shuffled = rows
    .map((row) => ({ row, key: sha256(keyOf(row.kind, row.facts)) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ row }) => row);
  return { rows: shuffled, untold: perKind.reduce((n, r) => n + r.untold, 0) };
}

function rowsOf({ policy, core, kind }: Formal, rejected: readonly Reading[], { limits, now }: AuthorDeps): Rows {
  const rivals = [
    ...rejected.map((r) => coreOfKind(r, kind)),
    ...mutantsOf(policy, kind).map((m) => toCore(m.policy, kind)),
  ];
  const rows = new Map<string, Row>();
  const add = (made: FactStates, rival?: CorePolicy): void => {
    const expected = judge(core, kind, made, now);
    // As it would be in the field, so far as no reading says anything else of it.
    const of = rival === undefined ? rivals : [...rivals, rival];
    const all = (f: FactStates): string => of.map((r) => judge(r, kind, f, now)).join();
    const told = all(made);
    const facts = plausible(made, kind, (f) => judge(core, kind, f, now) === expected && all(f) === told);
    const key = keyOf(kind, facts);
    if (expected !== 'unknown' && !rows.has(key)) rows.set(key, { kind, facts, expected });
  };
  let undecided = false;
  const find = (cores: readonly CorePolicy[], accept: (v: readonly Verdict[]) => boolean): PolicyInput | undefined => {
    const found = resourceWhere(cores, accept);
    if (found === undefined || !('is' in found)) return found;
    undecided = true;
    return undefined;
  };
  const addWhere = (cores: readonly CorePolicy[], accept: (v: readonly Verdict[]) => boolean): boolean => {
    const input = find(cores, accept);
    if (input !== undefined) add(statesOf(input, kind, now));
    return input !== undefined;
  };
  const alone = (id: string): CorePolicy => ({ ...core, clauses: core.clauses.filter((c) => c.id === id) });

  addWhere([core], ([v]) => v === 'compliant');
  for (const { id } of core.clauses) {
    // Only this clause is broken; where that cannot be, this one with others.
    const others: CorePolicy = { ...core, clauses: core.clauses.filter((c) => c.id !== id) };
    const hasOthers = others.clauses.length > 0;
    if (!hasOthers || !addWhere([core, others], ([v, w]) => v === 'violation' && w === 'compliant'))
      addWhere([core, alone(id)], ([v, w]) => v === 'violation' && w === 'violation');
  }
  const { scope: _, ...unscoped } = core;
  addWhere([core, unscoped], ([v, w]) => v === 'not_applicable' && w === 'violation');

  let untold = 0;
  /** Shows a resource on which the rival says something else, unless one is shown, or it says the same of everything. */
  const tell = (rival: CorePolicy, isTold: (draft: Verdict, rival: Verdict) => boolean): void => {
    const tells = (): boolean => [...rows.values()].some((r) => isTold(r.expected, judge(rival, kind, r.facts, now)));
    if (tells()) return;
    const weightiest = (a: Verdict | undefined, b: Verdict | undefined): boolean =>
      a !== b && (a === 'violation' || b === 'violation');
    undecided = false;
    const input = find([core, rival], ([v, w]) => weightiest(v, w)) ?? find([core, rival], ([v, w]) => v !== w);
    if (input === undefined && !undecided) return;
    if (input !== undefined && rows.size < limits.mostJudged) add(statesOf(input, kind, now), rival);
    if (!tells()) untold++;
  };
  for (const rival of rivals) tell(rival, (draft, other) => other !== draft && other !== 'unknown');
  const base = new Set(rows.keys());
  for (const facts of strangersOf(core, kind, [...rows.values()])) add(facts);
  const strangers = new Set([...rows.keys()].filter((key) => !base.has(key)));
  // What was left out and depends on what is not shown: whoever means it cannot say.
  const left = [...fullerOf(policy, kind)].map((p) => toCore(p, kind));
  for (const fuller of left) tell(fuller, (draft, other) => other !== draft);
  // What others tell as well need not be looked at.
  const isNeeded = (key: string, row: Row): boolean => {
    const others = [...rows].flatMap(([k, r]) => (k === key ? [] : [r]));
    const isOnly = (rival: CorePolicy, isTold: (draft: Verdict, rival: Verdict) => boolean): boolean =>
      isTold(row.expected, judge(rival, kind, row.facts, now)) &&
      !others.some((r) => isTold(r.expected, judge(rival, kind, r.facts, now)));
    return (
      rivals.some((r) => isOnly(r, (draft, other) => other !== draft && other !== 'unknown')) ||
      left.some((r) => isOnly(r, (draft, other) => other !== draft))
    );
  };
  for (const [key, row] of rows) if (!strangers.has(key) && !isNeeded(key, row)) rows.delete(key);
  // Near-misses: one fact of a row otherwise.
  for (const near of nearOf(core, kind, [...rows.values()], now)) {
    if (rows.size >= limits.leastJudged) break;
    add(near);
  }
  return { rows: [...rows.values()], untold };
}

/** The rows with one fact changed: first facts that the policy reads, then the context. */
function* nearOf(core: CorePolicy, kind: Kind, rows: readonly Row[], now: number): Generator<FactStates> {
  const specs = factsOf(kind);
  const compared = subjectsOf(core).facts;
  const names = [...compared.keys(), 'environment', 'cloud'];
  for (const fact of new Set(names)) {
    const spec = specs[fact];
    if (spec === undefined || spec.shape.type === 'list') continue;
    const { proper } = domainOf(spec.shape, spec.optional, compared.get(fact)?.tests ?? [], { now: PROOF_NOW });
    for (const { facts } of rows) {
      for (const value of proper) {
        if (valueProblem(spec, value) !== undefined) continue;
        const changed = statesOf({ facts: { [fact]: value }, closed: [], now: PROOF_NOW }, kind, now);
        yield { ...facts, ...changed };
      }
    }
  }
}
