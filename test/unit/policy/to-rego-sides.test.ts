import { describe, expect, it } from 'vitest';
import { objectStore } from '../../../shared/kinds/object-store.ts';
import { parsePolicy, registryOf } from '../../../shared/policy/clauses.ts';
import { toCore } from '../../../shared/policy/core.ts';
import { toRego } from '../../../shared/policy/to-rego.ts';

const regoOf = (that: string): string => {
  const policy = parsePolicy(
    `id: object-store.sides
title: Sides
severity: low
kind: object_store
require:
  - id: only
    says: sides
    that: ${that}
frameworks: {}
remediation: none
`,
    { file: 'policy.yaml', kinds: registryOf([objectStore]) },
  );
  return toRego(policy, toCore(policy, objectStore));
};

describe('the Rego of a policy', () => {
  it('that nothing can fail says so, and is no rule that is missing', () => {
    const rego = regoOf('{ fact: encryption, in: [none, provider_key, customer_key] }');
    expect(rego).toContain('holds contains "only"');
    expect(rego).not.toContain('fails contains');
    expect(rego).toMatch(/^fails := set\(\)$/m);
  });

  it('that can hold and fail has no empty side', () => {
    expect(regoOf('{ fact: versioned, is: true }')).not.toContain('set()');
  });
});
