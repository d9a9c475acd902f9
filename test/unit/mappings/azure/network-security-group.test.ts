import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../../../shared/model/json.ts';
import type { FactState } from '../../../../shared/model/fact.ts';
import { only, plan, type Planned } from '../../../support/plan.ts';

type Fields = { readonly [key: string]: Json };
const ID = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web';
let nextPriority = 100;
const rule = (properties: Fields): Fields => {
  nextPriority += 1;
  return {
    name: `rule-${nextPriority}`,
    properties: {
      protocol: 'Tcp',
      access: 'Allow',
      direction: 'Inbound',
      priority: nextPriority,
      sourceAddressPrefix: 'Internet',
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '22',
      ...properties,
    },
  };
};
const group = (...rules: readonly Json[]): Json => ({
  id: ID,
  name: 'web',
  type: 'Microsoft.Network/networkSecurityGroups',
  location: 'westeurope',
  properties: { securityRules: rules },
});
const DENY = { access: 'Deny', sourceAddressPrefix: '*', protocol: '*', destinationPortRange: '*' };

interface Item {
  readonly internet?: boolean;
  readonly protocol?: string;
  readonly ports?: { readonly from: number; readonly to: number };
}
const ingress = (document: Json): FactState => {
  const fact = only(document).facts['ingress'];
  if (fact === undefined) throw new Error('no ingress');
  return fact;
};
/** What comes in from the internet: `protocol from-to`, each once. */
function fromInternet(document: Json): readonly string[] {
  const fact = ingress(document);
  if (fact.state === 'unknown') throw new Error(canonicalJson(fact));
  const items = fact.value as readonly Item[];
  const open = items.filter((i) => i.internet === true);
  return [...new Set(open.map((i) => `${i.protocol} ${i.ports?.from ?? '?'}-${i.ports?.to ?? '?'}`))].sort();
}

