/**
 * The gates against the corpus: no bad policy is accepted, no good one refused; and docs/gates.md says which gate alone
 * stops which failure. `EDICT_WRITE=1` writes that page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectTools } from '../../cli/commands/verify.ts';
import { makePolicyTools } from '../../shared/adapters/opa/policy-tools.ts';
import { type GateName, GATES, type Verification } from '../../shared/authoring/verify.ts';
import { describeWith } from '../support/requirements.ts';
import { badPolicies, FAILURES } from './verifier-corpus/bad.ts';
import { bases, corpusKinds } from './verifier-corpus/bases.ts';
import { type Job, jobs, paths, stoppedBy, verify } from './verifier-corpus/jobs.ts';
import { type Result, runAll } from './verifier-corpus/pool.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'gates.md');
const LONGEST_RUN_MS = 2_400_000;

describeWith(['opa', 'regal'], 'the verifier', () => {
  let results: ReadonlyMap<number, Result> = new Map();
  const stops: Stop[] = [];
  beforeAll(async () => {
    results = await runAll();
  }, LONGEST_RUN_MS);
  const resultOf = (i: number): Result => {
    const result = results.get(i);
    if (result === undefined) throw new Error(`${jobs[i]?.name} was not verified`);
    return result;
  };
  const rowsOf = (...sorts: readonly Job['sort'][]) =>
    jobs.flatMap(({ sort, name }, i) => (sorts.includes(sort) ? [[name, sort, i] as const] : []));
  const good = rowsOf('good', 'by hand', 'shipped');

  it.each(good)('accepts %s (%s)', (_, sort, i) => {
    const { accepted, gates, evidence } = resultOf(i).full;
    expect(gates.filter((g) => !g.passed)).toEqual([]);
    expect(gates.map((g) => g.name)).toEqual([...GATES]);
    expect(accepted).toBe(true);
    expect(evidence).toBe(sort === 'by hand' ? 'tested' : 'proved');
  });

  it.each(rowsOf('bad'))('stops %s', (name, _, i) => {
    const { full, without } = resultOf(i);
    const by = stoppedBy(full);
    stops.push({ name, failure: jobs[i]?.failure ?? '', by, without: without && whatSays(without) });
    expect(full.accepted, name).toBe(false);
    expect(by.length).toBeGreaterThan(0);
    expect(full.gates.every((g) => g.passed === (g.counterexample === null))).toBe(true);
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

/** A bad policy: the gates that stop it, and what the others say where that is one and it is switched off. */
interface Stop {
  readonly name: string;
  readonly failure: string;
  readonly by: readonly GateName[];
  readonly without: Without | undefined;
}
/** Refused by gates; or by none, and yet not accepted, because something could not be run. */
type Without = 'accepted' | 'failed' | readonly GateName[];

function whatSays(result: Verification): Without {
  if (result.accepted) return 'accepted';
  const by = stoppedBy(result);
  return by.length === 0 ? 'failed' : by;
}

/** Rows of failures, columns of gates: how many bad policies a gate stops, and how many are accepted without it. */
function pageOf(all: readonly Stop[]): string {
  const isOnly = (gate: GateName, s: Stop): boolean => s.by.length === 1 && s.by[0] === gate && s.without !== undefined;
  const isAccepted = (gate: GateName, s: Stop): boolean => isOnly(gate, s) && s.without === 'accepted';
  const cell = (of: readonly Stop[], gate: GateName): string => {
    const stopped = of.filter((s) => s.by.includes(gate)).length;
    const alone = of.filter((s) => isAccepted(gate, s)).length;
    return stopped === 0 ? '' : alone === 0 ? `${stopped}` : `${stopped} (**${alone}**)`;
  };
  const rows = [...Map.groupBy(all, (s) => s.failure)].map(
    ([failure, of]) => `| ${failure} | ${of.length} | ${GATES.map((g) => cell(of, g)).join(' | ')} |`,
  );
  const switched = GATES.filter((g) => g !== 'types').map((gate) => {
    const of = all.filter((s) => isOnly(gate, s));
    const refused = of.filter((s) => Array.isArray(s.without));
    const counts = [of.filter((s) => isAccepted(gate, s)), refused, of.filter((s) => s.without === 'failed')];
    return { gate, counts: counts.map((c) => c.length), accepted: counts[0] ?? [] };
  });
  const untyped = all.filter((s) => s.by[0] === 'types');
  const idle = switched.filter((s) => s.accepted.length === 0).map((s) => s.gate);
  return `# Gates
Written by the corpus of the verifier (\`test/policy/verifier-corpus\`): \`EDICT_WRITE=1 npx vitest run test/policy/verifier-corpus.test.ts\`.

How many of the bad policies each gate stops, by what is wrong with them; in brackets how many only it stops: with this gate switched off they are accepted. A policy that does not type is given to no other gate, and one that does not compile to none that runs it.

| what is wrong | policies | ${GATES.join(' | ')} |
| --- | --- | ${GATES.map(() => '---').join(' | ')} |
${rows.join('\n')}
| **all** | ${all.length} | ${GATES.map((g) => cell(all, g)).join(' | ')} |

## Each gate switched off
A bad policy that two gates stop is refused without either of them. One that a single gate stops goes through all the others again, without that gate, and is then accepted; or another gate refuses it, which had nothing to run on before; or nothing refuses it, and yet something could not be run, so that it is not accepted either. Types cannot be switched off: what does not type (${untyped.length} of them) is no policy, and there is nothing to run the other gates on. Without the proof, bugs are still planted only in Rego that it finds right.

| switched off | accepted then | refused by another | not accepted: not run |
| --- | --- | --- | --- |
${switched.map(({ gate, counts }) => `| ${gate} | ${counts.join(' | ')} |`).join('\n')}

${switched
  .filter((s) => s.accepted.length > 0)
  .map(({ gate, accepted }) => folded(`Only ${gate}: ${accepted.length}`, accepted))
  .join('\n\n')}

Gates that stop none of these alone: ${idle.length === 0 ? 'none' : idle.join(', ')}.
${idle.map((g) => `- ${g}: ${WHY_KEPT[g] ?? 'not explained yet'}`).join('\n')}
`;
}

/** The names of bad policies, shown when asked for. */
const folded = (title: string, of: readonly Stop[]): string =>
  `<details><summary>${title}</summary>

${of.map((s) => `- ${s.name}`).join('\n')}

</details>`;

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
