/** Rego that a model writes, with the real tools and a scripted model: what is right is drafted as tested, everything else is named. */
import { expect, it } from 'vitest';
import { asV1 } from '../../shared/adapters/opa/rego-reader.ts';
import { verifyApart } from '../../shared/adapters/opa/verify-apart.ts';
import { draftRego, type RegoDeps } from '../../shared/authoring/rego-draft.ts';
import { statesOf } from '../../shared/authoring/resources.ts';
import type { ExampleResource } from '../../shared/authoring/verify.ts';
import { APPROVERS_NEEDED } from '../../shared/model/approval.ts';
import type { Verdict } from '../../shared/model/verdict.ts';
import type { PolicyInput } from '../../shared/policy/meaning.ts';
import { PROOF_NOW } from '../../shared/policy/proof.ts';
import type { ModelRequest } from '../../shared/ports/language-model.ts';
import { labPolicy, opaPath, probe } from '../support/policy-lab.ts';
import { describeWith } from '../support/requirements.ts';
import { callOf } from '../support/scripted-author.ts';
import { paths } from './verifier-corpus/jobs.ts';

const { policy } = labPolicy('drafted', [{ rego: ['sizes'] }]);
const sentence = 'The sizes are at most 10 in sum.';

/** What the person means. */
function judge({ facts, closed }: PolicyInput): Verdict {
  const sizes = facts['sizes'];
  if (!Array.isArray(sizes) || !closed.includes('sizes')) return 'unknown';
  return sizes.reduce((sum: number, n: unknown) => sum + Number(n), 0) <= 10 ? 'compliant' : 'violation';
}
const resource = (sizes: readonly number[], closed: readonly string[] = ['sizes']): PolicyInput => ({
  facts: { sizes },
  closed,
  now: PROOF_NOW,
});
const examples = [resource([10]), resource([5, 6]), resource([3], [])].map((input, i): ExampleResource => {
  const verdict = judge(input);
  return { file: `${verdict}/${i}.json`, resource: `r${i}`, verdict, facts: statesOf(input, probe, PROOF_NOW) };
});

const rules = (more = '', bound = 10): string => `is_known if {
	is_array(input.facts.sizes)
	is_array(input.closed)
	"sizes" in input.closed
	every item in input.facts.sizes { is_number(item) }
}

holds contains "c0" if {
	is_known
	sum(input.facts.sizes) <= ${bound}${more}
}

fails contains {"clause": "c0"} if {
	is_known
	sum(input.facts.sizes) > ${bound}${more}
}
`;
const answer = (text: string, reads: readonly string[] = ['sizes']) => ({ reads, rules: text });
const right = answer(rules());
/** Ten lists of ten, each with each: as good as without an end. */
const endless = answer(
  `ten := [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]\n\nslow if {\n${Array.from({ length: 14 }, (_, i) => `\tsome x${i} in ten\n`).join('')}\t${Array.from({ length: 14 }, (_, i) => `x${i}`).join(' + ')} < 0\n}\n\nholds contains "c0" if slow\n\n${rules()}`,
);

/** What the author says in turn; the second says what is right, or `second`. */
function scripted(answers: readonly unknown[], second: unknown = right) {
  const requests: ModelRequest[] = [];
  const model: RegoDeps['model'] = {
    ask: (request) => {
      if (request.role === 'second') return Promise.resolve({ is: 'answered', value: second, call: callOf(request) });
      requests.push(request);
      const value = answers[Math.min(requests.length, answers.length) - 1];
      return Promise.resolve(
        value === undefined
          ? { is: 'unavailable', why: 'no connection', call: callOf(request) }
          : { is: 'answered', value, call: callOf(request) },
      );
    },
  };
  const draft = (limitMs = 120_000, isAsked = true) =>
    draftRego(
      { sentence, policy, kind: probe, clause: 'c0', examples },
      {
        model,
        verify: (candidate, without = []) =>
          verifyApart(candidate, { paths, kinds: [probe], others: [], now: PROOF_NOW, seed: 7, limitMs, without }),
        format: (rego) => asV1(opaPath, rego, { version: 'v1' }),
        ...(isAsked ? { judge: (r: PolicyInput) => Promise.resolve(judge(r)) } : {}),
        now: PROOF_NOW,
        maxTokens: 2000,
      },
    );
  const counterexamples = () =>
    requests.map(({ prompt }) => prompt.find((p) => p.is === 'untrusted' && p.label === 'counterexample')?.text ?? '');
  return { draft, requests, counterexamples };
}

