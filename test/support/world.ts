/**
 * A small world for tests of the service: a kind, two mappings (a store with satellites, and the account's block that it
 * depends on), a form of document, policies, and the five stages over adapters in memory.
 */
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import type { DocumentForm } from '../../shared/mappings/form.ts';
import { defineMapping, is, reading } from '../../shared/mappings/mapping.ts';
import { at } from '../../shared/mappings/reader.ts';
import { makeRegistry, type Registry } from '../../shared/mappings/registry.ts';
import { type Change, changeIdOf, instant, type Rejudge } from '../../shared/model/change.ts';
import { bool, listOf, oneOf, optional, timestamp } from '../../shared/model/fact.ts';
import type { Json } from '../../shared/model/json.ts';
import { defineKind, type Kind } from '../../shared/model/kind.ts';
import type { NativeResource } from '../../shared/model/native.ts';
import { bundleOf, type Bundle } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { makeActiveSource } from '../../shared/pipeline/active.ts';
import { makeEvaluate } from '../../shared/pipeline/evaluate.ts';
import { makeJudge } from '../../shared/pipeline/judge.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { settle } from '../../shared/pipeline/outcomes.ts';
import { makePublish } from '../../shared/pipeline/publish.ts';
import { makeRecord } from '../../shared/pipeline/record.ts';
import type { Outcome } from '../../shared/pipeline/stages.ts';
import type { ResourceState } from '../../shared/model/resource.ts';
import type { Engine } from '../../shared/ports/engine.ts';
import type { ExceptionStore } from '../../shared/ports/exception-store.ts';
import type { FindingStore } from '../../shared/ports/finding-store.ts';
import type { EventBus } from '../../shared/ports/event-bus.ts';
import type { PolicyStore } from '../../shared/ports/policy-store.ts';
import type { Queue } from '../../shared/ports/queue.ts';
import type { ReadBack } from '../../shared/ports/read-back.ts';
import type { ResourceStore } from '../../shared/ports/resource-store.ts';
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
import { makeMeaningEngine } from '../../shared/pipeline/meaning-engine.ts';

export const NOON = Date.parse('2026-11-25T12:00:00.000Z');
/** An instant some seconds after nine, when the stories begin. */
export const t = (seconds: number): string => instant(Date.parse('2026-11-25T09:00:00.000Z') + seconds * 1000);

export const store: Kind = defineKind('store', {
  title: 'Store',
  facts: {
    public_read: bool('Anyone can read.'),
    versioned: bool('Old versions are kept.'),
    encryption: oneOf(['none', 'provider_key', 'customer_key'], 'The key.'),
    key_rotated_at: optional(timestamp('When its key was rotated.')),
    grants: listOf('Who may read.', { public: bool('Anyone.'), level: oneOf(['read', 'write'], 'What.') }),
  },
});

const url = { because: 'https://example.com/defaults', on: '2026-11-25' };
const storeMapping = defineMapping('aws/test-store', {
  cloud: 'aws',
  kind: store,
  title: 'Store',
  parts: {
    store: {
      native: { 'aws.config': 'Test::Store' },
      readings: { open: { 'aws.config': at('/open').bool() } },
    },
    policy: {
      native: { 'aws.config': 'Test::StorePolicy' },
      owner: (n) => ({ id: n.id.replace(/\/policy$/, '') }),
      readings: { encryption: { 'aws.config': at('/encryption').string() } },
    },
    grant: {
      native: { 'aws.config': 'Test::Grant' },
      owner: (n) => ({ id: n.id.replace(/\/grant\/.*$/, '') }),
      multiple: true,
      readings: { public: { 'aws.config': at('/public').bool() } },
    },
  },
  dependsOn: {
    block: {
      mapping: 'aws/test-block',
      on: (n) => (n.account === undefined ? undefined : { id: `block/${n.account}` }),
    },
  },
  facts: {
    public_read: (parts) => {
      const open = parts.read<boolean>('open');
      if (open.state === 'unknown' || !open.value) return open;
      const block = parts.dependency('block')?.get<boolean>('blocked');
      if (block === undefined) return { state: 'assumed', value: true, because: 'the account block was never seen' };
      if (block.state === 'unknown') return block;
      return block.value ? { ...block, value: false } : open;
    },
    versioned: is({ 'aws.config': at('/versioned').bool().orDefault(false, url) }),
    encryption: reading('encryption', () => ({ state: 'unknown', why: 'not_collected' })),
    key_rotated_at: is({ 'aws.config': at('/rotated').int() }),
    grants: (parts) => ({
      state: 'known',
      at: '',
      closed: true,
      value: parts.all('grant').map((g) => {
        const seen = g.readings['public'];
        return { public: seen?.state === 'known' && seen.value === true, level: 'read' };
      }),
    }),
  },
});
const blockMapping = defineMapping('aws/test-block', {
  cloud: 'aws',
  kind: null,
  title: 'Account block',
  parts: {
    block: { native: { 'aws.config': 'Test::Block' }, readings: { blocked: { 'aws.config': at('/blocked').bool() } } },
  },
  facts: {},
});
export const registry = makeRegistry([storeMapping, blockMapping]);
/** A later build: it reads elsewhere whether a store is open. */
export const laterRegistry = makeRegistry([
  {
    ...storeMapping,
    parts: Object.fromEntries(
      Object.entries(storeMapping.parts).map(([name, part]) => [
        name,
        name === 'store'
          ? { ...part, readings: { ...part.readings, open: { 'aws.config': at('/really').bool() } } }
          : part,
      ]),
    ),
  },
  blockMapping,
]);

