import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAppError } from '../../../../shared/model/errors.ts';
import type { Json } from '../../../../shared/model/json.ts';
import {
  configEvent,
  configHistory,
  configItem,
  configNotice,
  configSelect,
} from '../../../../shared/mappings/dialects/aws-config.ts';
import { detectForm, forms } from '../../../../shared/mappings/dialects/index.ts';
import * as aws from '../../../support/aws-documents.ts';

const bucket = aws.bucketItem({ policy: { Statement: [] } });
const read = (document: Json) => {
  const form = detectForm(document);
  if (form === undefined) throw new Error('of no form');
  return form.read(document, {});
};
const reasonOf = (document: Json): unknown => {
  try {
    read(document);
  } catch (error) {
    return isAppError(error, 'EVENT_INVALID') ? error.details : error;
  }
  return 'read';
};
const item = aws.configItem(bucket);

describe('the three encodings', () => {
  const documents: [string, Json, string][] = [
    ['event', aws.configEvent(bucket), 'config-event'],
    ['its detail alone', (aws.configEvent(bucket) as { detail: Json }).detail, 'config-event'],
    ['a list of details', [(aws.configEvent(bucket) as { detail: Json }).detail], 'config-event'],
    [
      'a rule invocation',
      { invokingEvent: JSON.stringify((aws.configEvent(bucket) as { detail: Json }).detail) },
      'config-event',
    ],
    ['item', item, 'config-item'],
    ['history', aws.configHistory(bucket), 'config-history'],
    ['a list of items', [item], 'config-history'],
    ['query', aws.configSelect(bucket), 'config-select'],
  ];
  test.each(documents)('%s is one form', (_, document, form) => {
    expect(forms.filter((f) => f.detect(document)).map((f) => f.id)).toEqual([form]);
  });
  test.each(documents)('%s gives the same resource at the same version', (_, document) => {
    const [native] = read(document);
    const [expected] = configEvent.read(aws.configEvent(bucket), {});
    expect(native).toMatchObject({
      id: 'arn:aws:s3:::shop',
      name: 'shop',
      account: aws.ACCOUNT,
      region: aws.REGION,
      orderKey: '2026-10-14T09:21:04.118Z#00000001791969664118',
      changedAt: '2026-10-14T09:21:04.118Z',
      deleted: false,
      complete: false,
    });
    expect(native?.body).toEqual(expected?.body);
  });
  test('pointers lead to the item in the document', () => {
    expect(read(aws.configEvent(bucket))[0]?.pointer).toBe('/detail/configurationItem');
    expect(read(aws.configHistory(bucket, bucket))[1]?.pointer).toBe('/configurationItems/1');
    expect(read(aws.configSelect(bucket))[0]?.pointer).toBe('/Results/0');
    expect(read(item)[0]?.pointer).toBe('');
  });
  test('a text that is JSON in a text is decoded, a policy stays a text', () => {
    const body = read(aws.configHistory(bucket))[0]?.body as {
      supplementaryConfiguration: { [k: string]: { [k: string]: Json } };
    };
    expect(body.supplementaryConfiguration.AccessControlList?.grantList).toHaveLength(1);
    expect(body.supplementaryConfiguration.BucketPolicy?.policyText).toBe('{"Statement":[]}');
  });
});

describe('versions', () => {
  test.each<[Json, string]>([
    ['2017-02-04T06:10:33.880000-05:00', '2017-02-04T11:10:33.880Z'],
    ['2017-02-04T11:10:33Z', '2017-02-04T11:10:33.000Z'],
    [1_486_206_633.88, '2017-02-04T11:10:33.880Z'],
  ])('%s is %s', (written, instant) => {
    expect(read({ ...item, configurationItemCaptureTime: written })[0]?.changedAt).toBe(instant);
  });
  test('of the same instant are ordered by state id, as numbers', () => {
    const key = (id: Json) => read({ ...item, configurationStateId: id })[0]?.orderKey ?? '';
    expect(key(9) < key('10')).toBe(true);
  });
  test('an event without one is refused, an answer without one is not', () => {
    const { configurationItemCaptureTime: _, ...timeless } = item;
    expect(reasonOf({ messageType: 'ConfigurationItemChangeNotification', configurationItem: timeless })).toMatchObject(
      {
        pointer: '/configurationItem/configurationItemCaptureTime',
      },
    );
    expect(read(timeless)[0]?.orderKey).toBe('');
  });
});

describe('what is not judged', () => {
  test.each([
    ['ResourceDeleted', true],
    ['ResourceDeletedNotRecorded', true],
  ])('%s is a tombstone, without a configuration', (status) => {
    const [native] = read(aws.configEvent({ ...bucket, status, configuration: null }));
    expect(native).toMatchObject({ deleted: true, id: 'arn:aws:s3:::shop' });
  });
  test('a resource that is not recorded is passed by', () => {
    expect(read(aws.configEvent({ ...bucket, status: 'ResourceNotRecorded', configuration: null }))).toEqual([]);
  });
  test.each<[string, Json, object]>([
    [
      'a status of the future',
      { ...item, configurationItemStatus: 'ResourcePaused' },
      { pointer: '/configurationItemStatus' },
    ],
    ['no configuration', { ...item, configuration: null }, { pointer: '/configuration' }],
    ['a configuration that is no JSON', { ...item, configuration: '{"name":' }, { pointer: '/configuration' }],
    ['a history that is no list of items', { configurationItems: [1] }, { pointer: '/configurationItems/0' }],
    ['a row without type', { Results: ['{"resourceId":"x"}'] }, { pointer: '/Results/0' }],
    [
      'a query for a part of the configuration',
      { ...aws.configSelect(bucket), QueryInfo: { SelectFields: [{ Name: 'configuration.name' }] } },
      { pointer: '/QueryInfo/SelectFields' },
    ],
  ])('%s is refused', (_, document, details) => {
    expect(reasonOf(document)).toMatchObject(details);
  });
});

