#!/usr/bin/env node
/** Writes corpus/intents/judged from the gold meanings: `node scripts/eval/judge.ts`. A test fails where they differ. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain } from '../is-main.ts';
import { readCorpus } from './corpus.ts';
import { judgedText } from './judged.ts';

/** The corpus of this project. */
export const CORPUS: string = join(import.meta.dirname, '..', '..', 'corpus', 'intents');

/** What the folder `judged` of the corpus holds: name of the file -> text. */
export function judgedFiles(): ReadonlyMap<string, string> {
  const files = readdirSync(CORPUS).filter((name) => name.endsWith('.yaml'));
  return new Map(files.map((name) => [`${name.slice(0, -5)}.jsonl`, judgedText(readCorpus(join(CORPUS, name)))]));
}

if (isMain(import.meta)) {
  mkdirSync(join(CORPUS, 'judged'), { recursive: true });
  for (const [name, text] of judgedFiles()) {
    writeFileSync(join(CORPUS, 'judged', name), text);
    console.log(`${name}: ${text.split('\n').length - 1} judged resources`);
  }
}