/** One document of the test form. */
export interface Doc {
  readonly type: 'Test::Store' | 'Test::StorePolicy' | 'Test::Grant' | 'Test::Block' | 'Test::Unmapped';
  readonly id: string;
  /** Seconds after nine; the version. */
  readonly at: number;
  readonly body?: Json;
  readonly deleted?: boolean;
  readonly account?: string;
  readonly tags?: { readonly [key: string]: string };
  /** Overrides the version. */
  readonly orderKey?: string;
  readonly actor?: string;
}

export const testForm: DocumentForm = {
  id: 'test',
  title: 'Test documents',
  dialect: 'aws.config',
  detect: (d) => typeof d === 'object' && d !== null && 'type' in d,
  read: (document, options): readonly NativeResource[] => {
    const doc = document as unknown as Doc; // the tests write it
    const account = doc.account ?? options.account ?? '111122223333';
    return [
      {
        dialect: 'aws.config',
        cloud: 'aws',
        type: doc.type,
        id: doc.id,
        name: doc.id,
        account,
        region: 'eu-central-1',
        body: doc.body ?? {},
        pointer: '/body',
        tags: {
          state: 'known',
          value: Object.entries(doc.tags ?? {}).map(([key, value]) => ({ key, value })),
          closed: true,
          at: '/tags',
        },
        complete: false,
        deleted: doc.deleted ?? false,
        orderKey: doc.orderKey ?? options.orderKey ?? t(doc.at),
        changedAt: t(doc.at),
        ...(doc.actor === undefined ? {} : { actor: doc.actor }),
      },
    ];
  },
};

/** A change with one test document. */
export function change(doc: Doc, more: Partial<Pick<Change, 'source' | 'origin' | 'readKey' | 'sweep'>> = {}): Change {
  const base = {
    type: 'change',
    version: 1,
    source: more.source ?? 'aws.config',
    origin: more.origin ?? 'event',
    receivedAt: t(doc.at + 2),
    content: { is: 'document', form: 'test', document: doc as unknown as Json }, // plain JSON by construction
    ...(more.readKey === undefined ? {} : { readKey: more.readKey }),
    ...(more.sweep === undefined ? {} : { sweep: more.sweep }),
  } as const;
  return { ...base, changeId: changeIdOf(base) };
}

const yaml = (id: string, severity: string, body: string): string => `id: store.${id}
title: ${id.replaceAll('-', ' ')}
severity: ${severity}
kind: store
${body}
frameworks: { soc2: [CC6.1] }
remediation: Fix it.
`;
/** Policies of the test kind, by id. */
export const POLICIES = {
  'not-public': yaml(
    'not-public',
    'critical',
    'require:\n  - { id: not-public, says: nobody outside can read, that: { fact: public_read, is: false } }\n  - { id: no-public-grant, says: no grant is public, that: { none: grants, that: { field: public, is: true } } }',
  ),
  versioned: yaml(
    'versioned',
    'medium',
    'require:\n  - { id: versioned, says: can be recovered, that: { fact: versioned, is: true } }',
  ),
  'encrypted-in-production': yaml(
    'encrypted-in-production',
    'high',
    'applies_when: { fact: environment, is: production }\nrequire:\n  - { id: key, says: under our key, that: { fact: encryption, is: customer_key } }',
  ),
  'key-rotated': yaml(
    'key-rotated',
    'low',
    'require:\n  - { id: rotated, says: rotated within 30 days, that: { any: [{ fact: key_rotated_at, is: none }, { not: { fact: key_rotated_at, older_than_days: 30 } }] } }',
  ),
} as const;
export type PolicyName = keyof typeof POLICIES;

const bundles = new Map<string, Bundle>();
/** A bundle of some of the policies; `salt` makes another bundle of the same. Compiled once. */
export function bundle(
  names: readonly PolicyName[] = ['not-public', 'versioned', 'encrypted-in-production'],
  salt = 0,
): Bundle {
  const key = `${names.join()} ${salt}`;
  const made = bundles.get(key) ?? compile(names, salt);
  bundles.set(key, made);
  return made;
}
function compile(names: readonly PolicyName[], salt: number): Bundle {
  return bundleOf(
    names.map((name) => compilePolicy({ file: `${name}.yaml`, yaml: POLICIES[name] }, [store])),
    new Uint8Array([0, 0x61, 0x73, 0x6d, salt]),
  );
}

