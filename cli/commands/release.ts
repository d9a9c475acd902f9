/** `edict release` and `edict rollback`: which policies and context rules a stack judges by. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { putNotifyConfig } from '../../shared/adapters/dynamodb/notify-config.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { instant } from '../../shared/model/change.ts';
import { AppError } from '../../shared/model/errors.ts';
import { makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { releaseApproved } from '../../shared/pipeline/approval.ts';
import { judgesOtherwise, rollback as goBack } from '../../shared/pipeline/release.ts';
import type { Activation, PolicyStore } from '../../shared/ports/policy-store.ts';
import { readConfig, readNotify } from '../options.ts';
import { POLICIES } from '../verify/candidates.ts';
import { approvalsOf } from './approvals.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { count, Output } from '../terminal.ts';

/** As commander gives them. */
export interface ReleaseOptions extends StackOptions {
  readonly bundle?: string;
  readonly config?: string;
  readonly approvals?: string;
  readonly shadow?: readonly string[];
  readonly activate?: readonly string[];
}
export interface RollbackOptions extends StackOptions {
  readonly to?: string;
}

/** The bundle of this build. */
export const shippedBundleFolder = join(import.meta.dirname, '..', '..', 'bundle');

export const policyStore = (stack: Stack): PolicyStore =>
  makeDynamoPolicyStore({ client: stack.documents(), name: stack.output('PoliciesTable') });

/** Who approved what this build ships. */
export const shippedApprovals = join(POLICIES, 'approvals.yaml');

export async function release(options: ReleaseOptions): Promise<number> {
  const { activate, shadow } = options;
  // Whoever makes a policy active that is in shadow means the one that is there.
  const asItIs = activate !== undefined && options.bundle === undefined;
  const bundle = asItIs ? undefined : readBundle(options.bundle ?? shippedBundleFolder);
  const context = asItIs && options.config === undefined ? undefined : await readConfig(options.config);
  const notify = asItIs && options.config === undefined ? undefined : await readNotify(options.config);
  const stack = await findStack(options);
  const policies = policyStore(stack);
  const before = await policies.active();
  const after = await releaseApproved(
    {
      policies,
      clock: Date,
      approvals: approvalsOf(stack),
      brought: makeFileApprovals(options.approvals ?? shippedApprovals),
    },
    {
      ...(bundle === undefined ? {} : { bundle }),
      ...(context === undefined ? {} : { context }),
      ...(shadow === undefined ? {} : { shadow }),
      ...(activate === undefined ? {} : { unshadow: activate }),
      by: whoami(),
      after: before?.sequence ?? 0,
    },
  );
  say(activationText('released', before, after, stack.title));
  if (notify !== undefined) {
    const table = { client: stack.documents(), name: stack.output('PoliciesTable') };
    await putNotifyConfig(table, notify, { at: instant(Date.now()), who: whoami() });
    say(`Who hears of what: ${count(notify.routes.length, 'rule')}, in force from the next message on.`);
  }
  return 0;
}

export async function rollback(options: RollbackOptions): Promise<number> {
  const to = options.to === undefined ? undefined : Number(options.to);
  if (to !== undefined && !(Number.isInteger(to) && to > 0))
    throw new AppError('INPUT_INVALID', `--to cannot be "${options.to}"; it is the sequence of a release`);
  const stack = await findStack(options);
  const policies = policyStore(stack);
  const before = await policies.active();
  if (before === undefined)
    throw new AppError('INPUT_INVALID', `Nothing was ever released to ${stack.title}: "edict release"`);
  await checkTarget(policies, before, to);
  const after = await goBack(
    { policies, clock: Date },
    { by: whoami(), after: before.sequence, ...(to === undefined ? {} : { sequence: to }) },
  );
  say(activationText('rolled back', before, after, stack.title));
  return 0;
}

/** Refuses what cannot be gone back to, and says what can. */
async function checkTarget(policies: PolicyStore, active: Activation, to: number | undefined): Promise<void> {
  const history = await policies.activations(SHOWN_HISTORY);
  const known = history
    .map((a) => `${a.sequence} (${a.activatedAt.slice(0, 16)}Z, bundle ${short(a.bundle)})`)
    .join(', ');
  if (to !== undefined && !history.some((a) => a.sequence === to) && history.length < SHOWN_HISTORY)
    throw new AppError('INPUT_INVALID', `There was no release ${to}. There were: ${known}`);
  if (to === undefined && !history.some((a) => judgesOtherwise(a, active)) && history.length < SHOWN_HISTORY)
    throw new AppError(
      'INPUT_INVALID',
      `No other policies were ever released. Releases that differ in their context rules: ${known}; name one with --to`,
    );
}
const SHOWN_HISTORY = 20;

/** What a release or a rollback says of itself. */
export function activationText(
  done: 'released' | 'rolled back',
  before: Activation | undefined,
  after: Activation,
  stack: string,
): string {
  const hidden = after.shadow === undefined ? '' : `, in shadow ${after.shadow.join(', ')}`;
  const what = `bundle ${short(after.bundle)} with context ${short(after.context)}${hidden}`;
  return before?.sequence === after.sequence
    ? `Nothing to do: ${what} is in force in ${stack} since ${after.activatedAt} (sequence ${after.sequence}).`
    : `${stack.charAt(0).toUpperCase()}${stack.slice(1)}: ${done} to ${what} (sequence ${after.sequence}). Everything that it affects is judged again.`;
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
