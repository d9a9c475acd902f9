/**
 * Exceptions: whether one holds, and how one comes to be. Pure, and the only implementation: the service and `edict check`
 * ask the same function, so that the same resource at the same instant is excepted in both or in neither
 * (docs/adr/0016-exceptions.md).
 */
import type { Identity } from '../model/approval.ts';
import { contentHash, instant } from '../model/change.ts';
import { AppError } from '../model/errors.ts';
import {
  checkedException,
  type Covered,
  DEFAULT_MAX_DAYS,
  type Exception,
  type ExceptionSelector,
  exceptionId,
  REMINDER_DAYS,
} from '../model/exception.ts';
import type { FactState, FactStates } from '../model/fact.ts';
import type { ExceptionExpiringEvent } from '../model/finding-event.ts';
import { canonicalJson } from '../model/json.ts';
import type { HeldException } from '../model/resource.ts';
import type { PolicyVerdict, Verdict } from '../model/verdict.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import { type Core, nodesOf, readsOf } from '../policy/core.ts';
import { evaluate, type PolicyInput } from '../policy/meaning.ts';

const DAY_MS = 86_400_000;

/** Verdicts that may be excepted. An error is ours: nobody can accept what was not judged. */
export const isExceptable = (verdict: Verdict | null): boolean => verdict === 'violation' || verdict === 'unknown';

/**
 * The fingerprint that an exception is bound to: the verdict, the clauses that decided it, and of what the scope and those
 * clauses read exactly what made them come out as they did:
 *
 * - of a fact that is compared, its value (`?` while unknown), whether known, a default or assumed;
 * - of a list, the items that count (of `every` those for which it does not hold, of `some` and `count` those for which it
 *   may), of each the fields that are compared, as a multiset.
 *
 * A second open port is another fingerprint; a rule that opens nothing, a description, a tag that no scope asks for, or a
 * place in the document is not. Undefined for a verdict that nothing can be excepted from.
 */
export function decidedBy(
  policy: BundledPolicy,
  verdict: PolicyVerdict,
  facts: FactStates,
  nowSeconds: number,
): string | undefined {
  if (!isExceptable(verdict.verdict)) return undefined;
  const decisive = verdict.verdict === 'violation' ? 'fails' : 'unknown';
  const ids = new Set(verdict.clauses.filter((c) => c.verdict === decisive).map((c) => c.id));
  const input = inputOf(facts, nowSeconds);
  return contentHash([
    verdict.verdict,
    policy.scope === undefined ? [] : decisiveValues(policy.scope.that, input),
    policy.clauses.filter((c) => ids.has(c.id)).map((c) => [c.id, decisiveValues(c.that, input)]),
  ]).slice(0, 16);
}

/** What a policy sees, of the facts whatever they rest on. */
function inputOf(facts: FactStates, now: number): PolicyInput {
  const seen = Object.entries(facts).filter(
    (entry): entry is [string, Exclude<FactState, { state: 'unknown' }>] => entry[1].state !== 'unknown',
  );
  return {
    facts: Object.fromEntries(seen.map(([fact, { value }]) => [fact, value])),
    closed: seen.flatMap(([fact, { closed }]) => (closed === true ? [fact] : [])),
    now,
  };
}

/** What made a condition come out as it did, in an order that does not depend on that of the document. */
function decisiveValues(condition: Core, input: PolicyInput): readonly unknown[] {
  const lists = [...nodesOf(condition)].filter((c) => c.op === 'every' || c.op === 'some' || c.op === 'count');
  const listed = new Set(lists.map((c) => c.list));
  const scalars = readsOf([condition]).filter((fact) => !listed.has(fact));
  return [
    scalars.map((fact) => {
      const value = Object.hasOwn(input.facts, fact) ? input.facts[fact] : '?';
      // What a clause in Rego looks at of a list is not known: all of it.
      return [fact, Array.isArray(value) ? value.map((item) => canonicalJson(item)).toSorted() : value];
    }),
    lists.map((c) => {
      const items = Object.hasOwn(input.facts, c.list) ? input.facts[c.list] : undefined;
      // Of a list whose items are all that they should be, the rest of it says nothing.
      const innocent = c.op === 'every' ? 'true' : 'false';
      return [
        c.list,
        Array.isArray(items)
          ? items
              .filter((item) => evaluate(c.that, { input, item }) !== innocent)
              .map((item) => canonicalJson(compared(c.that, item)))
              .toSorted()
          : '?',
      ];
    }),
  ];
}

/** Of an item what its condition compares. */
function compared(condition: Core, item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return item;
  const fields = new Set(
    [...nodesOf(condition)].flatMap((c) => (c.op === 'test' && 'field' in c.subject ? [c.subject.field] : [])),
  );
  return Object.fromEntries(Object.entries(item).filter(([field]) => fields.has(field)));
}

