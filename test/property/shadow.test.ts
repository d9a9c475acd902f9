/** Whatever is seen and released in whatever order: who follows the events that alert knows exactly what is open for them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { canonicalState } from '../../shared/model/resource.ts';
import type { FindingTransitionEvent } from '../../shared/model/finding-event.ts';
import { release, rollback } from '../../shared/pipeline/release.ts';
import { docArb } from '../support/histories.ts';
import { bundle, change, makeWorld, type PolicyName } from '../support/world.ts';

const NAMES: readonly PolicyName[] = ['not-public', 'versioned', 'encrypted-in-production'];
const names = fc.subarray([...NAMES], { minLength: 1 });

/** One thing that happens: a document, a release of some policies with some of them in shadow, a way back. */
const stepArb = fc.oneof(
  { weight: 5, arbitrary: docArb.map((doc) => ({ doc })) },
  { weight: 3, arbitrary: names.chain((of) => fc.record({ of: fc.constant(of), shadow: fc.subarray(of) })) },
  { weight: 1, arbitrary: fc.constant({ back: true as const }) },
);
type Step = typeof stepArb extends fc.Arbitrary<infer S> ? S : never;

const idOf = (name: PolicyName): string => `store.${name}`;

async function live(steps: readonly Step[], isEager: boolean) {
  const world = makeWorld({ policies: NAMES });
  const deps = { policies: world.policies, clock: world.clock };
  await release(deps, { bundle: bundle(NAMES), context: DEFAULT_CONTEXT });
  const settle = async (): Promise<void> => {
    await world.active.refresh();
    const ids = world.resources.all().map(({ id }) => id);
    await world.judgeAgain(ids.map((resourceId) => ({ type: 'rejudge', version: 1, resourceId, cause: 'activation' })));
    await world.drain();
  };
  for (const step of steps) {
    if ('doc' in step) await world.deliver(change(step.doc));
    else if ('back' in step) await rollback(deps).catch(() => undefined);
    else {
      const before = (await world.policies.active())?.shadow ?? [];
      const shadow = step.shadow.map(idOf);
      const unshadow = before.filter((id) => !shadow.includes(id));
      await release(deps, { bundle: bundle(step.of), shadow, unshadow });
    }
    world.clock.advance(1000);
    // Otherwise several activations pass before anything is judged again or told.
    if (isEager) await settle();
  }
  await settle();
  return world;
}

describe('shadow', () => {
  it('never reaches those who are alerted, and what comes out of it does, once', async () => {
    let hidden = 0;
    let moved = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(stepArb, { minLength: 2, maxLength: 16 }), fc.boolean(), async (steps, isEager) => {
        const world = await live(steps, isEager);
        const active = await world.policies.active();
        const shadow = new Set(active?.shadow ?? []);
        const heard = new Map<string, string>();
        for (const event of world.bus.events as readonly FindingTransitionEvent[]) {
          const { findingId, to, shadow: isShadow, policy } = event.detail.edict;
          expect(event.detailType.startsWith('Shadow')).toBe(isShadow === true);
          if (isShadow === true) {
            hidden += 1;
            continue;
          }
          const isOpen = heard.has(findingId);
          // For whoever hears only these, each makes sense: nothing changes or ends that did not begin.
          expect([event.detailType, isOpen]).toEqual([event.detailType, event.detailType !== 'FindingOpened.v1']);
          if (event.detailType === 'FindingResolved.v1') heard.delete(findingId);
          else heard.set(findingId, `${policy.id} ${to}`);
        }
        const open = world.findings.all().filter((f) => f.status === 'open');
        const told = open.filter((f) => f.shadow !== true);
        expect(new Map(told.map((f) => [f.id, `${f.policy} ${f.verdict}`]))).toEqual(heard);
        for (const f of open) expect([f.policy, f.shadow === true]).toEqual([f.policy, shadow.has(f.policy)]);
        if (open.length > told.length && told.length > 0) moved += 1;
      }),
      { numRuns: 300 },
    );
    expect(hidden).toBeGreaterThan(100);
    expect(moved).toBeGreaterThan(10);
  });

  it('is a matter of what is in force: when everything is judged again, the items do not show how it came to be', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepArb, { minLength: 2, maxLength: 10 }), async (steps) => {
        const [slow, eager] = [await live(steps, false), await live(steps, true)];
        const items = (w: typeof slow) => w.resources.all().map(canonicalState).sort();
        expect(items(slow)).toEqual(items(eager));
      }),
      { numRuns: 100 },
    );
  });
});
