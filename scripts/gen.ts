#!/usr/bin/env node
/**
 * Writes everything that is derived from something else in the project: one generator for each sort of thing. What it
 * writes is committed; test/contract/generated.test.ts fails where it is not what the generators give.
 *
 *     npm run gen                    writes what differs
 *     npm run gen -- policies        these generators only
 *
 * A new generator is a module in scripts/gen/ and a line in `generators`.
 */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { isToolReady } from './fetch-tools.ts';
import { bundle } from './gen/bundle.ts';
import { catalogue } from './gen/catalogue.ts';
import { checkSchema } from './gen/check-schema.ts';
import { doctor } from './gen/doctor.ts';
import { identities } from './gen/identities.ts';
import { judged } from './gen/judged.ts';
import { policies } from './gen/policies.ts';
import { reliability } from './gen/reliability.ts';
import { renderers } from './gen/renderers.ts';
import { schemas } from './gen/schemas.ts';
import { isMain } from './is-main.ts';

/** The path (in the project, with forward slashes) and the content of each file. */
export type Files = { readonly [path: string]: string | Uint8Array };

export interface Generator {
  readonly name: string;
  /** Globs of the files that are its own: one that it does not give is stale, and removed. */
  readonly owns: readonly string[];
  /** It runs this tool of the tool chain; where that is missing its files are left as they are. */
  readonly needs?: 'opa';
  /** The files. Depends on nothing but files of the project, and gives the same bytes each time. */
  readonly files: (root: string) => Files | Promise<Files>;
  /** What the author should look at; it does not stop anything. */
  readonly warnings?: (root: string) => readonly string[];
}

/** In order: a later one may read what an earlier one wrote. */
export const generators: readonly Generator[] = [
  schemas,
  policies,
  bundle,
  catalogue,
  checkSchema,
  doctor,
  renderers,
  judged,
  identities,
  reliability,
];

export const projectRoot: string = join(import.meta.dirname, '..');

/** How the project differs from what the generator gives. */
export interface Drift {
  readonly path: string;
  readonly is: 'missing' | 'different' | 'stale';
}

/** What is not as the generator gives it. */
export async function driftOf(generator: Generator, root: string = projectRoot): Promise<readonly Drift[]> {
  return compare(generator, await generator.files(root), root);
}

function compare(generator: Generator, files: Files, root: string): readonly Drift[] {
  const owned = generator.owns
    .flatMap((glob) => globSync(glob, { cwd: root }))
    .map((path) => path.split(sep).join('/'));
  const drift: Drift[] = owned.filter((path) => !Object.hasOwn(files, path)).map((path) => ({ path, is: 'stale' }));
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    if (!existsSync(full)) drift.push({ path, is: 'missing' });
    else if (!readFileSync(full).equals(Buffer.from(content))) drift.push({ path, is: 'different' });
  }
  return drift;
}

async function write(generator: Generator, root: string): Promise<readonly Drift[]> {
  const files = await generator.files(root);
  const drift = compare(generator, files, root);
  for (const { path, is } of drift) {
    const full = join(root, path);
    if (is === 'stale') rmSync(full);
    else {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, files[path] ?? '');
    }
  }
  return drift;
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !generators.some((g) => g.name === name));
  if (unknown.length > 0) {
    console.error(`No such generator: ${unknown.join(', ')}. There are: ${generators.map((g) => g.name).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  for (const generator of generators) {
    if (names.length > 0 && !names.includes(generator.name)) continue;
    if (generator.needs !== undefined && !isToolReady(generator.needs)) {
      console.error(`${generator.name}: not written, .bin/${generator.needs} is not built (npm run tools)`);
      process.exitCode = 1;
      continue;
    }
    const drift = await write(generator, projectRoot);
    for (const warning of generator.warnings?.(projectRoot) ?? []) console.warn(`warning: ${warning}`);
    for (const { path, is } of drift) console.log(`${is === 'stale' ? 'removed' : 'wrote'} ${path}`);
  }
}

if (isMain(import.meta)) await main(process.argv.slice(2));
