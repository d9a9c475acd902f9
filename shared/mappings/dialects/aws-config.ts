/**
 * AWS Config: configuration items in their three encodings, plus the batch read.
 * https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigurationItem.html (read 2026-11-25)
 *
 * | form             | document                                   | how values are written                                  |
 * | ---------------- | ------------------------------------------ | ------------------------------------------------------- |
 * | `config-event`   | EventBridge event, SNS detail, rule event  | objects; `ARN`, `awsAccountId`                          |
 * | `config-item`    | one configuration item by itself           | either of the two                                       |
 * | `config-history` | GetResourceConfigHistory, BatchGet…        | `configuration` and supplementary values are JSON texts |
 * | `config-select`  | SelectResourceConfig                       | each row is a JSON text                                 |
 *
 * The body of every item is the same in all of them: `{configuration, supplementaryConfiguration, resourceId,
 * resourceName, resourceCreationTime}`, JSON texts decoded, at the item's pointer. Values that are JSON texts by the
 * service's own design (a bucket policy's `policyText`) stay texts: they are a matter of the mapping.
 */
import { AppError } from '../../model/errors.ts';
import { entryOf, isObject, type Json } from '../../model/json.ts';
import type { Body, NativeResource } from '../../model/native.ts';
import {
  bucketArn,
  dbClusterArn,
  dbInstanceArn,
  s3AccountBlockId,
  sageMakerArn,
  securityGroupArn,
} from '../aws/arn.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';

type Item = { readonly [key: string]: unknown };

const invalid = (reason: string, pointer: string): AppError =>
  new AppError('EVENT_INVALID', reason, { details: { pointer, reason } });

/** Of the first present of several names; empty texts count as absent. */
function text(item: Item, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = item[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  }
  return undefined;
}

/** ISO-8601 UTC with milliseconds, from ISO with any offset or from epoch seconds (the API's wire form). */
function instant(value: unknown): string | undefined {
  const date =
    typeof value === 'number'
      ? new Date(Math.round(value * 1000))
      : typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)
        ? new Date(value)
        : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

const STATE_ID_DIGITS = 20;

/** Capture time, then state id: AWS's own order of the versions of a resource. */
const orderKeyOf = (captureTime: string, stateId: string): string =>
  `${captureTime}#${stateId.padStart(STATE_ID_DIGITS, '0')}`;

const MOST_ENCODINGS = 3;

