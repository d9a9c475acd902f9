/**
 * The gates against the corpus: no bad policy is accepted, no good one refused; and docs/gates.md says which gate alone
 * stops which failure. `EDICT_WRITE=1` writes that page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { projectTools } from '../../cli/commands/verify.ts';
import { makePolicyTools } from '../../shared/adapters/opa/policy-tools.ts';
import {
  type Candidate,
  type ExampleResource,
  type GateName,
  GATES,
  NOT_RUN,
  type Verification,
  verifyPolicy,
} from '../../shared/authoring/verify.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { PROOF_NOW } from '../../shared/policy/proof.ts';
import type { PolicyTools } from '../../shared/ports/policy-tools.ts';
import { opaPath, probe } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';
import { badPolicies } from './verifier-corpus/bad.ts';
import { type BaseName, bases, goldExamples, type Source, yamlOf } from './verifier-corpus/bases.ts';
import { regoByHand } from './verifier-corpus/rego.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'gates.md');
const bin = join(opaPath, '..');
const paths = { opa: opaPath, regal: join(bin, 'regal'), regalConfig: join(bin, '..', '.regal', 'config.yaml') };
const tools = makePolicyTools(paths, [probe]);

const gold = new Map<BaseName, readonly ExampleResource[]>();
const examplesOf = (base: BaseName): readonly ExampleResource[] => {
  const known = gold.get(base) ?? goldExamples(bases[base]);
  gold.set(base, known);
  return known;
};

function verify(
  base: BaseName,
  source: Source,
  rego?: string,
  other?: Source,
  using: PolicyTools = tools,
): Verification {
  const candidate: Candidate = {
    id: source.id,
    file: 'policy.yaml',
    yaml: yamlOf(source),
    ...(rego === undefined ? {} : { rego }),
    examples: examplesOf(base),
    problems: [],
    excused: [],
  };
  const others = other === undefined ? [] : [compilePolicy({ file: 'other', yaml: yamlOf(other) }, [probe]).core];
  const clock = (): number => performance.now();
  return verifyPolicy(candidate, { tools: using, kinds: [probe], others, clock, now: PROOF_NOW, seed: 7 });
}

function replaced(text: string, [find, replace]: readonly [string, string]): string {
  expect(text).toContain(find);
  return text.replaceAll(find, replace);
}

/** The gates that stopped a policy by themselves. */
const stoppedBy = ({ gates }: Verification): readonly GateName[] =>
  gates
    .filter((g) => !g.passed && !(typeof g.counterexample === 'string' && g.counterexample.startsWith(NOT_RUN)))
    .map((g) => g.name);

const names = Object.keys(bases) as BaseName[];
const stops = new Map<string, readonly GateName[][]>();

describeWith(['opa', 'regal'], 'the verifier', () => {
  it.each(names)('accepts the good policy %s, generated and by hand', (name) => {
    for (const rego of [undefined, regoByHand[name]]) {
      const result = verify(name, bases[name], rego);
      expect(result.gates.filter((g) => !g.passed)).toEqual([]);
      expect(result.gates.map((g) => g.name)).toEqual([...GATES]);
      expect(result.evidence).toBe(rego === undefined ? 'proved' : 'tested');
    }
  });

  it.each(badPolicies.map((p, i) => [`${i}: ${p.failure}`, p] as const))('stops %s', (_, bad) => {
    const { base, failure } = bad;
    const source = bad.clauses?.(bases[base]) ?? bases[base];
    const generated = (): string => compilePolicy({ file: 'x', yaml: yamlOf(source) }, [probe]).rego;
    const rego =
      bad.rego !== undefined
        ? replaced(regoByHand[base], bad.rego)
        : bad.generated !== undefined
          ? replaced(generated(), bad.generated)
          : undefined;
    const result = verify(base, source, rego, bad.other);
    const by = stoppedBy(result);
    stops.set(failure, [...(stops.get(failure) ?? []), [...by]]);
    expect(result.accepted, JSON.stringify(bad)).toBe(false);
    expect(by.length).toBeGreaterThan(0);
    expect(result.gates.every((g) => g.passed === (g.counterexample === null))).toBe(true);
  });

  it('has at least three bad policies for each failure', () => {
    const few = [...stops].filter(([, by]) => by.length < 3).map(([failure]) => failure);
    expect(few).toEqual([]);
    expect(stops.size).toBeGreaterThan(20);
  });

  it('says in docs/gates.md which gate alone stops which failure', () => {
    const text = pageOf(stops);
    if (process.env['EDICT_WRITE'] === '1') writeFileSync(page, text);
    expect(text).not.toContain('not explained yet');
    expect(existsSync(page) ? readFileSync(page, 'utf8') : '').toBe(text);
  });

  afterAll(() => console.log(`${badPolicies.length} bad policies, ${2 * names.length} good ones`));
});

it('a tool that is missing passes nothing, and says how to get it', () => {
  const nowhere = makePolicyTools({ ...paths, opa: '/nowhere/opa', regal: '/nowhere/regal' }, [probe]);
  const { accepted, gates } = verify('plain', bases.plain, undefined, undefined, nowhere);
  expect(accepted).toBe(false);
  const failed = gates.filter((g) => !g.passed);
  expect(failed.map((g) => g.name)).toEqual(
    expect.arrayContaining(['format', 'check', 'capabilities', 'lint', 'compile', 'proof', 'plain-opa']),
  );
  expect(failed.every((g) => String(g.counterexample).includes('npm run tools'))).toBe(true);
  expect(projectTools()).toBeDefined();
});

/** Rows of failures, columns of gates: how many bad policies a gate stops, and how many nothing else stops. */
function pageOf(all: ReadonlyMap<string, readonly (readonly GateName[])[]>): string {
  const cell = (by: readonly (readonly GateName[])[], gate: GateName): string => {
    const stopped = by.filter((b) => b.includes(gate));
    const alone = stopped.filter((b) => b.length === 1).length;
    return stopped.length === 0 ? '' : alone === 0 ? `${stopped.length}` : `${stopped.length} (**${alone}**)`;
  };
  const rows = [...all].map(
    ([failure, by]) => `| ${failure} | ${by.length} | ${GATES.map((g) => cell(by, g)).join(' | ')} |`,
  );
  const every = [...all.values()].flat();
  const idle = GATES.filter((g) => !every.some((b) => b.length === 1 && b[0] === g));
  return `# Gates
Written by the corpus of the verifier (\`test/policy/verifier-corpus\`): \`EDICT_WRITE=1 npx vitest run test/policy/verifier-corpus.test.ts\`.

How many of the bad policies each gate stops, by what is wrong with them; in brackets how many only it stops. A policy that does not type is given to no other gate, and one that does not compile to none that runs it.

| what is wrong | policies | ${GATES.join(' | ')} |
| --- | --- | ${GATES.map(() => '---').join(' | ')} |
${rows.join('\n')}
| **all** | ${every.length} | ${GATES.map((g) => cell(every, g)).join(' | ')} |

Gates that stop none of these alone: ${idle.length === 0 ? 'none' : idle.join(', ')}.
${idle.map((g) => `- ${g}: ${WHY_KEPT[g] ?? 'not explained yet'}`).join('\n')}
`;
}

/** Why a gate stands that stops nothing of the corpus alone. */
const WHY_KEPT: { readonly [gate in GateName]?: string } = {
  format: 'it is cheap, and it keeps what a person reviews in one form.',
  compile: 'what it stops, the capabilities mostly stop before; it holds by what the module itself asks of its host.',
  'plain-opa': 'it holds what conftest and plain OPA say to what ships.',
};
