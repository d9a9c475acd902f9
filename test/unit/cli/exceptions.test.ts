import { describe, expect, it } from 'vitest';
import { exceptionDetail, exceptionsTable, readEnd, shownState } from '../../../cli/commands/exceptions.ts';
import { approveException, revokeException } from '../../../shared/pipeline/exceptions.ts';
import { ann, ben, requested } from '../../support/exceptions.ts';
import { NOON } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const asked = requested({ decided: '0123456789abcdef' });
const piped = { paint: (_format: unknown, text: string): string => text, width: undefined };

describe('--expires', () => {
  it.each([
    ['30d', '2026-12-25T12:00:00.000Z'],
    ['2026-12-31', '2026-12-31T00:00:00.000Z'],
    ['2026-12-31T18:00:00+01:00', '2026-12-31T17:00:00.000Z'],
  ])('%s is %s', (text, at) => {
    expect(readEnd(text, NOON)).toBe(at);
  });
  it.each(['soon', '30', '12/31/2026', '4w', '2026-13-01'])('%s is refused', (text) => {
    expect(() => readEnd(text, NOON)).toThrow(/--expires cannot be/);
  });
});

describe('the state that is shown', () => {
  const approved = approveException(asked, ben, NOON);
  it.each([
    ['requested', asked, NOON],
    ['active', approved, NOON],
    ['active', approved, NOON + 30 * DAY_MS - 1],
    ['expired', approved, NOON + 30 * DAY_MS],
    ['expired', asked, NOON + 30 * DAY_MS],
    ['revoked', revokeException(approved, ann, 'no', NOON), NOON + 90 * DAY_MS],
  ] as const)('%s', (state, exception, nowMs) => {
    expect(shownState(exception, nowMs)).toBe(state);
  });
});

it('the list has one line for each, with who answers for it and until when', () => {
  const [, first, ...more] = exceptionsTable([asked], NOON, piped).trimEnd().split('\n');
  expect(more).toEqual([]);
  for (const word of [asked.id, 'requested', '2026-12-25 12:00', 'team-web', 's1', 'store.not-public', 'SEC-42'])
    expect(first).toContain(word);
  expect(exceptionsTable([], NOON, piped)).toBe('No exceptions.\n');
});

it('one in full says what whoever approves it approves, and how well people are known', () => {
  const text = exceptionDetail(approveException(asked, ben, NOON), NOON);
  for (const words of [
    'active',
    'A public website, until it moves (SEC-42)',
    'by ann (declared)',
    'by ben (declared)',
    's1',
  ])
    expect(text).toContain(words);
});

it('nothing that somebody wrote steers the terminal', () => {
  const odd = { ...asked, owner: 'team\u001b[2J', ticket: 'a\u202eb' };
  for (const text of [exceptionsTable([odd], NOON, piped), exceptionDetail(odd, NOON)])
    for (const steering of ['\u001b', '\u202e']) expect(text).not.toContain(steering);
});
