/** What is seen and what is not: silence and refusal are never green. */
import { describe, expect, it } from 'vitest';
import {
  type Control,
  controlsOf,
  type CoverageRow,
  type Heard,
  staleSources,
  SWEEP_PROMISE_MS,
} from '../../../shared/model/coverage.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const hoursAgo = (h: number): string => new Date(NOW - h * 3_600_000).toISOString();
const scope = (source: string, account: string, more: Partial<Heard>): Heard => ({
  source,
  account,
  lastSeenAt: hoursAgo(0),
  ...more,
});
const whole = (source: string, account: string, h: number): Heard =>
  scope(source, account, { lastSweptAt: hoursAgo(h), lastWholeAt: hoursAgo(h) });
const told = (source: string, account: string): Heard => ({ source, account, lastSeenAt: hoursAgo(0) });

describe('a source', () => {
  it.each<[string, Heard, object | undefined]>([
    ['was listed in full within its promise', whole('azure.sweep', 's', 25), undefined],
    [
      'was not listed for longer than its promise',
      whole('azure.sweep', 's', 27),
      { account: 's', since: hoursAgo(27), why: 'silent' },
    ],
    [
      'is refused since',
      scope('azure.sweep', 's', { lastSweptAt: hoursAgo(20), lastWholeAt: hoursAgo(20), lastDeniedAt: hoursAgo(1) }),
      { since: hoursAgo(20), why: 'denied' },
    ],
    ['was never shown', scope('azure.sweep', 's', { lastDeniedAt: hoursAgo(1) }), { since: null, why: 'denied' }],
    [
      'is listed, and not in full',
      scope('azure.sweep', 's', { lastSweptAt: hoursAgo(1), lastWholeAt: hoursAgo(30) }),
      { since: hoursAgo(30), why: 'incomplete' },
    ],
  ])('that %s', (_what, heard, means) => {
    const stale = staleSources([heard], NOW);
    if (means === undefined) expect(stale).toEqual([]);
    else expect(stale).toMatchObject([{ source: 'azure.sweep', ...means }]);
  });

  it('that tells and was never listed is stale; one that was never heard of is not there', () => {
    expect(staleSources([told('aws.config', '1')], NOW)).toEqual([
      { source: 'aws.sweep', account: '*', since: null, why: 'never_listed' },
    ]);
    expect(staleSources([], NOW)).toEqual([]);
  });

  it('promises a list a day, and two hours for it', () => {
    expect(SWEEP_PROMISE_MS).toBe(26 * 3_600_000);
  });
});

describe('a control', () => {
  const policies = [
    { id: 'p.stores', kind: 'store' },
    { id: 'p.lakes', kind: 'lake' },
    { id: 'p.moons', kind: 'moon' },
  ];
  const typesOf = (kind: string): readonly string[] => (kind === 'moon' ? [] : [`T::${kind}`]);
  const row = (source: string, account: string, more: Partial<CoverageRow>): CoverageRow => ({
    source,
    account,
    type: 'T::store',
    ...more,
  });
  const status = (rows: readonly CoverageRow[], heard: readonly Heard[]) =>
    controlsOf(policies, rows, heard, typesOf, NOW).map((c: Control) => [c.policy, c.account, c.status, c.since]);

  it('with something to judge, in an account that was listed in full, is judged; without, there is nothing to judge', () => {
    const rows = [row('azure.sweep', 's', { listed: 2, held: 2, whole: true })];
    expect(status(rows, [whole('azure.sweep', 's', 2)])).toEqual([
      ['p.stores', 's', 'judged', null],
      ['p.lakes', 's', 'nothing', null],
    ]);
  });

  it('of an account that fell silent is unknown since then, whatever it last said', () => {
    const rows = [row('azure.sweep', 's', { listed: 2, held: 2 })];
    expect(status(rows, [whole('azure.sweep', 's', 50), whole('azure.sweep', 'other', 1)])).toEqual([
      ['p.stores', 's', 'unknown', hoursAgo(50)],
      ['p.lakes', 's', 'unknown', hoursAgo(50)],
    ]);
  });

  it('of an account that was never listed is what events told, and otherwise unknown', () => {
    const rows = [row('aws.config', '1', { lastEventAt: hoursAgo(1) })];
    expect(status(rows, [told('aws.config', '1')])).toEqual([
      ['p.stores', '1', 'told', null],
      ['p.lakes', '1', 'unknown', null],
    ]);
  });

  it('of an account that one list of many holds is as old as the oldest of them', () => {
    const rows = [row('gcp.sweep', '42', { listed: 1, held: 1 })];
    const heard = [whole('gcp.sweep', 'projects/p#RESOURCE', 1), whole('gcp.sweep', 'projects/p#IAM_POLICY', 90)];
    expect(status(rows, heard)[0]).toEqual(['p.stores', '42', 'unknown', hoursAgo(90)]);
  });
});
