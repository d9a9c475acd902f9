import * as z from 'zod';
import { CANARY } from '../../model/canary.ts';
import { makeEventGridDoor } from '../azure/event-grid-door.ts';
import { makeAssetFeedDoor } from '../gcp/asset-feed-door.ts';
import type { DoorDeps } from '../http-auth/door.ts';
import { answers, type HttpAnswer } from '../http-auth/http.ts';

/** How the canary calls the front door's function: directly, by its own role. A webhook's caller cannot make such a call: what he sends lies in `body` and `headers`. */
export const canaryCallSchema = z.strictObject({ canary: z.enum(['azure', 'google']), body: z.string() });
export type CanaryCall = z.infer<typeof canaryCallSchema>;

/**
 * The front doors behind the check of the caller, which the canary cannot pass: it has no token of Event Grid or of Google.
 * Of Azure only the canary's own subscription is taken.
 */
export function makeCanaryDoor(
  common: Omit<DoorDeps, 'check'>,
  googleSubscription: string | undefined,
): (call: CanaryCall) => Promise<HttpAnswer> {
  const check: DoorDeps['check'] = () => Promise.resolve({ is: 'known', claims: {} });
  const doors = {
    azure: makeEventGridDoor({ ...common, check, subscriptions: [CANARY.azure.account] }),
    google:
      googleSubscription === undefined
        ? () => Promise.resolve(answers.notFound)
        : makeAssetFeedDoor({ ...common, check, subscription: googleSubscription }),
  };
  return ({ canary, body }) => doors[canary]({ method: 'POST', path: '/', headers: {}, body });
}
