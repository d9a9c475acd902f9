/** Conservation: received = judged + stale + unsupported + quarantined + failed. Every change has exactly one outcome. */
import { OUTCOMES, type Outcome, type OutcomeKind } from './stages.ts';

/** A change that is several things is the first of these: what needs attention hides nothing that went well. */
const PRECEDENCE: readonly OutcomeKind[] = ['failed', 'quarantined', 'judged', 'stale', 'unsupported'];

/** One outcome for each change, in the order in which the changes first appear. */
export function settle(outcomes: readonly Outcome[]): readonly Outcome[] {
  const settled = new Map<string, Outcome>();
  for (const outcome of outcomes) {
    const other = settled.get(outcome.changeId);
    const wins =
      other === undefined || PRECEDENCE.indexOf(outcome.outcome) < PRECEDENCE.indexOf(other.outcome) ? outcome : other;
    const nativeTypes = [...new Set([...(other?.nativeTypes ?? []), ...(outcome.nativeTypes ?? [])])].sort();
    settled.set(outcome.changeId, { ...wins, ...(nativeTypes.length === 0 ? {} : { nativeTypes }) });
  }
  return [...settled.values()];
}

/** How many changes had each outcome. */
export function tally(outcomes: readonly Outcome[]): { readonly [K in OutcomeKind]: number } {
  const counts = Object.fromEntries(OUTCOMES.map((kind) => [kind, 0])) as { [K in OutcomeKind]: number };
  for (const { outcome } of settle(outcomes)) counts[outcome] += 1;
  return counts;
}
