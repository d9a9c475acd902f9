/** Azure Machine Learning workspace: no model endpoint itself, but its key encrypts what its endpoints serve. */
import { defineMapping } from '../mapping.ts';
import { at } from '../reader.ts';

export const ML_WORKSPACE = 'microsoft.machinelearningservices/workspaces';

const status = at('/properties/encryption/status').oneOf({ Enabled: 'customer_key', Disabled: 'provider_key' });

export const mlWorkspace = defineMapping('azure/ml-workspace', {
  cloud: 'azure',
  kind: null,
  title: 'Azure Machine Learning workspace',
  parts: {
    workspace: {
      native: { 'azure.arm': ML_WORKSPACE, 'azure.notification': ML_WORKSPACE },
      readings: {
        encryption_key: {
          'azure.arm': status.orDefault('provider_key', {
            because: 'https://learn.microsoft.com/azure/machine-learning/concept-data-encryption',
            on: '2026-11-25',
          }),
          'azure.notification': status,
        },
      },
    },
  },
  facts: {},
});
