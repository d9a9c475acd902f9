/** How a document of one's own comes to the front doors: in the envelope in which its provider would have sent it. */
import { randomUUID } from 'node:crypto';
import { armName, subscriptionOf } from '../../shared/mappings/azure/arm-id.ts';
import { readBackOwner } from '../../shared/mappings/azure/read-back.ts';
import { pubsubTemporalAsset } from '../../shared/mappings/dialects/cai.ts';
import { eventGridNotices } from '../../shared/mappings/dialects/event-grid.ts';
import type { DocumentForm } from '../../shared/mappings/form.ts';
import { AWS_DETAIL_TYPES } from '../../shared/model/deployment.ts';
import { AppError } from '../../shared/model/errors.ts';
import { isObject, type Json } from '../../shared/model/json.ts';
import { type NativeResource, Unresolved } from '../../shared/model/native.ts';
import type { Delivery } from './front-doors.ts';

/** What has to happen so that the service sees a document. */
export interface Sending {
  /** What Azure Resource Manager answers from now on, by id: a read-back asks it. */
  readonly arm: { readonly [id: string]: Json };
  readonly deliveries: readonly Delivery[];
}

type JsonObject = { readonly [key: string]: Json };
const object = (value: Json | undefined): JsonObject | undefined => (isObject(value) ? value : undefined);
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);
const each = (document: Json): readonly Json[] =>
  Array.isArray(document) ? (document as readonly Json[]) : [document];

const notices = (...deliveries: readonly Delivery[]): Sending => ({ arm: {}, deliveries });

/** One Config item as the event that announces it. */
function configChange(item: Json, now: string): Delivery {
  const it = object(item) ?? {};
  return configNotice({
    recordVersion: '1.3',
    messageType: 'ConfigurationItemChangeNotification',
    notificationCreationTime: now,
    configurationItemDiff: null,
    configurationItem: { configurationItemCaptureTime: now, ...it },
  });
}

function configNotice(detail: Json): Delivery {
  const item = object(object(detail)?.['configurationItem']) ?? {};
  const arn = item['ARN'] ?? item['arn'];
  return {
    door: 'aws',
    source: 'aws.config',
    detailType: AWS_DETAIL_TYPES['aws.config'][0],
    resources: typeof arn === 'string' ? [arn] : [],
    detail,
  };
}

/** The notification inside an event, a rule's invocation, or by itself. */
function noticeOf(event: Json): Json {
  const it = object(event) ?? {};
  if (typeof it['invokingEvent'] === 'string') return JSON.parse(it['invokingEvent']) as Json;
  return it['detail'] ?? event;
}

const parsed = (value: Json): Json => (typeof value === 'string' ? (JSON.parse(value) as Json) : value);

function configAnswer(document: Json, now: string): Sending {
  const answer = object(document);
  const items = Array.isArray(document)
    ? list(document)
    : [
        ...list(answer?.['configurationItems']),
        ...list(answer?.['baseConfigurationItems']),
        ...list(answer?.['Results']).map(parsed),
      ];
  return notices(...items.map((item) => configChange(item, now)));
}

/** ARM bodies and rows: Resource Manager knows them from now on, and an event says that something was written. */
function armBodies(natives: readonly NativeResource[], now: string): Sending {
  const arm: Record<string, Json> = {};
  const owners = new Set<string>();
  for (const { id, body } of natives) {
    const fields = isObject(body) ? Object.entries(body).filter(([, v]) => !(v instanceof Unresolved)) : [];
    arm[id] = Object.fromEntries(fields) as Json;
    owners.add(readBackOwner(id)?.id ?? id);
  }
  return {
    arm,
    deliveries: [...owners].map((id) => ({ door: 'azure', schema: 'event-grid', body: [written(id, now)] })),
  };
}

const written = (id: string, now: string): Json => ({
  id: randomUUID(),
  topic: `/subscriptions/${subscriptionOf(id) ?? ''}`,
  subject: id,
  eventType: 'Microsoft.Resources.ResourceWriteSuccess',
  eventTime: now,
  data: { resourceUri: id, operationName: `${armName(id)}/write`, status: 'Succeeded' },
  dataVersion: '2',
  metadataVersion: '1',
});

