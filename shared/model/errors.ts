/** The closed set of error codes. Act on the code, never on the message. */
export type ErrorCode =
  | 'EVENT_INVALID' // content that redelivery cannot help: quarantined, acknowledged
  | 'CONTRACT_UNKNOWN_VERSION' // a version of one of our own contracts that this build does not know: quarantined
  | 'UPSTREAM_THROTTLED' // retried with the provider's hint, then DLQ
  | 'UPSTREAM_UNAVAILABLE' // retried, then DLQ
  | 'UPSTREAM_DENIED' // facts unknown `denied`
  | 'UPSTREAM_NOT_FOUND' // the provider says that the thing does not exist (at the instant of the read)
  | 'STORE_UNAVAILABLE' // retried, then DLQ
  | 'STORE_STALE' // older than stored: success, counted
  | 'NORMALIZE_FAILED' // a mapping failed on a document: facts unknown
  | 'POLICY_LOAD_FAILED' // the bundle cannot be used: the last good one stays
  | 'POLICY_EVALUATION_FAILED' // `error` verdict for that policy
  | 'AUTHORING_REJECTED'
  | 'CONFIG_INVALID' // crash at init; exit 2 in the CLI
  | 'INPUT_INVALID' // the user's file or option: exit 2 in the CLI
  | 'INVARIANT_BROKEN'; // a bug in our code: crash loudly

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['UPSTREAM_THROTTLED', 'UPSTREAM_UNAVAILABLE', 'STORE_UNAVAILABLE']);

/** The one error class. `details` holds no secrets: it is logged. `retryAfterMs` is the provider's hint. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: { readonly [key: string]: unknown };
  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: { readonly [key: string]: unknown }; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.details = options.details ?? {};
  }
}

/** True for an AppError (of that code, where one is given). */
export const isAppError = (error: unknown, code?: ErrorCode): error is AppError =>
  error instanceof AppError && (code === undefined || error.code === code);
