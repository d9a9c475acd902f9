/** The tool chain on this machine: `opa` and `regal`, run on a folder that holds nothing but the policy. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../model/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { aloneEntrypoint, type CompiledPolicy, folderOf, policyEntrypoint } from '../../policy/bundle.ts';
import type { Evaluate } from '../../policy/proof.ts';
import { schemaOf } from '../../policy/schema.ts';
import { packageOf, VALUES_REGO } from '../../policy/to-rego.ts';
import type { Objection, PolicyTools } from '../../ports/policy-tools.ts';
import { buildBundle, buildWasm } from './build.ts';
import { loadEngine } from './engine.ts';
import { execOpa } from './exec.ts';
import { inFolder } from './in-folder.ts';
import { loadModule, type WasmModule } from './module.ts';

export interface ToolPaths {
  readonly opa: string;
  readonly regal: string;
  /** The configuration of regal. */
  readonly regalConfig: string;
}

/**
 * What a policy may call: functions that the WASM has itself and that give there what they give in OPA, on whatever they
 * are given. Not among them: sprintf, time, networks, globs, and whatever reaches outside.
 */
const ALLOWED = new Set(
  (
    'abs and array.concat array.reverse array.slice assign bits.and bits.or ceil concat contains count div endswith eq equal ' +
    'floor format_int gt gte indexof internal.member_2 internal.member_3 intersection is_array is_boolean is_null is_number ' +
    'is_object is_set is_string lower lt lte max min minus mul neq object.get object.keys or plus product regex.match rem ' +
    'round sort split startswith substring sum trim trim_left trim_prefix trim_right trim_space trim_suffix type_name ' +
    'union upper'
  ).split(' '),
);
const MOST_OUTPUT_BYTES = 2 ** 28;
const LONGEST_RUN_MS = 60_000;

