import { describe, expect, it } from 'vitest';
import type { SourceLog } from '../../../shared/ports/source-log.ts';
import type { CoverageLedger } from '../../../shared/ports/coverage-ledger.ts';
import type { ProbeLog } from '../../../shared/ports/probe-log.ts';
import type { Roster } from '../../../shared/ports/roster.ts';
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
      await log.swept(source, 'c', at(5), false);
      await log.denied(source, 'c', at(6));
      const heard = [...(await log.list(source))].sort((x, y) => (x.account < y.account ? -1 : 1));
      expect(heard).toEqual([
        { source, account: 'a', lastSeenAt: at(2) },
        {
          source,
          account: 'b',
          lastSeenAt: at(4),
          lastSweptAt: at(4),
          lastWholeAt: at(4),
          gaps: [{ from: null, to: at(4) }],
        },
        { source, account: 'c', lastSeenAt: at(5), lastSweptAt: at(5), lastDeniedAt: at(6) },
      ]);
      expect(await log.list(`${title}.other`)).toEqual([]);
    });

    it('keeps when a scope was not listed in full for longer than is promised', async () => {
      const log = make();
      const source = `${title}.gaps`;
      const on = (day: number): string => `2026-11-0${day}T02:00:00.000Z`;
      for (const day of [1, 2, 5, 4, 6]) await log.swept(source, 'a', on(day));
      await log.swept(source, 'a', on(9), false);
      expect((await log.list(source))[0]?.gaps).toEqual([
        { from: null, to: on(1) },
        { from: on(2), to: on(5) },
      ]);
    });
  });
}

/** What every ProbeLog holds. */
export function probeLogSuite(title: string, make: () => ProbeLog): void {
  describe(`${title}: ProbeLog`, () => {
    it('knows the last move of each path, and what became of it', async () => {
      const log = make();
      const at = (m: number): string => `2026-11-25T01:0${m}:00.000Z`;
      expect(await log.last('azure')).toBeUndefined();
      await log.note({ path: 'azure', sentAt: at(1), expects: 'violation' });
      await log.note({ path: 'azure', sentAt: at(1), expects: 'violation', outcome: 'detected', detectedAt: at(2) });
      await log.note({ path: 'azure', sentAt: at(5), expects: 'compliant' });
      await log.note({ path: 'google', sentAt: at(7), expects: 'violation' });
      expect(await log.last('azure')).toEqual({ path: 'azure', sentAt: at(5), expects: 'compliant' });
      await log.note({ path: 'azure', sentAt: at(5), expects: 'compliant', outcome: 'missed' });
      expect(await log.last('azure')).toMatchObject({ sentAt: at(5), outcome: 'missed' });
    });
  });
}

