/** From a file to the documents in it: JSON, one JSON document a line, or YAML of one or several documents. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { ParseError } from 'jsonc-parser';
import { type Json, pointerSegments } from '../../shared/model/json.ts';
import { fileProblem, type InputFile } from './files.ts';
import { JsonPlaces, type Place, type Slice } from './places.ts';
import { type Problem, problem } from './problem.ts';

/** A document of a file, without its content: what is kept of it for as long as anybody may ask where something stands. */
export interface Source {
  /** The file as the user named it; `stdin` for standard input. */
  readonly file: string;
  /** The file, and where it has several documents which one: `assets.ndjson#3`, counted from 1. */
  readonly label: string;
  /** The place of a JSON Pointer; undefined if the file cannot be read again, or changed since. */
  place(pointer: string): Place | undefined;
}

/** One document of a file. */
export interface SourceDocument {
  readonly source: Source;
  readonly value: Json;
}

/** What became of a file. `other`: it is neither JSON nor YAML, and says so only where nobody claimed that it was. */
export type Opened =
  | { readonly is: 'documents'; readonly documents: readonly SourceDocument[] }
  | { readonly is: 'other'; readonly reason: string; readonly action: string }
  | { readonly is: 'broken'; readonly problem: Problem };

/** V8 holds no longer string. */
export const LONGEST_FILE_BYTES = 512 * 1024 * 1024 - 64;
/** A template is far below; the YAML parser takes some hundred bytes of memory for each. */
const LONGEST_YAML = 16 * 1024 * 1024;
const MOST_ALIASES = 100;
/** Texts up to this are kept for finding places; longer ones are read again when a place is asked for. */
const KEPT_TEXT = 4 * 1024 * 1024;

type Text = { readonly text: string } | { readonly other: readonly [reason: string, action: string] };

/** What a file that is no text is, by its first bytes. */
function notText(head: Uint8Array): readonly [reason: string, action: string] | undefined {
  const starts = (...bytes: readonly number[]): boolean => bytes.every((b, i) => head[i] === b);
  if (starts(0x50, 0x4b, 0x03, 0x04)) {
    return [
      'it is a ZIP archive, such as a saved Terraform plan',
      'run "terraform show -json <plan>" and check its output',
    ];
  }
  if (starts(0x1f, 0x8b)) return ['it is compressed', 'decompress it first'];
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff)) return undefined;
  return head.includes(0) ? ['it is a binary file', 'name a JSON or YAML file'] : undefined;
}

/** The text of bytes: UTF-8, or UTF-16 with a byte order mark, which is what a redirection in PowerShell writes. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(bytes.subarray(2)).swap16().toString('utf16le');
  return bytes.toString('utf8');
}

const withoutMark = (text: string): string => (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);

const tooLong = (maxBytes: number): Text => ({
  other: [
    `it has more than ${Math.floor(maxBytes / 1_048_576).toLocaleString('en')} MB`,
    'raise --max-megabytes, or check it in parts',
  ],
});

/** Reads standard input to its end, or to the limit. */
async function readStdin(maxBytes: number): Promise<Text> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (process.stdin.isTTY) process.stderr.write('Reading from the terminal: Ctrl-D ends it.\n');
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > maxBytes) return tooLong(maxBytes);
  }
  const bytes = Buffer.concat(chunks);
  const other = notText(bytes.subarray(0, 8192));
  return other === undefined ? { text: withoutMark(decode(bytes)) } : { other };
}

/** Reads a file whole. Bounded; a file that is no text is not read at all. Throws what the file system throws. */
function readText(path: string, maxBytes: number): Text {
  const file = openSync(path, 'r');
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) return { text: withoutMark(decode(readFileSync(file))) };
    if (stat.size > maxBytes) return tooLong(maxBytes);
    const head = Buffer.alloc(Math.min(8192, stat.size));
    readSync(file, head, 0, head.length, 0);
    const other = notText(head);
    if (other !== undefined) return { other };
    if (head[0] === 0xff || head[0] === 0xfe) return { text: decode(readFileSync(file)) };
    // As a string at once: the bytes of a large plan are then never held beside it.
    return { text: withoutMark(readFileSync(path, 'utf8')) };
  } finally {
    closeSync(file);
  }
}

/**
 * Where things stand in a file. A short text is kept for it. A long one is scanned while it is there and stays on the
 * disk: to read it once more would take as much memory as to judge it.
 */
class Places {
  readonly #open: () => JsonPlaces | undefined;
  #json: JsonPlaces | 'gone' | undefined;

  constructor(path: string, text: string) {
    const { length } = text;
    if (path === '-' || length <= KEPT_TEXT) this.#open = () => new JsonPlaces(text);
    else {
      this.#open = () => placesAgain(path, length);
      // As many bytes as characters: an offset in the text is one in the file.
      if (sizeOf(path) === length) this.#json = new JsonPlaces(text, sliceOfFile(path));
    }
  }

