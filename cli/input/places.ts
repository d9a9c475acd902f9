/** Where in a text a JSON Pointer leads: computed when somebody asks, in time linear in the text over all questions. */
import { pointerSegments } from '../../shared/model/json.ts';

/** Counted from 1; the column in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const COMMA = 44;
const COLON = 58;

/** The end of the string that starts at `start` (its opening quote): the offset after the closing quote. */
function endOfString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
}

/** The offset after the value that starts at `start`. The text is valid JSON: brackets match. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; ) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) {
      at = endOfString(text, at);
      if (depth === 0) return at;
      continue;
    }
    if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (c === COMMA || c <= 32)) return at;
    at++;
  }
  return text.length;
}

const skipSpace = (text: string, start: number): number => {
  let at = start;
  while (text.charCodeAt(at) <= 32) at++;
  return at;
};

/** The offsets of the values in the container that starts at `start`, by key or index. */
function children(text: string, start: number): Map<string, number> {
  const found = new Map<string, number>();
  const isArray = text.charCodeAt(start) === OPEN_BRACKET;
  let at = skipSpace(text, start + 1);
  for (let index = 0; at < text.length; index++) {
    const c = text.charCodeAt(at);
    if (c === CLOSE_BRACE || c === CLOSE_BRACKET) break;
    let key = String(index);
    if (!isArray) {
      const end = endOfString(text, at);
      key = text.slice(at + 1, end - 1);
      if (key.includes('\\')) key = JSON.parse(text.slice(at, end)) as string;
      at = skipSpace(text, end);
      if (text.charCodeAt(at) === COLON) at = skipSpace(text, at + 1);
    }
    found.set(key, at);
    at = skipSpace(text, endOfValue(text, at));
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return found;
}

/** Lines of a text: a checkpoint at every few thousand characters, so that any offset is found by a short count. */
class Lines {
  static readonly step = 4096;
  readonly #text: string;
  /** At each checkpoint: how many line feeds lie before it, and where the last of them is (-1: none). */
  #checkpoints: { readonly count: Uint32Array; readonly last: Int32Array } | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  place(offset: number): Place {
    const { count, last } = (this.#checkpoints ??= this.#scan());
    const checkpoint = Math.floor(offset / Lines.step);
    const from = checkpoint * Lines.step;
    let line = count[checkpoint] ?? 0;
    let feed = last[checkpoint] ?? -1;
    // Only the stretch since the checkpoint: a plan is often one line of hundreds of megabytes.
    const stretch = this.#text.slice(from, offset);
    for (let at = stretch.indexOf('\n'); at >= 0; at = stretch.indexOf('\n', at + 1)) {
      line++;
      feed = from + at;
    }
    return { line: line + 1, column: offset - feed };
  }

  #scan(): { readonly count: Uint32Array; readonly last: Int32Array } {
    const size = Math.floor(this.#text.length / Lines.step) + 1;
    const count = new Uint32Array(size);
    const last = new Int32Array(size).fill(-1);
    let feed = -1;
    let line = 0;
    let checkpoint = 1;
    for (let at = this.#text.indexOf('\n'); at >= 0; at = this.#text.indexOf('\n', at + 1)) {
      const next = Math.min(Math.floor(at / Lines.step) + 1, size);
      count.fill(line, checkpoint, next);
      last.fill(feed, checkpoint, next);
      checkpoint = Math.max(checkpoint, next);
      feed = at;
      line++;
    }
    count.fill(line, checkpoint);
    last.fill(feed, checkpoint);
    return { count, last };
  }
}

/**
 * Places in a JSON text that has been parsed without error. Each container on the way to a pointer is scanned once, and
 * remembered.
 */
export class JsonPlaces {
  readonly #text: string;
  readonly #lines: Lines;
  readonly #children = new Map<number, Map<string, number>>();

  constructor(text: string) {
    this.#text = text;
    this.#lines = new Lines(text);
  }

  /** The place of the value, or of the nearest one above it that is there. `start` is where the document starts. */
  place(pointer: string, start = 0): Place {
    let at = skipSpace(this.#text, start);
    for (const segment of pointerSegments(pointer)) {
      const c = this.#text.charCodeAt(at);
      if (c !== OPEN_BRACE && c !== OPEN_BRACKET) break;
      let known = this.#children.get(at);
      if (known === undefined) {
        known = children(this.#text, at);
        this.#children.set(at, known);
      }
      const next = known.get(segment);
      if (next === undefined) break;
      at = next;
    }
    return this.#lines.place(at);
  }

  /** The place of an offset. */
  placeOf(offset: number): Place {
    return this.#lines.place(offset);
  }
}
