import type { JWTVerifyGetKey } from 'jose';
import type { AzureCallers } from '../../runtime/env.ts';
import { type CheckCaller, makeCheckCaller, remoteKeys } from './caller.ts';

/**
 * Event Grid, as an Entra ID token proves it: of our tenant, for our application, held by Event Grid's own application in
 * the role that Microsoft made for this. Tokens of version 1 name the application `appid`, of version 2 `azp`.
 * https://learn.microsoft.com/en-us/azure/event-grid/secure-webhook-delivery, read 2026-11-25.
 */
export const makeAzureCaller = (
  callers: AzureCallers,
  options: { readonly keys?: JWTVerifyGetKey; readonly now?: () => Date } = {},
): CheckCaller =>
  makeCheckCaller({
    keys: options.keys ?? remoteKeys(callers.jwksUrl),
    issuers: callers.issuers,
    audience: callers.audience,
    ...(options.now === undefined ? {} : { now: options.now }),
    alsoNeeds: (claims) => {
      if (claims['tid'] !== callers.tenantId) return 'claim tid is not our tenant';
      const applications = [claims['azp'], claims['appid']].filter((id) => id !== undefined);
      if (applications.length === 0 || applications.some((id) => id !== callers.applicationId))
        return 'claim azp (or appid) is not Event Grid';
      const roles = claims['roles'];
      if (!Array.isArray(roles) || !roles.includes(callers.role)) return `claim roles lacks ${callers.role}`;
      return undefined;
    },
  });
