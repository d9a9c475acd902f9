/** The Azure clients over the wire, against a server that answers as ARM and Resource Graph do. Answers are our own, in the recorded shape. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ArmCredential, makeArmClient } from '../../shared/adapters/azure/arm-client.ts';
import { makeArmReadBack } from '../../shared/adapters/azure/arm-read-back.ts';
import { makeResourceGraphInventory } from '../../shared/adapters/azure/resource-graph-inventory.ts';
import { armResource } from '../../shared/mappings/dialects/arm.ts';
import { forms } from '../../shared/mappings/dialects/index.ts';
import { registry } from '../../shared/mappings/registry.ts';
import { type Change, changeIdOf, changeSchema, instant, type Notice } from '../../shared/model/change.ts';
import { makeNormalize } from '../../shared/pipeline/normalize.ts';
import { type Answered, type Asked, type Provider, startProvider } from '../support/provider.ts';

const subscription = 'c0ffee00-0000-4000-8000-00000000abcd';
const account = `/subscriptions/${subscription}/resourcegroups/shop/providers/microsoft.storage/storageaccounts/shopfiles`;
const NOW = Date.parse('2026-11-25T12:00:10.000Z');
const clock = { now: () => NOW };
const credential: ArmCredential = { getToken: (scope) => Promise.resolve({ token: `token for ${scope}` }) };
const notice: Notice = {
  is: 'notice',
  cloud: 'azure',
  resourceId: `${account}/blobServices/default/containers/public`,
  changedAt: '2026-11-25T12:00:00.000Z',
};

let provider: Provider;
let waits: number[] = [];
afterEach(() => provider.stop());
async function start(
  answer: (asked: Asked, n: number) => Answered | undefined,
  token: ArmCredential | undefined = credential,
) {
  provider = await startProvider(answer);
  waits = [];
  const sleep = (ms: number) => Promise.resolve(void waits.push(ms));
  const arm = makeArmClient({ endpoint: provider.url, credential: token, sleep });
  return { arm, readBack: makeArmReadBack(arm, clock) };
}
const body = {
  id: '/subscriptions/C0FFEE00-0000-4000-8000-00000000ABCD/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/shopfiles',
  name: 'shopfiles',
  type: 'Microsoft.Storage/storageAccounts',
  location: 'westeurope',
  kind: 'StorageV2',
  tags: {},
  properties: { allowBlobPublicAccess: true, somethingThatNoModelKnows: { yes: true } },
};
const error = (status: number, code: string, headers: { readonly [name: string]: string } = {}): Answered => ({
  status,
  headers,
  body: { error: { code, message: code } },
});

describe('a read-back', () => {
  it('reads the resource that something belongs to, and its children, whole and at pinned versions', async () => {
    const { readBack } = await start(({ path, query }) => {
      if (path === account) return { status: 200, body };
      if (path === `${account}/blobservices/default`)
        return { status: 200, body: { id: `${account}/blobServices/default`, type: 'x/y/z', properties: {} } };
      if (path === `${account}/blobservices/default/containers`)
        return query.get('$skipToken') === null
          ? {
              status: 200,
              body: {
                value: [{ id: `${account}/blobServices/default/containers/one`, name: 'one' }],
                nextLink: `${provider.url}${path}?api-version=2025-08-01&$skipToken=2`,
              },
            }
          : { status: 200, body: { value: [{ id: `${account}/blobServices/default/containers/two`, name: 'two' }] } };
      return { status: 200, body: { value: [] } };
    });
    const answer = await readBack.read(notice);
    expect(answer).toMatchObject({ is: 'found', readKey: '2026-11-25T12:00:08.000Z' });
    if (answer.is !== 'found') return;
    // Nothing of the body is lost to a typed model.
    expect(answer.documents[0]).toEqual({ form: armResource.id, document: body });
    expect(answer.documents.find((d) => d.read?.listOf?.endsWith('/containers'))).toMatchObject({
      document: { value: [{ name: 'one' }, { name: 'two' }] },
      read: { listOf: `${account}/blobservices/default/containers` },
    });
    for (const asked of provider.asked) {
      expect(asked.query.get('api-version'), asked.path).toMatch(/^\d{4}-\d{2}-\d{2}/);
      expect(asked.headers['authorization']).toBe('Bearer token for https://management.azure.com/.default');
    }
  });

  it('is never keyed before the notice that caused it', async () => {
    const { readBack } = await start(() => error(404, 'ResourceNotFound'));
    const late = { ...notice, changedAt: instant(NOW - 500) };
    expect(await readBack.read(late)).toMatchObject({ is: 'gone', readKey: late.changedAt });
  });

  it('that finds nothing says gone, and of what', async () => {
    const { readBack } = await start(() => error(404, 'ResourceNotFound'));
    expect(await readBack.read(notice)).toMatchObject({
      is: 'gone',
      native: { dialect: 'azure.arm', type: 'microsoft.storage/storageaccounts', id: account, account: subscription },
    });
  });

  it.each(['SubscriptionNotFound', 'InvalidResourceType', 'InvalidResourceNamespace'])(
    'that ends in a 404 %s is no deletion: it says nothing of the resource',
    async (code) => {
      const { readBack } = await start(() => error(404, code));
      expect(await readBack.read(notice)).toMatchObject({ is: 'denied', native: { id: account } });
    },
  );

  it('that ends in a 404 of something between comes again', async () => {
    const { readBack } = await start(() => ({ status: 404, body: {} }));
    await expect(readBack.read(notice)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
  });

  it('that is sent elsewhere does not go there: our token goes nowhere else', async () => {
    const { readBack } = await start(({ path }) =>
      path === '/elsewhere' ? { status: 200, body } : { status: 302, headers: { location: '/elsewhere' }, body: {} },
    );
    await expect(readBack.read(notice)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(provider.asked.map((asked) => asked.path)).toEqual([account]);
  });

  it('that is refused says denied, and not gone', async () => {
    const { readBack } = await start(() => error(403, 'AuthorizationFailed'));
    expect(await readBack.read(notice)).toMatchObject({ is: 'denied', native: { id: account } });
  });

  it('leaves out a child that is not there', async () => {
    const { readBack } = await start(({ path }) =>
      path === account ? { status: 200, body } : error(404, 'ResourceNotFound'),
    );
    const answer = await readBack.read(notice);
    expect(answer.is === 'found' ? answer.documents : []).toHaveLength(1);
  });

  it('takes away what was known of a child that is refused now: it may be what has changed', async () => {
    let refused = false;
    const { arm } = await start(({ path }) => {
      if (path === account) return { status: 200, body };
      if (!path.endsWith('/containers')) return error(404, 'ResourceNotFound');
      return refused ? error(403, 'AuthorizationFailed') : { status: 200, body: { value: [] } };
    });
    const kept: Change[] = [];
    /** What is known of the containers after a notice, as it is told and as it is kept. */
    const containersAt = async (nowMs: number): Promise<readonly unknown[]> => {
      const at = { now: () => nowMs };
      const quarantine = { put: () => Promise.reject(new Error('nothing is quarantined')) };
      const keep = (change: Change) => void kept.push(change);
      const readBack = { azure: makeArmReadBack(arm, at) };
      const normalize = makeNormalize({ forms, registry, readBack, quarantine, clock: at, keep });
      const content = { ...notice, changedAt: instant(nowMs - 5000) };
      const told = { source: 'azure.event-grid', origin: 'event', receivedAt: instant(nowMs), content } as const;
      const change: Change = { type: 'change', version: 1, changeId: changeIdOf(told), ...told };
      const first = await normalize([change]);
      const again = changeSchema.parse(JSON.parse(JSON.stringify(kept.at(-1))));
      const second = await makeNormalize({ forms, registry, readBack: {}, quarantine, clock: at })([again]);
      return [first, second].map(({ work }) => {
        const update = work.flatMap((w) => w.updates).find((u) => u.part.part === 'container_list');
        return [update?.resourceId, update?.part.readings['containers']];
      });
    };
    const known = [account, expect.objectContaining({ state: 'known', value: [] })];
    expect(await containersAt(NOW)).toEqual([known, known]);
    refused = true;
    const unknown = [account, expect.objectContaining({ state: 'unknown', why: 'denied' })];
    expect(await containersAt(NOW + 60_000)).toEqual([unknown, unknown]);
  });

  it('of a type that nobody judges is unsupported, and asks nobody', async () => {
    const { readBack } = await start(() => ({ status: 200, body: {} }));
    const vm = `/subscriptions/${subscription}/resourcegroups/g/providers/microsoft.compute/virtualmachines/vm`;
    expect(await readBack.read({ ...notice, resourceId: vm })).toEqual({
      is: 'unsupported',
      nativeType: 'microsoft.compute/virtualmachines',
    });
    expect(provider.asked).toEqual([]);
  });
});