/** What the overlay of one finding is computed from. */
export interface Standing {
  readonly resource: string;
  readonly kind: string;
  readonly policy: Pick<BundledPolicy, 'id' | 'exceptions'>;
  readonly verdict: Verdict;
  /** `decidedBy` of the verdict. */
  readonly decided: string | undefined;
  readonly facts: FactStates;
  /** The verdicts of the other policies on the resource, for compensating ones. */
  readonly verdictOf: (policy: string) => Verdict | undefined;
}

/** Why an exception that was granted does not hold. */
export const LAPSES = ['voided', 'expired', 'revoked', 'compensation_lost'] as const;
export type Lapse = (typeof LAPSES)[number];

/** Whether an exception holds for a finding now; if not, why. `not_approved`: it never did. Pure. */
export function holds(
  e: Exception,
  s: Standing,
  nowSeconds: number,
): 'holds' | 'not_concerned' | 'not_approved' | Lapse {
  const covered = e.policy === s.policy.id ? e.covers.find((c) => c.resource === s.resource) : undefined;
  if (covered === undefined || !isExceptable(s.verdict)) return 'not_concerned';
  if (e.state === 'revoked') return e.approvedAt === undefined ? 'not_approved' : 'revoked';
  if (e.state === 'requested') return 'not_approved';
  if (nowSeconds >= untilOf(e, s.policy)) return 'expired';
  if (covered.decided !== s.decided) return 'voided';
  if (e.scope.is === 'selector' && !selects(e.scope.selector, s)) return 'voided';
  if (e.compensatedBy !== undefined && s.verdictOf(e.compensatedBy) !== 'compliant') return 'compensation_lost';
  return 'holds';
}

/**
 * The overlay: the exception that holds for a finding at `nowSeconds`, if one does; of several the one that lasts longest.
 * A function of what stands and of what was granted, and of nothing that happened in between: in whatever order news
 * arrives, the same finding is excepted in the end.
 */
export function overlay(exceptions: readonly Exception[], s: Standing, nowSeconds: number): Exception | undefined {
  return exceptions
    .filter((e) => holds(e, s, nowSeconds) === 'holds')
    .toSorted((a, b) => untilOf(b, s.policy) - untilOf(a, s.policy) || (a.id < b.id ? -1 : 1))[0];
}

/** One resource, judged: what the overlay of each of its findings is computed from. */
export interface JudgedResource {
  readonly resource: string;
  readonly facts: FactStates;
  readonly verdicts: readonly PolicyVerdict[];
}

/** What an exception to the finding would be bound to, what it stands by, and the exception that holds. Pure. */
export function exceptionTo(
  policy: BundledPolicy,
  verdict: PolicyVerdict,
  { resource, facts, verdicts }: JudgedResource,
  exceptions: readonly Exception[],
  nowSeconds: number,
): { readonly decided: string | undefined; readonly standing: Standing; readonly exception: Exception | undefined } {
  const decided = decidedBy(policy, verdict, facts, nowSeconds);
  const standing: Standing = {
    resource,
    kind: policy.kind,
    policy,
    verdict: verdict.verdict,
    decided,
    facts,
    verdictOf: (id) => verdicts.find((v) => v.policy === id)?.verdict,
  };
  return { decided, standing, exception: overlay(exceptions, standing, nowSeconds) };
}

/** The exception as a transition, an event and a report show it. */
export const heldOf = (e: Exception, policy: Pick<BundledPolicy, 'exceptions'>): HeldException => ({
  id: e.id,
  owner: e.owner,
  until: instant(untilOf(e, policy) * 1000),
});

/** The epoch second from which on an approved exception holds no more: its own end, or the policy's maximum if that has become shorter. */
export function untilOf(e: Exception, policy: Pick<BundledPolicy, 'exceptions'>): number {
  const ends = seconds(e.expiresAt);
  return e.approvedAt === undefined ? ends : Math.min(ends, seconds(e.approvedAt) + maxDays(policy) * 86_400);
}

/** How long an exception to the policy may last, in days. */
export const maxDays = (policy: Pick<BundledPolicy, 'exceptions'>): number =>
  policy.exceptions?.max_days ?? DEFAULT_MAX_DAYS;

/** An instant in whole seconds, as the engine's clock has them. */
const seconds = (at: string): number => Math.floor(Date.parse(at) / 1000);

/** Whether a selector selects a resource, by its facts as they are known: what is unknown selects nothing. */
export function selects(selector: ExceptionSelector, { kind, facts }: Pick<Standing, 'kind' | 'facts'>): boolean {
  const { tag, kind: wanted, ...plain } = selector;
  if (wanted !== undefined && wanted !== kind) return false;
  for (const [fact, value] of Object.entries(plain)) {
    const state = facts[fact];
    // Context facts are folded: so is what is compared with them.
    if (
      value !== undefined &&
      (state === undefined || state.state === 'unknown' || state.value !== value.toLowerCase())
    )
      return false;
  }
  if (tag === undefined) return true;
  const tags = facts['tags'];
  return (
    tags !== undefined &&
    tags.state !== 'unknown' &&
    Array.isArray(tags.value) &&
    tags.value.some((t) => typeof t === 'object' && 'key' in t && t['key'] === tag.key && t['value'] === tag.value)
  );
}

