/** A policy as the files of its folder. */
import { stringify } from 'yaml';
import type { Verdict } from '../model/verdict.ts';
import type { Kind } from '../model/kind.ts';
import type { Condition, Literal, Operand, Param, Policy } from '../model/policy.ts';
import { toCore } from '../policy/core.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from '../policy/literals.ts';
import { toRegoTest } from '../policy/to-rego-test.ts';
import type { PolicyFiles } from './deps.ts';
import type { AuthoredPolicy } from './intent.ts';

/** A literal as it is written; a parameter is left as it is. */
function written(o: unknown): unknown {
  if (Array.isArray(o)) return o.map(written);
  if (isNone(o)) return 'none';
  if (isIpRange(o)) return formatIpRange(o);
  return isRange(o) ? formatRange(o) : o;
}

function conditionText(c: Condition): unknown {
  if ('all' in c) return { all: c.all.map(conditionText) };
  if ('any' in c) return { any: c.any.map(conditionText) };
  if ('not' in c) return { not: conditionText(c.not) };
  if ('tag' in c) return { tag: mapped(c.tag) };
  if ('that' in c) {
    const { that, ...rest } = c;
    return { ...mapped(rest), that: conditionText(that) };
  }
  return mapped(c);
}
const mapped = (o: { readonly [key: string]: Operand | readonly Operand[] } | object): object =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [k, written(v)]));

const paramText = ({ says, type, default: byDefault, overrides, ...bounds }: Param): object => ({
  says,
  type,
  default: written(byDefault satisfies Literal | readonly Literal[]),
  ...bounds,
  ...(overrides === undefined
    ? {}
    : { overrides: overrides.map(({ when, value }) => ({ when: conditionText(when), value: written(value) })) }),
});

/** policy.yaml of a typed policy: `parsePolicy` reads the same policy from it. */
export function policyYaml({
  applies_when,
  require,
  params,
  frameworks,
  remediation,
  exceptions,
  ...head
}: Policy): string {
  return stringify(
    {
      id: head.id,
      title: head.title,
      severity: head.severity,
      kind: head.kind,
      ...(applies_when === undefined ? {} : { applies_when: conditionText(applies_when) }),
      require: require.map(({ id, says, that }) => ({ id, says, that: conditionText(that) })),
      ...(params === undefined
        ? {}
        : { params: Object.fromEntries(Object.entries(params).map(([name, p]) => [name, paramText(p)])) }),
      frameworks,
      remediation,
      ...(exceptions === undefined ? {} : { exceptions }),
    },
    { lineWidth: 120, aliasDuplicateObjects: false },
  );
}

/** All files of the folder of an authored policy. */
export const folderFilesOf = (
  { policy, yaml, rego, files }: Pick<AuthoredPolicy, 'policy' | 'yaml' | 'rego' | 'files'>,
  kind: Kind,
): PolicyFiles => ({
  ...files,
  'policy.yaml': yaml,
  'policy.rego': rego,
  'policy_test.rego': toRegoTest(policy, toCore(policy, kind), kind),
});

/** intent.md: the sentence as the person wrote it; and why, as it stood there before. */
export const intentText = (policy: Pick<Policy, 'title'>, sentence: string, why = ''): string =>
  `# ${policy.title}\n\n${sentence.trim()}\n${why === '' ? '' : `\n${why.trim()}\n`}`;

/** The sections of intent.md below the sentence, each under a heading of its own. */
export const sectionsOf = (intent: string): string => /^##[^]*/m.exec(intent)?.[0].trim() ?? '';

/** examples/exceptions.yaml: the mutants that no document can tell, and the verdicts that none can have, with the reason. */
export const exceptionsYaml = (
  mutants: readonly { readonly what: string; readonly where: string; readonly because: string }[],
  impossible: readonly Verdict[] = [],
): string =>
  stringify(
    {
      ...(mutants.length === 0 ? {} : { mutants }),
      ...(impossible.length === 0
        ? {}
        : {
            missing: impossible.map((verdict) => ({
              verdict,
              because: 'No document of any dialect was found for it.',
            })),
          }),
    },
    { lineWidth: 120, aliasDuplicateObjects: false },
  );
