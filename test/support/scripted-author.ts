/** Authoring without a model: results made of policies that are given. */
import type { Authored, AuthoredPolicy, Refusal } from '../../shared/authoring/intent.ts';
import type { Verification } from '../../shared/authoring/verify.ts';
import type { ModelCall, ModelRequest } from '../../shared/ports/language-model.ts';

/** policy.yaml of a kind with this scope and these requirements, as flow YAML. */
export function policyYaml(kind: string, require: readonly string[], scope?: string, more = ''): string {
  return [
    `id: ${kind.replaceAll('_', '-')}.drafted`,
    'title: Drafted',
    'severity: medium',
    `kind: ${kind}`,
    ...(scope === undefined ? [] : [`applies_when: ${scope}`]),
    'require:',
    ...require.map((that, i) => `  - { id: c${i}, says: drafted, that: ${that} }`),
    ...(more === '' ? [] : [more]),
    'frameworks: {}',
    'remediation: none',
    '',
  ].join('\n');
}

const passed: Omit<Verification, 'policy'> = { accepted: true, evidence: 'proved', gates: [], warnings: [] };
const stopped: Omit<Verification, 'policy'> = {
  ...passed,
  accepted: false,
  gates: [{ name: 'vacuity', passed: false, counterexample: 'never_violated', ms: 1 }],
};

/** What is authored of these policies; `gated`: the gates do not accept them. */
export function authoredOf(
  yamls: readonly string[],
  { gated = false, calls = [] }: { readonly gated?: boolean; readonly calls?: readonly ModelCall[] } = {},
): Authored {
  const policies = yamls.map(
    (yaml): AuthoredPolicy =>
      // What the evaluation does not read of a draft is left out.
      ({
        yaml,
        covers: [],
        uncovered: [],
        rego: '',
        files: {},
        verification: { policy: '', ...(gated ? stopped : passed) },
      }) as Partial<AuthoredPolicy> as AuthoredPolicy,
  );
  return { is: 'authored', checks: [], policies, leftOut: [], questions: [], judged: [], rounds: 1, calls };
}

export const refusedWith = (code: Refusal['code'], why = 'scripted'): Refusal => ({
  is: 'refused',
  code,
  why,
  calls: [],
});

/** The record of a call. */
export const callOf = (request: Pick<ModelRequest, 'role' | 'purpose'>, more: Partial<ModelCall> = {}): ModelCall => ({
  role: request.role,
  purpose: request.purpose,
  model: 'scripted',
  requestHash: '0'.repeat(64),
  usage: { inputTokens: 100, cachedTokens: 60, outputTokens: 10, cost: 0.001 },
  ms: 500,
  outcome: 'answered',
  ...more,
});
