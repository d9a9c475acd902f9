import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transitionId } from '../../shared/model/finding.ts';
import type { FactStates } from '../../shared/model/fact.ts';
import { AppError } from '../../shared/model/errors.ts';
import type { Notice } from '../../shared/model/change.ts';
import type { ReadAnswer } from '../../shared/ports/read-back.ts';
import { arrivalArb, historyArb } from '../support/histories.ts';
import { makeMeaningEngine } from '../../shared/pipeline/meaning-engine.ts';
import { bundle, change, makeWorld, NOON, store, t } from '../support/world.ts';

const engine = makeMeaningEngine(bundle(), [store]);
const now = NOON / 1000;

describe('evidence', () => {
  it('of a resource reproduces its verdicts, and that of a transition its violation', async () => {
    let violations = 0;
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), async ({ batches }) => {
        const world = makeWorld();
        await world.activate();
        for (const batch of batches) await world.deliver(...batch);
        await world.drain();
        for (const resource of world.resources.all()) {
          if (resource.kind === null || resource.deleted) continue;
          const evidence = await world.resources.evidence(resource);
          expect(evidence).toBeDefined();
          const judged = engine.judge(resource.kind, evidence ?? {}, now);
          expect(Object.fromEntries(judged.map((v) => [v.policy, v.verdict]))).toEqual(
            Object.fromEntries(Object.entries(resource.verdicts).map(([policy, v]) => [policy, v.verdict])),
          );
        }
        for (const finding of world.findings.all())
          for (const tr of await world.findings.history(finding.id)) {
            if (tr.to !== 'violation') continue;
            const facts: FactStates = Object.fromEntries(tr.facts.map((f) => [f.fact, f.after]));
            const [again] = engine.judge('store', facts, now).filter((v) => v.policy === tr.policy);
            expect([transitionId(finding.id, tr), again?.verdict]).toEqual([transitionId(finding.id, tr), 'violation']);
            violations += 1;
          }
      }),
      { numRuns: 200 },
    );
    expect(violations).toBeGreaterThan(100);
  });

  it('of a long list shows the items that decided, and they alone still prove the violation', async () => {
    const world = makeWorld({ policies: ['not-public'] });
    await world.activate();
    const grants = Array.from({ length: 40 }, (_, i) =>
      change({ type: 'Test::Grant', id: `s1/grant/${String(i).padStart(2, '0')}`, at: 0, body: { public: i === 33 } }),
    );
    await world.deliver(change({ type: 'Test::Store', id: 's1', at: 0, body: { open: false } }), ...grants);
    await world.drain();
    const edict = world.bus.events.at(-1)?.detail.edict;
    const shown = edict !== undefined && 'facts' in edict ? edict.facts.find((f) => f.fact === 'grants') : undefined;
    expect(shown?.after).toMatchObject({ value: [{ public: true, level: 'read' }], closed: false });
  });
});

describe('a read that failed', () => {
  const answerArb = fc.constantFrom<'throttled' | 'unavailable' | 'denied'>('throttled', 'unavailable', 'denied');

  it('never turns what was not compliant into a pass, and never into a deletion', async () => {
    let denied = 0;
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), answerArb, async ({ batches }, answer) => {
        const native = { dialect: 'aws.config', type: 'Test::Store', id: 's1', account: 'acc-1' } as const;
        const read = async (): Promise<ReadAnswer> => {
          if (answer === 'throttled') throw new AppError('UPSTREAM_THROTTLED', 'slow down');
          if (answer === 'unavailable') throw new AppError('UPSTREAM_UNAVAILABLE', 'down');
          return { is: 'denied', readKey: t(100), native };
        };
        const world = makeWorld({ readBack: { aws: { read } } });
        await world.activate();
        for (const batch of batches) await world.deliver(...batch);
        await world.drain();
        const before = world.resources.all().find((r) => r.id === 's1');
        const notice: Notice = { is: 'notice', cloud: 'aws', resourceId: 's1', changedAt: t(99) };
        await world.deliver({ ...change({ type: 'Test::Store', id: 's1', at: 99 }), content: notice });
        await world.drain();
        const after = world.resources.all().find((r) => r.id === 's1');
        if (answer !== 'denied') {
          expect(after).toEqual(before);
          return;
        }
        denied += 1;
        expect(after?.deleted).toBe(false);
        // Of a resource that was deleted nothing was judged: what satellites said after its end may well be a pass now.
        if (before?.deleted === true) return;
        for (const [policy, { verdict }] of Object.entries(after?.verdicts ?? {}))
          if (
            before?.verdicts[policy]?.verdict !== 'compliant' &&
            before?.verdicts[policy]?.verdict !== 'not_applicable'
          )
            expect(['violation', 'unknown', 'error']).toContain(verdict);
      }),
      { numRuns: 200 },
    );
    expect(denied).toBeGreaterThan(20);
  });
});
