/** An archive as a folder: the files of the service's bucket, copied, or written here. */
import { appendFileSync, createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { AppError } from '../../model/errors.ts';
import type { ArchiveReader, ArchiveWriter } from '../../ports/archive.ts';
import { changesIn, folderOfHour, lineOf } from '../archive-lines.ts';

/** Adds to the file of the hour in which a change was received. Makes the folder. */
export const makeFolderArchiveWriter = (folder: string): ArchiveWriter => ({
  write: async (changes) => {
    for (const change of changes) {
      const file = join(folder, folderOfHour(change.receivedAt), 'changes.ndjson');
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, lineOf(change));
    }
    await Promise.resolve();
  },
});

/** Reads every file below the folder, in the order of their names. Throws `INPUT_INVALID` if there is no such folder. */
export const makeFolderArchiveReader = (folder: string): ArchiveReader => ({
  async *read(range, onBad) {
    if (!existsSync(folder)) throw new AppError('INPUT_INVALID', `there is no folder ${folder}`);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((f) => f.isFile() && !f.name.startsWith('.'))
      .map((f) => join(f.parentPath, f.name))
      .sort();
    for (const file of files)
      yield* changesIn(
        createReadStream(file) as AsyncIterable<Uint8Array>,
        relative(folder, file).split(sep).join('/'),
        range,
        onBad,
      );
  },
});
