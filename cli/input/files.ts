/** Which files the arguments of the command line mean. */
import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Problem, problem, type Skipped } from './problem.ts';

/** A file to read. `named`: the user named it, so that it must be usable. `path` is `-` for standard input. */
export interface InputFile {
  readonly path: string;
  readonly named: boolean;
}

export interface FoundFiles {
  readonly files: readonly InputFile[];
  readonly skipped: readonly Skipped[];
  readonly problems: readonly Problem[];
  /** The folders that were named. */
  readonly folders: readonly string[];
}

/** More than any repository of configuration has: somebody named `/`. */
const MOST_FILES = 100_000;
const DEEPEST_FOLDER = 64;

const code = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** What an error of the file system means, and what to do. */
export function fileProblem(path: string, error: unknown): Problem {
  const known: { readonly [code: string]: readonly [string, string] } = {
    ENOENT: ['there is no such file or folder', 'check the path'],
    EACCES: ['it may not be read', 'give yourself permission to read it'],
    EPERM: ['it may not be read', 'give yourself permission to read it'],
    ELOOP: ['it is a symbolic link that leads back to itself', 'name the file that is meant'],
    EISDIR: ['it is a folder', 'name the files in it'],
    EMFILE: ['too many files are open', 'check fewer files at once'],
  };
  const [reason, action] = known[code(error)] ?? [`it could not be read (${code(error)})`, 'check that it can be read'];
  return problem(path, reason, action);
}

/**
 * The files below a folder, in a stable order. Symbolic links are not followed: they can lead out of the folder, or round
 * in circles. Hidden folders and `node_modules` hold no configuration of one's own.
 */
function walk(root: string, files: InputFile[], skipped: Skipped[], problems: Problem[]): void {
  const folders: { readonly path: string; readonly depth: number }[] = [{ path: root, depth: 0 }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    let entries;
    try {
      entries = readdirSync(folder.path, { withFileTypes: true });
    } catch (error) {
      problems.push(fileProblem(folder.path, error));
      continue;
    }
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const below: { readonly path: string; readonly depth: number }[] = [];
    for (const entry of entries) {
      const path = join(folder.path, entry.name);
      if (entry.isSymbolicLink()) skipped.push({ document: path, reason: 'a symbolic link' });
      else if (entry.isDirectory()) {
        if (entry.name.startsWith('.') || entry.name === 'node_modules') {
          skipped.push({ document: path, reason: 'a folder that holds no configuration' });
        } else if (folder.depth >= DEEPEST_FOLDER) {
          problems.push(problem(path, 'the folders are nested too deeply', 'name the folder that is meant'));
        } else below.push({ path, depth: folder.depth + 1 });
      } else if (!entry.isFile()) skipped.push({ document: path, reason: 'not a regular file' });
      else if (files.length >= MOST_FILES) {
        problems.push(problem(root, `more than ${MOST_FILES} files`, 'name the folder that holds the configuration'));
        return;
      } else files.push({ path, named: false });
    }
    folders.push(...below.toReversed());
  }
}

/** The files that the arguments mean: each once, in the order of the arguments. Reads directories only. */
export function findFiles(args: readonly string[]): FoundFiles {
  const files: InputFile[] = [];
  const skipped: Skipped[] = [];
  const problems: Problem[] = [];
  const folders: string[] = [];
  for (const arg of args) {
    if (arg === '-') {
      files.push({ path: '-', named: true });
      continue;
    }
    try {
      const found = statSync(arg);
      if (found.isDirectory()) {
        folders.push(arg);
        // `lstat` first: a named link to a folder is followed once, links inside it are not.
        walk(lstatSync(arg).isSymbolicLink() ? realpathSync(arg) : arg, files, skipped, problems);
      } else files.push({ path: arg, named: true });
    } catch (error) {
      problems.push(fileProblem(arg, error));
    }
  }
  const seen = new Map<string, InputFile>();
  for (const file of files) {
    const real = file.path === '-' ? '-' : realpathSync(file.path);
    const before = seen.get(real);
    // Named and found in a folder as well: what the user named must be usable.
    if (before === undefined || (file.named && !before.named)) seen.set(real, file);
  }
  return { files: [...seen.values()], skipped, problems, folders };
}
