/** The chain of a finding of a policy that ships, over the WASM that ships: whole, and with each link tampered with. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readApprovals } from '../../shared/adapters/files/approvals.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import { buildWasm } from '../../shared/adapters/opa/build.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { loadEngine } from '../../shared/adapters/opa/engine.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { isAppError } from '../../shared/model/errors.ts';
import { findingId } from '../../shared/model/finding.ts';
import type { ResourceHead, Transition } from '../../shared/model/resource.ts';
import {
  type ChainInput,
  checkChain,
  type FolderPolicy,
  type Link,
  LINKS,
  type LinkName,
} from '../../shared/pipeline/chain.ts';
import { applyTransition } from '../../shared/pipeline/publish.ts';
import { type BundledPolicy, bundleHash, bundleModules, folderOf, sha256 } from '../../shared/policy/bundle.ts';
import type { Activation } from '../../shared/ports/policy-store.ts';
import { describeWith } from '../support/requirements.ts';

const root = join(import.meta.dirname, '..', '..');
const policy = 'object-store.versioned';
const bundle = readBundle(join(root, 'bundle'));
const bundled = bundle.manifest.policies.find((p) => p.id === policy);
if (bundled === undefined) throw new Error(`${policy} does not ship`);

const resource: ResourceHead = {
  id: 'arn:aws:s3:::reports',
  mapping: 'aws/s3-bucket',
  cloud: 'aws',
  kind: 'object_store',
  nativeType: 'AWS::S3::Bucket',
};
const activation: Activation = {
  sequence: 7,
  bundle: bundleHash(bundle.manifest),
  bundleSequence: 7,
  context: 'c'.repeat(64),
  contextSequence: 1,
  activatedAt: '2026-11-25T11:00:00.000Z',
  by: 'ann',
};
const last: Transition = {
  is: 'transition',
  revision: 3,
  n: 0,
  policy,
  title: bundled.title,
  severity: bundled.severity,
  from: null,
  to: 'violation',
  cause: { is: 'change', changeId: 'c', source: 'aws.config' },
  trueAt: '2026-11-25T12:00:00.000Z',
  knownAt: '2026-11-25T12:00:02.000Z',
  clauses: bundled.clauses.map(({ id, says }) => ({ id, says, verdict: 'fails' })),
  facts: bundled.reads.map((fact) => ({ fact, after: { state: 'known', value: false, at: '/versioning' } })),
  activation: 7,
};
const finding = applyTransition(undefined, findingId(policy, resource.id), resource, last);
const approvals = readApprovals(join(root, 'policies', 'approvals.yaml')).filter((a) => a.version.policy === policy);

const foldersOf =
  (below: string) =>
  (id: string): FolderPolicy | string => {
    try {
      return readPolicyFolder(join(below, folderOf(id)), kinds);
    } catch (error) {
      if (isAppError(error)) return error.message;
      throw error;
    }
  };
const whole: ChainInput = {
  finding,
  history: [last],
  activations: [activation],
  bundle,
  approvals,
  folder: foldersOf(join(root, 'policies')),
  build: 'the tool chain is missing',
  load: loadEngine,
};
const statesOf = (links: readonly Link[]) => Object.fromEntries(links.map((l) => [l.name, l.state]));
const brokenIn = (input: ChainInput): readonly string[] =>
  checkChain(input).flatMap((l) => (l.state === 'broken' ? [l.name] : []));
/** The policies with one file of this policy edited. */
const edited = (name: string, change: (text: string) => string, of = policy): ChainInput['folder'] => {
  const below = mkdtempSync(join(tmpdir(), 'edict-chain-'));
  cpSync(join(root, 'policies'), below, { recursive: true });
  const path = join(below, folderOf(of), name);
  const before = readFileSync(path, 'utf8');
  expect(change(before)).not.toBe(before);
  writeFileSync(path, change(before));
  return foldersOf(below);
};
const [approval] = approvals;
if (approval === undefined) throw new Error(`${policy} is not approved`);
const wasm = bundle.wasm.map((byte, i) => (i === bundle.wasm.length - 1 ? byte ^ 1 : byte));

