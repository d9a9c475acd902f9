import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../../shared/model/errors.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { eventGrid, eventGridNotices, readEventGrid } from '../../../../shared/mappings/dialects/event-grid.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';

const SUB = '/subscriptions/5a1e0f6c-7d0b-4b63-9b0e-2f9f2d1c7a55';
const ID = `${SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/logs`;
type Fields = { readonly [key: string]: Json };

const data: Fields = {
  resourceUri: ID,
  operationName: 'Microsoft.Storage/storageAccounts/write',
  claims: { name: 'Ada', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'ada@acme.example' },
};
const gridEvent = (eventType: string, more: Fields = {}, over: Fields = {}): Fields => ({
  id: 'e-1',
  topic: SUB,
  subject: ID,
  eventType,
  eventTime: '2026-03-18T09:24:51.4829999Z',
  data: { ...data, ...more },
  ...over,
});
const cloudEvent = (type: string, more: Fields = {}): Fields => ({
  specversion: '1.0',
  id: 'e-1',
  source: SUB,
  subject: ID,
  type,
  time: '2026-03-18T09:24:51.4829999Z',
  data: { ...data, ...more },
});
const WRITE = 'Microsoft.Resources.ResourceWriteSuccess';
const UPDATED = 'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated';
const state: Fields = {
  resourceInfo: {
    id: ID,
    name: 'logs',
    type: 'Microsoft.Storage/storageAccounts',
    location: 'westeurope',
    tags: {},
    properties: { supportsHttpsTrafficOnly: 0, allowBlobPublicAccess: 1 },
  },
  operationalInfo: { resourceEventTime: '2026-03-18T09:24:50.1000000+00:00' },
};

describe('an Event Grid delivery', () => {
  test.each([
    ['Event Grid schema', [gridEvent(WRITE)], '/0'],
    ['CloudEvents schema', [cloudEvent(WRITE)], '/0'],
    ['one CloudEvent', cloudEvent(WRITE), ''],
  ])('without state is a notice to read back (%s)', (_, body, pointer) => {
    expect(eventGridNotices(body)).toEqual([
      {
        id: ID.toLowerCase(),
        type: 'microsoft.storage/storageaccounts',
        operation: 'write',
        time: '2026-03-18T09:24:51.482Z',
        eventId: 'e-1',
        actor: 'ada@acme.example',
        subscription: SUB.slice(15),
        pointer,
      },
    ]);
  });

  test('with state carries it, keyed by the time at which the resource changed', () => {
    const [notice] = eventGridNotices([gridEvent(UPDATED, state)]);
    expect(notice).toMatchObject({ time: '2026-03-18T09:24:50.100Z', operation: 'write' });
    expect(notice?.state).toMatchObject({
      dialect: 'azure.notification',
      orderKey: '2026-03-18T09:24:50.100Z',
      pointer: '/0/data/resourceInfo',
      complete: false,
    });
    const { resources } = mapDocument(notice?.state === undefined ? [] : [notice.state]);
    // Booleans come as 1 and 0.
    expect(resources[0]?.facts).toMatchObject({
      tls_only: { state: 'known', value: false, at: '/0/data/resourceInfo/properties/supportsHttpsTrafficOnly' },
      public_access_blocked: { state: 'known', value: false },
      // What a notification does not show is not there by default.
      encryption: { state: 'unknown' },
    });
  });

  test('of a deletion is a tombstone, with or without state', () => {
    for (const type of [
      'Microsoft.Resources.ResourceDeleteSuccess',
      'Microsoft.ResourceNotifications.Resources.Deleted',
    ]) {
      expect(eventGridNotices([gridEvent(type)])[0]).toMatchObject({ operation: 'delete', state: { deleted: true } });
    }
  });

  test('of a deleted part is read back from what it was a part of', () => {
    const child = `${ID}/blobServices/default/containers/a`;
    const [notice] = eventGridNotices([gridEvent('Microsoft.Resources.ResourceDeleteSuccess', { resourceUri: child })]);
    expect(notice).toMatchObject({ id: child.toLowerCase(), operation: 'delete' });
    expect(notice).not.toHaveProperty('state');
  });

  test('without the kind that decides what a resource is has to be read back', () => {
    const id = `${SUB}/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/ai`;
    const info = { id, name: 'ai', type: 'Microsoft.CognitiveServices/accounts', properties: {} };
    const notice = (resourceInfo: Fields) => eventGridNotices([gridEvent(UPDATED, { ...state, resourceInfo })])[0];
    expect(notice(info)).not.toHaveProperty('state');
    expect(notice({ ...info, kind: 'OpenAI' })).toHaveProperty('state');
  });

  test('of an action and of a child names the operation and the child', () => {
    const child = `${ID}/blobServices/default/containers/a`;
    const [action, container] = eventGridNotices([
      gridEvent('Microsoft.Resources.ResourceActionSuccess', {
        operationName: 'Microsoft.Storage/storageAccounts/listKeys/action',
      }),
      gridEvent(WRITE, { resourceUri: child }),
    ]);
    expect(action).toMatchObject({ operation: 'action', type: 'microsoft.storage/storageaccounts' });
    expect(container).toMatchObject({
      id: child.toLowerCase(),
      type: 'microsoft.storage/storageaccounts/blobservices/containers',
    });
  });

  test('of the handshake gives the code to echo', () => {
    const handshake = gridEvent('Microsoft.EventGrid.SubscriptionValidationEvent', { validationCode: '512d38b6' });
    expect(readEventGrid([handshake])).toEqual({ notices: [], ignored: [], rejected: [], validationCode: '512d38b6' });
  });

  test('accounts for every event: used, ignored by name, or rejected with a reason', () => {
    const { notices, ignored, rejected } = readEventGrid([
      gridEvent(WRITE),
      gridEvent('Microsoft.Resources.ResourceWriteFailure'),
      gridEvent(WRITE, {}, { eventTime: 'yesterday' }),
      gridEvent(WRITE, { resourceUri: 'logs' }),
      { hello: 'world' },
      null,
    ]);
    expect([notices.length, ignored.length, rejected.length]).toEqual([1, 1, 4]);
    expect(ignored[0]).toEqual({ pointer: '/1', eventType: 'Microsoft.Resources.ResourceWriteFailure' });
    expect(rejected.map((r) => r.pointer)).toEqual(['/2', '/3', '/4', '/5']);
  });

  test.each([undefined, null, 7, 'x', {}, [], [[]]])('is total on %j', (body) => {
    expect(readEventGrid(body).notices).toEqual([]);
  });

  test('as a file: without state nothing of the resource is known; an unusable event refuses the file', () => {
    const [resource] = mapDocument(eventGrid.read([gridEvent(WRITE)], {})).resources;
    expect(resource?.facts['tls_only']).toMatchObject({ state: 'unknown' });
    expect(resource?.facts['encryption']).toMatchObject({ state: 'unknown' });
    let thrown: unknown;
    try {
      eventGrid.read([gridEvent(WRITE, {}, { eventTime: '' })], {});
    } catch (error) {
      thrown = error;
    }
    expect(isAppError(thrown, 'EVENT_INVALID')).toBe(true);
  });
});
