/** From verdicts to what is told of them: which stand, and what changed. Pure. */
import { contentHash, instant } from '../model/change.ts';
import type { Exception } from '../model/exception.ts';
import type { FactState, FactStates, FactValue } from '../model/fact.ts';
import { opens } from '../model/finding.ts';
import type { Cause, DecidingFact, Resolution, StandingVerdict, Transition } from '../model/resource.ts';
import type { PolicyVerdict } from '../model/verdict.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import { readsOf } from '../policy/core.ts';
import { exceptionTo, heldOf, holds, untilOf } from './exceptions.ts';

/** The most items of a list fact that a transition shows: those that decided. The finding's evidence has all of them. */
export const SHOWN_ITEMS = 10;

/** The verdicts of one version of a resource, with what is needed to explain them. */
export interface Judgement {
  readonly verdicts: readonly PolicyVerdict[];
  readonly facts: FactStates;
  readonly policies: ReadonlyMap<string, BundledPolicy>;
}

/** What stands before and after, and when and why it changed. */
export interface Step {
  readonly standing: Readonly<Record<string, StandingVerdict>>;
  readonly factsBefore: { readonly [fact: string]: FactValue };
  readonly judgement: Judgement;
  readonly cause: Cause;
  readonly trueAt: string;
  readonly knownAt: string;
  readonly baseline?: string;
  /** The resource, and every exception that concerns it, with the instant at which it is asked whether they hold. */
  readonly excepted: {
    readonly resource: string;
    readonly exceptions: readonly Exception[];
    readonly nowSeconds: number;
  };
  /** The resource is gone: findings end with `resource_deleted`. */
  readonly deleted: boolean;
  /** The policies that are in shadow. @default none */
  readonly shadow?: ReadonlySet<string>;
}

/**
 * The verdicts that stand after the step, and a transition for each that people have to hear of: a verdict or the facts
 * that decide it changed, and a finding is open before or after. `revision` and `n` are given when it is committed.
 *
 * What is in shadow is not told, so a policy that comes out of it begins: an open finding is news. One that goes into it
 * ends for those who were told, and goes on in shadow.
 */
export function advance(step: Step): {
  readonly standing: Readonly<Record<string, StandingVerdict>>;
  readonly transitions: readonly Omit<Transition, 'revision' | 'n'>[];
} {
  const { judgement, trueAt, knownAt } = step;
  const standing: Record<string, StandingVerdict> = {};
  const transitions: Omit<Transition, 'revision' | 'n'>[] = [];
  for (const verdict of judgement.verdicts) {
    const policy = judgement.policies.get(verdict.policy);
    if (policy === undefined) continue;
    const shadow = step.shadow?.has(verdict.policy) === true;
    const stood = step.standing[verdict.policy];
    const moved = stood !== undefined && (stood.shadow === true) !== shadow;
    const begins = moved && opens(verdict.verdict);
    if (begins && shadow && opens(stood.verdict))
      transitions.push(ended(step, verdict.policy, stood, 'policy_retired'));
    const fingerprint = opens(verdict.verdict) ? fingerprintOf(verdict, policy, judgement.facts) : '';
    const same = stood?.verdict === verdict.verdict;
    const { nowSeconds } = step.excepted;
    const { exceptions, resource } = step.excepted;
    const looked = exceptionTo(policy, verdict, { resource, ...judgement }, exceptions, nowSeconds);
    const { decided, exception } = looked;
    standing[verdict.policy] = {
      verdict: verdict.verdict,
      since: same ? stood.since : { trueAt, knownAt },
      fingerprint,
      ...(verdict.flipsAt === undefined ? {} : { flipsAt: verdict.flipsAt }),
      ...(shadow ? { shadow } : {}),
      ...(decided === undefined ? {} : { decided }),
      ...(exception === undefined ? {} : { exception: { id: exception.id, until: untilOf(exception, policy) } }),
    };
    // Those who hear of it from now on heard nothing before; of an end hears who heard of the beginning.
    const before = begins ? undefined : stood;
    const unheard = moved && !begins ? stood.shadow === true : shadow;
    const sameReasons = same && before?.fingerprint === fingerprint && before.decided === decided;
    if (sameReasons && before.exception?.id === exception?.id) continue;
    if (!opens(before?.verdict) && !opens(verdict.verdict)) continue;
    transitions.push({
      ...transition(step, policy, before, verdict),
      ...(decided === undefined ? {} : { decided }),
      ...(exception === undefined ? {} : { exception: heldOf(exception, policy) }),
      ...turnOf(step, before, looked, sameReasons),
      ...(unheard ? { shadow: true } : {}),
    });
  }
  for (const [id, before] of Object.entries(step.standing)) {
    if (Object.hasOwn(standing, id) || !opens(before.verdict)) continue;
    transitions.push(ended(step, id, before, step.deleted ? 'resource_deleted' : 'policy_retired'));
  }
  return { standing, transitions };
}

