import { describe, expect, it } from 'vitest';
import { blastRadius } from '../../../shared/authoring/blast-radius.ts';
import type { InventoryResource } from '../../../shared/authoring/deps.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { FactState } from '../../../shared/model/fact.ts';
import { goldOf, NOW } from '../../support/authoring.ts';

const sql = kinds.find((k) => k.id === 'sql_database');
const known = (value: boolean | number): FactState => ({ state: 'known', value, at: '/x' });
const resource = (
  id: string,
  facts: { readonly [fact: string]: FactState },
  more: Partial<InventoryResource> = {},
): InventoryResource => ({ id, cloud: 'aws', account: 'a', owner: 'team', facts, ...more });
const policy = (days: number) =>
  goldOf(
    'sql_database',
    `require:
  - { id: private, says: x, that: { fact: public_endpoint, is: false } }
  - { id: kept, says: x, that: { fact: backup_retention_days, at_least: ${days} } }`,
  );
const radius = (inventory: readonly InventoryResource[], before?: number) => {
  if (sql === undefined) throw new Error('no kind');
  return blastRadius(policy(30), before === undefined ? undefined : policy(before), sql, inventory, NOW);
};
const db = (id: string, isPublic: boolean, days: number, more: Partial<InventoryResource> = {}) =>
  resource(id, { public_endpoint: known(isPublic), backup_retention_days: known(days) }, more);

describe('the blast radius', () => {
  it('counts what becomes violating, compliant and unknown, by cloud, account and owner', () => {
    const found = radius([
      db('bad', true, 30),
      db('good', false, 30, { cloud: 'gcp', owner: null }),
      resource('unseen', { public_endpoint: known(false) }, { account: 'b' }),
    ]);
    expect(found).toMatchObject({ judged: 3, newly: { violation: 1, compliant: 1, unknown: 1 }, relieved: 0 });
    expect(found.by.cloud).toEqual([
      { is: 'aws', violation: 1, compliant: 0, unknown: 1 },
      { is: 'gcp', violation: 0, compliant: 1, unknown: 0 },
    ]);
    expect(found.by.owner.map((o) => o.is)).toEqual(['team', '(none)']);
    expect(found.by.account.map((a) => a.is)).toEqual(['a', 'b']);
  });

  it('counts only what changes where a version is replaced', () => {
    const found = radius([db('both', true, 40), db('newly', false, 10), db('same', false, 40)], 7);
    expect(found.newly).toEqual({ violation: 1, compliant: 0, unknown: 0 });
    expect(radius([db('freed', false, 30)], 35)).toMatchObject({ newly: { compliant: 1 }, relieved: 1 });
  });

  it('shows at most five exemplars of each clause', () => {
    const found = radius(Array.from({ length: 8 }, (_, i) => db(`db-${i}`, i === 0, 1)));
    const [isPrivate, kept] = found.clauses;
    expect([isPrivate?.clause, isPrivate?.count, isPrivate?.exemplars.map((e) => e.id)]).toEqual([
      'private',
      1,
      ['db-0'],
    ]);
    expect([kept?.clause, kept?.count, kept?.exemplars.length]).toEqual(['kept', 8, 5]);
    const good = radius(Array.from({ length: 7 }, (_, i) => db(`db-${i}`, i === 0, 30)));
    expect([good.newly.compliant, good.compliant.map((e) => e.id)]).toEqual([
      6,
      ['db-1', 'db-2', 'db-3', 'db-4', 'db-5'],
    ]);
  });

  it('takes what is assumed for a violation, never for compliance', () => {
    const assumed = (value: boolean): FactState => ({ state: 'assumed', value, because: 'never seen' });
    const found = radius([
      resource('worst', { public_endpoint: assumed(true), backup_retention_days: known(30) }),
      resource('best', { public_endpoint: assumed(false), backup_retention_days: known(30) }),
    ]);
    expect(found.newly).toEqual({ violation: 1, compliant: 0, unknown: 1 });
    expect(found.clauses[0]).toMatchObject({ clause: 'private', count: 1 });
  });
});
