import { expect, test } from 'vitest';
import { allOf, anyOf, settle, weakest } from '../../../shared/mappings/certainty.ts';
import type { Reading } from '../../../shared/mappings/reader.ts';

const known: Reading<boolean> = { state: 'known', value: true, at: '/a', part: 'p' };
const byDefault: Reading<boolean> = { state: 'default', value: true, because: 'https://x', on: '2026-11-25' };
const assumed: Reading<boolean> = { state: 'assumed', value: true, because: 'never seen' };
const unknown: Reading<boolean> = { state: 'unknown', why: 'denied' };

test('of equally certain readings the first shows where it was read', () => {
  expect(weakest([known, { ...known, at: '/b' }])).toBe(known);
  expect(anyOf({ ...known, value: false }, byDefault)).toBe(byDefault);
  expect(anyOf({ ...known, value: false }, unknown)).toBe(unknown);
  expect(allOf(known, { ...byDefault, value: false }, unknown)).toMatchObject({ state: 'default', value: false });
  expect(allOf(known, unknown)).toBe(unknown);
  expect(allOf()).toMatchObject({ state: 'unknown' });
});

test('a conclusion is as certain as its least certain reading', () => {
  expect(settle(false, known)).toEqual({ state: 'known', value: false, at: '/a', part: 'p' });
  expect(settle(false, known, byDefault)).toEqual({ ...byDefault, value: false });
  expect(settle(false, byDefault, known, assumed)).toEqual({ ...assumed, value: false });
  expect(settle(false, known, assumed, byDefault, unknown)).toEqual(unknown);
});
