/** How checks are run, and what of them is shown. */
import { describe, expect, it } from 'vitest';
import {
  type Check,
  type Found,
  missing,
  notApplicable,
  ok,
  type Row,
  runChecks,
  unknown,
} from '../../../cli/doctor/check.ts';
import { CHECKS } from '../../../cli/doctor/checks.ts';
import { clockOf } from '../../../cli/doctor/clock.ts';
import { doctorJson, doctorSchema, doctorTable, exitCodeOf } from '../../../cli/doctor/report.ts';
import type { World } from '../../../cli/doctor/world.ts';
import { AppError } from '../../../shared/model/errors.ts';

const check = (id: string, run: Check['run'], more: Partial<Check> = {}): Check => ({
  id,
  what: 'it is there',
  otherwise: 'nothing works',
  where: 'aws',
  todo: 'put it there',
  needs: 'see:It',
  run,
  ...more,
});
const world = (local = false): World =>
  // Of the world the runner reads nothing but this.
  ({ stack: { title: 'edict-prod', aws: {}, local: local ? {} : undefined } }) as unknown as World;
const run = async (checks: readonly Check[], local = false, limitMs = 10_000): Promise<readonly Row[]> =>
  runChecks(checks, world(local), limitMs);
const statusOf = async (look: Check['run'], limitMs?: number): Promise<Row | undefined> =>
  (await run([check('one', look)], false, limitMs))[0];

describe('a check', () => {
  it('that throws, at once or later, is unknown and stops no other', async () => {
    const rows = await run([
      check('throws', () => {
        throw new Error('a bug');
      }),
      check('rejects', async () => {
        throw new AppError('UPSTREAM_UNAVAILABLE', 'it does not answer');
      }),
      check('fine', async () => ok('it is there')),
    ]);
    expect(rows.map((r) => `${r.id} ${r.status}`)).toEqual(['throws unknown', 'rejects unknown', 'fine ok']);
  });

  it('that is refused says what is needed; one that is throttled, to ask later', async () => {
    const refused = await statusOf(async () => {
      throw new AppError('UPSTREAM_DENIED', 'no');
    });
    expect(refused).toMatchObject({ status: 'unknown', why: 'refused: no', todo: 'Ask as somebody who may: see:It.' });
    const throttled = await statusOf(async () => {
      throw new AppError('UPSTREAM_THROTTLED', 'too much');
    });
    expect(throttled).toMatchObject({ status: 'unknown', todo: 'Ask again later.' });
  });

  it('that does not end is unknown when its time is up, and holds up nobody', async () => {
    const row = await statusOf(() => new Promise<Found>(() => {}), 20);
    expect(row).toMatchObject({ status: 'unknown', why: 'no answer within 0.02 s' });
  });

  it('that looked at nothing is unknown', async () => {
    expect(await statusOf(async () => [])).toMatchObject({ status: 'unknown', why: 'there was nothing to look at' });
  });

  it('gives an answer for each thing that is not right, a failed look among them', async () => {
    const rows = await run([
      check('many', async () => [
        missing('gone', { where: 'a' }),
        { failed: new AppError('UPSTREAM_DENIED', 'no'), where: 'b' },
      ]),
    ]);
    expect(rows.map((r) => [r.where, r.status])).toEqual([
      ['a', 'missing'],
      ['b', 'unknown'],
    ]);
  });

  it('is not run on the local stack where it does not apply', async () => {
    let ran = false;
    const look = async (): Promise<Found> => {
      ran = true;
      return ok('it is there');
    };
    expect(await run([check('one', look, { local: 'there is none' })], true)).toMatchObject([
      { status: 'not_applicable', why: 'there is none', todo: null },
    ]);
    expect(ran).toBe(false);
    expect(await run([check('one', look)], true)).toMatchObject([{ status: 'ok' }]);
  });
});