describe('ids and tags', () => {
  const idOf = (type: string, id: string, name: string, configuration: Json = {}) =>
    read(aws.configEvent({ type, id, name, configuration }))[0]?.id;
  test('an ARN is built where the item lacks it', () => {
    expect(idOf('AWS::S3::Bucket', 'shop', 'shop')).toBe('arn:aws:s3:::shop');
    expect(idOf('AWS::RDS::DBInstance', 'db-ABC', 'Shop')).toBe('arn:aws:rds:eu-west-1:111122223333:db:shop');
    expect(idOf('AWS::RDS::DBCluster', 'cluster-ABC', 'shop')).toBe('arn:aws:rds:eu-west-1:111122223333:cluster:shop');
    expect(idOf('AWS::EC2::SecurityGroup', 'sg-1', 'web')).toBe(
      'arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1',
    );
    expect(idOf('AWS::S3::AccountPublicAccessBlock', aws.ACCOUNT, '')).toBe(
      'AWS::S3::AccountPublicAccessBlock/111122223333',
    );
    expect(idOf('AWS::Other::Thing', 'x', 'x')).toBe('AWS::Other::Thing/111122223333/eu-west-1/x');
  });
  test('the partition follows the region', () => {
    expect(
      read({ ...aws.configItem({ type: 'AWS::S3::Bucket', id: 'b', configuration: {} }), awsRegion: 'cn-north-1' })[0]
        ?.id,
    ).toBe('arn:aws-cn:s3:::b');
  });
  test('tags of the item, of a row, of the configuration; the batch read shows none', () => {
    const tagged = { ...bucket, tags: { env: 'prod' } };
    const expected = { state: 'known', closed: true, value: [{ key: 'env', value: 'prod' }] };
    expect(read(aws.configEvent(tagged))[0]?.tags).toMatchObject(expected);
    expect(read(aws.configSelect(tagged))[0]?.tags).toMatchObject(expected);
    const { tags: _, ...untagged } = item;
    expect(read({ baseConfigurationItems: [{ ...untagged, configuration: '{}' }] })[0]?.tags).toMatchObject({
      state: 'unknown',
    });
    const listed = { ...untagged, configuration: { tagList: [{ key: 'env', value: 'prod' }] } };
    expect(read(listed)[0]?.tags).toMatchObject(expected);
    expect(read(item)[0]?.tags).toMatchObject({ state: 'known', closed: true, value: [] });
  });
});

describe('a notice', () => {
  const oversized = (status: string): Json => ({
    source: 'aws.config',
    detail: {
      messageType: 'OversizedConfigurationItemChangeNotification',
      configurationItemSummary: { ...item, configurationItemStatus: status, configuration: null },
    },
  });
  test('of a change that was too large emits nothing, and says what to read back', () => {
    expect(read(oversized('OK'))).toEqual([]);
    expect(configNotice(oversized('OK'))).toMatchObject({
      resourceType: 'AWS::S3::Bucket',
      resourceId: 'shop',
      account: aws.ACCOUNT,
      captureTime: '2026-10-14T09:21:04.118Z',
      oversized: true,
      deleted: false,
    });
  });
  test('of a deletion needs no configuration', () => {
    expect(read(oversized('ResourceDeleted'))).toMatchObject([{ deleted: true, id: 'arn:aws:s3:::shop' }]);
  });
  test('has the version that the item will have', () => {
    expect(configNotice(oversized('OK'))?.orderKey).toBe(read(aws.configHistory(bucket))[0]?.orderKey);
    expect(configNotice(aws.configEvent(bucket))).toMatchObject({ oversized: false, recorded: true });
    expect(configNotice(aws.configEvent({ ...bucket, status: 'ResourceNotRecorded' }))?.recorded).toBe(false);
  });
  test('of anything else is none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(configNotice(value)).toBeUndefined();
      }),
    );
  });
});

describe('any input', () => {
  test('is read or refused with EVENT_INVALID', () => {
    const value = fc.jsonValue();
    const text = fc.oneof(value, fc.json());
    const anyItem = fc.record(
      {
        resourceType: fc.constantFrom('AWS::S3::Bucket', 'AWS::RDS::DBInstance', 'x'),
        resourceId: fc.string(),
        configuration: text,
        supplementaryConfiguration: fc.oneof(text, fc.dictionary(fc.string(), text)),
        tags: value,
        configurationItemStatus: fc.constantFrom('OK', 'ResourceDeleted', 'x'),
        configurationItemCaptureTime: fc.oneof(value, fc.date().map(String)),
        configurationStateId: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyItem, (any) => {
        const document = JSON.parse(JSON.stringify(any)) as Json;
        for (const form of [configEvent, configItem, configHistory, configSelect]) {
          for (const whole of [
            document,
            [document],
            { configurationItems: [document] },
            { Results: [JSON.stringify(document)] },
            { detail: { messageType: 'ConfigurationItemChangeNotification', configurationItem: document } },
          ]) {
            form.detect(whole);
            try {
              form.read(whole, {});
            } catch (error) {
              if (!isAppError(error, 'EVENT_INVALID')) throw error;
            }
          }
        }
      }),
    );
  });
});
