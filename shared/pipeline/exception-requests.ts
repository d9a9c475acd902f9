/** How exceptions are asked for, approved and revoked: what is written is decided here, whoever asks (the CLI, a button). */
import type { Identity } from '../model/approval.ts';
import { instant } from '../model/change.ts';
import { AppError } from '../model/errors.ts';
import type { Covered, Exception, ExceptionSelector } from '../model/exception.ts';
import { MAX_COVERED } from '../model/exception.ts';
import type { FactStates } from '../model/fact.ts';
import type { Finding } from '../model/finding.ts';
import type { ResourceState } from '../model/resource.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExceptionStore } from '../ports/exception-store.ts';
import type { FindingQueries } from '../ports/finding-store.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import { approveException, isExceptable, requestException, revokeException, selects } from './exceptions.ts';

export interface RequestDeps {
  readonly exceptions: ExceptionStore;
  readonly resources: Pick<ResourceStore, 'read'>;
  readonly findings: Pick<FindingQueries, 'list'>;
  /** The policy in force; undefined if there is none of this id. */
  readonly policy: (id: string) => Promise<BundledPolicy | undefined>;
  readonly clock: Clock;
}

/** For which findings. */
export type RequestScope =
  | { readonly is: 'resource'; readonly finding: Finding }
  | { readonly is: 'selector'; readonly policy: string; readonly selector: ExceptionSelector; readonly cap: number };

/** What is said of the wish. */
export interface RequestWords {
  readonly reason: string;
  readonly ticket: string;
  readonly owner: string;
  readonly expiresAt: string;
  readonly compensatedBy?: string;
  readonly by: Identity;
}

const refuse = (message: string): AppError => new AppError('INPUT_INVALID', message);

/**
 * Asks for an exception to what stands now: each finding that it is to cover is named in it, with what decided it, so that
 * whoever approves knows what. Throws `INPUT_INVALID` with what to do.
 */
export async function askForException(deps: RequestDeps, scope: RequestScope, words: RequestWords): Promise<Exception> {
  const policy = await policyOf(deps, scope.is === 'resource' ? scope.finding.policy : scope.policy);
  const compensatedBy = words.compensatedBy === undefined ? undefined : await policyOf(deps, words.compensatedBy);
  const covers = scope.is === 'resource' ? [await coveredOf(deps, scope.finding)] : await selected(deps, scope);
  const { by, reason, ticket, owner, expiresAt } = words;
  const exception = requestException(
    {
      policy,
      scope:
        scope.is === 'resource'
          ? { is: 'resource' }
          : { is: 'selector', selector: scope.selector, cap: Math.min(scope.cap, MAX_COVERED) },
      covers,
      reason,
      ticket,
      owner,
      expiresAt,
      requestedBy: by,
      ...(compensatedBy === undefined ? {} : { compensatedBy }),
    },
    deps.clock.now(),
  );
  if (!(await deps.exceptions.put(exception)))
    throw refuse(`${exception.id} was asked for in this instant: it is there`);
  return exception;
}

async function policyOf(deps: RequestDeps, id: string): Promise<BundledPolicy> {
  const policy = await deps.policy(id);
  if (policy === undefined) throw refuse(`There is no policy ${id} in force: "edict policies" lists them`);
  return policy;
}

/** The finding as it stands, by the resource's own state: the findings are a moment behind it. */
async function coveredOf(deps: RequestDeps, { id, policy, resource }: Finding): Promise<Covered> {
  const standing = (await deps.resources.read(resource.id))?.verdicts[policy];
  if (standing === undefined || !isExceptable(standing.verdict))
    throw refuse(
      `${policy} on ${resource.id} is ${standing?.verdict ?? 'judged no more'}: only what violates or cannot be decided is excepted`,
    );
  if (standing.decided === undefined)
    throw refuse(`${resource.id} was judged before there were exceptions: it can be excepted once it is judged again`);
  return { finding: id, resource: resource.id, decided: standing.decided };
}

/** What a selector selects of the open findings of its policy. */
async function selected(
  deps: RequestDeps,
  { policy, selector, cap }: Extract<RequestScope, { is: 'selector' }>,
): Promise<readonly Covered[]> {
  const covers: Covered[] = [];
  const { account } = selector;
  let next: string | undefined;
  do {
    const page = await deps.findings.list(
      { policy, status: 'open', ...(account === undefined ? {} : { account }) },
      next === undefined ? {} : { next },
    );
    for (const finding of page.items) {
      const state = await deps.resources.read(finding.resource.id);
      if (state === undefined || !isExceptable(state.verdicts[policy]?.verdict ?? null)) continue;
      if (!selects(selector, { kind: state.kind ?? '', facts: factsOf(state) })) continue;
      covers.push(await coveredOf(deps, finding));
      if (covers.length > cap)
        throw refuse(
          `It selects more than ${cap} open findings of ${policy}, which is its cap: select less, or raise --cap`,
        );
    }
    next = page.next;
  } while (next !== undefined);
  if (covers.length === 0) throw refuse(`Nothing that is open against ${policy} is selected`);
  return covers;
}

const factsOf = ({ facts }: ResourceState): FactStates =>
  Object.fromEntries(Object.entries(facts).map(([fact, value]) => [fact, { state: 'known', value, at: '' }]));

/**
 * Approves what somebody else asked for. Refused where a finding that it covers is not what it was when it was asked for:
 * whoever approves would approve what nobody sees. Throws `INPUT_INVALID`.
 */
export async function approveRequest(deps: RequestDeps, id: string, by: Identity): Promise<Exception> {
  const asked = await found(deps, id);
  const changed: string[] = [];
  for (const { resource, decided } of asked.covers) {
    const standing = (await deps.resources.read(resource))?.verdicts[asked.policy];
    if (standing !== undefined && isExceptable(standing.verdict) && standing.decided !== decided)
      changed.push(resource);
  }
  if (asked.state === 'requested' && changed.length > 0)
    throw refuse(
      `What ${id} was asked for has changed since (${changed.slice(0, 3).join(', ')}): ask for an exception to what is there now`,
    );
  return write(deps, id, (e, nowMs) => {
    if (e.state === 'requested' && e.expiresAt <= instant(nowMs))
      throw refuse(`${id} would have ended on ${e.expiresAt}`);
    return approveException(e, by, nowMs);
  });
}

/** Revokes an exception, or takes back the wish for one. Throws `INPUT_INVALID`. */
export const revokeRequest = (deps: RequestDeps, id: string, by: Identity, because: string): Promise<Exception> =>
  write(deps, id, (e, nowMs) => revokeException(e, by, because, nowMs));

/** How often a decision is made again because someone else decided meanwhile. */
const MAX_ATTEMPTS = 10;

/** Reads, decides and writes, again where someone was faster: two who decide at once both see what the other did. */
async function write(
  deps: RequestDeps,
  id: string,
  decide: (e: Exception, nowMs: number) => Exception,
): Promise<Exception> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const next = decide(await found(deps, id), deps.clock.now());
    if (await deps.exceptions.put(next)) return next;
  }
  throw new AppError('STORE_UNAVAILABLE', 'others decided about it too often meanwhile');
}

async function found(deps: RequestDeps, id: string): Promise<Exception> {
  const exception = await deps.exceptions.get(id);
  if (exception === undefined) throw refuse(`There is no exception ${id}: "edict exceptions list" lists them`);
  return exception;
}
