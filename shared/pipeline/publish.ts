import { contentHash, type Rejudge } from '../model/change.ts';
import { type Finding, findingId, opens, statusOf } from '../model/finding.ts';
import type { FindingTransitionEvent } from '../model/finding-event.ts';
import type { Cause, FanOut, ResourceHead, Transition } from '../model/resource.ts';
import type { BundledPolicy } from '../policy/bundle.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { FindingStore } from '../ports/finding-store.ts';
import type { Queue } from '../ports/queue.ts';
import type { ResourceStore } from '../ports/resource-store.ts';
import { transitionEvent } from './event.ts';
import type { Published, ResourceImage } from './stages.ts';

export interface PublishDeps {
  readonly resources: ResourceStore;
  readonly findings: FindingStore;
  readonly bus: EventBus;
  readonly rejudge: Queue<Rejudge>;
  /** The policy as it is in force now, for its frameworks and what to do about it; undefined if it is no more. */
  readonly policy: (id: string) => Promise<BundledPolicy | undefined>;
  /** Edict's version, for the event. */
  readonly version: string;
}

/**
 * Derives from a committed item what others see: findings rows, events, and the re-judging of dependents. Everything is
 * done at least once under ids that are the same the next time, and only then marked:
 *
 *     rows (guarded by revision) -> events -> dependents -> mark
 *
 * Killed anywhere, it is done again from the start by the stream or by the repair job, with the same result.
 * Idempotent. Throws what its ports throw; nothing is marked then.
 */
export function makePublish(deps: PublishDeps): (image: ResourceImage) => Promise<Published> {
  return async (image) => {
    const nothing = { transitions: 0, events: 0, dependents: 0 };
    if (image.pending.length === 0) return nothing;
    // The image is as old as the stream is behind: what is done by now is not told again.
    const done = Math.max(image.projectedRevision, await deps.resources.projectedRevision(image.id));
    const pending = image.pending.filter((p) => p.revision > done);
    if (pending.length === 0) {
      // The image carries what was published while it was committed: without the mark it would lag for ever.
      if (image.revision > done) await deps.resources.markProjected(image.id, image.revision);
      return nothing;
    }

    const rows = new Map<string, Finding | undefined>();
    const events: FindingTransitionEvent[] = [];
    for (const transition of pending.filter((p) => p.is === 'transition')) {
      const id = findingId(transition.policy, image.id);
      const before = rows.has(id) ? rows.get(id) : await deps.findings.read(id);
      const after = applyTransition(before, id, image, transition);
      await deps.findings.write(after, transition);
      rows.set(id, after);
      const resource = headOf(image, transition);
      events.push(
        transitionEvent({
          // Of the transition, and not of the newest one that the row may hold: told again, it is the same.
          finding: { ...after, title: transition.title, resource },
          transition,
          policy: await deps.policy(transition.policy),
          version: deps.version,
          causeKey: causeKeyOf(transition.cause, resource),
        }),
      );
    }
    if (events.length > 0) await deps.bus.publish(events);

    let dependents = 0;
    for (const fanOut of pending.filter((p) => p.is === 'fan_out'))
      dependents += await tellDependents(deps, image.id, fanOut);
    await deps.resources.markProjected(image.id, image.revision);
    return { transitions: events.length, events: events.length, dependents };
  };
}

async function tellDependents(deps: PublishDeps, id: string, fanOut: FanOut): Promise<number> {
  let told = 0;
  let next: string | undefined;
  do {
    const page = await deps.resources.dependents(id, next);
    await deps.rejudge.send(
      page.items.map((resourceId) => ({
        type: 'rejudge',
        version: 1,
        resourceId,
        cause: 'dependency',
        dependency: {
          resourceId: id,
          trueAt: fanOut.trueAt,
          ...(fanOut.changeId === undefined ? {} : { changeId: fanOut.changeId }),
          ...(fanOut.actor === undefined ? {} : { actor: fanOut.actor }),
          ...(fanOut.baseline === undefined ? {} : { baseline: fanOut.baseline }),
        },
      })),
    );
    told += page.items.length;
    next = page.next;
  } while (next !== undefined);
  return told;
}

const newer = (a: Transition, b: Transition): boolean =>
  a.revision > b.revision || (a.revision === b.revision && a.n > b.n);

/** The finding after the transition; as it is if a newer one is already in it. Pure. */
export function applyTransition(before: Finding | undefined, id: string, image: ResourceHead, t: Transition): Finding {
  if (before !== undefined && !newer(t, before.last)) return before;
  const status = statusOf(t);
  const moved = before?.status !== status;
  const at = { trueAt: t.trueAt, knownAt: t.knownAt };
  return {
    id,
    policy: t.policy,
    title: t.title,
    // What is gone is remembered as it was.
    severity: t.to === null ? (before?.severity ?? t.severity) : t.severity,
    status,
    ...(t.resolution === undefined ? {} : { resolution: t.resolution }),
    verdict: t.to,
    resource: headOf(image, t),
    since: moved ? at : (before?.since ?? at),
    firstSeenAt: before?.firstSeenAt ?? t.knownAt,
    lastChangedAt: t.knownAt,
    openings: (before?.openings ?? 0) + (opens(t.to) && !opens(before?.verdict) ? 1 : 0),
    last: t,
    ...(t.baseline === undefined ? {} : { baseline: t.baseline }),
    ...(t.shadow === undefined ? {} : { shadow: t.shadow }),
  };
}

function headOf(image: ResourceHead, t: Transition): ResourceHead {
  const { id, mapping, cloud, kind } = image;
  const { nativeType, account, region, name, environment, owner } = t.of ?? image;
  const given = { account, region, name, environment, owner };
  return {
    id,
    mapping,
    cloud,
    kind,
    nativeType,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
}

/** What transitions of one cause have in common, for those who group them. */
function causeKeyOf(cause: Cause, image: ResourceHead): string {
  switch (cause.is) {
    case 'bundle':
    case 'context':
      return `${cause.is}:${cause.sequence}`;
    case 'clock':
      return 'clock';
    case 'exception':
      return `exception:${contentHash([cause.exceptionId, cause.turn, cause.changeId ?? ''])}`;
    case 'reconcile':
      return `reconcile:${contentHash([cause.source, image.account ?? ''])}`;
    case 'dependency':
      return `dependency:${contentHash([cause.resourceId, cause.changeId ?? ''])}`;
    case 'change':
    case 'deletion':
      return `change:${contentHash([cause.source, image.account ?? '', cause.actor ?? ''])}`;
  }
}
