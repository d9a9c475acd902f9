/** News that is lost, and accounts that are: what the next sweep makes of it. */
import { describe, expect } from 'vitest';
import { AppError } from '../../shared/model/errors.ts';
import { count, drill } from '../support/drill.ts';
import { makeReconcileWorld, type Trouble } from '../support/reconcile-world.ts';
import { type Doc, t } from '../support/world.ts';

const DAY = 86_400;
const store = (id: string, at: number, more: Partial<Doc> = {}): Doc => ({
  type: 'Test::Store',
  id,
  at,
  // A version of its own, whoever tells of it.
  orderKey: t(at),
  body: { open: true, versioned: true },
  ...more,
});
type World = ReturnType<typeof makeReconcileWorld>;
/** The account that is lost is the last. */
const ACCOUNTS = ['111122223333', '444455556666', '777788889999'] as const;
const LOST = ACCOUNTS[2];
const LOSSES: { readonly [way: string]: Trouble | 'empty' | 'no scope' } = {
  'an empty list': 'empty',
  'a list that is denied': new AppError('UPSTREAM_DENIED', 'the account is not of this organisation'),
  'a list without an answer': new AppError('UPSTREAM_UNAVAILABLE', 'no answer'),
  'an incomplete list': 'incomplete',
  'a list that cannot be read in part': 'unreadable',
  'no list': 'no scope',
};
const reconciled = async (world: World) => (await world.sweep())[0]?.detail.edict;

describe('what is lost', () => {
  drill(
    {
      id: 'dropped-events',
      done: 'All of 1,000 resources change or are deleted and one is made; of each hundred events one is dropped, of whatever kind',
      holds:
        'the next sweep finds all that was missed and tells how many of which kind and the rate; afterwards what is held is what there is',
    },
    async () => {
      const world = makeReconcileWorld();
      await world.activate();
      await world.happen({ type: 'Test::Block', id: 'block/111122223333', at: 0, body: { blocked: false } });
      const ids = Array.from({ length: 1000 }, (_, i) => `s${String(i).padStart(4, '0')}`);
      for (const id of ids) await world.happen(store(id, 1));
      world.at(DAY);
      expect(await reconciled(world)).toMatchObject({
        listed: ids.length + 1,
        missedEvents: { unknown: 0, changed: 0, deleted: 0 },
      });

      world.at(DAY + 3000);
      const dropped = { unknown: 1, changed: 0, deleted: 0 };
      for (const [i, id] of ids.entries()) {
        const told = i % 100 !== 0;
        const deleted = i % 300 === 0;
        if (!told) dropped[deleted ? 'deleted' : 'changed'] += 1;
        await world.happen(
          store(id, DAY + 60 + i, { body: { open: false, versioned: i % 2 === 0 }, ...(deleted ? { deleted } : {}) }),
          told,
        );
      }
      await world.happen(store('new', DAY + 60), false);
      world.at(2 * DAY);
      const { missedEvents, rate = 0 } = (await reconciled(world)) ?? {};
      expect(dropped).toEqual({ unknown: 1, changed: 6, deleted: 4 });
      expect(missedEvents).toEqual(dropped);
      expect(rate).toBeCloseTo(0.011, 4);
      const held = new Map(
        world.resources
          .all()
          .flatMap((s) => (s.deleted || s.kind === null ? [] : [[s.id, s.facts['public_read']] as const])),
      );
      expect([...held.keys()].toSorted()).toEqual(
        [...world.truth.values()].flatMap(({ type, id }) => (type === 'Test::Store' ? [id] : [])).toSorted(),
      );
      expect([...held].filter(([, open]) => open !== false)).toEqual([['new', true]]);
      // Nothing is left for the one after.
      world.at(3 * DAY);
      expect(await reconciled(world)).toMatchObject({ missedEvents: { unknown: 0, changed: 0, deleted: 0 } });
      const { unknown, changed, deleted } = dropped;
      return `${count(ids.length + 1)} events, ${unknown + changed + deleted} dropped (${changed} changes, ${deleted} deletions, ${unknown} creation): all found by one sweep, ${(100 * rate).toFixed(2)} % told; 0 left for the next`;
    },
  );

  drill(
    {
      id: 'account-lost',
      done: 'One of three accounts leaves the organisation: its list is empty, denied, not answered, incomplete, unreadable in part, or asked for no more; meanwhile something of another account is deleted, untold; then the account comes back, with one deletion untold',
      holds:
        'nothing of the lost account is closed, judged otherwise or told of, and the coverage does not say that all of it was seen; the deletion in the other account is found all the same; once the account is back, exactly what is gone of it is closed',
    },
    async () => {
      let stood = 0;
      for (const [way, trouble] of Object.entries(LOSSES)) {
        const scopes: string[] = [...ACCOUNTS];
        const world = makeReconcileWorld({ scopes });
        await world.activate();
        for (const account of ACCOUNTS) {
          await world.happen({ type: 'Test::Block', id: `block/${account}`, at: 0, account, body: { blocked: false } });
          for (let n = 0; n < 20; n++)
            await world.happen(store(`${account}/${n}`, 0, { account, body: { open: n % 2 === 0, versioned: true } }));
        }
        world.at(DAY);
        await world.sweep();
        const ofLost = (): readonly string[] =>
          world.resources
            .all()
            .flatMap((s) => (s.id.startsWith(`${LOST}/`) ? [`${s.id} ${s.deleted} ${JSON.stringify(s.verdicts)}`] : []))
            .toSorted();
        const before = ofLost();
        expect(before).toHaveLength(20);
        const events = world.bus.events.length;
        const oneMissed = { missedEvents: { unknown: 0, changed: 0, deleted: 1 } };

        const truth = new Map([...world.truth].filter(([, { account }]) => account === LOST));
        if (trouble === 'empty') for (const id of truth.keys()) world.truth.delete(id);
        else if (trouble === 'no scope') scopes.pop();
        else world.trouble((scope) => (scope === LOST ? trouble : undefined));
        await world.happen(store(`${ACCOUNTS[0]}/3`, DAY + 60, { account: ACCOUNTS[0], deleted: true }), false);
        world.at(2 * DAY);
        expect(await reconciled(world), way).toMatchObject(oneMissed);
        expect(ofLost(), way).toEqual(before);
        const told = world.bus.events.slice(events).map((e) => JSON.stringify(e.detail));
        expect(told.filter((text) => text.includes(`${LOST}/`))).toEqual([]);
        const [row] = (await world.ledger.list('aws.sweep', LOST)).filter(({ type }) => type === 'Test::Store');
        expect(
          row?.whole === true && row.listed === row.held && row.lastSweptAt?.startsWith('2026-11-27'),
          `${way}: ${JSON.stringify(row)}`,
        ).toBe(false);
        stood += before.length;

        world.trouble(() => undefined);
        if (trouble === 'no scope') scopes.push(LOST);
        for (const [id, doc] of truth) world.truth.set(id, doc);
        await world.happen(store(`${LOST}/7`, 2 * DAY + 60, { account: LOST, deleted: true }), false);
        world.at(3 * DAY);
        expect(await reconciled(world), way).toMatchObject(oneMissed);
        const after = ofLost();
        expect(after.filter((s) => before.includes(s))).toHaveLength(before.length - 1);
        expect(after.filter((s) => s.startsWith(`${LOST}/7 true `))).toHaveLength(1);
      }
      const ways = Object.keys(LOSSES).length;
      return `${ways} ways to lose an account of 20 resources: ${stood} of ${20 * ways} stood as they were, ${ways} deletions in another account found, ${ways} in the account once it was back`;
    },
  );
});
