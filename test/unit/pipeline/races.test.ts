import { describe, expect, it } from 'vitest';
import type { ResourceState } from '../../../shared/model/resource.ts';
import { makeReJudgeJobs, type ReJudgeJob } from '../../../shared/adapters/service/re-judge-jobs.ts';
import type { Rejudge } from '../../../shared/model/change.ts';
import { MAX_BATCH_MS } from '../../../shared/pipeline/active.ts';
import type { ResourceStore } from '../../../shared/ports/resource-store.ts';
import { Gate } from '../../support/interference.ts';
import { bundle, change, makeWorld, makeWorldState, NOON, type WorldState } from '../../support/world.ts';

/**
 * Each rule of docs/adr/0003-commit-point.md as a story of two processes, told with the rule and without it: without it
 * the wrong verdict stays. `sabotage` takes the rule out of a store.
 */
type Sabotage = (store: ResourceStore) => Partial<ResourceStore>;
const sabotaged =
  (sabotage: Sabotage | undefined) =>
  <T extends object>(port: T): T =>
    // Only the resource store has a commit.
    sabotage !== undefined && 'commit' in port ? { ...port, ...sabotage(port as unknown as ResourceStore) } : port;

const open = { type: 'Test::Store', id: 's1', at: 0, body: { open: true, versioned: true }, account: 'acc' } as const;
const block = (at: number, blocked: boolean) =>
  change({ type: 'Test::Block', id: 'block/acc', at, body: { blocked }, account: 'acc' });

const verdictOf = (state: WorldState): string | undefined =>
  state.resources.all().find((r) => r.id === 's1')?.verdicts['store.not-public']?.verdict;

async function start(): Promise<WorldState> {
  const state = makeWorldState();
  await makeWorld({ state }).activate();
  return state;
}

describe('a dependency that changes while its dependent is judged', () => {
  /** The evaluator reads the block while it is on and stops before its commit; the block is switched off and told; it goes on. */
  async function story(options: {
    readonly before?: (state: WorldState) => Promise<void>;
    readonly sabotage?: Sabotage;
    readonly wait: 'read' | 'commit';
  }): Promise<WorldState> {
    const state = await start();
    const world = makeWorld({ state });
    await world.deliver(block(-20, true));
    await world.drain();
    await options.before?.(state);

    const gate = new Gate(options.wait === 'read' ? 'addDependent' : 'commit', 'before');
    const slow = makeWorld({ state, wrap: (port) => gate.wrap(sabotaged(options.sabotage)(port)) });
    const working = slow.deliver(change(open));
    await gate.reached;
    await world.deliver(block(-5, false));
    await world.drain();
    gate.open();
    await working;
    await world.drain();
    return state;
  }

  it('a dependent that is new is judged by what the dependency is in the end', async () => {
    expect(verdictOf(await story({ wait: 'commit' }))).toBe('violation');
  });

  it('a dependent that was deleted and comes back is, too', async () => {
    const before = async (state: WorldState): Promise<void> => {
      await makeWorld({ state }).deliver(change({ ...open, at: -10, deleted: true }));
    };
    expect(verdictOf(await story({ wait: 'commit', before }))).toBe('violation');
  });

  it('a dependent that does not seem to change by it is, too', async () => {
    // Closed: whether the block is on makes no difference, until the slow evaluator's document opens it.
    const before = async (state: WorldState): Promise<void> => {
      await makeWorld({ state }).deliver(change({ ...open, at: -10, body: { open: false, versioned: true } }));
    };
    expect(verdictOf(await story({ wait: 'commit', before }))).toBe('violation');
  });

  it('without the edge before the read, the old dependency stays in the verdict', async () => {
    // The edge is noted, but only after the commit: the block's change finds nobody to tell.
    const late: Sabotage = (store) => {
      let notes: (() => Promise<void>)[] = [];
      return {
        addDependent: async (dependent, dependencies) => {
          notes.push(() => store.addDependent(dependent, dependencies));
        },
        commit: async (commit) => {
          const result = await store.commit(commit);
          for (const note of notes) await note();
          notes = [];
          return result;
        },
      };
    };
    expect(verdictOf(await story({ wait: 'commit', sabotage: late }))).toBe('compliant');
  });

  it('without the condition on the revision, the old dependency stays in the verdict', async () => {
    const blind: Sabotage = (store) => ({
      commit: async (commit) => {
        const stored = await store.read(commit.state.id);
        const after = stored?.revision ?? 0;
        return store.commit({ ...commit, after, state: { ...commit.state, revision: after + 1 } });
      },
    });
    expect(verdictOf(await story({ wait: 'commit', sabotage: blind }))).toBe('compliant');
  });

  it('without the commit that changes nothing but the revision, the old dependency stays in the verdict', async () => {
    const state = await start();
    const world = makeWorld({ state });
    await world.deliver(block(-20, true));
    await world.deliver(change({ ...open, at: -10, body: { open: false, versioned: true } }));
    await world.drain();
    const gate = new Gate('commit', 'before');
    const working = makeWorld({ state, wrap: gate.wrap }).deliver(change(open));
    await gate.reached;
    await world.deliver(block(-5, false));
    // The dependents are told, but whoever judges them writes only what changed.
    const lazy: Sabotage = (store) => ({
      commit: async (commit) => {
        const stored = await store.read(commit.state.id);
        const same = (s: ResourceState | undefined): string => JSON.stringify([s?.verdicts, s?.parts]);
        return same(stored) === same(commit.state) ? 'committed' : store.commit(commit);
      },
    });
    await makeWorld({ state, wrap: sabotaged(lazy) }).drain();
    gate.open();
    await working;
    expect(verdictOf(state)).toBe('compliant');
  });
});

