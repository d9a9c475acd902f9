import { describe, expect, it } from 'vitest';
import { makeMemoryPolicyStore } from '../../../shared/adapters/memory/policy-store.ts';
import { makeMemoryClock } from '../../../shared/adapters/memory/services.ts';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { isSettled, makeActiveSource, MAX_BATCH_MS } from '../../../shared/pipeline/active.ts';
import { release, rollback } from '../../../shared/pipeline/release.ts';
import type { PolicyStore } from '../../../shared/ports/policy-store.ts';
import { makeMeaningEngine } from '../../../shared/pipeline/meaning-engine.ts';
import { bundle, NOON, store } from '../../support/world.ts';

const [one, two, three] = [bundle(['versioned']), bundle(['not-public']), bundle(['not-public'], 3)];
const otherContext = { ...DEFAULT_CONTEXT, accounts: { '1': { owner: 'team-a' } } };

function setUp(policies: PolicyStore & { corrupt?: (hash: string) => void } = makeMemoryPolicyStore()) {
  const loaded: string[] = [];
  const bad: string[] = [];
  const source = makeActiveSource({
    policies,
    loadEngine: async (b) => {
      loaded.push(b.manifest.policies[0]?.id ?? '');
      if (b === three) throw new AppError('POLICY_LOAD_FAILED', 'refused');
      return makeMeaningEngine(b, [store]);
    },
    onBad: (activation, error) => void bad.push(`${activation.sequence} ${(error as AppError).code}`),
  });
  return { policies, source, loaded, bad, deps: { policies, clock: makeMemoryClock(NOON) } };
}

describe('releasing', () => {
  it('numbers go up by one with each activation, a rollback too', async () => {
    const { deps, policies } = setUp();
    const first = await release(deps, { bundle: one, context: DEFAULT_CONTEXT, by: 'ann' });
    const second = await release(deps, { bundle: two });
    const third = await release(deps, { context: otherContext });
    const fourth = await rollback(deps, { by: 'bob' });
    expect([first, second, third, fourth].map((a) => [a.sequence, a.bundleSequence, a.contextSequence])).toEqual([
      [1, 1, 1],
      [2, 2, 1],
      [3, 2, 3],
      [4, 4, 4],
    ]);
    expect(fourth).toMatchObject({ bundle: first.bundle, context: first.context, by: 'bob' });
    expect(await policies.active()).toEqual(fourth);
    expect((await rollback(deps, { sequence: 3 })).context).toBe(third.context);
  });

  it('go back from what somebody wrote by hand, which is in no history', async () => {
    const { deps, policies } = setUp();
    const first = await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    const forged = { ...first, sequence: 2, bundleSequence: 2, bundle: '0'.repeat(64) };
    await policies.activate(forged);
    const activations = async (limit: number) =>
      (await policies.activations(limit)).filter((a) => a.bundle !== forged.bundle);
    const back = await rollback({ ...deps, policies: { ...policies, activations } });
    expect(back).toMatchObject({ bundle: first.bundle, sequence: 3 });
    expect(await policies.active()).toEqual(back);
  });

  it('releases nothing twice', async () => {
    const { deps } = setUp();
    const first = await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    expect(await release(deps, { bundle: one })).toEqual(first);
  });

  it('refuses a first release of half, and a way back to nowhere', async () => {
    const { deps } = setUp();
    await expect(release(deps, { bundle: one })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    await expect(rollback(deps)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(rollback(deps, { sequence: 9 })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

describe('what is active', () => {
  it('is nothing before the first release, and follows it when asked', async () => {
    const { source, deps } = setUp();
    expect(await source.current()).toBeUndefined();
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    expect(await source.current()).toBeUndefined();
    expect((await source.refresh())?.activation.sequence).toBe(1);
    await release(deps, { bundle: two });
    expect((await source.current())?.activation.sequence).toBe(1);
    expect((await source.refresh())?.engine.manifest.policies[0]?.id).toBe('store.not-public');
  });

  it('loads a bundle once, also when only the context changes', async () => {
    const { source, deps, loaded } = setUp();
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    await source.refresh();
    await source.refresh();
    await release(deps, { context: otherContext });
    expect((await source.refresh())?.context).toEqual(otherContext);
    expect(loaded).toHaveLength(1);
  });

  it('stays the last good one when a bundle is not what its hash says, and recovers', async () => {
    const { source, deps, policies, bad, loaded } = setUp();
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    await source.refresh();
    const { bundle: hash } = await release(deps, { bundle: two });
    policies.corrupt?.(hash);
    expect((await source.refresh())?.activation.sequence).toBe(1);
    expect((await source.refresh())?.activation.sequence).toBe(1);
    expect(bad).toEqual(['2 POLICY_LOAD_FAILED']);
    expect(loaded).toEqual(['store.versioned']);
    await rollback(deps);
    expect((await source.refresh())?.activation).toMatchObject({ sequence: 3 });
  });

  it('is the last good one in a process that starts after it, too', async () => {
    const { source, deps, policies, bad } = setUp();
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    const { bundle: hash } = await release(deps, { bundle: two });
    policies.corrupt?.(hash);
    expect((await source.refresh())?.activation.sequence).toBe(1);
    expect(bad).toEqual(['2 POLICY_LOAD_FAILED']);
    await rollback(deps);
    expect((await source.refresh())?.activation.sequence).toBe(3);
  });

  it('throws where there is no good one to stay with', async () => {
    const { source, deps, policies, bad } = setUp();
    const { bundle: hash } = await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    policies.corrupt?.(hash);
    await expect(source.refresh()).rejects.toMatchObject({ code: 'POLICY_LOAD_FAILED' });
    await expect(source.refresh()).rejects.toMatchObject({ code: 'POLICY_LOAD_FAILED' });
    expect(bad).toHaveLength(2);
  });

  it('does not blame the bundle for a store that does not answer', async () => {
    const memory = makeMemoryPolicyStore();
    let down = false;
    const flaky: PolicyStore = {
      ...memory,
      bundle: async (hash) => {
        if (down) throw new AppError('STORE_UNAVAILABLE', 'down');
        return memory.bundle(hash);
      },
    };
    const { source, deps, bad } = setUp(flaky);
    await release(deps, { bundle: one, context: DEFAULT_CONTEXT });
    await source.refresh();
    await release(deps, { bundle: two });
    down = true;
    await expect(source.refresh()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    down = false;
    expect((await source.refresh())?.activation.sequence).toBe(2);
    expect(bad).toEqual([]);
  });

  it('is settled when no batch from before it can be under way', () => {
    const activation = { activatedAt: new Date(NOON).toISOString() } as Parameters<typeof isSettled>[0];
    expect(isSettled(activation, NOON + MAX_BATCH_MS - 1)).toBe(false);
    expect(isSettled(activation, NOON + MAX_BATCH_MS)).toBe(true);
  });
});
