/** A changed sentence: the new policies under their old ids, and what they say otherwise, as concrete resources. */
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CorePolicy, toCore } from '../policy/core.ts';
import { authorIntent, type Previous } from './author.ts';
import { type FieldChange, fieldChanges } from './carry.ts';
import { resourceWhere } from './compare.ts';
import type { AuthorDeps } from './deps.ts';
import type { Authored, Intent, Person, Refusal, ShownResource } from './intent.ts';
import { silent } from './questions.ts';
import { showResource, statesOf } from './resources.ts';

/** A smallest resource that two versions judge differently. */
export interface Change {
  readonly from: Verdict;
  readonly to: Verdict;
  readonly resource: ShownResource;
}
export interface SemanticDifference {
  readonly kind: string;
  /** One resource for each way in which a verdict changes, the new violations first; empty: they mean the same. */
  readonly changes: readonly Change[];
  /** Why it could not be decided. */
  readonly undecided?: string;
}

const DECIDED: readonly Verdict[] = ['violation', 'compliant', 'not_applicable'];
const WAYS = DECIDED.flatMap((to) => DECIDED.filter((from) => from !== to).map((from) => [from, to] as const));

/** What the second version of a policy says otherwise than the first, of resources that are wholly known. */
export function semanticDifference(
  before: CorePolicy | undefined,
  after: CorePolicy | undefined,
  kind: Kind,
  deps: Pick<AuthorDeps, 'render' | 'now'>,
): SemanticDifference {
  const pair = [before ?? silent(kind), after ?? silent(kind)];
  const changes: Change[] = [];
  for (const [from, to] of WAYS) {
    const input = resourceWhere(pair, ([x, y]) => x === from && y === to);
    if (input !== undefined && 'is' in input) return { kind: kind.id, changes, undecided: input.why };
    if (input === undefined) continue;
    const resource = showResource(`${from}-to-${to}`, kind, statesOf(input, kind, deps.now), deps);
    changes.push({ from, to, resource });
  }
  return { kind: kind.id, changes };
}

/** What a changed sentence makes of policies. */
export interface Revised extends Authored {
  readonly differences: readonly SemanticDifference[];
  /** What stands otherwise in policy.yaml, by kind. */
  readonly fields: readonly { readonly kind: string; readonly changes: readonly FieldChange[] }[];
}

/**
 * Authors the changed sentence in the place of the policies of the old one: what it does not concern stays as it was. The
 * differences are there before anything is written; judged is without having seen them.
 */
export async function reviseIntent(
  before: readonly Previous[],
  intent: Intent,
  deps: AuthorDeps,
  person: Person,
): Promise<Revised | Refusal> {
  const previous = before.map((p) => p.policy);
  const ids = new Map(previous.map((p) => [p.kind, p.id]));
  const active = deps.active.filter((p) => ![...ids.values()].includes(p.id));
  const authored = await authorIntent(intent, { ...deps, active }, person, { ids, previous: before });
  if (authored.is === 'refused') return authored;
  const pairs = deps.kinds.flatMap((kind) => {
    const [old, now] = [previous, authored.policies.map((p) => p.policy)].map((of) =>
      of.find((p) => p.kind === kind.id),
    );
    return old === undefined && now === undefined ? [] : [{ kind, old, now }];
  });
  const coreOf = (policy: Policy | undefined, kind: Kind): CorePolicy | undefined =>
    policy === undefined ? undefined : toCore(policy, kind);
  return {
    ...authored,
    differences: pairs.map(({ kind, old, now }) =>
      semanticDifference(coreOf(old, kind), coreOf(now, kind), kind, deps),
    ),
    fields: pairs.map(({ kind, old, now }) => ({ kind: kind.id, changes: fieldChanges(old, now, kind) })),
  };
}
