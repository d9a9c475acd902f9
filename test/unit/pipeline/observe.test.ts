import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeMemoryQuarantine } from '../../../shared/adapters/memory/services.ts';
import {
  changeSchema,
  INLINE_DOCUMENT_BYTES,
  MAX_CHANGE_BYTES,
  queueMessageSchema,
} from '../../../shared/model/change.ts';
import type { Json } from '../../../shared/model/json.ts';
import { makeObserve } from '../../../shared/pipeline/observe.ts';
import type { Observation } from '../../../shared/pipeline/stages.ts';
import { makeWorld, testForm } from '../../support/world.ts';

const document = { type: 'Test::Store', id: 's1', at: 0, body: { open: true } };
const observation = (more: Partial<Observation> = {}): Observation => ({
  source: 'aws.config',
  origin: 'event',
  document,
  receivedAt: '2026-11-25T09:00:00.000Z',
  ...more,
});
function setUp() {
  const quarantine = makeMemoryQuarantine();
  return { quarantine, observe: makeObserve({ forms: [testForm], quarantine }) };
}
/** A document that does not compress. */
const noise = (bytes: number): Json => ({
  ...document,
  body: { open: true, text: randomBytes(bytes).toString('base64') },
});

describe('observing', () => {
  it('names the form by the content, and makes a change that its own contract accepts', async () => {
    const { observe } = setUp();
    const { changes, outcomes } = await observe(
      observation({ read: { account: 'acc' }, readKey: '2026-11-25T09:00:00.000Z' }),
    );
    expect(outcomes).toEqual([]);
    expect(changes.map((c) => changeSchema.parse(c))).toEqual(changes);
    expect(changes[0]?.content).toEqual({ is: 'document', form: 'test', document, read: { account: 'acc' } });
  });

  it('the same news has the same id whenever it comes, other news another', async () => {
    const { observe } = setUp();
    const idOf = async (more: Partial<Observation>) => (await observe(observation(more))).changes[0]?.changeId;
    const id = await idOf({});
    expect(await idOf({ receivedAt: '2026-11-26T00:00:00.000Z' })).toBe(id);
    expect(await idOf({ document: { ...document, at: 1 } })).not.toBe(id);
    expect(await idOf({ source: 'aws.sweep' })).not.toBe(id);
    expect(await idOf({ readKey: '2026-11-25T09:00:00.000Z' })).not.toBe(id);
  });

  it('compresses what is large, and it is judged like any other', async () => {
    const { observe } = setUp();
    const { changes } = await observe(observation({ document: noise(INLINE_DOCUMENT_BYTES) }));
    expect(changes[0]?.content.is).toBe('compressed');
    const world = makeWorld();
    await world.activate();
    expect((await world.deliver(...changes))[0]?.outcome).toBe('judged');
    expect(world.resources.all()[0]?.id).toBe('s1');
  });

  it('quarantines what is too large even so, and what is of no known form', async () => {
    const { observe, quarantine } = setUp();
    for (const [doc, reason] of [
      [noise(MAX_CHANGE_BYTES), /at most/],
      [{ what: 'ever' }, /no known form/],
    ] as const) {
      const { changes, outcomes } = await observe(observation({ document: doc }));
      expect(changes).toEqual([]);
      expect(outcomes).toMatchObject([{ outcome: 'quarantined', code: 'EVENT_INVALID' }]);
      expect(quarantine.kept.get(outcomes[0]?.changeId ?? '')?.reason).toMatch(reason);
    }
    expect(quarantine.kept.size).toBe(2);
    await observe(observation({ document: { what: 'ever' } }));
    expect(quarantine.kept.size).toBe(2);
  });
});

describe('the contract of the queue', () => {
  it('refuses unknown versions, kinds and keys', async () => {
    const [change] = (await setUp().observe(observation())).changes;
    expect(queueMessageSchema.safeParse(change).success).toBe(true);
    for (const wrong of [
      { ...change, version: 2 },
      { ...change, type: 'other' },
      { ...change, surprise: true },
      { ...change, changeId: 'x' },
      { ...change, receivedAt: 'now' },
      { ...change, content: { is: 'document', form: 'test' } },
      { type: 'rejudge', version: 1, resourceId: 's1', cause: 'mood' },
    ])
      expect(queueMessageSchema.safeParse(wrong).success).toBe(false);
  });
});
