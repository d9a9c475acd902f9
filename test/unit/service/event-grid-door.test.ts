/** What Event Grid gets for what it brings, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { makeEventGridDoor } from '../../../shared/adapters/azure/event-grid-door.ts';
import { AppError } from '../../../shared/model/errors.ts';
import { call, makeDoorWorld, RECEIVED_AT } from '../../support/door.ts';
import { subscription } from '../../support/tokens.ts';

const account = `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/shopfiles`;
const written = {
  id: '5f1a7b52-0001-4c7e-9a53-1a2b3c4d5e6f',
  topic: `/subscriptions/${subscription}`,
  subject: account,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: '2026-11-25T11:59:58.1234567Z',
  dataVersion: '2',
  metadataVersion: '1',
  data: {
    resourceUri: account,
    operationName: 'Microsoft.Storage/storageAccounts/write',
    subscriptionId: subscription,
    claims: { 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'ana@example.com' },
  },
};
const notified = {
  ...written,
  id: '5f1a7b52-0002-4c7e-9a53-1a2b3c4d5e6f',
  eventType: 'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated',
  data: {
    resourceInfo: {
      id: account,
      name: 'shopfiles',
      type: 'Microsoft.Storage/storageAccounts',
      location: 'westeurope',
      tags: {},
      properties: { allowBlobPublicAccess: 1, primarySharedKey: 'hunter2hunter2' },
    },
    operationalInfo: { resourceEventTime: '2026-11-25T11:59:58.0000000Z' },
    apiVersion: '2024-01-01',
  },
};
const cloudEvent = {
  specversion: '1.0',
  id: written.id,
  source: written.topic,
  subject: written.subject,
  type: written.eventType,
  time: written.eventTime,
  data: written.data,
};
const handshake = {
  id: '1',
  topic: `/subscriptions/${subscription}/providers/x`,
  subject: '',
  eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
  eventTime: '2026-11-25T12:00:00Z',
  dataVersion: '2',
  metadataVersion: '1',
  data: { validationCode: 'CODE-1', validationUrl: 'https://attacker.example/fetch-me' },
};

function makeWorld(caller?: Parameters<typeof makeDoorWorld>[0]) {
  const world = makeDoorWorld(caller);
  return { ...world, door: makeEventGridDoor({ ...world.deps, subscriptions: [subscription] }) };
}

describe('a delivery', () => {
  it('without state becomes a notice to read back, in either schema', async () => {
    for (const body of [[written], cloudEvent]) {
      const { door, sent, count } = makeWorld();
      expect(await door(call(body))).toEqual({ status: 200 });
      expect(sent).toEqual([
        {
          type: 'change',
          version: 1,
          changeId: expect.stringMatching(/^[0-9a-f]{32}$/),
          source: 'azure.event-grid',
          origin: 'event',
          receivedAt: RECEIVED_AT,
          content: {
            is: 'notice',
            cloud: 'azure',
            resourceId: account.toLowerCase(),
            nativeType: 'microsoft.storage/storageaccounts',
            account: subscription,
            changedAt: '2026-11-25T11:59:58.123Z',
            actor: 'ana@example.com',
          },
        },
      ]);
      expect(count('ChangesReceived')).toBe(1);
    }
  });

  it('with state becomes the document, without its secrets', async () => {
    const { door, sent } = makeWorld();
    expect(await door(call([notified]))).toEqual({ status: 200 });
    expect(sent).toMatchObject([{ content: { is: 'document', form: 'event-grid' } }]);
    expect(JSON.stringify(sent)).toContain('allowBlobPublicAccess');
    expect(JSON.stringify(sent)).not.toContain('hunter2');
  });

  it('told twice is the same change', async () => {
    const { door, sent } = makeWorld();
    await door(call([written]));
    await door(call([written]));
    expect(new Set(sent.map((change) => change.changeId)).size).toBe(1);
  });

  it('of several events has each accounted for', async () => {
    const { door, sent, kept, count } = makeWorld();
    const failure = { ...written, eventType: 'Microsoft.Resources.ResourceWriteFailure' };
    const foreign = JSON.parse(
      JSON.stringify(written).replaceAll(subscription, 'd00dd00d-0000-4000-8000-000000000000'),
    ) as unknown;
    expect(await door(call([written, failure, { id: 'x' }, foreign]))).toEqual({ status: 200 });
    expect(sent).toHaveLength(1);
    expect(count('ChangesReceived')).toBe(4);
    expect(count('ChangesUnsupported')).toBe(1);
    expect(count('ChangesQuarantined')).toBe(2);
    expect(kept().map(({ reason, pointer }) => [pointer, reason])).toEqual([
      ['/2', 'neither an Event Grid event nor a CloudEvent'],
      ['/3', 'the subscription is not one whose events are taken'],
    ]);
  });
});

const deep = '['.repeat(100_000) + ']'.repeat(100_000);

describe('authenticated content that cannot be used is kept and answered 2xx', () => {
  it.each([
    ['malformed JSON', '{"id": ', /not JSON/],
    ['a scalar', '42', /neither an Event Grid event/],
    ['a missing field', [{ ...written, eventTime: undefined }], /.+/],
    ['a body nested without end', JSON.stringify([{ ...written, data: 'deep' }]).replace('"deep"', deep), /too deep/],
    ['a body of 5 MB', JSON.stringify([{ ...written, data: { big: 'x'.repeat(5 * 1024 * 1024) } }]), /at most/],
  ])('%s', async (_what, body, reason) => {
    const { door, sent, kept, count } = makeWorld();
    expect(await door(call(body))).toEqual({ status: 200 });
    expect(sent).toEqual([]);
    expect(kept()).toHaveLength(1);
    expect(kept()[0]).toMatchObject({ source: 'azure.event-grid', code: 'EVENT_INVALID' });
    expect(kept()[0]?.reason).toMatch(reason);
    expect(kept()[0]?.content.length).toBeLessThanOrEqual(1024 * 1024);
    expect(count('ChangesQuarantined')).toBe(1);
  });

  it('with its secrets taken out, JSON or not', async () => {
    const { door, kept } = makeWorld();
    await door(
      call([{ ...written, eventTime: undefined, data: { ...written.data, adminPassword: 'hunter2hunter2' } }]),
    );
    await door(call('{"broken": "password=hunter2hunter2"'));
    expect(kept()).toHaveLength(2);
    expect(JSON.stringify(kept())).not.toContain('hunter2');
  });
});

describe('who may not come in', () => {
  it('is answered 401, and nothing is kept or sent', async () => {
    const { door, sent, kept, count } = makeWorld({ is: 'refused', why: 'claim aud is not what is allowed' });
    expect(await door(call([written]))).toMatchObject({ status: 401 });
    expect([sent, kept()]).toEqual([[], []]);
    expect(count('CallersRefused')).toBe(1);
  });

  it('is refused before a body of 5 MB is looked at', async () => {
    const { door, kept } = makeWorld({ is: 'refused', why: 'no bearer token' });
    expect(await door(call('x'.repeat(5 * 1024 * 1024)))).toMatchObject({ status: 401 });
    expect(kept()).toEqual([]);
  });

  it('is asked to come again while the keys cannot be fetched', async () => {
    const { door, sent, count } = makeWorld({ is: 'uncheckable', why: 'x' });
    expect(await door(call([written]))).toMatchObject({ status: 503 });
    expect(sent).toEqual([]);
    expect(count('CallersUncheckable')).toBe(1);
  });
});

describe('our own faults', () => {
  it('are answered 503, and say nothing of themselves', async () => {
    const world = makeDoorWorld();
    const door = makeEventGridDoor({
      ...world.deps,
      subscriptions: [subscription],
      send: () => Promise.reject(new AppError('STORE_UNAVAILABLE', 'the queue at secret.example is down')),
    });
    const answer = await door(call([written]));
    expect(answer.status).toBe(503);
    expect(JSON.stringify(answer)).not.toContain('secret.example');
  });
});

describe('handshakes', () => {
  it('of the Event Grid schema: the code is echoed, and no URL of the message is fetched', async () => {
    const { door, sent } = makeWorld();
    const answer = await door(call([handshake]));
    expect(answer).toMatchObject({ status: 200, body: JSON.stringify({ validationResponse: 'CODE-1' }) });
    expect(sent).toEqual([]);
  });

  it('of the Event Grid schema: only with a token, and only for a subscription that is taken', async () => {
    const refused = makeWorld({ is: 'refused', why: 'no bearer token' });
    expect(await refused.door(call([handshake]))).toMatchObject({ status: 401 });
    const foreign = { ...handshake, topic: '/subscriptions/d00dd00d-0000-4000-8000-000000000000/x' };
    const { door, kept } = makeWorld();
    expect(await door(call([foreign]))).toEqual({ status: 200 });
    expect(kept()).toHaveLength(1);
  });

  it('of the CloudEvents schema: Event Grid is allowed, nobody else', async () => {
    const { door } = makeWorld({ is: 'refused', why: 'no bearer token' });
    const options = (origin: string) =>
      door(call('', { method: 'OPTIONS', headers: { 'webhook-request-origin': origin } }));
    expect(await options('eventgrid.azure.net')).toMatchObject({
      status: 200,
      headers: { 'webhook-allowed-origin': 'eventgrid.azure.net' },
    });
    expect(await options('attacker.example')).toEqual({ status: 404 });
  });
});