export interface WorldOptions {
  readonly policies?: readonly PolicyName[];
  readonly readBack?: { readonly [cloud: string]: ReadBack };
  /** The mappings of the build. */
  readonly registry?: Registry;
  /** How a bundle becomes an engine; the default evaluates the clauses themselves. */
  readonly loadEngine?: (bundle: Bundle) => Engine;
  /** Told of what is kept of the changes. */
  readonly keep?: (told: Change) => void;
  /** Wraps a port, for tests that interleave or kill. */
  readonly wrap?: <T extends object>(port: T) => T;
  /** State that outlives a process: stores, bus, queues. */
  readonly state?: WorldState;
}
export type WorldState = ReturnType<typeof makeWorldState>;

/** What outlives the functions. */
export function makeWorldState() {
  const resources = makeMemoryResourceStore();
  const stream: ResourceState[] = [];
  resources.onCommit((state) => void stream.push(state));
  return {
    clock: makeMemoryClock(NOON),
    resources,
    stream,
    findings: makeMemoryFindingStore(),
    policies: makeMemoryPolicyStore(),
    exceptions: makeMemoryExceptionStore(),
    bus: makeMemoryBus(),
    rejudge: makeMemoryQueue<Rejudge>(),
    quarantine: makeMemoryQuarantine(),
  };
}

/** One process with its five stages over the state. */
export function makeWorld(options: WorldOptions = {}) {
  const state = options.state ?? makeWorldState();
  const wrap = options.wrap ?? (<T extends object>(port: T): T => port);
  const resources: ResourceStore = wrap(state.resources);
  const exceptions: ExceptionStore = wrap(state.exceptions);
  const findings: FindingStore = wrap(state.findings);
  const policies: PolicyStore = wrap(state.policies);
  const bus: EventBus = wrap(state.bus);
  const rejudge: Queue<Rejudge> = wrap(state.rejudge);
  const bad: unknown[] = [];
  const active = makeActiveSource({
    policies,
    loadEngine: async (b) => (options.loadEngine ?? ((of) => makeMeaningEngine(of, [store])))(b),
    onBad: (_activation, error) => void bad.push(error),
  });
  const normalize = makeNormalize({
    forms: [testForm],
    registry: options.registry ?? registry,
    readBack: options.readBack ?? {},
    quarantine: state.quarantine,
    clock: state.clock,
    ...(options.keep === undefined ? {} : { keep: options.keep }),
  });
  const evaluate = makeEvaluate({
    resources,
    exceptions,
    active,
    registry: options.registry ?? registry,
    clock: state.clock,
  });
  const record = makeRecord({ resources });
  const judge = makeJudge({ evaluate, record, active });
  const publish = makePublish({
    resources,
    findings,
    bus,
    rejudge,
    policy: async (id) => (await active.current())?.engine.manifest.policies.find((p) => p.id === id),
    version: '0.0.0',
  });

  const judgeAgain = async (messages: readonly Rejudge[]): Promise<void> => {
    for (const m of messages) await judge({ resourceId: m.resourceId, updates: [], rejudge: [m] });
  };
  /** Judges a batch of changes; the outcome of each. */
  const deliver = async (...changes: readonly Change[]): Promise<readonly Outcome[]> => {
    await active.refresh();
    const { work, outcomes } = await normalize(changes);
    const all = [...outcomes];
    for (const w of work) all.push(...(await judge(w)).outcomes);
    return settle(all);
  };
  /** Publishes everything that the stream holds and re-judges until nothing moves. */
  const drain = async (): Promise<void> => {
    for (let steps = 0; steps < 10_000; steps++) {
      const image = state.stream.shift();
      if (image === undefined) {
        const messages = state.rejudge.take();
        if (messages.length === 0) return;
        await judgeAgain(messages);
      } else await publish(image);
    }
    throw new Error('it goes on for ever');
  };
  /** Makes a bundle and a context configuration active. */
  const activate = async (b: Bundle = bundle(options.policies), context = DEFAULT_CONTEXT): Promise<void> => {
    const before = await state.policies.active();
    const sequence = (before?.sequence ?? 0) + 1;
    const hashes = { bundle: await state.policies.putBundle(b), context: await state.policies.putContext(context) };
    await state.policies.activate({
      sequence,
      ...hashes,
      bundleSequence: before?.bundle === hashes.bundle ? before.bundleSequence : sequence,
      contextSequence: before?.context === hashes.context ? before.contextSequence : sequence,
      activatedAt: instant(state.clock.now()),
    });
  };
  return {
    ...state,
    state,
    active,
    normalize,
    evaluate,
    record,
    judge,
    publish,
    deliver,
    drain,
    activate,
    judgeAgain,
    bad,
  };
}
