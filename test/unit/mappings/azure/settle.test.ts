import { expect, test } from 'vitest';
import { settle } from '../../../../shared/mappings/azure/settle.ts';
import type { Reading } from '../../../../shared/mappings/reader.ts';

const known: Reading<boolean> = { state: 'known', value: true, at: '/a', part: 'p' };
const byDefault: Reading<boolean> = { state: 'default', value: true, because: 'https://x', on: '2026-11-25' };
const assumed: Reading<boolean> = { state: 'assumed', value: true, because: 'never seen' };
const unknown: Reading<boolean> = { state: 'unknown', why: 'denied' };

test('a conclusion is as certain as its least certain reading', () => {
  expect(settle(false, known)).toEqual({ state: 'known', value: false, at: '/a', part: 'p' });
  expect(settle(false, known, byDefault)).toEqual({ ...byDefault, value: false });
  expect(settle(false, byDefault, known, assumed)).toEqual({ ...assumed, value: false });
  expect(settle(false, known, assumed, byDefault, unknown)).toEqual(unknown);
});
