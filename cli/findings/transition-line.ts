/** A published transition on one line. */
import type { FindingTransitionEvent } from '../../shared/model/finding-event.ts';
import type { Json } from '../../shared/model/json.ts';
import { ago, factText, type Format, markOf, SEVERITY_FORMAT, sentenceOf, shortName, tellingFacts } from './words.ts';
import { fit } from '../table.ts';
import { plain } from '../terminal.ts';

export interface LineOptions {
  readonly paint: (format: Format, text: string) => string;
  /** Columns of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  /** The provider's documents that the evidence may point into. */
  readonly documents: readonly Json[];
}

const POLICY_COLUMNS = 40;
const RESOURCE_COLUMNS = 19;

/** What stands above the lines. */
export const transitionHeader = (paint: LineOptions['paint'], width: number | undefined): string =>
  paint(
    'dim',
    fit(
      `${'since'.padStart(8)}     ${'severity'.padEnd(8)}  cloud  ${'resource'.padEnd(RESOURCE_COLUMNS)}  ${'policy'.padEnd(policyColumns(width))}  what, and the provider's own property`,
      width ?? Infinity,
    ),
  );

/**
 * `+0.31 s  ✗  critical  aws    acme-invoices  object-store.no-public-access  “nobody can read objects”  BucketPolicy.policyText = {…}`
 */
export function transitionLine(event: FindingTransitionEvent, atMs: number, options: LineOptions): string {
  const { paint, width } = options;
  const { edict } = event.detail;
  const { mark, format } = markOf(edict.to, edict.exception !== undefined);
  const [fact] = tellingFacts(edict);
  const policy = policyColumns(width);

  const head: readonly (readonly [string, Format])[] = [
    [sinceChange(edict.trueAt, atMs).padStart(8), 'dim'],
    [mark, format],
    [edict.policy.severity.padEnd(8), SEVERITY_FORMAT[edict.policy.severity]],
    [edict.resource.cloud.padEnd(5), 'reset'],
    [fit(shortName(edict.resource), RESOURCE_COLUMNS).padEnd(RESOURCE_COLUMNS), 'bold'],
    [fit(edict.policy.id, policy).padEnd(policy), 'reset'],
  ];
  const used = head.reduce((sum, [text]) => sum + text.length + 2, 0);
  const tail: readonly (readonly [string, Format])[] = [
    [plain(sentenceOf({ ...edict, title: edict.policy.title }).replace(/^violated: /, '')), format],
    [fact === undefined ? '' : plain(factText(fact, options.documents), 240), 'dim'],
  ];
  const shown = cutTo(tail, width === undefined ? Infinity : width - used);
  return [...head, ...shown]
    .map(([text, f]) => paint(f, text))
    .join('  ')
    .trimEnd();
}

/** Seconds to the hundredth; a document of old is told of in days. */
function sinceChange(trueAt: string, atMs: number): string {
  const seconds = (atMs - Date.parse(trueAt)) / 1000;
  return seconds < 100 ? `+${seconds.toFixed(2)} s` : `+${ago(trueAt, atMs)}`;
}

/** On a narrow terminal the policy's column gives way. */
const policyColumns = (width: number | undefined): number =>
  width === undefined ? POLICY_COLUMNS : Math.max(16, Math.min(POLICY_COLUMNS, width - 54));

/** The pieces as far as they fit on the line, the last one that does cut. */
function cutTo(pieces: readonly (readonly [string, Format])[], room: number): readonly (readonly [string, Format])[] {
  const shown: (readonly [string, Format])[] = [];
  let left = room;
  for (const [text, format] of pieces) {
    if (text === '' || left < 10) continue;
    const cut = fit(text, left);
    shown.push([cut, format]);
    left -= cut.length + 2;
  }
  return shown;
}
