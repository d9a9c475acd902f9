/**
 * Azure Machine Learning online endpoint. Its network and its keys are its own; the key at rest is its workspace's.
 * The azurerm provider has no resource for it.
 */
import { modelEndpoint } from '../../kinds/model-endpoint.ts';
import type { FactState } from '../../model/fact.ts';
import { defineMapping, type Parts } from '../mapping.ts';
import { at, type Because } from '../reader.ts';
import { ancestorOf } from './arm-id.ts';
import { collected, diagnosticParts } from './diagnostic-settings.ts';
import { ML_WORKSPACE } from './ml-workspace.ts';
import { settle, valueOf } from '../certainty.ts';
import { notSeen } from './seen.ts';

const ENDPOINT = `${ML_WORKSPACE}/onlineendpoints`;

const docs = {
  network: {
    because: 'https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint',
    on: '2026-11-25',
  },
} satisfies { readonly [name: string]: Because };

const access = at('/properties/publicNetworkAccess').oneOf({ Enabled: true, Disabled: false });
// An AMLToken is handed out to an identity and expires: it is no static key.
const keys = at('/properties/authMode').oneOf({ Key: true, AMLToken: false, AADToken: false });
const compute = at('/properties/compute')
  .string()
  .map((id) => id !== '');

/** The endpoint's own switch decides, unless it runs on a Kubernetes cluster, whose ingress does. */
function publicNetwork(parts: Parts): FactState {
  const cluster = parts.get<boolean>('on_cluster');
  if (cluster?.state === 'unknown') return cluster;
  if (valueOf(cluster) === true) return notSeen("the cluster's ingress decides who reaches it");
  return parts.read<boolean>('public_access');
}

export const mlOnlineEndpoint = defineMapping('azure/ml-online-endpoint', {
  cloud: 'azure',
  kind: modelEndpoint,
  title: 'Azure Machine Learning online endpoint',
  parts: {
    endpoint: {
      native: { 'azure.arm': ENDPOINT, 'azure.notification': ENDPOINT },
      readings: {
        public_access: { 'azure.arm': access.orDefault(true, docs.network), 'azure.notification': access },
        keys: { 'azure.arm': keys, 'azure.notification': keys },
        on_cluster: { 'azure.arm': compute, 'azure.notification': compute },
      },
    },
    ...diagnosticParts(ENDPOINT),
  },
  dependsOn: {
    workspace: {
      mapping: 'azure/ml-workspace',
      on: (native) => {
        const id = ancestorOf(native.id, ML_WORKSPACE);
        return id === undefined ? undefined : { id };
      },
    },
  },
  facts: {
    public_network: publicNetwork,
    static_keys: (parts) => parts.read<boolean>('keys') as FactState,
    encryption: (parts) => {
      const workspace = parts.dependency('workspace');
      const key = workspace?.get<string>('encryption_key');
      return key === undefined
        ? notSeen('the workspace, whose key it is, was not read')
        : settle(valueOf(key) ?? '', key);
    },
    // Each call with its caller's object id.
    invocations_logged: (parts) => collected(parts, ['AmlOnlineEndpointTrafficLog']),
  },
});
