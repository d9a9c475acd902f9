/**
 * Cloud Asset Inventory: the messages of an asset feed (`TemporalAsset`, camel case) and assets as they are listed or
 * exported (camel or snake case envelopes). https://cloud.google.com/asset-inventory/docs/reference/rest/v1/feeds and
 * …/v1/assets (read 2026-11-25).
 *
 * One asset states one or more *contents* about a resource; each becomes one native resource:
 * `resource` -> the asset type, `iamPolicy` -> `…#iam`, `orgPolicy` -> `…#orgpolicy`.
 *
 * - **Order**: `asset.updateTime`, in feeds and lists alike, so that an event and a later sweep of the same version agree;
 *   where it is missing, `window.startTime`, and in a list when it was read. A deletion takes the later of the two: its asset may still carry the time
 *   of the last update. Both are normalised to UTC with nine fraction digits, so that strings compare.
 * - **Account**: the project *number* of `ancestors`, which every content type carries in every feed; where a document
 *   has no ancestors, the project that the data, the parent or the name gives (an id or a number).
 * - **Evidence** of a message that came wrapped in a Pub/Sub push points into the decoded message.
 *
 * Audit log entries are not assets: they say what was asked for, not what is.
 */
import { AppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import type { DocumentForm, ReadOptions } from '../form.ts';

type Fields = { readonly [key: string]: unknown };

/** The contents that an asset can state, both spellings, and the suffix of the native type. */
const POLICIES: readonly { readonly keys: readonly string[]; readonly suffix: string }[] = [
  { keys: ['iamPolicy', 'iam_policy'], suffix: '#iam' },
  { keys: ['orgPolicy', 'org_policy'], suffix: '#orgpolicy' },
  { keys: ['v2OrgPolicies', 'v2_org_policies'], suffix: '#orgpolicy' },
  { keys: ['accessPolicy', 'access_policy'], suffix: '#accesspolicy' },
  { keys: ['accessLevel', 'access_level'], suffix: '#accesslevel' },
  { keys: ['servicePerimeter', 'service_perimeter'], suffix: '#serviceperimeter' },
  { keys: ['osInventory', 'os_inventory'], suffix: '#osinventory' },
  { keys: ['relatedAsset', 'related_asset', 'relatedAssets', 'related_assets'], suffix: '#relationship' },
];

/** The API answers and feeds leave empty maps out, so a full representation without labels has none. */
const NO_LABELS = {
  because: 'https://cloud.google.com/resource-manager/docs/labels-overview',
  on: '2026-11-25',
} as const;

/** The first key that is present, with its value. */
function pick(
  object: Fields,
  ...keys: readonly string[]
): { readonly key: string; readonly value: unknown } | undefined {
  for (const key of keys) {
    if (Object.hasOwn(object, key) && object[key] !== null) return { key, value: object[key] };
  }
  return undefined;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const field = (object: unknown, ...keys: readonly string[]): unknown =>
  isObject(object) ? pick(object, ...keys)?.value : undefined;

const RFC3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

/** An RFC 3339 instant as `2026-11-25T09:00:00.123456789Z`; undefined if it is none. */
export function normalInstant(value: unknown): string | undefined {
  const match = typeof value === 'string' ? RFC3339.exec(value) : null;
  if (match === null) return undefined;
  const [, day, clock, fraction = '', zone = 'Z'] = match;
  const ms = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  return Number.isNaN(ms) ? undefined : `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`;
}

const isAsset = (value: unknown): value is Fields =>
  isObject(value) &&
  text(value.name)?.startsWith('//') === true &&
  text(field(value, 'assetType', 'asset_type'))?.includes('/') === true;
const isTemporal = (value: unknown): value is Fields => isObject(value) && isAsset(value.asset);

/**
 * The `TemporalAsset` inside the body of a Pub/Sub push request (`{message: {data: <base64>, …}, subscription}`).
 * Undefined if the body is not of that form, or its data is not such a message: a new feed first sends a plain
 * sentence, which is no change. Pure and total.
 */
export function pubsubTemporalAsset(body: unknown): Json | undefined {
  const data = field(field(body, 'message'), 'data');
  if (typeof data !== 'string') return undefined;
  try {
    const decoded: unknown = JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
    return isTemporal(decoded) ? (decoded as Json) : undefined;
  } catch {
    return undefined; // not JSON: reported by the caller as no change
  }
}

const projectOf = (reference: unknown): string | undefined =>
  typeof reference === 'string' ? /(?:^|\/)projects?\/([^/]+)/.exec(reference)?.[1] : undefined;

function accountOf(asset: Fields, data: unknown, options: ReadOptions): string | undefined {
  const ancestors = field(asset, 'ancestors');
  const nearest = Array.isArray(ancestors)
    ? ancestors.find((a) => typeof a === 'string' && a.startsWith('projects/'))
    : undefined;
  const number = field(data, 'projectNumber', 'project_number');
  return (
    projectOf(nearest) ??
    text(typeof number === 'number' ? String(number) : number) ??
    projectOf(field(asset.resource, 'parent')) ??
    projectOf(asset.name) ??
    projectOf(field(asset, 'ancestryPath', 'ancestry_path')) ??
    text(field(data, 'project')) ??
    options.account
  );
}

/** The last segment: some APIs give a location as a URL. */
const lastSegment = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function regionOf(asset: Fields, data: unknown, options: ReadOptions): string | undefined {
  const name = text(asset.name) ?? '';
  const said =
    text(field(asset.resource, 'location')) ??
    text(field(data, 'location')) ??
    text(field(data, 'region')) ??
    /\/(?:locations|regions|zones)\/([^/]+)/.exec(name)?.[1] ??
    (name.includes('/global/') ? 'global' : options.region);
  return said === undefined ? undefined : lastSegment(said).toLowerCase();
}

/** Labels lie at `labels`, for Cloud SQL at `settings.userLabels`. */
function tagsOf(data: Body, pointer: string): NativeResource['tags'] {
  if (!isObject(data))
    return { state: 'unknown', why: 'not_collected', detail: 'the message carries no resource data' };
  const places: readonly (readonly [unknown, string])[] = [
    [data.labels, '/labels'],
    [field(data.settings, 'userLabels'), '/settings/userLabels'],
  ];
  for (const [labels, at] of places) {
    if (!isObject(labels)) continue;
    const value = Object.entries(labels).map(([key, v]) => ({ key, value: String(v) }));
    return { state: 'known', value, closed: true, at: pointer + at };
  }
  return { state: 'default', value: [], closed: true, ...NO_LABELS };
}

interface Content {
  readonly suffix: string;
  readonly body: Body;
  readonly pointer: string;
}

/** A BigQuery export holds the data as a JSON string. Anything but an object says nothing: no default may follow from it. */
function resourceData(data: unknown): Body {
  if (isObject(data)) return data as Body;
  if (typeof data !== 'string') return new Unresolved('the asset carries no resource.data');
  try {
    const parsed: unknown = JSON.parse(data);
    if (isObject(parsed)) return parsed as Body;
  } catch {
    // said below
  }
  return new Unresolved('resource.data is a string that is no JSON object');
}

/** The contents that an asset states, with their pointers. */
function contents(asset: Fields, pointer: string): readonly Content[] {
  const found: Content[] = [];
  if (isObject(asset.resource)) {
    found.push({ suffix: '', body: resourceData(asset.resource.data), pointer: `${pointer}/resource/data` });
  }
  for (const { keys, suffix } of POLICIES) {
    const policy = pick(asset, ...keys);
    if (policy === undefined) continue;
    const body =
      typeof policy.value === 'object' ? (policy.value as Body) : new Unresolved(`${policy.key} is no object`);
    found.push({ suffix, body, pointer: `${pointer}/${policy.key}` });
  }
  return found;
}

/** What a feed says about an asset; undefined for an asset that was listed or exported. */
interface Observed {
  readonly window: unknown;
  readonly deleted: boolean;
  readonly prior: unknown;
}

/** The contents that were observed. A deletion may carry the content only as it was before. */
function observedContents(asset: Fields, pointer: string, observed: Observed | undefined): readonly Content[] {
  const stated = contents(asset, pointer);
  if (stated.length > 0) return stated;
  if (observed?.deleted === true) {
    const before = isObject(observed.prior) ? contents(observed.prior, pointer) : [];
    // Without any content it is the resource itself that is gone.
    return before.length > 0 ? before : [{ suffix: '', body: null, pointer }];
  }
  if (observed !== undefined) {
    throw invalid(pointer, 'the asset states no content: the feed needs a content type (RESOURCE, IAM_POLICY, …)');
  }
  return [{ suffix: '', body: new Unresolved('the asset was listed without its content'), pointer }];
}

/** All native resources that one asset states. */
function readAsset(
  asset: Fields,
  pointer: string,
  observed: Observed | undefined,
  options: ReadOptions,
): readonly NativeResource[] {
  const type = text(field(asset, 'assetType', 'asset_type')) ?? '';
  const id = text(asset.name) ?? '';
  const deleted = observed?.deleted ?? false;
  const updated = normalInstant(field(asset, 'updateTime', 'update_time')) ?? '';
  const started = normalInstant(field(observed?.window, 'startTime', 'start_time')) ?? '';
  // A list that does not say when the asset changed shows it as it was when the list was read.
  const read = observed === undefined ? (normalInstant(options.orderKey) ?? '') : started;
  const orderKey = deleted && started > updated ? started : updated === '' ? read : updated;
  const stated = observedContents(asset, pointer, observed);
  const data = stated.find((c) => c.suffix === '')?.body;
  const account = accountOf(asset, data, options);
  const region = regionOf(asset, data, options);
  const ancestors = field(asset, 'ancestors');
  return stated.map((content) => ({
    dialect: 'gcp.cai',
    cloud: 'gcp',
    type: type + content.suffix,
    id,
    name: lastSegment(id),
    ...(account === undefined ? {} : { account }),
    ...(region === undefined ? {} : { region }),
    body: deleted ? null : content.body,
    pointer: content.pointer,
    tags: tagsOf(content.suffix === '' ? content.body : null, content.pointer),
    complete: false,
    ...(deleted ? { deleted } : {}),
    orderKey,
    ...(orderKey === '' ? {} : { changedAt: `${orderKey.slice(0, 23)}Z` }),
    ...(Array.isArray(ancestors) ? { extra: { ancestors: ancestors.filter((a) => typeof a === 'string') } } : {}),
  }));
}

const invalid = (pointer: string, reason: string): AppError =>
  new AppError('EVENT_INVALID', `Cloud Asset document: ${reason}, at ${pointer === '' ? 'the top' : pointer}`, {
    details: { pointer, reason },
  });

/** The entries of a document: itself, the elements of an array, or of `assets`. */
function entries(document: unknown): readonly { readonly value: unknown; readonly pointer: string }[] {
  if (Array.isArray(document)) return document.map((value, i) => ({ value, pointer: `/${i}` }));
  const assets = isObject(document) ? document.assets : undefined;
  if (isEmptyList(document)) return [];
  if (Array.isArray(assets)) return assets.map((value, i) => ({ value, pointer: `/assets/${i}` }));
  return [{ value: document, pointer: '' }];
}

function readEntries(document: unknown, options: ReadOptions): readonly NativeResource[] {
  return entries(document).flatMap(({ value, pointer }) => {
    if (isTemporal(value)) {
      const observed = {
        window: value.window,
        deleted: value.deleted === true,
        prior: pick(value, 'priorAsset', 'prior_asset')?.value,
      };
      return readAsset(value.asset as Fields, `${pointer}/asset`, observed, options);
    }
    if (isAsset(value)) return readAsset(value, pointer, undefined, options);
    throw invalid(pointer, 'expected an asset with a full resource name and an asset type');
  });
}

/** One or several messages of an asset feed, bare or wrapped in a Pub/Sub push request. */
export const caiFeed: DocumentForm = {
  id: 'cai-feed',
  title: 'Cloud Asset feed message',
  dialect: 'gcp.cai',
  detect: (document) => isTemporal(entries(document)[0]?.value) || pubsubTemporalAsset(document) !== undefined,
  read: (document, options) => readEntries(pubsubTemporalAsset(document) ?? document, options),
};

/** The answer of a list that has nothing in it says when it was read; an empty object or array could be anything. */
const isEmptyList = (document: unknown): boolean => {
  if (!isObject(document) || !Object.keys(document).every((key) => LIST_KEYS.has(key))) return false;
  const { assets } = document;
  const isEmpty = assets === undefined || (Array.isArray(assets) && assets.length === 0);
  return isEmpty && normalInstant(field(document, 'readTime', 'read_time')) !== undefined;
};
const LIST_KEYS: ReadonlySet<string> = new Set(['assets', 'readTime', 'read_time', 'nextPageToken', 'next_page_token']);

/** One or several assets, as listed or exported; the envelope in camel or snake case. */
export const caiAsset: DocumentForm = {
  id: 'cai-asset',
  title: 'Cloud Asset Inventory asset',
  dialect: 'gcp.cai',
  detect: (document) => isAsset(entries(document)[0]?.value) || isEmptyList(document),
  read: readEntries,
};
