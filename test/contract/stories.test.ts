/**
 * The stories, through the service's own front doors and stages over adapters in memory, with the policies that ship:
 * what each story says that it leads to is what it leads to, in order and shuffled.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeArmClient } from '../../shared/adapters/azure/arm-client.ts';
import { makeArmReadBack } from '../../shared/adapters/azure/arm-read-back.ts';
import { makeEventGridDoor } from '../../shared/adapters/azure/event-grid-door.ts';
import { makeNoticeDoor } from '../../shared/adapters/aws/notice-door.ts';
import { makeAssetFeedDoor } from '../../shared/adapters/gcp/asset-feed-door.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import { makeMemoryFindingStore } from '../../shared/adapters/memory/finding-store.ts';
import { makeMemoryPolicyStore } from '../../shared/adapters/memory/policy-store.ts';
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import {
  makeMemoryBus,
  makeMemoryClock,
  makeMemoryQuarantine,
  makeMemoryQueue,
} from '../../shared/adapters/memory/services.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { makeWorkBatch } from '../../shared/adapters/service/work-batch.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { awsApi } from '../../shared/mappings/dialects/aws-api.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { type Change, instant, type QueueMessage, type Rejudge } from '../../shared/model/change.ts';
import type { FindingTransitionEvent } from '../../shared/model/finding-event.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import { makeActiveSource } from '../../shared/pipeline/active.ts';
import { makeEvaluate } from '../../shared/pipeline/evaluate.ts';
import { makeJudge } from '../../shared/pipeline/judge.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import { makePublish } from '../../shared/pipeline/publish.ts';
import { makeRecord } from '../../shared/pipeline/record.ts';
import { release } from '../../shared/pipeline/release.ts';
import type { ReadBack } from '../../shared/ports/read-back.ts';
import { type ArmServer, startArmServer } from '../../local/arm-server.ts';
import { parameterGroups } from '../../local/stories/aws.ts';
import { subscription } from '../../local/stories/azure-documents.ts';
import { stories } from '../../local/stories/index.ts';
import type { Delivery, Step } from '../../local/stories/story.ts';
import { pushSubscription } from '../../local/token-issuer.ts';

const START = Date.parse('2026-11-25T09:00:00.000Z');
let arm: ArmServer;
beforeAll(async () => {
  arm = await startArmServer();
});
afterAll(() => arm.stop());

/** What RDS answers of the stories' parameter groups. */
const rds: ReadBack = {
  read: async ({ resourceId, nativeType = '', changedAt, account, region }) => {
    await Promise.resolve();
    const place = { ...(account === undefined ? {} : { account }), ...(region === undefined ? {} : { region }) };
    const group = parameterGroups.find(({ name }) => resourceId.endsWith(`:${name}`));
    if (group === undefined)
      return { is: 'gone', readKey: changedAt, native: { dialect: 'aws.api', type: nativeType, id: resourceId } };
    const cluster = group.of === 'cluster' ? 'Cluster' : '';
    const document = {
      [`DB${cluster}ParameterGroupName`]: group.name,
      [`DB${cluster}ParameterGroupArn`]: resourceId,
      DBParameterGroupFamily: group.family,
      Parameters: Object.entries(group.parameters).map(([ParameterName, ParameterValue]) => ({
        ParameterName,
        ParameterValue,
      })),
    };
    return { is: 'found', readKey: changedAt, documents: [{ form: awsApi.id, document, read: place }] };
  },
};

