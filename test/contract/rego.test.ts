/** What the tool chain says of the generated Rego: its format, its types, and that plain OPA answers as the engine does. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readBundle } from '../../shared/adapters/opa/bundle-files.ts';
import { loadModule } from '../../shared/adapters/opa/module.ts';
import { canonicalJson } from '../../shared/model/json.ts';
import { aloneEntrypoint, aloneText, coreOf } from '../../shared/policy/bundle.ts';
import { meaningOf, type PolicyInput } from '../../shared/policy/meaning.ts';
import { inputsOf, lotsFrom, PROOF_NOW } from '../../shared/policy/proof.ts';
import { packageOf, toRego } from '../../shared/policy/to-rego.ts';
import { opaPath, randomPolicy } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';

const root = join(import.meta.dirname, '..', '..');
const bundle = readBundle(join(root, 'bundle'));
const opa = (args: readonly string[], input?: string) =>
  spawnSync(opaPath, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...(input === undefined ? {} : { input }),
  });

function inFolder<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'edict-rego-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What plain OPA (topdown) decides on each input, in one run. */
function plainOpa(decision: string, inputs: readonly unknown[]): readonly unknown[] {
  return inFolder((folder) => {
    const files = inputs.map((_, i) => join(folder, `${String(i).padStart(6, '0')}.json`));
    for (const [i, file] of files.entries()) writeFileSync(file, JSON.stringify(inputs[i]));
    const { stdout } = opa(['exec', '--decision', decision, '--bundle', 'policies', folder]);
    const { result } = JSON.parse(stdout) as { result: readonly { path: string; result: unknown }[] };
    const byPath = new Map(result.map((r) => [r.path, r.result]));
    return files.map((file) => byPath.get(file));
  });
}

describeWith(['opa'], 'the Rego that ships', () => {
  it('is formatted as opa fmt would', () => {
    expect(opa(['fmt', '--list', 'policies']).stdout).toBe('');
  });

  it('passes opa check, strict and against the schemas', () => {
    const { status, stderr } = opa(['check', '--bundle', '--strict', '--schema', 'shared/kinds/schema', 'policies']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.each([
    ['a fact that is misspelt', 'public_read', 'public_raed', 'undefined ref'],
    ['a value of another type', '== false', '== "no"', 'match error'],
  ])('would not pass it with %s', (_, from, to, message) => {
    const rego = readFileSync(join(root, 'policies/object-store/no-public-access/policy.rego'), 'utf8').replaceAll(
      from,
      to,
    );
    inFolder((folder) => {
      writeFileSync(join(folder, 'policy.rego'), rego);
      const { status, stderr } = opa(['check', '--strict', '--schema', join(root, 'shared/kinds/schema'), folder]);
      expect(status).not.toBe(0);
      expect(stderr).toContain(message);
    });
  });

  it('gives plain OPA the results that the WASM gives, and its shim the verdicts of the meaning', () => {
    const module = loadModule(bundle.wasm);
    const verdicts = new Set<string>();
    let compared = 0;
    for (const kind of new Set(bundle.manifest.policies.map((p) => p.kind))) {
      const policies = bundle.manifest.policies.filter((p) => p.kind === kind);
      const inputs = policies.flatMap((p) =>
        [...inputsOf(coreOf(p), { seed: 5, random: 30, phases: ['random'] })].map(([, input]) => input as PolicyInput),
      );
      for (const [i, answer] of plainOpa(`edict/conftest/${kind}/policies`, inputs).entries()) {
        const input = inputs[i] as PolicyInput;
        for (const p of policies) {
          const { result, verdict } = (answer as { [id: string]: { result: unknown; verdict: string } })[p.id] ?? {};
          expect(normal(result)).toEqual(
            normal(module.evaluate(aloneEntrypoint(p.kind), aloneText(p.id, JSON.stringify(input)))),
          );
          expect(verdict).toBe(meaningOf(coreOf(p), input).verdict);
          verdicts.add(verdict ?? '');
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(2000);
    expect([...verdicts].sort()).toEqual(['compliant', 'not_applicable', 'unknown', 'violation']);
  });

  it('lets conftest deny a violation and warn of what is unknown', () => {
    const ask = (rule: string, facts: object): readonly string[] => {
      const input = JSON.stringify({ facts, closed: [], now: PROOF_NOW });
      const { stdout } = opa(
        [
          'eval',
          '--bundle',
          'policies',
          '--stdin-input',
          '--format',
          'raw',
          `{m.policy | some m in data.edict.conftest.object_store.${rule}}`,
        ],
        input,
      );
      return JSON.parse(stdout) as string[];
    };
    expect(ask('deny', { public_read: true })).toEqual(['object-store.no-public-access']);
    expect(ask('warn', { public_read: true })).not.toContain('object-store.no-public-access');
    expect(ask('warn', { tls_only: true })).toContain('object-store.no-public-access');
    expect(ask('warn', { tls_only: true })).not.toContain('object-store.tls-only');
    expect(ask('deny', {})).toEqual([]);
  });

  it('is well formatted and strict for any policy of the language', () => {
    const lots = lotsFrom(99);
    inFolder((folder) => {
      for (let i = 0; i < 60; i++) {
        const { policy, core } = randomPolicy(lots, `p-${i}`);
        writeFileSync(join(folder, `${i}.rego`), toRego(policy, core));
      }
      expect(opa(['fmt', '--list', folder]).stdout).toBe('');
      expect(opa(['check', '--strict', folder, 'policies/values.rego']).stderr).toBe('');
    });
  });
});

/** A result without the order of its sets. */
function normal(result: unknown): unknown {
  const { declared, holds, fails } = result as { declared: unknown; holds: unknown[]; fails: object[] };
  const key = (e: unknown): string => canonicalJson(e);
  return { declared, holds: holds.map(String).sort(), fails: fails.map(key).sort() };
}

it('each policy has a package of its own', () => {
  const packages = bundle.manifest.policies.map((p) => packageOf(p.id));
  expect(new Set(packages).size).toBe(packages.length);
});
