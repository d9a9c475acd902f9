/**
 * Azure Event Grid deliveries, in the Event Grid and the CloudEvents schema.
 *
 * `Microsoft.Resources.Resource{Write,Delete,Action}Success` say only that something happened to an id: the state is
 * read back. `Microsoft.ResourceNotifications.Resources.{CreatedOrUpdated,Deleted}` carry the state, in a dialect of
 * their own (`azure.notification`): booleans come as 1/0, and `kind`, `sku` and `identity` may be missing.
 * https://learn.microsoft.com/azure/event-grid/event-schema-subscriptions
 * https://learn.microsoft.com/azure/event-grid/event-schema-resources (both read 2026-11-25)
 */
import { AppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';
import { type NativeResource, Unresolved } from '../../model/native.ts';
import { armLocation, armName, armType, isArmId, subscriptionOf } from '../azure/arm-id.ts';
import { readBackOwner } from '../azure/read-back.ts';
import type { DocumentForm } from '../form.ts';
import { armTags } from './arm.ts';

export type EventGridOperation = 'write' | 'delete' | 'action';

/** What one event says. */
export interface EventGridNotice {
  /** The resource, lower case; of a child (a container, a security rule) the child's own id. */
  readonly id: string;
  /** Its type, lower case; undefined where neither the event nor the id says. */
  readonly type?: string;
  readonly operation: EventGridOperation;
  /** When the world changed, by the provider: ISO-8601 UTC with milliseconds. Also the order key. */
  readonly time: string;
  readonly eventId: string;
  /** Who did it: the user's principal name, else the name, else the application's or object's id. */
  readonly actor?: string;
  readonly subscription: string;
  /**
   * The state that came inside the event, or the tombstone of a deleted resource. Undefined: the resource is read back,
   * or what it is a part of (a container's account).
   */
  readonly state?: NativeResource;
  /** JSON Pointer of the event within the delivery. */
  readonly pointer: string;
}

/** One delivery, every event accounted for. */
export interface EventGridDelivery {
  readonly notices: readonly EventGridNotice[];
  /** The code to echo as `{validationResponse}` in the handshake of the Event Grid schema. */
  readonly validationCode?: string;
  /** Events of types that say nothing of resources' state (failures, cancellations, other topics). */
  readonly ignored: readonly { readonly pointer: string; readonly eventType: string }[];
  /** Events that cannot be used: for the quarantine. */
  readonly rejected: readonly { readonly pointer: string; readonly reason: string }[];
}

type Object_ = { readonly [key: string]: Json };
const object = (value: Json | undefined): Object_ | undefined => (isObject(value) ? value : undefined);
const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/**
 * The event types that are taken, by the topic type of Event Grid that tells them: what onboarding subscribes to, and
 * "edict doctor" looks for.
 */
export const EVENT_GRID_TOPICS = {
  'Microsoft.Resources.Subscriptions': {
    'Microsoft.Resources.ResourceWriteSuccess': 'write',
    'Microsoft.Resources.ResourceDeleteSuccess': 'delete',
    'Microsoft.Resources.ResourceActionSuccess': 'action',
  },
  'Microsoft.ResourceNotifications.Resources': {
    'Microsoft.ResourceNotifications.Resources.CreatedOrUpdated': 'write',
    'Microsoft.ResourceNotifications.Resources.Deleted': 'delete',
  },
} as const satisfies { readonly [topicType: string]: { readonly [eventType: string]: EventGridOperation } };

const OPERATIONS: { readonly [eventType: string]: EventGridOperation } = Object.fromEntries(
  Object.values(EVENT_GRID_TOPICS).flatMap((types) =>
    Object.entries(types).map(([type, operation]) => [type.toLowerCase(), operation]),
  ),
);
const VALIDATION = 'microsoft.eventgrid.subscriptionvalidationevent';
const NOTIFICATION = 'microsoft.resourcenotifications.resources.';

/** Types of which only the kind says what they are: without it the resource is read back. */
const KIND_DECIDES: ReadonlySet<string> = new Set(['microsoft.cognitiveservices/accounts']);

/** The envelope of either schema. */
interface Envelope {
  readonly eventType: string;
  readonly id: string | undefined;
  readonly time: string | undefined;
  readonly subject: string | undefined;
  readonly source: string | undefined;
  readonly data: Object_ | undefined;
}

function envelope(event: Json | undefined): Envelope | undefined {
  const it = object(event);
  if (it === undefined) return undefined;
  const cloudEvent = text(it['specversion']) !== undefined;
  const eventType = text(cloudEvent ? it['type'] : it['eventType']);
  if (eventType === undefined) return undefined;
  return {
    eventType,
    id: text(it['id']),
    time: text(cloudEvent ? it['time'] : it['eventTime']),
    subject: text(it['subject']),
    source: text(cloudEvent ? it['source'] : it['topic']),
    data: object(it['data']),
  };
}

/** An instant as ISO-8601 UTC with milliseconds; finer digits are cut, so that texts compare as instants do. */
function instant(said: string | undefined): string | undefined {
  if (said === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(said)) return undefined;
  const ms = Date.parse(said.replace(/(\.\d{3})\d+/, '$1'));
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

const UPN = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn';
const OBJECT_ID = 'http://schemas.microsoft.com/identity/claims/objectidentifier';

function actorOf(data: Object_): string | undefined {
  const claims = object(data['claims']);
  if (claims === undefined) return undefined;
  return text(claims[UPN]) ?? text(claims['name']) ?? text(claims['appid']) ?? text(claims[OBJECT_ID]);
}

/** The type that an operation's name speaks of: `Microsoft.Storage/storageAccounts/write` without its verb. */
function operationType(name: string | undefined): string | undefined {
  const parts = name?.toLowerCase().split('/');
  return parts === undefined || parts.length < 3 ? undefined : parts.slice(0, -1).join('/');
}

const NOT_SHOWN = new Unresolved('the event does not carry the properties');

function notified(
  info: Object_,
  common: Pick<NativeResource, 'id' | 'type' | 'account' | 'orderKey' | 'changedAt'>,
  pointer: string,
  deleted: boolean,
): NativeResource {
  const location = text(info['location']);
  const tags = info['tags'];
  return {
    dialect: 'azure.notification',
    cloud: 'azure',
    ...common,
    name: text(info['name']) ?? armName(common.id),
    ...(location === undefined ? {} : { region: armLocation(location) }),
    body: isObject(info['properties']) ? info : { ...info, properties: NOT_SHOWN },
    pointer,
    tags:
      tags === undefined || tags === null
        ? { state: 'unknown', why: 'not_collected', detail: 'the event does not show tags' }
        : armTags(tags, `${pointer}/tags`),
    complete: false,
    ...(deleted ? { deleted } : {}),
  };
}

function notice(event: Envelope, operation: EventGridOperation, pointer: string): EventGridNotice | string {
  const data = event.data;
  if (data === undefined) return 'the event has no data';
  if (event.id === undefined) return 'the event has no id';
  const infoKey = isObject(data['resourceInfo']) ? 'resourceInfo' : 'resourceDetails';
  const info = object(data[infoKey]);
  const spelled = text(info?.['id']) ?? text(data['resourceUri']) ?? event.subject;
  if (!isArmId(spelled)) return 'the event names no resource by an ARM id';
  const id = spelled.replace(/\/+$/, '').toLowerCase();
  const operational = object(data['operationalInfo']) ?? object(data['operationalDetails']);
  const time = instant(text(operational?.['resourceEventTime'])) ?? instant(event.time);
  if (time === undefined) return 'the event has no usable time';
  const subscription = subscriptionOf(id) ?? text(data['subscriptionId'])?.toLowerCase();
  if (subscription === undefined) return 'the event names no subscription';
  const said = text(info?.['type'])?.toLowerCase();
  // An action (`…/listKeys/action`) is named after the resource it is done to, which the id names as well.
  const type = said ?? armType(id) ?? operationType(text(data['operationName']));
  const actor = actorOf(data);
  const common = type === undefined ? undefined : { id, type, account: subscription, orderKey: time, changedAt: time };
  const deleted = operation === 'delete';
  // What changes in a part, or that it is gone, shows in what it is a part of, which is read back.
  const isPart = (readBackOwner(id)?.id ?? id) !== id;
  const carries = operation === 'write' && event.eventType.toLowerCase().startsWith(NOTIFICATION) && info !== undefined;
  const tellsKind = !KIND_DECIDES.has(type ?? '') || text(info?.['kind']) !== undefined;
  let state: NativeResource | undefined;
  if (common !== undefined && !isPart && (deleted || (carries && tellsKind))) {
    const at = info === undefined ? `${pointer}/data` : `${pointer}/data/${infoKey}`;
    state = notified(info ?? {}, common, at, deleted);
    if (actor !== undefined) state = { ...state, actor };
  }
  return {
    id,
    ...(type === undefined ? {} : { type }),
    operation,
    time,
    eventId: event.id,
    ...(actor === undefined ? {} : { actor }),
    subscription,
    ...(state === undefined ? {} : { state }),
    pointer,
  };
}

/**
 * Reads one delivery: an event or an array of events. Total: whatever it holds is a notice, a handshake, ignored by
 * name, or rejected with a reason.
 */
export function readEventGrid(body: unknown): EventGridDelivery {
  const batch = Array.isArray(body) ? (body as readonly Json[]) : [body as Json];
  const notices: EventGridNotice[] = [];
  const ignored: { pointer: string; eventType: string }[] = [];
  const rejected: { pointer: string; reason: string }[] = [];
  let validationCode: string | undefined;
  batch.forEach((item, i) => {
    const pointer = Array.isArray(body) ? `/${i}` : '';
    const event = envelope(item);
    if (event === undefined) {
      rejected.push({ pointer, reason: 'neither an Event Grid event nor a CloudEvent' });
      return;
    }
    const eventType = event.eventType.toLowerCase();
    if (eventType === VALIDATION) {
      const code = text(event.data?.['validationCode']);
      if (code === undefined) rejected.push({ pointer, reason: 'a validation event without a code' });
      else validationCode = code;
      return;
    }
    const operation = Object.hasOwn(OPERATIONS, eventType) ? OPERATIONS[eventType] : undefined;
    if (operation === undefined) {
      ignored.push({ pointer, eventType: event.eventType });
      return;
    }
    const got = notice(event, operation, pointer);
    if (typeof got === 'string') rejected.push({ pointer, reason: got });
    else notices.push(got);
  });
  return { notices, ignored, rejected, ...(validationCode === undefined ? {} : { validationCode }) };
}

/** The notices of a delivery; see `readEventGrid` for what else may be in it. */
export const eventGridNotices = (body: unknown): readonly EventGridNotice[] => readEventGrid(body).notices;

/** True for an event of a type that Azure sends in either schema. */
function isAzureEvent(document: Json | undefined): boolean {
  const event = envelope(document);
  return event !== undefined && /^microsoft\.(resources|resourcenotifications|eventgrid)\./i.test(event.eventType);
}

/**
 * A file of Event Grid events. An event without state gives a resource of which nothing is known yet (it is read back in
 * the service).
 */
export const eventGrid: DocumentForm = {
  id: 'event-grid',
  title: 'Azure Event Grid events',
  dialect: 'azure.notification',
  detect: (document) =>
    Array.isArray(document)
      ? document.length > 0 && (document as readonly Json[]).every(isAzureEvent)
      : isAzureEvent(document),
  read(document) {
    const { notices, rejected } = readEventGrid(document);
    const [first] = rejected;
    if (first !== undefined) {
      throw new AppError('EVENT_INVALID', `Event Grid event at ${first.pointer || '/'}: ${first.reason}`, {
        details: { pointer: first.pointer, reason: first.reason },
      });
    }
    return notices.flatMap((n) => {
      if (n.state !== undefined) return [n.state];
      if (n.operation === 'action' || n.type === undefined) return [];
      return [
        {
          dialect: 'azure.notification' as const,
          cloud: 'azure' as const,
          type: n.type,
          id: n.id,
          name: armName(n.id),
          account: n.subscription,
          body: new Unresolved('the event carries no state: it has to be read back'),
          pointer: n.pointer,
          tags: { state: 'unknown' as const, why: 'not_collected' as const, detail: 'the event does not show tags' },
          complete: false,
          orderKey: n.time,
          changedAt: n.time,
          ...(n.actor === undefined ? {} : { actor: n.actor }),
        },
      ];
    });
  },
};