  place(pointer: string, start?: number, end?: number): Place | undefined {
    this.#json ??= this.#open() ?? 'gone';
    return this.#json === 'gone' ? undefined : this.#json.place(pointer, start, end);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? -1;

/** Places in a long file with more than ASCII in it; undefined if it cannot be read again, or changed its length since. */
function placesAgain(path: string, length: number): JsonPlaces | undefined {
  try {
    const read = readText(path, LONGEST_FILE_BYTES);
    return 'text' in read && read.text.length === length ? new JsonPlaces(read.text) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads stretches of an ASCII file. It stays open until the program ends. */
function sliceOfFile(path: string): Slice {
  const file = openSync(path, 'r');
  return (from, to) => {
    const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, from));
  };
}

const claimsJson = /\.(?:json|jsonl|ndjson)$/i;
const claimsYaml = /\.(?:ya?ml|template)$/i;

/** The documents of a file. Never throws. */
export async function openFile(file: InputFile, maxBytes: number): Promise<Opened> {
  const { path } = file;
  const name = path === '-' ? 'stdin' : path;
  const claimed = file.named || claimsJson.test(path) || claimsYaml.test(path);
  let read: Text;
  try {
    read = path === '-' ? await readStdin(maxBytes) : readText(path, maxBytes);
  } catch (error) {
    return { is: 'broken', problem: fileProblem(name, error) };
  }
  if ('other' in read) {
    const [reason, action] = read.other;
    return claimed ? { is: 'broken', problem: problem(name, reason, action) } : { is: 'other', reason, action };
  }
  const { text } = read;
  const first = /\S/.exec(text.slice(0, 4096))?.[0];
  if (first === undefined && text.trim() === '') {
    return claimed
      ? { is: 'broken', problem: problem(name, 'it is empty', 'check what wrote it') }
      : { is: 'other', reason: 'it is empty', action: 'check what wrote it' };
  }
  if ((first === '{' || first === '[') && !/\.ya?ml$/i.test(path)) {
    const opened = await openJson(name, path, text);
    if (opened.is !== 'broken' || claimed) return opened;
    return { is: 'other', reason: 'it is not JSON', action: opened.problem.action };
  }
  if (!claimed) return { is: 'other', reason: 'it is neither JSON nor YAML', action: 'name it to have it checked' };
  if (claimsJson.test(path)) return { is: 'broken', problem: await brokenJson(name, text) };
  if (/\.tf(?:vars)?$|\.hcl$|\.tfstate$/i.test(path) && first !== '{') {
    const action = 'run "terraform plan -out=plan" and "terraform show -json plan", and check its output';
    return { is: 'broken', problem: problem(name, 'it is Terraform source, which says nothing for certain', action) };
  }
  return openYaml(name, text);
}

async function openJson(name: string, path: string, text: string): Promise<Opened> {
  // One document a line: the first line is a whole document, and more follow. A file of one line is parsed once.
  const end = text.indexOf('\n');
  if (end > 0 && end < text.length - 1 && text.slice(end).trim() !== '') {
    try {
      JSON.parse(text.slice(0, end));
      return await openLines(name, path, text);
    } catch {
      // The document goes on after the first line.
    }
  }
  try {
    const value = JSON.parse(text) as Json;
    const places = new Places(path, text);
    return {
      is: 'documents',
      documents: [{ value, source: { file: name, label: name, place: (p) => places.place(p) } }],
    };
  } catch {
    return openCommented(name, text);
  }
}

async function openLines(name: string, path: string, text: string): Promise<Opened> {
  const places = new Places(path, text);
  const documents: SourceDocument[] = [];
  let line = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start) < 0 ? text.length : text.indexOf('\n', start);
    const from = start;
    line++;
    const piece = text.slice(start, end);
    start = end + 1;
    if (piece.trim() === '') continue;
    try {
      const value = JSON.parse(piece) as Json;
      const label = `${name}#${documents.length + 1}`;
      documents.push({ value, source: { file: name, label, place: (p) => places.place(p, from, end) } });
    } catch {
      const found = await brokenJson(name, piece);
      return { is: 'broken', problem: { ...found, line, action: 'each line must be one JSON document' } };
    }
  }
  return { is: 'documents', documents };
}

