/** What is kept of a session for those who approve what came of it, and how it reads. */
import type { Authored } from '../../shared/authoring/intent.ts';
import { type AuthoringRecord, LONGEST_CHECK } from '../../shared/model/approval.ts';
import { count, plain } from '../terminal.ts';

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

/** Who judged how much, in a sentence. */
export function judgingText({ judging: { by, shown, corrected, skipped, questions } }: AuthoringRecord): string {
  if (by === 'none') return 'Nobody has judged a resource: the draft was agreed with (--yes).';
  return `A person judged ${count(shown - skipped, 'resource')} of ${shown} that were shown, ${corrected} corrected after a second look, ${skipped} skipped; ${count(questions, 'question')} answered.`;
}

/** The record as lines: who judged, then what is open, then what passed. */
export function recordLines(record: AuthoringRecord | undefined): readonly string[] {
  if (record === undefined)
    return ['Nothing is recorded besides the gates: it was written by hand, or changed since it was authored.'];
  const open = record.checks.filter((c) => !c.passed);
  const passed = record.checks.filter((c) => c.passed);
  return [
    judgingText(record),
    ...open.map((c) => `! ${plain(c.name, 60)}: ${plain(c.says, 600)}`),
    ...(passed.length === 0 ? [] : [`✓ ${passed.map((c) => plain(c.name, 60)).join(', ')}`]),
  ];
}
