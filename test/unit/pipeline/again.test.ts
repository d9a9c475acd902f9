import { describe, expect, it } from 'vitest';
import { DEFAULT_CONTEXT } from '../../../shared/mappings/context.ts';
import { firstRevision } from '../../../shared/model/resource.ts';
import { bundle, change, makeWorld, NOON, t } from '../../support/world.ts';

const DAY = 86_400_000;
const store = { type: 'Test::Store', id: 's1', at: 0 } as const;
const causes = (w: ReturnType<typeof makeWorld>): unknown[] =>
  w.bus.events.map((e) => [
    e.detailType,
    e.time,
    (e.detail.edict as { cause?: { is: string } }).cause?.is,
    (e.detail.edict as { resolution?: string }).resolution,
  ]);
const again = (cause: 'clock' | 'activation') => ({ type: 'rejudge', version: 1, resourceId: 's1', cause }) as const;

describe('judging again without a document', () => {
  it('time flips a verdict at its instant, and not before', async () => {
    const w = makeWorld({ policies: ['key-rotated'] });
    await w.activate();
    const rotated = NOON / 1000 - 29 * 86_400;
    await w.deliver(change({ ...store, body: { rotated } }));
    await w.drain();
    const flipsAt = rotated + 30 * 86_400 + 1;
    expect(w.resources.all()[0]?.nextFlipAt).toBe(flipsAt);

    w.clock.set(flipsAt * 1000 - 1);
    await w.judgeAgain([again('clock')]);
    await w.drain();
    expect([w.bus.events.length, w.resources.all()[0]?.revision]).toEqual([0, firstRevision(NOON)]);

    w.clock.set(flipsAt * 1000 + 5000);
    await w.judgeAgain([again('clock'), again('clock')]);
    await w.drain();
    expect(causes(w)).toEqual([['FindingOpened.v1', new Date(flipsAt * 1000).toISOString(), 'clock', undefined]]);
    const [item] = w.resources.all();
    expect(item?.verdicts['store.key-rotated']?.verdict).toBe('violation');
    expect(item?.nextFlipAt).toBeUndefined();
  });

  it('a released policy opens findings, a retired one closes them, each with the activation as its cause', async () => {
    const w = makeWorld();
    await w.activate(bundle(['not-public']));
    await w.deliver(change({ ...store, body: { open: true, versioned: false } }));
    await w.drain();
    w.clock.advance(DAY);
    await w.activate(bundle(['versioned']));
    await w.active.refresh();
    await w.judgeAgain([again('activation')]);
    await w.drain();
    const activatedAt = new Date(NOON + DAY).toISOString();
    expect(causes(w)).toEqual([
      ['FindingOpened.v1', t(0), 'change', undefined],
      ['FindingOpened.v1', activatedAt, 'bundle', undefined],
      ['FindingResolved.v1', activatedAt, 'bundle', 'policy_retired'],
    ]);
  });

  it('a context configuration that changes is its own cause', async () => {
    const w = makeWorld({ policies: ['encrypted-in-production'] });
    await w.activate();
    await w.deliver(change({ ...store, account: 'acc' }));
    await w.deliver(change({ type: 'Test::StorePolicy', id: 's1/policy', at: 1, body: { encryption: 'none' } }));
    await w.drain();
    expect(w.resources.all()[0]?.verdicts['store.encrypted-in-production']?.verdict).toBe('not_applicable');
    await w.activate(bundle(['encrypted-in-production']), {
      ...DEFAULT_CONTEXT,
      accounts: { acc: { environment: 'production', owner: 'team-a' } },
    });
    await w.active.refresh();
    await w.judgeAgain([again('activation')]);
    await w.drain();
    expect(causes(w).at(-1)).toEqual(['FindingOpened.v1', new Date(NOON).toISOString(), 'context', undefined]);
    expect(w.findings.all()[0]?.resource).toMatchObject({ environment: 'production', owner: 'team-a' });
  });

  it('a document that comes with a new bundle tells both causes apart', async () => {
    const w = makeWorld();
    await w.activate(bundle(['not-public']));
    await w.deliver(change({ ...store, body: { open: false, versioned: false } }));
    await w.drain();
    await w.activate(bundle(['not-public', 'versioned']));
    await w.deliver(change({ ...store, at: 10, body: { open: true, versioned: false } }));
    await w.drain();
    expect(causes(w)).toEqual([
      ['FindingOpened.v1', new Date(NOON).toISOString(), 'bundle', undefined],
      ['FindingOpened.v1', t(10), 'change', undefined],
    ]);
    expect(w.resources.all()[0]?.revision).toBe(firstRevision(NOON) + 1);
  });

  it('every item is stamped with the activation, also one whose verdicts stay, and a dependency', async () => {
    const w = makeWorld();
    await w.activate();
    await w.deliver(change(store), change({ type: 'Test::Block', id: 'block/x', at: 0, account: 'x' }));
    await w.activate(bundle(undefined, 7));
    await w.active.refresh();
    await w.judgeAgain(w.resources.all().map(({ id }) => ({ ...again('activation'), resourceId: id })));
    expect(w.resources.all().map((r) => r.judgedBy.activation)).toEqual([2, 2]);
  });

  it('a resource that is not there is not made', async () => {
    const w = makeWorld();
    await w.activate();
    await w.judgeAgain([again('activation'), again('clock')]);
    expect(w.resources.all()).toEqual([]);
  });

  it('nothing is judged before the first release, and everything after it', async () => {
    const w = makeWorld();
    await w.deliver(change({ ...store, body: { open: true } }));
    expect(w.resources.all()[0]).toMatchObject({ verdicts: {}, judgedBy: { activation: 0 } });
    expect(w.resources.all()[0]?.facts['public_read']).toBe(true);
    await w.activate();
    await w.active.refresh();
    await w.judgeAgain([again('activation')]);
    expect(w.resources.all()[0]?.verdicts['store.not-public']?.verdict).toBe('violation');
  });

  it('a projection that is far behind makes judging wait, and loses nothing', async () => {
    const w = makeWorld({ policies: ['not-public'] });
    await w.activate();
    for (let i = 0; i <= 100; i++) await w.deliver(change({ ...store, at: i, body: { open: i % 2 === 0 } }));
    const outcome = w.deliver(change({ ...store, at: 200, body: { open: false } }));
    await expect(outcome).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await w.drain();
    await w.deliver(change({ ...store, at: 200, body: { open: false } }));
    await w.drain();
    expect(w.bus.events).toHaveLength(102);
  });
});
