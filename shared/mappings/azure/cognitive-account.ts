/**
 * Azure OpenAI and Azure AI Services (Foundry) account: the accounts that serve language models. Accounts of other kinds
 * (speech, vision, translation …) are no model endpoints. A notification may leave the kind out: then it has to be read back.
 */
import { modelEndpoint } from '../../kinds/model-endpoint.ts';
import type { FactState } from '../../model/fact.ts';
import type { NativeResource } from '../../model/native.ts';
import { defineMapping, type OwnerRef, type Parts } from '../mapping.ts';
import { at, type Because, derive, look, type Reading, unknown } from '../reader.ts';
import { collected, diagnosticParts } from './diagnostic-settings.ts';
import { type NetworkAccessAt, reach } from './network-access.ts';
import { settle, valueOf } from '../certainty.ts';
import { azurermOwner, keyBlock } from './terraform.ts';

const ACCOUNT = 'microsoft.cognitiveservices/accounts';
/** The kinds that serve models. https://learn.microsoft.com/azure/ai-services/multi-service-resource (read 2026-11-25) */
const MODEL_KINDS: ReadonlySet<string> = new Set(['openai', 'aiservices']);

const on = '2026-11-25';
const docs = {
  network: { because: 'https://learn.microsoft.com/azure/ai-services/cognitive-services-virtual-networks', on },
  localAuth: { because: 'https://learn.microsoft.com/azure/ai-services/disable-local-auth', on },
  encryption: { because: 'https://learn.microsoft.com/azure/ai-services/openai/encrypt-data-at-rest', on },
} satisfies { readonly [name: string]: Because };

const ARM_NETWORK: NetworkAccessAt = {
  access: '/properties/publicNetworkAccess',
  firewall: '/properties/networkAcls',
  action: '/defaultAction',
  addresses: '/ipRules',
  address: 'value',
  open: docs.network,
};
const AZURERM_NETWORK = (access: string): NetworkAccessAt => ({
  access,
  firewall: '/network_acls/0',
  action: '/default_action',
  addresses: '/ip_rules',
  open: docs.network,
});

/** True, false, or undefined where the document cannot say yet. */
function servesModels(native: NativeResource): boolean | undefined {
  if (native.type === 'azurerm_ai_services') return true;
  const kind = look(native, '/kind');
  if (kind.is === 'unresolved') return undefined;
  return kind.is === 'value' && typeof kind.value === 'string' && MODEL_KINDS.has(kind.value.toLowerCase());
}

/** Whether it is a model endpoint at all may not be known before the template is deployed: then nothing else is. */
const ofModels =
  (fact: (parts: Parts) => FactState) =>
  (parts: Parts): FactState => {
    const kind = parts.get<boolean>('serves_models');
    return kind?.state === 'unknown' ? kind : fact(parts);
  };

const kindReading = derive<boolean>((native) => {
  const serves = servesModels(native);
  return serves === undefined
    ? unknown('unresolved', `${native.pointer}/kind`, 'the kind of the account')
    : { state: 'known', value: serves, at: `${native.pointer}/kind` };
});

const keySource = at('/properties/encryption/keySource').oneOf({
  'Microsoft.CognitiveServices': 'provider_key',
  'Microsoft.KeyVault': 'customer_key',
});

const KEY_BESIDE = 'azurerm_cognitive_account_customer_managed_key';
const accountOwner = (native: NativeResource): OwnerRef | undefined =>
  azurermOwner(native, ACCOUNT, 'cognitive_account_id');

export const cognitiveAccount = defineMapping('azure/cognitive-account', {
  cloud: 'azure',
  kind: modelEndpoint,
  title: 'Azure OpenAI or AI Services account',
  parts: {
    account: {
      native: {
        'azure.arm': ACCOUNT,
        'azure.notification': ACCOUNT,
        terraform: ['azurerm_cognitive_account', 'azurerm_ai_services'],
      },
      accepts: (native) => native.deleted === true || servesModels(native) !== false,
      readings: {
        serves_models: { 'azure.arm': kindReading, 'azure.notification': kindReading, terraform: kindReading },
        network: {
          'azure.arm': reach(ARM_NETWORK),
          'azure.notification': reach(ARM_NETWORK),
          terraform: derive((native) =>
            reach(
              AZURERM_NETWORK(
                native.type === 'azurerm_ai_services' ? '/public_network_access' : '/public_network_access_enabled',
              ),
            )(native),
          ),
        },
        local_auth: {
          'azure.arm': at('/properties/disableLocalAuth')
            .bool()
            .map((disabled) => !disabled)
            .orDefault(true, docs.localAuth),
          'azure.notification': at('/properties/disableLocalAuth')
            .bool()
            .map((disabled) => !disabled),
          terraform: at('/local_auth_enabled', '/local_authentication_enabled').bool().orDefault(true, docs.localAuth),
        },
        encryption_key: {
          'azure.arm': keySource.orDefault('provider_key', docs.encryption),
          'azure.notification': keySource,
          terraform: keyBlock(KEY_BESIDE, docs.encryption),
        },
      },
    },
    customer_key: {
      native: { terraform: KEY_BESIDE },
      owner: accountOwner,
      readings: {
        customer_key: {
          terraform: derive(
            (native): Reading<string> => ({ state: 'known', value: 'customer_key', at: native.pointer }),
          ),
        },
      },
    },
    ...diagnosticParts(ACCOUNT),
  },
  facts: {
    public_network: ofModels((parts) => {
      const network = parts.read<string>('network');
      return settle(valueOf(network) === 'public', network);
    }),
    static_keys: ofModels((parts) => parts.read<boolean>('local_auth') as FactState),
    encryption: ofModels(
      (parts) => (parts.get<string>('customer_key') ?? parts.read<string>('encryption_key')) as FactState,
    ),
    // Each call with its caller; the category `Audit` records what is done to the account.
    invocations_logged: ofModels((parts) => collected(parts, ['RequestResponse'])),
  },
});
