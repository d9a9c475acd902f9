/** What people see: colours, neutralised text, progress. */
import { stripVTControlCharacters, styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/**
 * Styles text for a stream, or leaves it alone: colours follow NO_COLOR, FORCE_COLOR, and whether the stream is a
 * terminal.
 */
export const style =
  (stream: NodeJS.WriteStream) =>
  (format: Format, text: string): string =>
    styleText(format, text, { stream, validateStream: true });

/** The columns of the terminal; undefined where there is none, or one that does not say: nothing is cut then. */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;

/** Control characters, and those that reorder or hide text: a resource's name must not steer the reader's terminal. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The text with everything that steers a terminal made visible (`\x1b`), cut at `longest` characters. */
export function plain(text: string, longest = 400): string {
  const cut = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return cut.replace(STEERING, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** Breaks text into lines of at most `width` characters; a word that is longer stays whole. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ')) {
    const length = stripVTControlCharacters(word).length; // colours take no room
    if (used > 0 && used + 1 + length > width) {
      lines.push(line.trimEnd());
      line = word;
      used = length;
    } else {
      line = line === '' ? word : `${line} ${word}`;
      used += length + (used > 0 ? 1 : 0);
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** `3 files`, `1 file`. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** A line on stderr that says how far a long run is. Silent unless stderr is a terminal and the run takes a while. */
export class Progress {
  readonly #shown = process.stderr.isTTY;
  #next = performance.now() + 700;
  #written = false;

  say(text: () => string): void {
    if (!this.#shown || performance.now() < this.#next) return;
    this.#next = performance.now() + 200;
    this.#written = true;
    process.stderr.write(`\r\u001b[2K${text()}`);
  }

  clear(): void {
    if (this.#written) process.stderr.write('\r\u001b[2K');
    this.#written = false;
  }
}

/** A reader that went away (`edict … | head`) ends the program in silence; its exit code is then nobody's to see. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

/** Writes to stdout in large pieces. */
export class Output {
  #pieces: string[] = [];
  #size = 0;
  #behind = false;

  write(text: string): void {
    this.#pieces.push(text);
    this.#size += text.length;
    if (this.#size > 65_536) this.flush();
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }

  flush(): void {
    if (this.#pieces.length > 0) this.#behind = !process.stdout.write(this.#pieces.join(''));
    this.#pieces = [];
    this.#size = 0;
  }

  /** Undefined, or what to wait for where the reader is slower than the writer: what is not yet read is held in memory. */
  behind(): Promise<void> | undefined {
    if (!this.#behind || !process.stdout.writableNeedDrain) return undefined;
    return new Promise((resolve) => process.stdout.once('drain', () => resolve()));
  }
}