describeWith(['opa', 'regal'], 'Rego that a model writes', () => {
  it('is drafted as tested where every gate accepts it, with what the person was asked about', async () => {
    const drafted = await scripted([right]).draft();
    if (drafted.is !== 'drafted') throw new Error(drafted.why);
    expect(drafted.verification).toMatchObject({ accepted: true, evidence: 'tested' });
    expect(drafted.rounds).toBe(0);
    expect(drafted.examples.length).toBeGreaterThan(examples.length);
    expect(drafted.rego).not.toContain('Generated from policy.yaml');
    expect(APPROVERS_NEEDED[drafted.verification.evidence]).toBe(2);
  });

  it.each<readonly [string, unknown, RegExp]>([
    ['lies about the bound', answer(rules('', 1)), /examples: .*expected/],
    ['reads what it does not declare', answer(rules('\n\tinput.facts.size < 1')), /reads: .*input\.facts\.size/],
    [
      'lets those of a list through',
      answer(rules('\n\tnot "admin" in input.facts.names'), ['sizes', 'names']),
      /"admin" stands nowhere/,
    ],
    ['hides a literal', answer(rules('\n\tnot `admin` in input.facts.names'), ['sizes', 'names']), /stands nowhere/],
    ['brings its own package', answer(`package x\n\n${rules()}`), /^package: only rules/],
    ['brings another schema', answer(`# METADATA\n# schemas: []\n${rules()}`), /METADATA: only rules/],
    ['declares a fact that is not there', answer(rules(), ['sises']), /no fact "sises"/],
    ['is no Rego', answer('holds contains {'), /Rego/],
    ['is of another shape', { rego: rules() }, /not of the schema/],
    [
      'decides a list that was not seen whole',
      answer(rules().replace('\t"sizes" in input.closed\n', '')),
      /examples|metamorphic/,
    ],
  ])('is repaired from one counterexample where it %s', async (_, bad, why) => {
    const { draft, counterexamples, requests } = scripted([bad, right]);
    const drafted = await draft();
    expect(drafted).toMatchObject({ is: 'drafted', rounds: 1 });
    expect(counterexamples()[1]).toMatch(why);
    expect(requests.map((r) => r.purpose)).toEqual(['rego', 'rego-repair']);
  });

  it('is stopped in its thread where it does not come to an end, and named', async () => {
    const { draft, counterexamples } = scripted([endless, undefined]);
    expect(await draft(6000)).toMatchObject({ is: 'refused', code: 'model_unavailable' });
    expect(counterexamples()[1]).toBe('its evaluation does not end: stopped after 6000 ms');
  });

  it('is refused where the model says the same again, and after five rounds', async () => {
    const wrong = (n: number) => answer(`${rules('', 1)}\nunused_${n} := 1\n`, ['sises']);
    expect(await scripted([wrong(0)]).draft()).toMatchObject({
      is: 'refused',
      rounds: 1,
      why: expect.stringContaining('repeats'),
    });
    const six = scripted([0, 1, 2, 3, 4, 5, 6].map(wrong));
    expect(await six.draft()).toMatchObject({
      is: 'refused',
      rounds: 6,
      why: expect.stringContaining('after 5 rounds'),
    });
    expect(six.requests).toHaveLength(6);
  });

  it('is held against what a second model has written: where they differ the person is asked, and either may be wrong', async () => {
    const other = answer(rules('', 10).replaceAll('sum(input.facts.sizes)', 'count(input.facts.sizes)'));
    const ruledOut = await scripted([right], other).draft();
    expect(ruledOut).toMatchObject({ is: 'drafted', rounds: 0 });
    const { draft, counterexamples } = scripted([other, right]);
    expect(await draft()).toMatchObject({ is: 'drafted', rounds: 1 });
    expect(counterexamples()[1]).toMatch(/examples: .*expected/);
    expect(await scripted([right], answer('holds contains {')).draft()).toMatchObject({
      is: 'refused',
      why: expect.stringMatching(/^the second of two: /),
    });
  });

  it('is not accepted where nobody judges the resources that tell its planted bugs', async () => {
    const { draft, counterexamples } = scripted([right, undefined]);
    expect(await draft(120_000, false)).toMatchObject({ is: 'refused' });
    expect(counterexamples()[1]).toMatch(/^mutation: /);
  });
});
