import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Change } from '../../shared/model/change.ts';
import { findingId } from '../../shared/model/finding.ts';
import { historyArb } from '../support/histories.ts';
import { receivedAt, replayed, told } from '../support/replay.ts';
import { change, makeWorld, t } from '../support/world.ts';

const POLICIES = ['not-public', 'versioned', 'encrypted-in-production'] as const;

it('a replay under the policies that were in force tells what the service told, in every word', async () => {
  await fc.assert(
    fc.asyncProperty(historyArb, fc.array(fc.nat(20), { maxLength: 14 }), async (docs, delays) => {
      const arrivals = docs
        .map((doc, i) => receivedAt(change(doc), doc.at + (delays[i] ?? 0) + i / 1000))
        .toSorted((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1));
      const kept: Change[] = [];
      const world = makeWorld({ keep: (k) => void kept.push(k) });
      world.clock.set(Date.parse(t(-1)));
      await world.activate();
      for (const arrived of arrivals) {
        world.clock.set(Date.parse(arrived.receivedAt));
        await world.deliver(arrived);
        await world.drain();
      }

      const { findings } = await replayed(kept.toReversed(), POLICIES);

      const services = await Promise.all(
        world.findings.all().map(async ({ id }) => [id, (await world.findings.history(id)).map(told)]),
      );
      const replays = findings.map((f) => [findingId(f.policy, f.resource.id), f.timeline.map(told)]);
      const sorted = (rows: readonly unknown[]) => rows.map((r) => JSON.stringify(r)).toSorted();
      expect(sorted(replays)).toEqual(sorted(services));
    }),
    { numRuns: 150 },
  );
});
