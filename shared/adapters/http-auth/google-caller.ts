import type { JWTVerifyGetKey } from 'jose';
import type { GoogleCallers } from '../../runtime/env.ts';
import { type CheckCaller, makeCheckCaller, remoteKeys } from './caller.ts';

/**
 * Pub/Sub, as the OIDC token of its push subscription proves it: Google's signature, our audience, and the one service
 * account that pushes. https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions, read 2026-11-25.
 */
export const makeGoogleCaller = (
  callers: GoogleCallers,
  options: { readonly keys?: JWTVerifyGetKey; readonly now?: () => Date } = {},
): CheckCaller =>
  makeCheckCaller({
    keys: options.keys ?? remoteKeys(callers.jwksUrl),
    issuers: callers.issuers,
    audience: callers.audience,
    ...(options.now === undefined ? {} : { now: options.now }),
    alsoNeeds: (claims) => {
      if (claims['email'] !== callers.serviceAccount) return 'claim email is not the service account that pushes';
      if (claims['email_verified'] !== true) return 'claim email_verified is not true';
      return undefined;
    },
  });
