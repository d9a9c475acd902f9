import { subscriptionOf } from '../../mappings/azure/arm-id.ts';
import { eventGrid, type EventGridNotice, readEventGrid } from '../../mappings/dialects/event-grid.ts';
import { type Change, changeIdOf } from '../../model/change.ts';
import { isObject, type Json, pointerSegments } from '../../model/json.ts';
import { type DoorDeps, keep, parseBody, throughDoor } from '../http-auth/door.ts';
import { answers, type HttpAnswer, type HttpRequest, sizeOf } from '../http-auth/http.ts';

export const EVENT_GRID_SOURCE = 'azure.event-grid';
/** Event Grid delivers at most 1 MB: https://learn.microsoft.com/en-us/azure/event-grid/quotas-limits, read 2026-11-25. */
const MAX_BODY_BYTES = 1024 * 1024;
/** Who asks in the handshake of the CloudEvents schema. */
const ORIGIN = 'eventgrid.azure.net';

export interface EventGridDoorDeps extends DoorDeps {
  /** Lower-case ids of the subscriptions whose events are taken. */
  readonly subscriptions: readonly string[];
}

/**
 * Takes what Event Grid delivers, in either schema, and its handshakes. Every event of a delivery becomes a change, is
 * ignored by its type, or is kept in the quarantine; the delivery is answered 2xx, because Event Grid never sends again
 * what was answered 4xx.
 */
export function makeEventGridDoor(deps: EventGridDoorDeps): (request: HttpRequest) => Promise<HttpAnswer> {
  const allowed = new Set(deps.subscriptions);

  return async (request) => {
    // It carries no event and opens nothing: deliveries are checked one by one.
    if (request.method === 'OPTIONS')
      return request.headers['webhook-request-origin'] === ORIGIN
        ? { status: 200, headers: { 'webhook-allowed-origin': ORIGIN, 'webhook-allowed-rate': '*' } }
        : answers.notFound;

    return throughDoor(deps, EVENT_GRID_SOURCE, request, async () => {
      if (sizeOf(request) > MAX_BODY_BYTES) {
        deps.count('CallersTooLarge');
        await keep(deps, EVENT_GRID_SOURCE, request.body, { reason: `a delivery is at most ${MAX_BODY_BYTES} bytes` });
        return answers.taken;
      }
      const body = parseBody(request.body);
      if (body === undefined) {
        await keep(deps, EVENT_GRID_SOURCE, request.body, { reason: 'the body is not JSON, or nested too deep' });
        return answers.taken;
      }
      const { notices, ignored, rejected, validationCode } = readEventGrid(body);
      const eventAt = (pointer: string): Json => at(body, pointer);
      const keepEvent = (pointer: string, reason: string) =>
        keep(deps, EVENT_GRID_SOURCE, JSON.stringify(eventAt(pointer)), { reason, pointer });

      deps.count('ChangesReceived', notices.length + ignored.length + rejected.length);
      deps.count('ChangesUnsupported', ignored.length);
      for (const { pointer, reason } of rejected) await keepEvent(pointer, reason);
      const changes: Change[] = [];
      for (const notice of notices) {
        if (!allowed.has(notice.subscription))
          await keepEvent(notice.pointer, 'the subscription is not one whose events are taken');
        else changes.push(...(await changesOf(deps, notice, eventAt(notice.pointer))));
      }
      if (changes.length > 0) await deps.send(changes);

      if (validationCode === undefined) return answers.taken;
      if (!topicsAllowed(body, allowed)) {
        await keep(deps, EVENT_GRID_SOURCE, request.body, {
          reason: 'a handshake for a subscription that is not taken',
        });
        return answers.taken;
      }
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ validationResponse: validationCode }),
      };
    });
  };
}

/** The state that came inside the event, or the notice that it has to be read back. */
async function changesOf(deps: DoorDeps, notice: EventGridNotice, event: Json): Promise<readonly Change[]> {
  const receivedAt = deps.now();
  if (notice.state !== undefined) {
    const observed = await deps.observe({
      source: EVENT_GRID_SOURCE,
      origin: 'event',
      form: eventGrid.id,
      document: event,
      receivedAt,
    });
    return observed.changes;
  }
  const content: Change['content'] = {
    is: 'notice',
    cloud: 'azure',
    resourceId: notice.id,
    ...(notice.type === undefined ? {} : { nativeType: notice.type }),
    account: notice.subscription,
    changedAt: notice.time,
    ...(notice.actor === undefined ? {} : { actor: notice.actor.slice(0, 512) }),
  };
  const change = { source: EVENT_GRID_SOURCE, origin: 'event', receivedAt, content } as const;
  return [{ type: 'change', version: 1, changeId: changeIdOf(change), ...change }];
}

/** Every event that names a subscription in its topic names one that is allowed. */
function topicsAllowed(body: Json, allowed: ReadonlySet<string>): boolean {
  const events = Array.isArray(body) ? (body as readonly Json[]) : [body];
  return events.every((event) => {
    const topic = isObject(event) ? event['topic'] : undefined;
    const subscription = typeof topic === 'string' ? subscriptionOf(topic) : undefined;
    return subscription === undefined || allowed.has(subscription);
  });
}

function at(body: Json, pointer: string): Json {
  let value: Json | undefined = body;
  for (const segment of pointerSegments(pointer))
    value = Array.isArray(value)
      ? (value as readonly Json[])[Number(segment)]
      : isObject(value)
        ? value[segment]
        : undefined;
  return value ?? null;
}
