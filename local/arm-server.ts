/** Azure Resource Manager on loopback: the resources of the stories, by GET. */
import { armType } from '../shared/mappings/azure/arm-id.ts';
import type { Json } from '../shared/model/json.ts';
import { type LocalServer, serve } from './server.ts';
import { tenant } from './stories/azure-documents.ts';
import { type ArmAnswers, DENIED, type Denied } from './stories/story.ts';

export interface ArmServer extends Pick<LocalServer, 'url' | 'stop'> {
  /** What it answers from now on, by id; null and DENIED count for everything below the id too. */
  set(answers: ArmAnswers): void;
  readonly context: Readonly<Record<string, string>>;
}

const error = (status: number, code: string, message: string) => ({ status, body: { error: { code, message } } });

interface GraphRequest {
  readonly subscriptions?: readonly string[];
  readonly options?: { readonly $top?: number; readonly $skipToken?: string };
}

/** What Azure Resource Graph answers: the ids of the resources of these subscriptions, a page of them; whatever the query. */
function resourceGraph(known: ReadonlyMap<string, Json | Denied>, request: GraphRequest): unknown {
  const subscriptions = (request.subscriptions ?? []).map((id) => `/subscriptions/${id.toLowerCase()}/`);
  const ids = [...known]
    // It shows what the caller may read, and main resources alone: their ids end with the first type and name.
    .flatMap(([id, answer]) => (answer === DENIED ? [] : [id]))
    .filter((id) => subscriptions.some((s) => id.startsWith(s)) && /\/providers\/[^/]+\/[^/]+\/[^/]+$/.test(id))
    .sort();
  const from = Number(request.options?.$skipToken ?? 0);
  const rows = ids.slice(from, from + (request.options?.$top ?? 100));
  const next = from + rows.length;
  return {
    totalRecords: ids.length,
    count: rows.length,
    resultTruncated: 'false',
    facets: [],
    data: rows.map((id) => ({ id, type: armType(id) })),
    ...(next < ids.length ? { $skipToken: String(next) } : {}),
  };
}

/**
 * Starts it. `GET <id>?api-version=…` answers as ARM does: the resource or list, 404 for what does not exist, 403 for
 * what may not be seen, 400 without an api-version. `PUT <id>` changes the answer.
 */
export async function startArmServer(): Promise<ArmServer> {
  const known = new Map<string, Json | Denied>();
  const set = (answers: ArmAnswers): void => {
    for (const [id, answer] of Object.entries(answers)) {
      const key = id.toLowerCase();
      // Whoever creates, deletes or hides a resource does so with everything below it.
      if (answer === null || answer === DENIED)
        for (const below of known.keys()) if (below === key || below.startsWith(`${key}/`)) known.delete(below);
      if (answer !== null) known.set(key, answer);
    }
  };
  /** The answer for the id, the list of what is known below a collection, or the refusal for something above it. */
  const find = (id: string): Json | Denied | undefined => {
    const own = known.get(id);
    if (own !== undefined) return own;
    const items = [...known].filter(([key]) => key.slice(0, key.lastIndexOf('/')) === id);
    if (items.length > 0) return { value: items.flatMap(([, answer]) => (answer === DENIED ? [] : [answer])) };
    for (let at = id.lastIndexOf('/'); at > 0; at = id.lastIndexOf('/', at - 1))
      if (known.get(id.slice(0, at)) === DENIED) return DENIED;
    return undefined;
  };

  const server = await serve(({ method, path, query, body }) => {
    const id = decodeURIComponent(path).replace(/\/+$/, '').toLowerCase();
    if (query.get('api-version') === null)
      return error(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required.');
    if (method === 'POST' && id === '/providers/microsoft.resourcegraph/resources')
      return { status: 200, body: resourceGraph(known, JSON.parse(body) as GraphRequest) };
    if (method === 'PUT') {
      set({ [id]: JSON.parse(body) as Json });
      return { status: 200, body: JSON.parse(body) as Json };
    }
    if (method !== 'GET') return error(405, 'MethodNotAllowed', `${method} is not allowed.`);
    const found = find(id);
    if (found === DENIED)
      return error(403, 'AuthorizationFailed', `The client does not have authorization over ${id}.`);
    if (found === undefined) return error(404, 'ResourceNotFound', `The resource '${id}' was not found.`);
    return { status: 200, body: found };
  });
  return {
    ...server,
    set,
    context: {
      azureClientId: '7a3c9e51-0b64-4d28-95f7-e1c8d2b60f43',
      azureEndpoint: server.url,
      azureAuthority: `${server.url}/${tenant}`,
      azureCredential: 'none',
    },
  };
}