/** What an asset can state, in both spellings. */
const CONTENTS = ['resource', 'iamPolicy', 'iam_policy', 'orgPolicy', 'org_policy', 'v2OrgPolicies', 'v2_org_policies'];

/** A listed asset as the feed that would announce it. */
const feedMessage = (asset: Json, now: string): Json => {
  const it = object(asset) ?? {};
  if (!CONTENTS.some((content) => content in it))
    throw new AppError('INPUT_INVALID', 'an asset that was listed without its content is what no feed announces');
  const at = it['updateTime'] ?? it['update_time'] ?? now;
  return { asset: { updateTime: at, ...it }, window: { startTime: at } };
};

const assetsOf = (document: Json): readonly Json[] => {
  const listed = object(document)?.['assets'];
  return Array.isArray(listed) ? list(listed) : each(document);
};

const NOT_YET =
  'says what is intended, not what is: nothing has changed that a provider would announce. Judge it with "edict check"';

/** The same news with another time: as if it had happened then. */
function retimed(delivery: Delivery, at: string): Delivery {
  const rewrite = (value: Json): Json => {
    if (Array.isArray(value)) return (value as readonly Json[]).map(rewrite);
    const it = object(value);
    if (it === undefined) return value;
    return Object.fromEntries(
      Object.entries(it).map(([key, v]) => [
        key,
        TIMES.has(key) ? at : key === 'configurationStateId' ? Date.parse(at) : NESTED.has(key) ? rewrite(v) : v,
      ]),
    );
  };
  switch (delivery.door) {
    case 'aws':
      return { ...delivery, detail: rewrite(delivery.detail) };
    case 'azure':
      return { ...delivery, body: rewrite(delivery.body) };
    case 'google':
      return { ...delivery, asset: rewrite(delivery.asset) };
  }
}
/** Where providers say when something changed, and in which of their envelopes. */
const TIMES: ReadonlySet<string> = new Set([
  'configurationItemCaptureTime',
  'eventTime',
  'time',
  'resourceEventTime',
  'updateTime',
  'update_time',
  'startTime',
]);
const NESTED: ReadonlySet<string> = new Set([
  'configurationItem',
  'configurationItemSummary',
  'data',
  'operationalInfo',
  'operationalDetails',
  'asset',
  'window',
]);

/** Everything that is sent, as if it had happened at this instant. */
export const asOf = (sending: Sending, at: string): Sending => ({
  ...sending,
  deliveries: sending.deliveries.map((d) => retimed(d, at)),
});

/**
 * What sends a document of a form. `now` is the instant of the change where the document does not say. Throws
 * `INPUT_INVALID` for what no provider announces.
 */
export function sendingOf(form: DocumentForm, document: Json, now: string): Sending {
  switch (form.id) {
    case 'config-event':
      return notices(...each(document).map((event) => configNotice(noticeOf(event))));
    case 'config-item':
      return notices(configChange(document, now));
    case 'config-history':
    case 'config-select':
      return configAnswer(document, now);
    case 'event-grid':
      return notices({ door: 'azure', schema: schemaOf(document), body: document });
    case 'arm-resource':
    case 'resource-graph':
      return armBodies(form.read(document, { orderKey: now }), now);
    case 'cai-feed': {
      const messages = assetsOf(pubsubTemporalAsset(document) ?? document);
      return notices(...messages.map((asset): Delivery => ({ door: 'google', asset })));
    }
    case 'cai-asset':
      return notices(
        ...assetsOf(document).map((asset): Delivery => ({ door: 'google', asset: feedMessage(asset, now) })),
      );
    default:
      throw new AppError('INPUT_INVALID', `a document of the form "${form.title}" ${NOT_YET}`);
  }
}

const schemaOf = (document: Json): 'event-grid' | 'cloud-events' =>
  object(each(document)[0])?.['specversion'] === undefined ? 'event-grid' : 'cloud-events';

/** The Azure subscriptions that deliveries speak of, lower case. */
export const subscriptionsOf = (sending: Sending): readonly string[] => [
  ...new Set(
    sending.deliveries.flatMap((d) => (d.door === 'azure' ? eventGridNotices(d.body).map((n) => n.subscription) : [])),
  ),
];
