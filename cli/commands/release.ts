/** `edict release` and `edict rollback`: which policies and context rules a stack judges by. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { AppError } from '../../shared/model/errors.ts';
import { release as makeActive, rollback as goBack } from '../../shared/pipeline/release.ts';
import type { Activation, PolicyStore } from '../../shared/ports/policy-store.ts';
import { readConfig } from '../options.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { Output } from '../terminal.ts';

/** As commander gives them. */
export interface ReleaseOptions extends StackOptions {
  readonly bundle?: string;
  readonly config?: string;
}
export interface RollbackOptions extends StackOptions {
  readonly to?: string;
}

/** The bundle of this build. */
export const shippedBundleFolder = join(import.meta.dirname, '..', '..', 'bundle');

export const policyStore = (stack: Stack): PolicyStore =>
  makeDynamoPolicyStore({ client: stack.documents(), name: stack.output('PoliciesTable') });

export async function release(options: ReleaseOptions): Promise<number> {
  const bundle = readBundle(options.bundle ?? shippedBundleFolder);
  const context = await readConfig(options.config);
  const stack = await findStack(options);
  const policies = policyStore(stack);
  const before = await policies.active();
  const after = await makeActive({ policies, clock: Date }, { bundle, context, by: whoami() });
  say(activationText('released', before, after, stack.title));
  return 0;
}

export async function rollback(options: RollbackOptions): Promise<number> {
  const to = options.to === undefined ? undefined : Number(options.to);
  if (to !== undefined && !(Number.isInteger(to) && to > 0))
    throw new AppError('INPUT_INVALID', `--to cannot be "${options.to}"; it is the sequence of a release`);
  const stack = await findStack(options);
  const policies = policyStore(stack);
  const before = await policies.active();
  const after = await goBack(
    { policies, clock: Date },
    { by: whoami(), ...(to === undefined ? {} : { sequence: to }) },
  );
  say(activationText('rolled back', before, after, stack.title));
  return 0;
}

/** What a release or a rollback says of itself. */
export function activationText(
  done: 'released' | 'rolled back',
  before: Activation | undefined,
  after: Activation,
  stack: string,
): string {
  const what = `bundle ${short(after.bundle)} with context ${short(after.context)}`;
  return before?.sequence === after.sequence
    ? `Nothing to do: ${what} is in force in ${stack} since ${after.activatedAt} (sequence ${after.sequence}).`
    : `${stack}: ${done} to ${what} (sequence ${after.sequence}). Everything that it affects is judged again.`;
}

const short = (hash: string): string => hash.slice(0, 12);
function whoami(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a user without an entry, as in a container
  }
}

function say(text: string): void {
  const output = new Output();
  output.line(text);
  output.flush();
}
