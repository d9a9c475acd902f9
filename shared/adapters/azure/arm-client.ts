import { ResourceManagementClient } from '@azure/arm-resources';
import {
  bearerTokenAuthenticationPolicyName,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline';
import { AppError } from '../../model/errors.ts';
import { isObject, type Json } from '../../model/json.ts';

/** Gives tokens for ARM; the same shape as `TokenCredential` of the Azure SDK. */
export interface ArmCredential {
  getToken(scope: string): Promise<{ readonly token: string } | null>;
}

export interface ArmOptions {
  /** `https://management.azure.com`, or a server on this machine. */
  readonly endpoint: string;
  /** Undefined: no token is sent (a server on this machine). */
  readonly credential: ArmCredential | undefined;
  /** Waits; for tests. @default setTimeout */
  readonly sleep?: (ms: number) => Promise<void>;
  /** Ends what is asked when it aborts. @default nothing does */
  readonly signal?: AbortSignal;
}

/** What ARM said of one id. `gone`: its own 404 for that id; `denied`: 403, or a 404 that says nothing of the id; a read that failed throws. */
export type ArmAnswer =
  | { readonly is: 'found'; readonly body: Json }
  | { readonly is: 'gone' }
  | { readonly is: 'denied' };

export interface ArmClient {
  /** GETs a resource. Errors: `UPSTREAM_THROTTLED` (with `retryAfterMs`), `UPSTREAM_UNAVAILABLE`, `EVENT_INVALID` (no id of a resource). */
  get(id: string, apiVersion: string): Promise<ArmAnswer>;
  /** GETs a list, all pages in one `{value: […]}`. Errors as `get`. */
  list(id: string, apiVersion: string): Promise<ArmAnswer>;
}

const SCOPE = 'https://management.azure.com/.default';
/** Tries after the first, and the longest wait between them: whoever has to wait longer goes back to the queue. */
const MAX_RETRIES = 2;
const MAX_WAIT_MS = 5000;
const MAX_PAGES = 100;
const NO_CREDENTIAL = { getToken: async () => null };
const TIMEOUT_MS = 15_000;

/**
 * A client of Azure Resource Manager that reads whole bodies, as they are, at pinned api-versions: the SDK's own client
 * sends, and its model, which drops what it does not know, never sees the answer (ADR 8).
 */
export function makeArmClient(options: ArmOptions): ArmClient {
  const client = new ResourceManagementClient(NO_CREDENTIAL, {
    endpoint: options.endpoint,
    userAgentOptions: { userAgentPrefix: 'edict' },
    // Who waits how long is decided below, and a redirection is no answer.
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
  });
  // Its policy refuses a server on this machine, which has no TLS: the token is put in below.
  client.pipeline.removePolicy({ name: bearerTokenAuthenticationPolicyName });
  const sleep = options.sleep ?? ((ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)));
  const origin = new URL(options.endpoint).origin;

  const send = async (url: string): Promise<PipelineResponse> => {
    const token = await bearer(options.credential);
    const request = createPipelineRequest({
      url,
      method: 'GET',
      timeout: TIMEOUT_MS,
      ...(options.signal === undefined ? {} : { abortSignal: options.signal }),
      allowInsecureConnection: url.startsWith('http://'),
      headers: createHttpHeaders({
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }),
    });
    try {
      return await client.sendRequest(request);
    } catch (error) {
      throw new AppError('UPSTREAM_UNAVAILABLE', 'Azure Resource Manager did not answer', { cause: error });
    }
  };

  const ask = async (url: string): Promise<ArmAnswer> => {
    for (let attempt = 0; ; attempt++) {
      const response = await send(url);
      const { status } = response;
      if (status === 200) return { is: 'found', body: parse(response.bodyAsText) };
      if (status === 204) return { is: 'gone' };
      if (status === 404) return notFound(response);
      // 401 is our own: a token that Azure does not take says nothing of the resource.
      if (status === 403) return { is: 'denied' };
      const retryAfterMs = retryAfter(response);
      const code = status === 429 ? 'UPSTREAM_THROTTLED' : 'UPSTREAM_UNAVAILABLE';
      const waitMs = retryAfterMs ?? 500 * 2 ** attempt;
      if ((status !== 429 && status < 500) || attempt >= MAX_RETRIES || waitMs > MAX_WAIT_MS)
        throw new AppError(code, `Azure Resource Manager answered ${status}`, { details: { status, retryAfterMs } });
      await sleep(waitMs);
    }
  };
  const urlOf = (id: string, apiVersion: string): string => {
    const segments = id.split('/');
    // An id comes from a message: it names a resource below its own subscription, and no way out of it.
    if (segments.some((segment) => segment === '.' || segment === '..') || !id.startsWith('/'))
      throw new AppError('EVENT_INVALID', 'the resource id is no path of resources');
    return `${origin}${segments.map(encodeURIComponent).join('/')}?api-version=${encodeURIComponent(apiVersion)}`;
  };

  return {
    get: async (id, apiVersion) => ask(urlOf(id, apiVersion)),
    async list(id, apiVersion) {
      const value: Json[] = [];
      let url = urlOf(id, apiVersion);
      for (let page = 0; page < MAX_PAGES; page++) {
        const answer = await ask(url);
        if (answer.is !== 'found') return answer;
        const body = isObject(answer.body) ? answer.body : {};
        // An answer without its list is no empty list: what it does not name may be there.
        if (!Array.isArray(body['value']))
          throw new AppError('UPSTREAM_UNAVAILABLE', 'Azure Resource Manager answered without the list');
        value.push(...(body['value'] as Json[]));
        const next = body['nextLink'];
        if (typeof next !== 'string' || next === '') return { is: 'found', body: { value } };
        // The next page is of the same server, or it is not asked for: our token goes nowhere else.
        if (new URL(next, origin).origin !== origin)
          throw new AppError('UPSTREAM_UNAVAILABLE', 'the next page of a list lies on another server');
        url = new URL(next, origin).href;
      }
      throw new AppError('UPSTREAM_UNAVAILABLE', `a list has more than ${MAX_PAGES} pages`);
    },
  };
}

