/** What Pub/Sub gets for what it pushes, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { makeAssetFeedDoor } from '../../../shared/adapters/gcp/asset-feed-door.ts';
import { call, makeDoorWorld } from '../../support/door.ts';
import { google } from '../../support/tokens.ts';

const asset = {
  asset: {
    name: '//storage.googleapis.com/shop-files',
    assetType: 'storage.googleapis.com/Bucket',
    updateTime: '2026-11-25T11:59:58.123456Z',
    ancestors: ['projects/1234', 'organizations/1'],
    resource: { version: 'v1', data: { name: 'shop-files', labels: {}, clientSecret: 'hunter2hunter2' } },
  },
  window: { startTime: '2026-11-25T11:59:58.123456Z' },
  priorAssetState: 'PRESENT',
};
const push = (data: unknown, rest: object = {}) => ({
  message: {
    data: Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)).toString('base64'),
    messageId: '1',
    publishTime: '2026-11-25T12:00:00Z',
  },
  subscription: google.subscription,
  ...rest,
});

function makeWorld(caller?: Parameters<typeof makeDoorWorld>[0]) {
  const world = makeDoorWorld(caller);
  return { ...world, door: makeAssetFeedDoor({ ...world.deps, subscription: google.subscription }) };
}

it('a push becomes a change, without secrets', async () => {
  const { door, sent, count } = makeWorld();
  expect(await door(call(push(asset)))).toEqual({ status: 200 });
  expect(sent).toMatchObject([
    { source: 'gcp.asset-feed', origin: 'event', content: { is: 'document', form: 'cai-feed' } },
  ]);
  expect(JSON.stringify(sent)).not.toContain('hunter2');
  expect(count('ChangesReceived')).toBe(1);
});

it('the sentence of a new feed is no change, and nothing to keep', async () => {
  const { door, sent, kept } = makeWorld();
  const sentence = 'You have successfully configured real time feed "projects/1/feeds/edict".';
  expect(await door(call(push(sentence)))).toEqual({ status: 200 });
  expect([sent, kept()]).toEqual([[], []]);
});

const deep = '['.repeat(100_000) + ']'.repeat(100_000);

describe('authenticated content that cannot be used is kept and answered 2xx', () => {
  it.each([
    ['malformed JSON', '{', /not JSON/],
    ['data that is no asset', push({ hello: 'world' }), /no asset/],
    ['data that is no JSON', push('hello'), /no asset/],
    ['no message', { subscription: google.subscription }, /no asset/],
    ['another subscription', push(asset, { subscription: 'projects/x/subscriptions/y' }), /subscription/],
    [
      'a subscription that only begins alike',
      push(asset, { subscription: `${google.subscription}-2` }),
      /subscription/,
    ],
    ['a body nested without end', deep, /too deep/],
    [
      'an asset nested without end',
      push(JSON.stringify({ ...asset, deep: 'deep' }).replace('"deep"}', `${deep}}`)),
      /too deep/,
    ],
    ['a body of 5 MB', push('x'.repeat(5 * 1024 * 1024)), /at most/],
  ])('%s', async (_what, body, reason) => {
    const { door, sent, kept } = makeWorld();
    expect(await door(call(body))).toEqual({ status: 200 });
    expect(sent).toEqual([]);
    expect(kept()).toHaveLength(1);
    expect(kept()[0]?.reason).toMatch(reason);
  });

  it('with the secrets inside its base64 taken out', async () => {
    const { door, kept } = makeWorld();
    await door(call(push(asset, { subscription: 'projects/x/subscriptions/y' })));
    expect(kept()[0]?.content).toContain('shop-files');
    expect(kept()[0]?.content).not.toContain('hunter2');
    expect(kept()[0]?.content).not.toContain(Buffer.from('hunter2hunter2').toString('base64').slice(0, 12));
  });
});

it.each([
  [{ is: 'refused', why: 'x' } as const, 401],
  [{ is: 'uncheckable', why: 'x' } as const, 503],
])('a caller who is %j is answered %i', async (caller, status) => {
  const { door, sent, kept } = makeWorld(caller);
  expect(await door(call(push(asset)))).toMatchObject({ status });
  expect([sent, kept()]).toEqual([[], []]);
});
