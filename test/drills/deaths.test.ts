import { describe, expect } from 'vitest';
import { isNews } from '../../shared/adapters/slack/message.ts';
import { isTransition } from '../../cli/stack/bus-watch.ts';
import { transitionId } from '../../shared/model/finding.ts';
import { count, drill } from '../support/drill.ts';
import { type FunctionName, FUNCTIONS, makeService } from '../support/service.ts';
import { bundle, type Doc } from '../support/world.ts';
import { dying, IMMORTAL, type Life } from '../support/interference.ts';

const STORY: readonly Doc[] = [
  { type: 'Test::Block', id: 'block/111122223333', at: 1, body: { blocked: false } },
  { type: 'Test::Store', id: 's1', at: 2, body: { open: true, versioned: true }, tags: { env: 'prod' } },
  { type: 'Test::StorePolicy', id: 's1/policy', at: 3, body: { encryption: 'none' } },
  { type: 'Test::Store', id: 's2', at: 3, body: { open: true, versioned: false } },
  { type: 'Test::Unmapped', id: 'x', at: 3 },
  { type: 'Test::Store', id: 'future', at: 3, orderKey: '2099-01-01T00:00:00.000Z' },
];
const LATER: readonly Doc[] = [
  { type: 'Test::Block', id: 'block/111122223333', at: 10, body: { blocked: true } },
  { type: 'Test::Store', id: 's2', at: 11, deleted: true },
  { type: 'Test::Store', id: 's1', at: 12, body: { open: true, versioned: false }, tags: { env: 'prod' } },
];

/** The whole story: changes, an activation, more changes; and what stands, is open, and was told in the end. */
async function run(start: (name: FunctionName) => Life) {
  const service = makeService({ start });
  await service.activate(bundle(['not-public', 'versioned']));
  for (const doc of STORY) await service.tell(doc);
  await service.settle();
  await service.activate(bundle());
  for (const doc of LATER) await service.tell(doc);
  await service.settle();
  expect(service.dead).toEqual([]);
  // Which verdicts were crossed depends on what was judged together; that each was told, and no other, does not.
  const rows = new Set<string>();
  for (const finding of service.findings.all())
    for (const t of await service.findings.history(finding.id)) rows.add(transitionId(finding.id, t));
  const events = new Set(service.bus.events.map(({ id }) => id));
  expect([...events].sort()).toEqual([...rows].sort());
  const news = new Set(
    service.bus.events
      .filter(isTransition)
      .filter(isNews)
      .map(({ id }) => id),
  );
  expect([...service.told].sort()).toEqual([...news].sort());
  return {
    same: { end: service.end(), open: service.open(), quarantined: [...service.quarantine.kept.keys()].sort() },
    told: service.told.size,
    repeats: service.bus.events.length - events.size,
  };
}

/** The lives of all functions, of which one is dying. */
function dyingOf(name: FunctionName, at: number, after: boolean) {
  const { seen, start } = dying(at, after);
  return { seen, start: (started: FunctionName): Life => (started === name ? start() : IMMORTAL) };
}

describe('sudden death', () => {
  drill(
    {
      id: 'deaths',
      done: 'Every function (ingest, evaluate, project, re-judge, notify-slack) is killed at each of its calls of a port once, before the call takes effect and once after it; its messages come again to a new process',
      holds:
        'the items, the open findings, the set of events told and what is quarantined are those of a run in which nobody dies; nothing becomes a dead letter',
    },
    async () => {
      const calm = await run(() => IMMORTAL);
      expect(calm.told).toBeGreaterThan(3);
      expect(calm.same.quarantined).toHaveLength(1);
      expect(calm.repeats).toBe(0);
      const said: string[] = [];
      let deaths = 0;
      let repeated = 0;
      for (const name of FUNCTIONS) {
        const { seen, start } = dyingOf(name, 0, false);
        await run(start);
        expect(seen.calls).toBeGreaterThan(1);
        said.push(`${name} ${count(seen.calls)}`);
        for (let at = 1; at <= seen.calls; at++)
          for (const after of [false, true]) {
            const one = dyingOf(name, at, after);
            const { same, repeats } = await run(one.start);
            expect(one.seen.died, `${name} at ${at}`).toBe(true);
            expect({ at, after, name, ...same }).toEqual({ at, after, name, ...calm.same });
            deaths += 1;
            repeated += repeats;
          }
      }
      return `${count(deaths)} deaths at ${said.join(', ')} calls: the same end each time; ${count(repeated)} events were published a second time, under the id that they had`;
    },
  );
});
