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

/** The values of a container, in their order: where each starts, and in an object which key it has. */
interface Children {
  readonly keys: ReadonlyMap<string, number> | undefined;
  readonly starts: readonly number[] | Int32Array;
}

/** The values of the container that starts at `start`. */
function childrenOf(text: string, start: number): Children {
  const keys = text.charCodeAt(start) === OPEN_BRACKET ? undefined : new Map<string, number>();
  const starts: number[] = [];
  let at = skipSpace(text, start + 1);
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === CLOSE_BRACE || c === CLOSE_BRACKET) break;
    if (keys !== undefined) {
      const end = endOfString(text, at);
      const key = text.slice(at + 1, end - 1);
      keys.set(key.includes('\\') ? (JSON.parse(text.slice(at, end)) as string) : key, starts.length);
      at = skipSpace(text, end);
      if (text.charCodeAt(at) === COLON) at = skipSpace(text, at + 1);
    }
    starts.push(at);
    at = skipSpace(text, endOfValue(text, at));
    if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  }
  return { keys, starts };
}

const indexOf = ({ keys, starts }: Children, segment: string): number | undefined => {
  const index = keys === undefined ? (/^\d+$/.test(segment) ? Number(segment) : undefined) : keys.get(segment);
  return index !== undefined && index < starts.length ? index : undefined;
};

const isContainer = (text: string, at: number): boolean => {
  const c = text.charCodeAt(at);
  return c === OPEN_BRACE || c === OPEN_BRACKET;
};

/** A stretch of the text. */
export type Slice = (from: number, to: number) => string;

/** The lines of a text, by checkpoints, so that any offset is found by counting in a short stretch. */
class Lines {
  static readonly step = 4096;
  readonly #slice: Slice;
  /** At each checkpoint: how many line feeds lie before it, and where the last of them is (-1: none). */
  readonly #count: Uint32Array;
  readonly #last: Int32Array;

  constructor(text: string, slice: Slice) {
    this.#slice = slice;
    const size = Math.floor(text.length / Lines.step) + 1;
    this.#count = new Uint32Array(size);
    this.#last = new Int32Array(size).fill(-1);
    let feed = -1;
    let line = 0;
    let checkpoint = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      const next = Math.min(Math.floor(at / Lines.step) + 1, size);
      this.#count.fill(line, checkpoint, next);
      this.#last.fill(feed, checkpoint, next);
      checkpoint = Math.max(checkpoint, next);
      feed = at;
      line++;
    }
    this.#count.fill(line, checkpoint);
    this.#last.fill(feed, checkpoint);
  }

  place(offset: number): Place {
    const checkpoint = Math.floor(offset / Lines.step);
    const from = checkpoint * Lines.step;
    let line = this.#count[checkpoint] ?? 0;
    let feed = this.#last[checkpoint] ?? -1;
    // Only the stretch since the checkpoint: a plan is often one line of hundreds of megabytes.
    const stretch = this.#slice(from, offset);
    for (let at = stretch.indexOf('\n'); at >= 0; at = stretch.indexOf('\n', at + 1)) {
      line++;
      feed = from + at;
    }
    return { line: line + 1, column: offset - feed };
  }
}

/** A container that is longer than this is indexed; what is shorter is scanned when it is asked for. */
const LONG = 65_536;
/** No document nests long containers as deep as this; to scan a text once for each level takes hours if there are many. */
const DEEPEST = 100;

/**
 * Places in a JSON text that has been parsed without error. The text is scanned once, for the values of its long
 * containers and for its lines; after that only short stretches of it are looked at, which `slice` gives: so a text of
 * hundreds of megabytes need not stay in memory.
 */
export class JsonPlaces {
  readonly #slice: Slice;
  readonly #length: number;
  /** Where the (first) document starts. */
  readonly #root: number;
  readonly #lines: Lines;
  /** The values of long containers, by where these start. */
  readonly #long = new Map<number, Children>();
  /** The short container that was scanned last: questions about one resource come together. */
  #scanned: { readonly at: number; readonly text: string; readonly children: Map<number, Children> } | undefined;

  constructor(text: string, slice: Slice = (from, to) => text.slice(from, to)) {
    this.#slice = slice;
    this.#length = text.length;
    this.#lines = new Lines(text, slice);
    this.#root = skipSpace(text, 0);
    const pending = [{ at: this.#root, end: text.length, depth: 0 }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { at, end, depth } = next;
      if (end - at <= LONG || depth > DEEPEST || !isContainer(text, at)) continue;
      const { keys, starts } = childrenOf(text, at);
      this.#long.set(at, { keys, starts: Int32Array.from(starts) });
      for (const [i, start] of starts.entries()) {
        pending.push({ at: start, end: starts[i + 1] ?? end, depth: depth + 1 });
      }
    }
  }

  /**
   * The place of the value, or of the nearest one above it that is there. `start` and `stop` are where the document starts
   * and ends in a text that has several.
   */
  place(pointer: string, start = 0, stop = this.#length): Place {
    let at = start === 0 ? this.#root : start;
    let end = stop;
    const segments = pointerSegments(pointer);
    let depth = 0;
    for (let long = this.#long.get(at); long !== undefined && depth < segments.length; long = this.#long.get(at)) {
      const index = indexOf(long, segments[depth] ?? '');
      if (index === undefined) return this.#lines.place(at);
      at = long.starts[index] ?? at;
      end = Math.min(long.starts[index + 1] ?? end, end);
      depth++;
    }
    return this.#lines.place(this.#within(at, end, segments.slice(depth)));
  }

  /** The offset of what the segments lead to inside the short value at `at`. */
  #within(at: number, end: number, segments: readonly string[]): number {
    if (segments.length === 0) return at;
    if (this.#scanned?.at !== at) this.#scanned = { at, text: this.#slice(at, end), children: new Map() };
    const { text, children } = this.#scanned;
    let inside = skipSpace(text, 0);
    for (const segment of segments) {
      if (!isContainer(text, inside)) break;
      const known = children.get(inside) ?? childrenOf(text, inside);
      children.set(inside, known);
      const index = indexOf(known, segment);
      if (index === undefined) break;
      inside = known.starts[index] ?? inside;
    }
    return at + inside;
  }

  /** The place of an offset. */
  placeOf(offset: number): Place {
    return this.#lines.place(offset);
  }
}
