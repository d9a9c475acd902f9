import { AppError, type ErrorCode } from '../../model/errors.ts';

/** Names by which AWS says "too much": https://github.com/smithy-lang/smithy-typescript service-error-classification, read 2026-11-25. */
const THROTTLING = new Set([
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);
/** Names by which AWS refuses our own credentials or clock: they say nothing of what we may see. */
const OURS = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const DENIED = /^(AccessDenied(Exception)?|UnauthorizedOperation|AuthorizationError(Exception)?|NotAuthorized)$/;

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The HTTP status of an SDK error; undefined if no answer came. */
export const statusOf = (error: unknown): number | undefined => (error as ServiceError).$metadata?.httpStatusCode;

/**
 * Translates an SDK error. `what` says what failed. A read that AWS refuses is `UPSTREAM_DENIED`, too many
 * `UPSTREAM_THROTTLED`, everything else `UPSTREAM_UNAVAILABLE`: it proves nothing about the resource.
 */
export function fromAws(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const { name, message } = error as ServiceError;
  const status = statusOf(error);
  const code: ErrorCode =
    THROTTLING.has(name) || status === 429
      ? 'UPSTREAM_THROTTLED'
      : !OURS.has(name) && (DENIED.test(name) || status === 403)
        ? 'UPSTREAM_DENIED'
        : 'UPSTREAM_UNAVAILABLE';
  return new AppError(code, `${what}: ${name}`, { details: { name, status, message }, cause: error });
}

/** What a store refuses for good: asked again, it refuses again (an item that is too large, an expression that is wrong). */
const REFUSED = /^(?:Validation(?:Exception|Error)|SerializationException|ItemCollectionSizeLimitExceededException)$/;

/**
 * Translates an SDK error of a store that we own. What the store refuses for good is `INVARIANT_BROKEN`, a bug of ours
 * that holds up nobody else; everything else is `STORE_UNAVAILABLE`: retried.
 */
export function fromStore(error: unknown, what: string): AppError {
  if (error instanceof AppError) return error;
  const { name } = error as ServiceError;
  return new AppError(REFUSED.test(name) ? 'INVARIANT_BROKEN' : 'STORE_UNAVAILABLE', `${what}: ${name}`, {
    details: { name, status: statusOf(error) },
    cause: error,
  });
}
