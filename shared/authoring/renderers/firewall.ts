/**
 * Firewalls: security groups, network security groups, VPC firewall rules. An item of `ingress` becomes a rule; a field
 * that an item does not give is free, or is to be unknown, and both are tried.
 */
import type { FactValue, IpRange, Range, RecordValue } from '../../model/fact.ts';
import type { Json } from '../../model/json.ts';
import { formatIpRange, formatRange, isIpRange, isNone, isRange } from '../../policy/literals.ts';
import {
  armNotification,
  armRest,
  armTemplate,
  caiAssets,
  cfnTemplate,
  configItems,
  type Edits,
  GONE,
  GROUP,
  type JsonObject,
  later,
  terraformPlan,
} from './document.ts';
import type { NativeForm, Setter, Ways } from './form.ts';

/** One opening, as every dialect can take it from: `undefined` is to be unknown. */
interface Opening {
  /** An address range in CIDR notation, the members of a group, or the internet by its name. */
  readonly source: { readonly cidr: string; readonly family: IpRange['family'] } | 'group' | 'internet' | undefined;
  readonly protocol: string | undefined;
  /** `all`: of a protocol that has no ports, or of one of which none are named. */
  readonly ports: Range | 'none' | undefined;
}

const ALL_PORTS: Range = { from: 0, to: 65_535 };
const EVERYONE = { cidr: '0.0.0.0/0', family: 'ipv4' } as const;
const OFFICE = { cidr: '10.20.0.0/16', family: 'ipv4' } as const;
const HTTPS: Range = { from: 443, to: 443 };

/** The openings of a list of items; undefined if one is not a rule of any kind. `fill`: what is not given is free. */
function openingsOf(value: FactValue, fill: boolean): readonly Opening[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly RecordValue[];
  return items.map(({ internet, source, protocol, ports }): Opening => {
    const hasNoPorts = ports !== undefined && isNone(ports);
    const said = typeof protocol === 'string' ? protocol : fill ? (hasNoPorts ? 'icmp' : 'tcp') : undefined;
    return {
      source: isIpRange(source)
        ? { cidr: formatIpRange(source), family: source.family }
        : source !== undefined && isNone(source)
          ? internet === true
            ? 'internet'
            : 'group'
          : internet === true
            ? EVERYONE
            : internet === false || fill
              ? OFFICE
              : undefined,
      protocol: said,
      ports: isRange(ports)
        ? ports
        : hasNoPorts
          ? 'none'
          : !fill
            ? undefined
            : said === 'icmp' || said === 'other'
              ? 'none'
              : said === 'all'
                ? ALL_PORTS
                : HTTPS,
    };
  });
}

/** The setter of `ingress`: `write` makes the changes for the openings, `open` those for a list of which nothing is known. */
const ingress =
  (write: (openings: readonly Opening[], closed: boolean) => Edits | undefined, open: Edits): Setter =>
  (value, closed): Ways | undefined => {
    if (isNone(value)) return open;
    return [true, false].flatMap((fill) => {
      const openings = openingsOf(value, fill);
      const edits = openings === undefined ? undefined : write(openings, closed);
      return edits === undefined ? [] : [edits];
    });
  };

const isCidr = (source: Opening['source']): source is Exclude<Opening['source'], string | undefined> =>
  typeof source === 'object';

// ── security groups ───────────────────────────────────────────────────────────────────────────────────────────────

const AWS_PROTOCOL: { readonly [protocol: string]: string } = {
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  other: '50', // ESP
  all: '-1',
};
const PEER = 'sg-0b1c2d3e4f5a6b7c8';
const PREFIXES = 'pl-0a1b2c3d4e5f60718';
/** The first and last port as EC2 takes them: -1 for all of ICMP, none where every protocol is meant. */
function awsPorts({ protocol, ports }: Opening): readonly [Json, Json] | undefined {
  if (protocol === 'icmp') return [-1, -1];
  if (protocol === 'other') return [0, 0];
  if (protocol === 'all') return [0, 0];
  return ports === undefined || ports === 'none' ? undefined : [ports.from, ports.to];
}

