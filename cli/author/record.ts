/** What is kept of a session (`recordOf`), as those who approve read it. */
import type { AuthoringRecord } from '../../shared/model/approval.ts';
import { count, plain } from '../terminal.ts';

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
