import {
  createRemoteJWKSet,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';

/** What is known of who calls. `uncheckable`: the keys could not be fetched; the caller may be right and must come again. */
export type Caller =
  | { readonly is: 'known'; readonly claims: JWTPayload }
  | { readonly is: 'refused'; readonly why: string }
  | { readonly is: 'uncheckable'; readonly why: string };

/** Looks at an `Authorization` header. Never throws over what a caller sent; the reason names claims and no values. */
export type CheckCaller = (authorization: string | undefined) => Promise<Caller>;

/** Seconds by which clocks may differ. */
const CLOCK_TOLERANCE_S = 60;

/**
 * The keys of an issuer, from the one configured address: never one that a token or a message names. Kept for an hour;
 * fetched again, at most twice a minute, when a token names a key that is not among them.
 */
export const remoteKeys = (jwksUrl: string): JWTVerifyGetKey =>
  createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 4000, cooldownDuration: 30_000, cacheMaxAge: 3_600_000 });

/** Checks a bearer token: signature, issuer, audience, expiry; then what `alsoNeeds` says of its claims (undefined: nothing is missing). */
export function makeCheckCaller(options: {
  readonly keys: JWTVerifyGetKey;
  readonly issuers: readonly string[];
  readonly audience: string;
  readonly alsoNeeds: (claims: JWTPayload) => string | undefined;
  /** @default the time */
  readonly now?: () => Date;
}): CheckCaller {
  const verify: JWTVerifyOptions = {
    issuer: [...options.issuers],
    audience: options.audience,
    // What both providers sign with. A list: no token chooses how it is checked.
    algorithms: ['RS256'],
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['exp', 'iss', 'aud'],
  };
  return async (authorization) => {
    const token = authorization?.match(/^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i)?.[1];
    if (token === undefined) return { is: 'refused', why: 'no bearer token' };
    try {
      const now = options.now?.();
      const { payload } = await jwtVerify(token, options.keys, {
        ...verify,
        ...(now === undefined ? {} : { currentDate: now }),
      });
      const missing = options.alsoNeeds(payload);
      return missing === undefined ? { is: 'known', claims: payload } : { is: 'refused', why: missing };
    } catch (error) {
      return provesBad(error)
        ? { is: 'refused', why: whyBad(error) }
        : { is: 'uncheckable', why: 'the keys of the issuer could not be fetched' };
    }
  };
}

/** Errors that say something of the token. Everything else says something of us or of the network: it proves nothing. */
const provesBad = (error: unknown): error is errors.JOSEError =>
  error instanceof errors.JWTClaimValidationFailed ||
  error instanceof errors.JWTExpired ||
  error instanceof errors.JWTInvalid ||
  error instanceof errors.JWSInvalid ||
  error instanceof errors.JWSSignatureVerificationFailed ||
  error instanceof errors.JOSEAlgNotAllowed ||
  error instanceof errors.JOSENotSupported ||
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys;

const whyBad = (error: errors.JOSEError): string =>
  error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired
    ? `claim ${error.claim} ${error instanceof errors.JWTExpired ? 'is past' : 'is not what is allowed'}`
    : error.code;
