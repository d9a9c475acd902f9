import { describe, expect, it } from 'vitest';
import type { FindingTransitionEvent } from '../../../shared/model/finding-event.ts';
import { revokeException } from '../../../shared/pipeline/exceptions.ts';
import { ann, ben, decidedOf, granted, requested, store, tell } from '../../support/exceptions.ts';
import { Gate } from '../../support/interference.ts';
import { change, makeWorld, NOON, t, type WorldOptions } from '../../support/world.ts';

const DAY_MS = 86_400_000;
const open = (at: number, body: object = {}) =>
  change({ type: 'Test::Store', id: 's1', at, body: { open: true, versioned: true, ...body }, actor: 'carl' });

async function world(options: WorldOptions = {}) {
  const made = makeWorld({ policies: ['not-public', 'versioned'], ...options });
  await made.activate();
  await made.deliver(change({ type: 'Test::Block', id: 'block/111122223333', at: 0, body: { blocked: false } }));
  await made.deliver(open(1));
  await made.drain();
  return made;
}
type Made = Awaited<ReturnType<typeof world>>;
const finding = (w: Made, policy = 'store.not-public') => w.findings.all().find((f) => f.policy === policy);
const told = (w: Made) =>
  w.bus.events
    .filter((e): e is FindingTransitionEvent => e.detailType !== 'FindingsBaselined.v1')
    .map(({ detailType, detail: { edict } }) => [detailType, edict.status, edict.cause.is]);

/** Grants an exception to what stands. */
async function except(w: Made, more: Partial<Parameters<typeof granted>[0]> = {}) {
  const exception = granted({ decided: await decidedOf(w.state), nowMs: w.clock.now(), ...more });
  await store(w.state, exception);
  await w.drain();
  return exception;
}

