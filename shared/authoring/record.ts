/** What is kept of a session for those who approve what came of it. */
import { type AuthoringRecord, LONGEST_CHECK } from '../model/approval.ts';
import type { Authored } from './intent.ts';

/** The checks and the judging of a session. */
export function recordOf(
  { checks, judged, questions }: Pick<Authored, 'checks' | 'judged' | 'questions'>,
  isUnseen: boolean,
): AuthoringRecord {
  const seen = isUnseen ? [] : judged;
  return {
    checks: checks.map(({ name, passed, says }) => ({ name, passed, says: says.slice(0, LONGEST_CHECK) })),
    judging: {
      by: seen.length === 0 ? 'none' : 'person',
      shown: seen.length,
      corrected: seen.filter((j) => j.blind !== undefined).length,
      skipped: seen.filter((j) => j.answer === 'skip').length,
      questions: isUnseen ? 0 : questions.length,
    },
  };
}
