/** What is kept as text: one change a line, and files under the hour in which they were written, as Data Firehose names them. */
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Change, changeIdOf, changeSchema } from '../model/change.ts';
import { ARCHIVE_PREFIX } from '../model/deployment.ts';
import type { ArchiveRange } from '../ports/archive.ts';

/** The folder of the hour of an instant: `changes/2026/11/25/09/`. */
export const folderOfHour = (at: string): string =>
  `${ARCHIVE_PREFIX}${at.slice(0, 4)}/${at.slice(5, 7)}/${at.slice(8, 10)}/${at.slice(11, 13)}/`;

/** One change as a line, its end included. */
export const lineOf = (change: Change): string => `${JSON.stringify(change)}\n`;

/** How long after it was received a change may be kept: Firehose's buffer, and what the queue delivers again. */
export const LATE_MS = 24 * 3_600_000;

const GZIP = [0x1f, 0x8b] as const;

/**
 * The changes in a stream of bytes, gzip or plain, that were received in the time. What is no change, or does not have
 * the id of what it says, is told to `onBad` by its line.
 */
export async function* changesIn(
  stream: AsyncIterable<Uint8Array>,
  where: string,
  range: ArchiveRange,
  onBad: (where: string, why: string) => void,
): AsyncGenerator<Change> {
  let line = 0;
  try {
    for await (const text of linesOf(await plain(stream))) {
      line += 1;
      if (text === '') continue;
      const change = changeOf(text);
      if (typeof change === 'string') onBad(`${where}:${line}`, change);
      else if (change.receivedAt >= range.from && change.receivedAt <= range.until) yield change;
    }
  } catch (error) {
    // A file that is torn says no more; what it said until there stands.
    if (!isTorn(error)) throw error;
    onBad(`${where}:${line + 1}`, 'the file is torn: it is no whole gzip');
  }
}

const isTorn = (error: unknown): boolean => (error as NodeJS.ErrnoException).code?.startsWith('Z_') === true;

function changeOf(text: string): Change | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'the line is not JSON';
  }
  const change = changeSchema.safeParse(parsed);
  if (!change.success) return 'the line is no change of this version';
  if (changeIdOf(change.data) !== change.data.changeId) return 'its id is not the hash of what it says';
  return change.data;
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest + decoder.decode();
}

/** The bytes, unpacked where they are packed: the local Firehose does not pack. */
async function plain(stream: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const rest = stream[Symbol.asyncIterator]();
  const first = await rest.next();
  const bytes = (async function* (): AsyncGenerator<Uint8Array> {
    for (let next = first; next.done !== true; next = await rest.next()) yield next.value;
  })();
  const head = first.done === true ? [] : [...first.value.subarray(0, 2)];
  if (head[0] !== GZIP[0] || head[1] !== GZIP[1]) return bytes;
  // What goes wrong with the one ends the other, and is thrown by it.
  return pipeline(Readable.from(bytes), createGunzip(), () => {});
}
