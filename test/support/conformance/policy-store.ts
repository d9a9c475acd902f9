import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import { bundleHash, bundleOf } from '../../../shared/policy/bundle.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import type { Activation, PolicyStore } from '../../../shared/ports/policy-store.ts';
import { bundle, POLICIES, store as kind } from '../world.ts';

const activation = (sequence: number, bundleId: string): Activation => ({
  sequence,
  bundle: bundleId,
  bundleSequence: sequence,
  context: 'c',
  contextSequence: 1,
  activatedAt: '2026-11-25T12:00:00.000Z',
  by: 'ann',
});

/** What every PolicyStore holds. `make` gives an empty store and a way to spoil what is stored under a hash. */
export function policyStoreSuite(
  title: string,
  make: () => Promise<{ readonly store: PolicyStore; readonly spoil: (hash: string) => Promise<void> }>,
): void {
  describe(`${title}: PolicyStore`, () => {
    it('gives back bundles, large ones too, and context configurations', async () => {
      const { store } = await make();
      // Not compressible: several chunks.
      let seed = 1;
      const wasm = new Uint8Array(900 * 1024).map(() => (seed = (seed * 48_271) % 2_147_483_647) & 255);
      const large = bundleOf([compilePolicy({ file: 'p', yaml: POLICIES.versioned }, [kind])], wasm);
      const hash = await store.putBundle(large);
      expect(hash).toBe(bundleHash(large.manifest));
      await store.putBundle(large);
      const read = await store.bundle(hash);
      expect(read?.manifest).toEqual(large.manifest);
      expect(Buffer.compare(Buffer.from(read?.wasm ?? []), Buffer.from(wasm))).toBe(0);
      expect(await store.bundle('0'.repeat(64))).toBeUndefined();

      const context = await store.putContext(DEFAULT_CONTEXT);
      expect(await store.context(context)).toEqual(DEFAULT_CONTEXT);
      expect(await store.context('0'.repeat(64))).toBeUndefined();
    });

    it('refuses a bundle that is not what its hash says', async () => {
      const { store, spoil } = await make();
      const hash = await store.putBundle(bundle());
      await spoil(hash);
      await expect(store.bundle(hash)).rejects.toMatchObject({ code: 'POLICY_LOAD_FAILED', retryable: false });
    });

    it('activates one after the other, and of two that race one', async () => {
      const { store } = await make();
      expect(await store.active()).toBeUndefined();
      expect(await store.activations(5)).toEqual([]);
      expect(await store.activate(activation(2, 'a'))).toBe(false);
      expect(await store.activate(activation(1, 'a'))).toBe(true);
      expect(await store.activate(activation(1, 'b'))).toBe(false);
      const race = await Promise.all(['b', 'c', 'd'].map((b) => store.activate(activation(2, b))));
      expect(race.filter(Boolean)).toHaveLength(1);
      const winner = ['b', 'c', 'd'][race.indexOf(true)] ?? '';
      expect(await store.active()).toEqual(activation(2, winner));
      expect(await store.activations(5)).toEqual([activation(2, winner), activation(1, 'a')]);
      expect(await store.activations(1)).toEqual([activation(2, winner)]);
      const shadowed = { ...activation(3, winner), shadow: ['store.not-public', 'store.versioned'] };
      expect(await store.activate(shadowed)).toBe(true);
      expect(await store.active()).toEqual(shadowed);
      expect(await store.activations(1)).toEqual([shadowed]);
    });
  });
}
