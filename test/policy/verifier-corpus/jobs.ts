/** What is verified of the corpus, one job for each policy: by `pool.ts` on as many processors as there are. */
import { join, relative } from 'node:path';
import { policyFolders, POLICIES, readCandidate } from '../../../cli/verify/candidates.ts';
import { makePolicyTools, type ToolPaths } from '../../../shared/adapters/opa/policy-tools.ts';
import {
  type Candidate,
  EXAMPLES_NOW,
  type ExampleResource,
  type GateName,
  type GateResult,
  NOT_RUN,
  type Verification,
  verifyPolicy,
} from '../../../shared/authoring/verify.ts';
import { renderMapped } from '../../../shared/authoring/renderers/render.ts';
import type { CompiledPolicy } from '../../../shared/policy/bundle.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { PROOF_NOW } from '../../../shared/policy/proof.ts';
import type { PolicyTools } from '../../../shared/ports/policy-tools.ts';
import { opaPath } from '../../support/policy-lab.ts';
import { type BadPolicy, badPolicies } from './bad.ts';
import { type BaseName, bases, corpusKinds, goldExamples, type Source, yamlOf } from './bases.ts';
import { regoByHand } from './rego.ts';
import { agreeing, folderOf as folderOfSecond, second } from './second.ts';

const bin = join(opaPath, '..');
export const paths: ToolPaths = {
  opa: opaPath,
  regal: join(bin, 'regal'),
  regalConfig: join(bin, '..', '.regal', 'config.yaml'),
};
const tools = remembering(makePolicyTools(paths, corpusKinds));

/**
 * Tools that remember what they said of the last policy: without a gate they are asked the same again. Not what they
 * compile, which may keep what it has seen.
 */
function remembering(asked: PolicyTools): PolicyTools {
  let last = '';
  const said = new Map<string, unknown>();
  const once =
    <A extends readonly unknown[], T>(name: string, ask: (policy: CompiledPolicy, ...args: A) => T) =>
    (policy: CompiledPolicy, ...args: A): T => {
      const of = JSON.stringify([policy.policy, policy.rego]);
      if (of !== last) said.clear();
      last = of;
      const key = JSON.stringify([name, args]);
      if (!said.has(key)) said.set(key, ask(policy, ...args));
      return said.get(key) as T; // what this very function has put there
    };
  return {
    ...asked,
    format: once('format', (policy) => asked.format(policy)),
    check: once('check', (policy) => asked.check(policy)),
    parse: once('parse', (policy) => asked.parse(policy)),
    lint: once('lint', (policy) => asked.lint(policy)),
    capabilities: once('capabilities', (policy) => asked.capabilities(policy)),
    plainOpa: once('plainOpa', (policy, inputs: readonly unknown[]) => asked.plainOpa(policy, inputs)),
  };
}

const generatedFor = (source: Source): string =>
  compilePolicy({ file: source.id, yaml: yamlOf(source) }, corpusKinds).rego;

/** What the compiler writes says so; Rego by hand does not. */
const GENERATED = 'Generated from policy.yaml by npm run gen; edit that.';
/** Rego for a good policy that its author has written: by hand, or what the compiler writes as if it were. */
const authored = (base: BaseName): string =>
  regoByHand[base] ?? generatedFor(bases[base]).replace(GENERATED, 'Written by hand.');

const gold = new Map<string, readonly ExampleResource[]>();
/** The examples of a good policy, with those that tell its Rego by hand from its planted bugs where that is verified. */
const examplesOf = (base: BaseName, byHand: boolean): readonly ExampleResource[] => {
  const key = `${base} ${byHand}`;
  const known = gold.get(key) ?? goldExamples(bases[base], tools, byHand ? authored(base) : undefined);
  gold.set(key, known);
  return known;
};

/** Runs the gates on a policy of the corpus, with the examples of the good policy that it was made from. */
export function verify(
  base: BaseName,
  source: Source,
  rego?: string,
  other?: Source,
  using: PolicyTools = tools,
  without: readonly GateName[] = [],
): Verification {
  const others = other === undefined ? [] : [compilePolicy({ file: 'other', yaml: yamlOf(other) }, corpusKinds).core];
  const clock = (): number => performance.now();
  const given = (examples: readonly ExampleResource[]): Verification => {
    const candidate: Candidate = {
      id: source.id,
      file: 'policy.yaml',
      yaml: yamlOf(source),
      ...(rego === undefined ? {} : { rego }),
      examples,
      problems: [],
      excused: [],
    };
    const options = { tools: using, kinds: corpusKinds, others, clock, now: PROOF_NOW, seed: 7, without };
    return verifyPolicy(candidate, options);
  };
  const result = given(examplesOf(base, false));
  // Examples for bugs in Rego are many to find, and are asked for where the Rego is right: then it has them.
  const mutation = JSON.stringify(result.gates.find((g) => g.name === 'mutation')?.counterexample ?? null);
  return mutation.includes('policy.rego:') ? given(examplesOf(base, true)) : result;
}

