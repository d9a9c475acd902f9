import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { only, plan } from '../../../support/plan.ts';

const bucket = (ancestors: readonly string[]): Json => ({
  name: '//storage.googleapis.com/ledger-exports',
  assetType: 'storage.googleapis.com/Bucket',
  ancestors: [...ancestors],
  resource: { data: { name: 'ledger-exports' } },
});
const level = (name: string, content: { readonly [k: string]: Json }): Json => ({
  name: `//cloudresourcemanager.googleapis.com/${name}`,
  assetType: `cloudresourcemanager.googleapis.com/${name.startsWith('projects') ? 'Project' : name.startsWith('folders') ? 'Folder' : 'Organization'}`,
  ...content,
});
const CONSTRAINT = 'storage.publicAccessPrevention';
const v1 = (policy: { readonly [k: string]: Json }): { readonly [k: string]: Json } => ({
  orgPolicy: [
    { constraint: 'constraints/gcp.resourceLocations', listPolicy: { allValues: 'ALLOW' } },
    { constraint: `constraints/${CONSTRAINT}`, ...policy },
  ],
});
const v2 = (name: string, spec: Json): { readonly [k: string]: Json } => ({
  v2_org_policies: [{ name: `${name}/policies/${CONSTRAINT}`, spec }],
});
const ANCESTORS = ['projects/1', 'folders/2', 'folders/3', 'organizations/4'];
const blocked = (...levels: readonly Json[]) => only([bucket(ANCESTORS), ...levels]).facts.public_access_blocked;

describe('an organisation policy above a bucket', () => {
  test.each<[string, { readonly [k: string]: Json }, object]>([
    ['enforced', v1({ booleanPolicy: { enforced: true } }), { state: 'known', value: true }],
    ['not enforced', v1({ booleanPolicy: { enforced: false } }), { state: 'known', value: false }],
    ['with the default left out', v1({ booleanPolicy: {} }), { state: 'default', value: false }],
    ['restored to the default', v1({ restoreDefault: {} }), { state: 'default', value: false }],
    ['that is no boolean', v1({ booleanPolicy: { enforced: 'maybe' } }), { state: 'unknown', why: 'invalid' }],
    ['of the second API, enforced', v2('projects/1', { rules: [{ enforce: true }] }), { state: 'known', value: true }],
    ['of the second API, reset', v2('projects/1', { reset: true }), { state: 'default', value: false }],
    [
      'with a condition',
      v2('projects/1', { rules: [{ enforce: true, condition: { expression: "resource.matchTag('1/env', 'prod')" } }] }),
      { state: 'unknown', why: 'unresolved' },
    ],
    [
      'with several rules',
      v2('projects/1', { rules: [{ enforce: true }, { enforce: false, condition: { expression: 'true' } }] }),
      { state: 'unknown', why: 'unresolved' },
    ],
  ])('%s', (_, content, state) => {
    expect(blocked(level('projects/1', content))).toMatchObject(state);
  });

  test('of a dry run decides nothing: what is set above holds', () => {
    const name = `projects/1/policies/${CONSTRAINT}`;
    const observed = (enforce: boolean) =>
      level('projects/1', { v2_org_policies: [{ name, dryRunSpec: { rules: [{ enforce }] } }] });
    const above = level('folders/2', v1({ booleanPolicy: { enforced: true } }));
    expect(blocked(observed(false), above)).toMatchObject({ state: 'known', value: true, part: 'ancestor_1' });
    const none = level('folders/2', v1({ booleanPolicy: { enforced: false } }));
    expect(blocked(observed(true), none)).toMatchObject({ state: 'known', value: false, part: 'ancestor_1' });
    const both = { name, spec: { rules: [{ enforce: false }] }, dryRunSpec: { rules: [{ enforce: true }] } };
    expect(blocked(level('projects/1', { v2_org_policies: [both] }), above)).toMatchObject({ value: false });
  });

  test('is inherited through levels that say nothing about it', () => {
    const silent = { orgPolicy: [{ constraint: 'constraints/gcp.resourceLocations' }] };
    const above = level('folders/3', v1({ booleanPolicy: { enforced: true } }));
    expect(blocked(level('projects/1', silent), level('folders/2', silent), above)).toMatchObject({
      state: 'known',
      value: true,
      part: 'ancestor_2',
    });
    expect(blocked(level('projects/1', silent), above)).toMatchObject({ state: 'unknown' });
  });

  test('that allows, above a level that was not seen, is no better than none', () => {
    expect(blocked(level('organizations/4', v1({ booleanPolicy: {} })))).toMatchObject({
      state: 'assumed',
      value: false,
    });
  });

  test('of another project says nothing', () => {
    expect(blocked(level('projects/9', v1({ booleanPolicy: { enforced: true } })))).toMatchObject({ state: 'assumed' });
  });
});

describe('a satellite of a bucket in a plan', () => {
  test('finds a bucket whose name is known only after apply', () => {
    const document = plan(
      {
        address: 'google_storage_bucket.exports',
        after: { location: 'EU', uniform_bucket_level_access: true },
        unknown: { name: true },
        expressions: {
          name: { references: ['random_id.suffix.hex', 'random_id.suffix'] },
          uniform_bucket_level_access: { constant_value: true },
        },
      },
      {
        address: 'google_storage_bucket_iam_binding.readers',
        after: {
          role: 'roles/storage.objectViewer',
          members: ['group:ops@example.com', 'allAuthenticatedUsers'],
          condition: [],
        },
        unknown: { bucket: true },
        expressions: {
          bucket: { references: ['google_storage_bucket.exports.name', 'google_storage_bucket.exports'] },
        },
      },
    );
    expect(only(document).facts.public_read).toMatchObject({
      state: 'assumed',
      value: true,
      at: '/resource_changes/1/change/after/members',
      native: 'roles/storage.objectViewer to allAuthenticatedUsers',
    });
  });
});
