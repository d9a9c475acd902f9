/** A policy's folder: intent.md, policy.yaml, policy.rego and native examples, and the version that they make. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { PolicyVersion } from '../../model/approval.ts';
import { AppError } from '../../model/errors.ts';
import type { Kind } from '../../model/kind.ts';
import type { CompiledPolicy } from '../../policy/bundle.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { type PolicySources, versionOf } from '../../policy/version.ts';

/** What is in the folder, as it is. Without an intent it is no policy that a person could approve. Throws `INPUT_INVALID`. */
export function readPolicySources(folder: string): PolicySources & { readonly rego?: string } {
  const text = (name: string): string => {
    const path = join(folder, name);
    if (!existsSync(path)) throw new AppError('INPUT_INVALID', `there is no ${path}`);
    return readFileSync(path, 'utf8');
  };
  const examples = join(folder, 'examples');
  const files = existsSync(examples) ? readdirSync(examples, { recursive: true, withFileTypes: true }) : [];
  const rego = join(folder, 'policy.rego');
  return {
    intent: text('intent.md'),
    yaml: text('policy.yaml'),
    ...(existsSync(rego) ? { rego: readFileSync(rego, 'utf8') } : {}),
    examples: Object.fromEntries(
      files
        .filter((f) => f.isFile())
        .map((f) => {
          const path = join(f.parentPath, f.name);
          return [
            path
              .slice(examples.length + 1)
              .split(sep)
              .join('/'),
            new Uint8Array(readFileSync(path)),
          ];
        }),
    ),
  };
}

/** The policy of a folder, compiled with the Rego that lies there, and its version. Throws `INPUT_INVALID`. */
export function readPolicyFolder(
  folder: string,
  kinds: readonly Kind[],
): { readonly compiled: CompiledPolicy; readonly version: PolicyVersion; readonly sources: PolicySources } {
  const { rego, ...sources } = readPolicySources(folder);
  const compiled = compilePolicy(
    { file: join(folder, 'policy.yaml'), yaml: String(sources.yaml), ...(rego === undefined ? {} : { rego }) },
    kinds,
  );
  return { compiled, version: versionOfFolder(compiled, kinds, sources), sources };
}

/** The version of a compiled policy with what lies in its folder. */
export function versionOfFolder(
  compiled: CompiledPolicy,
  kinds: readonly Kind[],
  sources: PolicySources,
): PolicyVersion {
  const kind = kinds.find((k) => k.id === compiled.policy.kind);
  if (kind === undefined) throw new AppError('INVARIANT_BROKEN', `no kind ${compiled.policy.kind}`);
  return versionOf(compiled, kind, sources);
}