/** Undoes JSON texts, several times where they are encoded several times; anything else stays as it is. */
function decode(value: unknown, pointer: string): unknown {
  let got = value;
  for (let i = 0; i < MOST_ENCODINGS && typeof got === 'string'; i++) {
    const trimmed = got.trim();
    if (!/^(?:[[{"]|(?:true|false|null)$)/.test(trimmed)) return got;
    try {
      got = JSON.parse(trimmed) as unknown;
    } catch (cause) {
      throw new AppError('EVENT_INVALID', `${pointer} is not the JSON that it should be`, {
        details: { pointer, reason: 'malformed JSON text' },
        cause,
      });
    }
  }
  return got;
}

function decodeSupplementary(value: unknown, pointer: string): Body | undefined {
  const decoded = decode(value, pointer);
  if (!isObject(decoded)) return undefined;
  return Object.fromEntries(Object.entries(decoded).map(([key, v]) => [key, decode(v, `${pointer}/${key}`) as Body]));
}

/** Types whose items may lack an ARN: how it is built. */
const ARN_OF: {
  readonly [type: string]: (o: { id: string; name: string; account: string; region: string }) => string;
} = {
  'AWS::S3::Bucket': ({ name, region }) => bucketArn(name, region),
  'AWS::S3::AccountPublicAccessBlock': ({ account }) => s3AccountBlockId(account),
  'AWS::RDS::DBInstance': ({ name, ...place }) => dbInstanceArn(name, place),
  'AWS::RDS::DBCluster': ({ name, ...place }) => dbClusterArn(name, place),
  'AWS::EC2::SecurityGroup': ({ id, ...place }) => securityGroupArn(id, place),
  'AWS::SageMaker::EndpointConfig': ({ name, ...place }) => sageMakerArn('endpoint-config', name, place),
  'AWS::SageMaker::Model': ({ name, ...place }) => sageMakerArn('model', name, place),
};
/** Types whose id is never an ARN, or whose resource id is the name. */
const NO_ARN: ReadonlySet<string> = new Set(['AWS::S3::AccountPublicAccessBlock']);

/** The short name inside the configuration, where the item has no resourceName. */
const NAME_IN_CONFIGURATION: { readonly [type: string]: readonly string[] } = {
  'AWS::RDS::DBInstance': ['dBInstanceIdentifier'],
  'AWS::RDS::DBCluster': ['dbclusterIdentifier', 'dBClusterIdentifier'],
  'AWS::EC2::SecurityGroup': ['groupName'],
  'AWS::SageMaker::EndpointConfig': ['EndpointConfigName'],
  'AWS::SageMaker::Model': ['ModelName'],
  'AWS::S3::Bucket': ['name'],
};

function pairs(value: unknown): readonly { readonly key: string; readonly value: string }[] | undefined {
  const tags: { key: string; value: string }[] = [];
  if (Array.isArray(value)) {
    for (const tag of value as readonly unknown[]) {
      if (!isObject(tag)) return undefined;
      const key = text(tag, 'key', 'Key');
      const tagValue = tag.value ?? tag.Value ?? '';
      if (key === undefined || typeof tagValue !== 'string') return undefined;
      tags.push({ key, value: tagValue });
    }
    return tags;
  }
  if (!isObject(value)) return undefined;
  for (const [key, tagValue] of Object.entries(value)) {
    if (typeof tagValue !== 'string') return undefined;
    tags.push({ key, value: tagValue });
  }
  return tags;
}

/** Where tags stand besides `tags` of the item, which the batch read leaves out. */
const TAGS_AT: readonly (readonly [string, string, ...string[]])[] = [
  ['supplementaryConfiguration', 'Tags'],
  ['configuration', 'tags'],
  ['configuration', 'tagList'],
  ['configuration', 'Tags'],
];

function readTags(item: Item, body: Item, pointer: string): NativeResource['tags'] {
  const own = pairs(item.tags);
  if (own !== undefined && own.length > 0) return { state: 'known', value: own, closed: true, at: `${pointer}/tags` };
  for (const [part, key] of TAGS_AT) {
    const holder = body[part];
    const found = isObject(holder) ? pairs(holder[key]) : undefined;
    if (found !== undefined && found.length > 0) {
      return { state: 'known', value: found, closed: true, at: `${pointer}/${part}/${key}` };
    }
  }
  if (own !== undefined) return { state: 'known', value: [], closed: true, at: `${pointer}/tags` };
  return { state: 'unknown', why: 'not_collected', detail: 'the item carries no tags' };
}

const GONE: ReadonlySet<string> = new Set(['ResourceDeleted', 'ResourceDeletedNotRecorded']);
const SEEN: ReadonlySet<string> = new Set(['OK', 'ResourceDiscovered']);

interface ItemOptions extends ReadOptions {
  /** An event without a usable version cannot be ordered against others. */
  readonly mustBeOrdered: boolean;
}

/** One item as a native resource; undefined where Config does not record the resource. */
function readItem(item: unknown, pointer: string, options: ItemOptions): NativeResource | undefined {
  if (!isObject(item)) throw invalid('a configuration item is an object', pointer);
  const type = text(item, 'resourceType');
  const resourceId = text(item, 'resourceId');
  if (type === undefined || resourceId === undefined) {
    throw invalid('a configuration item names its resourceType and resourceId', pointer);
  }
  const status = text(item, 'configurationItemStatus') ?? 'OK';
  if (status === 'ResourceNotRecorded') return undefined;
  const deleted = GONE.has(status);
  if (!deleted && !SEEN.has(status)) {
    throw invalid(`configurationItemStatus ${status.slice(0, 40)} is not known`, `${pointer}/configurationItemStatus`);
  }
  const configuration = decode(item.configuration, `${pointer}/configuration`);
  if (!deleted && !isObject(configuration)) {
    throw invalid('the item has no configuration', `${pointer}/configuration`);
  }
  const captured = instant(item.configurationItemCaptureTime);
  if (captured === undefined && options.mustBeOrdered) {
    throw invalid('the item has no capture time', `${pointer}/configurationItemCaptureTime`);
  }
  const supplementary = decodeSupplementary(item.supplementaryConfiguration, `${pointer}/supplementaryConfiguration`);
  const body: Item = {
    configuration: isObject(configuration) ? configuration : null,
    supplementaryConfiguration: supplementary ?? null,
    resourceId,
    resourceName: text(item, 'resourceName') ?? null,
    resourceCreationTime: instant(item.resourceCreationTime) ?? null,
  };
  const account = text(item, 'awsAccountId', 'accountId') ?? options.account;
  const region = text(item, 'awsRegion') ?? options.region;
  const named = (entryOf(NAME_IN_CONFIGURATION, type) ?? []).map((n) =>
    isObject(configuration) ? text(configuration, n) : undefined,
  );
  const name = text(item, 'resourceName') ?? named.find((n) => n !== undefined);
  const arn = NO_ARN.has(type) ? undefined : text(item, 'ARN', 'arn');
  const build = entryOf(ARN_OF, type);
  const id =
    arn ??
    (build === undefined
      ? [type, account ?? '', region ?? '', resourceId].join('/')
      : build({ id: resourceId, name: name ?? resourceId, account: account ?? '', region: region ?? '' }));
  return {
    dialect: 'aws.config',
    cloud: 'aws',
    type,
    id,
    name: name ?? resourceId,
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    body: body as Body,
    pointer,
    tags: readTags(item, body, pointer),
    complete: false,
    deleted,
    orderKey:
      captured === undefined
        ? (options.orderKey ?? '')
        : orderKeyOf(captured, text(item, 'configurationStateId') ?? '0'),
    ...(captured === undefined ? {} : { changedAt: captured }),
  };
}

const readItems = (items: unknown, pointer: string, options: ItemOptions): readonly NativeResource[] => {
  if (!Array.isArray(items)) throw invalid('expected a list of configuration items', pointer);
  return (items as readonly unknown[]).flatMap((item, i) => readItem(item, `${pointer}/${i}`, options) ?? []);
};

// --- config-event ---------------------------------------------------------------------------------------------------

const CHANGE = 'ConfigurationItemChangeNotification';
const OVERSIZED = 'OversizedConfigurationItemChangeNotification';

interface Notice {
  readonly detail: Item;
  readonly pointer: string;
}

const isNotice = (value: unknown): value is Item =>
  isObject(value) && (value.messageType === CHANGE || value.messageType === OVERSIZED);

/** The notification inside an EventBridge event, an SNS message's content, or a Config rule's invocation. */
function noticeIn(document: unknown): Notice | undefined {
  if (isNotice(document)) return { detail: document, pointer: '' };
  if (!isObject(document)) return undefined;
  if (isNotice(document.detail)) return { detail: document.detail, pointer: '/detail' };
  if (typeof document.invokingEvent === 'string' && document.invokingEvent.includes('"configurationItem')) {
    const detail = decode(document.invokingEvent, '/invokingEvent');
    if (isNotice(detail)) return { detail, pointer: '/invokingEvent' };
  }
  return undefined;
}

function looksLikeNotice(document: Json): boolean {
  if (isNotice(document)) return true;
  if (!isObject(document)) return false;
  return (
    isNotice(document.detail) ||
    (typeof document.invokingEvent === 'string' &&
      document.invokingEvent.trimStart().startsWith('{') &&
      /"messageType"\s*:\s*"(?:Oversized)?ConfigurationItemChangeNotification"/.test(document.invokingEvent))
  );
}

function readNotice(document: unknown, pointer: string, options: ReadOptions): readonly NativeResource[] {
  const notice = noticeIn(document);
  if (notice === undefined) throw invalid('not a configuration item change', pointer);
  const at = pointer + notice.pointer;
  const ordered = { ...options, mustBeOrdered: true };
  if (notice.detail.messageType === CHANGE) {
    const native = readItem(notice.detail.configurationItem, `${at}/configurationItem`, ordered);
    return native === undefined ? [] : [native];
  }
  // Too large for an event: only the summary is here. A deletion needs no more; anything else is read back.
  const summary = notice.detail.configurationItemSummary;
  if (!isObject(summary)) throw invalid('an oversized change has a summary', `${at}/configurationItemSummary`);
  if (!GONE.has(text(summary, 'configurationItemStatus') ?? '')) return [];
  const native = readItem(summary, `${at}/configurationItemSummary`, ordered);
  return native === undefined ? [] : [native];
}

/** What a Config notification is about, for a caller that has to read the item back or only wants to know. */
export interface ConfigNotice {
  readonly resourceType: string;
  readonly resourceId: string;
  readonly resourceName: string | undefined;
  readonly account: string | undefined;
  readonly region: string | undefined;
  /** ISO-8601 UTC with milliseconds. */
  readonly captureTime: string;
  /** As in the native resource's `orderKey`: the history item of this version has the same one. */
  readonly orderKey: string;
  /** The configuration is not in the event: read it back by `GetResourceConfigHistory` until the capture time matches. */
  readonly oversized: boolean;
  readonly deleted: boolean;
  /** Config does not record the resource: nothing to judge. */
  readonly recorded: boolean;
}

/** Reads a `Config Configuration Item Change` event (or its detail); undefined for anything else or an unusable one. */
export function configNotice(event: unknown): ConfigNotice | undefined {
  const notice = noticeIn(event);
  if (notice === undefined) return undefined;
  const oversized = notice.detail.messageType === OVERSIZED;
  const about = oversized ? notice.detail.configurationItemSummary : notice.detail.configurationItem;
  if (!isObject(about)) return undefined;
  const resourceType = text(about, 'resourceType');
  const resourceId = text(about, 'resourceId');
  const captureTime = instant(about.configurationItemCaptureTime);
  if (resourceType === undefined || resourceId === undefined || captureTime === undefined) return undefined;
  const status = text(about, 'configurationItemStatus') ?? 'OK';
  return {
    resourceType,
    resourceId,
    resourceName: text(about, 'resourceName'),
    account: text(about, 'awsAccountId', 'accountId'),
    region: text(about, 'awsRegion'),
    captureTime,
    orderKey: orderKeyOf(captureTime, text(about, 'configurationStateId') ?? '0'),
    oversized,
    deleted: GONE.has(status),
    recorded: !status.endsWith('NotRecorded') || GONE.has(status),
  };
}

/** `Config Configuration Item Change` as EventBridge, SNS or a Config rule delivers it; also a list of them. */
export const configEvent: DocumentForm = {
  id: 'config-event',
  title: 'AWS Config item change (EventBridge event, its detail, or a rule invocation)',
  dialect: 'aws.config',
  detect: (document) => (Array.isArray(document) ? looksLikeNotice(document[0] ?? null) : looksLikeNotice(document)),
  read: (document, options) =>
    Array.isArray(document)
      ? (document as readonly unknown[]).flatMap((d, i) => readNotice(d, `/${i}`, options))
      : readNotice(document, '', options),
};

// --- single items, history, batch -----------------------------------------------------------------------------------

const looksLikeItem = (value: unknown): boolean =>
  isObject(value) &&
  typeof value.resourceType === 'string' &&
  value.resourceType.includes('::') &&
  typeof value.resourceId === 'string' &&
  ('configuration' in value || 'configurationItemStatus' in value);

const UNORDERED = { mustBeOrdered: false } as const;

/** One configuration item by itself, in either encoding. */
export const configItem: DocumentForm = {
  id: 'config-item',
  title: 'AWS Config configuration item',
  dialect: 'aws.config',
  detect: looksLikeItem,
  read: (document, options) => {
    const native = readItem(document, '', { ...options, ...UNORDERED });
    return native === undefined ? [] : [native];
  },
};

/** `GetResourceConfigHistory` (newest first: several versions of one resource), `BatchGetResourceConfig`, or a list of items. */
export const configHistory: DocumentForm = {
  id: 'config-history',
  title: 'AWS Config resource history, batch read, or list of items',
  dialect: 'aws.config',
  detect: (document) =>
    Array.isArray(document)
      ? looksLikeItem(document[0])
      : isObject(document) &&
        (Array.isArray(document.configurationItems) || Array.isArray(document.baseConfigurationItems)),
  read: (document, options) => {
    const how = { ...options, ...UNORDERED };
    if (Array.isArray(document)) return readItems(document, '', how);
    const answer: Item = isObject(document) ? document : {};
    const key = 'configurationItems' in answer ? 'configurationItems' : 'baseConfigurationItems';
    return readItems(answer[key], `/${key}`, how);
  },
};

// --- config-select --------------------------------------------------------------------------------------------------

/** Columns that a row must have been asked for, whole: with a part of them, absent would not mean unset. */
const WHOLE = ['configuration', 'supplementaryConfiguration'] as const;

function checkSelected(info: unknown): void {
  const fields = isObject(info) && Array.isArray(info.SelectFields) ? (info.SelectFields as readonly unknown[]) : [];
  const names = fields.map((f) => (isObject(f) ? (text(f, 'Name') ?? '') : '').toLowerCase());
  if (names.length === 0 || names.includes('*')) return;
  for (const column of WHOLE) {
    const wanted = column.toLowerCase();
    if (names.includes(wanted)) continue;
    if (column === 'configuration' || names.some((n) => n.startsWith(`${wanted}.`))) {
      throw invalid(`the query selects only a part of ${column}`, '/QueryInfo/SelectFields');
    }
  }
}

/** `SelectResourceConfig` (and the aggregate one): `{Results: ["{…}", …], QueryInfo}`. */
export const configSelect: DocumentForm = {
  id: 'config-select',
  title: 'AWS Config query answer (SelectResourceConfig)',
  dialect: 'aws.config',
  detect: (document) =>
    isObject(document) &&
    Array.isArray(document.Results) &&
    (document.Results.length === 0 ? 'QueryInfo' in document : typeof document.Results[0] === 'string'),
  read: (document, options) => {
    const answer: Item = isObject(document) ? document : {};
    checkSelected(answer.QueryInfo);
    const rows = Array.isArray(answer.Results) ? (answer.Results as readonly unknown[]) : [];
    return rows.flatMap((row, i) => {
      const pointer = `/Results/${i}`;
      return readItem(decode(row, pointer), pointer, { ...options, ...UNORDERED }) ?? [];
    });
  },
};
