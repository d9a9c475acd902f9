import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../shared/model/finding.ts';
import {
  approveRequest,
  askForException,
  type RequestDeps,
  type RequestWords,
  revokeRequest,
} from '../../../shared/pipeline/exception-requests.ts';
import { ann, ben, policyNamed, tell } from '../../support/exceptions.ts';
import { change, makeWorld, NOON, type PolicyName } from '../../support/world.ts';

const NAMES = ['not-public', 'versioned'] as const;
const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(NOON + days * DAY_MS).toISOString();

async function setUp(buckets = 1) {
  const world = makeWorld({ policies: NAMES });
  await world.activate();
  for (let i = 0; i < buckets; i++)
    await world.deliver(
      change({
        type: 'Test::Store',
        id: `b${i}`,
        at: i,
        body: { open: true, versioned: false },
        account: `acc-${i % 2}`,
        tags: { env: 'dev', batch: i < 3 ? 'one' : 'two' },
      }),
    );
  await world.drain();
  const deps: RequestDeps = {
    exceptions: world.exceptions,
    resources: world.resources,
    findings: world.findings,
    policy: async (id) => NAMES.map((name) => policyNamed(name)).find((p) => p.id === id),
    clock: world.clock,
  };
  const finding = (resource = 'b0', policy: PolicyName = 'versioned'): Finding => {
    const found = world.findings.all().find((f) => f.resource.id === resource && f.policy === `store.${policy}`);
    if (found === undefined) throw new Error(`no finding of ${policy} on ${resource}`);
    return found;
  };
  return { world, deps, finding };
}
const words = (more: Partial<RequestWords> = {}): RequestWords => ({
  reason: 'A fixture of the load test',
  ticket: 'SEC-1',
  owner: 'team-load',
  expiresAt: inDays(30),
  by: ann,
  ...more,
});

describe('asking for an exception', () => {
  it('names the finding and what decided it; approved by another, it holds', async () => {
    const { world, deps, finding } = await setUp();
    const asked = await askForException(deps, { is: 'resource', finding: finding() }, words());
    expect(asked).toMatchObject({ state: 'requested', revision: 1, requestedBy: ann, policy: 'store.versioned' });
    expect(asked.covers).toEqual([{ finding: finding().id, resource: 'b0', decided: finding().last.decided }]);
    const approved = await approveRequest(deps, asked.id, ben);
    await tell(world.state, approved);
    await world.drain();
    expect(finding().status).toBe('excepted');
    await tell(world.state, await revokeRequest(deps, asked.id, ann, 'not needed'));
    await world.drain();
    expect(finding().status).toBe('open');
  });

  it.each<[string, Partial<RequestWords>, RegExp]>([
    ['lasts longer than the policy allows', { expiresAt: inDays(91) }, /lasts at most 90 days: .* 2027-02-23/],
    ['is over before it begins', { expiresAt: inDays(-1) }, /ends in the future/],
    ['has no reason', { reason: ' ' }, /reason/],
    ['has a reason that hides text', { reason: 'fine\u202e' }, /visible text/],
    ['has no ticket', { ticket: '' }, /ticket/],
    ['has no owner', { owner: '' }, /owner/],
    ['compensates by what is not there', { compensatedBy: 'store.nope' }, /There is no policy store\.nope/],
    ['compensates itself', { compensatedBy: 'store.versioned' }, /does not compensate itself/],
  ])('is refused where it %s', async (_, more, message) => {
    const { deps, finding, world } = await setUp();
    await expect(askForException(deps, { is: 'resource', finding: finding() }, words(more))).rejects.toThrow(message);
    expect(await world.exceptions.list()).toEqual([]);
  });

  it('is refused for what is fixed by now, though the findings are behind', async () => {
    const { deps, finding, world } = await setUp();
    const stale = finding();
    await world.deliver(change({ type: 'Test::Store', id: 'b0', at: 9, body: { open: true, versioned: true } }));
    await expect(askForException(deps, { is: 'resource', finding: stale }, words())).rejects.toThrow(/is compliant/);
  });

  it('of the policy’s own maximum goes by that', async () => {
    const { deps, finding } = await setUp();
    const strict: RequestDeps = {
      ...deps,
      policy: async (id) => ({ ...policyNamed('versioned'), id, exceptions: { max_days: 7 } }),
    };
    const ask = (days: number) =>
      askForException(strict, { is: 'resource', finding: finding() }, words({ expiresAt: inDays(days) }));
    await expect(ask(8)).rejects.toThrow(/at most 7 days/);
    expect((await ask(7)).expiresAt).toBe(inDays(7));
  });

  it('by a selector covers what is open and selected, by name, up to its cap', async () => {
    const { deps, world, finding } = await setUp(5);
    const ask = (selector: object, cap = 10) =>
      askForException(deps, { is: 'selector', policy: 'store.versioned', selector, cap }, words());
    const tagged = await ask({ tag: { key: 'batch', value: 'one' }, account: 'acc-0', kind: 'store' });
    expect(tagged.covers.map((c) => c.resource).sort()).toEqual(['b0', 'b2']);
    await expect(ask({ tag: { key: 'batch', value: 'one' } }, 2)).rejects.toThrow(/more than 2 open findings/);
    await expect(ask({ account: 'acc-9' })).rejects.toThrow(/Nothing that is open/);
    await tell(world.state, await approveRequest(deps, tagged.id, ben));
    await world.drain();
    const excepted = world.findings.all().filter((f) => f.status === 'excepted');
    expect(excepted.map((f) => f.id).sort()).toEqual(tagged.covers.map((c) => c.finding).sort());
    expect(finding('b1').status).toBe('open');
  });
});

