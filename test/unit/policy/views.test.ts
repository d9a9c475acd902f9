/** What verdicts are remembered by: whatever looks the same through a view means the same. */
import { describe, expect, it } from 'vitest';
import { lookersOf, viewsOf } from '../../../shared/adapters/opa/views.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import type { CorePolicy } from '../../../shared/policy/core.ts';
import { meaningOf, type PolicyInput } from '../../../shared/policy/meaning.ts';
import { inputsOf, lotsFrom } from '../../../shared/policy/proof.ts';
import { labPolicy, randomPolicy } from '../../support/policy-lab.ts';

const NOW = 1_800_000_000;

/** What the clauses and the scope of a policy see of inputs; equal where they see no difference. */
function eyesOf(core: CorePolicy): (input: PolicyInput) => { readonly clauses: string; readonly scope: string } {
  const { clauses, scope } = lookersOf(core);
  const { views, tokens } = viewsOf([clauses, scope], 1_000_000);
  const viewOf = (member: number) => views.find((v) => v.members.includes(member));
  return (input) => {
    const seen = tokens(input);
    const key = (member: number): string => viewOf(member)?.key(seen, input.now) ?? 'no view';
    return { clauses: key(0), scope: key(1) };
  };
}

const isInput = (raw: unknown): raw is PolicyInput =>
  typeof raw === 'object' && raw !== null && Array.isArray((raw as PolicyInput).closed);

describe('a view', () => {
  it('never shows two inputs as one that a policy means differently', () => {
    const lots = lotsFrom(7);
    let met = 0;
    for (let n = 0; n < 150; n++) {
      const { core } = randomPolicy(lots, `p${n}`);
      const eyes = eyesOf(core);
      const meant = new Map<string, string>();
      for (const [, raw] of inputsOf(core, { seed: n, random: 150, phases: ['random', 'shells'] })) {
        if (!isInput(raw)) continue;
        const input = { ...raw, now: NOW };
        const seen = eyes(input);
        const { clauses, scope } = meaningOf(core, input);
        for (const [key, truth] of [
          [`clauses ${seen.clauses}`, JSON.stringify(clauses)],
          [`scope ${seen.scope}`, scope],
        ] as const) {
          const before = meant.get(key);
          if (before === undefined) meant.set(key, truth);
          else {
            met++;
            expect(truth, `${core.id} ${key} ${JSON.stringify(input)}`).toBe(before);
          }
        }
      }
    }
    expect(met).toBeGreaterThan(10_000);
  });

  const input = (facts: PolicyInput['facts'], closed: readonly string[] = Object.keys(facts)): PolicyInput => ({
    facts,
    closed: [...closed],
    now: NOW,
  });
  const eyes = (that: Condition, applies?: Condition) =>
    eyesOf(labPolicy('one', [that], applies === undefined ? {} : { applies_when: applies }).core);
  const tag = (key: string, value: string) => ({ key, value });

  it('of a tag is that of its key alone', () => {
    const see = eyes({ fact: 'flag', is: true }, { tag: { key: 'team', is: 'a' } });
    const scope = (tags: readonly object[], closed?: readonly string[]) => see(input({ tags }, closed)).scope;
    expect(scope([tag('team', 'a'), tag('other', 'x')])).toBe(scope([tag('other', 'y'), tag('team', 'a')]));
    expect(scope([tag('team', 'a')])).not.toBe(scope([tag('team', 'b')]));
    expect(scope([tag('team', 'a')])).not.toBe(scope([]));
    expect(scope([tag('team', 'a')])).not.toBe(scope([tag('team', 'a')], []));
    // What has no key may be any.
    expect(scope([{ value: 'a' }])).not.toBe(scope([]));
  });

  it('of the records of a list is that of the fields that are named', () => {
    const see = eyes({ none: 'rules', that: { field: 'flag', is: true } });
    const clauses = (...rules: readonly object[]) => see(input({ rules })).clauses;
    expect(clauses({ flag: true, size: 1 })).toBe(clauses({ flag: true, size: 2 }));
    expect(clauses({ flag: true }, { flag: false })).not.toBe(clauses({ flag: false }, { flag: true }));
    expect(clauses({ flag: true })).not.toBe(clauses({}));
    expect(clauses({ flag: true })).not.toBe(clauses({ flag: true }, { flag: true }));
  });

  it('keeps every record where failing ones are named by their places', () => {
    const see = eyes({ none: 'rules', that: { field: 'label', is: 'bad' } });
    const clauses = (...labels: readonly string[]) => see(input({ rules: labels.map((label) => ({ label })) })).clauses;
    expect(clauses('fine', 'bad')).not.toBe(clauses('bad', 'fine'));
    expect(clauses('fine', 'bad')).not.toBe(clauses('bad'));
  });

  it('tells values of different types apart, and what is absent', () => {
    const see = eyes({ fact: 'maybe_label', is: 'x' });
    const values = ['true', '{"none":true}', { none: true }, undefined];
    const seen = values.map((value) => see(input({ maybe_label: value }, [])).clauses);
    expect(new Set(seen).size).toBe(values.length);
  });

  it('gives new numbers, and never one that stood for something else, when there are too many', () => {
    const { clauses, scope } = lookersOf(labPolicy('one', [{ fact: 'label', is: 'x' }]).core);
    const { tokens } = viewsOf([clauses, scope], 3);
    const seen = Array.from({ length: 50 }, (_, i) => tokens(input({ label: `l${i}` }, []))[0]);
    expect(new Set(seen).size).toBe(50);
    expect(seen).not.toContain(tokens(input({ label: 'l0' }, []))[0]);
  });
});