/** The service over memory: deliveries in, events out. */
async function makeService() {
  const clock = makeMemoryClock(START);
  const now = (): string => instant(clock.now());
  const resources = makeMemoryResourceStore();
  const stream: ResourceState[] = [];
  resources.onCommit((state) => void stream.push(state));
  const findings = makeMemoryFindingStore();
  const policies = makeMemoryPolicyStore();
  const bus = makeMemoryBus();
  const changes = makeMemoryQueue<QueueMessage>();
  const rejudge = makeMemoryQueue<Rejudge>();
  const quarantine = makeMemoryQuarantine();
  const bundle = readBundle(join(import.meta.dirname, '..', '..', 'bundle'));
  await release({ policies, clock }, { bundle, context: DEFAULT_CONTEXT });
  const errors: unknown[] = [];
  const log = (_what: string, error: unknown): void => {
    if (error !== undefined) errors.push(error);
  };
  const active = makeActiveSource({
    policies,
    loadEngine: async (b) => loadEngine(b),
    onBad: (_activation, error) => void errors.push(error),
  });
  const observe = makeObserve({ forms, quarantine });
  const count = (): void => undefined;
  const door = {
    check: async () => ({ is: 'known', claims: {} }) as const,
    observe,
    send: (all: readonly Change[]) => changes.send(all),
    quarantine,
    now,
    count,
    log,
  };
  const azure = makeEventGridDoor({ ...door, subscriptions: [subscription] });
  const google = makeAssetFeedDoor({ ...door, subscription: pushSubscription });
  const readBack = {
    aws: rds,
    azure: makeArmReadBack(makeArmClient({ endpoint: arm.url, credential: undefined }), clock),
  };
  const work = makeWorkBatch({
    active,
    notices: makeNoticeDoor({ observe, quarantine, now, count, local: false }),
    normalize: makeNormalize({ forms, registry, readBack, quarantine, clock }),
    judge: makeJudge({
      evaluate: makeEvaluate({ resources, exceptions: makeMemoryExceptionStore(), active, registry, clock }),
      record: makeRecord({ resources }),
      active,
    }),
    again: changes,
    quarantine,
    now,
    count,
    log,
  });
  const publish = makePublish({
    resources,
    findings,
    bus,
    rejudge,
    policy: async (id) => (await active.current())?.engine.manifest.policies.find((p) => p.id === id),
    version: '0.0.0',
  });

  const workOn = async (bodies: readonly unknown[]): Promise<void> => {
    if (bodies.length === 0) return;
    const messages = bodies.map((body, i) => ({ messageId: String(i), body: JSON.stringify(body) }));
    const { done } = await work(messages);
    if (done.size < messages.length) throw new Error(`not done: ${errors.map(String).join('; ')}`);
  };
  /** Until nothing moves any more. */
  const settle = async (): Promise<void> => {
    for (;;) {
      await workOn(changes.take());
      const image = stream.shift();
      if (image !== undefined) {
        await publish(image);
        continue;
      }
      const wishes = rejudge.take();
      if (wishes.length === 0) return;
      await workOn(wishes);
    }
  };
  const http = (body: unknown) => ({ method: 'POST', path: '/', headers: {}, body: JSON.stringify(body) });
  const deliver = async (delivery: Delivery): Promise<void> => {
    clock.advance(250);
    switch (delivery.door) {
      case 'aws': {
        const { source, detailType, resources: named, detail } = delivery;
        await workOn([{ version: '0', source, 'detail-type': detailType, resources: named, detail }]);
        break;
      }
      case 'azure':
        expect((await azure(http(delivery.body))).status).toBeLessThan(300);
        break;
      case 'google': {
        const data = Buffer.from(JSON.stringify(delivery.asset)).toString('base64');
        const body = { message: { data, messageId: '1' }, subscription: pushSubscription };
        expect((await google(http(body))).status).toBeLessThan(300);
        break;
      }
    }
    await settle();
  };
  return { clock, resources, findings, bus, quarantine, errors, deliver };
}
type Service = Awaited<ReturnType<typeof makeService>>;

/** What was published since, in the form in which a step says what it leads to. */
function led(service: Service, from: number): Record<string, Record<string, string>> {
  const to: Record<string, Record<string, string>> = {};
  for (const { detail } of service.bus.events.slice(from) as readonly FindingTransitionEvent[]) {
    const { resource, policy, to: verdict } = detail.edict;
    // Twice in one step would be one too many.
    expect(to[resource.id]?.[policy.id]).toBeUndefined();
    (to[resource.id] ??= {})[policy.id] = verdict ?? 'gone';
  }
  return to;
}

const becomes = (step: Step): Step['becomes'] =>
  Object.fromEntries(Object.entries(step.becomes).filter(([, policies]) => Object.keys(policies).length > 0));

describe('the stories', () => {
  it('are at least thirty changes of three clouds and four kinds: good, bad, undecidable', () => {
    const steps = stories.flatMap((s) => s.steps);
    const verdicts = new Set(steps.flatMap((s) => Object.values(s.becomes).flatMap((p) => Object.values(p))));

    expect(steps.length).toBeGreaterThanOrEqual(30);
    expect(new Set(stories.map((s) => s.cloud))).toEqual(new Set(['aws', 'azure', 'gcp']));
    expect(verdicts).toEqual(new Set(['violation', 'unknown', 'compliant', 'gone']));
    for (const cloud of ['aws', 'azure', 'gcp']) {
      const whole = stories.filter((s) => s.cloud === cloud && /deleted/.test(s.steps.at(-1)?.says ?? ''));
      expect(whole.length, cloud).toBeGreaterThanOrEqual(3);
    }
  });

  it.each(stories.map((story) => [story.id, story] as const))('%s leads to what it says', async (_id, story) => {
    const service = await makeService();
    for (const step of story.steps) {
      if (step.arm !== undefined) arm.set(step.arm);
      const from = service.bus.events.length;
      await service.deliver(step.deliver(instant(service.clock.now())));

      expect(led(service, from), step.says).toEqual(becomes(step));
    }
    expect(service.quarantine.kept.size).toBe(0);
  });

  it('end in the same findings when everything is told again, in any order', async () => {
    const service = await makeService();
    const told: Delivery[] = [];
    for (const step of stories.flatMap((s) => s.steps)) {
      if (step.arm !== undefined) arm.set(step.arm);
      const delivery = step.deliver(instant(service.clock.now()));
      told.push(delivery);
      await service.deliver(delivery);
    }
    const rows = (): unknown =>
      service.findings
        .all()
        .map((f) => [f.id, f.status, f.verdict ?? 'gone', f.resolution ?? 'open', f.openings].join(' '))
        .toSorted();
    const before = rows();
    const events = service.bus.events.length;

    for (const delivery of told.toReversed()) await service.deliver(delivery);
    for (const delivery of told.filter((_, i) => i % 3 === 1)) await service.deliver(delivery);

    expect(rows()).toEqual(before);
    expect(service.bus.events.length).toBe(events);
  });
});