describe('an exception', () => {
  it('is an overlay: the verdict is still there, the finding is excepted, and who owns it until when is told', async () => {
    const w = await world();
    const exception = await except(w);
    expect(finding(w)).toMatchObject({
      status: 'excepted',
      verdict: 'violation',
      openings: 1,
      last: {
        cause: { is: 'exception', turn: 'granted', exceptionId: exception.id, owner: 'team-web' },
        trueAt: exception.approvedAt,
        exception: { id: exception.id, owner: 'team-web', until: exception.expiresAt },
      },
    });
    const last = w.bus.events.at(-1) as FindingTransitionEvent;
    expect(last.detailType).toBe('FindingChanged.v1');
    expect(last.detail).toMatchObject({ status_id: 3, status: 'Suppressed', compliance: { status: 'Fail' } });
    expect(last.detail.edict).toMatchObject({ from: 'violation', to: 'violation', status: 'excepted' });
    expect(last.detail.edict.exception).toEqual({
      id: exception.id,
      owner: 'team-web',
      until: exception.expiresAt,
    });
  });

  it('that is only asked for changes nothing', async () => {
    const w = await world();
    await store(w.state, requested({ decided: await decidedOf(w.state) }));
    await w.drain();
    expect(finding(w)?.status).toBe('open');
    expect(told(w)).toHaveLength(1);
  });

  it('that nobody but its author approved, written past the rules, grants nothing', async () => {
    const w = await world();
    const exception = await except(w);
    w.exceptions.spoil(exception.id, { approvedBy: ann });
    await tell(w.state, exception);
    await w.drain();
    expect(finding(w)?.status).toBe('open');
  });

  it('is voided by a change that matters, which names who made it, and holds again for what was accepted', async () => {
    const w = await world();
    const exception = await except(w);
    await w.deliver(change({ type: 'Test::Grant', id: 's1/grant/a', at: 5, body: { public: true }, actor: 'mallory' }));
    await w.drain();
    const voided = finding(w);
    expect(voided).toMatchObject({ status: 'open', verdict: 'violation', openings: 1 });
    expect(voided?.last).toMatchObject({
      cause: { is: 'exception', turn: 'voided', exceptionId: exception.id, owner: 'team-web', actor: 'mallory' },
      trueAt: t(5),
    });
    expect(voided?.last.exception).toBeUndefined();
    expect(told(w).at(-1)).toEqual(['FindingChanged.v1', 'open', 'exception']);

    await w.deliver(change({ type: 'Test::Grant', id: 's1/grant/a', at: 6, body: { public: true }, deleted: true }));
    await w.drain();
    expect(finding(w)).toMatchObject({ status: 'excepted', last: { cause: { is: 'change' } } });
  });

  it('is not voided by a change that does not', async () => {
    const w = await world();
    await except(w);
    const before = told(w).length;
    // A grant that is not public, a policy that this one does not read, a tag, and a fact of another policy.
    await w.deliver(
      change({ type: 'Test::Grant', id: 's1/grant/b', at: 5, body: { public: false } }),
      change({ type: 'Test::StorePolicy', id: 's1/policy', at: 6, body: { encryption: 'none' } }),
      change({ type: 'Test::Store', id: 's1', at: 7, body: { open: true, versioned: true }, tags: { a: 'b' } }),
    );
    await w.drain();
    expect(finding(w)?.status).toBe('excepted');
    expect(
      told(w)
        .slice(before)
        .filter(([type]) => type === 'FindingResolved.v1'),
    ).toEqual([]);
    expect((await w.resources.read('s1'))?.verdicts['store.not-public']?.exception).toBeDefined();
  });

  it('ends with what it permits: what is fixed is resolved by the change, and what comes back as it was is excepted at once', async () => {
    const w = await world();
    await except(w);
    await w.deliver(open(5, { open: false }));
    await w.drain();
    expect(finding(w)).toMatchObject({ status: 'resolved', last: { cause: { is: 'change' }, resolution: 'fixed' } });
    await w.deliver(open(6));
    await w.drain();
    expect(finding(w)).toMatchObject({ status: 'excepted', openings: 2, last: { cause: { is: 'change' } } });
  });

  it('expires at its instant: the finding is open again, and says since when', async () => {
    const w = await world();
    const exception = await except(w, { days: 10 });
    const state = await w.resources.read('s1');
    expect(state?.nextFlipAt).toBe((NOON + 10 * DAY_MS) / 1000);
    w.clock.set(NOON + 10 * DAY_MS - 1000);
    await w.judgeAgain([{ type: 'rejudge', version: 1, resourceId: 's1', cause: 'clock' }]);
    await w.drain();
    expect(finding(w)?.status).toBe('excepted');
    w.clock.set(NOON + 10 * DAY_MS);
    await w.judgeAgain([{ type: 'rejudge', version: 1, resourceId: 's1', cause: 'clock' }]);
    await w.drain();
    expect(finding(w)).toMatchObject({
      status: 'open',
      last: { cause: { is: 'exception', turn: 'expired', exceptionId: exception.id }, trueAt: exception.expiresAt },
    });
    expect((await w.resources.read('s1'))?.nextFlipAt).toBeUndefined();
  });

  it('that is revoked stands no more, and of what was only asked for nobody hears', async () => {
    const w = await world();
    const exception = await except(w);
    const revoked = revokeException(exception, ben, 'the site has moved', NOON + 5000);
    await w.exceptions.put(revoked);
    await tell(w.state, revoked);
    await w.drain();
    expect(finding(w)?.last).toMatchObject({ cause: { is: 'exception', turn: 'revoked' }, trueAt: revoked.revokedAt });
    expect(finding(w)?.status).toBe('open');
  });

  it('with a compensating policy holds only while that is compliant on the resource', async () => {
    const w = await world();
    await except(w, { compensatedBy: 'versioned' });
    expect(finding(w)?.status).toBe('excepted');
    await w.deliver(open(5, { versioned: false }));
    await w.drain();
    expect(finding(w)).toMatchObject({
      status: 'open',
      last: { cause: { is: 'exception', turn: 'compensation_lost', actor: 'carl' } },
    });
    await w.deliver(open(6));
    await w.drain();
    expect(finding(w)?.status).toBe('excepted');
  });

  it('for a selector covers what was seen, only while it is still selected', async () => {
    const w = await world();
    await w.deliver(
      change({ type: 'Test::Store', id: 's1', at: 3, body: { open: true, versioned: true }, tags: { owner: 'web' } }),
    );
    await w.drain();
    await except(w, { scope: { is: 'selector', selector: { owner: 'Web' }, cap: 3 } });
    expect(finding(w)?.status).toBe('excepted');
    // Another of the same owner, with the same facts: nobody saw it.
    await w.deliver(
      change({ type: 'Test::Store', id: 's2', at: 4, body: { open: true, versioned: true }, tags: { owner: 'web' } }),
    );
    await w.drain();
    expect(w.findings.all().find((f) => f.resource.id === 's2')?.status).toBe('open');
    await w.deliver(
      change({ type: 'Test::Store', id: 's1', at: 5, body: { open: true, versioned: true }, tags: { owner: 'other' } }),
    );
    await w.drain();
    expect(finding(w)).toMatchObject({ status: 'open', last: { cause: { is: 'exception', turn: 'voided' } } });
  });

  it('of a resource that is deleted says nothing: the finding ends', async () => {
    const w = await world();
    await except(w);
    await w.deliver(change({ type: 'Test::Store', id: 's1', at: 9, deleted: true }));
    await w.drain();
    expect(finding(w)).toMatchObject({ status: 'resolved', resolution: 'resource_deleted' });
  });
});