describe('the chain of a finding', () => {
  it('is whole, link by link, and does not claim what was not made again', () => {
    const links = checkChain(whole);
    expect(links.map((l) => l.name)).toEqual([...LINKS]);
    expect(statesOf(links)).toEqual({
      ...Object.fromEntries(LINKS.map((name) => [name, 'verified'])),
      wasm: 'unverified',
    });
    const is = Object.fromEntries(links.map((l) => [l.name, l.is]));
    expect(is).toEqual({
      intent: sha256(readFileSync(join(root, 'policies', folderOf(policy), 'intent.md'))),
      clauses: sha256(readFileSync(join(root, 'policies', folderOf(policy), 'policy.yaml'))),
      rego: sha256(readFileSync(join(root, 'policies', folderOf(policy), 'policy.rego'))),
      version: bundled.version,
      approvals: 'approved',
      wasm: sha256(bundle.wasm),
      bundle: activation.bundle,
      activation: '7',
      finding: finding.id,
      verdict: 'violation',
    });
  });

  it.each<[string, Partial<ChainInput> | (() => Partial<ChainInput>), readonly LinkName[]]>([
    [
      'another sentence',
      () => ({ folder: edited('intent.md', (t) => `${t}Except on Sundays.\n`) }),
      ['intent', 'version'],
    ],
    [
      'other clauses',
      () => ({ folder: edited('policy.yaml', (t) => t.replace('is: true', 'is: false')) }),
      ['clauses', 'rego', 'version'],
    ],
    ['other Rego beside it', () => ({ folder: edited('policy.rego', (t) => `${t}\n# more\n`) }), ['rego', 'version']],
    [
      'other clauses in the bundle, under an activation of their own',
      () =>
        withManifest((p) => ({
          ...p,
          clauses: p.clauses.map((c) => ({ ...c, that: { op: 'all' as const, of: [] } })),
        })),
      ['clauses'],
    ],
    ['other Rego in the bundle', () => withManifest((p) => ({ ...p, regoSha256: 'e'.repeat(64) })), ['rego']],
    [
      'another version in the bundle',
      () => withManifest((p) => ({ ...p, version: 'e'.repeat(64) })),
      ['version', 'approvals'],
    ],
    ['evidence that it has not', () => withManifest((p) => ({ ...p, evidence: 'tested' as const })), ['rego']],
    [
      'an approval of other parts',
      {
        approvals: [
          {
            ...approval,
            version: { ...approval.version, parts: { ...approval.version.parts, examples: 'e'.repeat(64) } },
          },
        ],
      },
      ['version'],
    ],
    ['no approval', { approvals: [] }, ['approvals']],
    [
      'an approval by its author',
      { approvals: [{ ...approval, author: { ...approval.author, who: 'edict MAINTAINERS' } }] },
      ['approvals'],
    ],
    [
      'an approval that was taken back',
      {
        approvals: [
          approval,
          {
            ...approval,
            decisions: [...approval.decisions, { is: 'rejected', by: approval.author, at: approval.requestedAt }],
          },
        ],
      },
      ['approvals'],
    ],
    ['another module', { bundle: { ...bundle, wasm } }, ['wasm']],
    [
      'a bundle that the store refuses',
      { bundle: 'the module is not the one that its manifest names' },
      ['wasm', 'bundle'],
    ],
    [
      'another bundle than that of the activation',
      { activations: [{ ...activation, bundle: 'e'.repeat(64) }] },
      ['bundle'],
    ],
    ['no such activation', { activations: [{ ...activation, sequence: 8 }] }, ['activation']],
    ['an activation in which it was in shadow', { activations: [{ ...activation, shadow: [policy] }] }, ['activation']],
    ['another resource', { finding: { ...finding, resource: { ...resource, id: 'arn:aws:s3:::other' } } }, ['finding']],
    ['a row that says less than happened', { finding: { ...finding, verdict: 'compliant' } }, ['finding']],
    ['a history without it', { history: [] }, ['finding']],
    ['other facts', () => withFacts(true), ['verdict']],
  ])('breaks with %s', (_what, more, links) => {
    expect(brokenIn({ ...whole, ...(typeof more === 'function' ? more() : more) })).toEqual(links);
  });

  it('says what it cannot verify where the policy is not there, and calls nothing broken', () => {
    const states = statesOf(checkChain({ ...whole, folder: () => 'there is no such folder' }));
    expect(states).toMatchObject({
      intent: 'unverified',
      clauses: 'unverified',
      rego: 'unverified',
      version: 'unverified',
      wasm: 'unverified',
      approvals: 'verified',
      bundle: 'verified',
      verdict: 'verified',
    });
    const { activation: _none, ...old } = last;
    expect(statesOf(checkChain({ ...whole, finding: { ...finding, last: old }, history: [old] }))).toMatchObject({
      activation: 'unverified',
      bundle: 'unverified',
      finding: 'verified',
    });
  });

  const withManifest = (change: (p: BundledPolicy) => BundledPolicy): Partial<ChainInput> => {
    const policies = bundle.manifest.policies.map((p) => (p.id === policy ? change(p) : p));
    const other = { ...bundle, manifest: { ...bundle.manifest, policies } };
    // Whoever forges a bundle can activate it too.
    return {
      bundle: other,
      activations: [{ ...activation, bundle: bundleHash(other.manifest) }],
      load: () => loadEngine(bundle),
    };
  };
  const withFacts = (value: boolean): Partial<ChainInput> => {
    const facts = last.facts.map((f) => ({ ...f, after: { state: 'known' as const, value, at: '/versioning' } }));
    const told = { ...last, facts };
    return { finding: { ...finding, last: told }, history: [told] };
  };
});

describeWith(['opa'], 'the chain of a finding, with the tool chain', () => {
  const build: ChainInput['build'] = (policies) => buildWasm(join(root, '.bin', 'opa'), bundleModules(policies));

  it('builds the module again, byte for byte', () => {
    const links = checkChain({ ...whole, build });
    expect(new Set(links.map((l) => l.state))).toEqual(new Set(['verified']));
  });

  it('breaks at a module that its Rego does not give, though the manifest names it', () => {
    const manifest = { ...bundle.manifest, wasm: { ...bundle.manifest.wasm, sha256: sha256(wasm) } };
    const forged = { bundle: { manifest, wasm }, activations: [{ ...activation, bundle: bundleHash(manifest) }] };
    expect(brokenIn({ ...whole, ...forged, build, load: () => loadEngine(bundle) })).toEqual(['wasm']);
  });

  it('does not build from another version of another policy, and says which', () => {
    const other = 'firewall.no-admin-ports-from-internet';
    const folder = edited('policy.rego', (t) => `${t}\n# more\n`, other);
    const wasmLink = checkChain({ ...whole, build, folder }).find((l) => l.name === 'wasm');
    expect(wasmLink).toMatchObject({ state: 'unverified', says: expect.stringContaining(other) });
  });
});
