/**
 * The chain from a sentence to a finding, link by link: intent, clauses, Rego, version, approvals, WASM, bundle,
 * activation, finding, verdict. Each link is checked by making its bytes again from the link before; what cannot be made
 * again here is said to be so, and is not called verified. Pure: whatever has to be read or run is given.
 */
import { type Approval, approvalState, type PolicyVersion, VERSION_PARTS } from '../model/approval.ts';
import { type Finding, findingId } from '../model/finding.ts';
import { canonicalJson } from '../model/json.ts';
import type { Transition } from '../model/resource.ts';
import { type Bundle, type BundledPolicy, bundleHash, type CompiledPolicy, coreOf, sha256 } from '../policy/bundle.ts';
import { changedParts, hashOf } from '../policy/version.ts';
import type { Engine } from '../ports/engine.ts';
import type { Activation } from '../ports/policy-store.ts';
import { SHOWN_ITEMS } from './transitions.ts';

export const LINKS = [
  'intent',
  'clauses',
  'rego',
  'version',
  'approvals',
  'wasm',
  'bundle',
  'activation',
  'finding',
  'verdict',
] as const;
export type LinkName = (typeof LINKS)[number];

export interface Link {
  readonly name: LinkName;
  /** `unverified`: nothing speaks against it, but it could not be made again here, and `says` why. */
  readonly state: 'verified' | 'unverified' | 'broken';
  /** What identifies it: a hash, or a sequence. Null where there is nothing. */
  readonly is: string | null;
  readonly says: string;
}

/** A policy's folder, read and compiled here. */
export interface FolderPolicy {
  readonly compiled: CompiledPolicy;
  readonly version: PolicyVersion;
}

/** Everything that the chain of one finding is checked against. A text in place of a thing says why it is not there. */
export interface ChainInput {
  readonly finding: Finding;
  readonly history: readonly Transition[];
  readonly activations: readonly Activation[];
  /** The bundle of the activation, as the store gives it. */
  readonly bundle: Bundle | string;
  /** Records of the finding's policy, from wherever they are kept. */
  readonly approvals: readonly Approval[];
  /** The folder of a policy. */
  readonly folder: (policy: string) => FolderPolicy | string;
  /** Makes the module of compiled policies. A text where the tool chain is missing. */
  readonly build: ((policies: readonly CompiledPolicy[]) => Uint8Array) | string;
  /** Loads a bundle to judge by. */
  readonly load: (bundle: Bundle) => Engine;
}

/** The activation that judged the finding's last transition. */
export const activationOf = ({ finding, activations }: Pick<ChainInput, 'finding' | 'activations'>) =>
  activations.find((a) => a.sequence === finding.last.activation);

/** Checks the chain of a finding. Every link is there, in the order of `LINKS`. */
export function checkChain(input: ChainInput): readonly Link[] {
  const { finding, bundle } = input;
  const folder = input.folder(finding.policy);
  const bundled =
    typeof bundle === 'string' ? undefined : bundle.manifest.policies.find((p) => p.id === finding.policy);
  const records = input.approvals.filter((a) => a.version.hash === bundled?.version);
  const record =
    records.find((a) => approvalState(a) === 'rejected') ??
    records.find((a) => approvalState(a) === 'approved') ??
    records[0];
  return [
    partLink('intent', folder, record),
    clausesLink(folder, record, bundled),
    regoLink(folder, record, bundled),
    versionLink(folder, record, bundled),
    approvalsLink(record, bundled),
    wasmLink(input),
    bundleLink(input),
    activationLink(input),
    findingLink(input),
    verdictLink(input),
  ];
}

const link = (name: LinkName, state: Link['state'], is: string | null | undefined, says: string): Link => ({
  name,
  state,
  is: is ?? null,
  says,
});
const NO_BUNDLE = 'there is no bundle to compare it with';

/** A part of the version that lies in the folder as a file. */
function partLink(name: 'intent' | 'clauses', folder: FolderPolicy | string, record: Approval | undefined): Link {
  if (typeof folder === 'string') return link(name, 'unverified', record?.version.parts[name], folder);
  const is = folder.version.parts[name];
  if (record === undefined) return link(name, 'unverified', is, 'no approval says which one it was');
  const file = name === 'intent' ? 'intent.md' : 'policy.yaml';
  return is === record.version.parts[name]
    ? link(name, 'verified', is, `${file} is the one that was approved`)
    : link(name, 'broken', is, `${file} here is not the one that was approved (${record.version.parts[name]})`);
}

