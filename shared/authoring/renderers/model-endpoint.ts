/** Model endpoints: SageMaker endpoints, Azure OpenAI accounts, Vertex AI endpoints. */
import type { Json } from '../../model/json.ts';
import {
  ANCESTORS,
  armNotification,
  armRest,
  armTemplate,
  awsApi,
  caiAssets,
  cfnTemplate,
  type Edits,
  GONE,
  GROUP,
  type JsonObject,
  later,
  SUBSCRIPTION,
  terraformPlan,
} from './document.ts';
import { at, type NativeForm, type Setter } from './form.ts';

// ── SageMaker ─────────────────────────────────────────────────────────────────────────────────────────────────────

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/5d3c2b1a-0f9e-4c8d-b7a6-958473625140';
const VARIANT = { VariantName: 'main', ModelName: 'churn-7', InitialInstanceCount: 2, InstanceType: 'ml.m6i.large' };

const sageMakerApi: NativeForm = {
  name: 'aws.api-sagemaker-endpoint',
  cloud: 'aws',
  envelope: awsApi,
  main: 'endpoint',
  account: '111122223333',
  region: 'eu-west-1',
  draft: {
    endpoint: {
      EndpointName: 'churn',
      EndpointArn: 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn',
      EndpointConfigName: 'churn-2026-10',
      EndpointStatus: 'InService',
    },
    configuration: {
      EndpointConfigName: 'churn-2026-10',
      EndpointConfigArn: 'arn:aws:sagemaker:eu-west-1:111122223333:endpoint-config/churn-2026-10',
      ProductionVariants: [VARIANT],
    },
  },
  facts: {
    encryption: { customer_key: { '/configuration/KmsKeyId': KEY }, unknown: { '/configuration': GONE } },
  },
};

const sageMakerCfn: NativeForm = {
  name: 'aws.cfn-sagemaker-endpoint',
  cloud: 'aws',
  envelope: cfnTemplate,
  main: 'Endpoint',
  draft: {
    Endpoint: {
      Type: 'AWS::SageMaker::Endpoint',
      Properties: { EndpointConfigName: { 'Fn::GetAtt': ['Configuration', 'EndpointConfigName'] } },
    },
    Configuration: { Type: 'AWS::SageMaker::EndpointConfig', Properties: { ProductionVariants: [VARIANT] } },
  },
  facts: { encryption: at('/Configuration/Properties/KmsKeyId', { customer_key: KEY, unknown: { Ref: 'Given' } }) },
};

const OPEN = later('terraform_data.guardrails.output', 'terraform_data.guardrails');
const sageMakerTerraform: NativeForm = {
  name: 'terraform-aws-sagemaker-endpoint',
  cloud: 'aws',
  envelope: terraformPlan('aws', ['tags', 'tags_all']),
  main: 'churn',
  region: 'eu-west-1',
  draft: {
    churn: {
      type: 'aws_sagemaker_endpoint',
      values: {
        name: 'churn',
        endpoint_config_name: later(
          'aws_sagemaker_endpoint_configuration.configuration.name',
          'aws_sagemaker_endpoint_configuration.configuration',
        ),
      },
    },
    configuration: {
      type: 'aws_sagemaker_endpoint_configuration',
      values: {
        production_variants: [
          { variant_name: 'main', model_name: 'churn-7', initial_instance_count: 2, instance_type: 'ml.m6i.large' },
        ],
      },
    },
  },
  facts: { encryption: at('/configuration/values/kms_key_arn', { customer_key: KEY, unknown: OPEN }) },
};

// ── Azure OpenAI ──────────────────────────────────────────────────────────────────────────────────────────────────

const COGNITIVE = 'Microsoft.CognitiveServices/accounts';
const ACCOUNT = `${GROUP}/${COGNITIVE}/oai-claims`;
const WORKSPACE = `${SUBSCRIPTION}/resourceGroups/rg-security/providers/Microsoft.OperationalInsights/workspaces/log-security`;
const AT = '/account/properties';
const TEMPLATE_OPEN = "[parameters('given')]";
const account = '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90';
const region = 'swedencentral';
const PROPERTIES: JsonObject = {
  customSubDomainName: 'oai-claims',
  disableLocalAuth: true,
  publicNetworkAccess: 'Disabled',
  encryption: { keySource: 'Microsoft.CognitiveServices' },
};
const VAULT = { keySource: 'Microsoft.KeyVault', keyVaultProperties: { keyName: 'claims', keyVersion: '1' } };
const LOGS: Json = [{ category: 'RequestResponse', enabled: true }];