function replaced(text: string, [find, replace]: readonly [string, string]): string {
  if (!text.includes(find)) throw new Error(`there is no ${find} in ${text}`);
  return text.replaceAll(find, replace);
}

function verifyBad(
  { base, clauses, rego, generated, other }: BadPolicy,
  without: readonly GateName[] | undefined,
): Verification {
  const source = clauses?.(bases[base]) ?? bases[base];
  const text =
    rego !== undefined
      ? replaced(authored(base), rego)
      : generated !== undefined
        ? replaced(generatedFor(source), generated)
        : undefined;
  return verify(base, source, text, other, tools, without);
}

/**
 * The gates that stopped a policy by themselves: what had nothing to run on did not. One gate alone is looked at again,
 * switched off.
 */
export const stoppedBy = ({ gates }: Verification): readonly GateName[] => gates.filter(isOwn).map((g) => g.name);
const isOwn = ({ passed, counterexample }: GateResult): boolean =>
  !passed && !(typeof counterexample === 'string' && counterexample.startsWith(NOT_RUN));

/** A folder of the second author, with everything that `edict policies verify` looks at. */
function verifyFolder(candidate: Candidate, without: readonly GateName[] = []): Verification {
  const clock = (): number => performance.now();
  return verifyPolicy(candidate, {
    tools,
    kinds: corpusKinds,
    others: [],
    clock,
    now: EXAMPLES_NOW,
    seed: 7,
    without,
    render: renderMapped,
  });
}

async function verifyShipped(folder: string): Promise<Verification> {
  const clock = (): number => performance.now();
  const options = { tools, kinds: corpusKinds, others: [], clock, now: EXAMPLES_NOW, seed: 7 };
  return verifyPolicy(await readCandidate(join(POLICIES, folder)), options);
}

export interface Job {
  readonly sort: 'good' | 'by hand' | 'shipped' | 'bad';
  readonly name: string;
  /** What is wrong with a bad one. */
  readonly failure?: string;
  /** `without`: gates that are switched off; looked at of bad ones only. */
  readonly run: (without?: readonly GateName[]) => Verification | Promise<Verification>;
}

/** Bad policies are called by what is wrong, numbered, and by the good policy that they were made from. */
const namesOf = (failures: readonly (readonly [failure: string, base: string])[]): readonly string[] => {
  const seen = new Map<string, number>();
  return failures.map(([failure, base]) => {
    const n = (seen.get(failure) ?? 0) + 1;
    seen.set(failure, n);
    return `${failure} ${n} (${base})`;
  });
};
const badNames = namesOf([
  ...badPolicies.map(({ failure, base }) => [failure, base] as const),
  ...agreeing.map(([failure, of]) => [failure, of] as const),
]);
const badName = (i: number): string => badNames[i] ?? '';

/** All of the corpus. */
export const jobs: readonly Job[] = [
  ...(Object.keys(bases) as BaseName[]).map(
    (name): Job => ({ sort: 'good', name, run: () => verify(name, bases[name]) }),
  ),
  ...(Object.entries(regoByHand) as [BaseName, string][]).map(
    ([name, rego]): Job => ({ sort: 'by hand', name, run: () => verify(name, bases[name], rego) }),
  ),
  ...policyFolders([])
    .map((folder) => relative(POLICIES, folder))
    .map((name): Job => ({ sort: 'shipped', name, run: () => verifyShipped(name) })),
  ...badPolicies.map(
    (bad, i): Job => ({
      sort: 'bad',
      name: badName(i),
      failure: bad.failure,
      run: (without) => verifyBad(bad, without),
    }),
  ),
  ...second.good.map(
    (name): Job => ({ sort: 'good', name: `second: ${name}`, run: () => verifyFolder(folderOfSecond(name)) }),
  ),
  ...second.styles.map(
    ([name, find, replace]): Job => ({
      sort: 'by hand',
      name: `second: ${name}`,
      run: () => verifyFolder(folderOfSecond(name, undefined, [find, replace])),
    }),
  ),
  ...agreeing.map(
    ([failure, of, instead], i): Job => ({
      sort: 'bad',
      name: badName(badPolicies.length + i),
      failure,
      run: (without) => verifyFolder(folderOfSecond(of, instead), without),
    }),
  ),
];
