/** What an answer says of what it does not know. */
import { describe, expect, it } from 'vitest';
import { coverageJson, coverageTable, nativeTypesOf } from '../../../cli/commands/coverage.ts';
import { answerLines, coverageLine, coverageRecord } from '../../../cli/findings/coverage.ts';
import { controlsOf, type Heard, staleSources } from '../../../shared/model/coverage.ts';

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const at = (hoursAgo: number): string => new Date(NOW - hoursAgo * 3_600_000).toISOString();
const unpainted = (_format: unknown, text: string): string => text;
const seen = { lastSeenAt: at(0) };
const fresh: Heard = { source: 'azure.sweep', account: 'one', ...seen, lastSweptAt: at(2), lastWholeAt: at(2) };
const old: Heard = { source: 'azure.sweep', account: 'two', ...seen, lastSweptAt: at(50), lastWholeAt: at(50) };
const told: Heard = { source: 'aws.config', account: '111122223333', ...seen };

describe('an answer', () => {
  it('is complete where every source keeps its promise, and says nothing then', () => {
    const record = coverageRecord([fresh], {}, NOW);
    expect(record).toEqual({ complete: true, stale: [] });
    expect(coverageLine(record)).toBeUndefined();
  });

  it('names those that do not, and since when', () => {
    const record = coverageRecord([fresh, old, told], {}, NOW);
    expect(record.complete).toBe(false);
    expect(coverageLine(record)).toBe(
      `Not complete: aws.sweep: never listed in full; azure.sweep two: silent, known as of ${at(50)}. See: npx edict coverage`,
    );
  });

  it('speaks of the clouds and the account that it was asked for', () => {
    const heard = [fresh, old, told];
    expect(coverageRecord(heard, { cloud: 'azure', account: 'one' }, NOW).complete).toBe(true);
    expect(coverageRecord(heard, { account: 'one' }, NOW).complete).toBe(true);
    expect(coverageRecord(heard, { account: 'two' }, NOW).stale).toMatchObject([{ account: 'two' }]);
    expect(coverageRecord(heard, { account: '111122223333' }, NOW).stale).toMatchObject([{ source: 'aws.sweep' }]);
    expect(coverageRecord(heard, { cloud: 'azure' }, NOW).stale).toMatchObject([{ account: 'two' }]);
  });

  it('of the past says what was not seen then, whatever was seen before and after', () => {
    const scope: Heard = {
      ...fresh,
      gaps: [
        { from: null, to: at(200) },
        { from: at(150), to: at(90) },
      ],
    };
    const then = (hoursAgo: number) => coverageRecord([scope], { asOf: at(hoursAgo) }, NOW).stale;
    expect(then(210)).toEqual([{ source: 'azure.sweep', account: 'one', since: null, why: 'never_listed' }]);
    expect(then(160)).toEqual([]);
    // Within the promise after the last whole list before the gap.
    expect(then(130)).toEqual([]);
    expect(then(100)).toEqual([{ source: 'azure.sweep', account: 'one', since: at(150), why: 'silent' }]);
    expect(then(80)).toEqual([]);
    expect(coverageRecord([old], { asOf: at(1) }, NOW).stale).toMatchObject([{ account: 'two', since: at(50) }]);
  });

  it('of a deployment that heard of nothing is not complete', () => {
    expect(coverageRecord([], {}, NOW).complete).toBe(false);
    expect(coverageLine(coverageRecord([], {}, NOW))).toContain('no good news');
  });
});

describe('under an answer', () => {
  it('stands as of when it is, and what stands in the way of it', () => {
    const whole = coverageRecord([fresh], {}, NOW);
    expect(answerLines({}, whole, NOW, unpainted)).toBe(`as of ${at(0)}; every source keeps its promise\n`);
    const partial = coverageRecord([fresh, old], {}, NOW);
    expect(answerLines({ asOf: at(9), knownAt: at(3) }, partial, NOW, unpainted)).toBe(
      `as of ${at(9)}, by what was known at ${at(3)}\n${coverageLine(partial)}\n`,
    );
  });
});

describe('edict coverage', () => {
  const rows = [
    {
      source: 'azure.sweep',
      account: 'one',
      type: 'microsoft.storage/storageaccounts',
      lastSweptAt: at(2),
      whole: true,
      listed: 3,
      held: 4,
      missed: 1,
    },
    {
      source: 'aws.config',
      account: '111122223333',
      type: 'AWS::S3::Bucket',
      lastEventAt: at(1),
      lagMs: 2500,
      deniedAt: at(3),
    },
  ];
  const heard = [fresh, old, told];
  const policies = [{ id: 'object-store.no-public-access', kind: 'object_store' }];
  const controls = controlsOf(policies, rows, heard, nativeTypesOf, NOW);
  const found = { asOf: at(0), heard, stale: staleSources(heard, NOW), rows, controls };

  it('knows the native types of a kind in every cloud, in whatever case the provider writes them', () => {
    expect(controls.map((c) => [c.account, c.status])).toEqual([
      ['111122223333', 'told'],
      ['one', 'judged'],
    ]);
  });

  it('shows what is stale, what was seen, and what nobody can answer for', () => {
    const unknown = controls.map((c) => ({ ...c, status: 'unknown' as const, since: at(50) }));
    const text = coverageTable({ ...found, controls: unknown }, { paint: unpainted, width: undefined }, NOW);
    expect(text).toContain(`azure.sweep two: silent, known as of ${at(50)}`);
    expect(text).toMatch(/azure\.sweep +one +microsoft\.storage\/storageaccounts +- +- +2 h ago +3 +4 +1 +-/);
    expect(text).toMatch(/aws\.config +111122223333 +AWS::S3::Bucket +1 h ago +2\.5 s/);
    expect(text).toContain('0 judged, 0 judged as far as events told, 0 with nothing to judge, 2 unknown');
    expect(text).toContain(`unknown since ${at(50)}: azure one: object-store.no-public-access`);
  });

  it('writes JSON without a missing key', () => {
    const json = coverageJson(found);
    expect(json).toMatchObject({ version: 1, as_of: at(0), complete: false });
    expect(json.types[1]).toEqual({
      source: 'aws.config',
      account: '111122223333',
      type: 'AWS::S3::Bucket',
      lastEventAt: at(1),
      lagMs: 2500,
      lastSweptAt: null,
      whole: null,
      observed: null,
      expected: null,
      missedEvents: null,
      deniedAt: at(3),
    });
  });
});
