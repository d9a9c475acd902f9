/** What a policy says of a resource. An error or a missing fact never looks like a pass. */
export const VERDICTS = ['compliant', 'violation', 'unknown', 'not_applicable', 'error'] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Truth = 'true' | 'false' | 'unknown';
export const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** One clause of a policy, judged. `items` are indexes of the list items that decided a failure. */
export interface ClauseVerdict {
  readonly id: string;
  readonly verdict: 'holds' | 'fails' | 'unknown';
  readonly items?: readonly number[];
}

/** One policy's verdict on one resource. */
export interface PolicyVerdict {
  readonly policy: string;
  readonly verdict: Verdict;
  readonly scope: Truth;
  readonly clauses: readonly ClauseVerdict[];
  /** `unknown`: a smallest set of facts that could decide it. */
  readonly missing?: readonly string[];
  /** The violation rests on assumed facts (the worst case of something never seen). */
  readonly assumed?: readonly string[];
  /** `error`: what went wrong, without values. */
  readonly error?: string;
  /** When a clause on age will flip the verdict: epoch seconds. */
  readonly flipsAt?: number;
}

/** Verdict from scope and clauses (DESIGN §6): the one place where it is decided. */
export function combine(scope: Truth, clauses: readonly ClauseVerdict[]): Verdict {
  if (scope === 'false') return 'not_applicable';
  if (clauses.length > 0 && clauses.every((c) => c.verdict === 'holds')) return 'compliant';
  if (scope === 'true' && clauses.some((c) => c.verdict === 'fails')) return 'violation';
  return 'unknown';
}
