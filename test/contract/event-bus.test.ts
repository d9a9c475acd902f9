import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterEach, describe, expect, it } from 'vitest';
import { makeEventBridgeBus } from '../../shared/adapters/eventbridge/event-bus.ts';
import type { FindingEvent } from '../../shared/model/finding-event.ts';

interface Entry {
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Resources: readonly string[];
  readonly EventBusName: string;
  readonly Time: number;
}
type Answer = (entries: readonly Entry[], call: number) => { readonly status?: number; readonly body: unknown };

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
};

/** The real SDK against a server that speaks PutEvents; `calls` are the entries of each call. */
async function setUp(answer: Answer) {
  const calls: (readonly Entry[])[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { Entries } = JSON.parse(await bodyOf(request)) as { readonly Entries: readonly Entry[] };
    calls.push(Entries);
    const { status = 200, body } = answer(Entries, calls.length);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  };
  const server = createServer((request, response) => void serve(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new EventBridgeClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return { calls, bus: makeEventBridgeBus(client, 'edict-test') };
}

const event = (id: string, size = 10): FindingEvent =>
  ({
    id,
    detailType: 'FindingOpened.v1',
    time: '2026-11-25T09:00:00.000Z',
    resource: 'arn:aws:s3:::b',
    detail: { text: 'x'.repeat(size), edict: { eventId: id } },
  }) as unknown as FindingEvent; // only its size and place matter here
const allTaken: Answer = (entries) => ({
  body: { FailedEntryCount: 0, Entries: entries.map((_, i) => ({ EventId: `e${i}` })) },
});
const idsOf = (entries: readonly Entry[]): readonly string[] =>
  entries.map((e) => (JSON.parse(e.Detail) as { edict: { eventId: string } }).edict.eventId);

describe('publishing on EventBridge', () => {
  it('says source, type, resource and time, ten events a call and in order', async () => {
    const { bus, calls } = await setUp(allTaken);
    const ids = Array.from({ length: 23 }, (_, i) => `id-${i}`);
    await bus.publish(ids.map((id) => event(id)));
    expect(calls.map((c) => c.length)).toEqual([10, 10, 3]);
    expect(calls.flatMap(idsOf)).toEqual(ids);
    expect(calls[0]?.[0]).toMatchObject({
      EventBusName: 'edict-test',
      Source: 'edict',
      DetailType: 'FindingOpened.v1',
      Resources: ['arn:aws:s3:::b'],
      Time: Date.parse('2026-11-25T09:00:00.000Z') / 1000,
    });
    await bus.publish([]);
    expect(calls).toHaveLength(3);
  });

  it('keeps a call below 256 KB', async () => {
    const { bus, calls } = await setUp(allTaken);
    await bus.publish(Array.from({ length: 5 }, (_, i) => event(`id-${i}`, 100 * 1024)));
    expect(calls.map((c) => c.length)).toEqual([2, 2, 1]);
  });

  it('sends again what was refused, and only that', async () => {
    const { bus, calls } = await setUp((entries, call) =>
      call === 1
        ? {
            body: {
              FailedEntryCount: 1,
              Entries: entries.map((_, i) => (i === 1 ? { ErrorCode: 'ThrottlingException' } : { EventId: 'e' })),
            },
          }
        : allTaken(entries, call),
    );
    await bus.publish([event('a'), event('b'), event('c')]);
    expect(calls.map(idsOf)).toEqual([['a', 'b', 'c'], ['b']]);
  });

  it('fails, to be retried, when the bus goes on refusing or does not answer', async () => {
    const refusing = await setUp((entries) => ({
      body: { FailedEntryCount: 1, Entries: entries.map(() => ({ ErrorCode: 'InternalFailure' })) },
    }));
    await expect(refusing.bus.publish([event('a')])).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
    expect(refusing.calls).toHaveLength(3);
    const down = await setUp(() => ({ status: 500, body: { __type: 'InternalException' } }));
    await expect(down.bus.publish([event('a')])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it('refuses an event that the bus could never take', async () => {
    const { bus, calls } = await setUp(allTaken);
    await expect(bus.publish([event('a', 300 * 1024)])).rejects.toMatchObject({ code: 'INVARIANT_BROKEN' });
    expect(calls).toHaveLength(0);
  });
});
