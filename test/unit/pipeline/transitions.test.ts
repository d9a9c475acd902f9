import { describe, expect, it } from 'vitest';
import type { PolicyVerdict } from '../../../shared/model/verdict.ts';
import type { FactStates } from '../../../shared/model/fact.ts';
import { settle, tally } from '../../../shared/pipeline/outcomes.ts';
import { advance, type Step } from '../../../shared/pipeline/transitions.ts';
import { makeMeaningEngine } from '../../../shared/pipeline/meaning-engine.ts';
import { bundle, NOON, store, t } from '../../support/world.ts';

const engine = makeMeaningEngine(bundle(['not-public']), [store]);
const policies = new Map(engine.policiesOf('store').map((p) => [p.id, p]));
const grants = (...publics: readonly boolean[]): FactStates['grants'] => ({
  state: 'known',
  at: '/grants',
  closed: true,
  value: publics.map((p) => ({ public: p, level: 'read' })),
});
const known = (value: boolean, at = '/open'): FactStates['public_read'] => ({ state: 'known', value, at });

const step = (facts: FactStates, standing: Step['standing'] = {}, verdicts?: readonly PolicyVerdict[]) =>
  advance({
    standing,
    factsBefore: {},
    judgement: { verdicts: verdicts ?? engine.judge('store', facts, NOON / 1000), facts, policies },
    cause: { is: 'clock' },
    trueAt: t(0),
    knownAt: t(1),
    excepted: { resource: 's', exceptions: [], nowSeconds: NOON / 1000 },
    deleted: false,
  });

describe('what is told of a verdict', () => {
  const open: FactStates = { public_read: known(true), grants: grants(false) };
  const first = step(open);

  it('a violation whose reason changes is told again, and stands since it began', () => {
    const { transitions, standing } = step({ ...open, grants: grants(true) }, first.standing);
    expect(transitions.map((x) => [x.from, x.to, x.clauses.map((c) => c.id)])).toEqual([
      ['violation', 'violation', ['not-public', 'no-public-grant']],
    ]);
    expect(standing['store.not-public']?.since).toBe(first.standing['store.not-public']?.since);
  });

  it('one that is only read from another place of the document is not', () => {
    expect(step({ ...open, public_read: known(true, '/elsewhere') }, first.standing).transitions).toEqual([]);
  });

  it('one that was assumed and is now known is', () => {
    const assumed = step({ ...open, public_read: { state: 'assumed', value: true, because: 'never seen' } });
    expect(assumed.transitions[0]?.assumed).toEqual(['public_read']);
    expect(step(open, assumed.standing).transitions).toHaveLength(1);
  });

  it('a fact that the failing clause does not read is no news', () => {
    expect(step({ ...open, versioned: known(false) }, first.standing).transitions).toEqual([]);
  });

  it('a pass that stays a pass is not told, whatever changes', () => {
    const pass = step({ public_read: known(false), grants: grants() });
    expect(pass.transitions).toEqual([]);
    expect(step({ public_read: known(false), grants: grants(false, false) }, pass.standing).transitions).toEqual([]);
  });

  it('an error of a policy opens a finding and names the error', () => {
    const error: PolicyVerdict = {
      policy: 'store.not-public',
      verdict: 'error',
      scope: 'unknown',
      clauses: [],
      error: 'trap',
    };
    expect(step(open, first.standing, [error]).transitions).toMatchObject([
      { from: 'violation', to: 'error', error: 'trap' },
    ]);
  });

  it('a policy that says nothing any more resolves, as a retired one', () => {
    expect(step(open, first.standing, []).transitions).toMatchObject([
      { from: 'violation', to: null, resolution: 'policy_retired' },
    ]);
  });
});

describe('outcomes', () => {
  const changeId = 'c';
  it('a change that is several things is what needs most attention, once', () => {
    const order = ['unsupported', 'stale', 'judged', 'quarantined', 'failed'] as const;
    for (const [i, less] of order.entries())
      for (const more of order.slice(i)) {
        const both = [
          { changeId, outcome: less },
          { changeId, outcome: more },
        ] as const;
        expect(settle(both)).toEqual([{ changeId, outcome: more }]);
        expect(settle(both.toReversed())).toEqual([{ changeId, outcome: more }]);
      }
    expect(
      tally([
        { changeId, outcome: 'judged' },
        { changeId, outcome: 'stale' },
        { changeId: 'd', outcome: 'stale' },
      ]),
    ).toEqual({
      judged: 1,
      stale: 1,
      unsupported: 0,
      quarantined: 0,
      failed: 0,
    });
  });

  it('keeps the native types that no mapping knows', () => {
    expect(
      settle([
        { changeId, outcome: 'unsupported', nativeTypes: ['B'] },
        { changeId, outcome: 'judged' },
        { changeId, outcome: 'unsupported', nativeTypes: ['A', 'B'] },
      ]),
    ).toEqual([{ changeId, outcome: 'judged', nativeTypes: ['A', 'B'] }]);
  });
});
