/** A changed sentence: the new policies under their old ids, and what they say otherwise, as concrete resources. */
import type { Kind } from '../model/kind.ts';
import type { Policy } from '../model/policy.ts';
import type { Verdict } from '../model/verdict.ts';
import { type CorePolicy, toCore } from '../policy/core.ts';
import { authorIntent } from './author.ts';
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

/** Authors the changed sentence in the place of the policies of the old one; the difference is shown before anything changes. */
export async function reviseIntent(
  previous: readonly Policy[],
  intent: Intent,
  deps: AuthorDeps,
  person: Person,
): Promise<(Authored & { readonly differences: readonly SemanticDifference[] }) | Refusal> {
  const ids = new Map(previous.map((p) => [p.kind, p.id]));
  const active = deps.active.filter((p) => ![...ids.values()].includes(p.id));
  const authored = await authorIntent(intent, { ...deps, active }, person, { ids });
  if (authored.is === 'refused') return authored;
  const differences = deps.kinds.flatMap((kind) => {
    const [before, after] = [previous, authored.policies.map((p) => p.policy)].map((of) =>
      of.find((p) => p.kind === kind.id),
    );
    if (before === undefined && after === undefined) return [];
    const [a, b] = [before, after].map((p) => (p === undefined ? undefined : toCore(p, kind)));
    return [semanticDifference(a, b, kind, deps)];
  });
  return { ...authored, differences };
}
