import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/model/errors.ts';
import type { Change, Notice } from '../../../shared/model/change.ts';
import type { Json } from '../../../shared/model/json.ts';
import type { ReadAnswer, ReadBack } from '../../../shared/ports/read-back.ts';
import { change, type Doc, makeWorld, NOON, t } from '../../support/world.ts';

const store: Doc = { type: 'Test::Store', id: 's1', at: 0, body: { open: false, versioned: true } };
const withContent = (content: Change['content']): Change => ({ ...change(store), content });
const native = { dialect: 'aws.config', type: 'Test::Store', id: 's1', name: 's1', account: '111122223333' } as const;

const notice: Notice = { is: 'notice', cloud: 'aws', resourceId: 's1', changedAt: t(100), actor: 'bob' };
const answering = (answer: ReadAnswer | AppError): { aws: ReadBack } => ({
  aws: {
    read: async () => {
      if (answer instanceof AppError) throw answer;
      return answer;
    },
  },
});

/** The outcome of one change, and what is kept of it. */
async function outcomeOf(one: Change, readBack = {}) {
  const world = makeWorld({ readBack });
  await world.activate();
  const [outcome] = await world.deliver(one);
  return { world, outcome, kept: [...world.quarantine.kept.values()] };
}

describe('a provider that does not answer', () => {
  it('takes the time of its own notices, and not of the changes beside them', async () => {
    let asked = 0;
    const readBack: { aws: ReadBack } = {
      aws: {
        read: async () => {
          asked += 1;
          world.clock.advance(20_000);
          throw new AppError('UPSTREAM_UNAVAILABLE', 'silence');
        },
      },
    };
    const world = makeWorld({ readBack });
    await world.activate();
    const notices = [1, 2, 3, 4].map((n) => ({
      ...withContent({ ...notice, resourceId: `s${n}` }),
      changeId: String(n).padStart(32, '0'),
    }));
    const outcomes = await world.deliver(...notices, change({ ...store, id: 'beside' }));
    expect(asked).toBe(2);
    expect(outcomes.map(({ outcome, code }) => [outcome, code])).toEqual([
      ...Array.from({ length: 4 }, () => ['failed', 'UPSTREAM_UNAVAILABLE']),
      ['judged', undefined],
    ]);
  });
});

describe('what cannot be judged', () => {
  const refused: readonly { readonly what: string; readonly change: Change; readonly reason: RegExp }[] = [
    { what: 'a version from the future', change: change({ ...store, at: 3 * 3600 + 301 }), reason: /in the future/ },
    {
      what: 'a key from the future',
      change: change({ ...store, orderKey: '2026-11-26T00:00:00.000Z#1' }),
      reason: /in the future/,
    },
    { what: 'no version', change: change({ ...store, orderKey: '' }), reason: /no version/ },
    {
      what: 'an unknown form',
      change: withContent({ is: 'document', form: 'nonsense', document: {} }),
      reason: /nonsense/,
    },
    {
      what: 'broken compression',
      change: withContent({ is: 'compressed', form: 'test', gzip: 'AAAA' }),
      reason: /gzip/,
    },
    {
      what: 'compressed text that is not JSON',
      change: withContent({ is: 'compressed', form: 'test', gzip: gzipSync('{').toString('base64') }),
      reason: /gzip/,
    },
    {
      what: 'a notice of a cloud that cannot be read',
      change: withContent({ ...notice, cloud: 'gcp' }),
      reason: /gcp/,
    },
  ];
  it.each(refused)('$what is quarantined with its reason, and changes nothing', async ({ change: one, reason }) => {
    const { world, outcome, kept } = await outcomeOf(one);
    expect(outcome).toMatchObject({ outcome: 'quarantined', code: 'EVENT_INVALID' });
    expect(kept).toHaveLength(1);
    expect(kept[0]?.reason).toMatch(reason);
    expect(world.resources.all()).toEqual([]);
  });

  it('a version five minutes ahead is still believed: clocks differ', async () => {
    const { outcome } = await outcomeOf(change({ ...store, at: 3 * 3600 + 299 }));
    expect(outcome?.outcome).toBe('judged');
  });

  it('a document of an unmapped type is counted with its type', async () => {
    const { outcome, kept } = await outcomeOf(change({ type: 'Test::Unmapped', id: 'x', at: 0 }));
    expect(outcome).toEqual({ changeId: expect.any(String), outcome: 'unsupported', nativeTypes: ['Test::Unmapped'] });
    expect(kept).toEqual([]);
  });

  it('content that cannot be kept either fails, so that the queue still has it', async () => {
    const world = makeWorld();
    const broken = { put: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'no bucket')) };
    const { makeNormalize } = await import('../../../shared/pipeline/normalize.ts');
    const normalize = makeNormalize({
      forms: [],
      registry: (await import('../../support/world.ts')).registry,
      readBack: {},
      quarantine: broken,
      clock: world.clock,
    });
    const { outcomes } = await normalize([change(store)]);
    expect(outcomes).toMatchObject([{ outcome: 'failed', code: 'STORE_UNAVAILABLE' }]);
  });

  it('one change that cannot be read does not keep the others of its batch', async () => {
    const world = makeWorld();
    await world.activate();
    const outcomes = await world.deliver(change({ ...store, orderKey: '' }), change(store));
    expect(outcomes.map((o) => o.outcome).sort()).toEqual(['judged', 'quarantined']);
  });
});