/**
 * Cause and instant of a transition by which a finding that goes on becomes excepted or is so no more. Nothing where the
 * exception is the one that was, where the finding begins or ends, or where new facts are those that were accepted: what
 * did that says more.
 */
function turnOf(
  step: Step,
  before: StandingVerdict | undefined,
  { exception, standing }: ReturnType<typeof exceptionTo>,
  sameReasons: boolean,
): Pick<Transition, 'cause' | 'trueAt'> | undefined {
  const had = before?.exception;
  if (had?.id === exception?.id || !opens(before?.verdict) || !opens(standing.verdict)) return undefined;
  if (exception !== undefined) {
    const { id: exceptionId, owner, approvedAt } = exception;
    if (!sameReasons) return undefined;
    return { cause: { is: 'exception', exceptionId, turn: 'granted', owner }, trueAt: approvedAt ?? step.trueAt };
  }
  if (had === undefined) return undefined;
  const e = step.excepted.exceptions.find((one) => one.id === had.id);
  const why = e === undefined ? 'revoked' : holds(e, standing, step.excepted.nowSeconds);
  const gone = { is: 'exception', exceptionId: had.id, ...(e === undefined ? {} : { owner: e.owner }) } as const;
  if (why === 'expired') return { cause: { ...gone, turn: why }, trueAt: instant(had.until * 1000) };
  if (why === 'revoked') return { cause: { ...gone, turn: why }, trueAt: e?.revokedAt ?? step.trueAt };
  const turn = why === 'compensation_lost' ? why : 'voided';
  return { cause: { ...gone, turn, ...changeOf(step.cause) }, trueAt: step.trueAt };
}

/** The change of the world behind a cause. */
function changeOf(cause: Cause): { readonly changeId?: string; readonly source?: string; readonly actor?: string } {
  if (cause.is !== 'change' && cause.is !== 'deletion' && cause.is !== 'dependency') return {};
  const { changeId, source, actor } = { source: undefined, ...cause } as {
    readonly changeId?: string;
    readonly source?: string;
    readonly actor?: string;
  };
  return {
    ...(changeId === undefined ? {} : { changeId }),
    ...(source === undefined ? {} : { source }),
    ...(actor === undefined ? {} : { actor }),
  };
}

/** The end of a finding that nothing judges any more. */
function ended(
  { judgement, cause, trueAt, knownAt }: Step,
  id: string,
  before: StandingVerdict,
  resolution: Resolution,
): Omit<Transition, 'revision' | 'n'> {
  const policy = judgement.policies.get(id);
  return {
    is: 'transition',
    policy: id,
    title: policy?.title ?? id,
    severity: policy?.severity ?? 'info',
    from: before.verdict,
    to: null,
    resolution,
    cause,
    trueAt,
    knownAt,
    clauses: [],
    facts: [],
    ...(before.shadow === undefined ? {} : { shadow: before.shadow }),
  };
}

