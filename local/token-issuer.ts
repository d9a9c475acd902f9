/**
 * Stands in for Entra ID and Google as the issuer of the tokens that Event Grid and Pub/Sub bring: a key of its own,
 * made at each start, published on loopback. What checks the tokens is the service's own code, unchanged.
 */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { EVENT_GRID_APPLICATION_ID } from '../shared/runtime/env.ts';
import { type LocalServer, serve } from './server.ts';
import { subscription, tenant } from './stories/azure-documents.ts';

/** Who delivers: the two webhook callers that the front door knows. */
export type CallerName = 'azure' | 'google';

const audiences = { azure: 'api://edict-local', google: 'https://edict.local/google/assets' } as const;
const role = 'AzureEventGridSecureWebhookSubscriber';
const serviceAccount = 'edict-push@acme-shop-prod.iam.gserviceaccount.com';
/** The Pub/Sub subscription that pushes. */
export const pushSubscription = 'projects/acme-shop-prod/subscriptions/edict-assets';

export interface TokenIssuer extends Pick<LocalServer, 'url' | 'stop'> {
  /** A token as the provider would give it to its own service, good for an hour. */
  token(caller: CallerName): Promise<string>;
  /** The Azure subscriptions whose events are taken, lower case. */
  readonly subscriptions: string[];
  /** What the stacks are told, so that they trust this issuer and nobody else. */
  readonly context: Readonly<Record<string, string>>;
}

/** Starts the issuer. `GET /keys` gives the keys, `POST /token/<caller>` a token: whoever is on this machine may have one. */
export async function startTokenIssuer(besides: readonly string[] = []): Promise<TokenIssuer> {
  const subscriptions = [subscription, ...besides.map((id) => id.toLowerCase())];
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const kid = 'edict-local';
  const keys = [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }];
  let origin = '';
  const claims = (): Record<CallerName, JWTPayload> => ({
    azure: {
      iss: `${origin}/${tenant}/v2.0`,
      aud: audiences.azure,
      tid: tenant,
      azp: EVENT_GRID_APPLICATION_ID,
      roles: [role],
      sub: 'event-grid',
    },
    google: {
      iss: `${origin}/google`,
      aud: audiences.google,
      email: serviceAccount,
      email_verified: true,
      sub: '104729384756102938475',
    },
  });
  const token = (caller: CallerName): Promise<string> =>
    new SignJWT(claims()[caller])
      .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(privateKey);

  const server = await serve(async ({ method, path }) => {
    if (path === '/keys') return { status: 200, body: { keys } };
    const caller = path.replace(/^\/token\//, '');
    if (method === 'POST' && (caller === 'azure' || caller === 'google'))
      return { status: 200, body: { token: await token(caller) } };
    return { status: 404, body: {} };
  });
  origin = server.url;
  return {
    ...server,
    token,
    subscriptions,
    context: {
      azureTenantId: tenant,
      azureAudience: audiences.azure,
      azureSubscriptions: subscriptions.join(','),
      azureIssuers: `${origin}/${tenant}/v2.0`,
      azureJwksUrl: `${origin}/keys`,
      googleAudience: audiences.google,
      googleServiceAccount: serviceAccount,
      googleSubscription: pushSubscription,
      googleIssuers: `${origin}/google`,
      googleJwksUrl: `${origin}/keys`,
    },
  };
}
