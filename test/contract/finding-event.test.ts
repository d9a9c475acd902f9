import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import schema from '../../shared/model/finding-event.v1.schema.json' with { type: 'json' };
import { type Finding, findingId } from '../../shared/model/finding.ts';
import type { FindingEvent } from '../../shared/model/finding-event.ts';
import { MAX_DETAIL_BYTES, transitionEvent } from '../../shared/pipeline/event.ts';
import { transition } from '../support/conformance/finding-store.ts';
import { decidedOf, granted, store as keep } from '../support/exceptions.ts';
import { arrivalArb, historyArb } from '../support/histories.ts';
import { bundle, change, makeWorld, t } from '../support/world.ts';

const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false, allErrors: true }).compile(schema);
const problems = (event: Pick<FindingEvent, 'detail'>): unknown => (validate(event.detail) ? [] : validate.errors);

const finding: Finding = {
  id: findingId('store.not-public', 's1'),
  policy: 'store.not-public',
  title: 'not public',
  severity: 'critical',
  status: 'open',
  verdict: 'violation',
  resource: { id: 's1', mapping: 'aws/test-store', cloud: 'aws', kind: 'store', nativeType: 'Test::Store' },
  since: { trueAt: t(0), knownAt: t(1) },
  firstSeenAt: t(1),
  lastChangedAt: t(1),
  openings: 1,
  last: transition(1, null, 'violation'),
};

describe('the events that are published', () => {
  it('are OCSF compliance findings by their schema, whatever happens', async () => {
    let events = 0;
    const types = new Set<string>();
    await fc.assert(
      fc.asyncProperty(historyArb.chain(arrivalArb), async ({ batches }) => {
        const world = makeWorld();
        await world.activate();
        for (const batch of batches) await world.deliver(...batch);
        await world.drain();
        await world.activate(bundle(['versioned'], 1));
        await world.active.refresh();
        await world.judgeAgain(
          world.resources.all().map(({ id }) => ({ type: 'rejudge', version: 1, resourceId: id, cause: 'activation' })),
        );
        await world.drain();
        for (const event of world.bus.events) {
          expect(problems(event)).toEqual([]);
          types.add(event.detailType);
          events += 1;
        }
      }),
      { numRuns: 60 },
    );
    expect(events).toBeGreaterThan(60);
    expect([...types].sort()).toEqual(['FindingChanged.v1', 'FindingOpened.v1', 'FindingResolved.v1']);
  });

  it('are so while an exception holds and when it does no more: suppressed, with whose it is and until when', async () => {
    const world = makeWorld();
    await world.activate();
    await world.deliver(change({ type: 'Test::Store', id: 's1', at: 1, body: { open: true } }));
    await world.drain();
    await keep(world.state, granted({ decided: await decidedOf(world.state) }));
    await world.drain();
    await world.deliver(change({ type: 'Test::Grant', id: 's1/grant/a', at: 5, body: { public: true } }));
    await world.drain();
    const all = world.bus.events.filter(
      (e) => e.detailType === 'FindingChanged.v1' && e.detail.edict.policy.id === 'store.not-public',
    );
    expect(all.map(problems)).toEqual([[], []]);
    expect(all.map(({ detail }) => ('status' in detail ? [detail.status_id, detail.status] : []))).toEqual([
      [3, 'Suppressed'],
      [1, 'New'],
    ]);
    // A row that is suppressed says by which exception.
    const [first] = all;
    const unsaid = JSON.parse(JSON.stringify(first ?? {}).replace(/"exception":\{[^}]*\},/, '')) as FindingEvent;
    expect(problems(unsaid)).not.toEqual([]);
  });

  it('the schema refuses what is not one', () => {
    const good = transitionEvent({ finding, transition: finding.last, policy: undefined, version: '1', causeKey: 'c' });
    expect(problems(good)).toEqual([]);
    const { compliance: _compliance, ...without } = good.detail;
    const broken: unknown[] = [
      without,
      { ...good.detail, class_uid: 2001 },
      { ...good.detail, type_uid: 200302 },
      { ...good.detail, surprise: true },
      { ...good.detail, edict: { ...good.detail.edict, surprise: true } },
      { ...good.detail, edict: { ...good.detail.edict, to: 'fine' } },
      { ...good.detail, edict: { ...good.detail.edict, trueAt: 'yesterday' } },
      { ...good.detail, status_id: 4 },
    ];
    for (const detail of broken) expect(validate(detail)).toBe(false);
  });

  it('one that is too large for the bus is cut and says so', () => {
    const huge = transition(1, null, 'violation', {
      facts: Array.from({ length: 50 }, (_, i) => ({
        fact: `f${i}`,
        after: { state: 'known' as const, value: 'x'.repeat(10_000), at: '/f' },
      })),
    });
    const event = transitionEvent({ finding, transition: huge, policy: undefined, version: '1', causeKey: 'c' });
    expect(Buffer.byteLength(JSON.stringify(event.detail))).toBeLessThan(MAX_DETAIL_BYTES);
    expect(event.detail.edict).toMatchObject({ truncated: true, facts: [] });
    expect(problems(event)).toEqual([]);
  });

  it('a first sweep marks what it finds of resources that nobody saw before, and what follows from it', async () => {
    const world = makeWorld({ policies: ['not-public'] });
    await world.activate();
    const swept = { source: 'aws.sweep', origin: 'sweep', sweep: { id: 'sweep-1', baseline: true } } as const;
    const store = { type: 'Test::Store', id: 's1', at: 0, account: 'acc' } as const;
    const deliver = async (...args: Parameters<typeof change>): Promise<void> => {
      await world.deliver(change(...args));
      await world.drain();
    };
    await deliver({ ...store, id: 'told before', body: { open: false } });
    await deliver({ ...store, body: { open: true } }, swept);
    await deliver({ type: 'Test::Block', id: 'block/acc', at: 1, body: { blocked: true }, account: 'acc' }, swept);
    await deliver({ type: 'Test::Grant', id: 's1/grant/a', at: 2, body: { public: true }, account: 'acc' }, swept);
    await deliver({ ...store, id: 'told before', at: 3, body: { open: null } }, swept);
    await deliver({ ...store, at: 5, body: { open: false } });
    await deliver({ type: 'Test::Grant', id: 's1/grant/a', at: 6, deleted: true, account: 'acc' });
    await deliver({ ...store, at: 9, body: { open: null } }, { ...swept, sweep: { id: 'sweep-2', baseline: false } });
    expect(
      world.bus.events.map((e) => [e.resource, e.detailType, (e.detail.edict as { baseline?: string }).baseline]),
    ).toEqual([
      ['s1', 'FindingOpened.v1', 'sweep-1'],
      ['s1', 'FindingResolved.v1', 'sweep-1'],
      ['s1', 'FindingOpened.v1', 'sweep-1'],
      ['told before', 'FindingOpened.v1', undefined],
      ['s1', 'FindingResolved.v1', undefined],
      ['s1', 'FindingOpened.v1', undefined],
    ]);
  });
});