it('every check has a name of its own, of the place that it looks at', () => {
  expect(new Set(CHECKS.map((c) => c.id)).size).toBe(CHECKS.length);
  for (const { id, where } of CHECKS) expect(id).toMatch(new RegExp(`^${where}-[a-z-]+$`));
  expect(CHECKS.length).toBeGreaterThan(30);
});

it('a clock is right within a minute, either way; without a date nobody knows', () => {
  const now = Date.parse('2026-11-25T12:00:00Z');
  expect(clockOf('Wed, 25 Nov 2026 12:01:00 GMT', now).status).toBe('ok');
  expect(clockOf('Wed, 25 Nov 2026 12:01:01 GMT', now)).toMatchObject({
    status: 'missing',
    why: expect.stringContaining('61 s behind'),
  });
  expect(clockOf('Wed, 25 Nov 2026 11:58:59 GMT', now)).toMatchObject({
    status: 'missing',
    why: expect.stringContaining('61 s ahead'),
  });
  expect(clockOf(undefined, now).status).toBe('unknown');
  expect(clockOf('yesterday', now).status).toBe('unknown');
});

describe('what is shown', () => {
  const rows = (): Promise<readonly Row[]> =>
    run([
      check('aws-ok', async () => ok('it is there')),
      check('aws-missing', async () => missing('gone \u001b[31mred', { where: 'account \u202e1' })),
      check('aws-unknown', async () => unknown('refused')),
      check('aws-none', async () => notApplicable('it is not configured')),
    ]);
  const unpainted = (_format: unknown, text: string): string => text;

  it('as JSON is what the schema says, with what to do for what is not there', async () => {
    const told = doctorSchema.parse(
      JSON.parse(JSON.stringify(doctorJson(await rows(), 'edict-prod', '2026-11-25T12:00:00.000Z'))),
    );
    expect(told).toMatchObject({ version: 1, summary: { ok: 1, missing: 1, unknown: 1, not_applicable: 1 } });
    expect(told.checks.map((c) => c.do)).toEqual([null, 'put it there', 'put it there', null]);
    expect(told.checks[1]?.docs).toBe('docs/doctor.md#aws-missing');
  });

  it('as a table says what to do and where that is explained, and lets no provider steer the terminal', async () => {
    const table = doctorTable(await rows(), { paint: unpainted, width: undefined });
    expect(table.split('\n')).toEqual([
      '✓ aws-ok       AWS: it is there',
      '✗ aws-missing  account \\u202e1: gone \\x1b[31mred',
      '    put it there (docs/doctor.md#aws-missing)',
      '? aws-unknown  AWS: refused',
      '    put it there (docs/doctor.md#aws-unknown)',
      '- aws-none     AWS: it is not configured',
      '',
      '4 answers: 1 ok, 1 missing, 1 unknown, 1 not applicable.',
      '',
    ]);
  });

  it('as a table keeps within the terminal', async () => {
    const why = 'it was refused at an instant, by somebody who says so in more words than a line has';
    const [row] = await run([check('aws-refused', async () => [{ status: 'missing', why }])]);
    const table = doctorTable(row === undefined ? [] : [row], { paint: unpainted, width: 60 });
    expect(table.split('\n').slice(0, 4)).toEqual([
      '✗ aws-refused  AWS: it was refused at an instant, by',
      '               somebody who says so in more words than a',
      '               line has',
      '    put it there (docs/doctor.md#aws-refused)',
    ]);
  });

  it('ends with 0 only where everything that applies is there', async () => {
    const all = await rows();
    expect(exitCodeOf(all.filter((r) => r.status === 'ok' || r.status === 'not_applicable'))).toBe(0);
    expect(exitCodeOf(all.filter((r) => r.status !== 'missing'))).toBe(1);
    expect(exitCodeOf(all.filter((r) => r.status !== 'unknown'))).toBe(1);
    expect(exitCodeOf([])).toBe(1);
  });
});