describe('an activation while a batch is judged', () => {
  const strict = bundle(['not-public', 'versioned']);
  const lax = bundle(['versioned']);

  /** One round over all segments: how many wishes it enqueued, and whether there will be another. */
  async function round(state: WorldState): Promise<{ readonly enqueued: number; readonly another: boolean }> {
    const jobs: ReJudgeJob[] = [];
    let enqueued = 0;
    const job = makeReJudgeJobs({
      resources: state.resources,
      policies: state.policies,
      exceptions: state.exceptions,
      bus: state.bus,
      nowMs: () => state.clock.now(),
      count: () => undefined,
      log: () => undefined,
      queue: {
        send: async (messages: readonly (ReJudgeJob | Rejudge)[]) => {
          for (const message of messages)
            if ('job' in message) jobs.push(message);
            else {
              enqueued += 1;
              await state.rejudge.send([message]);
            }
        },
      },
    });
    await job({ job: 'activation' });
    return { enqueued, another: jobs.length > 0 };
  }

  /** An evaluator reads the old bundle and stops before its commit; a new one is activated and all resources re-judged once. */
  async function story(
    sabotage?: Sabotage,
  ): Promise<{ readonly state: WorldState; readonly resume: () => Promise<void> }> {
    const state = makeWorldState();
    const world = makeWorld({ state });
    await world.activate(lax);
    await world.deliver(change({ ...open, at: -10, body: { open: true, versioned: true } }));
    const gate = new Gate('commit', 'before');
    const slow = makeWorld({ state, wrap: (port) => gate.wrap(sabotaged(sabotage)(port)) });
    const working = slow.deliver(change({ ...open, body: { open: true, versioned: false } }));
    await gate.reached;
    await world.activate(strict);
    await world.active.refresh();
    await round(state);
    await world.drain();
    return {
      state,
      resume: async () => {
        gate.open();
        await working;
      },
    };
  }

  it('a commit from the old bundle is redone with the new one', async () => {
    const { state, resume } = await story();
    expect(verdictOf(state)).toBe('violation');
    await resume();
    const [item] = state.resources.all();
    expect(item?.judgedBy.activation).toBe(2);
    expect(item?.verdicts['store.not-public']?.verdict).toBe('violation');
    expect(item?.verdicts['store.versioned']?.verdict).toBe('violation');
  });

  it('without the condition on the activation and the revision, the verdicts of the old bundle come back', async () => {
    const blind: Sabotage = (store) => ({
      commit: async (commit) => {
        const stored = await store.read(commit.state.id);
        const judgedBy = { ...commit.state.judgedBy, activation: stored?.judgedBy.activation ?? 0 };
        const after = stored?.revision ?? 0;
        return store.commit({ ...commit, after, state: { ...commit.state, judgedBy, revision: after + 1 } });
      },
    });
    const { state, resume } = await story(blind);
    await resume();
    expect(verdictOf(state)).toBeUndefined();
  });

  it('a resource that is new and was judged by the old bundle is found by the next pass, and passes go on as long as a batch may last', async () => {
    const state = makeWorldState();
    const world = makeWorld({ state });
    await world.activate(lax);
    const gate = new Gate('commit', 'before');
    const working = makeWorld({ state, wrap: gate.wrap }).deliver(change(open));
    await gate.reached;
    await world.activate(strict);
    await world.active.refresh();
    // Nothing is below the new bundle, but that proves nothing yet.
    expect(await round(state)).toEqual({ enqueued: 0, another: true });
    gate.open();
    await working;
    expect(verdictOf(state)).toBeUndefined();
    expect(await round(state)).toEqual({ enqueued: 1, another: true });
    await world.drain();
    expect(verdictOf(state)).toBe('violation');
    expect(await round(state)).toEqual({ enqueued: 0, another: true });
    state.clock.set(NOON + MAX_BATCH_MS);
    expect(await round(state)).toEqual({ enqueued: 0, another: false });
  });
});

describe('two evaluators of one resource', () => {
  it('lose no document, and without the condition on the revision they do', async () => {
    const story = async (sabotage?: Sabotage): Promise<readonly string[]> => {
      const state = await start();
      const gate = new Gate('commit', 'before');
      const slow = makeWorld({ state, wrap: (port) => gate.wrap(sabotaged(sabotage)(port)) });
      const working = slow.deliver(change({ type: 'Test::Grant', id: 's1/grant/a', at: 0, body: { public: true } }));
      await gate.reached;
      await makeWorld({ state }).deliver(change(open));
      gate.open();
      await working;
      return Object.keys(state.resources.all()[0]?.parts ?? {}).sort();
    };
    expect(await story()).toEqual(['grant:s1/grant/a', 'store']);
    const blind: Sabotage = (store) => ({
      commit: async (commit) => {
        const stored = await store.read(commit.state.id);
        const after = stored?.revision ?? 0;
        return store.commit({ ...commit, after, state: { ...commit.state, revision: after + 1 } });
      },
    });
    expect(await story(blind)).toEqual(['grant:s1/grant/a']);
  });
});
