/**
 * The gates against the corpus: no bad policy is accepted, no good one refused; and docs/gates.md says which gate alone
 * stops which failure. `EDICT_WRITE=1` writes that page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectTools } from '../../cli/commands/verify.ts';
import { makePolicyTools } from '../../shared/adapters/opa/policy-tools.ts';
import { type GateName, GATES, NOT_RUN, type Verification } from '../../shared/authoring/verify.ts';
import { describeWith } from '../support/requirements.ts';
import { badPolicies, FAILURES } from './verifier-corpus/bad.ts';
import { bases, corpusKinds } from './verifier-corpus/bases.ts';
import { type Job, jobs, paths, verify } from './verifier-corpus/jobs.ts';
import { runAll } from './verifier-corpus/pool.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'gates.md');
const LONGEST_RUN_MS = 2_400_000;

/** The gates that stopped a policy by themselves. */
const stoppedBy = ({ gates }: Verification): readonly GateName[] =>
  gates
    .filter((g) => !g.passed && !(typeof g.counterexample === 'string' && g.counterexample.startsWith(NOT_RUN)))
    .map((g) => g.name);

describeWith(['opa', 'regal'], 'the verifier', () => {
  let results: ReadonlyMap<number, Verification> = new Map();
  const stops = new Map<string, readonly GateName[][]>();
  beforeAll(async () => {
    results = await runAll();
  }, LONGEST_RUN_MS);
  const resultOf = (i: number): Verification => {
    const result = results.get(i);
    if (result === undefined) throw new Error(`${jobs[i]?.name} was not verified`);
    return result;
  };
  const rowsOf = (...sorts: readonly Job['sort'][]) =>
    jobs.flatMap(({ sort, name }, i) => (sorts.includes(sort) ? [[name, sort, i] as const] : []));
  const good = rowsOf('good', 'by hand', 'shipped');

  it.each(good)('accepts %s (%s)', (_, sort, i) => {
    const { accepted, gates, evidence } = resultOf(i);
    expect(gates.filter((g) => !g.passed)).toEqual([]);
    expect(gates.map((g) => g.name)).toEqual([...GATES]);
    expect(accepted).toBe(true);
    expect(evidence).toBe(sort === 'by hand' ? 'tested' : 'proved');
  });

  it.each(rowsOf('bad'))('stops %s', (name, _, i) => {
    const result = resultOf(i);
    const by = stoppedBy(result);
    const failure = jobs[i]?.failure ?? '';
    stops.set(failure, [...(stops.get(failure) ?? []), [...by]]);
    expect(result.accepted, name).toBe(false);
    expect(by.length).toBeGreaterThan(0);
    expect(result.gates.every((g) => g.passed === (g.counterexample === null))).toBe(true);
  });

  it('has at least eight bad policies for each failure, no two alike, and sixty good ones', () => {
    const of = (failure: string) => badPolicies.filter((p) => p.failure === failure);
    const few = FAILURES.filter((failure) => of(failure).length < 8);
    expect(few).toEqual([]);
    const alike = new Set(
      badPolicies.map(({ clauses, ...p }) => JSON.stringify([{ ...p, failure: '' }, clauses?.(bases[p.base])])),
    );
    expect(alike.size).toBe(badPolicies.length);
    expect(badPolicies.length).toBeGreaterThanOrEqual(180);
    expect(good.length).toBeGreaterThanOrEqual(60);
  });

  it('says in docs/gates.md which gate alone stops which failure', () => {
    const text = pageOf(stops);
    if (process.env['EDICT_WRITE'] === '1') writeFileSync(page, text);
    expect(text).not.toContain('not explained yet');
    expect(existsSync(page) ? readFileSync(page, 'utf8') : '').toBe(text);
  });

  afterAll(() => console.log(`${rowsOf('bad').length} bad policies, ${good.length} good ones`));
});

it('a tool that is missing passes nothing, and says how to get it', () => {
  const nowhere = makePolicyTools({ ...paths, opa: '/nowhere/opa', regal: '/nowhere/regal' }, corpusKinds);
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
  english:
    'no policy fails it while the printer is right: it holds the sentence that a person approves to what is judged.',
  format: 'it is cheap, and it keeps what a person reviews in one form.',
  compile: 'what it stops, the capabilities mostly stop before; it holds by what the module itself asks of its host.',
  metamorphic:
    'of what clauses say the proof and the reads know as much; it is what is asked of a clause that only Rego says (test/policy/rego-clause.test.ts), and it holds the clouds to each other.',
  'plain-opa': 'it holds what conftest and plain OPA say to what ships.',
};
