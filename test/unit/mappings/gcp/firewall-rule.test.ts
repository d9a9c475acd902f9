import { describe, expect, test } from 'vitest';
import type { FactState } from '../../../../shared/model/fact.ts';
import type { Json } from '../../../../shared/model/json.ts';
import { mapped, only, plan } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const rule = (data: Fields): FactState | undefined =>
  only({
    name: '//compute.googleapis.com/projects/acme/global/firewalls/r',
    assetType: 'compute.googleapis.com/Firewall',
    resource: { data: { name: 'r', direction: 'INGRESS', disabled: false, ...data } },
  }).facts.ingress;
const planned = (after: Fields, unknown: Json = {}): FactState | undefined =>
  only(plan({ address: 'google_compute_firewall.r', after: { name: 'r', network: 'default', ...after }, unknown }))
    .facts.ingress;
const value = (state: FactState | undefined): unknown => (state?.state === 'unknown' ? state.why : state?.value);
const ssh = [{ IPProtocol: 'tcp', ports: ['22'] }];
const any = { internet: true, source: { family: 'ipv4', first: '00000000', last: 'ffffffff' } };
const port = (from: number, to = from) => ({ ports: { from, to } });

describe('what a VPC firewall rule lets in', () => {
  test('each source with each protocol and port', () => {
    const data = {
      allowed: [{ IPProtocol: 'tcp', ports: ['22', '8000-8080'] }],
      sourceRanges: ['0.0.0.0/0', '10.0.0.0/8'],
    };
    const inside = { internet: false, source: { family: 'ipv4', first: '0a000000', last: '0affffff' } };
    expect(rule(data)).toEqual({
      state: 'known',
      closed: true,
      at: '/resource/data/allowed',
      native: 'tcp:22, 8000-8080 from 0.0.0.0/0, 10.0.0.0/8',
      value: [
        { ...any, protocol: 'tcp', ...port(22) },
        { ...any, protocol: 'tcp', ...port(8000, 8080) },
        { ...inside, protocol: 'tcp', ...port(22) },
        { ...inside, protocol: 'tcp', ...port(8000, 8080) },
      ],
    });
  });

  test.each<[string, Json, object]>([
    ['every protocol', [{ IPProtocol: 'all' }], { protocol: 'all', ...port(0, 65_535) }],
    ['no ports is all ports', [{ IPProtocol: 'tcp' }], { protocol: 'tcp', ...port(0, 65_535) }],
    [
      'an empty list of ports is all ports',
      [{ IPProtocol: 'udp', ports: [] }],
      { protocol: 'udp', ...port(0, 65_535) },
    ],
    ['a protocol by number', [{ IPProtocol: '6', ports: ['22'] }], { protocol: 'tcp', ...port(22) }],
    ['a protocol without ports', [{ IPProtocol: 'icmp' }], { protocol: 'icmp', ports: { none: true } }],
    ['another protocol', [{ IPProtocol: 'esp' }], { protocol: 'other', ports: { none: true } }],
    ['an unknown protocol is left out', [{ IPProtocol: 'tpc', ports: ['22'] }], port(22)],
    ['an unreadable port is left out', [{ IPProtocol: 'tcp', ports: ['25-20'] }], { protocol: 'tcp' }],
  ])('%s', (_, allowed, item) => {
    expect(value(rule({ allowed, sourceRanges: ['0.0.0.0/0'] }))).toEqual([{ ...any, ...item }]);
  });

  test('without any source it is everyone; tags and service accounts are no address', () => {
    const named = { internet: false, source: { none: true }, protocol: 'tcp', ...port(22) };
    const open = { ...any, protocol: 'tcp', ...port(22) };
    expect(value(rule({ allowed: ssh }))).toEqual([open]);
    expect(value(rule({ allowed: ssh, sourceTags: ['bastion'] }))).toEqual([named]);
    expect(value(rule({ allowed: ssh, sourceServiceAccounts: ['a@b.iam.gserviceaccount.com'] }))).toEqual([named]);
    expect(value(rule({ allowed: ssh, sourceTags: ['bastion'], sourceRanges: ['0.0.0.0/0'] }))).toEqual([open, named]);
  });

  test.each(['IPProtocol', 'IpProtocol', 'ipProtocol'])('the protocol is read as %s', (key) => {
    expect(value(rule({ allowed: [{ [key]: 'tcp', ports: ['22'] }] }))).toEqual([
      { ...any, protocol: 'tcp', ...port(22) },
    ]);
    expect(value(rule({ allowed: [{ [key]: 'constructor', ports: ['22'] }] }))).toEqual([{ ...any, ...port(22) }]);
  });

  test('IPv6 sources are read, and a source that cannot be read says nothing', () => {
    expect(value(rule({ allowed: ssh, sourceRanges: ['::/0'] }))).toMatchObject([
      { internet: true, source: { family: 'ipv6' } },
    ]);
    expect(value(rule({ allowed: ssh, sourceRanges: ['everywhere'] }))).toEqual([{ protocol: 'tcp', ...port(22) }]);
  });

  test.each<[string, Fields, string]>([
    ['a disabled rule', { allowed: ssh, disabled: true }, '/resource/data/disabled'],
    ['an egress rule', { allowed: ssh, direction: 'EGRESS' }, '/resource/data/direction'],
    ['a deny rule', { denied: [{ IPProtocol: 'all' }] }, '/resource/data/denied'],
  ])('%s lets nothing in', (_, data, at) => {
    expect(rule(data)).toEqual({ state: 'known', value: [], closed: true, at });
  });

  test('a rule that neither allows nor denies is not understood', () => {
    expect(rule({})).toMatchObject({ state: 'unknown', why: 'invalid' });
  });

  test('a list that is too long keeps the internet', () => {
    const ports = Array.from({ length: 60 }, (_, i) => String(1000 + i));
    const sourceRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '0.0.0.0/0'];
    const state = rule({ allowed: [{ IPProtocol: 'tcp', ports }], sourceRanges });
    expect(state).toMatchObject({ closed: false });
    expect((value(state) as { internet: boolean }[]).filter((i) => i.internet)).toHaveLength(60);
  });
});

