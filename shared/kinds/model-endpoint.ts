import { bool, oneOf, optional } from '../model/fact.ts';
import { defineKind } from '../model/kind.ts';

/** SageMaker endpoint, Azure OpenAI / AI Services account, Azure ML online endpoint, Vertex AI endpoint. */
export const modelEndpoint = defineKind('model_endpoint', {
  title: 'Model endpoint',
  facts: {
    public_network: optional(
      bool('The model can be called from the public network; none where the provider has no switch that decides it.'),
    ),
    static_keys: bool('Callers can authenticate with a shared, long-lived key instead of an identity.'),
    encryption: oneOf(['none', 'provider_key', 'customer_key'], 'The key under which model data is encrypted at rest.'),
    invocations_logged: bool('Who called the model, and when, is recorded.'),
  },
});
