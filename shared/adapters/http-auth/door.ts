import { contentHash } from '../../model/change.ts';
import { type ErrorCode, isAppError } from '../../model/errors.ts';
import type { Json } from '../../model/json.ts';
import { redact, redactText } from '../../model/redact.ts';
import type { MetricName } from '../../model/telemetry.ts';
import type { Quarantine } from '../../ports/quarantine.ts';
import type { Change } from '../../model/change.ts';
import type { Observation, Observed } from '../../pipeline/stages.ts';
import { answers, type HttpAnswer, type HttpRequest } from './http.ts';
import type { CheckCaller } from './caller.ts';

export interface DoorDeps {
  readonly check: CheckCaller;
  readonly observe: (observation: Observation) => Promise<Observed>;
  readonly send: (changes: readonly Change[]) => Promise<void>;
  readonly quarantine: Quarantine;
  /** ISO-8601 UTC with milliseconds. */
  readonly now: () => string;
  readonly count: (name: MetricName, value?: number) => void;
  readonly log: (what: string, error: unknown, keys?: { readonly [key: string]: unknown }) => void;
}

/** The most that is kept of content that cannot be used: characters. */
const KEPT_CHARS = 1024 * 1024;

/** How deep a body may be nested: what walks a document does so by recursion, and no provider comes near. */
const MAX_DEPTH = 500;

/** The JSON of a body; undefined: it is none, or is nested so deep that nothing could be done with it. */
export function parseBody(text: string): Json | undefined {
  try {
    const body = JSON.parse(text) as Json;
    return isTooDeep(body) ? undefined : body;
  } catch {
    return undefined;
  }
}

function isTooDeep(body: Json): boolean {
  let level: readonly unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}

/** Keeps content that cannot be used, secrets redacted. The same content from the same source is kept once. */
export async function keep(
  deps: Pick<DoorDeps, 'quarantine' | 'now' | 'count'>,
  source: string,
  content: string,
  why: { readonly reason: string; readonly pointer?: string; readonly code?: ErrorCode },
): Promise<void> {
  await deps.quarantine.put({
    id: contentHash([source, content]),
    source,
    receivedAt: deps.now(),
    code: why.code ?? 'EVENT_INVALID',
    reason: why.reason,
    ...(why.pointer === undefined ? {} : { pointer: why.pointer }),
    content: redacted(content).slice(0, KEPT_CHARS),
  });
  deps.count('ChangesQuarantined');
}

/** Redacted by its properties where it is JSON, otherwise by the shape of secrets. */
function redacted(content: string): string {
  try {
    return JSON.stringify(redact(JSON.parse(content) as Json));
  } catch {
    return redactText(content);
  }
}

/**
 * Opens the door to a caller who may come in, and answers for whatever happens behind it: a token that is proven bad
 * 401, keys that cannot be fetched and faults of our own 503, everything else what `inside` answers.
 */
export async function throughDoor(
  deps: Pick<DoorDeps, 'check' | 'count' | 'log'>,
  source: string,
  request: HttpRequest,
  inside: () => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  try {
    const caller = await deps.check(request.headers['authorization']);
    if (caller.is === 'refused') {
      deps.count('CallersRefused');
      deps.log('a caller was refused', undefined, { source, why: caller.why });
      return answers.refused;
    }
    if (caller.is === 'uncheckable') {
      deps.count('CallersUncheckable');
      deps.log('a caller could not be checked', undefined, { source, why: caller.why });
      return answers.comeAgain;
    }
    return await inside();
  } catch (error) {
    deps.log('a call could not be answered', error, {
      source,
      code: isAppError(error) ? error.code : undefined,
    });
    return answers.comeAgain;
  }
}