function clausesLink(
  folder: FolderPolicy | string,
  record: Approval | undefined,
  bundled: BundledPolicy | undefined,
): Link {
  const file = partLink('clauses', folder, record);
  if (typeof folder === 'string' || file.state === 'broken' || bundled === undefined) return file;
  const meant = ({ id, kind, scope, clauses }: ReturnType<typeof coreOf>): string =>
    canonicalJson({ id, kind, scope, clauses: clauses.map(({ id: clause, that }) => ({ clause, that })) });
  if (meant(folder.compiled.core) !== meant(coreOf(bundled)))
    return link('clauses', 'broken', file.is, 'the bundle judges by other clauses than those of policy.yaml');
  return { ...file, says: `${file.says}; its clauses are those of the bundle` };
}

function regoLink(
  folder: FolderPolicy | string,
  record: Approval | undefined,
  bundled: BundledPolicy | undefined,
): Link {
  if (bundled === undefined) return link('rego', 'unverified', null, NO_BUNDLE);
  const is = bundled.regoSha256;
  if (record !== undefined && record.version.parts.rego !== is)
    return link('rego', 'broken', is, `other Rego was approved (${record.version.parts.rego})`);
  if (typeof folder === 'string') return link('rego', 'unverified', is, folder);
  const { rego, bundled: here } = folder.compiled;
  if (sha256(rego) !== is) return link('rego', 'broken', is, `policy.rego here is another (${sha256(rego)})`);
  if (here.evidence !== bundled.evidence)
    return link('rego', 'broken', is, `the bundle says ${bundled.evidence}, and it is ${here.evidence}`);
  return here.evidence === 'proved'
    ? link('rego', 'verified', is, 'written again from the clauses, byte for byte')
    : link('rego', 'verified', is, 'policy.rego is that of the bundle; it was not written from the clauses');
}

function versionLink(
  folder: FolderPolicy | string,
  record: Approval | undefined,
  bundled: BundledPolicy | undefined,
): Link {
  const is = bundled?.version;
  if (is === undefined) return link('version', bundled === undefined ? 'unverified' : 'broken', null, NO_BUNDLE);
  if (record !== undefined && (hashOf(record.version) !== is || record.version.policy !== bundled?.id))
    return link('version', 'broken', is, 'what was approved under this hash has another');
  if (typeof folder === 'string') return link('version', 'unverified', is, folder);
  if (folder.version.hash !== is) {
    const changed = record === undefined ? [] : changedParts(record.version.parts, folder.version.parts);
    const what = changed.length === 0 ? '' : `, by ${changed.join(', ')}`;
    return link('version', 'broken', is, `the folder here is version ${folder.version.hash}${what}`);
  }
  return link('version', 'verified', is, `hashed again from ${VERSION_PARTS.join(', ')}`);
}

function approvalsLink(record: Approval | undefined, bundled: BundledPolicy | undefined): Link {
  if (bundled === undefined) return link('approvals', 'unverified', null, NO_BUNDLE);
  if (record === undefined) return link('approvals', 'broken', null, 'nobody approved this version');
  const { author, requestedAt, decisions } = record;
  const said = [
    `asked for by ${author.who} (${author.established}) ${requestedAt}`,
    ...decisions.map(
      (d) => `${d.is} by ${d.by.who} (${d.by.established}) ${d.at}${d.judged === undefined ? '' : ', unseen'}`,
    ),
  ].join(', ');
  const state = approvalState(record);
  return link('approvals', state === 'approved' ? 'verified' : 'broken', state, said);
}

function wasmLink({ bundle, folder, build }: ChainInput): Link {
  if (typeof bundle === 'string') return link('wasm', 'broken', null, bundle);
  const { manifest, wasm } = bundle;
  const is = sha256(wasm);
  if (is !== manifest.wasm.sha256)
    return link('wasm', 'broken', is, `the manifest names another module (${manifest.wasm.sha256})`);
  if (typeof build === 'string') return link('wasm', 'unverified', is, `not built again: ${build}`);
  const policies: CompiledPolicy[] = [];
  for (const bundled of manifest.policies) {
    const here = folder(bundled.id);
    if (typeof here === 'string') return link('wasm', 'unverified', is, `not built again: ${bundled.id}: ${here}`);
    if (sha256(here.compiled.rego) !== bundled.regoSha256)
      return link('wasm', 'unverified', is, `not built again: ${bundled.id} has other Rego here`);
    policies.push(here.compiled);
  }
  const built = sha256(build(policies));
  return built === is
    ? link('wasm', 'verified', is, `built again from the Rego of ${policies.length} policies, byte for byte`)
    : link('wasm', 'broken', is, `the Rego of its policies gives another module (${built})`);
}