describe('an exception and a change at once', () => {
  it('an evaluator that read the exceptions before one was revoked does not commit', async () => {
    const w = await world();
    const exception = await except(w);
    // It has read that the exception stands, and is about to commit a change that does not matter.
    const gate = new Gate('commit', 'before');
    const slow = makeWorld({ state: w.state, policies: ['not-public', 'versioned'], wrap: gate.wrap });
    const delivering = slow.deliver(open(5, { versioned: false }));
    await gate.reached;
    const revoked = revokeException(exception, ben, 'no more', NOON + 1000);
    await w.exceptions.put(revoked);
    await tell(w.state, revoked);
    await w.drain();
    gate.open();
    await delivering;
    await w.drain();
    expect((await w.resources.read('s1'))?.verdicts['store.not-public']?.exception).toBeUndefined();
    expect(finding(w)?.status).toBe('open');
  });

  it('nor does one that read the item after that: it sees that it was revoked', async () => {
    const w = await world();
    const exception = await except(w);
    const gate = new Gate('read', 'before');
    const slow = makeWorld({ state: w.state, policies: ['not-public', 'versioned'], wrap: gate.wrap });
    const delivering = slow.deliver(open(5, { versioned: false }));
    await gate.reached;
    const revoked = revokeException(exception, ben, 'no more', NOON + 1000);
    await w.exceptions.put(revoked);
    await tell(w.state, revoked);
    await w.drain();
    gate.open();
    await delivering;
    expect((await w.resources.read('s1'))?.verdicts['store.not-public']?.exception).toBeUndefined();
  });

  it('nor does one that is about to commit a resource for the first time', async () => {
    const w = await world();
    const decided = await decidedOf(w.state);
    const exception = granted({ decided, resource: 's9' });
    await store(w.state, exception);
    await w.drain();
    const gate = new Gate('commit', 'before');
    const slow = makeWorld({ state: w.state, policies: ['not-public', 'versioned'], wrap: gate.wrap });
    const delivering = slow.deliver(
      change({ type: 'Test::Store', id: 's9', at: 5, body: { open: true, versioned: true } }),
    );
    await gate.reached;
    const revoked = revokeException(exception, ben, 'no more', NOON + 1000);
    await w.exceptions.put(revoked);
    await tell(w.state, revoked);
    await w.drain();
    gate.open();
    await delivering;
    await w.drain();
    expect((await w.resources.read('s9'))?.verdicts['store.not-public']).toMatchObject({ verdict: 'violation' });
    expect((await w.resources.read('s9'))?.verdicts['store.not-public']?.exception).toBeUndefined();
  });
});