describe('what a network security group lets in', () => {
  test.each<readonly [string, readonly Json[], readonly string[]]>([
    ['nothing from outside without rules', [], []],
    ['an allowed port', [rule({})], ['tcp 22-22']],
    ['the tag in any case', [rule({ sourceAddressPrefix: 'INTERNET' })], ['tcp 22-22']],
    ['any source', [rule({ sourceAddressPrefix: '*' })], ['tcp 22-22']],
    ['a half of all addresses', [rule({ sourceAddressPrefix: '0.0.0.0/1' })], ['tcp 22-22']],
    [
      'one of a list of prefixes',
      [rule({ sourceAddressPrefix: null, sourceAddressPrefixes: ['10.0.0.0/8', '::/0'] })],
      ['tcp 22-22'],
    ],
    ['prefixes written in one', [rule({ sourceAddressPrefix: '10.0.0.0/8, 0.0.0.0/0' })], ['tcp 22-22']],
    ['all ports', [rule({ destinationPortRange: '*' })], ['tcp 0-65535']],
    [
      'lists of ports',
      [rule({ destinationPortRange: null, destinationPortRanges: ['22', '80-90'] })],
      ['tcp 22-22', 'tcp 80-90'],
    ],
    ['all protocols', [rule({ protocol: '*' })], ['all 22-22']],
    ['not what goes out', [rule({ direction: 'Outbound' })], []],
    ['not an office', [rule({ sourceAddressPrefix: '203.0.113.0/24' })], []],
    ['not private ranges', [rule({ sourceAddressPrefix: '10.0.0.0/8' })], []],
    [
      'not a network or a service by its tag',
      [
        rule({ sourceAddressPrefix: 'VirtualNetwork' }),
        rule({ sourceAddressPrefix: 'AzureLoadBalancer' }),
        rule({ sourceAddressPrefix: 'Storage.WestEurope' }),
      ],
      [],
    ],
    [
      'not an application security group',
      [rule({ sourceAddressPrefix: null, sourceApplicationSecurityGroups: [{ id: '/subscriptions/s/asg' }] })],
      [],
    ],
    ['not what was denied before', [rule(DENY), rule({})], []],
    ['what is denied only after', [rule({ priority: 100 }), rule({ ...DENY, priority: 200 })], ['tcp 22-22']],
    [
      'not by the order of the list, but of the priority',
      [rule({ priority: 300 }), rule({ ...DENY, priority: 200 })],
      [],
    ],
    [
      'the ports that a deny leaves',
      [rule({ ...DENY, destinationPortRange: '22' }), rule({ destinationPortRange: '20-25' })],
      ['tcp 20-21', 'tcp 23-25'],
    ],
    ['what a deny of another protocol leaves', [rule({ ...DENY, protocol: 'Udp' }), rule({})], ['tcp 22-22']],
    [
      'of all protocols what a deny of one leaves',
      [rule({ ...DENY, protocol: 'Tcp' }), rule({ protocol: '*' })],
      ['icmp ?-?', 'other ?-?', 'udp 22-22'],
    ],
    [
      'what a deny of some sources leaves',
      [rule({ ...DENY, sourceAddressPrefix: '45.0.0.0/8' }), rule({})],
      ['tcp 22-22'],
    ],
    [
      'IPv6 where only IPv4 is denied',
      [rule({ ...DENY, sourceAddressPrefix: '0.0.0.0/0' }), rule({ sourceAddressPrefix: '*' })],
      ['tcp 22-22'],
    ],
    [
      'not the internet where its tag is denied',
      [rule({ ...DENY, sourceAddressPrefix: 'Internet' }), rule({ sourceAddressPrefix: '*' })],
      [],
    ],
    [
      'what a deny for one machine leaves',
      [rule({ ...DENY, destinationAddressPrefix: '10.0.0.4' }), rule({})],
      ['tcp 22-22'],
    ],
    [
      'not what two denies cover together',
      [
        rule({ ...DENY, sourceAddressPrefix: '0.0.0.0/1' }),
        rule({ ...DENY, sourceAddressPrefix: '128.0.0.0/1' }),
        rule({ sourceAddressPrefix: '0.0.0.0/0' }),
      ],
      [],
    ],
    [
      'not the tag of the internet where all addresses are denied',
      [rule({ ...DENY, sourceAddressPrefix: null, sourceAddressPrefixes: ['0.0.0.0/0', '::/0'] }), rule({})],
      [],
    ],
    [
      'not what a deny for the same machines covers',
      [
        rule({ ...DENY, destinationAddressPrefix: '10.0.0.0/16' }),
        rule({ destinationAddressPrefix: null, destinationAddressPrefixes: ['10.0.1.4', '10.0.2.0/24'] }),
      ],
      [],
    ],
    [
      'what goes to a machine that the deny does not name',
      [
        rule({ ...DENY, destinationAddressPrefix: '10.0.0.0/16' }),
        rule({ destinationAddressPrefix: null, destinationAddressPrefixes: ['10.0.1.4', '10.1.0.4'] }),
      ],
      ['tcp 22-22'],
    ],
    [
      'not what a deny for the virtual network covers, which is all destinations',
      [rule({ ...DENY, destinationAddressPrefix: 'VirtualNetwork' }), rule({})],
      [],
    ],
    [
      'not what a deny for all IPv4 destinations covers',
      [rule({ ...DENY, destinationAddressPrefix: '0.0.0.0/0' }), rule({ sourceAddressPrefix: '0.0.0.0/0' })],
      [],
    ],
    ['what a deny of one source port leaves', [rule({ ...DENY, sourcePortRange: '53' }), rule({})], ['tcp 22-22']],
  ])('is %s', (_, rules, expected) => {
    expect(fromInternet(group(...rules))).toEqual(expected);
    expect(ingress(group(...rules))).toMatchObject({ state: 'known', closed: true, at: '/properties/securityRules' });
  });

  test('takes from any source what the tag denies, and keeps the own networks', () => {
    const fact = ingress(group(rule({ ...DENY, sourceAddressPrefix: 'Internet' }), rule({ sourceAddressPrefix: '*' })));
    const value = (fact as { value: readonly Item[] }).value;
    expect(
      value.filter((i) => i.protocol === 'tcp' && i.ports?.from === 22 && i.internet === false).length,
    ).toBeGreaterThan(0);
  });

  test('is unknown in a field that cannot be read, and open where a rule might deny', () => {
    const source = ingress(group(rule({ sourceAddressPrefix: '1.2.3.999/33' })));
    expect((source as { value: readonly Item[] }).value[0]).toEqual({ protocol: 'tcp', ports: { from: 22, to: 22 } });
    expect(source).toMatchObject({ closed: true });
    // A deny whose source cannot be read may have taken the port away.
    const deny = ingress(group(rule({ ...DENY, sourceAddressPrefix: '??' }), rule({})));
    expect(deny).toMatchObject({ state: 'known', closed: false });
    expect(fromInternet(group(rule({ ...DENY, sourceAddressPrefix: '??' }), rule({})))).toEqual([]);
    // A rule that is neither surely allows something that is not listed.
    expect(ingress(group(rule({ access: 'Maybe' })))).toMatchObject({ closed: false });
  });

  test('a rule beside a live group counts, unless the group is newer', () => {
    const beside = {
      ...rule({}),
      id: `${ID}/securityRules/ssh`,
      type: 'Microsoft.Network/networkSecurityGroups/securityRules',
    };
    expect(fromInternet({ value: [group(), beside] })).toEqual(['tcp 22-22']);
  });

  test('is not worked out to the end where that takes too long', () => {
    const prefixes = (i: number): readonly string[] =>
      Array.from({ length: 100 }, (_, j) => `${1 + (i % 200)}.${j}.0.0/16`);
    const rules = Array.from({ length: 1500 }, (_, i) =>
      rule({
        ...(i % 2 ? DENY : {}),
        sourceAddressPrefix: null,
        sourceAddressPrefixes: prefixes(i),
        priority: 100 + i,
      }),
    );
    expect(ingress(group(...rules))).toMatchObject({ state: 'known', closed: false });
  });

  test('is unknown without the rules', () => {
    expect(
      ingress({ id: ID, name: 'web', type: 'Microsoft.Network/networkSecurityGroups', properties: {} }),
    ).toMatchObject({ state: 'unknown' });
  });
});

