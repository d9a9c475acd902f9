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

/** How a command names the policy of a folder: by its id where it is one of this project, else by the folder. */
export const calledIn = (folder: string, policy: string): string =>
  resolve(folder) === join(POLICIES, folderOf(policy)) ? policy : folder;

/** A folder to verify, or why what was named is none. */
export type Named = { readonly folder: string } | { readonly name: string; readonly why: string };

/** As `policyFolders`, and never throws: what cannot be verified has its reason, and the others are verified. */
export function foldersNamed(names: readonly string[]): readonly Named[] {
  const seen = new Set<string>();
  return (names.length === 0 ? [POLICIES] : names).flatMap((name): readonly Named[] => {
    const own = join(POLICIES, folderOf(name));
    const path = resolve(existsSync(join(own, 'policy.yaml')) ? own : name);
    try {
      if (!statSync(path).isDirectory()) return [{ name, why: `${name} is not a folder` }];
      const found = namedBelow(path);
      if (found.length === 0) return [{ name, why: `there is no policy.yaml in ${name} or below it` }];
      return found.filter((f) => {
        const key = 'folder' in f ? f.folder : f.name;
        return !seen.has(key) && seen.add(key);
      });
    } catch (error) {
      const because =
        error instanceof Error && 'code' in error && error.code === 'ENOENT'
          ? 'neither a policy nor a folder'
          : 'not readable';
      return [{ name, why: `${JSON.stringify(name)} is ${because}: ${String(error)}` }];
    }
  });
}

/** What only a policy has: a folder with one of these is a policy, if a broken one. */
const OF_A_POLICY = ['policy.rego', 'intent.md'];

function namedBelow(path: string): readonly Named[] {
  const entries = readdirSync(path, { withFileTypes: true });
  const has = (name: string): boolean => entries.some((e) => e.name === name);
  if (has('policy.yaml')) return [{ folder: path }];
  if (OF_A_POLICY.some(has)) return [{ name: path, why: 'there is no policy.yaml in it' }];
  return entries
    .filter((e) => e.isDirectory() && e.name !== 'examples' && e.name !== 'node_modules' && !e.name.startsWith('.'))
    .map((e) => join(path, e.name))
    .toSorted()
    .flatMap((below): readonly Named[] => {
      try {
        return namedBelow(below);
      } catch (error) {
        return [{ name: below, why: `it cannot be read: ${String(error)}` }];
      }
    });
}

/** The most that a file of a policy may be: people read it. */
const LONGEST_TEXT_BYTES = 1_000_000;

/** The text of a policy's file. Throws `INPUT_INVALID` where it is not a file that people could read. */
function textOf(file: string): string {
  const stat = statSync(file);
  if (!stat.isFile()) throw new AppError('INPUT_INVALID', `${basename(file)} is not a file`);
  if (stat.size > LONGEST_TEXT_BYTES)
    throw new AppError(
      'INPUT_INVALID',
      `${basename(file)} has ${stat.size} bytes; at most ${LONGEST_TEXT_BYTES} are read`,
    );
  return readFileSync(file, 'utf8');
}

/** The id that a folder stands for: its name below the name of its kind. */
const idOf = (folder: string): string => `${basename(dirname(folder))}.${basename(folder)}`;

/** Reads the policy of a folder. What is wrong with its examples is for a gate to say. */
export async function readCandidate(folder: string): Promise<Candidate & { readonly kind: string }> {
  const file = join(folder, 'policy.yaml');
  const yaml = textOf(file);
  const regoFile = join(folder, 'policy.rego');
  const intentFile = join(folder, 'intent.md');
  const declared: unknown = attempt(() => parse(yaml));
  const text = (key: string): string => {
    const value = isObject(declared) ? declared[key] : undefined;
    return typeof value === 'string' ? value : '';
  };
  const kind = text('kind');
  const { examples, problems } = await readExamples(folder, kind);
  const { excused, impossible } = exceptionsOf(folder);
  return {
    // A folder elsewhere may be called anything; one of this project is called after its policy.
    id: folder.startsWith(POLICIES) ? idOf(folder) : text('id') || folder,
    kind,
    file,
    yaml,
    ...(existsSync(intentFile) ? { intent: textOf(intentFile) } : {}),
    ...(existsSync(regoFile) ? { rego: textOf(regoFile) } : {}),
    examples,
    problems,
    excused,
    impossible,
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
function exceptionsOf(folder: string): {
  readonly besides: ReadonlySet<string>;
  readonly excused: readonly Excuse[];
  readonly impossible: readonly (typeof VERDICTS)[number][];
} {
  const file = join(folder, 'examples', 'exceptions.yaml');
  const declared: unknown = existsSync(file) ? attempt(() => parse(readFileSync(file, 'utf8'))) : undefined;
  const rows = (key: string): readonly { readonly [k: string]: unknown }[] => {
    const value = isObject(declared) ? declared[key] : undefined;
    return Array.isArray(value) ? value.filter(isObject) : [];
  };
  const missing = rows('missing').filter((m) => typeof m['because'] === 'string' && m['because'].trim() !== '');
  return {
    impossible: VERDICTS.filter((verdict) =>
      missing.some((m) => m['verdict'] === undefined || m['verdict'] === verdict),
    ),
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
