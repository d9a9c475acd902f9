/**
 * Good policies that the corpus starts from, over the probe kind. Their examples are generated: a first few, then one for
 * each misreading that none of them tells from the policy. The gold stays right when a policy of the corpus goes wrong.
 */
import { stringify } from 'yaml';
import { type ExampleResource, survivorsOf } from '../../../shared/authoring/verify.ts';
import type { FactState, FactStates, FactValue } from '../../../shared/model/fact.ts';
import type { Condition } from '../../../shared/model/policy.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import type { CorePolicy } from '../../../shared/policy/core.ts';
import { meaningOf, type PolicyInput } from '../../../shared/policy/meaning.ts';
import { inputsOf, PROOF_NOW } from '../../../shared/policy/proof.ts';
import { compileValidator } from '../../../shared/policy/schema.ts';
import { probe } from '../../support/policy-lab.ts';

export interface Source {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly kind: string;
  readonly applies_when?: Condition;
  readonly require: readonly { readonly id: string; readonly says: string; readonly that: Condition }[];
  readonly frameworks: object;
  readonly remediation: string;
}

const source = (name: string, clauses: { readonly [id: string]: Condition }, scope?: Condition): Source => ({
  id: `probe.${name}`,
  title: `The ${name} of probes`,
  severity: 'low',
  kind: 'probe',
  ...(scope === undefined ? {} : { applies_when: scope }),
  require: Object.entries(clauses).map(([id, that]) => ({ id, says: `what ${id} says`, that })),
  frameworks: {},
  remediation: 'Change it.',
});

/** Each has what the failure modes need: a scope, an exception, a bound, an enum, ranges, quantifiers, a count. */
export const bases = {
  plain: source(
    'plain',
    { 'flag-on': { fact: 'flag', is: true }, 'size-enough': { fact: 'size', at_least: 30 } },
    { fact: 'level', in: ['mid', 'high'] },
  ),
  rules: source('rules', {
    'no-open-rule': {
      none: 'rules',
      that: {
        all: [
          { field: 'flag', is: true },
          { field: 'ports', intersects: [{ from: 20, to: 25 }] },
        ],
      },
    },
  }),
  sizes: source('sizes', {
    'sizes-small': { every: 'sizes', that: { item: true, at_most: 9 } },
    'few-sizes': { count: 'sizes', that: { item: true, at_least: 7 }, at_most: 2 },
  }),
  exception: source('exception', {
    'labelled-or-low': {
      any: [
        { fact: 'label', matches: 'team-*' },
        { fact: 'level', is: 'low' },
      ],
    },
  }),
} as const;
export type BaseName = keyof typeof bases;

/** The text of policy.yaml. */
export const yamlOf = (s: Source): string => stringify(s);

const validate = compileValidator(probe);

function statesOf({ facts, closed }: PolicyInput): FactStates {
  return Object.fromEntries(
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
}

function exampleOf(core: CorePolicy, input: PolicyInput, n: number): ExampleResource {
  const { verdict } = meaningOf(core, input);
  return { file: `${verdict}/${n}.json`, resource: `probe-${n}`, verdict, facts: statesOf(input) };
}

/** Examples that tell a policy from every misreading that means something else. */
export function goldExamples(s: Source): readonly ExampleResource[] {
  const compiled = compilePolicy({ file: 'gold', yaml: yamlOf(s) }, [probe]);
  const examples: ExampleResource[] = [];
  for (const [, raw] of inputsOf(compiled.core, { seed: 3, random: 300, phases: ['random'] })) {
    const input = raw as PolicyInput;
    const { undeclared, invalid } = validate(
      statesOf({ ...input, closed: Array.isArray(input.closed) ? input.closed : [] }),
    );
    if (undeclared.length > 0 || invalid.size > 0 || !Array.isArray(input.closed) || input.now !== PROOF_NOW) continue;
    const example = exampleOf(compiled.core, input, examples.length);
    if (!examples.some((e) => e.verdict === example.verdict)) examples.push(example);
  }
  for (;;) {
    const [survivor] = survivorsOf(compiled, probe, examples, PROOF_NOW).survivors;
    if (survivor === undefined) return examples;
    const { input } = survivor.on as { readonly input: PolicyInput };
    examples.push(exampleOf(compiled.core, input, examples.length));
  }
}
