import * as z from 'zod';
import { type Change, changeIdOf, contentHash, instant } from '../../model/change.ts';
import { isAppError } from '../../model/errors.ts';
import type { BaselineEvent } from '../../model/finding-event.ts';
import type { Finding } from '../../model/finding.ts';
import { SEVERITIES } from '../../model/verdict.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import type { EventBus } from '../../ports/event-bus.ts';
import type { FindingQueries } from '../../ports/finding-store.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { SourceLog } from '../../ports/source-log.ts';
import type { JsonQueue } from '../aws/sqs-queue.ts';
import type { DoorDeps } from '../http-auth/door.ts';

const sweepMark = z.strictObject({ id: z.string().min(1), baseline: z.boolean() });

/** Messages of the sweep queue. */
export const sweepMessageSchema = z.discriminatedUnion('job', [
  /** Sweep these sources, or all that are configured. */
  z.strictObject({ job: z.literal('sweep'), sources: z.array(z.string()).optional() }),
  /** One page of one scope. */
  z.strictObject({
    job: z.literal('page'),
    source: z.string().min(1),
    scope: z.string().min(1),
    sweep: sweepMark,
    next: z.string().min(1).optional(),
  }),
  /** Tell what a first sweep found, once what it found is judged. */
  z.strictObject({ job: z.literal('digest'), sweep: sweepMark, found: z.int(), looks: z.int() }),
]);
export type SweepMessage = z.infer<typeof sweepMessageSchema>;

export interface SweepDeps extends Pick<DoorDeps, 'count' | 'log'> {
  readonly inventories: readonly Inventory[];
  readonly observe: (observation: Observation) => Promise<Observed>;
  readonly send: (changes: readonly Change[]) => Promise<void>;
  readonly queue: JsonQueue<SweepMessage>;
  readonly sources: SourceLog;
  readonly findings: FindingQueries;
  readonly bus: EventBus;
  readonly nowMs: () => number;
}

/** A digest is told once two looks, so far apart, see the same; or after so many looks, whatever they see. */
const LOOK_SECONDS = 60;
const MAX_LOOKS = 30;

/** Does one message of a sweep. Throws what has to come again; a page that is denied is counted and ends its scope. */
export function makeSweep(deps: SweepDeps): (message: SweepMessage) => Promise<void> {
  return async (message) => {
    switch (message.job) {
      case 'sweep':
        return start(deps, message.sources);
      case 'page':
        return page(deps, message);
      case 'digest':
        return digest(deps, message);
    }
  };
}

async function start(deps: SweepDeps, wanted: readonly string[] | undefined): Promise<void> {
  for (const { source, scopes } of deps.inventories) {
    if (wanted !== undefined && !wanted.includes(source)) continue;
    const known = await deps.sources.list(source);
    const swept = new Set(known.filter((h) => h.lastSweptAt !== undefined).map((h) => h.account));
    const id = `${source}-${instant(deps.nowMs())}`;
    await deps.queue.send(
      scopes.map((scope) => ({ job: 'page', source, scope, sweep: { id, baseline: !swept.has(scope) } })),
    );
  }
}

async function page(deps: SweepDeps, message: Extract<SweepMessage, { job: 'page' }>): Promise<void> {
  const { source, scope, sweep } = message;
  const inventory = deps.inventories.find((i) => i.source === source);
  if (inventory === undefined) return;
  const got = await inventory.page(scope, message.next).catch((error: unknown) => {
    if (!isAppError(error, 'UPSTREAM_DENIED')) throw error;
    deps.count('SweepsDenied');
    deps.log('a page of a sweep was denied', error, { source, scope });
    return undefined;
  });
  if (got === undefined) return;

  const receivedAt = instant(deps.nowMs());
  const changes: Change[] = [];
  for (const content of got.contents) {
    const common = { source, origin: 'sweep', receivedAt, readKey: got.readKey, sweep } as const;
    if (content.is === 'notice') {
      const change = { ...common, content };
      changes.push({ type: 'change', version: 1, changeId: changeIdOf(change), ...change });
    } else if (content.is === 'document') {
      const { form, document, read } = content;
      const observed = await deps.observe({ ...common, form, document, ...(read === undefined ? {} : { read }) });
      changes.push(...observed.changes);
    }
  }
  await deps.send(changes);
  deps.count('ResourcesSwept', got.contents.length);
  if (got.next !== undefined) {
    await deps.queue.send([{ ...message, next: got.next }]);
    return;
  }
  await deps.sources.swept(source, scope, receivedAt);
  if (sweep.baseline)
    await deps.queue.send([{ job: 'digest', sweep, found: -1, looks: 0 }], { delaySeconds: LOOK_SECONDS });
}

async function digest(deps: SweepDeps, message: Extract<SweepMessage, { job: 'digest' }>): Promise<void> {
  const findings = await all(deps.findings, message.sweep.id);
  const settled = findings.length === message.found || message.looks >= MAX_LOOKS;
  if (!settled) {
    const next = { ...message, found: findings.length, looks: message.looks + 1 };
    await deps.queue.send([next], { delaySeconds: LOOK_SECONDS });
    return;
  }
  await deps.bus.publish([baselineEvent(message.sweep.id, findings, instant(deps.nowMs()))]);
}

async function all(queries: FindingQueries, baseline: string): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  let next: string | undefined;
  do {
    const got = await queries.list({ baseline }, { limit: 500, ...(next === undefined ? {} : { next }) });
    found.push(...got.items);
    next = got.next;
  } while (next !== undefined);
  return found;
}

/** The digest of a first sweep. The same findings give the same id. Pure. */
export function baselineEvent(sweep: string, findings: readonly Finding[], time: string): BaselineEvent {
  const open = findings.filter((f) => f.status === 'open' && f.verdict !== null);
  const id = `baseline-${contentHash([sweep, open.map((f) => f.id).sort()])}`;
  const bySeverity = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, open.filter((f) => f.severity === severity).length]).filter(
      ([, n]) => n !== 0,
    ),
  ) as BaselineEvent['detail']['edict']['bySeverity'];
  const policies = Map.groupBy(open, (f) => `${f.policy} ${f.verdict}`);
  const accounts = Map.groupBy(open, (f) => `${f.resource.cloud} ${f.resource.account ?? ''}`);
  return {
    id,
    detailType: 'FindingsBaselined.v1',
    time,
    resource: sweep,
    detail: {
      edict: {
        version: 1,
        eventId: id,
        sweep,
        findings: open.length,
        resources: new Set(open.map((f) => f.resource.id)).size,
        bySeverity,
        byPolicy: [...policies.values()]
          .flatMap(([first, ...rest]) =>
            first === undefined || first.verdict === null
              ? []
              : [
                  {
                    policy: first.policy,
                    title: first.title,
                    severity: first.severity,
                    verdict: first.verdict,
                    findings: rest.length + 1,
                  },
                ],
          )
          .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.findings - a.findings),
        byAccount: [...accounts.values()].flatMap(([first, ...rest]) =>
          first === undefined
            ? []
            : [{ cloud: first.resource.cloud, account: first.resource.account ?? '', findings: rest.length + 1 }],
        ),
      },
    },
  };
}
