/** How an authored policy stands to what is there: the active policies, and the resources of an inventory. */
import { blastRadius, type BlastRadius } from '../../shared/authoring/blast-radius.ts';
import { relationOf } from '../../shared/authoring/compare.ts';
import type { AuthorDeps } from '../../shared/authoring/deps.ts';
import type { AuthoredPolicy } from '../../shared/authoring/intent.ts';
import { toCore } from '../../shared/policy/core.ts';
import { resourceText } from './gate-words.ts';
import { kindOf } from './words.ts';

/** An active policy that the new one repeats, covers or contradicts. */
export interface Relative {
  readonly policy: string;
  readonly is: 'duplicate' | 'covers' | 'covered' | 'conflict' | 'undecided';
  /** A resource, or why it could not be decided. */
  readonly on?: string;
  /** The resource in words. */
  readonly says?: string;
}
export interface Reviewed {
  readonly policy: AuthoredPolicy;
  readonly relatives: readonly Relative[];
  readonly radius?: BlastRadius;
}

/** Looks at a policy beside the active ones. `replaces` is the id of the policy whose new version it is. */
export function review(policy: AuthoredPolicy, { active, inventory, now }: AuthorDeps, replaces?: string): Reviewed {
  const kind = kindOf(policy.policy.kind);
  const core = toCore(policy.policy, kind);
  const relatives = active
    .filter((other) => other.kind === core.kind && other.id !== replaces)
    .flatMap((other): readonly Relative[] => {
      const relation = relationOf(core, other);
      if (relation.is === 'independent') return [];
      if (relation.is === 'undecided') return [{ policy: other.id, is: relation.is, on: relation.why }];
      if (relation.is !== 'conflict') return [{ policy: other.id, is: relation.is }];
      const { facts } = relation.on.input;
      return [{ policy: other.id, is: relation.is, on: JSON.stringify(facts), says: resourceText(facts) }];
    });
  const before = active.find((other) => other.id === replaces);
  const radius = inventory === undefined ? undefined : blastRadius(core, before, kind, inventory(kind.id), now);
  return { policy, relatives, ...(radius === undefined ? {} : { radius }) };
}
