/** The people of the evaluation: scripts that answer questions and judge resources. */
import { type Answer, ANSWERS, type Person, type ShownResource } from '../../shared/authoring/intent.ts';
import type { FactStates } from '../../shared/model/fact.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import type { CorePolicy } from '../../shared/policy/core.ts';
import type { Lots } from '../../shared/policy/proof.ts';
import type { Reading } from './corpus.ts';
import { type JudgedResource, misjudgedBy, verdictOf } from './gold.ts';

/**
 * - `gold` knows what the sentence means, and says so.
 * - `rubber-stamp` takes whatever the author drafted for what was meant, in everything that it is asked: what the machine
 *   would activate with nobody there.
 * - `noise` is `gold`, and one answer in ten is wrong.
 */
export const APPROVERS = ['gold', 'rubber-stamp', 'noise'] as const;
export type ApproverName = (typeof APPROVERS)[number];
const NOISE = 0.1;

const ANSWER_OF: { readonly [v in Verdict]: Answer } = {
  violation: 'violation',
  compliant: 'fine',
  not_applicable: 'does_not_apply',
  unknown: 'skip',
  error: 'skip',
};

export interface ApproverNeeds {
  /** What this approver means by the sentence; absent: it is not known in general, or there is nothing that it means. */
  readonly reading?: Reading;
  /** Resources of which it knows what it means. */
  readonly judged: readonly JudgedResource[];
  /** The policies as they are drafted at that moment. */
  readonly drafted: () => readonly CorePolicy[];
  readonly lots: Lots;
  readonly now: number;
}

/** Makes an approver. Its answers depend on nothing but what it is asked, and on the lots. */
export function makeApprover(name: ApproverName, needs: ApproverNeeds): Person {
  const meant = ({ kind, facts }: ShownResource): Answer => goldAnswer(needs, kind, facts);
  const drafted = ({ kind, facts }: ShownResource): Answer =>
    ANSWER_OF[verdictOf(needs.drafted(), kind, facts, needs.now)];
  const noisy = (answer: Answer): Answer => {
    const others = ANSWERS.filter((a) => a !== answer && a !== 'skip');
    return needs.lots.chance(NOISE) ? needs.lots.pick(others) : answer;
  };
  const say = name === 'gold' ? meant : name === 'rubber-stamp' ? drafted : (r: ShownResource) => noisy(meant(r));
  return {
    answer: async (question) => say(question.resource),
    judge: async (resources) => resources.map(say),
  };
}

function goldAnswer({ reading, judged, drafted, now }: ApproverNeeds, kind: string, facts: FactStates): Answer {
  if (reading !== undefined) {
    const cores = reading.policies.map((p) => p.core);
    return ANSWER_OF[verdictOf(cores, kind, facts, now)];
  }
  // What agrees with this resource in everything that is known of it: if all of it has one verdict, so has this.
  const known = Object.entries(facts).filter(([, s]) => s.state !== 'unknown');
  const alike = judged.filter(
    (j) => j.others === undefined && j.kind === kind && known.every(([fact, s]) => sameValue(j.facts[fact], s)),
  );
  const verdicts = new Set(alike.flatMap((j) => j.verdicts));
  const [only] = verdicts;
  if (only !== undefined && verdicts.size === 1) return ANSWER_OF[only];
  // Of the rest it knows nothing: it believes a draft that judges all that it knows right, and no other.
  const draft = drafted();
  const isRight = judged.length > 0 && draft.length > 0 && misjudgedBy(draft, judged, now).length === 0;
  return isRight ? ANSWER_OF[verdictOf(draft, kind, facts, now)] : 'skip';
}

function sameValue(a: FactStates[string] | undefined, b: FactStates[string]): boolean {
  if (a === undefined || a.state === 'unknown' || b.state === 'unknown') return false;
  return canonicalJson(a.value) === canonicalJson(b.value);
}
