import { describe, expect, test } from 'vitest';
import { sageMakerNotice } from '../../../../shared/mappings/aws/sagemaker-endpoint.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import { awsApi } from '../../../../shared/mappings/dialects/aws-api.ts';
import { configEvent as form } from '../../../../shared/mappings/dialects/aws-config.ts';
import { ACCOUNT, configEvent, REGION } from '../../../support/aws-documents.ts';

const endpoint = {
  EndpointName: 'Churn',
  EndpointArn: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:endpoint/churn`,
  EndpointConfigName: 'Churn-1',
  EndpointStatus: 'InService',
};

describe('an endpoint', () => {
  test('takes its key from the configuration that Config recorded, although names are spelled otherwise', () => {
    const configuration = configEvent({
      type: 'AWS::SageMaker::EndpointConfig',
      id: `arn:aws:sagemaker:${REGION}:${ACCOUNT}:endpoint-config/churn-1`,
      name: 'Churn-1',
      configuration: { EndpointConfigName: 'Churn-1', KmsKeyId: 'alias/models' },
    });
    const { resources } = mapDocument([...awsApi.read(endpoint, {}), ...form.read(configuration, {})]);
    expect(resources).toHaveLength(1);
    expect(resources[0]?.facts.encryption).toMatchObject({
      state: 'known',
      value: 'customer_key',
      part: 'configuration',
    });
  });
  test('says what holds for every endpoint, and what it cannot say', () => {
    const facts = mapDocument(awsApi.read(endpoint, {})).resources[0]?.facts;
    expect(facts?.public_network).toMatchObject({ state: 'default', value: { none: true } });
    expect(facts?.static_keys).toMatchObject({ state: 'default', value: false });
    expect(facts?.encryption).toMatchObject({ state: 'unknown', why: 'not_collected' });
    expect(facts?.invocations_logged).toMatchObject({ state: 'unknown', why: 'not_collected' });
    expect(facts?.account).toMatchObject({ value: ACCOUNT });
  });
});

describe('a state-change event', () => {
  const event = (detailType: string, detail: object, more: object = {}) => ({
    source: 'aws.sagemaker',
    'detail-type': detailType,
    account: ACCOUNT,
    region: REGION,
    time: '2026-10-14T09:21:04Z',
    detail,
    ...more,
  });
  test('names the endpoint, the configuration or the model', () => {
    expect(
      sageMakerNotice(
        event('SageMaker Endpoint State Change', { EndpointName: 'Churn', EndpointStatus: 'IN_SERVICE' }),
      ),
    ).toEqual({
      resourceType: 'AWS::SageMaker::Endpoint',
      resourceId: endpoint.EndpointArn,
      name: 'Churn',
      account: ACCOUNT,
      region: REGION,
      changedAt: '2026-10-14T09:21:04.000Z',
      deleted: false,
    });
    expect(
      sageMakerNotice(event('SageMaker Endpoint State Change', { EndpointName: 'Churn', EndpointStatus: 'DELETED' }))
        ?.deleted,
    ).toBe(true);
    expect(
      sageMakerNotice(event('SageMaker Endpoint Config State Change', { EndpointConfigName: 'c' }))?.resourceType,
    ).toBe('AWS::SageMaker::EndpointConfig');
    expect(sageMakerNotice(event('SageMaker Model State Change', { ModelName: 'm' }))?.resourceId).toMatch(
      /:model\/m$/,
    );
  });
  test.each<[string, unknown]>([
    ['another source', event('SageMaker Endpoint State Change', { EndpointName: 'x' }, { source: 'aws.s3' })],
    ['another type', event('SageMaker Training Job State Change', { TrainingJobName: 'x' })],
    ['no name', event('SageMaker Endpoint State Change', {})],
    ['no time', event('SageMaker Endpoint State Change', { EndpointName: 'x' }, { time: 'soon' })],
    ['no object', 'x'],
  ])('%s is none', (_, value) => {
    expect(sageMakerNotice(value)).toBeUndefined();
  });
});
