/** The guarantee of blind judgement: whoever judges the rows truthfully lets no misreading in one place pass. */
import { describe, expect, it } from 'vitest';
import type { Formal } from '../../../shared/authoring/answer.ts';
import { resourceWhere } from '../../../shared/authoring/compare.ts';
import { DEFAULT_LIMITS } from '../../../shared/authoring/deps.ts';
import { mutantsOf } from '../../../shared/authoring/mutate.ts';
import { judge } from '../../../shared/authoring/resources.ts';
import { fullerOf } from '../../../shared/authoring/rivals.ts';
import { rowsFor } from '../../../shared/authoring/rows.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { Policy } from '../../../shared/model/policy.ts';
import { parsePolicy } from '../../../shared/policy/clauses.ts';
import { toCore } from '../../../shared/policy/core.ts';
import { modelOf, NOW, worldOf } from '../../support/authoring.ts';

function formalOf(kindId: string, body: string): Formal {
  const yaml = `id: ${kindId.replaceAll('_', '-')}.x\ntitle: X\nseverity: low\nkind: ${kindId}\n${body}\nframeworks: {}\nremediation: None.\n`;
  const policy = parsePolicy(yaml, { file: 'x.yaml' });
  const kind = kinds.find((k) => k.id === kindId);
  if (kind === undefined) throw new Error(kindId);
  return { kind, policy, core: toCore(policy, kind), covers: [] };
}
const world = worldOf(modelOf(() => undefined));
const rowsOf = (formal: Formal, mostJudged = DEFAULT_LIMITS.mostJudged) =>
  rowsFor({ is: 'policies', formals: [formal], leftOut: [] }, [], {
    ...world,
    limits: { ...DEFAULT_LIMITS, mostJudged },
  });

const DRAFTS: readonly (readonly [string, Formal])[] = [
  ['a fact', formalOf('object_store', 'require: [{ id: c, says: x, that: { fact: public_read, is: false } }]')],
  [
    'a scope, a bound and an alternative',
    formalOf(
      'sql_database',
      `applies_when: { not: { fact: environment, is: sandbox } }
require:
  - { id: c, says: x, that: { fact: backup_retention_days, at_least: 14 } }
  - { id: d, says: x, that: { any: [{ fact: public_endpoint, is: false }, { tag: { key: exposed, is: "yes" } }] } }`,
    ),
  ],
  [
    'a quantifier inside of an alternative',
    formalOf(
      'firewall',
      `require:
  - id: c
    says: x
    that:
      any:
        - { none: ingress, that: { field: internet, is: true } }
        - all: [{ fact: owner, is: edge }, { every: ingress, that: { any: [{ field: internet, is: false }, { field: ports, within: ["443"] }] } }]`,
    ),
  ],
];

describe.each(DRAFTS)('the rows for %s', (_, formal) => {
  const { kind, core, policy } = formal;
  const { rows, untold } = rowsOf(formal);
  const isTold = (rival: Policy, canSay: boolean): boolean => {
    const other = toCore(rival, kind);
    return rows
      .filter((r) => r.kind === kind)
      .some((r) => {
        const verdict = judge(other, kind, r.facts, NOW);
        return verdict !== r.expected && !(canSay && verdict === 'unknown');
      });
  };
  const isSame = (rival: Policy): boolean =>
    resourceWhere([core, toCore(rival, kind)], ([a, b]) => a !== b) === undefined;

  it('tell it from everything with one thing changed or dropped, by what a person can say', () => {
    expect(untold).toBe(0);
    const mutants = mutantsOf(policy, kind);
    expect(mutants.length).toBeGreaterThan(2);
    expect(mutants.filter((m) => !isTold(m.policy, true) && !isSame(m.policy)).map((m) => m.what)).toEqual([]);
  });

  it('tell it from everything with one thing more, at any place', () => {
    const fuller = [...fullerOf(policy, kind)];
    expect(fuller.length).toBeGreaterThan(100);
    expect(fuller.filter((p) => !isTold(p, false) && !isSame(p)).map((p) => JSON.stringify(p))).toEqual([]);
  });

  it('are no claim about what the draft leaves open', () => {
    expect(rows.filter((r) => r.expected === 'unknown')).toEqual([]);
  });

  it('have one of each kind that it has no policy of', () => {
    const others = rows.filter((r) => r.kind !== kind);
    expect(others.map((r) => r.kind.id).sort()).toEqual(
      kinds
        .filter((k) => k !== kind)
        .map((k) => k.id)
        .sort(),
    );
    for (const r of others) expect([r.facts, r.expected]).toEqual([{}, 'not_applicable']);
  });

  it('are counted where there would be too many', () => {
    expect(rowsOf(formal, 2).untold).toBeGreaterThan(0);
  });
});