function transition(
  step: Step,
  policy: BundledPolicy,
  before: StandingVerdict | undefined,
  verdict: PolicyVerdict,
): Omit<Transition, 'revision' | 'n'> {
  const undecided = verdict.clauses.filter((c) => c.verdict !== 'holds');
  return {
    is: 'transition',
    policy: policy.id,
    title: policy.title,
    severity: policy.severity,
    from: before?.verdict ?? null,
    to: verdict.verdict,
    ...(opens(verdict.verdict) ? {} : { resolution: resolutionOf(verdict) }),
    cause: step.cause,
    trueAt: step.trueAt,
    knownAt: step.knownAt,
    clauses: policy.clauses.flatMap(({ id, says }) => {
      const judged = undecided.find((c) => c.id === id);
      return judged === undefined || judged.verdict === 'holds' ? [] : [{ id, says, verdict: judged.verdict }];
    }),
    facts: decidingFacts(step, policy, verdict),
    ...(verdict.missing === undefined ? {} : { missing: verdict.missing }),
    ...(verdict.assumed === undefined ? {} : { assumed: verdict.assumed }),
    ...(verdict.error === undefined ? {} : { error: verdict.error }),
    ...(step.baseline === undefined ? {} : { baseline: step.baseline }),
  };
}

const resolutionOf = (verdict: PolicyVerdict): Resolution =>
  verdict.verdict === 'not_applicable' ? 'not_applicable' : 'fixed';

/** The clauses that matter: those that do not hold for an open finding, all of them for a closed one. */
const clausesThatMatter = (policy: BundledPolicy, verdict: PolicyVerdict): BundledPolicy['clauses'] => {
  if (!opens(verdict.verdict)) return policy.clauses;
  const decisive = verdict.verdict === 'violation' ? 'fails' : 'unknown';
  const ids = new Set(verdict.clauses.filter((c) => c.verdict === decisive).map((c) => c.id));
  return policy.clauses.filter((c) => ids.has(c.id));
};

/** The names of the facts that decided: what the scope and the clauses that matter read. */
function decidingNames(policy: BundledPolicy, verdict: PolicyVerdict): readonly string[] {
  const scope = policy.scope === undefined ? [] : [policy.scope.that];
  return readsOf([...scope, ...clausesThatMatter(policy, verdict).map((c) => c.that)]);
}

function decidingFacts(step: Step, policy: BundledPolicy, verdict: PolicyVerdict): readonly DecidingFact[] {
  return decidingNames(policy, verdict).flatMap((fact) => {
    const after = step.judgement.facts[fact];
    if (after === undefined) return [];
    const before = step.factsBefore[fact];
    return [
      {
        fact,
        ...(before === undefined ? {} : { before: shownValue(before, []) }),
        after: shown(after, itemsOf(policy, verdict, fact)),
      },
    ];
  });
}

/** The indexes of the items of a list fact that made a clause fail. */
function itemsOf(policy: BundledPolicy, verdict: PolicyVerdict, fact: string): readonly number[] {
  return clausesThatMatter(policy, verdict).flatMap((clause) =>
    readsOf([clause.that]).includes(fact) ? (verdict.clauses.find((c) => c.id === clause.id)?.items ?? []) : [],
  );
}

function shownValue(value: FactValue, items: readonly number[]): FactValue {
  if (!Array.isArray(value)) return value;
  const picked = items.length === 0 ? value : [...new Set(items)].sort((a, b) => a - b).flatMap((i) => value[i] ?? []);
  return picked.slice(0, SHOWN_ITEMS) as FactValue;
}

/** The fact as a transition shows it: of a list the items that decided, which are then not all of them. */
function shown(state: FactState, items: readonly number[]): FactState {
  if (state.state === 'unknown' || !Array.isArray(state.value)) return state;
  const value = shownValue(state.value, items);
  return Array.isArray(value) && value.length === state.value.length ? state : { ...state, value, closed: false };
}

/** What decided, without where it was read: the same reasons, the same fingerprint. */
function fingerprintOf(verdict: PolicyVerdict, policy: BundledPolicy, facts: FactStates): string {
  return contentHash([
    verdict.verdict,
    verdict.clauses.map((c) => [c.id, c.verdict]),
    verdict.missing ?? [],
    verdict.assumed ?? [],
    verdict.error ?? '',
    decidingNames(policy, verdict).map((fact) => {
      const state = facts[fact];
      if (state === undefined || state.state === 'unknown') return [fact, state?.why ?? 'not_collected'];
      return [fact, state.state === 'assumed', state.value];
    }),
  ]).slice(0, 16);
}