function permission(opening: Opening): Json {
  const { source, protocol } = opening;
  const [fromPort, toPort] = protocol === 'all' ? [] : (awsPorts(opening) ?? []);
  const is = (family: string): boolean => isCidr(source) && source.family === family;
  const cidr = isCidr(source) ? source.cidr : '';
  return {
    ipProtocol: AWS_PROTOCOL[protocol ?? ''] ?? null,
    ...(fromPort === undefined || toPort === undefined ? {} : { fromPort, toPort }),
    ipRanges: is('ipv4') ? [cidr] : [],
    ipv4Ranges: is('ipv4') ? [{ cidrIp: cidr }] : [],
    ipv6Ranges: is('ipv6') ? [{ cidrIpv6: cidr }] : [],
    prefixListIds: source === undefined ? [{ prefixListId: PREFIXES }] : [],
    userIdGroupPairs: source === 'group' ? [{ groupId: PEER, userId: '111122223333' }] : [],
  };
}

const groupConfig: NativeForm = {
  name: 'aws.config-security-group',
  cloud: 'aws',
  envelope: configItems,
  main: 'group',
  account: '111122223333',
  region: 'eu-west-1',
  draft: {
    group: {
      type: 'AWS::EC2::SecurityGroup',
      id: 'sg-0a1b2c3d4e5f60718',
      name: 'claims',
      arn: 'arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d4e5f60718',
      configuration: {
        groupName: 'claims',
        groupId: 'sg-0a1b2c3d4e5f60718',
        description: 'claims',
        ownerId: '111122223333',
        vpcId: 'vpc-0a1b2c3d4e5f60718',
        ipPermissions: [],
        ipPermissionsEgress: [],
      },
    },
  },
  facts: {
    ingress: ingress(
      (openings) => {
        // An item always shows protocol and ports.
        if (openings.some((o) => o.protocol === undefined || o.ports === undefined)) return undefined;
        return { '/group/configuration/ipPermissions': openings.map(permission) };
      },
      { '/group/configuration/ipPermissions': GONE },
    ),
  },
};

const GIVEN = { Ref: 'Given' };
const CFN = '/Group/Properties/SecurityGroupIngress';
const groupCfn: NativeForm = {
  name: 'aws.cfn-security-group',
  cloud: 'aws',
  envelope: cfnTemplate,
  main: 'Group',
  draft: {
    Group: {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: { GroupDescription: 'claims', VpcId: 'vpc-0a1b2c3d4e5f60718', SecurityGroupIngress: [] },
    },
  },
  facts: {
    ingress: ingress(
      (openings) => ({
        [CFN]: openings.map((opening): Json => {
          const { source, protocol } = opening;
          const [FromPort, ToPort] = awsPorts(opening) ?? [GIVEN, GIVEN];
          return {
            IpProtocol: protocol === undefined ? GIVEN : (AWS_PROTOCOL[protocol] ?? null),
            FromPort,
            ToPort,
            ...(isCidr(source)
              ? { [source.family === 'ipv4' ? 'CidrIp' : 'CidrIpv6']: source.cidr }
              : source === undefined
                ? { CidrIp: GIVEN }
                : { SourceSecurityGroupId: PEER }),
          };
        }),
      }),
      { [CFN]: GIVEN },
    ),
  },
};

const OPEN = later('terraform_data.guardrails.output', 'terraform_data.guardrails');
const THE_GROUP = later('aws_security_group.claims.id', 'aws_security_group.claims');
const groupTerraform: NativeForm = {
  name: 'terraform-aws-security-group',
  cloud: 'aws',
  envelope: terraformPlan('aws', ['tags', 'tags_all']),
  main: 'claims',
  region: 'eu-west-1',
  draft: {
    claims: { type: 'aws_security_group', values: { name: 'claims', vpc_id: 'vpc-0a1b2c3d4e5f60718' } },
  },
  facts: {
    ingress: ingress(
      (openings) =>
        Object.fromEntries(
          openings.map((opening, i): [string, Json] => {
            const { source, protocol } = opening;
            const [from, to] = awsPorts(opening) ?? [OPEN, OPEN];
            return [
              `/rule${i}`,
              {
                type: 'aws_vpc_security_group_ingress_rule',
                values: {
                  security_group_id: THE_GROUP,
                  ip_protocol: protocol === undefined ? OPEN : (AWS_PROTOCOL[protocol] ?? null),
                  ...(protocol === 'all' ? {} : { from_port: from, to_port: to }),
                  ...(isCidr(source)
                    ? { [source.family === 'ipv4' ? 'cidr_ipv4' : 'cidr_ipv6']: source.cidr }
                    : source === undefined
                      ? { cidr_ipv4: OPEN }
                      : { referenced_security_group_id: PEER }),
                },
              },
            ];
          }),
        ),
      { '/claims/values/ingress': OPEN },
    ),
  },
};

