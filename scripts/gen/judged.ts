import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readCorpus } from '../eval/corpus.ts';
import { judgedText } from '../eval/judged.ts';
import type { Generator } from '../gen.ts';

const FOLDERS = ['corpus/intents', 'corpus/others', 'corpus/third'];

/** The judged resources of each file of the corpora of intents, for a reader to check its gold meanings by. */
export const judged: Generator = {
  name: 'judged',
  owns: FOLDERS.map((folder) => `${folder}/judged/*.jsonl`),
  files: (root) =>
    Object.fromEntries(
      FOLDERS.flatMap((folder) =>
        readdirSync(join(root, folder))
          .filter((name) => name.endsWith('.yaml'))
          .map((name) => [
            `${folder}/judged/${basename(name, '.yaml')}.jsonl`,
            judgedText(readCorpus(join(root, folder, name))),
          ]),
      ),
    ),
};
