/** Invariant (g) for lists: a page that fails, is denied, throttled or cut never closes anything, whatever else happens. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/model/errors.ts';
import { makeReconcileWorld, type Trouble } from '../support/reconcile-world.ts';

const DAY = 86_400;
const SCOPES = ['111122223333', '444455556666'] as const;
const troubleArb: fc.Arbitrary<Trouble> = fc.constantFrom<Trouble>(
  new AppError('UPSTREAM_DENIED', 'x'),
  new AppError('UPSTREAM_UNAVAILABLE', 'x'),
  'unreadable',
  'incomplete',
);

/** Half of the lists are whole. */
const maybeArb = fc.oneof(
  fc.constant(undefined),
  fc.record({ page: fc.integer({ min: 0, max: 1 }), what: troubleArb }),
);

describe('a sweep', () => {
  it('closes exactly what is gone of the scopes that it saw wholly, and nothing of the others', async () => {
    let closed = 0;
    let spared = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          sizes: fc.tuple(fc.integer({ min: 40, max: 110 }), fc.integer({ min: 40, max: 110 })),
          gone: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 2, maxLength: 10 }),
          troubles: fc.tuple(maybeArb, maybeArb),
        }),
        async ({ sizes, gone, troubles }) => {
          const world = makeReconcileWorld({ scopes: SCOPES });
          await world.activate();
          const ids: string[] = [];
          for (const [s, account] of SCOPES.entries()) {
            await world.happen({
              type: 'Test::Block',
              id: `block/${account}`,
              account,
              at: 0,
              body: { blocked: true },
            });
            for (let i = 0; i < (sizes[s] ?? 0); i++) {
              const id = `${account}/${String(i).padStart(3, '0')}`;
              ids.push(id);
              await world.happen({ type: 'Test::Store', id, account, at: 0, body: { open: false } });
            }
          }
          world.at(DAY);
          for (const account of SCOPES)
            for (const i of gone) world.truth.delete(`${account}/${String(i).padStart(3, '0')}`);
          const left = new Map(
            SCOPES.map((account) => [account, [...world.truth.values()].filter((d) => d.account === account).length]),
          );
          const hit = SCOPES.map((account, s) => {
            const t = troubles[s];
            return t !== undefined && t.page * 50 < (left.get(account) ?? 0);
          });
          world.trouble((scope, page) => {
            const t = troubles[SCOPES.findIndex((account) => account === scope)];
            return t?.page === page ? t.what : undefined;
          });
          await world.sweep();
          const live = new Set(world.live());
          for (const id of ids) {
            const isHit = hit[SCOPES.findIndex((account) => id.startsWith(account))] === true;
            const there = world.truth.has(id);
            expect([id, live.has(id)]).toEqual([id, there || isHit]);
            if (!there && isHit) spared += 1;
            if (!there && !isHit) closed += 1;
          }
        },
      ),
      { numRuns: 20 },
    );
    expect([closed > 5, spared > 5]).toEqual([true, true]);
  }, 120_000);
});
