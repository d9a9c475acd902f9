/** What a check of `edict doctor` is, and how checks are run: side by side, each within its time, none of them able to stop another. */
import { fromAws } from '../../shared/adapters/aws/errors.ts';
import { AppError, isAppError } from '../../shared/model/errors.ts';
import type { World } from './world.ts';

/** `missing`: it was seen not to be there. `unknown`: it could not be seen; never ok. */
export const STATUSES = ['ok', 'missing', 'unknown', 'not_applicable'] as const;
export type Status = (typeof STATUSES)[number];

export const PLACES = ['stack', 'aws', 'azure', 'gcp'] as const;
export type Place = (typeof PLACES)[number];

/** One answer of a check. */
export interface Found {
  readonly status: Status;
  readonly why: string;
  /** @default the place of the check */
  readonly where?: string;
  /** What to do. @default what the check says */
  readonly todo?: string;
}

/** A look that failed: the check turns it into `unknown`. */
export interface Failed {
  readonly failed: unknown;
  readonly where?: string;
}

/** One row of the table. */
export interface Check {
  /** Also the section of docs/doctor.md. Stable. */
  readonly id: string;
  /** What is there when it is ok. */
  readonly what: string;
  /** What follows where it is not there: for docs/doctor.md. */
  readonly otherwise: string;
  readonly where: Place;
  /** What to do where it is missing. */
  readonly todo: string;
  /** What whoever asks must be allowed: said where the provider refuses. */
  readonly needs: string;
  /** Why it does not apply to the stack of `npm start`; undefined: it does. */
  readonly local?: string;
  /** What to do in a member account (onboarding/aws); undefined: it is not looked at there. */
  readonly member?: string;
  /** Looks. What it throws is `unknown`. */
  readonly run: (world: World) => Promise<Found | readonly (Found | Failed)[]>;
}

/** A row as it is shown. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly place: Place;
  readonly where: string;
  readonly status: Status;
  readonly why: string;
  /** Null where nothing is to be done. */
  readonly todo: string | null;
}

export const LIMIT_MS = 10_000;

export const ok = (why: string): Found => ({ status: 'ok', why });
export const missing = (why: string, more: Pick<Found, 'where' | 'todo'> = {}): Found => ({
  status: 'missing',
  why,
  ...more,
});
export const unknown = (why: string, more: Pick<Found, 'where' | 'todo'> = {}): Found => ({
  status: 'unknown',
  why,
  ...more,
});
export const notApplicable = (why: string): Found => ({ status: 'not_applicable', why });

/** What is wrong with some of many things; where nothing is, the one answer that all of them are right. */
export const allOf = <F extends Found | Failed>(
  found: readonly (F | undefined)[],
  whenAll: string,
): readonly (F | Found)[] => {
  const wrong = found.filter((f) => f !== undefined);
  return wrong.length > 0 ? wrong : [ok(whenAll)];
};

/** Looks at each of many things at once; a look that fails does not hide what the others found. None at all: no answer. */
export async function eachOf<T>(
  things: readonly T[],
  seen: (thing: T) => Promise<Found | undefined>,
  whenAll: string,
  whereOf: (thing: T) => string,
): Promise<readonly (Found | Failed)[]> {
  if (things.length === 0) return [];
  const found = await Promise.all(
    things.map(async (thing): Promise<Found | Failed | undefined> => {
      const where = whereOf(thing);
      try {
        const one = await seen(thing);
        return one === undefined ? undefined : { where, ...one };
      } catch (failed) {
        return { failed, where };
      }
    }),
  );
  return allOf(found, whenAll);
}

/** Runs all checks at once; resolves with their rows in the order of the table when the last has answered or its time is up. */
export async function runChecks(
  checks: readonly Check[],
  world: World,
  limitMs: number = LIMIT_MS,
): Promise<readonly Row[]> {
  const rows = await Promise.all(checks.map(async (check) => rowsOf(check, await look(check, world, limitMs), world)));
  return rows.flat();
}

async function look(check: Check, world: World, limitMs: number): Promise<readonly Found[]> {
  if (world.stack.local !== undefined && check.local !== undefined) return [notApplicable(check.local)];
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Found>((resolve) => {
    timer = setTimeout(() => resolve(unknown(`no answer within ${limitMs / 1000} s`, { todo: 'Ask again.' })), limitMs);
  });
  const looking = async (): Promise<readonly (Found | Failed)[]> => {
    try {
      const found = await check.run(world);
      return 'status' in found ? [found] : found;
    } catch (failed) {
      return [{ failed }];
    }
  };
  try {
    const found = await Promise.race([looking(), late.then((f) => [f])]);
    // Nothing that was looked at is no proof of anything.
    if (found.length === 0) return [unknown('there was nothing to look at')];
    return found.map((f) => ('failed' in f ? notSeen(f, check) : f));
  } finally {
    clearTimeout(timer);
  }
}

/** Nobody is signed in to a cloud on this machine: whatever is asked of it is unknown. */
export function nobody(cloud: string, todo: string, cause?: unknown): AppError {
  const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
  return new AppError('CONFIG_INVALID', `nobody is signed in to ${cloud} here`, { details: { message, todo }, cause });
}

/** A look that failed says nothing of what it looked for. */
function notSeen({ failed, where }: Failed, { needs }: Check): Found {
  const known = isAppError(failed) ? failed : fromAws(failed, 'the question failed');
  const at = where === undefined ? {} : { where };
  const said = known.details['message'];
  const why = `${known.message}${typeof said === 'string' && said !== '' ? ` (${said})` : ''}`;
  if (known.code === 'UPSTREAM_DENIED')
    return unknown(`refused: ${why}`, { ...at, todo: `Ask as somebody who may: ${needs}.` });
  if (known.code === 'UPSTREAM_THROTTLED') return unknown(`throttled: ${why}`, { ...at, todo: 'Ask again later.' });
  const { todo } = known.details;
  return unknown(why, { ...at, todo: typeof todo === 'string' ? todo : DISTURBED });
}

const DISTURBED = 'Ask again; if it stays, the provider or the way to it is disturbed.';

/** Where a check looks that does not say it: AWS Config is of one region. */
const placeOf = ({ stack }: World, place: Place): string =>
  ({
    stack: stack.title,
    aws: `AWS${stack.aws.region === undefined ? '' : ` ${stack.aws.region}`}`,
    azure: 'Azure',
    gcp: 'Google Cloud',
  })[place];

const rowsOf = (check: Check, found: readonly Found[], world: World): readonly Row[] =>
  found.map(({ status, why, where, todo }) => ({
    id: check.id,
    what: check.what,
    place: check.where,
    where: where ?? placeOf(world, check.where),
    status,
    why,
    todo:
      status === 'ok' || status === 'not_applicable'
        ? null
        : (todo ?? (world.isMember ? (check.member ?? check.todo) : check.todo)),
  }));
