import { realpathSync } from 'node:fs';

/**
 * Whether a module is the program that was started: `if (isMain(import.meta)) …`.
 *
 * `import.meta.main` says the same from Node 24.2 on; before it (the newest Node 24 that npm has for Apple silicon is
 * 24.0) it is undefined, and the program would silently do nothing. Links are followed.
 */
export function isMain(meta: ImportMeta): boolean {
  const started = process.argv[1];
  return started !== undefined && realpathSync(started) === meta.filename;
}
