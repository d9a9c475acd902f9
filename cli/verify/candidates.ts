/** Policies to verify: folders of this project or of any other, with their native examples mapped as `edict check` maps them. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Candidate, ExampleResource, Excuse } from '../../shared/authoring/verify.ts';
import { DEFAULT_CONTEXT } from '../../shared/mappings/context.ts';
import { AppError } from '../../shared/model/errors.ts';
import { isObject } from '../../shared/model/json.ts';
import { folderOf } from '../../shared/policy/bundle.ts';
import { LONGEST_FILE_BYTES } from '../input/documents.ts';
import { Inputs } from '../input/sets.ts';

/** The policies of this project. */
export const POLICIES: string = join(import.meta.dirname, '..', '..', 'policies');
const VERDICTS = ['compliant', 'violation', 'unknown', 'not_applicable'] as const;

/** The folders that hold a policy.yaml, at the path or below it. */
function foldersBelow(path: string): readonly string[] {
  if (existsSync(join(path, 'policy.yaml'))) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((e) => e.isDirectory() && e.name !== 'examples' && e.name !== 'node_modules' && !e.name.startsWith('.'))
    .map((e) => e.name)
    .sort()
    .flatMap((name) => foldersBelow(join(path, name)));
}

/** The folders of the policies that are meant: ids of this project, or folders. Throws `INPUT_INVALID`. */
export function policyFolders(names: readonly string[]): readonly string[] {
  const found = (names.length === 0 ? [POLICIES] : names).flatMap((name) => {
    const own = join(POLICIES, folderOf(name));
    const path = existsSync(join(own, 'policy.yaml')) ? own : name;
    if (!existsSync(path) || !statSync(path).isDirectory())
      throw new AppError(
        'INPUT_INVALID',
        `"${name}" is neither a policy nor a folder; "edict policies" lists the policies`,
      );
    const folders = foldersBelow(resolve(path));
    if (folders.length === 0) throw new AppError('INPUT_INVALID', `there is no policy.yaml in ${name} or below it`);
    return folders;
  });
  return [...new Set(found)];
}

/** The id that a folder stands for: its name below the name of its kind. */
const idOf = (folder: string): string => `${basename(dirname(folder))}.${basename(folder)}`;

/** Reads the policy of a folder. What is wrong with its examples is for a gate to say. */
export async function readCandidate(folder: string): Promise<Candidate & { readonly kind: string }> {
  const file = join(folder, 'policy.yaml');
  const yaml = readFileSync(file, 'utf8');
  const regoFile = join(folder, 'policy.rego');
  const declared: unknown = attempt(() => parse(yaml));
  const text = (key: string): string => {
    const value = isObject(declared) ? declared[key] : undefined;
    return typeof value === 'string' ? value : '';
  };
  const kind = text('kind');
  const { examples, problems } = await readExamples(folder, kind);
  return {
    // A folder elsewhere may be called anything; one of this project is called after its policy.
    id: folder.startsWith(POLICIES) ? idOf(folder) : text('id') || folder,
    kind,
    file,
    yaml,
    ...(existsSync(regoFile) ? { rego: readFileSync(regoFile, 'utf8') } : {}),
    examples,
    problems,
    excused: exceptionsOf(folder).excused,
  };
}

const attempt = (body: () => unknown): unknown => {
  try {
    return body();
  } catch {
    return undefined;
  }
};

/** `examples/exceptions.yaml`: resources that are there for another reason, and mutants that no document can kill. */
function exceptionsOf(folder: string): { readonly besides: ReadonlySet<string>; readonly excused: readonly Excuse[] } {
  const file = join(folder, 'examples', 'exceptions.yaml');
  const declared: unknown = existsSync(file) ? attempt(() => parse(readFileSync(file, 'utf8'))) : undefined;
  const rows = (key: string): readonly { readonly [k: string]: unknown }[] => {
    const value = isObject(declared) ? declared[key] : undefined;
    return Array.isArray(value) ? value.filter(isObject) : [];
  };
  return {
    besides: new Set(rows('besides').map((b) => `${String(b['file'])} ${String(b['resource'])}`)),
    excused: rows('mutants').map((m) => ({
      what: String(m['what']),
      where: String(m['where']),
      because: String(m['because']),
    })),
  };
}

/** The native examples below `examples/` of a folder, mapped; and what is wrong with them. */
export async function readExamples(
  folder: string,
  kind: string,
): Promise<{ readonly examples: readonly ExampleResource[]; readonly problems: readonly string[] }> {
  const examples: ExampleResource[] = [];
  const problems: string[] = [];
  const { besides } = exceptionsOf(folder);
  for (const verdict of VERDICTS) {
    const place = join(folder, 'examples', verdict);
    for (const name of existsSync(place) ? readdirSync(place).sort() : []) {
      const file = `${verdict}/${name}`;
      const before = examples.length;
      const inputs = new Inputs({ context: DEFAULT_CONTEXT, read: {}, maxBytes: LONGEST_FILE_BYTES });
      for await (const resources of inputs.resources([join(place, name)], () => {})) {
        for (const { id, kind: of, facts, deleted } of resources) {
          if (of.id === kind && !deleted && !besides.has(`${file} ${id}`))
            examples.push({ file, resource: id, verdict, facts });
        }
      }
      problems.push(...inputs.problems.map((p) => `${file}: ${p.reason}; ${p.action}`));
      if (examples.length === before) problems.push(`${file} has no resource of the kind ${kind}`);
    }
  }
  return { examples, problems };
}
