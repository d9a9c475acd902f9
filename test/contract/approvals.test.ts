/** What ships is approved as it is, and an approval is bound to every byte that it is about. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { approvalsFileOf, makeFileApprovals, readApprovals } from '../../shared/adapters/files/approvals.ts';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { bool } from '../../shared/model/fact.ts';
import { VERSION_PARTS, type VersionPart } from '../../shared/model/approval.ts';
import { unapprovedIn } from '../../shared/pipeline/approval.ts';
import { folderOf } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { changedParts } from '../../shared/policy/version.ts';

const root = join(import.meta.dirname, '..', '..');
const policies = join(root, 'policies');
const { manifest } = readBundle(join(root, 'bundle'));

describe('the policies that ship', () => {
  it('are all approved, in the version that is in the bundle', () => {
    expect(manifest.policies.length).toBeGreaterThanOrEqual(17);
    // Changed on purpose? edict policies request policies --as <its author>; somebody else: edict policies approve policies --as <who>
    expect(unapprovedIn(manifest, readApprovals(join(policies, 'approvals.yaml')))).toEqual([]);
  });

  it('are in the bundle in the version that is in their folders', () => {
    for (const p of manifest.policies)
      expect([p.id, p.version]).toEqual([p.id, readPolicyFolder(join(policies, folderOf(p.id)), kinds).version.hash]);
  });
});

describe('a version', () => {
  const copy = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'edict-version-'));
    cpSync(join(policies, 'sql-database', 'backups-kept'), folder, { recursive: true });
    return folder;
  };
  const edit = (folder: string, name: string, change: (text: string) => string): void => {
    const path = join(folder, name);
    const before = readFileSync(path, 'utf8');
    expect(change(before)).not.toBe(before);
    writeFileSync(path, change(before));
  };
  const of = (folder: string, known = kinds) => readPolicyFolder(folder, known).version;

  it.each<[string, (folder: string) => void, readonly VersionPart[]]>([
    ['the sentence', (f) => edit(f, 'intent.md', (t) => `${t} `), ['intent']],
    ['a title', (f) => edit(f, 'policy.yaml', (t) => t.replace('title: ', 'title: All ')), ['clauses', 'rego']],
    [
      'a parameter',
      (f) => edit(f, 'policy.yaml', (t) => t.replace(/default: \d+/, 'default: 3')),
      ['clauses', 'rego', 'parameters'],
    ],
    ['a comment', (f) => edit(f, 'policy.yaml', (t) => `${t}# more\n`), ['clauses']],
    [
      'an example',
      (f) => writeFileSync(join(f, 'examples', 'violation', 'aws.cfn-new.yaml'), 'Resources: {}'),
      ['examples'],
    ],
    [
      'where an example is',
      (f) => cpSync(join(f, 'examples', 'violation'), join(f, 'examples', 'compliant'), { recursive: true }),
      ['examples'],
    ],
  ])('is another with %s', (_what, change, parts) => {
    const folder = copy();
    const before = of(folder);
    change(folder);
    // The Rego beside it is generated again, as by whoever changes clauses.
    const yaml = readFileSync(join(folder, 'policy.yaml'), 'utf8');
    writeFileSync(join(folder, 'policy.rego'), compilePolicy({ file: 'policy.yaml', yaml }, kinds).rego);
    const after = of(folder);
    expect(after.hash).not.toBe(before.hash);
    expect(changedParts(before.parts, after.parts)).toEqual(VERSION_PARTS.filter((part) => parts.includes(part)));
  });

  it('is another, and only tested, with Rego of its own; that is bound to its whole kind', () => {
    const folder = copy();
    const before = of(folder);
    edit(folder, 'policy.rego', (t) => `${t}\n# edited`);
    const after = of(folder);
    expect(after.evidence).toBe('tested');
    expect(changedParts(before.parts, after.parts)).toEqual(['rego', 'catalogue']);
    expect(of(folder, withFact('not_read')).hash).not.toBe(after.hash);
  });

  const withFact = (name: string) =>
    kinds.map((k) => (k.id === 'sql_database' ? { ...k, facts: { ...k.facts, [name]: bool('Something else.') } } : k));

  it('is another with the meaning of a fact that it speaks of, and the same with a fact that it does not', () => {
    const folder = copy();
    const before = of(folder);
    expect(of(folder, withFact('not_read'))).toEqual(before);
    const [read] = readPolicyFolder(folder, kinds).compiled.bundled.reads;
    const reworded = kinds.map((k) => {
      const fact = k.facts[read ?? ''];
      return fact === undefined ? k : { ...k, facts: { ...k.facts, [read ?? '']: { ...fact, says: 'Anything.' } } };
    });
    expect(changedParts(before.parts, of(folder, reworded).parts)).toEqual(['catalogue']);
  });

  it('has every part', () => {
    expect(Object.keys(of(copy()).parts).sort()).toEqual([...VERSION_PARTS].sort());
  });
});

describe('the file of approvals', () => {
  it.each([
    ['/a/policies/object-store/versioned', '/a/policies/approvals.yaml'],
    // Not called after its policy: what lies above is none of its business.
    ['/a/drafts/my-versioning', '/a/drafts/approvals.yaml'],
    ['/versioned', '/approvals.yaml'],
    ['/a/sql-database/versioned', '/a/sql-database/approvals.yaml'],
  ])('of the policy in %s is %s', (folder, file) => {
    expect(approvalsFileOf(folder, 'object-store.versioned')).toBe(file);
  });

  it('is told as a person finds it: from here, or in full where it is not below', () => {
    expect(makeFileApprovals(join(process.cwd(), 'policies', 'approvals.yaml')).title).toBe('policies/approvals.yaml');
    expect(makeFileApprovals('/elsewhere/mine/approvals.yaml').title).toBe('/elsewhere/mine/approvals.yaml');
  });

  const file = (edit: (text: string) => string): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'edict-approvals-')), 'approvals.yaml');
    writeFileSync(path, edit(readFileSync(join(policies, 'approvals.yaml'), 'utf8')));
    return path;
  };
  it.each<[string, (text: string) => string, RegExp]>([
    ['a hash that is not that of its parts', (t) => t.replace(/examples: ./, 'examples: f'), /not that of its parts/],
    ['a part that is missing', (t) => t.replace(/ +catalogue: .*\n/, ''), /catalogue/],
    ['a word that it does not know', (t) => t.replace('is: approved', 'is: fine'), /is/],
    ['something else', () => '- a list', /cannot be read/],
    ['no YAML', () => ': : [', /cannot be read/],
  ])('with %s is refused, and says where', async (_what, edit, message) => {
    const path = file(edit);
    await expect(makeFileApprovals(path).list()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