describe('in a Terraform plan', () => {
  const attributes: Fields = {
    name: 'one',
    priority: 100,
    direction: 'Inbound',
    access: 'Allow',
    protocol: 'Tcp',
    source_port_range: '*',
    source_port_ranges: [],
    destination_port_range: '22',
    destination_port_ranges: [],
    source_address_prefix: '*',
    source_address_prefixes: [],
    destination_address_prefix: '*',
    destination_address_prefixes: [],
  };
  const nsg = (rules: Json) => ({
    address: 'azurerm_network_security_group.web',
    after: { name: 'web', security_rule: rules },
  });

  test('rules inside and beside the group count together', () => {
    const beside = {
      address: 'azurerm_network_security_rule.deny',
      after: {
        ...attributes,
        name: 'deny',
        priority: 90,
        access: 'Deny',
        protocol: '*',
        destination_port_range: '*',
        network_security_group_name: 'web',
      },
    };
    expect(fromInternet(plan(nsg([attributes])))).toEqual(['tcp 22-22']);
    expect(fromInternet(plan(nsg([attributes]), beside))).toEqual([]);
    const only443 = {
      ...beside,
      after: { ...beside.after, access: 'Allow', destination_port_range: '443', protocol: 'Tcp' },
    };
    expect(fromInternet(plan(nsg([]), only443))).toEqual(['tcp 443-443']);
  });

  test('a rule beside the group counts where the plan leaves something out, which may hold others', () => {
    const beside = {
      address: 'azurerm_network_security_rule.ssh',
      after: { ...attributes, name: 'ssh', network_security_group_name: 'web' },
    };
    const https = { ...attributes, destination_port_range: '443', source_address_prefix: '10.0.0.0/8' };
    const targeted = (...resources: readonly Planned[]): Json => ({
      ...(plan(...resources) as Fields),
      complete: false,
    });
    expect(fromInternet(targeted(nsg([https]), beside))).toEqual(['tcp 22-22']);
    expect(ingress(targeted(nsg([https])))).toMatchObject({ state: 'assumed', closed: false });
  });

  test('a group whose rules all lie beside it is complete', () => {
    const bare = {
      address: 'azurerm_network_security_group.web',
      after: { name: 'web' },
      unknown: { security_rule: true },
      expressions: {},
    };
    expect(ingress(plan(bare))).toMatchObject({ state: 'default', closed: true });
  });
});
