/**
 * SageMaker real-time, serverless and asynchronous endpoints.
 *
 * - **public_network** is none: `InvokeEndpoint` is an operation of the regional runtime API. Nothing on an endpoint, its
 *   configuration or its model opens or closes it; every request is signed, and who may sign it is for IAM policies.
 *   `VpcConfig` and `EnableNetworkIsolation` are about what the model's containers can reach.
 * - **static_keys** is false: requests are signed with the credentials of an IAM identity; an endpoint has no key of its own.
 * - **encryption** is the key of the endpoint configuration; without one the volumes are encrypted under AWS's.
 * - **invocations_logged** stays unknown: `DataCaptureConfig` records what was asked and answered, but not who asked.
 *   Callers are recorded by a CloudTrail trail that collects data events of `AWS::SageMaker::Endpoint`, a setting of the
 *   account that no document of the endpoint shows.
 */
import { modelEndpoint } from '../../kinds/model-endpoint.ts';
import { NONE, type State } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import type { NativeResource } from '../../model/native.ts';
import { templateOwner } from '../dialects/cloudformation.ts';
import { defineMapping, type OwnerRef } from '../mapping.ts';
import { derive, type Reader, unknown } from '../reader.ts';
import { sageMakerArn } from './arn.ts';
import { doc, plannedDependency, said } from './evidence.ts';
import { type KeyOwner, readKey } from './kms-key.ts';

const INVOKE = doc('https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html');
const AT_REST = doc('https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html');

/** The key that an endpoint configuration names, else AWS's. */
const keyAt = (pointer: string): Reader<KeyOwner> =>
  derive<KeyOwner>((native): State<KeyOwner> | undefined => readKey(native, pointer)).orDefault(
    'provider_key',
    AT_REST,
  );

/** The endpoint configuration that the endpoint uses now. */
function configurationOf(native: NativeResource): OwnerRef | undefined {
  if (native.dialect === 'terraform') return plannedDependency(native, '/endpoint_config_name');
  if (native.dialect === 'aws.cfn') return templateOwner(native, 'EndpointConfigName');
  const name = said(native, '/EndpointConfigName');
  return name === undefined || native.account === undefined || native.region === undefined
    ? undefined
    : { id: sageMakerArn('endpoint-config', name, { account: native.account, region: native.region }) };
}

export const sageMakerEndpoint = defineMapping('aws/sagemaker-endpoint', {
  cloud: 'aws',
  kind: modelEndpoint,
  title: 'SageMaker endpoint',
  dependsOn: { configuration: { mapping: 'aws/sagemaker-endpoint-config', on: configurationOf } },
  parts: {
    endpoint: {
      native: {
        'aws.api': 'AWS::SageMaker::Endpoint',
        'aws.cfn': 'AWS::SageMaker::Endpoint',
        terraform: 'aws_sagemaker_endpoint',
      },
    },
  },
  facts: {
    public_network: (parts) =>
      parts.seen('endpoint') ? { state: 'default', value: NONE, ...INVOKE } : unknown('not_collected'),
    static_keys: (parts) =>
      parts.seen('endpoint') ? { state: 'default', value: false, ...INVOKE } : unknown('not_collected'),
    encryption: (parts) => {
      const key = parts.dependency('configuration')?.get<KeyOwner>('encryption');
      if (key === undefined) return unknown('not_collected', undefined, 'the endpoint configuration was not seen');
      return key.state === 'known' ? { ...key, part: 'configuration' } : key;
    },
    invocations_logged: () =>
      unknown('not_collected', undefined, 'callers are recorded by CloudTrail data events, a setting of the account'),
  },
});

/** The configuration of endpoints: carries the key of their storage. */
export const sageMakerEndpointConfig = defineMapping('aws/sagemaker-endpoint-config', {
  cloud: 'aws',
  kind: null,
  title: 'SageMaker endpoint configuration',
  parts: {
    configuration: {
      native: {
        'aws.config': 'AWS::SageMaker::EndpointConfig',
        'aws.api': 'AWS::SageMaker::EndpointConfig',
        'aws.cfn': 'AWS::SageMaker::EndpointConfig',
        terraform: 'aws_sagemaker_endpoint_configuration',
      },
      readings: {
        encryption: {
          'aws.config': keyAt('/configuration/KmsKeyId'),
          'aws.api': keyAt('/KmsKeyId'),
          'aws.cfn': keyAt('/KmsKeyId'),
          terraform: keyAt('/kms_key_arn'),
        },
      },
    },
  },
  facts: {},
});

/** The model behind an endpoint: known, so that it is not counted as unsupported; it carries none of the kind's facts. */
export const sageMakerModel = defineMapping('aws/sagemaker-model', {
  cloud: 'aws',
  kind: null,
  title: 'SageMaker model',
  parts: {
    model: {
      native: {
        'aws.config': 'AWS::SageMaker::Model',
        'aws.api': 'AWS::SageMaker::Model',
        'aws.cfn': 'AWS::SageMaker::Model',
        terraform: 'aws_sagemaker_model',
      },
    },
  },
  facts: {},
});

// --- state-change events --------------------------------------------------------------------------------------------

/** What a SageMaker state-change event is about; the state is read back by the SDK. */
export interface SageMakerNotice {
  readonly resourceType: 'AWS::SageMaker::Endpoint' | 'AWS::SageMaker::EndpointConfig' | 'AWS::SageMaker::Model';
  /** The ARN. */
  readonly resourceId: string;
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** ISO-8601 UTC: when EventBridge says that it happened. */
  readonly changedAt: string;
  readonly deleted: boolean;
}

const NOTICES: {
  readonly [detailType: string]: readonly [
    SageMakerNotice['resourceType'],
    'endpoint' | 'endpoint-config' | 'model',
    string,
  ];
} = {
  'SageMaker Endpoint State Change': ['AWS::SageMaker::Endpoint', 'endpoint', 'EndpointName'],
  'SageMaker Endpoint Config State Change': ['AWS::SageMaker::EndpointConfig', 'endpoint-config', 'EndpointConfigName'],
  'SageMaker Model State Change': ['AWS::SageMaker::Model', 'model', 'ModelName'],
};

/**
 * Reads a SageMaker state-change event from EventBridge; undefined for anything else or an unusable one.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html (read 2026-11-25)
 */
export function sageMakerNotice(event: unknown): SageMakerNotice | undefined {
  if (!isObject(event) || event.source !== 'aws.sagemaker' || !isObject(event.detail)) return undefined;
  const about = NOTICES[String(event['detail-type'])];
  const { account, region, time, detail } = event;
  if (about === undefined || typeof account !== 'string' || typeof region !== 'string' || typeof time !== 'string') {
    return undefined;
  }
  const [resourceType, resource, nameKey] = about;
  const name = detail[nameKey];
  const changed = new Date(time);
  if (typeof name !== 'string' || name === '' || Number.isNaN(changed.getTime())) return undefined;
  return {
    resourceType,
    resourceId: sageMakerArn(resource, name, { account, region }),
    name,
    account,
    region,
    changedAt: changed.toISOString(),
    deleted: typeof detail.EndpointStatus === 'string' && detail.EndpointStatus.toUpperCase() === 'DELETED',
  };
}
