import { expect, it } from 'vitest';
import { carryOver, fieldChanges } from '../../../shared/authoring/carry.ts';
import { comparePolicies } from '../../../shared/authoring/compare.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { Kind } from '../../../shared/model/kind.ts';
import type { Policy } from '../../../shared/model/policy.ts';
import { parsePolicy } from '../../../shared/policy/clauses.ts';
import { toCore } from '../../../shared/policy/core.ts';

const [kind] = kinds.filter((k) => k.id === 'sql_database') as [Kind];
const policyOf = (body: string): Policy => parsePolicy(`kind: sql_database\n${body}`, { file: 'policy.yaml' });
const head = (more: string): string =>
  `id: sql-database.drafted\ntitle: As drafted\nseverity: high\nframeworks: {}\nremediation: As drafted.\n${more}`;
const before = (overrides = ''): Policy =>
  policyOf(`
id: sql-database.backups-kept
title: Backups are kept
severity: medium
require:
  - { id: backups-kept, says: long enough, that: { fact: backup_retention_days, at_least: { param: min_days } } }
  - { id: not-public, says: never public, that: { fact: public_endpoint, is: false } }
params:
  min_days: { says: For how many days., type: int, default: 7, min: 1, max: 35${overrides} }
frameworks: { soc2: [A1.2] }
remediation: Keep them longer.
exceptions: { max_days: 30 }
`);
const drafted = (days: string, more = ''): Policy =>
  policyOf(
    head(`require:
  - { id: days, says: at least, that: { fact: backup_retention_days, at_least: ${days} } }
  - { id: closed, says: closed, that: { not: { fact: public_endpoint, is: true } } }
${more}`),
  );
const means = (a: Policy, b: Policy) => comparePolicies(toCore(a, kind), toCore(b, kind)).is;

it('keeps what no sentence is about, and the ids and parameters of clauses whose value alone has changed', () => {
  const { policy, names, overridden } = carryOver(before(), drafted('14'), kind);
  expect(policy).toEqual({
    ...before(),
    id: 'sql-database.drafted',
    title: 'As drafted',
    require: [
      { ...before().require[0], says: 'at least' },
      { ...before().require[1], says: 'closed' },
    ],
    params: { min_days: { ...before().params?.['min_days'], default: 14 } },
  });
  expect(means(policy, drafted('14'))).toBe('equivalent');
  expect([...names]).toEqual([
    ['days', 'backups-kept'],
    ['closed', 'not-public'],
  ]);
  expect(overridden).toEqual([]);
});

it('lets a bound give way to what the sentence says now, and takes the parameter of a draft for what it is', () => {
  expect(carryOver(before(), drafted('60'), kind).policy.params).toMatchObject({ min_days: { default: 60, max: 60 } });
  const own = drafted('{ param: kept_days }', 'params: { kept_days: { says: Days., type: int, default: 21 } }');
  const { policy } = carryOver(before(), own, kind);
  expect(Object.keys(policy.params ?? {})).toEqual(['min_days']);
  expect(means(policy, own)).toBe('equivalent');
});

it('keeps what is set for other scopes, and says that no draft says it', () => {
  const overrides = ', overrides: [{ when: { fact: environment, is: sandbox }, value: 1 }]';
  const { policy, overridden } = carryOver(before(overrides), drafted('14'), kind);
  expect(policy.params?.['min_days']).toMatchObject({ default: 14, overrides: [{ value: 1 }] });
  expect(overridden).toEqual(['min_days']);
});

it('keeps neither the id nor the parameter of a clause that says something else', () => {
  const other = policyOf(
    head(`require:
  - { id: days, says: at most, that: { fact: backup_retention_days, at_most: 14 } }
  - { id: open, says: open, that: { fact: public_endpoint, is: true } }`),
  );
  const { policy } = carryOver(before(), other, kind);
  expect(policy.require).toEqual(other.require);
  expect(policy.params).toBeUndefined();
  expect(policy.severity).toBe('medium');
});

it('never says another thing than the draft: a parameter of two clauses of which one has changed', () => {
  const shared = policyOf(`
id: sql-database.backups-kept
title: Backups are kept
severity: medium
require:
  - { id: kept, says: a, that: { fact: backup_retention_days, at_least: { param: days } } }
  - { id: capped, says: b, that: { fact: backup_retention_days, at_most: { param: days } } }
params: { days: { says: Days., type: int, default: 7 } }
frameworks: {}
remediation: None.
`);
  const now = policyOf(
    head(`require:
  - { id: x, says: a, that: { fact: backup_retention_days, at_least: 7 } }
  - { id: y, says: b, that: { fact: backup_retention_days, at_most: 30 } }`),
  );
  const { policy } = carryOver(shared, now, kind);
  expect(policy.require.map((c) => c.id)).toEqual(['kept', 'capped']);
  expect(means(policy, now)).toBe('equivalent');
});

it('gives a new clause no id that an old one keeps', () => {
  const now = policyOf(
    head(`require:
  - { id: not-public, says: tls, that: { fact: tls_required, is: true } }
  - { id: closed, says: closed, that: { fact: public_endpoint, is: false } }`),
  );
  const { policy } = carryOver(before(), now, kind);
  expect(policy.require.map((c) => c.id)).toEqual(['not-public-2', 'not-public']);
});

it('lists each field that is different, old and new', () => {
  const { policy } = carryOver(before(), drafted('14'), kind);
  const now = { ...policy, id: before().id };
  expect(fieldChanges(before(), now, kind)).toEqual([
    { field: 'title', from: 'Backups are kept', to: 'As drafted' },
    {
      field: 'clause backups-kept',
      from: expect.stringContaining('(by default 7)'),
      to: expect.stringContaining('(by default 14)'),
    },
    { field: 'clause backups-kept, words', from: 'long enough', to: 'at least' },
    { field: 'clause not-public, words', from: 'never public', to: 'closed' },
    { field: 'parameter min_days, default', from: '7', to: '14' },
  ]);
  expect(fieldChanges(before(), undefined, kind).every((c) => c.to === null)).toBe(true);
});
