import type { Exception } from '../../shared/model/exception.ts';
import { findingId } from '../../shared/model/finding.ts';
import { approveException, requestException } from '../../shared/pipeline/exceptions.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { bundle, NOON, type PolicyName, type WorldState } from './world.ts';

export const ann = { who: 'ann', established: 'declared' } as const;
export const ben = { who: 'ben', established: 'declared' } as const;
const DAY_MS = 86_400_000;

export function policyNamed(name: PolicyName, names?: readonly PolicyName[]): BundledPolicy {
  const found = bundle(names ?? [name]).manifest.policies.find((p) => p.id === `store.${name}`);
  if (found === undefined) throw new Error(`no policy ${name}`);
  return found;
}

export interface Wanted {
  readonly policy?: PolicyName;
  readonly resource?: string;
  readonly decided: string;
  readonly days?: number;
  readonly nowMs?: number;
  readonly owner?: string;
  readonly compensatedBy?: PolicyName;
  readonly scope?: Exception['scope'];
}

/** An exception that ann asked for. */
export function requested(wanted: Wanted): Exception {
  const { policy = 'not-public', resource = 's1', decided, days = 30, nowMs = NOON } = wanted;
  return requestException(
    {
      policy: policyNamed(policy),
      scope: wanted.scope ?? { is: 'resource' },
      covers: [{ finding: findingId(`store.${policy}`, resource), resource, decided }],
      reason: 'A public website, until it moves',
      ticket: 'SEC-42',
      owner: wanted.owner ?? 'team-web',
      requestedBy: ann,
      expiresAt: new Date(nowMs + days * DAY_MS).toISOString(),
      ...(wanted.compensatedBy === undefined ? {} : { compensatedBy: policyNamed(wanted.compensatedBy) }),
    },
    nowMs,
  );
}

/** One that ben approved. */
export const granted = (wanted: Wanted): Exception => approveException(requested(wanted), ben, wanted.nowMs ?? NOON);

/** Stores an exception whatever came before, and wishes that what it covers be judged again, as the stream of its table does. */
export async function store(state: WorldState, exception: Exception): Promise<void> {
  if (exception.revision > 1 && (await state.exceptions.get(exception.id)) === undefined)
    await state.exceptions.put({
      ...exception,
      state: 'requested',
      revision: 1,
      approvedBy: undefined,
      approvedAt: undefined,
      revokedBy: undefined,
      revokedAt: undefined,
    });
  if (!(await state.exceptions.put(exception))) throw new Error('someone was faster');
  await tell(state, exception);
}

export const tell = (state: WorldState, exception: Exception): Promise<void> =>
  state.rejudge.send(
    exception.covers.map((c) => ({ type: 'rejudge', version: 1, resourceId: c.resource, cause: 'exception' })),
  );

/** What decided the finding of a policy on a resource, as it stands. */
export async function decidedOf(
  state: WorldState,
  resource = 's1',
  policy: PolicyName = 'not-public',
): Promise<string> {
  const decided = (await state.resources.read(resource))?.verdicts[`store.${policy}`]?.decided;
  if (decided === undefined) throw new Error(`nothing to except: ${policy} on ${resource}`);
  return decided;
}
