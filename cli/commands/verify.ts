/** `edict policies verify` and `edict policies diff`: the gates of policies, and what two policies disagree on. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makePolicyTools, type ToolPaths } from '../../shared/adapters/opa/policy-tools.ts';
import { comparePolicies } from '../../shared/authoring/compare.ts';
import { renderMapped } from '../../shared/authoring/renderers/render.ts';
import { EXAMPLES_NOW, SEED, type Verification, verifyPolicy } from '../../shared/authoring/verify.ts';
import { kinds } from '../../shared/kinds/index.ts';
import { AppError } from '../../shared/model/errors.ts';
import { coreOf } from '../../shared/policy/bundle.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import type { CorePolicy } from '../../shared/policy/core.ts';
import type { PolicyTools } from '../../shared/ports/policy-tools.ts';
import { gateText } from '../author/gate-words.ts';
import { readManifest } from '../bundle.ts';
import { Output, plain, style } from '../terminal.ts';
import { verifyAll } from '../verify/apart.ts';
import { foldersNamed, POLICIES, policyFolders, readCandidate } from '../verify/candidates.ts';

export interface VerifyCommandOptions {
  readonly format: 'table' | 'json';
}

const root = join(import.meta.dirname, '..', '..');
const WIDEST = 400;

/** Where the tools of this project lie. */
export function toolPaths(): ToolPaths {
  const bin = join(root, '.bin');
  return { opa: join(bin, 'opa'), regal: join(bin, 'regal'), regalConfig: join(root, '.regal', 'config.yaml') };
}

/** The tools of this project. */
export const projectTools = (): PolicyTools => makePolicyTools(toolPaths(), kinds);

/** What runs every gate on the policy of a folder, beside the policies that ship. */
export function makeVerify(): (folder: string) => Promise<Verification> {
  const tools = projectTools();
  const others = readManifest().policies.map(coreOf);
  return async (folder) =>
    verifyPolicy(await readCandidate(folder), {
      tools,
      kinds,
      others,
      clock: () => performance.now(),
      now: EXAMPLES_NOW,
      seed: SEED,
      render: renderMapped,
      // What lies elsewhere is not added to what ships.
      mayDuplicate: !folder.startsWith(POLICIES),
    });
}

/** Runs every gate on the policies (all of this project, if none is named). 1 if one is not accepted. */
export async function verifyPolicies(names: readonly string[], options: VerifyCommandOptions): Promise<number> {
  const output = new Output();
  const results: Verification[] = [];
  await verifyAll(foldersNamed(names), (result) => {
    results.push(result);
    if (options.format === 'table') showResult(output, result);
  });
  if (options.format === 'json') {
    const rows = results.map(({ policy, accepted, evidence, gates }) => ({ policy, accepted, evidence, gates }));
    output.line(JSON.stringify(rows, undefined, 2));
  }
  output.flush();
  return results.every((r) => r.accepted) ? 0 : 1;
}

function showResult(output: Output, { policy, accepted, evidence, gates, warnings }: Verification): void {
  const paint = style(process.stdout);
  const ms = gates.reduce((sum, g) => sum + g.ms, 0);
  output.line(
    `${accepted ? 'accepted' : 'REFUSED '}  ${paint('bold', policy)}  ${evidence}, ${(ms / 1000).toFixed(1)} s`,
  );
  for (const g of gates.filter((x) => !x.passed)) {
    const text = gateText(g)
      .split('\n')
      .map((line) => plain(line, Number.POSITIVE_INFINITY))
      .join('\n');
    output.line(`  ${g.name}: ${text.length > WIDEST ? `${text.slice(0, WIDEST)}… (--format json shows all)` : text}`);
  }
  for (const w of warnings) output.line(`  ${paint('dim', `warning: ${w}`)}`);
}

/** A policy by its id (as it ships) or by its folder. */
async function coreNamed(name: string): Promise<CorePolicy> {
  const shipped = existsSync(name) ? undefined : readManifest().policies.find((p) => p.id === name);
  if (shipped !== undefined) return coreOf(shipped);
  const [folder, another] = policyFolders([name]);
  if (folder === undefined || another !== undefined)
    throw new AppError('INPUT_INVALID', `there are several policies in ${name}: name one`);
  return compilePolicy(await readCandidate(folder), kinds).core;
}

/** Shows a smallest resource on which two policies of one kind disagree. 1 if there is one. */
export async function diffPolicies(a: string, b: string, options: VerifyCommandOptions): Promise<number> {
  const [one, other] = [await coreNamed(a), await coreNamed(b)];
  if (one.kind !== other.kind)
    throw new AppError(
      'INPUT_INVALID',
      `${a} speaks of ${one.kind} and ${b} of ${other.kind}: nothing is judged by both`,
    );
  const comparison = comparePolicies(one, other);
  const output = new Output();
  if (options.format === 'json') output.line(JSON.stringify({ version: 1, a, b, ...comparison }, undefined, 2));
  else if (comparison.is === 'equivalent') output.line('They say the same of every resource, whatever of it is known.');
  else if (comparison.is === 'undecided') output.line(`Not decided: ${comparison.why}.`);
  else {
    const { input, verdicts } = comparison.on;
    output.line('They differ. A smallest resource on which they do (what is not listed is not known):');
    for (const [fact, value] of Object.entries(input.facts)) {
      const open = Array.isArray(value) && !input.closed.includes(fact) ? ' and perhaps more' : '';
      output.line(`  ${fact}: ${JSON.stringify(value)}${open}`);
    }
    if (Object.keys(input.facts).length === 0) output.line('  (nothing is known of it)');
    output.line(`${a}: ${verdicts[0]}`);
    output.line(`${b}: ${verdicts[1]}`);
  }
  output.flush();
  return comparison.is === 'equivalent' ? 0 : 1;
}
