import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../shared/authoring/answer.ts';
import { apart, bestOf, type Rival, type Separation } from '../../../shared/authoring/questions.ts';
import { kinds } from '../../../shared/kinds/index.ts';
import type { FactStates } from '../../../shared/model/fact.ts';
import { goldOf, NOW } from '../../support/authoring.ts';

const sql = kinds.find((k) => k.id === 'sql_database');
if (sql === undefined) throw new Error('no kind');
const kind = sql;
const at = (days: number): FactStates => ({ backup_retention_days: { state: 'known', value: days, at: '' } });
const kept = (days: number): Rival => ({
  kind,
  core: goldOf(
    'sql_database',
    `require:\n  - { id: a, says: x, that: { fact: backup_retention_days, at_least: ${days} } }`,
  ),
});
const on = (days: number, more: Partial<Separation> = {}): Separation => ({
  kind,
  facts: at(days),
  affected: 0,
  ...more,
});
const best = (candidates: readonly Separation[], rivals = [10, 20, 30, 40].map(kept)) =>
  bestOf(candidates, rivals, [], NOW)?.facts;

describe('the best question', () => {
  it('rules out the most whatever is answered', () => {
    expect(best([on(15), on(25), on(35)])).toEqual(at(25));
  });
  it('is where more of the inventory is affected', () => {
    expect(best([on(25), on(15, { affected: 5 })])).toEqual(at(15));
  });
  it('is a real resource, if one will do', () => {
    expect(best([on(25), on(35, { id: 'real' })])).toEqual(at(35));
  });
  it('is none where nothing is left', () => {
    expect(best([])).toBeUndefined();
  });
});

describe('two readings', () => {
  const reading = (body: string): Reading => {
    const core = goldOf('sql_database', body);
    const policy = {
      id: core.id,
      title: 'x',
      severity: 'low',
      kind: kind.id,
      require: [],
      frameworks: {},
      remediation: 'x',
    } as const;
    return { is: 'policies', leftOut: [], formals: [{ kind, core, policy, covers: [] }] };
  };
  const deps = { kinds, now: NOW };
  const clause = (that: string) => reading(`require:\n  - { id: a, says: x, that: ${that} }`);

  it('that differ only on what is unknown are the same to a person, and not exactly', () => {
    const plain = clause('{ fact: tls_required, is: true }');
    const roundabout = clause(
      '{ any: [{ all: [{ fact: tls_required, is: true }, { fact: deletion_protected, is: true }] }, { all: [{ fact: tls_required, is: true }, { fact: deletion_protected, is: false }] }] }',
    );
    expect(apart(plain, plain, deps)).toEqual({ is: 'same', exactly: true });
    expect(apart(plain, roundabout, deps)).toEqual({ is: 'same', exactly: false });
  });

  it('look at so many real resources and no more', () => {
    let read = 0;
    function* inventory(): Generator<{ id: string; cloud: string; account: string; owner: null; facts: FactStates }> {
      for (;;) yield { id: `db-${read++}`, cloud: 'aws', account: 'a', owner: null, facts: at(15) };
    }
    const [a, b] = [10, 20].map((d) => clause(`{ fact: backup_retention_days, at_least: ${d} }`));
    if (a === undefined || b === undefined) throw new Error('no readings');
    const found = apart(a, b, { ...deps, inventory: (id) => (id === kind.id ? inventory() : []) });
    expect(found.is).toBe('apart');
    expect(read).toBeLessThan(3000);
  });
});