function bundleLink({ bundle, finding, activations }: ChainInput): Link {
  const activation = activationOf({ finding, activations });
  if (typeof bundle === 'string') return link('bundle', 'broken', activation?.bundle, bundle);
  const is = bundleHash(bundle.manifest);
  if (activation === undefined) return link('bundle', 'unverified', is, 'no activation says which one it was');
  if (is !== activation.bundle)
    return link('bundle', 'broken', is, `its manifest is not the one that was activated (${activation.bundle})`);
  if (!bundle.manifest.policies.some((p) => p.id === finding.policy) && finding.last.to !== null)
    return link('bundle', 'broken', is, `it has no policy ${finding.policy}`);
  return link('bundle', 'verified', is, 'the hash of the manifest, which names module and policies');
}

function activationLink({ finding, activations }: ChainInput): Link {
  const sequence = finding.last.activation;
  if (sequence === undefined)
    return link('activation', 'unverified', null, 'the transition does not say which activation judged');
  const activation = activationOf({ finding, activations });
  if (activation === undefined) return link('activation', 'broken', `${sequence}`, 'there was no such activation');
  const { activatedAt, by, shadow } = activation;
  const inShadow = shadow?.includes(finding.policy) === true;
  if (finding.last.to !== null && inShadow !== (finding.last.shadow === true))
    return link('activation', 'broken', `${sequence}`, `its policy was ${inShadow ? '' : 'not '}in shadow then`);
  const who = by === undefined ? '' : ` by ${by}`;
  return link('activation', 'verified', `${sequence}`, `${activatedAt}${who}${inShadow ? ', in shadow' : ''}`);
}

function findingLink({ finding, history }: ChainInput): Link {
  const { id, policy, resource, last, verdict } = finding;
  if (id !== findingId(policy, resource.id))
    return link('finding', 'broken', id, 'the id is not that of its policy and resource');
  const kept = history.find((t) => t.revision === last.revision && t.n === last.n);
  if (kept === undefined) return link('finding', 'broken', id, 'its last transition is not in its history');
  if (canonicalJson(kept) !== canonicalJson(last) || verdict !== last.to)
    return link('finding', 'broken', id, 'the row says something else than its last transition');
  const to = last.to ?? 'nothing judged any more';
  return link('finding', 'verified', id, `transition ${last.revision}-${last.n}: ${last.from ?? 'new'} → ${to}`);
}

function verdictLink({ finding, bundle, load }: ChainInput): Link {
  const { last, policy, resource } = finding;
  const is = last.to;
  if (is === null) return link('verdict', 'verified', is, `it ended: ${(last.resolution ?? '').replaceAll('_', ' ')}`);
  if (typeof bundle === 'string') return link('verdict', 'unverified', is, NO_BUNDLE);
  if (is === 'error') return link('verdict', 'unverified', is, 'an error is not made again');
  const cut = last.facts.some(
    ({ after: a }) => a.state !== 'unknown' && Array.isArray(a.value) && a.value.length >= SHOWN_ITEMS,
  );
  let again: string | undefined;
  try {
    const facts = Object.fromEntries(last.facts.map(({ fact, after }) => [fact, after]));
    const now = Math.floor(Date.parse(last.knownAt) / 1000);
    again = load(bundle)
      .judge(resource.kind ?? '', facts, now)
      .find((v) => v.policy === policy)?.verdict;
  } catch {
    return link('verdict', 'unverified', is, 'the module cannot be loaded here');
  }
  if (again === is) return link('verdict', 'verified', is, 'judged again by that module from the facts of the finding');
  return cut
    ? link('verdict', 'unverified', is, `not judged again: the finding keeps ${SHOWN_ITEMS} items of a list`)
    : link('verdict', 'broken', is, `from the facts of the finding that module says ${again ?? 'nothing'}`);
}
