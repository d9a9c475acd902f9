import { ResourceGraphClient } from '@azure/arm-resourcegraph';
import { armType, subscriptionOf } from '../../mappings/azure/arm-id.ts';
import { readBackPlans } from '../../mappings/azure/read-back.ts';
import { instant } from '../../model/change.ts';
import { AppError } from '../../model/errors.ts';
import { isObject } from '../../model/json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Inventory } from '../../ports/inventory.ts';
import type { ArmCredential } from './arm-client.ts';

/** The most rows that Resource Graph gives at once. https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/work-with-data, read 2026-11-25. */
const PAGE = 1000;
/** Resource Graph follows ARM within seconds, and promises no more than minutes: only ids are taken from it. */
const LAG_MS = 60_000;

/**
 * Which resources there are, by Azure Resource Graph. Its rows carry no version and lack what lies below a resource, so
 * each one found is read back by ARM.
 */
export function makeResourceGraphInventory(options: {
  readonly endpoint: string;
  /** Undefined: no token is sent (a server on this machine). */
  readonly credential: ArmCredential | undefined;
  readonly subscriptions: readonly string[];
  readonly clock: Clock;
}): Inventory {
  const insecure = options.endpoint.startsWith('http://');
  const client = new ResourceGraphClient(
    {
      getToken: async (scopes) => {
        const scope = Array.isArray(scopes) ? (scopes[0] ?? '') : scopes;
        const token = await options.credential?.getToken(scope);
        return token === null || token === undefined ? null : { token: token.token, expiresOnTimestamp: 0 };
      },
    },
    {
      endpoint: options.endpoint,
      allowInsecureConnection: insecure,
      retryOptions: { maxRetries: 0 },
      // A redirection is no answer: our token goes nowhere else.
      redirectOptions: { maxRetries: 0 },
    },
  );
  // The policy refuses to send a token without TLS; there is none to send.
  if (options.credential === undefined) client.pipeline.removePolicy({ name: 'bearerTokenAuthenticationPolicy' });
  const types = Object.keys(readBackPlans).map((type) => `'${type}'`);
  const query = `resources | where type in~ (${types.join(', ')}) | project id, type, location | order by id asc`;

  return {
    source: 'azure.sweep',
    scopes: options.subscriptions,
    covers({ id: resourceId, account }) {
      const nativeType = armType(resourceId);
      if (nativeType === undefined || !Object.hasOwn(readBackPlans, nativeType)) return undefined;
      const scope = options.subscriptions.find((subscription) => subscription === account);
      if (scope === undefined) return undefined;
      // Its rows are those that we may read: what is not among them may be there. ARM says whether it is gone.
      return { scope, absence: { is: 'notice', cloud: 'azure', resourceId, nativeType, account: scope } };
    },
    async page(subscription, next) {
      const readKey = instant(options.clock.now() - LAG_MS);
      const answer = await ask(client, {
        query,
        subscriptions: [subscription],
        options: { resultFormat: 'objectArray', top: PAGE, ...(next === undefined ? {} : { skipToken: next }) },
      });
      const more = answer.skipToken !== undefined && answer.skipToken !== '';
      return {
        readKey,
        contents: idsOf(answer.data).map((id) => {
          const type = armType(id);
          return {
            is: 'notice' as const,
            cloud: 'azure' as const,
            resourceId: id,
            ...(type === undefined ? {} : { nativeType: type }),
            account: subscriptionOf(id) ?? subscription,
            changedAt: readKey,
          };
        }),
        ...(more ? { next: answer.skipToken } : {}),
        // Cut, and without a token for the rest: https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/work-with-data, read 2026-11-25.
        ...(!more && answer.resultTruncated === 'true' ? { incomplete: true as const } : {}),
      };
    },
  };
}

async function ask(client: ResourceGraphClient, request: Parameters<ResourceGraphClient['resources']>[0]) {
  try {
    return await client.resources(request);
  } catch (error) {
    const { statusCode, response } = error as {
      readonly statusCode?: number;
      readonly response?: { readonly headers?: { get(name: string): string | undefined } };
    };
    const status = statusCode ?? 0;
    const code = status === 429 ? 'UPSTREAM_THROTTLED' : status === 403 ? 'UPSTREAM_DENIED' : 'UPSTREAM_UNAVAILABLE';
    const retryAfterMs = retryAfter((name) => response?.headers?.get(name));
    throw new AppError(code, `Azure Resource Graph answered ${status === 0 ? 'nothing' : status}`, {
      details: { status, retryAfterMs },
      cause: error,
    });
  }
}

/**
 * When the quota is there again: `x-ms-user-quota-resets-after` (`hh:mm:ss`), or `retry-after` in seconds.
 * https://learn.microsoft.com/en-us/azure/governance/resource-graph/concepts/guidance-for-throttled-requests, read 2026-11-25.
 */
function retryAfter(header: (name: string) => string | undefined): number | undefined {
  const clock = /^(\d+):(\d{2}):(\d{2})/.exec(header('x-ms-user-quota-resets-after') ?? '');
  if (clock !== null) return (Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000;
  const seconds = Number(header('retry-after') ?? Number.NaN);
  return seconds >= 0 ? seconds * 1000 : undefined;
}

/** The ids of a page, in either form: an array of objects, or `{columns, rows}`. */
function idsOf(data: unknown): readonly string[] {
  if (Array.isArray(data))
    return data.flatMap((row: unknown) =>
      isObject(row) && typeof row['id'] === 'string' ? [row['id'].toLowerCase()] : [],
    );
  if (!isObject(data) || !Array.isArray(data['columns']) || !Array.isArray(data['rows']))
    throw new AppError('UPSTREAM_UNAVAILABLE', 'Azure Resource Graph answered in a form that is not known');
  const column = data['columns'].findIndex((c: unknown) => isObject(c) && c['name'] === 'id');
  return (data['rows'] as readonly unknown[]).flatMap((row) => {
    const id: unknown = Array.isArray(row) ? row[column] : undefined;
    return typeof id === 'string' ? [id.toLowerCase()] : [];
  });
}
