import { describe, expect, test } from 'vitest';
import type { FactStates } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { only, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const NAME = '//aiplatform.googleapis.com/projects/417203/locations/europe-west4/endpoints/77';
const facts = (data: Fields, ...policies: readonly Json[]): FactStates =>
  only([
    {
      name: NAME,
      assetType: 'aiplatform.googleapis.com/Endpoint',
      ancestors: ['projects/417203', 'organizations/7'],
      resource: { data: { displayName: 'scoring', ...data } },
    },
    ...policies,
  ]).facts;
const policy = (level: string, auditConfigs?: Json): Json => ({
  name: `//cloudresourcemanager.googleapis.com/${level}`,
  assetType: `cloudresourcemanager.googleapis.com/${level.startsWith('projects') ? 'Project' : 'Organization'}`,
  iamPolicy: { bindings: [], ...(auditConfigs === undefined ? {} : { auditConfigs }) },
});
const reads = (service: string, more: Fields = {}): Json => [
  { service, auditLogConfigs: [{ logType: 'DATA_WRITE' }, { logType: 'DATA_READ', ...more }] },
];

describe('a Vertex AI endpoint', () => {
  test('is public unless it is peered or behind Private Service Connect', () => {
    expect(facts({}).public_network).toMatchObject({ state: 'default', value: true });
    expect(facts({ network: '' }).public_network).toMatchObject({ value: true });
    expect(facts({ dedicatedEndpointEnabled: true }).public_network).toMatchObject({ value: true });
    expect(facts({ privateServiceConnectConfig: { enablePrivateServiceConnect: false } }).public_network).toMatchObject(
      { value: true },
    );
    for (const data of [
      { network: 'projects/417203/global/networks/inner' },
      { privateServiceConnectConfig: { enablePrivateServiceConnect: true } },
      { enablePrivateServiceConnect: true },
    ]) {
      expect(facts(data).public_network, JSON.stringify(data)).toMatchObject({ state: 'known', value: false });
    }
  });

  test('takes no keys, and encrypts with the key it names', () => {
    expect(facts({})).toMatchObject({
      static_keys: { value: false },
      encryption: { state: 'default', value: 'provider_key' },
    });
    expect(facts({ encryptionSpec: { kmsKeyName: 'projects/p/k' } }).encryption).toMatchObject({
      value: 'customer_key',
    });
  });

  test('records who called where Data Access logs are on at any level above it', () => {
    const at = '/1/iamPolicy/auditConfigs/0/auditLogConfigs/1/logType';
    expect(facts({}, policy('projects/417203', reads('aiplatform.googleapis.com'))).invocations_logged).toEqual({
      state: 'known',
      value: true,
      at,
      part: 'ancestor_0',
    });
    expect(facts({}, policy('organizations/7', reads('allServices'))).invocations_logged).toMatchObject({
      value: true,
    });
  });

  test('does not where every level is seen and none switches them on for everyone', () => {
    const off = policy('organizations/7');
    for (const project of [
      policy('projects/417203'),
      policy('projects/417203', reads('storage.googleapis.com')),
      policy('projects/417203', reads('allServices', { exemptedMembers: ['user:jo@example.com'] })),
    ]) {
      expect(facts({}, project, off).invocations_logged).toMatchObject({ state: 'default', value: false });
    }
    expect(facts({}, policy('projects/417203')).invocations_logged?.state).toBe('unknown');
    expect(facts({ predictRequestResponseLoggingConfig: { enabled: true } }).invocations_logged?.state).toBe('unknown');
  });

  test('with an address of its own it is unknown who called', () => {
    const on = policy('projects/417203', reads('allServices'));
    expect(facts({ network: 'projects/1/global/networks/n' }, on).invocations_logged?.state).toBe('unknown');
    expect(facts({ dedicatedEndpointEnabled: true }, on).invocations_logged?.state).toBe('unknown');
  });
});

describe('a Vertex AI endpoint in a plan', () => {
  const endpoint = (after: Fields, rest: object = {}) => ({
    address: 'google_vertex_ai_endpoint.e',
    after: { name: '77', display_name: 'scoring', location: 'europe-west4', project: 'acme', ...after },
    ...rest,
  });
  test('reads its blocks', () => {
    expect(
      only(
        plan(
          endpoint({
            private_service_connect_config: [{ enable_private_service_connect: true }],
            encryption_spec: [{ kms_key_name: 'k' }],
          }),
        ),
      ).facts,
    ).toMatchObject({ public_network: { value: false }, encryption: { value: 'customer_key' } });
    expect(only(plan(endpoint({}))).facts.public_network).toMatchObject({ state: 'default', value: true });
  });

  test('a network that is created in the same plan is a network', () => {
    const rest = {
      unknown: { network: true },
      expressions: { network: { references: ['google_compute_network.inner.id', 'google_compute_network.inner'] } },
    };
    expect(only(plan(endpoint({}, rest))).facts.public_network).toMatchObject({ state: 'known', value: false });
  });

  test('an audit configuration of its project in the same plan counts', () => {
    const audit = {
      address: 'google_project_iam_audit_config.all',
      after: {
        project: 'acme',
        service: 'allServices',
        audit_log_config: [{ log_type: 'DATA_READ', exempted_members: [] }],
      },
    };
    expect(only(plan(endpoint({}), audit)).facts.invocations_logged).toMatchObject({ state: 'known', value: true });
    expect(only(plan(endpoint({}))).facts.invocations_logged?.state).toBe('unknown');
  });
});
