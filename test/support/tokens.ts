/** Issuers of tokens as Entra ID and Google are, with keys of their own, and what their tokens say. */
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { azureCallers, googleCallers } from '../../shared/runtime/env.ts';

export const tenantId = '0b9d3c5e-1111-4222-8333-944455556666';
export const subscription = 'c0ffee00-0000-4000-8000-00000000abcd';

/** Entra's names for itself: in tokens of version 1 and of version 2. */
const ENTRA = { v1: `https://sts.windows.net/${tenantId}/`, v2: `https://login.microsoftonline.com/${tenantId}/v2.0` };

export const azure = azureCallers.parse({
  tenantId,
  audience: 'api://edict',
  issuers: [ENTRA.v1, ENTRA.v2],
  jwksUrl: 'https://login.microsoftonline.com/keys',
  subscriptions: [subscription],
});
export const google = googleCallers.parse({
  audience: 'https://edict.example/google/assets',
  issuers: ['https://accounts.google.com', 'accounts.google.com'],
  jwksUrl: 'https://www.googleapis.com/oauth2/v3/certs',
  serviceAccount: 'push@example.iam.gserviceaccount.com',
  subscription: 'projects/example/subscriptions/edict',
});

/** The claims of good tokens: version 2 and version 1 of Entra's, and Google's. */
export const claims = {
  azure: {
    iss: ENTRA.v2,
    aud: azure.audience,
    tid: tenantId,
    azp: azure.applicationId,
    roles: [azure.role],
    ver: '2.0',
  },
  azureV1: {
    iss: ENTRA.v1,
    aud: azure.audience,
    tid: tenantId,
    appid: azure.applicationId,
    roles: [azure.role],
  },
  google: {
    iss: 'https://accounts.google.com',
    aud: google.audience,
    email: google.serviceAccount,
    email_verified: true,
  },
} as const;

export const kid = 'test-key';
const curveKid = 'test-curve-key';

/** A key pair, its public half as an issuer publishes it, and tokens signed with it. */
export async function makeIssuer() {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const curve = await generateKeyPair('ES256');
  const published = {
    keys: [
      { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' },
      // A key of another kind, published as well: no token may choose it.
      { ...(await exportJWK(curve.publicKey)), kid: curveKid, alg: 'ES256', use: 'sig' },
    ],
  };
  return {
    published,
    keys: createLocalJWKSet(published),
    /** Signed with the key of the other kind. */
    curveToken: (payload: JWTPayload) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: 'ES256', kid: curveKid })
        .setExpirationTime('1h')
        .sign(curve.privateKey),
    /** Without an end. */
    unexpiringToken: (payload: JWTPayload) =>
      new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).setIssuedAt().sign(privateKey),
    /** `expiresIn` in seconds from now; negative: it is past. */
    token: (payload: JWTPayload, options: { readonly expiresIn?: number; readonly kid?: string } = {}) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid: options.kid ?? kid })
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + (options.expiresIn ?? 3600))
        .sign(privateKey),
  };
}

/** Claims that are signed by the issuer and are not those of who may call; and what the refusal says. */
export const WRONG_CLAIMS: readonly (readonly ['azure' | 'google', string, object, RegExp])[] = [
  ['azure', 'of another audience', { ...claims.azure, aud: 'api://other' }, /claim aud/],
  ['azure', 'of another issuer', { ...claims.azure, iss: 'https://login.microsoftonline.com/other/v2.0' }, /claim iss/],
  ['azure', 'of another tenant', { ...claims.azure, tid: 'other' }, /tid/],
  ['azure', 'of another application', { ...claims.azure, azp: 'other' }, /azp/],
  ['azure', 'of no application', { ...claims.azure, azp: undefined }, /azp/],
  ['azure', 'of two applications', { ...claims.azure, appid: 'other' }, /azp/],
  ['azure', 'without a role', { ...claims.azure, roles: undefined }, /roles/],
  ['azure', 'in another role', { ...claims.azure, roles: ['Reader'] }, /roles/],
  ['azure', 'whose role is a text', { ...claims.azure, roles: azure.role }, /roles/],
  ['google', 'of another audience', { ...claims.google, aud: 'https://other.example' }, /claim aud/],
  ['google', 'of another issuer', { ...claims.google, iss: 'https://accounts.example' }, /claim iss/],
  ['google', 'of another account', { ...claims.google, email: 'x@example.iam.gserviceaccount.com' }, /email/],
  ['google', 'with an unverified address', { ...claims.google, email_verified: false }, /email_verified/],
  ['google', 'whose address is verified by a text', { ...claims.google, email_verified: 'true' }, /email_verified/],
];

type Issuer = Awaited<ReturnType<typeof makeIssuer>>;
/** Tokens with good claims that the issuer did not sign: another key, our key id; another kind of key; another key id; no signature; a shared secret. */
export const forgedTokens = async (
  issuer: Issuer,
  stranger: Issuer,
  payload: JWTPayload,
): Promise<readonly string[]> => [
  await stranger.token(payload),
  await issuer.curveToken(payload),
  await stranger.token(payload, { kid: 'unknown' }),
  new UnsecuredJWT({ ...payload }).setExpirationTime('1h').encode(),
  await new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'HS256', kid })
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JSON.stringify(issuer.published.keys[0]))),
];