async function bearer(credential: ArmCredential | undefined): Promise<string | undefined> {
  if (credential === undefined) return undefined;
  try {
    const token = await credential.getToken(SCOPE);
    if (token !== null) return token.token;
  } catch (error) {
    throw new AppError('UPSTREAM_UNAVAILABLE', 'no token for Azure', { cause: error });
  }
  throw new AppError('UPSTREAM_UNAVAILABLE', 'no token for Azure');
}

function parse(text: string | null | undefined): Json {
  try {
    return JSON.parse(text ?? '') as Json;
  } catch (error) {
    throw new AppError('UPSTREAM_UNAVAILABLE', 'Azure Resource Manager answered no JSON', { cause: error });
  }
}

/**
 * Codes of a 404 that say nothing of the resource: the tenant of our token does not have the subscription (it was moved
 * to another directory), or ARM does not know the type under this api-version.
 * https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors, read 2026-11-25.
 */
const SAYS_NOTHING =
  /^(?:(?:Subscription|Tenant)NotFound|Missing.*|Invalid.*|NoRegisteredProviderFound|Unsupported.*)$/i;

/** A deletion is what ARM says of the id in its own words: a 404 without a code comes from something between, and proves nothing. */
function notFound(response: PipelineResponse): ArmAnswer {
  const body = parse(response.bodyAsText);
  const error = isObject(body) && isObject(body['error']) ? body['error'] : body;
  const code = isObject(error) ? error['code'] : undefined;
  if (typeof code !== 'string')
    throw new AppError('UPSTREAM_UNAVAILABLE', 'a 404 that is not Azure Resource Manager’s own', {
      details: { status: 404 },
    });
  return { is: SAYS_NOTHING.test(code) ? 'denied' : 'gone' };
}

/** The provider's own hint, in milliseconds: `retry-after-ms`, or `retry-after` in seconds or as a date. */
function retryAfter(response: PipelineResponse): number | undefined {
  const ms = Number(
    response.headers.get('retry-after-ms') ?? response.headers.get('x-ms-retry-after-ms') ?? Number.NaN,
  );
  if (ms >= 0) return ms;
  const text = response.headers.get('retry-after');
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
