import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped, plan, type Planned } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const factOf = (fact: string, ...resources: readonly Planned[]): unknown => {
  const state = mapped(plan(...resources))[0]?.facts[fact];
  return state === undefined || state.state === 'unknown' ? 'unknown' : state.value;
};
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/0d9c3f4e-2b1a-4c8d-9e7f-6a5b4c3d2e1f';

describe('the key of a database that exists', () => {
  const database = (expressions: Fields, actions: readonly string[]) => ({
    address: 'aws_db_instance.shop',
    after: { identifier: 'shop', engine: 'postgres', storage_encrypted: true, kms_key_id: KEY },
    expressions: { storage_encrypted: { constant_value: true }, ...expressions },
    actions,
  });
  test.each([
    ['that RDS chose', {}, ['no-op'], 'provider_key'],
    ['that is written', { kms_key_id: { constant_value: KEY } }, ['update'], 'customer_key'],
    ['of a new one', {}, ['create'], 'customer_key'],
  ])('%s', (_, expressions, actions, wanted) => {
    expect(factOf('encryption', database(expressions, actions))).toBe(wanted);
  });
});

describe('the members of an Aurora cluster that exists', () => {
  const cluster = (more: Fields) => ({
    address: 'aws_rds_cluster.shop',
    after: { id: 'shop', cluster_identifier: 'shop', engine: 'aurora-postgresql', ...more },
    actions: ['no-op'],
  });
  const member = (name: string, open: boolean, actions: readonly string[]) => ({
    address: `aws_rds_cluster_instance.${name}`,
    after: { identifier: name, cluster_identifier: 'shop', publicly_accessible: open },
    actions,
  });
  test.each([
    ['none is shown', [cluster({})], 'unknown'],
    ['one is managed elsewhere', [cluster({ cluster_members: ['a', 'b'] }), member('a', false, ['no-op'])], 'unknown'],
    ['all are here', [cluster({ cluster_members: ['a'] }), member('a', false, ['no-op'])], false],
    [
      'one is added',
      [cluster({ cluster_members: ['a'] }), member('a', false, ['no-op']), member('b', true, ['create'])],
      true,
    ],
    ['there are none', [cluster({ cluster_members: [] })], false],
  ])('%s', (_, resources, wanted) => {
    expect(factOf('public_endpoint', ...resources)).toBe(wanted);
  });
});

describe('the parameters of a new database that names no group', () => {
  const database = (more: Fields) => ({
    address: 'aws_db_instance.shop',
    after: { identifier: 'shop', engine: 'postgres', engine_version: '16.3', ...more },
  });
  test.each([
    ['are those of its engine', {}, true],
    ['may be those of its source', { replicate_source_db: 'shop-main' }, 'unknown'],
    ['are its own', { replicate_source_db: 'shop-main', parameter_group_name: 'default.postgres16' }, true],
  ])('%s', (_, more, wanted) => {
    expect(factOf('tls_required', database(more))).toBe(wanted);
  });

  test.each([
    [
      'an instance',
      'AWS::RDS::DBInstance',
      { Engine: 'postgres', EngineVersion: '16.3', SourceDBInstanceIdentifier: 'shop-main' },
    ],
    ['a cluster', 'AWS::RDS::DBCluster', { Engine: 'aurora-mysql', ReplicationSourceIdentifier: 'shop-main' }],
  ])('%s of a template', (_, Type, Properties) => {
    const template: Json = { AWSTemplateFormatVersion: '2010-09-09', Resources: { Shop: { Type, Properties } } };
    expect(mapped(template)[0]?.facts['tls_required']?.state).toBe('unknown');
  });
});