describe('deciding about an exception', () => {
  const asked = async () => {
    const all = await setUp();
    return { ...all, exception: await askForException(all.deps, { is: 'resource', finding: all.finding() }, words()) };
  };

  it.each([
    ['who asked for it', ann],
    ['who asked for it, written in another way', { who: ' Ann ', established: 'declared' } as const],
    ['somebody known in another way', { who: 'arn:aws:iam::111122223333:user/ben', established: 'sts' } as const],
  ])('%s does not approve it', async (_, by) => {
    const { deps, exception, world } = await asked();
    await expect(approveRequest(deps, exception.id, by)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect((await world.exceptions.get(exception.id))?.state).toBe('requested');
  });

  it('what has changed since it was asked for is not approved', async () => {
    const { deps, world, finding } = await setUp();
    const bound = await askForException(deps, { is: 'resource', finding: finding('b0', 'not-public') }, words());
    await world.deliver(
      change({ type: 'Test::Grant', id: 'b0/grant/a', at: 5, body: { public: true }, account: 'acc-0' }),
    );
    await expect(approveRequest(deps, bound.id, ben)).rejects.toThrow(/has changed since \(b0\)/);
  });

  it('what is decided is decided: two who decide at once do not both', async () => {
    const { deps, exception, world } = await asked();
    const results = await Promise.allSettled([
      approveRequest(deps, exception.id, ben),
      revokeRequest(deps, exception.id, ann, 'a mistake'),
      approveRequest(deps, exception.id, { who: 'carl', established: 'declared' }),
    ]);
    const stored = await world.exceptions.get(exception.id);
    expect(stored?.state).toBe('revoked');
    expect(stored?.revision).toBe(1 + results.filter((r) => r.status === 'fulfilled').length);
    await expect(approveRequest(deps, exception.id, ben)).rejects.toThrow(/is revoked/);
    await expect(revokeRequest(deps, exception.id, ben, 'again')).rejects.toThrow(/was revoked/);
    await expect(approveRequest(deps, 'exc-000000000000', ben)).rejects.toThrow(/There is no exception/);
  });

  it('a wish that is over is not approved any more', async () => {
    const { deps, exception, world } = await asked();
    world.clock.set(NOON + 31 * DAY_MS);
    await expect(approveRequest(deps, exception.id, ben)).rejects.toThrow(/would have ended/);
  });
});
