import { instant } from '../../model/change.ts';
import { CANARY, CANARY_MINUTES, type CanaryPath, NOTICE_PROMISE_MS } from '../../model/canary.ts';
import type { ResourceState } from '../../model/resource.ts';
import type { Probe, ProbeLog } from '../../ports/probe-log.ts';
import type { ResourceStore } from '../../ports/resource-store.ts';
import type { DoorDeps } from '../http-auth/door.ts';

/** Ticks are a minute apart, and not to the second: one that comes so much too early is in time. */
const EARLY_MS = 5000;

export interface CanaryDeps extends Pick<DoorDeps, 'count' | 'log'> {
  /** Sends the change into the front door of a path. Only those that are configured. */
  readonly send: { readonly [P in CanaryPath]?: (probe: Probe) => Promise<void> };
  readonly resources: Pick<ResourceStore, 'read'>;
  readonly probes: ProbeLog;
  readonly nowMs: () => number;
}

/**
 * One tick: looks what became of the last move on each path, and makes the next one, which undoes it, when it is time. A path
 * that fails does not keep the others. What is not noticed is left for the next tick until it is as old as twice the promise.
 */
export function makeCanary(deps: CanaryDeps): () => Promise<void> {
  return async () => {
    for (const path of Object.keys(deps.send) as CanaryPath[]) {
      try {
        await tick(deps, path);
      } catch (error) {
        deps.log('the canary could not move', error, { path });
        deps.count('CanaryMissed');
      }
    }
  };
}

async function tick(deps: CanaryDeps, path: CanaryPath): Promise<void> {
  const last = await deps.probes.last(path);
  const ageMs = last === undefined ? Infinity : deps.nowMs() - Date.parse(last.sentAt) + EARLY_MS;
  if (last !== undefined && last.outcome === undefined) {
    const settled = settle(last, await deps.resources.read(CANARY[path].id));
    if (settled.outcome === 'missed' && ageMs < 2 * NOTICE_PROMISE_MS) return;
    await deps.probes.note(settled);
    deps.count(settled.outcome === 'detected' ? 'CanaryDetected' : 'CanaryMissed');
    if (settled.outcome === 'missed') deps.log('the canary was missed', undefined, { path, sentAt: last.sentAt });
  }
  if (ageMs < CANARY_MINUTES * 60_000) return;
  const expects = last?.expects === 'violation' ? 'compliant' : 'violation';
  const probe: Probe = { path, sentAt: instant(deps.nowMs()), expects };
  // Noted first: a move that could not be sent is one that nobody noticed.
  await deps.probes.note(probe);
  await deps.send[path]?.(probe);
  deps.count('CanaryProbes');
}

/**
 * What became of a move, by the state that is committed: a verdict that became so since, in time, is as expected, and
 * everything that follows from it is published. Pure.
 */
export function settle(probe: Probe, state: ResourceState | undefined): Probe {
  const since = Object.values(state?.verdicts ?? {}).filter((v) => v.since.knownAt >= probe.sentAt);
  const seen = since.filter(({ verdict }) => verdict === probe.expects).map((v) => v.since.knownAt);
  const [detectedAt] = seen.sort();
  const others = Object.values(state?.verdicts ?? {}).some(({ verdict }) => verdict === 'violation');
  const isAsExpected = probe.expects === 'violation' || !others;
  const inTime = detectedAt !== undefined && Date.parse(detectedAt) - Date.parse(probe.sentAt) <= 2 * NOTICE_PROMISE_MS;
  const isPublished = state?.pending.length === 0;
  if (!inTime || !isAsExpected || !isPublished)
    return { ...probe, outcome: 'missed', ...(detectedAt === undefined ? {} : { detectedAt }) };
  return { ...probe, outcome: 'detected', detectedAt };
}
