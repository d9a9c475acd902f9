import { expect, it } from 'vitest';
import { database } from '../../../../local/stories/aws-documents.ts';
import { configItem } from '../../../../shared/mappings/dialects/aws-config.ts';
import { mapDocument } from '../../../../shared/mappings/document.ts';
import type { Json } from '../../../../shared/model/json.ts';
import type { NativeResource } from '../../../../shared/model/native.ts';

it('does not fall back on the default of the engine where the named parameter group was not found', () => {
  const place = { account: '111122223333', region: 'eu-central-1' };
  const item = database('ledger', place, {
    engine: 'postgres',
    version: '16.6',
    public: false,
    encrypted: true,
    backupDays: 7,
    deletionProtection: true,
    parameterGroup: 'acme-postgres16',
  });
  const document: Json = {
    resourceType: item.type,
    resourceId: item.id,
    resourceName: item.name ?? null,
    ARN: item.arn ?? null,
    awsAccountId: place.account,
    awsRegion: place.region,
    configurationItemCaptureTime: '2026-11-25T09:00:00.000Z',
    configuration: item.configuration,
  };
  const gone: NativeResource = {
    dialect: 'aws.api',
    cloud: 'aws',
    type: 'AWS::RDS::DBParameterGroup',
    id: 'arn:aws:rds:eu-central-1:111122223333:pg:acme-postgres16',
    ...place,
    body: null,
    pointer: '',
    tags: { state: 'unknown', why: 'not_collected' },
    complete: false,
    deleted: true,
    orderKey: '2026-11-25T09:00:01.000Z',
  };

  const { resources } = mapDocument([...configItem.read(document, {}), gone]);

  // PostgreSQL 16 requires TLS by default; the group that is in force may say otherwise.
  expect(resources[0]?.facts['tls_required']).toMatchObject({ state: 'unknown', why: 'not_collected' });
});
