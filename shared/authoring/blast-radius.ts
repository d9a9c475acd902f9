/** What a policy would change of the resources that are there, before it is released: a pure function over the inventory. */
import type { Kind } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CorePolicy, factsOf } from '../policy/core.ts';
import { toInput } from '../policy/input.ts';
import { meaningOf } from '../policy/meaning.ts';
import type { InventoryResource } from './deps.ts';
import { judgeByMeaning } from './verify.ts';

/** Resources whose verdict becomes this, and was another (or none) by the version that is replaced. */
export interface Newly {
  readonly violation: number;
  readonly compliant: number;
  readonly unknown: number;
}
export type Exemplar = Pick<InventoryResource, 'id' | 'cloud' | 'account' | 'owner'>;
export interface BlastRadius {
  readonly judged: number;
  readonly newly: Newly;
  /** Resources that are not violated any more: by the version that is replaced they were. */
  readonly relieved: number;
  /** For each clause (and `unknown`) how many resources become so by it, and the first of them. */
  readonly clauses: readonly {
    readonly clause: string;
    readonly count: number;
    readonly exemplars: readonly Exemplar[];
  }[];
  /** The first of those that become compliant: `newly.compliant` says how many there are. */
  readonly compliant: readonly Exemplar[];
  readonly by: {
    readonly [key in 'cloud' | 'account' | 'owner']: readonly ({ readonly is: string } & Newly)[];
  };
}

const EXEMPLARS = 5;
const NEWLY = ['violation', 'compliant', 'unknown'] as const;
type Counted = (typeof NEWLY)[number];
const isCounted = (v: Verdict): v is Counted => (NEWLY as readonly Verdict[]).includes(v);
const nothing = (): { [v in Counted]: number } => ({ violation: 0, compliant: 0, unknown: 0 });
/** How a resource without an owner is listed. */
const NOBODY = '(none)';

/** `before` is the version of the policy that is replaced, if one is. `now` is in epoch seconds. */
export function blastRadius(
  after: CorePolicy,
  before: CorePolicy | undefined,
  kind: Kind,
  inventory: Iterable<InventoryResource>,
  now: number,
): BlastRadius {
  let judged = 0;
  let relieved = 0;
  const newly = nothing();
  const compliant: Exemplar[] = [];
  const clauses = new Map<string, { count: number; exemplars: Exemplar[] }>(
    [...after.clauses.map((c) => c.id), 'unknown'].map((id) => [id, { count: 0, exemplars: [] }]),
  );
  const groups = {
    cloud: new Map<string, Newly>(),
    account: new Map<string, Newly>(),
    owner: new Map<string, Newly>(),
  };

  for (const { id, cloud, account, owner, facts } of inventory) {
    judged++;
    const was = before === undefined ? undefined : judgeByMeaning(before, kind, facts, now);
    const is = judgeByMeaning(after, kind, facts, now);
    if (was === is) continue;
    if (was === 'violation') relieved++;
    if (!isCounted(is)) continue;
    newly[is]++;
    if (is === 'compliant' && compliant.length < EXEMPLARS) compliant.push({ id, cloud, account, owner });
    for (const [key, value] of Object.entries({ cloud, account, owner: owner ?? NOBODY })) {
      const group = groups[key as keyof typeof groups];
      const counts = group.get(value) ?? nothing();
      group.set(value, { ...counts, [is]: counts[is] + 1 });
    }
    for (const clause of is === 'unknown' ? ['unknown'] : is === 'violation' ? failing(after, kind, facts, now) : []) {
      const row = clauses.get(clause);
      if (row === undefined) continue;
      row.count++;
      if (row.exemplars.length < EXEMPLARS) row.exemplars.push({ id, cloud, account, owner });
    }
  }
  const listed = (group: ReadonlyMap<string, Newly>): readonly ({ readonly is: string } & Newly)[] =>
    [...group]
      .map(([is, counts]) => ({ is, ...counts }))
      .toSorted((a, b) => b.violation - a.violation || (a.is < b.is ? -1 : 1));
  return {
    judged,
    newly,
    relieved,
    clauses: [...clauses].map(([clause, row]) => ({ clause, ...row })),
    compliant,
    by: { cloud: listed(groups.cloud), account: listed(groups.account), owner: listed(groups.owner) },
  };
}

/** The clauses that a violation breaks, what is assumed of it included. */
const failing = (core: CorePolicy, kind: Kind, facts: InventoryResource['facts'], now: number): readonly string[] =>
  meaningOf(core, toInput(facts, now, factsOf(kind), { assumed: true }))
    .clauses.filter((c) => c.verdict === 'fails')
    .map((c) => c.id);