/** What the account itself says; `open` is what stands for a value that is not known. */
const accountFacts = (open: Json | typeof GONE): { readonly [fact: string]: Setter } => ({
  public_network: at(`${AT}/publicNetworkAccess`, {
    true: 'Enabled',
    unknown: open === GONE ? 'SecuredByPerimeter' : open,
  }),
  static_keys: at(`${AT}/disableLocalAuth`, { true: false, unknown: open }),
  encryption: {
    customer_key: { [`${AT}/encryption`]: VAULT },
    unknown: { [`${AT}/encryption/keySource`]: open },
  },
});
const openAi = { name: 'oai-claims', type: COGNITIVE, kind: 'OpenAI', location: region, sku: { name: 'S0' } };

const openAiRest: NativeForm = {
  name: 'azure.arm-rest-openai',
  cloud: 'azure',
  envelope: armRest,
  main: 'account',
  account,
  region,
  draft: { account: { id: ACCOUNT, ...openAi, properties: PROPERTIES } },
  facts: {
    ...accountFacts(GONE),
    invocations_logged: {
      true: {
        '/setting': {
          id: `${ACCOUNT}/providers/Microsoft.Insights/diagnosticSettings/to-security`,
          name: 'to-security',
          type: 'Microsoft.Insights/diagnosticSettings',
          properties: { workspaceId: WORKSPACE, logs: LOGS },
        },
      },
    },
  },
};
const templateSetting = (logs: Json): Edits => ({
  '/setting': {
    type: 'Microsoft.Insights/diagnosticSettings',
    apiVersion: '2021-05-01-preview',
    name: 'to-security',
    scope: `[resourceId('${COGNITIVE}', 'oai-claims')]`,
    properties: { workspaceId: WORKSPACE, logs },
  },
});
const openAiTemplate: NativeForm = {
  name: 'azure.arm-template-openai',
  cloud: 'azure',
  envelope: armTemplate,
  main: 'account',
  region,
  draft: { account: { apiVersion: '2025-06-01', ...openAi, properties: PROPERTIES } },
  facts: {
    ...accountFacts(TEMPLATE_OPEN),
    invocations_logged: { true: templateSetting(LOGS), unknown: templateSetting(TEMPLATE_OPEN) },
  },
};
const openAiNotification: NativeForm = {
  name: 'azure.notification-openai',
  cloud: 'azure',
  envelope: armNotification,
  main: 'account',
  account,
  region,
  draft: {
    account: {
      id: ACCOUNT,
      ...openAi,
      properties: {
        ...PROPERTIES,
        networkAcls: { defaultAction: 'Allow', virtualNetworkRules: [], ipRules: [] },
      },
    },
  },
  facts: accountFacts(GONE),
};
const TF = '/claims/values';
const tfSetting = (logs: Json): Edits => ({
  '/setting': {
    type: 'azurerm_monitor_diagnostic_setting',
    values: {
      name: 'to-security',
      target_resource_id: later('azurerm_cognitive_account.claims.id', 'azurerm_cognitive_account.claims'),
      log_analytics_workspace_id: WORKSPACE,
      enabled_log: logs,
    },
  },
});
const openAiTerraform: NativeForm = {
  name: 'terraform-azurerm-openai',
  cloud: 'azure',
  envelope: terraformPlan('azurerm', ['tags']),
  main: 'claims',
  region,
  draft: {
    claims: {
      type: 'azurerm_cognitive_account',
      values: {
        name: 'oai-claims',
        resource_group_name: 'rg-claims',
        location: region,
        kind: 'OpenAI',
        sku_name: 'S0',
        local_auth_enabled: false,
        public_network_access_enabled: false,
        customer_managed_key: [],
      },
    },
  },
  facts: {
    public_network: at(`${TF}/public_network_access_enabled`, { true: true, unknown: OPEN }),
    static_keys: at(`${TF}/local_auth_enabled`, { true: true, unknown: OPEN }),
    encryption: at(`${TF}/customer_managed_key`, {
      customer_key: [{ key_vault_key_id: 'https://kv-claims.vault.azure.net/keys/claims' }],
      unknown: OPEN,
    }),
    invocations_logged: { true: tfSetting([{ category: 'RequestResponse' }]), unknown: tfSetting(OPEN) },
  },
};

