/** Clauses that only policy.rego says, through every gate with the real tools: what is right is accepted as tested, what is not is stopped. */
import { expect, it } from 'vitest';
import { makePolicyTools } from '../../shared/adapters/opa/policy-tools.ts';
import { type ExampleResource, judgeByMeaning, regoSurvivorsOf, verifyPolicy } from '../../shared/authoring/verify.ts';
import type { FactState, FactStates, FactValue } from '../../shared/model/fact.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import type { PolicyInput } from '../../shared/policy/meaning.ts';
import { PROOF_NOW } from '../../shared/policy/proof.ts';
import { probe } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';
import { paths } from './verifier-corpus/jobs.ts';

const yaml = JSON.stringify({
  id: 'probe.small-in-sum',
  title: 'Sizes are small in sum',
  severity: 'low',
  kind: 'probe',
  require: [
    { id: 'small-in-sum', says: 'at most ten in sum', that: { rego: ['sizes'] } },
    { id: 'flag-on', says: 'switched on', that: { fact: 'flag', is: true } },
  ],
  frameworks: {},
  remediation: 'Make them smaller.',
});
const SAYS_SUM = 'sum(input.facts.sizes)';
const GUARD = '\tevery item in input.facts.sizes { is_number(item) }\n';
const rego = `# METADATA
# title: Sizes are small in sum
# description: Written by hand.
# schemas:
#   - input: schema.probe
package edict.policies.probe.small_in_sum

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["small-in-sum", "flag-on"]

is_known if {
	is_array(input.facts.sizes)
	is_array(input.closed)
	"sizes" in input.closed
${GUARD}}

holds contains "small-in-sum" if {
	is_known
	${SAYS_SUM} <= 10
}

fails contains {"clause": "small-in-sum"} if {
	is_known
	${SAYS_SUM} > 10
}

holds contains "flag-on" if input.facts.flag == true

fails contains {"clause": "flag-on"} if input.facts.flag == false
`;

const tools = makePolicyTools(paths, [probe]);
// Known all, with closed where it is a list.
const states = ({ facts, closed }: Pick<PolicyInput, 'facts' | 'closed'>): FactStates =>
  Object.fromEntries(
    Object.entries(facts).map(([name, value]): [string, FactState] => [
      name,
      {
        state: 'known',
        value: value as FactValue,
        at: '',
        ...(Array.isArray(value) ? { closed: closed.includes(name) } : {}),
      },
    ]),
  );

/** Examples that tell the Rego from its planted bugs. */
function examplesOf(): readonly ExampleResource[] {
  const compiled = compilePolicy({ file: 'p.yaml', yaml, rego }, [probe]);
  const { evaluate } = tools.compile(compiled);
  const examples: ExampleResource[] = [];
  const add = (input: Pick<PolicyInput, 'facts' | 'closed'>): void => {
    const facts = states(input);
    const verdict = judgeByMeaning(compiled.core, probe, facts, PROOF_NOW, evaluate);
    const n = examples.length;
    examples.push({ file: `${verdict}/${n}.json`, resource: `r${n}`, verdict, facts });
  };
  const closed = ['sizes'];
  for (const [sizes, flag] of [
    [[10], true],
    [[11], true],
    [[1], false],
  ] as const)
    add({ facts: { sizes, flag }, closed });
  add({ facts: { flag: true }, closed });
  for (;;) {
    const { survivors } = regoSurvivorsOf(compiled, probe, examples, { tools, now: PROOF_NOW, seed: 7 });
    if (survivors.length === 0) return examples;
    for (const { on } of survivors) add((on as { readonly input: PolicyInput }).input);
  }
}

describeWith(['opa', 'regal'], 'a policy with a clause in Rego', () => {
  let examples: readonly ExampleResource[] | undefined;
  const verified = (text: string) =>
    verifyPolicy(
      {
        id: 'probe.small-in-sum',
        file: 'p.yaml',
        yaml,
        rego: text,
        examples: (examples ??= examplesOf()),
        problems: [],
        excused: [],
      },
      { tools, kinds: [probe], others: [], clock: () => 0, now: PROOF_NOW, seed: 7 },
    );
  const stoppedBy = (text: string): readonly string[] =>
    verified(text).gates.flatMap((g) => (g.passed ? [] : [g.name]));

  it('is accepted as tested by all gates', () => {
    const { gates, accepted, evidence, warnings } = verified(rego);
    expect(gates.filter((g) => !g.passed)).toEqual([]);
    expect({ accepted, evidence }).toEqual({ accepted: true, evidence: 'tested' });
    expect(warnings.join()).toMatch(/whether it is vacuous was not decided: a clause is said by Rego alone/);
  });

  it('is judged in the bundle: what its Rego decides, and of what it does not which facts are missing', () => {
    const { engine } = tools.compile(compilePolicy({ file: 'p.yaml', yaml, rego }, [probe]));
    const judged = (input: Pick<PolicyInput, 'facts' | 'closed'>) => engine.judge('probe', states(input), PROOF_NOW)[0];
    expect(judged({ facts: { sizes: [5, 5], flag: true }, closed: ['sizes'] })?.verdict).toBe('compliant');
    expect(judged({ facts: { sizes: [5, 6], flag: true }, closed: ['sizes'] })?.verdict).toBe('violation');
    expect(judged({ facts: { sizes: [5, 5], flag: true }, closed: [] })).toMatchObject({
      verdict: 'unknown',
      missing: ['sizes'],
    });
    expect(judged({ facts: { sizes: [5, 5] }, closed: ['sizes'] })).toMatchObject({
      verdict: 'unknown',
      missing: ['flag'],
    });
  });

  it.each<readonly [string, string, string, readonly string[]]>([
    [
      'no guard of the items',
      `${GUARD}}\n\n`,
      '}\n\nsizes := [s | some s in input.facts.sizes; is_number(s)]\n\n',
      ['proof'],
    ],
    ['no look whether more may come', '\t"sizes" in input.closed\n', '', ['metamorphic']],
    ['another bound', `${SAYS_SUM} > 10`, `${SAYS_SUM} > 11`, ['examples']],
    ['both sides', `${SAYS_SUM} > 10`, `${SAYS_SUM} > 9`, ['proof', 'examples']],
    ['a fact of another clause', `${SAYS_SUM} > 10`, `${SAYS_SUM} > 10\n\tinput.facts.flag == true`, ['proof']],
    ['a fact of no clause', `${SAYS_SUM} > 10`, `${SAYS_SUM} > 10\n\tinput.facts.size > 0`, ['reads']],
    ['another clause wrong', 'input.facts.flag == false', 'input.facts.flag == true', ['proof']],
    ['a call of what it must not', `${SAYS_SUM} > 10`, `${SAYS_SUM} > 10\n\ttime.now_ns() > 0`, ['capabilities']],
  ])('is stopped: %s', (_, find, replace, by) => {
    expect(rego).toContain(find);
    const wrong = rego.replaceAll(find, replace);
    const text = wrong.includes('sizes := ') ? wrong.replaceAll(SAYS_SUM, 'sum(sizes)') : wrong;
    expect(stoppedBy(text)).toEqual(expect.arrayContaining([...by]));
  });
});
