import { describe, expect, it } from 'vitest';
import type { SourceLog } from '../../../shared/ports/source-log.ts';
import type { SweepLog } from '../../../shared/ports/sweep-log.ts';

/** What every SourceLog holds. */
export function sourceLogSuite(title: string, make: () => SourceLog): void {
  describe(`${title}: SourceLog`, () => {
    it('remembers the last time, whatever the order in which it is told', async () => {
      const log = make();
      const source = `${title}.feed`;
      const at = (h: number): string => `2026-11-25T0${h}:00:00.000Z`;
      await log.heard(source, 'a', at(2));
      await log.heard(source, 'a', at(1));
      await log.heard(source, 'b', at(3));
      await log.swept(source, 'b', at(4));
      await log.swept(source, 'b', at(2));
      const heard = [...(await log.list(source))].sort((x, y) => (x.account < y.account ? -1 : 1));
      expect(heard).toEqual([
        { source, account: 'a', lastSeenAt: at(2) },
        { source, account: 'b', lastSeenAt: at(4), lastSweptAt: at(4) },
      ]);
      expect(await log.list(`${title}.other`)).toEqual([]);
    });
  });
}

/** What every SweepLog holds. */
export function sweepLogSuite(title: string, make: () => SweepLog): void {
  describe(`${title}: SweepLog`, () => {
    const at = (h: number): string => `2026-11-25T0${h}:00:00.000Z`;
    const scope = (name: string, baseline = true) => ({ source: 'a.sweep', scope: name, baseline });

    it('remembers what became of each scope, and begun again it is the same run', async () => {
      const log = make();
      const run = `${title}-1`;
      await log.begin(run, [scope('one'), scope('two', false), scope('three')], at(1));
      await log.note(run, 'a.sweep', 'one', at(2));
      await log.note(run, 'a.sweep', 'two', at(3), 'swept');
      await log.begin(run, [scope('one', false), scope('two')], at(4));
      const scopes = [...(await log.scopes(run))].sort((x, y) => (x.scope < y.scope ? -1 : 1));
      expect(scopes).toEqual([
        { ...scope('one'), at: at(2) },
        { ...scope('three'), at: at(1) },
        { ...scope('two', false), at: at(3), outcome: 'swept' },
      ]);
      expect(await log.scopes(`${title}-2`)).toEqual([]);
    });

    it('lets the first outcome stand, and notes nothing of what was never begun', async () => {
      const log = make();
      const run = `${title}-3`;
      await log.begin(run, [scope('one')], at(1));
      await log.note(run, 'a.sweep', 'one', at(2), 'denied');
      await log.note(run, 'a.sweep', 'one', at(3), 'swept');
      await log.note(run, 'a.sweep', 'other', at(3), 'swept');
      expect(await log.scopes(run)).toEqual([{ ...scope('one'), at: at(3), outcome: 'denied' }]);
    });
  });
}