describe('reading back', () => {
  const good = change(store);
  const told: Change = { ...change({ ...store, at: 100 }), content: notice };
  // Plain JSON by construction.
  const document = { ...store, at: 100, body: { open: false, versioned: true } } as unknown as Json;

  /** A compliant store is known; then the notice comes and the provider answers. */
  async function afterNotice(answer: ReadAnswer | AppError) {
    const world = makeWorld({ readBack: answering(answer) });
    await world.activate();
    await world.deliver(good);
    const before = world.resources.all()[0];
    const [outcome] = await world.deliver(told);
    await world.drain();
    return { world, before, outcome, after: world.resources.all()[0] };
  }

  it('a document that is found is keyed at the start of the read, and says who and when', async () => {
    const { after, world } = await afterNotice({
      is: 'found',
      readKey: t(101),
      documents: [{ form: 'test', document: { ...(document as object), orderKey: t(101), body: { open: true } } }],
    });
    expect(after?.parts['store']?.orderKey).toBe(t(101));
    expect(after?.verdicts['store.not-public']?.verdict).toBe('violation');
    expect(world.bus.events[0]?.time).toBe(t(100));
  });

  it.each([
    ['throttled', new AppError('UPSTREAM_THROTTLED', 'slow down')],
    ['unavailable', new AppError('UPSTREAM_UNAVAILABLE', 'down')],
  ])('a read that is %s fails the change and leaves the verdicts', async (_what, error) => {
    const { outcome, before, after } = await afterNotice(error);
    expect(outcome).toMatchObject({ outcome: 'failed', code: error.code });
    expect(after).toEqual(before);
  });

  it('a read that is denied makes the facts unknown: neither compliant nor deleted', async () => {
    const { after, outcome, world } = await afterNotice({ is: 'denied', readKey: t(101), native });
    expect(outcome?.outcome).toBe('judged');
    expect(after?.deleted).toBe(false);
    expect(after?.verdicts['store.not-public']?.verdict).toBe('unknown');
    expect(after?.verdicts['store.versioned']?.verdict).toBe('unknown');
    const evidence = after === undefined ? undefined : await world.resources.evidence(after);
    expect(evidence?.['public_read']).toMatchObject({ state: 'unknown', why: 'denied' });
    expect(evidence?.['environment']).toMatchObject({ state: 'unknown', why: 'denied' });
  });

  it('an authoritative "gone" is a deletion, but never beats a later event', async () => {
    const { after } = await afterNotice({ is: 'gone', readKey: t(101), native });
    expect(after?.deleted).toBe(true);
    const { after: unmoved } = await afterNotice({ is: 'gone', readKey: t(-1), native });
    expect(unmoved?.deleted).toBe(false);
  });

  it('a type that nothing reads is unsupported', async () => {
    const { outcome, before, after } = await afterNotice({ is: 'unsupported', nativeType: 'Test::Other' });
    expect(outcome).toMatchObject({ outcome: 'unsupported', nativeTypes: ['Test::Other'] });
    expect(after).toEqual(before);
  });
});

describe('tombstones', () => {
  it('live 45 days from when we learned of it', async () => {
    const { world } = await outcomeOf(change({ ...store, deleted: true }));
    expect(world.resources.all()[0]?.expiresAt).toBe(NOON / 1000 + 45 * 86_400);
  });
});
