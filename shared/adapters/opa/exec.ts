/** Decisions of `opa exec` on many inputs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../../model/errors.ts';

/** Runs `opa` in a folder. */
export type RunOpa = (args: readonly string[], folder: string) => { readonly stdout: string; readonly said: string };

interface Executed {
  readonly path: string;
  readonly result?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
}

/** Rego that does not come to an end is ended by `opa` itself, also where whoever started it is gone. */
const LONGEST = '50s';

/**
 * What a decision (`package/rule`) is on each input, in their order; undefined where it is undefined. `bundle` is the
 * folder of the Rego, below `folder`. Throws `POLICY_EVALUATION_FAILED`: an error is never an answer.
 */
export function execOpa(
  run: RunOpa,
  folder: string,
  {
    decision,
    bundle,
    flags = [],
  }: { readonly decision: string; readonly bundle: string; readonly flags?: readonly string[] },
  inputs: readonly unknown[],
): readonly unknown[] {
  const name = (i: number): string => `${String(i).padStart(6, '0')}.json`;
  mkdirSync(join(folder, 'inputs'), { recursive: true });
  for (const [i, input] of inputs.entries()) writeFileSync(join(folder, 'inputs', name(i)), JSON.stringify(input));
  const args = ['exec', '--timeout', LONGEST, '--decision', decision, '--bundle', bundle, ...flags, 'inputs'];
  const { stdout, said } = run(args, folder);
  const failed = (why: string): never => {
    throw new AppError('POLICY_EVALUATION_FAILED', `opa exec failed: ${why.slice(0, 500)}`);
  };
  if (stdout === '') failed(said);
  const { result } = JSON.parse(stdout) as { readonly result: readonly Executed[] };
  const byName = new Map(result.map((r) => [basename(r.path), r]));
  return inputs.map((_, i) => {
    const { result: value, error } = byName.get(name(i)) ?? failed('an input has no answer');
    if (error !== undefined && error.code !== 'opa_undefined_error') failed(`${error.code}: ${error.message}`);
    return value;
  });
}