/** ARM templates may have comments; everything else that is not JSON is broken. */
async function openCommented(name: string, text: string): Promise<Opened> {
  if (text.length > LONGEST_YAML) return { is: 'broken', problem: await brokenJson(name, text) };
  // Only a file that is not plain JSON needs this parser: loading it costs more than judging a small plan.
  const { parse, parseTree, findNodeAtLocation } = await import('jsonc-parser');
  const errors: ParseError[] = [];
  try {
    const value = parse(text, errors, { allowTrailingComma: false }) as Json;
    if (errors.length > 0) return { is: 'broken', problem: await brokenJson(name, text) };
    const places = new JsonPlaces(text);
    const tree = parseTree(text, []);
    const place = (pointer: string): Place | undefined => {
      const path = pointerSegments(pointer);
      if (tree === undefined) return undefined;
      for (let length = path.length; length >= 0; length--) {
        const segments = path.slice(0, length).map((s) => (/^\d+$/.test(s) ? Number(s) : s));
        const node = length === 0 ? tree : findNodeAtLocation(tree, segments);
        if (node !== undefined) return places.placeOf(node.offset);
      }
      return undefined;
    };
    return { is: 'documents', documents: [{ value, source: { file: name, label: name, place } }] };
  } catch {
    return { is: 'broken', problem: problem(name, 'it is nested too deeply', 'check what wrote it') };
  }
}

/** Says where JSON is broken and why, without quoting it: it may hold secrets. */
async function brokenJson(name: string, text: string): Promise<Problem> {
  const action = 'correct it; a file that is cut off often shows as an error at its end';
  if (text.length > LONGEST_YAML) {
    let position: string | undefined;
    try {
      JSON.parse(text);
    } catch (error) {
      position = /at position (\d+)/.exec(String(error))?.[1];
    }
    const at = position === undefined ? null : new JsonPlaces(text).placeOf(Number(position));
    return problem(name, 'it is not valid JSON', action, at);
  }
  const { parse, printParseErrorCode } = await import('jsonc-parser');
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  } catch {
    return problem(name, 'it is nested too deeply', 'check what wrote it');
  }
  const [first] = errors;
  if (first === undefined) return problem(name, 'it is not valid JSON', action);
  const reason = printParseErrorCode(first.error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
  return problem(name, `it is not valid JSON (${reason})`, action, new JsonPlaces(text).placeOf(first.offset));
}

async function openYaml(name: string, text: string): Promise<Opened> {
  if (text.length > LONGEST_YAML) {
    return {
      is: 'broken',
      problem: problem(name, 'it is YAML of more than 16 MB', 'convert it to JSON, or check it in parts'),
    };
  }
  const { LineCounter, parseAllDocuments, isNode } = await import('yaml');
  const { cfnTags, tagsNamed } = await import('../../shared/mappings/dialects/cloudformation-yaml.ts');
  let lines = new LineCounter();
  const documents: SourceDocument[] = [];
  try {
    const parse = (more: readonly string[]) => {
      const customTags = [...cfnTags, ...tagsNamed(more)];
      lines = new LineCounter();
      const got = parseAllDocuments(text, { lineCounter: lines, customTags, prettyErrors: false });
      return Array.isArray(got) ? got : [];
    };
    let parsed = parse([]);
    // A tag that nobody knows (of a tool that works on templates) is a function that nobody knows: its value is
    // unresolved, not the text that stands there.
    const tags = parsed
      .flatMap((d) => d.warnings)
      .map((w) => /^!([A-Za-z][\w:.-]*)/.exec(text.slice(w.pos[0], w.pos[1]))?.[1]);
    if (tags.length > 0) parsed = parse([...new Set(tags.filter((tag) => tag !== undefined))]);
    for (const document of parsed) {
      const [error] = document.errors;
      if (error !== undefined) {
        const { line, col } = lines.linePos(error.pos[0]);
        const reason = `it is not valid YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`;
        return { is: 'broken', problem: problem(name, reason, 'correct it', { line, column: col }) };
      }
      const [warning] = document.warnings;
      if (warning !== undefined) {
        const { line, col } = lines.linePos(warning.pos[0]);
        const reason = `it has a YAML tag or directive that is not known`;
        const action = 'write it without the tag; the short forms of CloudFormation (!Ref …) are known';
        return { is: 'broken', problem: problem(name, reason, action, { line, column: col }) };
      }
      const value = document.toJS({ maxAliasCount: MOST_ALIASES }) as Json;
      // A separator before nothing (`---` at the end) makes no document.
      if (value === null && parsed.length > 1) continue;
      const place = (pointer: string): Place | undefined => {
        const path = pointerSegments(pointer);
        for (let length = path.length; length >= 0; length--) {
          const node = document.getIn(
            path.slice(0, length).map((s) => (/^\d+$/.test(s) ? Number(s) : s)),
            true,
          );
          if (isNode(node) && node.range) {
            const { line, col } = lines.linePos(node.range[0]);
            return { line, column: col };
          }
        }
        return undefined;
      };
      const label = parsed.length > 1 ? `${name}#${documents.length + 1}` : name;
      documents.push({ value, source: { file: name, label, place } });
    }
  } catch (error) {
    const reason =
      error instanceof ReferenceError
        ? 'its YAML aliases multiply beyond measure'
        : error instanceof RangeError
          ? 'it is nested too deeply'
          : 'it is not YAML that can be read';
    return { is: 'broken', problem: problem(name, reason, 'write it out') };
  }
  return { is: 'documents', documents };
}
