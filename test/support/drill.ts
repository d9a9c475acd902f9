/**
 * A drill: a test that keeps what it saw. `EDICT_WRITE=1 npm run drills` writes test/drills/seen.json, from which
 * `npm run gen` makes docs/reliability.md. A drill whose words are not those of the file fails: the page would lie.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

export interface Drill {
  readonly id: string;
  /** What is done, as a sentence. */
  readonly done: string;
  /** What must hold. */
  readonly holds: string;
}
/** What one run saw. */
export interface Seen {
  readonly on: string;
  readonly seen: string;
}
/** The words of a drill, and what was seen: in the numbers of every run, and in full. */
export interface Kept extends Drill {
  readonly ci?: Seen;
  readonly full?: Seen;
}

const file = join(import.meta.dirname, '..', 'drills', 'seen.json');
const isFull = process.env['EDICT_DRILLS'] === 'full';

/** How many times something is done: in every run, and with `npm run drills -- --full`. */
export const times = (always: number, full: number): number => (isFull ? full : always);
/** A number as people read it. */
export const count = (n: number): string => n.toLocaleString('en');

/** Declares a drill. It fails as a test does; what it returns is what was seen. */
export function drill(words: Drill, run: () => Promise<string>): void {
  it(`${words.id}: ${words.holds}`, async () => {
    const seen = await run();
    const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { [id: string]: Kept }) : {};
    if (process.env['EDICT_WRITE'] === '1') {
      kept[words.id] = {
        ...kept[words.id],
        ...words,
        [isFull ? 'full' : 'ci']: { on: new Date().toISOString().slice(0, 10), seen },
      };
      const sorted = Object.fromEntries(Object.entries(kept).toSorted(([a], [b]) => (a < b ? -1 : 1)));
      writeFileSync(file, `${JSON.stringify(sorted, undefined, 2)}\n`);
      return;
    }
    const { done, holds } = kept[words.id] ?? {};
    expect({ done, holds }, 'EDICT_WRITE=1 npm run drills').toEqual({ done: words.done, holds: words.holds });
  });
}
