#!/usr/bin/env node
/**
 * Holds the layers: runs dependency-cruiser over the tree with `.dependency-cruiser.cjs`.
 *
 * A cruise that reads nothing finds nothing wrong (an unfit TypeScript makes it read 0 modules and exit with 0), so
 * the number of modules has a floor.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isMain } from './is-main.ts';

const projectRoot = join(import.meta.dirname, '..');

/** The folders that hold code. */
export const codeFolders = ['shared', 'functions', 'infra', 'cli', 'local', 'bench', 'scripts', 'test'] as const;

/** Fewer modules than this, and the cruise did not read the project. Raise it as the project grows; never lower it. */
export const moduleFloor = 300;

/** One broken rule: `from` imports `to`. Paths are relative to the cruised folder. */
export interface LayerViolation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

export interface Cruise {
  /** The project's own modules that were read, relative paths. */
  readonly modules: readonly string[];
  readonly violations: readonly LayerViolation[];
}

interface CruiserOutput {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { from: string; to: string; rule: { name: string; severity: string } }[];
  };
}

/** Cruises the code under `baseFolder` with this project's rules. Throws when the cruiser itself fails. */
export function cruise(baseFolder: string = projectRoot): Cruise {
  const cruiser = join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const folders = codeFolders.filter((folder) => existsSync(join(baseFolder, folder)));
  const run = spawnSync(
    process.execPath,
    [cruiser, '--config', join(projectRoot, '.dependency-cruiser.cjs'), '--output-type', 'json', ...folders],
    { cwd: baseFolder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  );
  let output: CruiserOutput;
  try {
    output = JSON.parse(run.stdout) as CruiserOutput;
  } catch (cause) {
    throw new Error(`dependency-cruiser gave no result (exit ${run.status}): ${run.stderr.trim()}`, { cause });
  }
  const isOwn = (source: string): boolean => codeFolders.some((folder) => source.startsWith(`${folder}/`));
  return {
    modules: output.modules.map((module) => module.source).filter(isOwn),
    violations: output.summary.violations.map(({ from, to, rule }) => ({ rule: rule.name, from, to })),
  };
}

if (isMain(import.meta)) {
  const { modules, violations } = cruise();
  for (const { rule, from, to } of violations) console.error(`${from} may not import ${to} (${rule})`);
  if (modules.length < moduleFloor) {
    console.error(
      `Only ${modules.length} modules were read, at least ${moduleFloor} are expected: the cruise is broken.`,
    );
    process.exitCode = 1;
  }
  if (violations.length > 0) process.exitCode = 1;
  console.log(`architecture: ${modules.length} modules, ${violations.length} forbidden imports`);
}
