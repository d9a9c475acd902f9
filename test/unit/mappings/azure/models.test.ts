import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { detectForm } from '../../../../shared/mappings/dialects/index.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const RG = '/subscriptions/s/resourceGroups/rg/providers';
const UNKNOWN = { state: 'unknown' };
const is = (value: Json) => ({ value });

describe('an Azure OpenAI or AI Services account', () => {
  const ID = `${RG}/Microsoft.CognitiveServices/accounts/ai`;
  const account = (properties: Fields = {}, more: Fields = { kind: 'OpenAI' }): Fields => ({
    id: ID,
    name: 'ai',
    type: 'Microsoft.CognitiveServices/accounts',
    ...more,
    properties,
  });

  test.each<readonly [string, string, Fields, object]>([
    ['public_network', 'unset', {}, { state: 'default', value: true }],
    ['public_network', 'off', { publicNetworkAccess: 'Disabled' }, is(false)],
    [
      'public_network',
      'off, whatever the firewall says',
      { publicNetworkAccess: 'Disabled', networkAcls: { defaultAction: 'Allow' } },
      is(false),
    ],
    [
      'public_network',
      'open to all',
      { publicNetworkAccess: 'Enabled', networkAcls: { defaultAction: 'Allow' } },
      is(true),
    ],
    [
      'public_network',
      'chosen networks only',
      {
        publicNetworkAccess: 'Enabled',
        networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.0/24' }] },
      },
      is(false),
    ],
    [
      'public_network',
      'the internet by address',
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '0.0.0.0/0' }] } },
      is(true),
    ],
    [
      'public_network',
      'an address that cannot be read',
      { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: 'office' }] } },
      UNKNOWN,
    ],
    ['static_keys', 'unset', {}, { state: 'default', value: true }],
    ['static_keys', 'off', { disableLocalAuth: true }, is(false)],
    ['encryption', 'unset', {}, { state: 'default', value: 'provider_key' }],
    ['encryption', 'a key of ours', { encryption: { keySource: 'Microsoft.KeyVault' } }, is('customer_key')],
    ['invocations_logged', 'unseen', {}, UNKNOWN],
  ])('%s: %s', (name, _, properties, expected) => {
    expect(only(account(properties)).facts[name]).toMatchObject(expected);
  });

  test('is logged by the category that records requests', () => {
    const setting = (category: string): Fields => ({
      id: `${ID}/providers/Microsoft.Insights/diagnosticSettings/d`,
      name: 'd',
      type: 'Microsoft.Insights/diagnosticSettings',
      properties: { logs: [{ category, enabled: true }] },
    });
    expect(only({ value: [account(), setting('RequestResponse')] }).facts['invocations_logged']).toMatchObject(
      is(true),
    );
    expect(only({ value: [account(), setting('Audit')] }).facts['invocations_logged']).toMatchObject(UNKNOWN);
  });

  test('of a kind that serves no models is unsupported; so is one whose kind an event leaves out', () => {
    expect(mapped(account({}, { kind: 'AIServices' }))).toHaveLength(1);
    for (const more of [{ kind: 'SpeechServices' }, { kind: 'TextTranslation' }, {}]) {
      const document = account({}, more);
      const natives = detectForm(document)?.read(document, {}) ?? [];
      expect(mapDocument(natives)).toMatchObject({
        resources: [],
        unsupported: [{ nativeType: 'microsoft.cognitiveservices/accounts', count: 1 }],
      });
    }
  });

  test('whose kind is decided at deployment is unknown in everything', () => {
    const kind = {
      address: 'azurerm_cognitive_account.ai',
      after: { name: 'ai', local_auth_enabled: true },
      unknown: { kind: true },
      expressions: { kind: { references: ['var.kind'] } },
    };
    const { facts } = only(plan(kind));
    for (const name of ['public_network', 'static_keys', 'encryption', 'invocations_logged'])
      expect(facts[name]).toMatchObject(UNKNOWN);
  });

  test('in a plan', () => {
    const ai = (after: Fields, type = 'azurerm_cognitive_account') =>
      only(plan({ address: `${type}.ai`, after: { name: 'ai', kind: 'OpenAI', ...after } })).facts;
    expect(ai({})).toMatchObject({
      public_network: { value: true },
      static_keys: { value: true },
      encryption: { value: 'provider_key' },
      invocations_logged: { value: false },
    });
    expect(ai({ public_network_access_enabled: false, local_auth_enabled: false })).toMatchObject({
      public_network: { value: false },
      static_keys: { value: false },
    });
    expect(ai({ network_acls: [{ default_action: 'Deny', ip_rules: [], virtual_network_rules: [] }] })).toMatchObject({
      public_network: { value: false },
    });
    expect(
      ai({ public_network_access: 'Disabled', local_authentication_enabled: false }, 'azurerm_ai_services'),
    ).toMatchObject({ public_network: { value: false }, static_keys: { value: false } });
  });
});

describe('an Azure Machine Learning online endpoint', () => {
  const WORKSPACE = `${RG}/Microsoft.MachineLearningServices/workspaces/w`;
  const ID = `${WORKSPACE}/onlineEndpoints/e`;
  const endpoint = (properties: Fields = {}): Fields => ({
    id: ID,
    name: 'e',
    type: 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints',
    properties,
  });
  const workspace = (properties: Fields = {}): Fields => ({
    id: WORKSPACE,
    name: 'w',
    type: 'Microsoft.MachineLearningServices/workspaces',
    properties,
  });

  test.each<readonly [string, string, Fields, object]>([
    ['static_keys', 'a key', { authMode: 'Key' }, is(true)],
    ['static_keys', 'a token that expires', { authMode: 'AMLToken' }, is(false)],
    ['static_keys', 'an identity', { authMode: 'AADToken' }, is(false)],
    ['static_keys', 'unset', {}, UNKNOWN],
    ['public_network', 'off', { publicNetworkAccess: 'Disabled' }, is(false)],
    ['public_network', 'unset', {}, { state: 'default', value: true }],
    [
      'public_network',
      'on a cluster',
      { publicNetworkAccess: 'Disabled', compute: `${WORKSPACE}/computes/k8s` },
      UNKNOWN,
    ],
    ['encryption', 'workspace unseen', {}, UNKNOWN],
  ])('%s: %s', (name, _, properties, expected) => {
    expect(only(endpoint(properties)).facts[name]).toMatchObject(expected);
  });

  test('is encrypted under the key of its workspace, which is no endpoint itself', () => {
    expect(only({ value: [workspace(), endpoint()] }).facts['encryption']).toMatchObject(is('provider_key'));
    expect(
      only({ value: [workspace({ encryption: { status: 'Enabled' } }), endpoint()] }).facts['encryption'],
    ).toMatchObject(is('customer_key'));
    expect(mapped(workspace())).toEqual([]);
  });
});
