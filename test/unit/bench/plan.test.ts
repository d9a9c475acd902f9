/** What the benchmarks measure is what they say: plans that are read, of the mixture that they claim; two hundred policies. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RESOURCES_PER_SERVICE, writePlan } from '../../../bench/plan.ts';
import { benchPolicies } from '../../../bench/policies.ts';
import { detectForm } from '../../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../../shared/mappings/document.ts';
import type { Json } from '../../../shared/model/json.ts';

function planOf(resources: number): Json {
  const folder = mkdtempSync(join(tmpdir(), 'edict-plan-'));
  try {
    const path = join(folder, 'plan.json');
    const { sizeBytes } = writePlan(path, resources);
    const text = readFileSync(path, 'utf8');
    expect(text.length).toBe(sizeBytes);
    return JSON.parse(text) as Json;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('a plan to be measured', () => {
  it('is a Terraform plan: of every thirty resources nine are judged, and twelve are of unknown types', () => {
    // In the root module, and as instances of one.
    const services = 20;
    const plan = planOf(services * RESOURCES_PER_SERVICE);
    const form = detectForm(plan);
    expect(form?.id).toBe('terraform-plan');
    const { resources, unsupported } = mapDocument(form?.read(plan, {}) ?? []);
    expect(resources).toHaveLength(9 * services);
    expect(unsupported.reduce((sum, { count }) => sum + count, 0)).toBe(12 * services);
    expect(new Set(resources.map((r) => r.kind.id))).toEqual(
      new Set(['object_store', 'sql_database', 'firewall', 'model_endpoint']),
    );
    // A satellite finds its owner, in a module too.
    const owners = resources.filter((r) => r.nativeType === 'aws_s3_bucket');
    expect(owners.every((bucket) => bucket.natives.length === 6)).toBe(true);
  });

  it('is the same each time, and differs from service to service', () => {
    expect(planOf(60)).toEqual(planOf(60));
    const { resources } = mapDocument(detectForm(planOf(600))?.read(planOf(600), {}) ?? []);
    const seen = new Set(resources.map((r) => JSON.stringify([r.kind.id, r.facts])));
    expect(seen.size).toBe(resources.length);
  });
});

describe('the policies to be measured', () => {
  it('are two hundred different ones, the shipped ones among them', () => {
    const policies = benchPolicies();
    expect(new Set(policies.map((p) => p.policy.id)).size).toBe(200);
    expect(new Set(policies.map((p) => p.rego)).size).toBe(200);
    expect(policies.every((p) => p.bundled.evidence === 'proved')).toBe(true);
  });
});
