import { expect, it } from 'vitest';
import { standingText } from '../../../cli/commands/observe.ts';
import type { Verdict } from '../../../shared/model/verdict.ts';

it.each<[string, readonly Verdict[]]>([
  ['is known, and judged with what depends on it', []],
  ['stands as it was, under 1 policy: 1 violation', ['violation']],
  [
    'stands as it was, under 6 policies: 2 violations, 1 compliant, 1 not applicable, 2 errors',
    ['violation', 'compliant', 'violation', 'not_applicable', 'error', 'error'],
  ],
  ['stands as it was, under 2 policies: 2 unknown', ['unknown', 'unknown']],
])('what did not change %s', (text, verdicts) => {
  expect(standingText(false, verdicts)).toBe(text);
});

it('what is deleted is that', () => {
  expect(standingText(true, ['violation'])).toBe('is deleted');
});
