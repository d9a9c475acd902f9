/** Reads Rego that others wrote, v0 and v1, with the `opa` of the project's tool chain: its syntax tree, and its decisions. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { AppError } from '../../model/errors.ts';
import type { RegoTree } from '../../authoring/lift.ts';
import { execOpa } from './exec.ts';
import { inFolder } from './in-folder.ts';

export interface ReadRego {
  readonly version: 'v0' | 'v1';
  readonly tree: RegoTree;
}

const LONGEST_RUN_MS = 60_000;
const MOST_OUTPUT_BYTES = 2 ** 28;

function run(opa: string, args: readonly string[], cwd: string) {
  if (!existsSync(opa))
    throw new AppError('CONFIG_INVALID', 'opa is missing: "npm run tools" builds it into .bin/ (it needs Go)');
  const { status, stdout, stderr } = spawnSync(opa, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT_BYTES,
    timeout: LONGEST_RUN_MS,
  });
  return { status, stdout: stdout ?? '', said: (stderr || stdout || '').trim() };
}

/** Parses Rego: as v1 if it is, else as v0. Throws `INPUT_INVALID` with what the parser says of v1. */
export function readRego(opa: string, text: string): ReadRego {
  return inFolder({ 'imported.rego': text }, (folder) => {
    const parse = (...flags: readonly string[]) =>
      run(opa, ['parse', 'imported.rego', '--format', 'json', '--json-include', 'locations', ...flags], folder);
    const [v1, v0] = [parse(), parse('--v0-compatible')];
    const [version, parsed] = v1.status === 0 ? (['v1', v1] as const) : (['v0', v0] as const);
    if (parsed.status !== 0) throw new AppError('INPUT_INVALID', `it is no Rego: ${v1.said.slice(0, 500)}`);
    return { version, tree: JSON.parse(parsed.stdout) as RegoTree };
  });
}

/** The text as Rego v1, formatted. Throws `INPUT_INVALID`. */
export function asV1(opa: string, text: string, { version }: Pick<ReadRego, 'version'>): string {
  return inFolder({ 'imported.rego': text }, (folder) => {
    const { status, stdout, said } = run(
      opa,
      ['fmt', ...(version === 'v0' ? ['--v0-v1'] : []), 'imported.rego'],
      folder,
    );
    if (status !== 0) throw new AppError('INPUT_INVALID', `it cannot be written as Rego v1: ${said.slice(0, 500)}`);
    return stdout;
  });
}

/** What a decision (`package/rule`) of the Rego is on each input, in their order; undefined where it is undefined. */
export function decideRego(
  opa: string,
  text: string,
  { version }: Pick<ReadRego, 'version'>,
  decision: string,
  inputs: readonly unknown[],
): readonly unknown[] {
  return inFolder({ 'policy/imported.rego': text }, (folder) =>
    execOpa(
      (args, cwd) => run(opa, args, cwd),
      folder,
      { decision, bundle: 'policy', flags: version === 'v0' ? ['--v0-compatible'] : [] },
      inputs,
    ),
  );
}
