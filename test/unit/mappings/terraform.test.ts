import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../../shared/model/errors.ts';
import type { Json } from '../../../shared/model/json.ts';
import { type NativeResource, Unresolved } from '../../../shared/model/native.ts';
import { terraformOwner, terraformPlan, terraformState } from '../../../shared/mappings/dialects/terraform.ts';
import { at, look } from '../../../shared/mappings/reader.ts';

interface Change {
  readonly address: string;
  readonly actions?: readonly string[];
  readonly after?: Json;
  readonly unknown?: Json;
  readonly sensitive?: Json;
  readonly more?: { readonly [key: string]: Json };
}
/** A resource change in the plan's form; type, name, module and index come from the address. */
const change = ({ address, actions = ['create'], after = {}, unknown = {}, sensitive = {}, more }: Change): Json => {
  const inner = address.slice(address.lastIndexOf('module.') === -1 ? 0 : address.search(/[^.]+\.[^.]+$/));
  const [type = '', rest = ''] = inner.split('.');
  return {
    address,
    mode: 'managed',
    type,
    name: rest.replace(/\[.*$/, ''),
    ...(address === inner ? {} : { module_address: address.slice(0, -inner.length - 1) }),
    change: { actions, before: null, after, after_unknown: unknown, after_sensitive: sensitive },
    ...more,
  };
};
/** The configuration of resources: type.name -> expressions. */
const configured = (resources: { readonly [address: string]: Json }, provider: Json = {}): Json => ({
  provider_config: { aws: { name: 'aws', expressions: provider } },
  root_module: {
    resources: Object.entries(resources).map(([address, expressions]) => ({
      address,
      mode: 'managed',
      type: address.split('.')[0] ?? '',
      name: address.split('.')[1] ?? '',
      provider_config_key: 'aws',
      expressions,
    })),
  },
});
const plan = (changes: readonly Json[], configuration?: Json, more: { readonly [key: string]: Json } = {}): Json => ({
  format_version: '1.2',
  terraform_version: '1.11.4',
  resource_changes: changes,
  ...(configuration === undefined ? {} : { configuration }),
  ...more,
});
const only = (document: Json): NativeResource => {
  const natives = terraformPlan.read(document, {});
  expect(natives).toHaveLength(1);
  return natives[0] as NativeResource;
};
const refsAt = (native: NativeResource | undefined, pointer: string): readonly string[] | string => {
  if (native === undefined) return 'no such resource';
  const found = look(native, pointer);
  return found.is === 'unresolved' ? found.refs : found.is;
};

describe('which resources a plan has', () => {
  it('keeps what will exist, and nothing that is deleted, forgotten or only read', () => {
    const natives = terraformPlan.read(
      plan([
        change({ address: 'aws_s3_bucket.created', actions: ['create'] }),
        change({ address: 'aws_s3_bucket.updated', actions: ['update'] }),
        change({ address: 'aws_s3_bucket.kept', actions: ['no-op'] }),
        change({ address: 'aws_s3_bucket.replaced', actions: ['delete', 'create'] }),
        change({ address: 'aws_s3_bucket.replaced2', actions: ['create', 'delete'] }),
        change({ address: 'aws_s3_bucket.deleted', actions: ['delete'], after: null }),
        change({ address: 'aws_s3_bucket.forgotten', actions: ['forget'], after: null }),
        change({ address: 'aws_s3_bucket.old', actions: ['delete'], after: null, more: { deposed: 'abc' } }),
        change({ address: 'aws_caller_identity.me', actions: ['read'], more: { mode: 'data' } }),
      ]),
      {},
    );
    expect(natives.map((n) => [n.id, n.creates])).toEqual([
      ['aws_s3_bucket.created', true],
      ['aws_s3_bucket.updated', false],
      ['aws_s3_bucket.kept', false],
      ['aws_s3_bucket.replaced', true],
      ['aws_s3_bucket.replaced2', true],
    ]);
    expect(natives[1]?.pointer).toBe('/resource_changes/1/change/after');
  });

  it('keeps deferred resources, and says that such a plan is not complete', () => {
    const deferred = { reason: 'absent_prereq', resource_change: change({ address: 'aws_s3_bucket.later' }) };
    const natives = terraformPlan.read(
      plan([change({ address: 'aws_s3_bucket.now' })], undefined, { deferred_changes: [deferred], complete: false }),
      {},
    );
    expect(natives.map((n) => [n.id, n.complete])).toEqual([
      ['aws_s3_bucket.now', false],
      ['aws_s3_bucket.later', false],
    ]);
    expect(natives[1]?.pointer).toBe('/deferred_changes/0/resource_change/change/after');
  });

  it('names the cloud, the name, the account and the region', () => {
    const provider = {
      region: { constant_value: 'eu-west-1' },
      allowed_account_ids: { constant_value: ['123456789012'] },
    };
    const bucket = only(
      plan(
        [change({ address: 'aws_s3_bucket.b', after: { bucket: 'my-bucket' } })],
        configured({ 'aws_s3_bucket.b': { bucket: { constant_value: 'my-bucket' } } }, provider),
      ),
    );
    expect(bucket).toMatchObject({
      cloud: 'aws',
      type: 'aws_s3_bucket',
      name: 'my-bucket',
      account: '123456789012',
      region: 'eu-west-1',
      complete: true,
    });
    const azure = only(plan([change({ address: 'azurerm_storage_account.a', after: { location: 'West Europe' } })]));
    expect(azure).toMatchObject({ cloud: 'azure', region: 'westeurope' });
    const gcp = only(
      plan([change({ address: 'google_compute_instance.a', after: { zone: 'europe-west1-b', project: 'p' } })]),
    );
    expect(gcp).toMatchObject({ cloud: 'gcp', region: 'europe-west1', account: 'p' });
  });

  it('does not take the region of another provider for an unknown one', () => {
    const document = plan(
      [change({ address: 'aws_s3_bucket.b', after: {}, unknown: { region: true } })],
      configured(
        { 'aws_s3_bucket.b': { region: { references: ['local.region'] } } },
        { region: { constant_value: 'eu-west-1' } },
      ),
    );
    expect(only(document).region).toBeUndefined();
  });

  it('refuses a plan that failed, and a version that it does not know', () => {
    for (const [document, reason] of [
      [plan([], undefined, { errored: true }), /plan again/],
      [{ ...(plan([]) as object), format_version: '2.0' }, /format_version 2\.0/],
    ] as const) {
      expect(() => terraformPlan.read(document, {})).toThrow(reason);
      try {
        terraformPlan.read(document, {});
      } catch (error) {
        expect(isAppError(error, 'EVENT_INVALID')).toBe(true);
      }
    }
  });

  it('reads planned values where there are no changes, and the state, down to nested modules', () => {
    const values = {
      root_module: {
        resources: [
          { address: 'aws_s3_bucket.a', mode: 'managed', type: 'aws_s3_bucket', name: 'a', values: { bucket: 'a' } },
        ],
        child_modules: [
          {
            address: 'module.m',
            child_modules: [
              {
                address: 'module.m.module.n[0]',
                resources: [
                  {
                    address: 'module.m.module.n[0].aws_s3_bucket.b',
                    mode: 'managed',
                    type: 'aws_s3_bucket',
                    name: 'b',
                    values: { bucket: 'b' },
                  },
                ],
              },
            ],
          },
        ],
      },
    };
    const state = { format_version: '1.0', terraform_version: '1.5.0', values };
    expect(terraformPlan.detect(state)).toBe(false);
    expect(terraformState.detect(state)).toBe(true);
    expect(terraformState.read(state, {}).map((n) => [n.id, n.pointer, n.creates])).toEqual([
      ['aws_s3_bucket.a', '/values/root_module/resources/0/values', false],
      [
        'module.m.module.n[0].aws_s3_bucket.b',
        '/values/root_module/child_modules/0/child_modules/0/resources/0/values',
        false,
      ],
    ]);
    const planned = { format_version: '1.0', planned_values: values };
    expect(terraformPlan.detect(planned)).toBe(true);
    expect(terraformState.detect(planned)).toBe(false);
    expect(terraformPlan.read(planned, {})).toHaveLength(2);
  });
});

describe('unknown values', () => {
  it('replaces exactly what the plan marks, and leaves the document as it was', () => {
    const after = { bucket: 'b', rule: [{ a: 1 }, { a: 2 }], tags: { known: 'x' } };
    const document = plan([
      change({
        address: 'aws_s3_bucket.b',
        after,
        unknown: { arn: true, rule: [{}, { b: true }], tags: { late: true } },
      }),
    ]);
    const before = structuredClone(document);
    const { body } = only(document);
    expect(document).toEqual(before);
    expect(body).toMatchObject({ bucket: 'b', rule: [{ a: 1 }, { a: 2 }], tags: { known: 'x' } });
    const native = only(document);
    expect(refsAt(native, '/arn')).toEqual([]);
    expect(refsAt(native, '/rule/1/b')).toEqual([]);
    expect(refsAt(native, '/rule/0/b')).toBe('absent');
    expect(refsAt(native, '/tags/late')).toEqual([]);
  });

  it('counts a scalar that a new resource leaves to the provider as absent, and only there', () => {
    const fallback = { because: 'https://example.com', on: '2026-11-25' };
    const days = at('/backup_retention_period').int().orDefault(1, fallback);
    const read = (actions: readonly string[], expressions: Json | undefined) =>
      days(
        only(
          plan(
            [change({ address: 'aws_db_instance.d', actions, unknown: { backup_retention_period: true } })],
            expressions === undefined ? undefined : configured({ 'aws_db_instance.d': expressions }),
          ),
        ),
      );
    expect(read(['create'], {})).toMatchObject({ state: 'default', value: 1 });
    expect(read(['update'], {})).toMatchObject({ state: 'unknown', why: 'unresolved' });
    expect(read(['create'], { backup_retention_period: { references: ['local.days'] } })).toMatchObject({
      state: 'unknown',
    });
    // Without the configuration nobody can tell whether it was written.
    expect(read(['create'], undefined)).toMatchObject({ state: 'unknown' });
  });

  it('never takes a block that may be made dynamically for one that is not there', () => {
    const native = only(
      plan(
        [change({ address: 'google_storage_bucket.b', unknown: { encryption: true, versioning: true } })],
        configured({ 'google_storage_bucket.b': { name: { constant_value: 'b' } } }),
      ),
    );
    expect(at('/encryption/0/default_kms_key_name').string()(native)).toMatchObject({ state: 'unknown' });
    expect(at('/encryption').present()(native)).toMatchObject({ state: 'unknown' });
    expect(at('/encryption').json()(native)).toMatchObject({ state: 'unknown' });
    // The provider chooses this one when it is not written, and shows a dynamic one as a list of one item.
    expect(at('/versioning/0/enabled').bool()(native)).toBeUndefined();
  });

  it('finds what is written inside a block, and what the block leaves out', () => {
    const native = only(
      plan(
        [
          change({
            address: 'aws_s3_bucket_server_side_encryption_configuration.e',
            after: { rule: [{ apply_server_side_encryption_by_default: [{ sse_algorithm: 'aws:kms' }] }] },
            unknown: {
              rule: [
                { apply_server_side_encryption_by_default: [{ kms_master_key_id: true }], bucket_key_enabled: true },
              ],
            },
          }),
        ],
        configured({
          'aws_s3_bucket_server_side_encryption_configuration.e': {
            rule: [
              {
                apply_server_side_encryption_by_default: [
                  {
                    kms_master_key_id: { references: ['aws_kms_key.k.arn', 'aws_kms_key.k'] },
                    sse_algorithm: { constant_value: 'aws:kms' },
                  },
                ],
              },
            ],
          },
        }),
      ),
    );
    expect(refsAt(native, '/rule/0/apply_server_side_encryption_by_default/0/kms_master_key_id')).toEqual([
      'aws_kms_key.k',
    ]);
    expect(at('/rule/0/bucket_key_enabled').bool()(native)).toBeUndefined();
  });

  it('cannot tell what a block that the expressions do not show leaves out', () => {
    const native = only(
      plan(
        [
          change({
            address: 'aws_s3_bucket.b',
            after: { logging: [{ target_prefix: 'x' }] },
            unknown: { logging: [{ target_bucket: true }] },
          }),
        ],
        configured({ 'aws_s3_bucket.b': {} }),
      ),
    );
    expect(at('/logging/0/target_bucket').string()(native)).toMatchObject({ state: 'unknown', why: 'unresolved' });
  });

  it('takes what any block writes where blocks are a set, whose order is lost', () => {
    const native = only(
      plan(
        [
          change({
            address: 'aws_security_group.g',
            after: { ingress: [{}, {}] },
            unknown: { ingress: [{ cidr: true }, {}] },
          }),
        ],
        configured({
          'aws_security_group.g': {
            ingress: [
              { cidr: { constant_value: '10.0.0.0/8' } },
              { cidr: { references: ['aws_eip.e.public_ip', 'aws_eip.e'] } },
            ],
          },
        }),
      ),
    );
    expect(refsAt(native, '/ingress/0/cidr')).toEqual(['aws_eip.e']);
  });

  it('survives a key that would set a prototype', () => {
    const unknown = JSON.parse('{"__proto__": {"polluted": true}, "arn": true}') as Json;
    const native = only(plan([change({ address: 'aws_s3_bucket.b', unknown })]));
    expect(Object.getPrototypeOf(native.body)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('references, in a plan that Terraform wrote', () => {
  const file = new URL('../../fixtures/terraform/references/plan.json', import.meta.url);
  const natives = terraformPlan.read(JSON.parse(readFileSync(file, 'utf8')) as Json, {});
  const refs = (address: string): readonly string[] | string =>
    refsAt(
      natives.find((n) => n.id === address),
      '/input',
    );

  it.each([
    ['count.index', 'terraform_data.sat_count[1]', ['terraform_data.many[1]']],
    ['each.value', 'terraform_data.sat_each["b"]', ['terraform_data.each["b"]']],
    ['each.key', 'terraform_data.sat_eachkey["a"]', ['terraform_data.each["a"]']],
    ['a literal key', 'terraform_data.sat_static', ['terraform_data.each["a"]']],
    ['a module output', 'terraform_data.sat_mod', ['module.m["a"].terraform_data.inner[0]']],
    [
      'an output of the instance with the same key',
      'terraform_data.sat_moddyn["b"]',
      ['module.m["b"].terraform_data.inner[0]'],
    ],
    [
      'a module input that is each.value of the call',
      'module.m["b"].terraform_data.inner[0]',
      ['terraform_data.each["b"]'],
    ],
    [
      'a choice between two',
      'terraform_data.cond',
      ['terraform_data.root', 'terraform_data.many[0]', 'terraform_data.many[1]'],
    ],
    ['a local, which plans leave out', 'terraform_data.sat_local', ['local.loc']],
  ])('follows %s', (_, address, expected) => {
    expect(refs(address)).toEqual(expected);
  });

  it('follows what stands inside a list', () => {
    const native = natives.find((n) => n.id === 'module.m["a"].terraform_data.inner2');
    expect(refsAt(native, '/input/1')).toContain('module.m["a"].terraform_data.inner[0]');
  });

  it('finds the owner of a value that is known', () => {
    const known = natives.find((n) => n.id === 'terraform_data.known') as NativeResource;
    expect(terraformOwner(known, '/input')).toEqual({ refs: ['terraform_data.root'] });
  });
});

describe('owners', () => {
  const policy = (bucket: Json, references: readonly string[]) =>
    terraformPlan
      .read(
        plan(
          [
            change({ address: 'aws_s3_bucket.a', after: { bucket: 'a', id: 'a' }, actions: ['no-op'] }),
            change({ address: 'aws_s3_bucket_policy.p', after: { bucket } }),
          ],
          configured({
            'aws_s3_bucket.a': { bucket: { constant_value: 'a' } },
            'aws_s3_bucket_policy.p': { bucket: references.length === 0 ? { constant_value: bucket } : { references } },
          }),
        ),
        {},
      )
      .find((n) => n.type === 'aws_s3_bucket_policy') as NativeResource;

  it('is the resource whose value the attribute equals', () => {
    expect(terraformOwner(policy('a', ['aws_s3_bucket.a.bucket', 'aws_s3_bucket.a']), '/bucket')).toEqual({
      refs: ['aws_s3_bucket.a'],
    });
  });
  it('is not the resource that only takes part in a name', () => {
    expect(terraformOwner(policy('a-logs', ['aws_s3_bucket.a.bucket', 'aws_s3_bucket.a']), '/bucket')).toEqual({
      name: 'a-logs',
    });
  });
  it('is found by id where the reference is hidden', () => {
    expect(terraformOwner(policy('a', ['local.bucket']), '/bucket')).toEqual({ refs: ['aws_s3_bucket.a'] });
    expect(terraformOwner(policy('a', []), '/bucket')).toEqual({ refs: ['aws_s3_bucket.a'] });
  });
  it('is open where the plan hides what the value comes from', () => {
    const owner = (references: readonly string[]) => {
      const document = plan(
        [change({ address: 'aws_s3_bucket_policy.p', unknown: { bucket: true } })],
        configured({ 'aws_s3_bucket_policy.p': { bucket: { references } } }),
      );
      return terraformOwner(only(document), '/bucket');
    };
    expect(owner(['local.bucket', 'aws_s3_bucket.a'])).toEqual({
      refs: ['local.bucket', 'aws_s3_bucket.a'],
      open: true,
    });
    expect(owner(['each.key'])).toEqual({ refs: [], open: true });
    expect(owner(['aws_s3_bucket.a.id', 'aws_s3_bucket.a'])).toEqual({ refs: ['aws_s3_bucket.a'] });
    expect(owner(['aws_local.x.id', 'aws_local.x'])).toEqual({ refs: ['aws_local.x'] });
  });
  it('is undefined where nothing is said', () => {
    expect(terraformOwner(policy(null, []), '/bucket')).toBeUndefined();
  });
});

describe('tags', () => {
  const tags = (after: Json, unknown: Json, expressions: Json, provider: Json = {}) =>
    only(
      plan(
        [change({ address: 'aws_s3_bucket.b', after, unknown })],
        configured({ 'aws_s3_bucket.b': expressions }, provider),
      ),
    ).tags;
  const literal = (value: Json): Json => ({ tags: { constant_value: value } });

  it('are those of tags_all, with where they stand', () => {
    expect(tags({ tags: { a: '1' }, tags_all: { a: '1', b: '2' } }, {}, literal({ a: '1' }))).toEqual({
      state: 'known',
      closed: true,
      at: '/resource_changes/0/change/after/tags_all',
      value: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    });
  });
  it('are known to be none where neither the resource nor its provider sets any', () => {
    expect(tags({ tags: null }, { tags_all: true }, {})).toMatchObject({ state: 'known', value: [], closed: true });
  });
  it('take the default tags of the provider in', () => {
    const provider = { default_tags: [{ tags: { constant_value: { env: 'prod', a: '0' } } }] };
    expect(tags({ tags: { a: '1' } }, { tags_all: true }, literal({ a: '1' }), provider)).toMatchObject({
      closed: true,
      value: [
        { key: 'env', value: 'prod' },
        { key: 'a', value: '1' },
      ],
    });
  });
  it('are open or unknown where the default tags are not known', () => {
    const provider = { default_tags: [{ tags: { references: ['local.tags'] } }] };
    expect(tags({ tags: { a: '1' } }, { tags_all: true }, literal({ a: '1' }), provider)).toMatchObject({
      closed: false,
    });
    expect(tags({ tags: null }, { tags_all: true }, {}, provider)).toMatchObject({
      state: 'unknown',
      why: 'unresolved',
    });
  });
  it('are open where one value is unknown, and unknown where all are', () => {
    const expressions = { tags: { references: ['aws_x.y'] } };
    expect(tags({ tags: { a: '1' } }, { tags: { b: true }, tags_all: true }, expressions)).toMatchObject({
      state: 'known',
      value: [{ key: 'a', value: '1' }],
      closed: false,
    });
    expect(tags({}, { tags: true, tags_all: true }, expressions)).toMatchObject({
      state: 'unknown',
      why: 'unresolved',
    });
  });
});

describe('sensitive values', () => {
  it('are listed, so that nobody shows them', () => {
    const native = only(
      plan([
        change({
          address: 'aws_db_instance.d',
          after: { password: 'hunter2', nested: [{ key: 'k' }] },
          sensitive: { password: true, nested: [{ key: true, other: false }] },
        }),
      ]),
    );
    expect(native.extra?.sensitive).toEqual([
      '/resource_changes/0/change/after/password',
      '/resource_changes/0/change/after/nested/0/key',
    ]);
  });
});

describe('sensitive tags', () => {
  const tags = (sensitive: Json) =>
    only(
      plan([
        change({
          address: 'aws_s3_bucket.b',
          after: { tags: { a: '1', 'b/c': '2' }, tags_all: { a: '1', 'b/c': '2' } },
          sensitive,
        }),
      ]),
    ).tags;
  it('are not read, and leave the others open', () => {
    expect(tags({ tags: { 'b/c': true } })).toMatchObject({ value: [{ key: 'a', value: '1' }], closed: false });
    expect(tags({ tags: true })).toMatchObject({ state: 'unknown' });
    expect(tags({ tags: {}, password: true })).toMatchObject({ closed: true });
  });
});

describe('hostile documents', () => {
  it('ends on modules and variables that refer to each other', () => {
    const call = (references: readonly string[]): Json => ({
      expressions: { x: { references } },
      module: {
        outputs: { o: { expression: { references: ['var.x'] } } },
        resources: [],
      },
    });
    const document = plan([change({ address: 'aws_s3_bucket_policy.p', unknown: { bucket: true } })], {
      root_module: {
        resources: [{ address: 'aws_s3_bucket_policy.p', expressions: { bucket: { references: ['module.a.o'] } } }],
        module_calls: { a: call(['module.b.o']), b: call(['module.a.o']) },
      },
    });
    expect(refsAt(only(document), '/bucket')).toEqual([]);
  });

  it('says what is wrong with a change that is none', () => {
    expect(() => terraformPlan.read(plan([{ mode: 'managed', change: { actions: ['create'] } }]), {})).toThrow(
      /address/,
    );
  });

  it('passes by what is no object', () => {
    expect(terraformPlan.read(plan([null, 1, 'x', []]), {})).toEqual([]);
    expect(new Unresolved('x').unset).toBe(false);
  });
});
