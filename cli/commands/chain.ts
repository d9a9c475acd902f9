/** `edict finding <id> --chain`: from the sentence to the finding, every link made again. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeFileApprovals } from '../../shared/adapters/files/approvals.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import { buildWasm } from '../../shared/adapters/opa/build.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { isAppError } from '../../shared/model/errors.ts';
import type { Finding } from '../../shared/model/finding.ts';
import { activationOf, checkChain, type FolderPolicy, type Link } from '../../shared/pipeline/chain.ts';
import { type Bundle, bundleModules, folderOf } from '../../shared/policy/bundle.ts';
import { Output, plain, style } from '../terminal.ts';
import { findStack } from '../stack/stack.ts';
import { POLICIES } from '../verify/candidates.ts';
import { approvalsOf } from './approvals.ts';
import { type FindingOptions, findByPrefix } from './finding.ts';
import { findingQueries } from './findings.ts';
import { policyStore } from './release.ts';

/** As commander gives them. */
export interface ChainOptions extends FindingOptions {
  readonly policies?: string;
}

const OPA = join(import.meta.dirname, '..', '..', '.bin', 'opa');
/** As many activations as are looked through: the finding's last transition is rarely older. */
const ACTIVATIONS = 1000;

/** Prints each link. 1 if one is broken. */
export async function chain(id: string, options: ChainOptions): Promise<number> {
  const stack = await findStack(options);
  const queries = findingQueries(stack);
  const store = policyStore(stack);
  const root = options.policies ?? POLICIES;
  const finding = await findByPrefix(queries, id.toLowerCase());
  const activations = await store.activations(ACTIVATIONS);
  const hash = activationOf({ finding, activations })?.bundle;
  const links = checkChain({
    finding,
    history: await queries.history(finding.id),
    activations,
    bundle: hash === undefined ? 'no activation names a bundle' : await bundleOr(() => store.bundle(hash)),
    approvals: [
      ...(await approvalsOf(stack).list(finding.policy)),
      ...(await makeFileApprovals(join(root, 'approvals.yaml')).list(finding.policy)),
    ],
    folder: foldersBelow(root),
    build: existsSync(OPA)
      ? (policies) => buildWasm(OPA, bundleModules(policies))
      : 'the tool chain is missing (npm run tools)',
    load: loadEngine,
  });
  show(finding, links, options.format);
  return links.some((l) => l.state === 'broken') ? 1 : 0;
}

/** The bundle; where the store has it not, or not as its hash says, why. */
async function bundleOr(read: () => Promise<Bundle | undefined>): Promise<Bundle | string> {
  try {
    return (await read()) ?? 'the bundle is not in the store';
  } catch (error) {
    if (isAppError(error, 'POLICY_LOAD_FAILED')) return error.message;
    throw error;
  }
}

/** Each policy's folder below the root, read once. */
function foldersBelow(root: string): (policy: string) => FolderPolicy | string {
  const known = new Map<string, FolderPolicy | string>();
  const read = (policy: string): FolderPolicy | string => {
    try {
      return readPolicyFolder(join(root, folderOf(policy)), kinds);
    } catch (error) {
      if (isAppError(error)) return error.message;
      throw error;
    }
  };
  return (policy) => {
    const found = known.get(policy) ?? read(policy);
    known.set(policy, found);
    return found;
  };
}

const MARKS = { verified: ['green', '✓'], unverified: ['yellow', '?'], broken: ['red', '✗'] } as const;

function show(finding: Finding, links: readonly Link[], format: FindingOptions['format']): void {
  const output = new Output();
  const intact = links.every((l) => l.state !== 'broken');
  if (format === 'json') {
    output.line(JSON.stringify({ version: 1, finding: finding.id, policy: finding.policy, intact, links }, null, 2));
  } else {
    const paint = style(process.stdout);
    const indent = ' '.repeat(14);
    for (const { name, state, is, says } of links) {
      const [colour, mark] = MARKS[state];
      output.line(`${paint(colour, mark)} ${name.padEnd(12)}${plain(is ?? '-')}`);
      output.line(`${indent}${paint('dim', `${state === 'unverified' ? 'not verified: ' : ''}${plain(says, 1000)}`)}`);
    }
    const broken = links.filter((l) => l.state === 'broken').map((l) => l.name);
    const open = links.filter((l) => l.state === 'unverified').map((l) => l.name);
    output.line();
    output.line(
      broken.length > 0
        ? paint('red', `broken: ${broken.join(', ')}. (A checkout of another version breaks it too.)`)
        : `${finding.policy} → ${finding.id}: intact${open.length > 0 ? `; not verified here: ${open.join(', ')}` : ''}`,
    );
  }
  output.flush();
}