// ── Vertex AI ─────────────────────────────────────────────────────────────────────────────────────────────────────

const CRYPTO_KEY = 'projects/acme-keys/locations/europe-west4/keyRings/claims/cryptoKeys/models';
const DATA = '/endpoint/resource/data';
const UNSEEN: Edits = { '/endpoint/resource': GONE };
const READS = [{ service: 'aiplatform.googleapis.com', auditLogConfigs: [{ logType: 'DATA_READ' }] }];
const level = (id: string, type: string): JsonObject => ({
  name: `//cloudresourcemanager.googleapis.com/${id}`,
  assetType: `cloudresourcemanager.googleapis.com/${type}`,
  iamPolicy: { bindings: [{ role: 'roles/owner', members: ['group:platform@acme.example'] }] },
});
const [PROJECT = '', FOLDER = '', ORGANIZATION = ''] = ANCESTORS;
const VERTEX = 'projects/417203886120/locations/europe-west4/endpoints/5512098733314';
const vertexCai: NativeForm = {
  name: 'gcp.cai-vertex-endpoint',
  cloud: 'gcp',
  envelope: caiAssets('/labels'),
  main: 'endpoint',
  account: '417203886120',
  region: 'europe-west4',
  draft: {
    endpoint: {
      name: `//aiplatform.googleapis.com/${VERTEX}`,
      assetType: 'aiplatform.googleapis.com/Endpoint',
      resource: {
        version: 'v1',
        discoveryName: 'GoogleCloudAiplatformV1Endpoint',
        parent: `//cloudresourcemanager.googleapis.com/${PROJECT}`,
        location: 'europe-west4',
        data: { name: VERTEX, displayName: 'claims-triage' },
      },
    },
    project: level(PROJECT, 'Project'),
    folder: level(FOLDER, 'Folder'),
    organization: level(ORGANIZATION, 'Organization'),
  },
  facts: {
    public_network: {
      false: { [`${DATA}/network`]: 'projects/417203886120/global/networks/models' },
      unknown: UNSEEN,
    },
    static_keys: {},
    encryption: {
      customer_key: { [`${DATA}/encryptionSpec/kmsKeyName`]: CRYPTO_KEY },
      unknown: UNSEEN,
    },
    invocations_logged: {
      true: { '/project/iamPolicy/auditConfigs': READS },
      unknown: [{}, { '/folder': GONE }],
    },
  },
};
const vertexTerraform: NativeForm = {
  name: 'terraform-google-vertex-endpoint',
  cloud: 'gcp',
  envelope: terraformPlan('google', ['labels', 'effective_labels', 'terraform_labels']),
  main: 'triage',
  account: 'acme-claims',
  region: 'europe-west4',
  draft: {
    triage: {
      type: 'google_vertex_ai_endpoint',
      values: {
        name: '5512098733314',
        display_name: 'claims-triage',
        project: 'acme-claims',
        location: 'europe-west4',
        encryption_spec: [],
      },
    },
  },
  facts: {
    public_network: at('/triage/values/network', {
      false: 'projects/417203886120/global/networks/models',
      unknown: OPEN,
    }),
    static_keys: {},
    encryption: {
      customer_key: { '/triage/values/encryption_spec': [{ kms_key_name: CRYPTO_KEY }] },
      unknown: { '/triage/values/encryption_spec': [{ kms_key_name: OPEN }] },
    },
    invocations_logged: {
      true: {
        '/audit': {
          type: 'google_project_iam_audit_config',
          values: {
            project: 'acme-claims',
            service: 'aiplatform.googleapis.com',
            audit_log_config: [{ log_type: 'DATA_READ', exempted_members: [] }],
          },
        },
      },
    },
  },
};

export const modelEndpointForms: readonly NativeForm[] = [
  sageMakerApi,
  sageMakerCfn,
  sageMakerTerraform,
  openAiRest,
  openAiTemplate,
  openAiNotification,
  openAiTerraform,
  vertexCai,
  vertexTerraform,
];
