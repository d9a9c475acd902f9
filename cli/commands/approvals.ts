/** `edict policies request | approve | reject | approvals`: who said yes to which version of a policy. */
import { relative } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { makeDynamoApprovals } from '../../shared/adapters/dynamodb/approvals.ts';
import { makeDynamoPolicyStore } from '../../shared/adapters/dynamodb/policy-store.ts';
import { approvalsFileOf, makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { readAuthoring } from '../../shared/adapters/files/authoring-file.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { type Approval, approvalState, type Identity, type PolicyVersion } from '../../shared/model/approval.ts';
import { AppError, isAppError } from '../../shared/model/errors.ts';
import { approve, reject, requestApproval, shortHash } from '../../shared/pipeline/approval.ts';
import type { BundledPolicy } from '../../shared/policy/bundle.ts';
import { changedParts } from '../../shared/policy/version.ts';
import type { ApprovalStore } from '../../shared/ports/approvals.ts';
import type { Viewed } from '../author/approval-view.ts';
import { readManifest } from '../bundle.ts';
import { findStack, type Stack, type StackOptions } from '../stack/stack.ts';
import { Output, plain, style } from '../terminal.ts';
import { calledIn, policyFolders } from '../verify/candidates.ts';

/** As commander gives them. */
export interface ApprovalOptions extends StackOptions {
  readonly as?: string;
  readonly hash?: string;
  readonly because?: string;
}
export interface ApprovalsOptions extends StackOptions {
  readonly format: 'table' | 'json';
}

/** The approvals that a stack keeps, in its policies table. */
export const approvalsOf = (stack: Stack): ApprovalStore =>
  makeDynamoApprovals({ client: stack.documents(), name: stack.output('PoliciesTable') }, stack.title);

/** Who acts on a deployment in an account: whom AWS says, and nobody else. On this machine: who says so. */
export async function identityOn(stack: Stack | undefined, as: string | undefined): Promise<Identity> {
  if (stack === undefined || stack.local !== undefined) {
    if (as === undefined) throw new AppError('INPUT_INVALID', 'who are you? --as <name or address>');
    return { who: as.trim(), established: 'declared' };
  }
  if (as !== undefined)
    throw new AppError('INPUT_INVALID', `${stack.title} knows who you are by your AWS credentials: leave --as away`);
  const { Arn } = await new STSClient(stack.aws).send(new GetCallerIdentityCommand({}));
  if (Arn === undefined) throw new AppError('UPSTREAM_UNAVAILABLE', 'AWS did not say who you are');
  return { who: Arn, established: 'sts' };
}

/** Asks for the approval of what passes every gate: nobody's time is asked for anything else. */
export async function requestPolicies(names: readonly string[], options: ApprovalOptions): Promise<number> {
  const verify = (await import('./verify.ts')).makeVerify();
  return onEach(names, options, 'asked for', async (deps, version, by, folder) => {
    const asked = await deps.approvals.read(version.policy, version.hash);
    const { accepted, gates } = asked === undefined ? await verify(folder) : { accepted: true, gates: [] };
    if (!accepted)
      throw new AppError(
        'AUTHORING_REJECTED',
        `${version.policy} does not pass ${gates.flatMap((g) => (g.passed ? [] : [g.name])).join(', ')}: edict policies verify ${folder}`,
      );
    return requestApproval(deps, version, by, readAuthoring(folder, version));
  });
}

export interface ApproveOptions extends ApprovalOptions {
  readonly format: 'table' | 'json';
  readonly yes?: true;
}

/** Shows what is approved, asks a person on a terminal whether they do, and approves it. 1 if they do not. */
export async function approvePolicies(names: readonly string[], options: ApproveOptions): Promise<number> {
  const { viewJson, viewLines } = await import('../author/approval-view.ts');
  const views = await viewed(names, options);
  const output = new Output();
  const isJson = options.format === 'json';
  if (isJson) output.line(JSON.stringify({ version: 1, policies: views.map(viewJson) }, undefined, 2));
  else for (const view of views) for (const line of [...viewLines(view), '']) output.line(line);
  output.flush();
  const isAsked = !isJson && options.yes !== true && process.stdin.isTTY && process.stdout.isTTY;
  if (isAsked && views.some((v) => v.record !== undefined) && !(await isConfirmed(views))) return 1;
  checkAsShown(views);
  const together = views.map((v) => v.version.hash);
  // What was decided is for people; the JSON is whole without it.
  return onEach(
    names,
    options,
    'approved',
    (deps, ...of) => approve(deps, { ...deciding(options, ...of), together }),
    isJson ? process.stderr : process.stdout,
  );
}

/** What is changed while somebody reads is not what they have read: then nothing is approved. Throws `AUTHORING_REJECTED`. */
function checkAsShown(views: readonly Viewed[]): void {
  for (const { folder, version } of views) {
    const { version: now } = readPolicyFolder(folder, kinds);
    if (now.hash === version.hash) continue;
    throw new AppError(
      'AUTHORING_REJECTED',
      `${version.policy} is not version ${shortHash(version.hash)} any more, which was shown, but ${shortHash(now.hash)}; changed: ${changedParts(version.parts, now.parts).join(', ')}. Nothing was approved: look at what is there now`,
    );
  }
}

async function isConfirmed(versions: readonly unknown[]): Promise<boolean> {
  const { confirm, isCancel } = await import('@clack/prompts');
  const what = versions.length === 1 ? 'it' : `these ${versions.length} policies`;
  const said = await confirm({ message: `Approve ${what} as shown above?`, initialValue: false });
  if (said === true && !isCancel(said)) return true;
  const output = new Output();
  output.line('Nothing was approved.');
  output.flush();
  return false;
}

/** The policies that are named, as those who approve look at them. What cannot be read, deciding says. */
async function viewed(names: readonly string[], options: StackOptions): Promise<readonly Viewed[]> {
  const stack = await namedStack(options);
  const { where, policies } = stack === undefined ? shipped() : await inForceOn(stack);
  const views: Viewed[] = [];
  for (const folder of policyFolders(names)) {
    try {
      const { compiled, version, sources } = readPolicyFolder(folder, kinds);
      const record = await approvalsFor(stack, folder, version).read(version.policy, version.hash);
      const policy = policies.find((p) => p.id === version.policy);
      views.push({ folder: shownFolder(folder), compiled, version, sources, record, inForce: { where, policy } });
    } catch (error) {
      if (!isAppError(error) || error.retryable) throw error;
    }
  }
  return views;
}

const shownFolder = (folder: string): string => {
  const from = relative(process.cwd(), folder);
  return from.startsWith('..') ? folder : from || '.';
};

interface InForce {
  readonly where: string;
  readonly policies: readonly BundledPolicy[];
}
const shipped = (): InForce => ({ where: 'the bundle of this project', policies: readManifest().policies });
async function inForceOn(stack: Stack): Promise<InForce> {
  const store = makeDynamoPolicyStore({ client: stack.documents(), name: stack.output('PoliciesTable') });
  const active = await store.active();
  const bundle = active === undefined ? undefined : await store.bundle(active.bundle);
  return { where: stack.title, policies: bundle?.manifest.policies ?? [] };
}

export async function rejectPolicies(names: readonly string[], options: ApprovalOptions): Promise<number> {
  return onEach(names, options, 'rejected', (deps, ...of) => reject(deps, deciding(options, ...of)));
}

const deciding = ({ hash, because }: ApprovalOptions, current: PolicyVersion, by: Identity, folder: string) => ({
  current,
  called: calledIn(folder, current.policy),
  by,
  ...(hash === undefined ? {} : { hash }),
  ...(because === undefined ? {} : { because }),
});

/** A stack only where one is named: the file beside the policies is the place otherwise. */
const namedStack = async (options: StackOptions): Promise<Stack | undefined> =>
  options.stage === undefined && options.region === undefined ? undefined : findStack(options);

const approvalsFor = (stack: Stack | undefined, folder: string, { policy }: PolicyVersion): ApprovalStore =>
  stack === undefined ? makeFileApprovals(approvalsFileOf(folder, policy)) : approvalsOf(stack);

/** Does it for each policy; one that cannot be does not keep the others. */
async function onEach(
  names: readonly string[],
  options: ApprovalOptions,
  done: string,
  act: (
    deps: { readonly approvals: ApprovalStore; readonly clock: typeof Date },
    version: PolicyVersion,
    by: Identity,
    folder: string,
  ) => Promise<Approval>,
  stream: NodeJS.WriteStream = process.stdout,
): Promise<number> {
  const folders = policyFolders(names);
  if (options.hash !== undefined && folders.length > 1)
    throw new AppError('INPUT_INVALID', '--hash is the version of one policy: name that one');
  const stack = await namedStack(options);
  const by = await identityOn(stack, options.as);
  const refused: string[] = [];
  for (const folder of folders) {
    try {
      const { version } = readPolicyFolder(folder, kinds);
      const approvals = approvalsFor(stack, folder, version);
      const approval = await act({ approvals, clock: Date }, version, by, folder);
      stream.write(
        `${version.policy}  version ${shortHash(version.hash)}, ${version.evidence}: ${done} by ${by.who}; ${stateText(approval)} in ${approvals.title}\n`,
      );
    } catch (error) {
      if (!isAppError(error) || error.retryable) throw error;
      refused.push(error.message);
    }
  }
  const [first, ...more] = refused;
  if (first !== undefined) throw new AppError('AUTHORING_REJECTED', first, { details: { lines: more } });
  return 0;
}

const stateText = (approval: Approval): string => {
  const state = approvalState(approval);
  return state === 'requested' ? 'waits for approval' : state;
};

/** What became of the versions that are in the folders now, and everything that was ever asked. */
export async function listApprovals(names: readonly string[], options: ApprovalsOptions): Promise<number> {
  const stack = await namedStack(options);
  const output = new Output();
  const records: Approval[] = [];
  const rows: (Standing & { readonly version: PolicyVersion; readonly kept: string })[] = [];
  for (const folder of policyFolders(names)) {
    const { version } = readPolicyFolder(folder, kinds);
    const approvals = approvalsFor(stack, folder, version);
    const all = await approvals.list(version.policy);
    records.push(...all);
    rows.push({ version, kept: approvals.title, ...standing(version, all) });
  }
  if (options.format === 'json') {
    const policies = rows.map(({ version, state, kept }) => ({
      policy: version.policy,
      version: version.hash,
      state,
      kept,
    }));
    const approvals = records.map((a) => ({ state: approvalState(a), ...a }));
    output.line(JSON.stringify({ version: 1, policies, approvals }, undefined, 2));
  } else {
    const paint = style(process.stdout);
    const widest = Math.max(...rows.map((r) => r.version.policy.length));
    for (const { version, state, said } of rows)
      output.line(
        `${version.policy.padEnd(widest)}  ${shortHash(version.hash)}  ${paint(state === 'approved' ? 'green' : 'yellow', state.padEnd(9))}  ${plain(said)}`.trimEnd(),
      );
  }
  output.flush();
  return 0;
}

interface Standing {
  readonly state: string;
  readonly said: string;
}

function standing(version: PolicyVersion, all: readonly Approval[]): Standing {
  const record = all.find((a) => a.version.hash === version.hash);
  const last = all.at(-1);
  if (record !== undefined) {
    const said = record.decisions.map(
      (d) => `${d.is} by ${d.by.who} (${d.by.established}) ${d.at}${d.judged === undefined ? '' : ', unseen'}`,
    );
    const open = record.authored?.checks.filter((c) => !c.passed).map((c) => c.name) ?? [];
    const checks = open.length === 0 ? [] : [`checks left open: ${open.join(', ')}`];
    return { state: approvalState(record), said: [`asked for by ${record.author.who}`, ...checks, ...said].join(', ') };
  }
  return last === undefined
    ? { state: 'new', said: 'its approval was never asked for' }
    : {
        state: 'changed',
        said: `since version ${shortHash(last.version.hash)} (${approvalState(last)}): ${changedParts(last.version.parts, version.parts).join(', ')}`,
      };
}
