import { AssetServiceClient } from '@google-cloud/asset';
import type { AuthClient } from 'google-auth-library';
import { caiAsset } from '../../mappings/dialects/cai.ts';
import { instant } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';

/** Each kind of content is a list of its own. */
const CONTENTS = ['RESOURCE', 'IAM_POLICY', 'ORG_POLICY'] as const;
/** The most that is given at once. https://cloud.google.com/asset-inventory/docs/reference/rest/v1/assets/list, read 2026-11-25. */
const PAGE = 1000;
const TIMEOUT_MS = 60_000;
/** How far a list may lie behind what changed; it counts only for assets that do not say when they changed. */
const LAG_MS = 60_000;

/** The inventory of Google Cloud, by Cloud Asset Inventory over REST. */
export function makeAssetInventory(options: {
  readonly endpoint: string;
  /** Undefined: the environment's own (workload identity federation). */
  readonly authClient?: AuthClient;
  /** `organizations/…`, `folders/…` or `projects/…`. */
  readonly scope: string;
  /** The asset types that are judged. */
  readonly types: readonly string[];
  readonly clock: Clock;
}): Inventory {
  const { hostname, port, protocol } = new URL(options.endpoint);
  // A redirection is no answer: our token goes nowhere else.
  const transporterOptions = { redirect: 'error' } as const;
  if (options.authClient !== undefined) Object.assign(options.authClient.transporter.defaults, transporterOptions);
  type Options = NonNullable<ConstructorParameters<typeof AssetServiceClient>[0]>;
  const client = new AssetServiceClient({
    // REST: gRPC would bring a native transport and start slower.
    fallback: true,
    apiEndpoint: hostname,
    ...(port === '' ? {} : { port: Number(port) }),
    protocol: protocol.replace(':', ''),
    ...(options.authClient === undefined
      ? { clientOptions: { transporterOptions } }
      : { authClient: options.authClient }),
    // The SDK's types are older than exactOptionalPropertyTypes, and name another copy of the auth library.
  } as unknown as Options);
  return {
    source: 'gcp.sweep',
    scopes: CONTENTS.map((content) => `${options.scope}#${content}`),
    // A policy is content of an asset, and may be unset while the asset is there: only resources are listed or gone.
    covers: ({ nativeType, account }) =>
      options.types.includes(nativeType) && account !== undefined
        ? { scope: `${options.scope}#RESOURCE`, place: account, absence: 'gone' }
        : undefined,
    async page(scope, next) {
      const readKey = instant(options.clock.now() - LAG_MS);
      const [parent = '', contentType = 'RESOURCE'] = scope.split('#');
      try {
        const [assets, , answer] = await client.listAssets(
          {
            parent,
            contentType: contentType as (typeof CONTENTS)[number],
            assetTypes: [...options.types],
            pageSize: PAGE,
            ...(next === undefined ? {} : { pageToken: next }),
          },
          // Back-off is ours: the step whose page was throttled comes again by the state machine.
          { autoPaginate: false, timeout: TIMEOUT_MS, retry: { retryCodes: [] } },
        );
        const token = (answer as { readonly nextPageToken?: string } | undefined)?.nextPageToken;
        return {
          readKey,
          contents: assets.map((asset) => ({
            is: 'document' as const,
            form: caiAsset.id,
            document: plainAsset(asset),
          })),
          ...(token === undefined || token === '' ? {} : { next: token }),
        };
      } catch (error) {
        throw fromGoogle(error);
      }
    },
  };
}

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html: the SDK translates HTTP statuses into these. */
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;

function fromGoogle(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message } = error as { readonly code?: number | string; readonly message?: string };
  const status = Number(code);
  const is =
    status === RESOURCE_EXHAUSTED || status === 429
      ? 'UPSTREAM_THROTTLED'
      : status === PERMISSION_DENIED || status === 403
        ? 'UPSTREAM_DENIED'
        : 'UPSTREAM_UNAVAILABLE';
  return new AppError(is, 'Cloud Asset Inventory gave no list', { details: { code, message }, cause: error });
}

/**
 * The asset as its REST form states it. The SDK gives protocol buffers: timestamps as seconds and nanoseconds, the
 * resource's data as a `Struct`, and every field that was not sent as null.
 */
export function plainAsset(asset: unknown): Json {
  const plain = withoutProto(asset);
  return isObject(plain) ? plain : {};
}

function withoutProto(value: unknown): Json | undefined {
  if (value === null || value === undefined) return undefined;
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((item) => withoutProto(item) ?? null);
  if (typeof value !== 'object') return value as Json;
  const object = value as { readonly [key: string]: unknown };
  if (isTimestamp(object)) return timestampText(object);
  const plain: Record<string, Json> = {};
  for (const [key, of] of Object.entries(object)) {
    // Virtual: the SDK names which of several fields is set.
    if (key === 'accessContextPolicy' || key === 'policyConstraint') continue;
    const stated = key === 'data' && isStruct(of) ? structJson(of) : withoutProto(of);
    if (stated === undefined || (Array.isArray(stated) && stated.length === 0)) continue;
    plain[key] = stated;
  }
  return plain;
}

interface Timestamp {
  readonly seconds: number | string;
  readonly nanos: number;
}
const isTimestamp = (value: object): value is Timestamp =>
  Object.keys(value).length === 2 && 'seconds' in value && 'nanos' in value;
function timestampText({ seconds, nanos }: Timestamp): string {
  const second = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return `${second}.${String(nanos).padStart(9, '0')}Z`;
}

interface Struct {
  readonly fields: { readonly [key: string]: StructValue };
}
interface StructValue {
  readonly nullValue?: unknown;
  readonly numberValue?: number;
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly structValue?: Struct | null;
  readonly listValue?: { readonly values?: readonly StructValue[] } | null;
  /** Which of them is set. */
  readonly kind?: string;
}
const isStruct = (value: unknown): value is Struct => isObject(value) && isObject(value['fields']);
const structJson = ({ fields }: Struct): Json =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, structValueJson(value)]));
function structValueJson(value: StructValue): Json {
  // `kind` names which of them is set; the others are there as well, empty.
  if (value.kind === 'structValue') return structJson(value.structValue ?? { fields: {} });
  if (value.kind === 'listValue') return (value.listValue?.values ?? []).map(structValueJson);
  if (value.kind === 'numberValue' || value.kind === 'stringValue' || value.kind === 'boolValue')
    return value[value.kind] ?? null;
  return null;
}
