/** `edict policies complete`: writes the native examples that a policy lacks. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { completeExamples, type CompleteOptions, type Completion } from '../../shared/authoring/complete.ts';
import { type Excuse, EXAMPLES_NOW, regoSurvivorsOf, SEED } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { isObject } from '../../shared/model/json.ts';
import type { Kind } from '../../shared/model/kind.ts';
import type { CompiledPolicy } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { regoClausesOf } from '../../shared/policy/core.ts';
import { count, Output, style } from '../terminal.ts';
import { projectTools } from './verify.ts';
import { policyFolders, readCandidate } from '../verify/candidates.ts';

export interface CompleteCommandOptions {
  readonly format: 'table' | 'json';
  /** Mutants that no document can be made for are noted in `examples/exceptions.yaml`. */
  readonly excuse?: boolean;
  readonly dryRun?: boolean;
}

const NO_DOCUMENT = 'No native document that Edict can write tells it from the policy (docs/renderers.md).';

/** Writes what is missing into the folders of the policies. 1 if a mutant is left that nothing kills and nothing excuses. */
export async function completePolicies(names: readonly string[], options: CompleteCommandOptions): Promise<number> {
  const output = new Output();
  const results: (Completion & { readonly policy: string })[] = [];
  for (const folder of policyFolders(names)) {
    const candidate = await readCandidate(folder);
    const compiled = compilePolicy(candidate, kinds);
    const kind = kinds.find((k) => k.id === compiled.policy.kind);
    if (kind === undefined) continue;
    const made = completeExamples(compiled, candidate.examples, {
      kind,
      now: EXAMPLES_NOW,
      ...(regoClausesOf(compiled.core).length === 0 ? {} : ruledBy(compiled, kind)),
    });
    const survivors = made.survivors.filter(
      (s) => !candidate.excused.some((e) => e.what === s.what && e.where === s.where),
    );
    if (options.dryRun !== true) {
      for (const { path, text } of made.files) write(join(folder, path), text);
      if (options.excuse === true && survivors.length > 0)
        excuse(join(folder, 'examples', 'exceptions.yaml'), survivors);
    }
    results.push({ policy: compiled.policy.id, ...made, survivors: options.excuse === true ? [] : survivors });
  }
  if (options.format === 'json') {
    const rows = results.map(({ files, ...rest }) => ({ ...rest, files: files.map((f) => f.path) }));
    output.line(JSON.stringify(rows, undefined, 2));
  } else for (const result of results) show(output, result);
  output.flush();
  return results.every((r) => r.survivors.length === 0) ? 0 : 1;
}

/** What completes a policy with clauses that only its Rego says. */
function ruledBy(compiled: CompiledPolicy, kind: Kind): Pick<CompleteOptions, 'evaluate' | 'ruled'> {
  const tools = projectTools();
  const options = { tools, now: EXAMPLES_NOW, seed: SEED };
  return {
    evaluate: tools.compile(compiled).evaluate,
    ruled: (examples) => regoSurvivorsOf(compiled, kind, examples, options).survivors,
  };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function excuse(file: string, survivors: Completion['survivors']): void {
  const declared: unknown = existsSync(file) ? parse(readFileSync(file, 'utf8')) : {};
  const known = isObject(declared) ? declared : {};
  const before = Array.isArray(known['mutants']) ? (known['mutants'] as readonly unknown[]) : [];
  const added = survivors.map(({ what, where }): Excuse => ({ what, where, because: NO_DOCUMENT }));
  write(file, stringify({ ...known, mutants: [...before, ...added] }, { lineWidth: 120 }));
}

function show(output: Output, { policy, files, gaps, survivors }: Completion & { readonly policy: string }): void {
  const paint = style(process.stdout);
  output.line(`${paint('bold', policy)}  ${count(files.length, 'example')} written`);
  for (const { path } of files) output.line(`  ${path}`);
  for (const { dialect, verdict } of gaps)
    output.line(paint('dim', `  ${dialect}: no ${verdict} example can be written`));
  for (const { what, where, on } of survivors)
    output.line(`  no document tells "${what}" in ${where} from the policy: ${JSON.stringify(on)} (--excuse notes it)`);
}
