import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { AppError } from '../../shared/model/errors.ts';
import { type CompiledPolicy, compilePolicy, folderOf } from '../../shared/policy/bundle.ts';
import { VALUES_REGO } from '../../shared/policy/to-rego.ts';
import type { Generator } from '../gen.ts';

/** Every policy of the project, compiled from its policy.yaml, sorted by id. */
export function projectPolicies(root: string): readonly CompiledPolicy[] {
  const compiled = globSync('policies/*/*/policy.yaml', { cwd: root }).map((path) => {
    const file = path.split(sep).join('/');
    const policy = compilePolicy({ file, yaml: readFileSync(join(root, path), 'utf8') });
    const expected = `policies/${folderOf(policy.policy.id)}/policy.yaml`;
    if (file !== expected) throw new AppError('INPUT_INVALID', `${file}: ${policy.policy.id} belongs in ${expected}`);
    return policy;
  });
  return compiled.sort((a, b) => (a.policy.id < b.policy.id ? -1 : 1));
}

/** The Rego beside each policy.yaml, and what policies share. */
export const policies: Generator = {
  name: 'policies',
  owns: ['policies/**/*.rego'],
  files: (root) => ({
    'policies/values.rego': VALUES_REGO,
    ...Object.fromEntries(
      projectPolicies(root).map(({ policy, rego }) => [`policies/${folderOf(policy.id)}/policy.rego`, rego]),
    ),
  }),
};