/** What every CoverageLedger holds. */
export function coverageLedgerSuite(title: string, make: () => CoverageLedger): void {
  describe(`${title}: CoverageLedger`, () => {
    it('sets what a row gives and leaves the rest of it', async () => {
      const ledger = make();
      const source = `${title}.feed`;
      const at = (h: number): string => `2026-11-25T0${h}:00:00.000Z`;
      const row = { source, account: '1', type: 'T' };
      await ledger.note([
        { ...row, lastEventAt: at(1), lagMs: 12 },
        { ...row, account: '11', lastEventAt: at(1), lagMs: 5 },
      ]);
      await ledger.note([{ ...row, lastSweptAt: at(2), whole: false, listed: 0, held: 2, missed: 1, deniedAt: at(2) }]);
      expect(await ledger.list(source, '1')).toEqual([
        {
          ...row,
          lastEventAt: at(1),
          lagMs: 12,
          lastSweptAt: at(2),
          whole: false,
          listed: 0,
          held: 2,
          missed: 1,
          deniedAt: at(2),
        },
      ]);
      expect((await ledger.list(source)).length).toBe(2);
      expect(await ledger.list(`${title}.other`)).toEqual([]);
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
      await log.end(run, 'a.sweep', 'two', { outcome: 'swept', began: at(1) });
      await log.begin(run, [scope('one', false), scope('two')], at(4));
      const scopes = [...(await log.scopes(run))].sort((x, y) => (x.scope < y.scope ? -1 : 1));
      expect(scopes).toEqual([
        scope('one'),
        scope('three'),
        { ...scope('two', false), outcome: 'swept', began: at(1) },
      ]);
      expect(await log.scopes(`${title}-2`)).toEqual([]);
    });

    it('lets the first outcome stand, and notes nothing of what was never begun', async () => {
      const log = make();
      const run = `${title}-3`;
      await log.begin(run, [scope('one')], at(1));
      await log.end(run, 'a.sweep', 'one', { outcome: 'denied' });
      await log.end(run, 'a.sweep', 'one', { outcome: 'swept' });
      await log.end(run, 'a.sweep', 'other', { outcome: 'swept' });
      expect(await log.scopes(run)).toEqual([{ ...scope('one'), outcome: 'denied' }]);
    });

    it('remembers whose digest is still to come', async () => {
      const log = make();
      const mine = async () => (await log.owed()).filter((run) => run.startsWith(`${title}-owed`));
      for (const run of ['a', 'b', 'b']) await log.owe(`${title}-owed-${run}`, at(1));
      expect(await mine()).toEqual([`${title}-owed-a`, `${title}-owed-b`]);
      await log.settle(`${title}-owed-a`, at(2));
      await log.settle(`${title}-owed-a`, at(3));
      expect(await mine()).toEqual([`${title}-owed-b`]);
    });

    it('remembers of which places something was listed, and adds up what is counted', async () => {
      const log = make();
      const run = `${title}-4`;
      await log.listed(run, 'a.sweep', ['1 eu', '2 us'], at(1));
      await log.listed(run, 'a.sweep', ['1 eu'], at(1));
      expect(await Promise.all(['1 eu', '2 us', '1'].map((place) => log.wasListed(run, 'a.sweep', place)))).toEqual([
        true,
        true,
        false,
      ]);
      const of = { source: 'a.sweep', account: '1', type: 'T' };
      await log.count(run, { ...of, counts: { listed: 2, held: 1 } }, at(1));
      await log.count(run, { ...of, counts: { listed: 3, changed: 1 } }, at(1));
      await log.count(run, { ...of, account: '2', counts: { absent: 1 } }, at(1));
      const rows = [...(await log.counts(run)).items].sort((x, y) => (x.account < y.account ? -1 : 1));
      expect(rows).toEqual([
        { ...of, counts: { listed: 5, held: 1, changed: 1 } },
        { ...of, account: '2', counts: { absent: 1 } },
      ]);
      expect(await log.counts(`${title}-5`)).toEqual({ items: [] });
    });
  });
}

/** What every Roster holds. */
export function rosterSuite(title: string, make: () => Roster): void {
  describe(`${title}: Roster`, () => {
    const at = (h: number): string => `2026-11-25T0${h}:00:00.000Z`;
    const by = (h: number) => ({ source: 'a.sweep', scope: 'one', at: at(h) });

    it('marks what a list has; a later mark stays', async () => {
      const roster = make();
      const [a, b] = [`${title}/a`, `${title}/b`];
      expect([...(await roster.see([a, b], by(2))).fresh].sort()).toEqual([a, b]);
      const again = await roster.see([a], by(2));
      expect([again.fresh.size, again.seen.get(a)]).toEqual([0, by(2)]);
      expect((await roster.see([a], by(1))).fresh.size).toBe(0);
      expect((await roster.see([a], by(3))).fresh.size).toBe(1);
      expect(await roster.seen([a, b, `${title}/c`])).toEqual(
        new Map([
          [a, by(3)],
          [b, by(2)],
        ]),
      );
    });

    it('notes that a list lacks it, unless one as late has it; seen again, that is remembered', async () => {
      const roster = make();
      const id = `${title}/d`;
      await roster.see([id], by(2));
      expect(await roster.miss(id, at(2))).toBe(false);
      expect(await roster.miss(id, at(3))).toBe(true);
      expect((await roster.see([id], by(4))).seen.get(id)).toEqual({ ...by(4), absentAt: at(3) });
      // Never in a list, only told by events.
      expect(await roster.miss(`${title}/e`, at(3))).toBe(true);
      expect((await roster.seen([`${title}/e`])).get(`${title}/e`)?.absentAt).toBe(at(3));
    });

    it('takes more than one call takes', async () => {
      const roster = make();
      const ids = Array.from({ length: 230 }, (_, i) => `${title}/many/${i}`);
      await roster.see(ids, by(2));
      expect((await roster.seen(ids)).size).toBe(230);
    });
  });
}
