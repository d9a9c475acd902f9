import { describe, expect, test } from 'vitest';
import type { Json } from '../../../../shared/model/json.ts';
import { type ConfigItem, configEvent, configSelect, template } from '../../../support/aws-documents.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

const group = (...ipPermissions: readonly Json[]): ConfigItem => ({
  type: 'AWS::EC2::SecurityGroup',
  id: 'sg-1',
  arn: 'arn:aws:ec2:eu-west-1:111122223333:security-group/sg-1',
  configuration: { groupId: 'sg-1', groupName: 'shop', ipPermissions },
});
const EVERYWHERE = { family: 'ipv4', first: '00000000', last: 'ffffffff' };
const EVERYWHERE_6 = { family: 'ipv6', first: '0'.repeat(32), last: 'f'.repeat(32) };
const NONE = { none: true };
const ingress = (document: Json) => only(document).facts.ingress as { value?: Json; closed?: boolean; state: string };
const rule = (after: { [k: string]: Json }, address = 'aws_vpc_security_group_ingress_rule.r') => ({
  address,
  after,
  expressions: { security_group_id: { references: ['aws_security_group.g.id', 'aws_security_group.g'] } },
  unknown: { security_group_id: true },
});

describe('a live group', () => {
  test('ranges that are written twice count once', () => {
    const got = ingress(
      configEvent(
        group({
          ipProtocol: 'tcp',
          fromPort: 22,
          toPort: 22,
          ipRanges: ['0.0.0.0/0'],
          ipv4Ranges: [{ cidrIp: '0.0.0.0/0' }],
        }),
      ),
    );
    expect(got).toMatchObject({
      state: 'known',
      closed: true,
      value: [{ internet: true, source: EVERYWHERE, protocol: 'tcp', ports: { from: 22, to: 22 } }],
    });
  });
  test.each<[string, Json]>([
    ['none', {}],
    ['empty lists', { ipRanges: [], ipv4Ranges: [], ipv6Ranges: [], prefixListIds: [], userIdGroupPairs: [] }],
    ['a text where a list is meant', { ipRanges: '0.0.0.0/0' }],
    ['names of another API', { IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  ])('a rule that shows no source (%s) is not one that lets nobody in', (_name, sources) => {
    const ssh = { ipProtocol: 'tcp', fromPort: 22, toPort: 22 };
    const got = ingress(configEvent(group({ ...ssh, ...(sources as { [k: string]: Json }) })));
    expect(got.value).toEqual([{ protocol: 'tcp', ports: { from: 22, to: 22 } }]);
  });
  test('ranges that are no list may be any, also beside a group that is let in', () => {
    const ssh = { ipProtocol: 'tcp', fromPort: 22, toPort: 22, userIdGroupPairs: [{ groupId: 'sg-2' }] };
    const got = ingress(configEvent(group({ ...ssh, ipRanges: '0.0.0.0/0' })));
    expect(got.value).toContainEqual({ protocol: 'tcp', ports: { from: 22, to: 22 } });
  });
  test('each source of a rule is an item; groups are no addresses; the internet comes first', () => {
    const got = ingress(
      configEvent(
        group({
          ipProtocol: '-1',
          ipv4Ranges: [{ cidrIp: '10.0.0.0/8' }],
          ipv6Ranges: [{ cidrIpv6: '::/0' }],
          userIdGroupPairs: [{ groupId: 'sg-2', userId: '1' }],
          prefixListIds: [],
        }),
      ),
    );
    const all = { protocol: 'all', ports: { from: 0, to: 65_535 } };
    expect(got.value).toEqual([
      { internet: true, source: EVERYWHERE_6, ...all },
      { internet: false, source: { family: 'ipv4', first: '0a000000', last: '0affffff' }, ...all },
      { internet: false, source: NONE, ...all },
    ]);
  });
  test.each<[string, Json, Json]>([
    ['tcp by number', { ipProtocol: '6', fromPort: 1, toPort: 2 }, { protocol: 'tcp', ports: { from: 1, to: 2 } }],
    ['udp', { ipProtocol: 'UDP', fromPort: '53', toPort: '53' }, { protocol: 'udp', ports: { from: 53, to: 53 } }],
    ['icmp has types, not ports', { ipProtocol: 'icmp', fromPort: 8, toPort: -1 }, { protocol: 'icmp', ports: NONE }],
    ['icmpv6', { ipProtocol: 'icmpv6', fromPort: -1, toPort: -1 }, { protocol: 'icmp', ports: NONE }],
    ['another protocol', { ipProtocol: '50' }, { protocol: 'other', ports: NONE }],
    ['all ports', { ipProtocol: 'tcp', fromPort: -1, toPort: -1 }, { protocol: 'tcp', ports: { from: 0, to: 65_535 } }],
    ['inverted ports are not known', { ipProtocol: 'tcp', fromPort: 9, toPort: 1 }, { protocol: 'tcp' }],
    ['a protocol that does not exist', { ipProtocol: 'gopher', fromPort: 70, toPort: 70 }, {}],
  ])('%s', (_, permission, expected) => {
    const got = ingress(configEvent(group({ ...(permission as object), ipv4Ranges: [{ cidrIp: '0.0.0.0/0' }] })));
    expect(got.value).toEqual([{ internet: true, source: EVERYWHERE, ...(expected as object) }]);
  });
  test('a prefix list is a source that is not known', () => {
    const got = ingress(
      configEvent(group({ ipProtocol: 'tcp', fromPort: 22, toPort: 22, prefixListIds: [{ prefixListId: 'pl-1' }] })),
    );
    expect(got.value).toEqual([{ protocol: 'tcp', ports: { from: 22, to: 22 } }]);
  });
  test('without rules it lets nothing in; a query wraps texts', () => {
    expect(ingress(configEvent(group()))).toMatchObject({ state: 'known', value: [], closed: true });
    const wrapped = group({ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: [{ value: '0.0.0.0/0' }] });
    expect(ingress(configSelect(wrapped)).value).toHaveLength(1);
  });
  test('without its rules nothing is known', () => {
    const { type, id, arn } = group();
    expect(ingress(configEvent({ type, id, ...(arn === undefined ? {} : { arn }), configuration: {} }))).toMatchObject({
      state: 'unknown',
    });
  });
});

describe('a group of a template', () => {
  test('a rule by itself finds its group', () => {
    const resources = mapped(
      template({
        G: { Type: 'AWS::EC2::SecurityGroup', Properties: { GroupDescription: 'g' } },
        R: {
          Type: 'AWS::EC2::SecurityGroupIngress',
          Properties: {
            GroupId: { 'Fn::GetAtt': ['G', 'GroupId'] },
            IpProtocol: 'tcp',
            FromPort: 22,
            ToPort: 22,
            CidrIp: '0.0.0.0/0',
          },
        },
      }),
    );
    expect(resources).toHaveLength(1);
    expect(resources[0]?.facts.ingress).toMatchObject({
      state: 'known',
      closed: true,
      value: [{ internet: true, protocol: 'tcp' }],
    });
  });
  test('a range that is a parameter is not known', () => {
    const got = ingress(
      template({
        G: {
          Type: 'AWS::EC2::SecurityGroup',
          Properties: { SecurityGroupIngress: [{ IpProtocol: -1, CidrIp: { Ref: 'From' } }] },
        },
      }),
    );
    expect(got.value).toEqual([{ protocol: 'all', ports: { from: 0, to: 65_535 } }]);
  });
  test('a rule whose presence is not decided leaves the list open', () => {
    const got = ingress(
      template(
        {
          G: {
            Type: 'AWS::EC2::SecurityGroup',
            Properties: {
              SecurityGroupIngress: [
                { 'Fn::If': ['C', { IpProtocol: '-1', CidrIp: '0.0.0.0/0' }, { Ref: 'AWS::NoValue' }] },
              ],
            },
          },
        },
        { Conditions: { C: { 'Fn::Equals': [{ Ref: 'P' }, 'x'] } }, Parameters: { P: { Type: 'String' } } },
      ),
    );
    expect(got.closed).toBe(false);
  });
});

describe('a group of a plan', () => {
  const made = { address: 'aws_security_group.g', after: { name: 'g' } };
  test('with rules of both styles', () => {
    const got = ingress(
      plan(
        made,
        rule({ ip_protocol: 'tcp', from_port: 22, to_port: 22, cidr_ipv6: '::/0' }),
        rule(
          { type: 'ingress', protocol: 'tcp', from_port: 80, to_port: 80, cidr_blocks: ['0.0.0.0/0', '10.0.0.0/8'] },
          'aws_security_group_rule.r',
        ),
        rule(
          { type: 'egress', protocol: '-1', from_port: 0, to_port: 0, cidr_blocks: ['0.0.0.0/0'] },
          'aws_security_group_rule.out',
        ),
      ),
    );
    expect(got.closed).toBe(true);
    const ports = (got.value as { internet: boolean; ports: { from: number } }[]).map((i) => [
      i.internet,
      i.ports.from,
    ]);
    expect(ports).toHaveLength(3);
    expect(ports).toEqual(
      expect.arrayContaining([
        [true, 22],
        [true, 80],
        [false, 80],
      ]),
    );
  });
  test('without rules lets nothing in', () => {
    expect(ingress(plan(made))).toMatchObject({ state: 'default', value: [], closed: true });
  });
  test('rules that exist and are written elsewhere may be about to go', () => {
    const open = { protocol: 'tcp', from_port: 22, to_port: 22, cidr_blocks: ['0.0.0.0/0'], self: false };
    const existing = {
      address: 'aws_security_group.g',
      after: { name: 'g', ingress: [open] },
      actions: ['no-op'],
      expressions: { name: { constant_value: 'g' } },
    };
    // The plan deletes the rule: it is not among what will be there.
    expect(ingress(plan(existing))).toMatchObject({ state: 'unknown' });
    // The plan keeps it.
    const kept = rule({ type: 'ingress', ...open }, 'aws_security_group_rule.r');
    expect(ingress(plan(existing, kept))).toMatchObject({ state: 'known', closed: true, value: [{ internet: true }] });
    // It stays, and another whose ranges are not known comes.
    const vague = {
      ...rule({ type: 'ingress', protocol: 'tcp', from_port: 1, to_port: 1 }, 'aws_security_group_rule.v'),
      unknown: { security_group_id: true, cidr_blocks: true },
      expressions: {
        security_group_id: { references: ['aws_security_group.g.id', 'aws_security_group.g'] },
        cidr_blocks: { references: ['terraform_data.ranges.output', 'terraform_data.ranges'] },
      },
    };
    expect(ingress(plan(existing, kept, vague))).toMatchObject({ state: 'known', closed: false });
    // Another one replaces it: the open one may stay or go.
    const other = rule({ type: 'ingress', ...open, cidr_blocks: ['10.0.0.0/8'] }, 'aws_security_group_rule.r');
    expect(ingress(plan(existing, other))).toMatchObject({
      state: 'known',
      closed: false,
      value: [{ internet: false }],
    });
  });
  test('a rule of a group that the plan does not have is a group that is not closed', () => {
    const got = ingress(
      plan({
        ...rule({ ip_protocol: 'tcp', from_port: 22, to_port: 22, cidr_ipv4: '0.0.0.0/0' }),
        expressions: {},
        unknown: {},
        after: { ip_protocol: 'tcp', from_port: 22, to_port: 22, cidr_ipv4: '0.0.0.0/0', security_group_id: 'sg-1' },
      }),
    );
    expect(got).toMatchObject({ state: 'known', closed: false, value: [{ internet: true }] });
  });
});
