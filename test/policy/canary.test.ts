/** The canary, through the very doors and stages, the real mappings and the WASM that ships, over memory. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeNoticeDoor } from '../../shared/adapters/aws/notice-door.ts';
import { makeMemoryExceptionStore } from '../../shared/adapters/memory/exception-store.ts';
import { makeMemoryFindingStore } from '../../shared/adapters/memory/finding-store.ts';
import { makeMemoryPolicyStore } from '../../shared/adapters/memory/policy-store.ts';
import { makeMemoryResourceStore } from '../../shared/adapters/memory/resource-store.ts';
import {
  makeMemoryBus,
  makeMemoryClock,
  makeMemoryProbeLog,
  makeMemoryQuarantine,
  makeMemoryQueue,
  makeMemorySourceLog,
} from '../../shared/adapters/memory/services.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { makeCanary } from '../../shared/adapters/service/canary.ts';
import { canaryCallSchema, makeCanaryDoor } from '../../shared/adapters/service/canary-door.ts';
import { configDetail } from '../../shared/adapters/service/canary-documents.ts';
import { makeCanarySends } from '../../shared/adapters/service/canary-sends.ts';
import { makeWorkBatch } from '../../shared/adapters/service/work-batch.ts';
import { isNews } from '../../shared/adapters/slack/message.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { CANARY, CANARY_PATHS, CANARY_SOURCE } from '../../shared/model/canary.ts';
import { type Change, instant, type QueueMessage, type Rejudge } from '../../shared/model/change.ts';
import { staleSources } from '../../shared/model/coverage.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import { makeActiveSource } from '../../shared/pipeline/active.ts';
import { makeEvaluate } from '../../shared/pipeline/evaluate.ts';
import { makeJudge } from '../../shared/pipeline/judge.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { makeObserve } from '../../shared/pipeline/observe.ts';
import { makePublish } from '../../shared/pipeline/publish.ts';
import { makeRecord } from '../../shared/pipeline/record.ts';
import { release } from '../../shared/pipeline/release.ts';

const SUBSCRIPTION = 'projects/example/subscriptions/edict';
const START = Date.parse('2026-11-25T12:00:00.000Z');
const FIVE_MINUTES = 300_000;

async function setUp() {
  const clock = makeMemoryClock(START);
  const now = (): string => instant(clock.now());
  const resources = makeMemoryResourceStore();
  const stream: ResourceState[] = [];
  resources.onCommit((state) => void stream.push(state));
  const findings = makeMemoryFindingStore();
  const policies = makeMemoryPolicyStore();
  const bus = makeMemoryBus();
  const changes = makeMemoryQueue<QueueMessage>();
  const quarantine = makeMemoryQuarantine();
  const sources = makeMemorySourceLog();
  const probes = makeMemoryProbeLog();
  const bundle = readBundle(join(import.meta.dirname, '..', '..', 'bundle'));
  await release({ policies, clock }, { bundle, context: DEFAULT_CONTEXT });
  const active = makeActiveSource({ policies, loadEngine: async (b) => loadEngine(b), onBad: () => undefined });
  const counts = new Map<string, number>();
  const count = (name: string, value = 1): void => void counts.set(name, (counts.get(name) ?? 0) + value);
  const log = (): void => undefined;
  const observe = makeObserve({ forms, quarantine });
  const common = { observe, send: (all: readonly Change[]) => changes.send(all), quarantine, now, count, log };
  const work = makeWorkBatch({
    active,
    notices: makeNoticeDoor({ observe, quarantine, now, count, local: false }),
    normalize: makeNormalize({ forms, registry, readBack: {}, quarantine, clock }),
    judge: makeJudge({
      evaluate: makeEvaluate({ resources, exceptions: makeMemoryExceptionStore(), active, registry, clock }),
      record: makeRecord({ resources }),
      active,
    }),
    again: changes,
    sources,
    quarantine,
    now,
    count,
    log,
  });
  const publish = makePublish({
    resources,
    findings,
    bus,
    rejudge: makeMemoryQueue<Rejudge>(),
    policy: async (id) => (await active.current())?.engine.manifest.policies.find((p) => p.id === id),
    version: '0.0.0',
  });
  const raw: unknown[] = [];
  let broken: readonly string[] = [];
  const door = makeCanaryDoor(common, SUBSCRIPTION);
  const canary = makeCanary({
    send: makeCanarySends(
      { AZURE_PATH: true, GOOGLE_SUBSCRIPTION: SUBSCRIPTION },
      {
        putEvents: async ({ Source, DetailType, Resources, Detail = '' }) => {
          await Promise.resolve();
          raw.push({
            version: '0',
            source: Source,
            'detail-type': DetailType,
            resources: Resources,
            detail: JSON.parse(Detail),
          });
          return { FailedEntryCount: 0 };
        },
        invoke: async (payload) => {
          const { status } = await door(canaryCallSchema.parse(JSON.parse(payload)));
          return { Payload: Buffer.from(JSON.stringify({ statusCode: status })) };
        },
      },
    ),
    resources,
    probes,
    nowMs: () => clock.now(),
    count,
    log,
  });
  const deliver = async (bodies: readonly unknown[]): Promise<void> => {
    const messages = bodies.map((body, i) => ({ messageId: String(i), body: JSON.stringify(body) }));
    if (messages.length > 0) await work(messages);
    for (let image = stream.shift(); image !== undefined; image = stream.shift()) await publish(image);
  };
  /** One tick, and a second later everything that it sent is judged; what is broken loses its changes. */
  const tick = async (everyMs = FIVE_MINUTES): Promise<void> => {
    await canary();
    clock.advance(1000);
    const sent = [...raw.splice(0), ...changes.take()].filter(
      (body) => !broken.some((b) => JSON.stringify(body).includes(b)),
    );
    await deliver(sent);
    clock.advance(everyMs - 1000);
  };
  return {
    tick,
    deliver,
    counts,
    findings,
    bus,
    probes,
    quarantine,
    resources,
    sources,
    clock,
    breakPath: (...names: readonly string[]) => void (broken = names),
  };
}