// ── network security groups ───────────────────────────────────────────────────────────────────────────────────────

const NSG = 'Microsoft.Network/networkSecurityGroups';
const NSG_ID = `${GROUP}/${NSG}/nsg-claims`;
const AZURE_PROTOCOL: { readonly [protocol: string]: string } = {
  tcp: 'Tcp',
  udp: 'Udp',
  icmp: 'Icmp',
  other: 'Esp',
  all: '*',
};
interface NsgRule {
  readonly name: string;
  readonly access: string;
  readonly priority: number;
  readonly protocol: Json;
  readonly source: Json;
  readonly ports: Json;
}
/** The rules in the order of their priority, and after them one that denies what Azure would let in besides. */
function nsgRules(openings: readonly Opening[], open: Json): readonly NsgRule[] {
  return [
    ...openings.map(({ source, protocol, ports }, i) => ({
      name: `allow-${i + 1}`,
      access: 'Allow',
      priority: 100 + 10 * i,
      protocol: protocol === undefined ? open : (AZURE_PROTOCOL[protocol] ?? null),
      source: isCidr(source)
        ? source.cidr
        : source === undefined
          ? open
          : source === 'group'
            ? 'VirtualNetwork'
            : 'Internet',
      ports: ports === undefined ? open : ports === 'none' || isAll(ports) ? '*' : formatRange(ports),
    })),
    { name: 'deny-all', access: 'Deny', priority: 4096, protocol: '*', source: '*', ports: '*' },
  ];
}
const isAll = ({ from, to }: Range): boolean => from === ALL_PORTS.from && to === ALL_PORTS.to;
const armRule = ({ name, access, priority, protocol, source, ports }: NsgRule): Json => ({
  name,
  properties: {
    direction: 'Inbound',
    access,
    priority,
    protocol,
    sourceAddressPrefix: source,
    sourcePortRange: '*',
    destinationAddressPrefix: '*',
    destinationPortRange: ports,
  },
});
const ARM_RULES = '/group/properties/securityRules';
const account = '6f0d2c1e-4b57-4a19-9d3e-2f8a7c5b1e90';
const region = 'westeurope';
/** `open`: what stands for a value that is not known; live documents always show all of a rule. */
const nsgFacts = (open: Json | undefined): { readonly [fact: string]: Setter } => ({
  ingress: ingress(
    (openings) => {
      const isOpen = openings.some((o) => o.source === undefined || o.protocol === undefined || o.ports === undefined);
      if (isOpen && open === undefined) return undefined;
      return { [ARM_RULES]: nsgRules(openings, open ?? null).map(armRule) };
    },
    { [ARM_RULES]: open ?? GONE },
  ),
});
const group = { name: 'nsg-claims', type: NSG, location: region, properties: { securityRules: [] } };
const nsgRest: NativeForm = {
  name: 'azure.arm-rest-network-security-group',
  cloud: 'azure',
  envelope: armRest,
  main: 'group',
  account,
  region,
  draft: { group: { id: NSG_ID, ...group } },
  facts: nsgFacts(undefined),
};
const nsgTemplate: NativeForm = {
  name: 'azure.arm-template-network-security-group',
  cloud: 'azure',
  envelope: armTemplate,
  main: 'group',
  region,
  draft: { group: { apiVersion: '2024-05-01', ...group } },
  facts: nsgFacts("[parameters('given')]"),
};
const nsgNotification: NativeForm = {
  ...nsgRest,
  name: 'azure.notification-network-security-group',
  envelope: armNotification,
};
const nsgTerraform: NativeForm = {
  name: 'terraform-azurerm-network-security-group',
  cloud: 'azure',
  envelope: terraformPlan('azurerm', ['tags']),
  main: 'claims',
  region,
  draft: {
    claims: {
      type: 'azurerm_network_security_group',
      values: { name: 'nsg-claims', resource_group_name: 'rg-claims', location: region, security_rule: [] },
    },
  },
  facts: {
    ingress: ingress(
      (openings) => ({
        '/claims/values/security_rule': nsgRules(openings, OPEN).map(
          ({ name, access, priority, protocol, source, ports }) => ({
            name,
            direction: 'Inbound',
            access,
            priority,
            protocol,
            source_address_prefix: source,
            source_port_range: '*',
            destination_address_prefix: '*',
            destination_port_range: ports,
          }),
        ),
      }),
      { '/claims/values/security_rule': OPEN },
    ),
  },
};

