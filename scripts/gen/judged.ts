import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readCorpus } from '../eval/corpus.ts';
import { judgedText } from '../eval/judged.ts';
import type { Generator } from '../gen.ts';

const FOLDER = 'corpus/intents';

/** The judged resources of each file of the corpus of intents, for a reader to check its gold meanings by. */
export const judged: Generator = {
  name: 'judged',
  owns: [`${FOLDER}/judged/*.jsonl`],
  files: (root) =>
    Object.fromEntries(
      readdirSync(join(root, FOLDER))
        .filter((name) => name.endsWith('.yaml'))
        .map((name) => [
          `${FOLDER}/judged/${basename(name, '.yaml')}.jsonl`,
          judgedText(readCorpus(join(root, FOLDER, name))),
        ]),
    ),
};
