/** A published transition on one line. */
import type { FindingTransitionEvent } from '../shared/model/finding-event.ts';
import type { Json } from '../shared/model/json.ts';
import {
  factText,
  fit,
  type Format,
  markOf,
  SEVERITY_FORMAT,
  sentenceOf,
  shortName,
  tellingFacts,
} from '../cli/findings/words.ts';
import { plain } from '../cli/terminal.ts';

export interface LineOptions {
  readonly paint: (format: Format, text: string) => string;
  /** Columns of the terminal; undefined: nothing is cut. */
  readonly width: number | undefined;
  /** The provider's documents that the evidence may point into. */
  readonly documents: readonly Json[];
}

/**
 * `+0.31 s  ✗ critical  aws    acme-invoices  object-store.no-public-access  violated: nobody can read objects  <property> = <value>`
 */
export function transitionLine(event: FindingTransitionEvent, atMs: number, options: LineOptions): string {
  const { paint } = options;
  const { edict } = event.detail;
  const seconds = (atMs - Date.parse(edict.trueAt)) / 1000;
  const { mark, format } = markOf(edict.to);
  const title = edict.policy.title;
  const sentence = sentenceOf({ ...edict, title });
  const [fact] = tellingFacts(edict);
  const evidence = fact === undefined ? '' : factText(fact, options.documents);

  const head: readonly (readonly [string, Format])[] = [
    [`+${seconds.toFixed(2)} s`.padStart(8), 'dim'],
    [mark, format],
    [edict.policy.severity.padEnd(8), SEVERITY_FORMAT[edict.policy.severity]],
    [edict.resource.cloud.padEnd(5), 'reset'],
    [fit(shortName(edict.resource), 19).padEnd(19), 'bold'],
    [edict.policy.id.padEnd(40), 'reset'],
  ];
  const used = head.reduce((sum, [text]) => sum + text.length + 2, 0);
  const tail: readonly (readonly [string, Format])[] = [
    [plain(sentence), format],
    [plain(evidence, 200), 'dim'],
  ];
  const room = options.width === undefined ? undefined : Math.max(20, options.width - used);
  return `${[...head, ...cutTo(tail, room)].map(([text, f]) => paint(f, text)).join('  ')}`.trimEnd();
}

/** The pieces as far as they fit on the line, the last one that does cut. */
function cutTo(
  pieces: readonly (readonly [string, Format])[],
  room: number | undefined,
): readonly (readonly [string, Format])[] {
  if (room === undefined) return pieces.filter(([text]) => text !== '');
  const shown: (readonly [string, Format])[] = [];
  let left = room;
  for (const [text, format] of pieces) {
    if (text === '' || left < 8) continue;
    const cut = fit(text, left);
    shown.push([cut, format]);
    left -= cut.length + 2;
  }
  return shown;
}