describe('a VPC firewall rule in a plan', () => {
  const allow = [{ protocol: 'tcp', ports: ['22'] }];
  test('reads the blocks of the plan', () => {
    const state = planned({ allow, deny: [], source_ranges: ['0.0.0.0/0'], direction: 'INGRESS', disabled: null });
    expect(state).toMatchObject({ state: 'default', at: '/resource_changes/0/change/after/allow', closed: true });
    expect(value(state)).toEqual([{ ...any, protocol: 'tcp', ...port(22) }]);
  });
  test('sources that are known only after apply are unknown, and the list is open', () => {
    const state = planned({ allow, direction: 'INGRESS' }, { source_ranges: true });
    expect(state).toMatchObject({ closed: true }); // not set: everyone
    const referred = only(
      plan({
        address: 'google_compute_firewall.r',
        after: { name: 'r', allow, direction: 'INGRESS' },
        unknown: { source_ranges: true },
        expressions: {
          source_ranges: { references: ['google_compute_subnetwork.s.ip_cidr_range', 'google_compute_subnetwork.s'] },
        },
      }),
    ).facts.ingress;
    expect(referred).toMatchObject({ closed: false, value: [{ protocol: 'tcp', ...port(22) }] });
  });
  test.each<[string, string, Json, Json]>([
    // As many tags as there turn out to be, and without any every source matches.
    ['tags, perhaps none', 'source_tags', ['local.tags'], [{ protocol: 'tcp', ...port(22) }]],
    [
      'the account that the plan makes',
      'source_service_accounts',
      ['google_service_account.web.email', 'google_service_account.web'],
      [{ internet: false, source: { none: true }, protocol: 'tcp', ...port(22) }],
    ],
  ])('sources by name that are known only after apply: %s', (_name, attribute, references, expected) => {
    const resource = {
      address: 'google_compute_firewall.r',
      after: { name: 'r', allow, direction: 'INGRESS', source_ranges: null },
      unknown: { [attribute]: true },
      expressions: { [attribute]: { references } },
    };
    const account = { address: 'google_service_account.web', after: {}, unknown: { email: true } };
    const firewall = mapped(plan(resource, account)).find((r) => r.id === resource.address);
    expect(value(firewall?.facts.ingress)).toEqual(expected);
  });
  test('a deny rule lets nothing in', () => {
    expect(value(planned({ allow: [], deny: [{ protocol: 'all', ports: [] }], direction: 'INGRESS' }))).toEqual([]);
  });
});
