/** Findings and transitions in the words of a line: what is said, why, and by which property of the provider. */
import { contextFacts } from '../../shared/kinds/index.ts';
import { type Json, isObject, pointerSegments } from '../../shared/model/json.ts';
import type { Cause, DecidingFact, ExceptionTurn, Transition } from '../../shared/model/resource.ts';
import type { Severity } from '../../shared/model/verdict.ts';
import { formatValue } from '../report/values.ts';
import { plain, type style } from '../terminal.ts';
import { becauseOf } from './record.ts';

type Style = ReturnType<typeof style>;
export type Format = Parameters<Style>[0];

export const SEVERITY_FORMAT: { readonly [S in Severity]: Format } = {
  critical: ['bold', 'red'],
  high: 'red',
  medium: 'yellow',
  low: 'cyan',
  info: 'dim',
};

/** One sign for where a transition leads, and its colour. */
export function markOf(to: string | null, excepted = false): { readonly mark: string; readonly format: Format } {
  if (excepted) return { mark: '~', format: 'cyan' };
  if (to === 'violation' || to === 'error') return { mark: '✗', format: 'red' };
  if (to === 'unknown') return { mark: '?', format: 'yellow' };
  return { mark: '✓', format: 'green' };
}

/** `45 s`, `12 min`, `3 h`, `9 d`: how long ago. */
export function ago(iso: string, nowMs: number): string {
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** What the transition says, in one clause: the violated sentences, what is undecided, how it ended. */
export function sentenceOf(
  t: Pick<Transition, 'from' | 'to' | 'resolution' | 'clauses' | 'missing' | 'error' | 'title'> &
    Partial<Pick<Transition, 'exception' | 'cause'>>,
): string {
  const { exception, cause } = t;
  if (exception !== undefined)
    return `excepted until ${exception.until.slice(0, 10)} by ${exception.owner}: ${verdictOf(t)}`;
  return cause?.is === 'exception' ? `exception ${ENDED[cause.turn]}, ${verdictOf(t)}` : verdictOf(t);
}

const ENDED: { readonly [T in ExceptionTurn]: string } = {
  granted: 'granted',
  voided: 'void',
  expired: 'expired',
  revoked: 'revoked',
  compensation_lost: 'void (its compensation is lost)',
};

function verdictOf(
  t: Pick<Transition, 'from' | 'to' | 'resolution' | 'clauses' | 'missing' | 'error' | 'title'>,
): string {
  const clauses = (verdict: 'fails' | 'unknown'): string =>
    t.clauses
      .filter((c) => c.verdict === verdict)
      .map((c) => `“${c.says}”`)
      .join(', ');
  switch (t.to) {
    case 'violation':
      return `violated: ${clauses('fails')}`;
    case 'unknown':
      return `undecided: ${clauses('unknown') || t.title}`;
    case 'error':
      return `could not be judged: ${t.error ?? 'an error'}`;
    case 'not_applicable':
      return 'no longer applies';
    case 'compliant':
      return t.from === 'violation' ? 'fixed' : 'found to be all right';
    case null:
      return t.resolution === 'policy_retired' ? 'the policy is retired' : 'the resource was deleted';
  }
}

const TURNS: { readonly [T in ExceptionTurn]: string } = {
  granted: 'an exception that was granted',
  voided: 'a change of what an exception was granted for',
  expired: 'an exception that expired',
  revoked: 'an exception that was revoked',
  compensation_lost: 'an exception whose compensating policy no longer holds',
};

/** Who or what brought it about. */
export function causeText(cause: Cause): string {
  const by = 'actor' in cause && cause.actor !== undefined ? ` by ${cause.actor}` : '';
  switch (cause.is) {
    case 'change':
      return `a change${by}, told by ${cause.source}`;
    case 'deletion':
      return `the deletion${by}, told by ${cause.source}`;
    case 'reconcile':
      return `its absence, found by ${cause.source}`;
    case 'dependency':
      return `a change${by} of ${cause.resourceId}, on which it depends`;
    case 'bundle':
      return `release ${cause.sequence} of the policies`;
    case 'context':
      return `release ${cause.sequence} of the context rules`;
    case 'clock':
      return 'time that passed';
    case 'exception':
      return `${TURNS[cause.turn]} (${cause.exceptionId}${cause.owner === undefined ? '' : ` of ${cause.owner}`})${by && `,${by}`}`;
  }
}

/** What a document wraps around the provider's own properties. */
const ENVELOPES: readonly RegExp[] = [
  /^(\/\d+)?\/detail\/configurationItem(Summary)?/,
  /^\/(configuration|supplementaryConfiguration)(?=\/)/,
  /^(\/\d+)?\/asset\/resource\/data/,
  /^(\/\d+)?\/asset(?=\/)/,
  /^(\/\d+)?\/data\/resource(Info|Details)/,
  /^(\/value\/\d+)?\/properties(?=\/)/,
];

/** The provider's own property that a pointer names: `PublicAccessBlockConfiguration.blockPublicAcls`, `allowed[0].ports[1]`. */
export function propertyOf(pointer: string): string {
  let rest = pointer;
  for (const envelope of ENVELOPES) rest = rest.replace(envelope, '');
  return pointerSegments(rest)
    .map((s, i) => (/^\d+$/.test(s) ? `[${s}]` : i === 0 ? s : `.${s}`))
    .join('');
}

/** The value that stands at a pointer; JSON texts on the way are read. Undefined: there is none. */
export function valueAt(document: Json, pointer: string): Json | undefined {
  let value: Json | undefined = document;
  for (const segment of pointerSegments(pointer)) {
    if (typeof value === 'string') value = asJson(value);
    if (Array.isArray(value)) value = (value as readonly Json[])[Number(segment)];
    else if (isObject(value)) {
      const object = value;
      // ARM does not keep the case of names.
      const key = Object.hasOwn(object, segment)
        ? segment
        : Object.keys(object).find((k) => k.toLowerCase() === segment.toLowerCase());
      value = key === undefined ? undefined : object[key];
    } else return undefined;
  }
  return value;
}

function asJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** How a fact is known: the provider's property and its value where the documents are at hand, else the fact's value. */
export function factText(deciding: DecidingFact, documents: readonly Json[] = []): string {
  const { fact, after } = deciding;
  const name = fact.replaceAll('_', ' ');
  if (after.state === 'unknown') return `${name}: ${becauseOf(after) ?? ''}`;
  const value = formatValue(after.value);
  const property = after.at === undefined ? '' : propertyOf(after.at);
  const native = after.at === undefined ? undefined : nativeValue(documents, after.at);
  const read = property === '' || native === undefined ? '' : `${property} = ${native}`;
  switch (after.state) {
    case 'known':
      if (after.native !== undefined) return after.native;
      return read === '' ? `${name}: ${value}${property === '' ? '' : ` (${property})`}` : read;
    case 'default':
      return `${read === '' ? `${name}: ${value}` : read}, by default (${after.because})`;
    case 'assumed':
      return `${read === '' ? `${name}: ${value}` : read}, assumed: ${after.because}`;
  }
}

/** Longer ones say less than the fact does. */
const LONGEST_NATIVE = 120;

/** The value at a pointer in the newest document that has one; undefined: none has, or it is too long for a line. */
function nativeValue(documents: readonly Json[], pointer: string): string | undefined {
  for (const document of documents.toReversed()) {
    const value = valueAt(document, pointer);
    if (value === undefined) continue;
    const text = JSON.stringify(typeof value === 'string' ? (structured(value) ?? value) : value);
    return text.length <= LONGEST_NATIVE ? text : undefined;
  }
  return undefined;
}

/** What a text that is JSON (a bucket's policy) says. */
function structured(text: string): Json | undefined {
  const value = /^\s*[[{]/.test(text) ? asJson(text) : undefined;
  return typeof value === 'object' ? value : undefined;
}

/**
 * The facts that say why, most telling first: what is not known for what is undecided, what was read for all else; what
 * only says that the policy applies comes last.
 */
export function tellingFacts(t: Pick<Transition, 'to' | 'facts' | 'missing'>): readonly DecidingFact[] {
  const isOpen = (f: DecidingFact): boolean => t.missing?.includes(f.fact) === true || f.after.state === 'unknown';
  const all = t.to === 'unknown' ? t.facts.filter(isOpen) : t.facts;
  const isContext = (f: DecidingFact): number => Number(Object.hasOwn(contextFacts, f.fact));
  return all.toSorted((a, b) => isContext(a) - isContext(b));
}

/** The name of a resource: its own, or the end of its id. */
export function shortName(resource: { readonly id: string; readonly name?: string | undefined }): string {
  const { id, name } = resource;
  return plain(name ?? id.split(/[/:]/).findLast((part) => part !== '') ?? id);
}
