import { describe, expect, it } from 'vitest';
import { plausible } from '../../../shared/authoring/plausible.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { FactStates, FactValue } from '../../../shared/model/fact.ts';

const sql = kinds.find((k) => k.id === 'sql_database');
if (sql === undefined) throw new Error('no kind');
const kind = sql;
const states = (facts: { readonly [fact: string]: FactValue }): FactStates =>
  Object.fromEntries(Object.entries(facts).map(([f, value]) => [f, { state: 'known', value, at: '' } as const]));
const days = (facts: FactStates): number => {
  const state = facts['backup_retention_days'];
  return state !== undefined && 'value' in state ? Number(state.value) : Number.NaN;
};

describe('a plausible resource', () => {
  it('has no number, cloud or name that nobody has', () => {
    const facts = states({ backup_retention_days: 1_000_000_000, cloud: 'ci', owner: '\u{1F512} other' });
    expect(plausible(facts, kind, () => true)).toEqual(
      states({ backup_retention_days: 3650, cloud: 'gcp', owner: 'payments' }),
    );
  });

  it('stays on the side of each bound that it is on', () => {
    const facts = states({ backup_retention_days: 1_000_000_000 });
    expect(days(plausible(facts, kind, (f) => days(f) >= 31))).toBe(3650);
    expect(plausible(facts, kind, (f) => days(f) > 100_000)).toEqual(facts);
  });

  it('is what it was where it is as it would be in the field', () => {
    const facts = states({ backup_retention_days: 29, cloud: 'azure', owner: 'payments', environment: 'production' });
    expect(plausible(facts, kind, () => true)).toBe(facts);
  });
});