// ── VPC firewall rules ────────────────────────────────────────────────────────────────────────────────────────────

const GCP_PROTOCOL: { readonly [protocol: string]: string } = {
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  other: 'esp',
  all: 'all',
};
const unique = <V>(values: readonly V[]): readonly V[] => [
  ...new Map(values.map((v) => [JSON.stringify(v), v])).values(),
];

/** One rule lets everything it allows in from each of its sources; undefined where the openings are no such product. */
function vpcRule(openings: readonly Opening[], names: VpcNames): Edits | undefined {
  if (openings.length === 0) return { [`${names.at}${names.deny}`]: [{ [names.protocol]: 'all' }] };
  const sources = unique(openings.map((o) => o.source ?? null));
  const opened = unique(openings.map(({ protocol, ports }) => ({ protocol, ports })));
  if (sources.length * opened.length !== openings.length) return undefined;
  const cidrs = sources.filter((s) => s !== null && isCidr(s));
  const isOpen = sources.includes(null);
  if (sources.includes('internet') || (isOpen && names.open === undefined)) return undefined;
  return {
    [`${names.at}${names.allow}`]: opened.map(({ protocol, ports }): Json => {
      const said = protocol === undefined ? (names.open ?? null) : (GCP_PROTOCOL[protocol] ?? null);
      if (ports === undefined) return { [names.protocol]: said, ports: names.open ?? null };
      return {
        [names.protocol]: said,
        ...(ports === 'none' || isAll(ports) ? {} : { ports: [formatRange(ports)] }),
      };
    }),
    ...(isOpen
      ? { [`${names.at}${names.ranges}`]: names.open ?? null }
      : cidrs.length > 0
        ? { [`${names.at}${names.ranges}`]: cidrs.map((c) => c.cidr) }
        : {}),
    ...(sources.includes('group') ? { [`${names.at}${names.tags}`]: ['claims-web'] } : {}),
  };
}
interface VpcNames {
  readonly at: string;
  readonly allow: string;
  readonly deny: string;
  readonly protocol: string;
  readonly ranges: string;
  readonly tags: string;
  readonly open: Json | undefined;
}
const ruleCai: NativeForm = {
  name: 'gcp.cai-firewall-rule',
  cloud: 'gcp',
  envelope: caiAssets(undefined),
  main: 'rule',
  account: '417203886120',
  draft: {
    rule: {
      name: '//compute.googleapis.com/projects/acme-claims/global/firewalls/claims',
      assetType: 'compute.googleapis.com/Firewall',
      resource: {
        version: 'v1',
        discoveryName: 'Firewall',
        parent: '//cloudresourcemanager.googleapis.com/projects/417203886120',
        location: 'global',
        data: {
          name: 'claims',
          network: 'https://www.googleapis.com/compute/v1/projects/acme-claims/global/networks/claims',
          direction: 'INGRESS',
          priority: 1000,
          disabled: false,
        },
      },
    },
  },
  facts: {
    ingress: ingress(
      (openings) =>
        vpcRule(openings, {
          at: '/rule/resource/data',
          allow: '/allowed',
          deny: '/denied',
          protocol: 'IPProtocol',
          ranges: '/sourceRanges',
          tags: '/sourceTags',
          open: undefined,
        }),
      { '/rule/resource': GONE },
    ),
  },
};
const VPC: JsonObject = {
  name: 'claims',
  project: 'acme-claims',
  network: 'claims',
  direction: 'INGRESS',
  priority: 1000,
  disabled: false,
};
const ruleTerraform: NativeForm = {
  name: 'terraform-google-firewall-rule',
  cloud: 'gcp',
  envelope: terraformPlan('google', []),
  main: 'claims',
  account: 'acme-claims',
  draft: { claims: { type: 'google_compute_firewall', values: VPC } },
  facts: {
    ingress: ingress(
      (openings) =>
        vpcRule(openings, {
          at: '/claims/values',
          allow: '/allow',
          deny: '/deny',
          protocol: 'protocol',
          ranges: '/source_ranges',
          tags: '/source_tags',
          open: OPEN,
        }),
      { '/claims/values/allow': OPEN },
    ),
  },
};

export const firewallForms: readonly NativeForm[] = [
  groupConfig,
  groupCfn,
  groupTerraform,
  nsgRest,
  nsgTemplate,
  nsgNotification,
  nsgTerraform,
  ruleCai,
  ruleTerraform,
];