describe('the canary', () => {
  it('is detected on every path, opened and closed in turn, and its proof is kept', async () => {
    const world = await setUp();
    for (let i = 0; i < 4; i++) await world.tick();
    expect(world.counts.get('CanaryProbes')).toBe(12);
    expect(world.counts.get('CanaryDetected')).toBe(9);
    expect(world.counts.get('CanaryMissed')).toBeUndefined();
    expect(world.quarantine.kept.size).toBe(0);
    for (const path of CANARY_PATHS) {
      const kept = world.probes.all().filter((p) => p.path === path);
      expect(kept.map((p) => [p.expects, p.outcome])).toEqual([
        ['violation', 'detected'],
        ['compliant', 'detected'],
        ['violation', 'detected'],
        ['compliant', undefined],
      ]);
      expect(kept[0]?.detectedAt).toBe(instant(START + 1000));
    }
  });

  it('moves every five minutes, and is looked after each minute', async () => {
    const world = await setUp();
    const outcomes = (): unknown[] => world.probes.all().flatMap((p) => (p.path === 'azure' ? [p.outcome] : []));
    // A tick that comes a little early is in time.
    await world.tick(59_900);
    expect(outcomes()).toEqual([undefined]);
    for (let minute = 1; minute < 5; minute++) {
      await world.tick(60_000);
      expect(outcomes()).toEqual(['detected']);
    }
    expect([world.counts.get('CanaryProbes'), world.counts.get('CanaryDetected')]).toEqual([3, 3]);
    await world.tick(60_000);
    expect(outcomes()).toEqual(['detected', undefined]);
  });

  it('is missed, once, by the tick that comes two minutes after the move', async () => {
    const world = await setUp();
    world.breakPath(CANARY.azure.source);
    await world.tick(59_000);
    await world.tick(60_000);
    expect(world.counts.get('CanaryMissed')).toBeUndefined();
    for (let minute = 2; minute < 5; minute++) {
      await world.tick(60_000);
      expect(world.counts.get('CanaryMissed')).toBe(1);
    }
    expect(world.counts.get('CanaryProbes')).toBe(3);
  });

  it('is in no list of findings and no message, unless it is asked for', async () => {
    const world = await setUp();
    await world.tick();
    expect(world.findings.all().filter((f) => f.verdict === 'violation')).toHaveLength(3);
    expect((await world.findings.list({})).items).toEqual([]);
    expect((await world.findings.list({ status: 'open', cloud: 'aws' })).items).toEqual([]);
    const asked = await world.findings.list({ account: CANARY.azure.account });
    expect(asked.items.map((f) => f.resource.id)).toContain(CANARY.azure.id);
    const events = world.bus.events.flatMap((e) =>
      'resource' in e.detail.edict ? [e as Parameters<typeof isNews>[0]] : [],
    );
    expect(events.length).toBeGreaterThan(2);
    expect(events.filter(isNews)).toEqual([]);
  });

  it.each(CANARY_PATHS)(
    'is missed where the path of %s is broken, and only there; that source is told to be silent',
    async (path) => {
      const world = await setUp();
      for (let i = 0; i < 2; i++) await world.tick();
      world.breakPath(CANARY[path].source, ...(path === 'aws' ? [CANARY_SOURCE] : []));
      for (let i = 0; i < 3; i++) await world.tick();
      expect(world.counts.get('CanaryMissed')).toBe(2);
      const missed = world.probes.all().filter((p) => p.outcome === 'missed');
      expect(missed.map((p) => p.path)).toEqual([path, path]);
      const heard = (await Promise.all(CANARY_PATHS.map((p) => world.sources.list(CANARY[p].source)))).flat();
      expect(staleSources(heard, world.clock.now()).map((s) => [s.source, s.account, s.why])).toEqual([
        [CANARY[path].source, '*', 'silent'],
      ]);
    },
  );

  it('that is noticed too late is missed', async () => {
    const world = await setUp();
    await world.tick();
    const state = await world.resources.read(CANARY.aws.id);
    const { settle } = await import('../../shared/adapters/service/canary.ts');
    const late = instant(START - 120_000);
    expect(settle({ path: 'aws', sentAt: late, expects: 'violation' }, state)).toMatchObject({ outcome: 'missed' });
    expect(settle({ path: 'aws', sentAt: instant(START), expects: 'compliant' }, state)).toMatchObject({
      outcome: 'missed',
    });
    expect(settle({ path: 'aws', sentAt: instant(START), expects: 'violation' }, undefined)).toMatchObject({
      outcome: 'missed',
    });
    expect(settle({ path: 'aws', sentAt: instant(START), expects: 'violation' }, state)).toMatchObject({
      outcome: 'detected',
    });
  });

  it('speaks of its own resource: whoever uses its source for another is turned away', async () => {
    const world = await setUp();
    const detail = configDetail({ sentAt: instant(START), expects: 'compliant' }) as { configurationItem: object };
    const arn = 'arn:aws:ec2:eu-central-1:111122223333:security-group/sg-0a1b2c3d4e5f60718';
    const forged = { ...detail, configurationItem: { ...detail.configurationItem, ARN: arn } };
    const event = {
      version: '0',
      source: CANARY_SOURCE,
      'detail-type': 'Config Configuration Item Change',
      resources: [],
    };
    await world.deliver([{ ...event, detail: forged }]);
    expect(world.resources.all()).toEqual([]);
    expect(world.quarantine.kept.size).toBe(1);
    await world.deliver([{ ...event, detail }]);
    expect(world.resources.all().map(({ id }) => id)).toEqual([CANARY.aws.id]);
  });
});
