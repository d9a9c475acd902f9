/** What two versions of a policy have otherwise, as lines of text. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicyFolder } from '../../shared/adapters/files/policy-folder.ts';
import type { Previous } from '../../shared/authoring/author.ts';
import type { FieldChange } from '../../shared/authoring/carry.ts';
import type { AuthoredPolicy } from '../../shared/authoring/intent.ts';
import { sectionsOf } from '../../shared/authoring/write.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { count, plain } from '../terminal.ts';
import { policyFolders } from '../verify/candidates.ts';

/** Where the policy lies that is changed. */
const folderNamed = (name: string): string => policyFolders([name])[0] ?? name;

/** The policy that is changed, and what its intent.md says below the sentence. */
export function previousOf(name: string): Previous {
  const folder = folderNamed(name);
  const { policy } = readPolicyFolder(folder, kinds).compiled;
  return { policy, why: sectionsOf(readFileSync(join(folder, 'intent.md'), 'utf8')) };
}

/** Fields that are different, old and new. */
export const fieldLines = (changes: readonly FieldChange[]): readonly string[] =>
  changes.length === 0
    ? ['Nothing.']
    : changes.map(({ field, from, to }) => `${plain(field, 80)}: ${valueText(from)} → ${valueText(to)}`);
const valueText = (text: string | null): string => (text === null ? '(none)' : plain(text, 500));

/** The documents of the version before are not those of the new one: that many go, that many come. */
export function exampleChange(name: string, policies: readonly Pick<AuthoredPolicy, 'files'>[]): string {
  const examples = join(folderNamed(name), 'examples');
  const before = existsSync(examples) ? readdirSync(examples, { recursive: true, withFileTypes: true }) : [];
  const now = policies.flatMap((p) => Object.keys(p.files)).filter((path) => path.startsWith('examples/'));
  return `examples: ${count(before.filter((e) => e.isFile()).length, 'file')} of the version before → ${count(now.length, 'file')}, written anew for this one`;
}
