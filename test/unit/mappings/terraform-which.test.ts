/** Which resource of a plan another one means: by an index that is computed, and by a name that several have. */
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../shared/model/json.ts';
import { mapped } from '../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
interface Declared {
  readonly type: string;
  readonly name?: string;
  /** The values of each instance, by key (`[0]`, `["a"]`, or '' for a single one). */
  readonly instances: { readonly [key: string]: Fields };
  readonly unknown?: Fields;
  readonly expressions?: Fields;
  readonly forEach?: Json;
  readonly provider?: string;
}
const plan = (resources: readonly Declared[], providers: Fields = {}): Json => ({
  format_version: '1.2',
  resource_changes: resources.flatMap(({ type, name = 'x', instances, unknown = {} }) =>
    Object.entries(instances).map(([key, after]) => ({
      address: `${type}.${name}${key}`,
      mode: 'managed',
      type,
      name,
      change: { actions: ['create'], before: null, after, after_unknown: unknown },
    })),
  ),
  configuration: {
    provider_config: providers,
    root_module: {
      resources: resources.map(({ type, name = 'x', expressions = {}, forEach, provider }) => ({
        address: `${type}.${name}`,
        expressions,
        ...(forEach === undefined ? {} : { for_each_expression: forEach }),
        ...(provider === undefined ? {} : { provider_config_key: provider }),
      })),
    },
  },
});