/** What somebody asks for. */
export interface ExceptionWish {
  readonly policy: BundledPolicy;
  readonly scope: Exception['scope'];
  readonly covers: readonly Covered[];
  readonly reason: string;
  readonly ticket: string;
  readonly owner: string;
  readonly requestedBy: Identity;
  readonly expiresAt: string;
  /** A policy of the same kind. */
  readonly compensatedBy?: BundledPolicy;
}

/** The exception that is asked for. Throws `INPUT_INVALID` with what it breaks. Pure. */
export function requestException(wish: ExceptionWish, nowMs: number): Exception {
  const { policy, compensatedBy, covers, ...said } = wish;
  const days = maxDays(policy);
  const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);
  if (Date.parse(wish.expiresAt) > nowMs + days * DAY_MS)
    throw refuse(
      `An exception to ${policy.id} lasts at most ${days} days: it may end on ${instant(nowMs + days * DAY_MS)} at the latest`,
    );
  if (Date.parse(wish.expiresAt) <= nowMs) throw refuse(`An exception ends in the future; ${wish.expiresAt} is past`);
  if (compensatedBy !== undefined && compensatedBy.kind !== policy.kind)
    throw refuse(
      `${compensatedBy.id} judges ${compensatedBy.kind}, and ${policy.id} ${policy.kind}: it cannot compensate`,
    );
  if (wish.scope.is === 'selector' && covers.length > wish.scope.cap)
    throw refuse(`It would cover ${covers.length} findings, and its cap is ${wish.scope.cap}: select less`);
  const requestedAt = instant(nowMs);
  return checkedException({
    version: 1,
    ...said,
    id: exceptionId({ policy: policy.id, covers: [...covers], requestedBy: wish.requestedBy, requestedAt }),
    revision: 1,
    state: 'requested',
    policy: policy.id,
    covers: covers.toSorted((a, b) => (a.finding < b.finding ? -1 : 1)),
    requestedAt,
    ...(compensatedBy === undefined ? {} : { compensatedBy: compensatedBy.id }),
  });
}

/** The exception, approved by another person. Throws `INPUT_INVALID`. Pure. */
export function approveException(e: Exception, by: Identity, nowMs: number): Exception {
  if (e.state !== 'requested')
    throw new AppError('INPUT_INVALID', `${e.id} is ${e.state}: only what is asked for is approved`);
  return checkedException({
    ...e,
    revision: e.revision + 1,
    state: 'approved',
    approvedBy: by,
    approvedAt: instant(nowMs),
  });
}

/** The exception, revoked (or the wish for it taken back). Throws `INPUT_INVALID` if it is already. Pure. */
export function revokeException(e: Exception, by: Identity, because: string, nowMs: number): Exception {
  if (e.state === 'revoked') throw new AppError('INPUT_INVALID', `${e.id} was revoked on ${e.revokedAt}`);
  return checkedException({
    ...e,
    revision: e.revision + 1,
    state: 'revoked',
    revokedBy: by,
    revokedAt: instant(nowMs),
    revokedBecause: because,
  });
}

/** The event that reminds of an exception's end: told again, it is the same. */
export function expiringEvent(
  e: Exception,
  due: { readonly at: string; readonly days: number },
): ExceptionExpiringEvent {
  const eventId = `${e.id}-ends-in-${due.days}`;
  return {
    id: eventId,
    detailType: 'ExceptionExpiring.v1',
    time: due.at,
    resource: e.id,
    detail: {
      edict: {
        version: 1,
        eventId,
        exceptionId: e.id,
        policyId: e.policy,
        owner: e.owner,
        ticket: e.ticket,
        reason: e.reason,
        days: due.days,
        expiresAt: e.expiresAt,
        findings: e.covers.length,
        resources: e.covers.slice(0, 10).map((c) => c.resource),
      },
    },
  };
}

/** What the clock has to do for an exception, and when (ISO-8601): `days` before its end to remind of it; 0: it ends. */
export function dueOf(e: Exception): readonly { readonly at: string; readonly days: number }[] {
  if (e.state !== 'approved' || e.approvedAt === undefined) return [];
  const ends = Date.parse(e.expiresAt);
  const from = e.approvedAt;
  return (
    [...REMINDER_DAYS, 0]
      .map((days) => ({ at: instant(ends - days * DAY_MS), days }))
      // One that was already due when it was approved says nothing new.
      .filter(({ at, days }) => days === 0 || at > from)
  );
}