describe('the client', () => {
  it('waits as long as ARM asks, when that is short', async () => {
    const { arm } = await start((_asked, n) =>
      n === 1 ? error(429, 'Throttled', { 'retry-after': '3' }) : { status: 200, body },
    );
    expect(await arm.get(account, '2025-08-01')).toEqual({ is: 'found', body });
    expect(waits).toEqual([3000]);
  });

  it('gives a long wait back, with the hint', async () => {
    const { arm } = await start(() => error(429, 'Throttled', { 'retry-after': '120' }));
    await expect(arm.get(account, '2025-08-01')).rejects.toMatchObject({
      code: 'UPSTREAM_THROTTLED',
      retryable: true,
      details: { status: 429, retryAfterMs: 120_000 },
    });
    expect(provider.asked).toHaveLength(1);
  });

  it.each([500, 502, 503])('tries again after %i, and gives up as unavailable', async (status) => {
    const { arm } = await start(() => error(status, 'ServerError'));
    await expect(arm.get(account, '2025-08-01')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(provider.asked).toHaveLength(3);
  });

  it.each([
    ['a connection that is cut', () => undefined],
    ['an answer that is no JSON', () => ({ status: 200, body: '<html>' })],
    ['a token that Azure does not take', () => error(401, 'InvalidAuthenticationToken')],
    ['a redirect', () => ({ status: 302, headers: { location: 'http://127.0.0.1:9/' } })],
  ])('takes %s for no answer, never for a deletion', async (_what, answer) => {
    const { arm } = await start(answer);
    await expect(arm.get(account, '2025-08-01')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('takes an answer without its list for no answer, never for an empty list', async () => {
    const { arm } = await start(() => ({ status: 200, body: {} }));
    await expect(arm.list(account, '2025-08-01')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('follows no page to another server: its token goes nowhere else', async () => {
    const evil = await startProvider(() => ({ status: 200, body: { value: [] } }));
    const { arm } = await start(() => ({ status: 200, body: { value: [], nextLink: `${evil.url}/page2` } }));
    await expect(arm.list(account, '2025-08-01')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(evil.asked).toEqual([]);
    await evil.stop();
  });

  it('asks only for what an id names: no id leads elsewhere', async () => {
    const { arm } = await start(() => error(404, 'ResourceNotFound'));
    await arm.get('/subscriptions/x?y=1#z/%2e%2e/evil', '2025-08-01');
    expect(provider.asked[0]?.path).toBe('/subscriptions/x?y=1#z/%2e%2e/evil');
    expect([...(provider.asked[0]?.query.keys() ?? [])]).toEqual(['api-version']);
    for (const id of [
      '/subscriptions/mine/../theirs/x',
      '/subscriptions/./x',
      'https://evil.example/',
      '@evil.example',
    ])
      await expect(arm.get(id, '2025-08-01'), id).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    expect(provider.asked).toHaveLength(1);
  });

  it('is without an identity when none is to be had', async () => {
    const { arm } = await start(() => ({ status: 200, body }), {
      getToken: () => Promise.reject(new Error('no federation')),
    });
    await expect(arm.get(account, '2025-08-01')).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(provider.asked).toEqual([]);
  });
});

describe('the inventory', () => {
  const rows = (ids: readonly string[]) => ids.map((id) => ({ id, type: 'microsoft.storage/storageaccounts' }));
  const inventory = (url: string) =>
    makeResourceGraphInventory({ endpoint: url, credential: undefined, subscriptions: [subscription], clock });

  it('gives a notice for each resource, page by page, whichever form the answer has', async () => {
    await start(({ body: asked }) => {
      const { options } = JSON.parse(asked) as { options: { $skipToken?: string } };
      return options.$skipToken === undefined
        ? {
            status: 200,
            body: {
              totalRecords: 2,
              count: 1,
              resultTruncated: 'false',
              data: rows([account.toUpperCase()]),
              $skipToken: 'next',
            },
          }
        : {
            status: 200,
            body: {
              totalRecords: 2,
              count: 1,
              resultTruncated: 'false',
              data: { columns: [{ name: 'type' }, { name: 'id' }], rows: [['x', `${account}2`]] },
            },
          };
    });
    const graph = inventory(provider.url);
    expect(graph.scopes).toEqual([subscription]);
    const first = await graph.page(subscription, undefined);
    expect(first).toMatchObject({
      next: 'next',
      readKey: '2026-11-25T11:59:10.000Z',
      contents: [
        { is: 'notice', resourceId: account, nativeType: 'microsoft.storage/storageaccounts', account: subscription },
      ],
    });
    const second = await graph.page(subscription, first.next);
    expect(second.next).toBeUndefined();
    expect(second.contents).toMatchObject([{ resourceId: `${account}2` }]);
    const { query, subscriptions } = JSON.parse(provider.asked[0]?.body ?? '') as {
      query: string;
      subscriptions: string[];
    };
    expect(subscriptions).toEqual([subscription]);
    expect(query).toContain("'microsoft.storage/storageaccounts'");
  });

  it('says that a page is not whole that was cut without a token for the rest', async () => {
    const cut = { totalRecords: 5000, count: 1000, resultTruncated: 'true', data: rows([account]) };
    await start(() => ({ status: 200, body: cut }));
    expect(await inventory(provider.url).page(subscription, undefined)).toMatchObject({ incomplete: true });
  });

  it('has ARM asked for what it lacks: it leaves out what may not be read, and does not say so', async () => {
    await start(() => undefined);
    const { covers } = inventory(provider.url);
    const listed = { cloud: 'azure', nativeType: 'Microsoft.Storage/storageAccounts', account: subscription } as const;
    expect(covers?.({ ...listed, id: account })).toEqual({
      scope: subscription,
      absence: {
        is: 'notice',
        cloud: 'azure',
        resourceId: account,
        nativeType: 'microsoft.storage/storageaccounts',
        account: subscription,
      },
    });
    expect(covers?.({ ...listed, id: account, account: 'another' })).toBeUndefined();
    expect(
      covers?.({ ...listed, id: '/subscriptions/x/resourcegroups/y/providers/microsoft.other/things/z' }),
    ).toBeUndefined();
  });

  it.each([
    [
      error(429, 'RateLimiting', { 'x-ms-user-quota-remaining': '0', 'x-ms-user-quota-resets-after': '00:00:05' }),
      { code: 'UPSTREAM_THROTTLED', details: { retryAfterMs: 5000 } },
    ],
    [
      error(429, 'RateLimiting', { 'retry-after': '7' }),
      { code: 'UPSTREAM_THROTTLED', details: { retryAfterMs: 7000 } },
    ],
    [error(403, 'AuthorizationFailed'), { code: 'UPSTREAM_DENIED', retryable: false }],
    [error(500, 'InternalServerError'), { code: 'UPSTREAM_UNAVAILABLE', retryable: true }],
    [{ status: 200, body: { data: 'neither' } }, { code: 'UPSTREAM_UNAVAILABLE' }],
  ])('says what %j means', async (answer, means) => {
    await start(() => answer);
    await expect(inventory(provider.url).page(subscription, undefined)).rejects.toMatchObject(means);
  });
});