const groups = (...keys: readonly string[]): Declared => ({
  type: 'aws_security_group',
  instances: Object.fromEntries(keys.map((key) => [key, {}])),
  unknown: { id: true, ingress: true },
});
/** Rules of groups; those whose key is `open` let the internet in. */
const rules = (open: string, keys: readonly string[], references: readonly string[], forEach?: Json): Declared => ({
  type: 'aws_vpc_security_group_ingress_rule',
  instances: Object.fromEntries(
    keys.map((key) => [
      key,
      { ip_protocol: 'tcp', from_port: 22, to_port: 22, cidr_ipv4: key === open ? '0.0.0.0/0' : '10.0.0.0/8' },
    ]),
  ),
  unknown: { security_group_id: true },
  expressions: { security_group_id: { references: [...references] } },
  ...(forEach === undefined ? {} : { forEach }),
});
/** Which groups let the internet in. */
const opened = (...resources: readonly Declared[]): Fields =>
  Object.fromEntries(
    mapped(plan(resources)).map(({ id, facts: { ingress } }) => [
      id.startsWith('data.') ? 'another' : id.replace(/^[^[]*/, ''),
      ingress === undefined || ingress.state === 'unknown'
        ? 'unknown'
        : JSON.stringify(ingress.value).includes('"internet":true'),
    ]),
  );

describe('an index', () => {
  const [a, b] = ['["a"]', '["b"]'];
  const G = 'aws_security_group.x';
  test.each<readonly [string, readonly Declared[], Fields]>([
    ['that is the own key', [groups(a, b), rules(b, [a, b], [G, 'each.key'])], { [a]: false, [b]: true }],
    [
      'that is the own number',
      [groups('[0]', '[1]'), rules('[1]', ['[0]', '[1]'], [G, 'count.index'])],
      { '[0]': false, '[1]': true },
    ],
    ['that is the own key, of some', [groups(a, b), rules(b, [b], [G, 'each.key'])], { [a]: false, [b]: true }],
    [
      'over the resource itself',
      [groups(a, b), rules(b, [a, b], ['each.value.id', 'each.value'], { references: [G] })],
      { [a]: false, [b]: true },
    ],
    [
      'that is computed from the number',
      [groups('[0]', '[1]'), rules('[1]', ['[0]', '[1]', '[2]', '[3]'], [G, 'count.index'])],
      { '[0]': 'unknown', '[1]': 'unknown' },
    ],
    ['that is the own value', [groups(a, b), rules(b, [a, b], [G, 'each.value'])], { [a]: 'unknown', [b]: 'unknown' }],
    ['that a variable says', [groups(a, b), rules(b, [a, b], [G, 'var.which'])], { [a]: 'unknown', [b]: 'unknown' }],
  ])('%s', (_, resources, wanted) => {
    expect(opened(...resources)).toEqual(wanted);
  });
});

describe('a name', () => {
  const providers = {
    aws: { name: 'aws', expressions: { region: { constant_value: 'eu-west-1' } } },
    'aws.us': { name: 'aws', alias: 'us', expressions: { region: { constant_value: 'us-east-1' } } },
  };
  const parameters: Declared = {
    type: 'aws_db_parameter_group',
    instances: {
      '': { name: 'pg', family: 'postgres14', parameter: [{ name: 'rds.force_ssl', value: '1' }] },
    },
    provider: 'aws',
  };
  test.each([
    ['aws', true],
    ['aws.us', 'unknown'],
  ])('of a parameter group is one of its region: %s', (provider, wanted) => {
    const database: Declared = {
      type: 'aws_db_instance',
      instances: { '': { engine: 'postgres', engine_version: '14.9', parameter_group_name: 'pg' } },
      provider,
    };
    const tls = mapped(plan([parameters, database], providers))[0]?.facts['tls_required'];
    expect(tls?.state === 'unknown' ? 'unknown' : tls?.value).toBe(wanted);
  });

  test('of a security group of Azure is one of its resource group', () => {
    const rule: Declared = {
      type: 'azurerm_network_security_rule',
      instances: {
        '': {
          name: 'ssh',
          network_security_group_name: 'web',
          resource_group_name: 'RG-A',
          direction: 'Inbound',
          access: 'Allow',
          priority: 100,
          protocol: 'Tcp',
          source_port_range: '*',
          destination_port_range: '22',
          source_address_prefix: '*',
          destination_address_prefix: '*',
        },
      },
    };
    const group = (name: string): Declared => ({
      type: 'azurerm_network_security_group',
      name,
      instances: { '': { name: 'web', resource_group_name: `rg-${name}`, security_rule: [] } },
    });
    const lists = (...resources: readonly Declared[]) =>
      mapped(plan(resources)).map(({ id, facts: { ingress } }) => [
        id,
        JSON.stringify(ingress).includes('"internet":true'),
      ]);
    expect(lists(group('a'), group('b'), rule)).toEqual([
      ['azurerm_network_security_group.a', true],
      ['azurerm_network_security_group.b', false],
    ]);
  });
});

test('an index that is computed may be that of any of very many', () => {
  const keys = Array.from({ length: 100 }, (_, i) => `[${i}]`);
  const seen = opened(groups(...keys), rules('[0]', ['[0]'], ['aws_security_group.x', 'var.which']));
  expect(Object.values(seen)).toEqual(keys.map(() => 'unknown'));
});

describe('a group that is named by way of something else', () => {
  const rule = (...references: readonly string[]): Declared => rules('', [''], references);
  const passes = (type: string, references: readonly string[]): Declared => ({
    type,
    instances: {},
    expressions: { it: { references: [...references] } },
  });
  const G = 'aws_security_group.x';
  test.each<readonly [string, readonly Declared[], Fields]>([
    [
      'a trigger',
      [passes('time_sleep', [`${G}.id`, G]), rule('time_sleep.x.triggers["id"]', 'time_sleep.x')],
      { '': 'unknown' },
    ],
    [
      'a data source',
      [passes('data.aws_security_group', [`${G}.name`, G]), rule('data.aws_security_group.x.id')],
      { '': 'unknown' },
    ],
    [
      'a data source, and what triggers that',
      [
        passes('data.external', ['terraform_data.x.output']),
        passes('terraform_data', [G]),
        rule('data.external.x.result'),
      ],
      { '': 'unknown' },
    ],
    ['itself', [passes('data.external', ['data.external.x.result']), rule('data.external.x.result')], { '': false }],
    [
      'a data source of something else',
      [passes('data.aws_security_group', ['aws_vpc.x.id']), rule('data.aws_security_group.x.id')],
      { '': false },
    ],
  ])('%s', (_, [between, ...more], wanted) => {
    expect(opened(groups(''), between as Declared, ...more)).toMatchObject(wanted);
  });
});
