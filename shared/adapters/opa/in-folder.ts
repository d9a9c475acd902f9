import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Writes text files below a folder of their own, runs `body` there, and removes the folder. */
export function inFolder<T>(files: { readonly [path: string]: string }, body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'edict-opa-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
