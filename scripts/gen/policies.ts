import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { describeNeedless, needlesslyUnknown } from '../../shared/authoring/compare.ts';
import { kindById } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import { type CompiledPolicy, folderOf } from '../../shared/policy/bundle.ts';
import { parsePolicy } from '../../shared/policy/clauses.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { VALUES_REGO } from '../../shared/policy/to-rego.ts';
import { toConftest, toRegoTest, VERDICT_REGO } from '../../shared/policy/to-rego-test.ts';
import type { Generator } from '../gen.ts';

/** The Rego of a policy whose clauses only that says: nobody else can write it. */
function authoredRego(root: string, path: string, yaml: string): { readonly rego?: string } {
  const file = join(root, path, '..', 'policy.rego');
  const { require } = parsePolicy(yaml, { file: path });
  return require.some((c) => 'rego' in c.that) && existsSync(file) ? { rego: readFileSync(file, 'utf8') } : {};
}

/** Every policy of the project, compiled from its policy.yaml, sorted by id. */
export function projectPolicies(root: string): readonly CompiledPolicy[] {
  const compiled = globSync('policies/*/*/policy.yaml', { cwd: root }).map((path) => {
    const file = path.split(sep).join('/');
    const yaml = readFileSync(join(root, path), 'utf8');
    const policy = compilePolicy({ file, yaml, ...authoredRego(root, path, yaml) });
    const expected = `policies/${folderOf(policy.policy.id)}/policy.yaml`;
    if (file !== expected) throw new AppError('INPUT_INVALID', `${file}: ${policy.policy.id} belongs in ${expected}`);
    return policy;
  });
  return compiled.sort((a, b) => (a.policy.id < b.policy.id ? -1 : 1));
}

/** The Rego beside each policy.yaml with its tests, what policies share, and the conftest shims. */
export const policies: Generator = {
  name: 'policies',
  owns: ['policies/**/*.rego'],
  files: (root) => {
    const compiled = projectPolicies(root);
    const files: { [path: string]: string } = {
      'policies/values.rego': VALUES_REGO,
      'policies/verdict.rego': VERDICT_REGO,
    };
    for (const { policy, core, rego } of compiled) {
      const folder = `policies/${folderOf(policy.id)}`;
      const kind = kindById(policy.kind);
      if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${policy.kind}`);
      files[`${folder}/policy.rego`] = rego;
      files[`${folder}/policy_test.rego`] = toRegoTest(policy, core, kind);
    }
    for (const kind of new Set(compiled.map((p) => p.policy.kind))) {
      const ofKind = compiled.filter((p) => p.policy.kind === kind).map((p) => p.policy);
      files[`policies/conftest/${kind}.rego`] = toConftest(kind, ofKind);
    }
    return files;
  },
  warnings: (root) =>
    projectPolicies(root).flatMap(({ core }) => {
      const needless = needlesslyUnknown(core);
      return needless !== undefined && 'always' in needless ? [`${core.id}: ${describeNeedless(needless)}`] : [];
    }),
};