/** The tools at these paths, for policies of these kinds. */
export function makePolicyTools(paths: ToolPaths, kinds: readonly Kind[]): PolicyTools {
  const run = (tool: 'opa' | 'regal', args: readonly string[], cwd: string) => {
    const path = paths[tool];
    if (!existsSync(path))
      throw new AppError('CONFIG_INVALID', `${tool} is missing: "npm run tools" builds it into .bin/ (it needs Go)`);
    const { status, stdout, stderr, error } = spawnSync(path, args, {
      cwd,
      encoding: 'utf8',
      maxBuffer: MOST_OUTPUT_BYTES,
      timeout: LONGEST_RUN_MS,
    });
    if (error !== undefined) throw new AppError('CONFIG_INVALID', `${tool} cannot be run: ${error.message}`);
    return { status, stdout, said: `${stderr}${stdout}`.trim() };
  };
  const objection = (r: { readonly status: number | null; readonly said: string }): Objection =>
    r.status === 0 ? undefined : r.said.slice(0, 2000) || 'it failed without a word';
  const filesOf = ({ policy, rego }: CompiledPolicy): { readonly [path: string]: string } => ({
    [`policies/${folderOf(policy.id)}/policy.rego`]: rego,
    'policies/values.rego': VALUES_REGO,
  });
  let capabilities: string | undefined;

  return {
    format: (policy) =>
      inFolder(filesOf(policy), (folder) => {
        const { stdout, ...rest } = run('opa', ['fmt', '--diff', '--fail', 'policies'], folder);
        return objection({ ...rest, said: rest.said || stdout });
      }),
    check: (policy) => {
      const kind = kinds.find((k) => k.id === policy.policy.kind);
      if (kind === undefined) return `no kind ${policy.policy.kind}`;
      // Before the package: the annotation then holds for all of it.
      const [head = ''] = policy.rego.split(/^package /m);
      if (!head.includes(`- input: schema.${kind.id}\n`))
        return `the package has no annotation "schemas: - input: schema.${kind.id}", so its facts would not be checked`;
      const files = { ...filesOf(policy), [`schema/${kind.id}.json`]: JSON.stringify(schemaOf(kind)) };
      return inFolder(files, (folder) =>
        objection(run('opa', ['check', '--strict', '--schema', 'schema', 'policies'], folder)),
      );
    },
    capabilities: (policy) =>
      inFolder(filesOf(policy), (folder) => {
        capabilities ??= allowedOf(run('opa', ['capabilities', '--current'], folder).stdout);
        writeFileSync(join(folder, 'capabilities.json'), capabilities);
        return objection(run('opa', ['check', '--capabilities', 'capabilities.json', 'policies'], folder));
      }),
    parse: (policy) =>
      inFolder(filesOf(policy), (folder) => {
        const file = `policies/${folderOf(policy.policy.id)}/policy.rego`;
        const { status, stdout, said } = run(
          'opa',
          ['parse', file, '--format', 'json', '--json-include', 'locations'],
          folder,
        );
        if (status !== 0) throw new AppError('INPUT_INVALID', `it is no Rego: ${said.slice(0, 500)}`);
        return JSON.parse(stdout) as unknown;
      }),
    lint: (policy) =>
      inFolder(filesOf(policy), (folder) =>
        objection(run('regal', ['lint', '--config-file', paths.regalConfig, 'policies'], folder)),
      ),
    compile: (policy) => {
      if (!existsSync(paths.opa)) run('opa', [], tmpdir());
      const bundle = buildBundle(paths.opa, [policy]);
      const engine = loadEngine(bundle, { kindById: (id) => kinds.find((k) => k.id === id) });
      const { id, kind } = policy.policy;
      const evaluate = evaluateOf(loadModule(bundle.wasm), aloneEntrypoint(kind));
      return { engine, evaluate: (input) => evaluate({ ...(input as object), policy: id }) };
    },
    variants: ({ policy }, regos) => {
      const idOf = (i: number): string => `${policy.id}-variant-${i}`;
      const pathOf = (i: number): string => `policies/${i}.rego`;
      const files = (of: readonly number[]): { readonly [path: string]: string } => ({
        'policies/values.rego': VALUES_REGO,
        ...Object.fromEntries(of.map((i) => [pathOf(i), withPackage(regos[i] as string, policy.id, idOf(i))])),
      });
      let left = [...regos.keys()];
      for (;;) {
        // What does not parse hides what does not compile: until nothing is said any more.
        const { status, said } = inFolder(files(left), (folder) =>
          run('opa', ['check', '--max-errors', String(regos.length + 1), 'policies'], folder),
        );
        if (status === 0) break;
        const next = left.filter((i) => !said.includes(`${pathOf(i)}:`));
        if (next.length === left.length) throw new AppError('POLICY_LOAD_FAILED', `opa check failed: ${said}`);
        left = next;
      }
      if (left.length === 0) return regos.map(() => undefined);
      const module = loadModule(buildWasm(paths.opa, files(left)));
      return regos.map((_, i) => (left.includes(i) ? evaluateOf(module, policyEntrypoint(idOf(i))) : undefined));
    },
    plainOpa: (policy, inputs) =>
      inFolder(filesOf(policy), (folder) =>
        execOpa(
          (args, cwd) => run('opa', args, cwd),
          folder,
          { decision: policyEntrypoint(policy.policy.id), bundle: 'policies' },
          inputs,
        ),
      ),
  };
}

/** Runs one entrypoint of a module; what fails leaves nothing behind. */
const evaluateOf =
  (module: WasmModule, entrypoint: string): Evaluate =>
  (input) => {
    try {
      return module.evaluate(entrypoint, JSON.stringify(input));
    } catch (error) {
      module.recycle();
      throw error;
    }
  };

const withPackage = (rego: string, from: string, to: string): string =>
  rego.replace(`package ${packageOf(from)}\n`, `package ${packageOf(to)}\n`);

function allowedOf(current: string): string {
  const { builtins, ...rest } = JSON.parse(current) as { readonly builtins: readonly { readonly name: string }[] };
  return JSON.stringify({
    ...rest,
    builtins: builtins.filter((b) => ALLOWED.has(b.name)),
    features: ['rego_v1'],
    allow_net: [],
  });
}
