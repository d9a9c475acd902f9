/**
 * EC2 security groups: what they let in. Rules only allow, so what a group lets in is the union of its rules, whether
 * they are written in the group or by themselves.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html (read 2026-11-25)
 */
import { firewall } from '../../kinds/firewall.ts';
import { type FactState, NONE, type RecordValue, type State } from '../../model/fact.ts';
import { canonicalJson, isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { templateOwner } from '../dialects/cloudformation.ts';
import { terraformOwner } from '../dialects/terraform.ts';
import { parseCidr } from '../internet.ts';
import { defineMapping, type OwnerRef, type Parts } from '../mapping.ts';
import { derive, look, type Reader, unknown } from '../reader.ts';
import { doc } from './evidence.ts';

const NO_RULES = doc('https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html'); // a new group lets nothing in

/** A field that stays away is unknown: a value that cannot be read never looks like a harmless one. */
type Item = { readonly [field: string]: RecordValue[string] };
type Fields = { readonly [key: string]: Body };
const fields = (value: Body): Fields => (isObject(value) ? value : {});

/** Protocols by name and by IANA number; every other one of either form is `other`. */
const PROTOCOLS: { readonly [said: string]: string } = {
  '-1': 'all',
  all: 'all',
  tcp: 'tcp',
  '6': 'tcp',
  udp: 'udp',
  '17': 'udp',
  icmp: 'icmp',
  '1': 'icmp',
  icmpv6: 'icmp',
  '58': 'icmp',
};
const ALL_PORTS = { from: 0, to: 65_535 };

function protocolOf(value: Body | undefined): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const said = String(value).trim().toLowerCase();
  return PROTOCOLS[said] ?? (/^\d{1,3}$/.test(said) && Number(said) <= 255 ? 'other' : undefined);
}

function port(value: Body | undefined): number | undefined {
  const n = typeof value === 'string' && /^-?\d{1,5}$/.test(value.trim()) ? Number(value) : value;
  return typeof n === 'number' && Number.isInteger(n) ? n : undefined;
}

/** Protocol and ports. EC2 reads ports only for TCP and UDP; for ICMP they are type and code. */
function opening(protocolValue: Body | undefined, fromValue: Body | undefined, toValue: Body | undefined): Item {
  const protocol = protocolOf(protocolValue);
  if (protocol === undefined) return {};
  if (protocol === 'all') return { protocol, ports: ALL_PORTS };
  if (protocol === 'icmp' || protocol === 'other') return { protocol, ports: NONE };
  const [from, to] = [port(fromValue), port(toValue)];
  if (from === -1 && (to === -1 || to === undefined)) return { protocol, ports: ALL_PORTS };
  return from !== undefined && to !== undefined && from >= 0 && from <= to && to <= 65_535
    ? { protocol, ports: { from, to } }
    : { protocol };
}

function source(value: Body): Item {
  const cidr = typeof value === 'string' ? parseCidr(value) : undefined;
  return cidr === undefined ? {} : { internet: cidr.internet, source: cidr.range };
}
/** Another group, or the group itself: its members, whatever their addresses are. */
const GROUP: Item = { internet: false, source: NONE };
/** A prefix list, whose ranges are not in the rule. */
const PREFIX_LIST: Item = {};

interface Rules {
  readonly items: readonly Item[];
  readonly closed: boolean;
}

const isSet = (value: Body | undefined): boolean =>
  value !== undefined && value !== null && value !== '' && !(value instanceof Unresolved && value.unset);

/** A source that a rule has one of. */
const one = (value: Body | undefined, each: (value: Body) => Item): Rules => ({
  items: value !== undefined && isSet(value) ? [each(value)] : [],
  closed: true,
});

/** A list of sources; `key` takes the value out of an entry. A list that is not known may hold several. */
function sources(value: Body | undefined, each: (entry: Body) => Item, key?: string): Rules {
  if (value === undefined || !isSet(value)) return { items: [], closed: true };
  if (value instanceof Unresolved) return { items: [each(value)], closed: false };
  const list = Array.isArray(value) ? (value as readonly Body[]) : [value];
  return {
    items: list.map((entry) => each(key !== undefined && isObject(entry) ? (fields(entry)[key] ?? null) : entry)),
    closed: true,
  };
}

/** A rule has a source: one that shows none lets in somebody who cannot be told. */
function rule(open: Item, ...from: readonly Rules[]): Rules {
  const sourced = from.flatMap((f) => f.items);
  return {
    items: (sourced.length === 0 ? [{}] : sourced).map((item) => ({ ...item, ...open })),
    closed: from.every((f) => f.closed),
  };
}

const union = (rules: readonly Rules[]): Rules => ({
  items: rules.flatMap((r) => r.items),
  closed: rules.every((r) => r.closed),
});
const NOT_KNOWN: Rules = { items: [{}], closed: false };

/** The IPv4 ranges of a list of texts, of `{cidrIp}` or of `{value}`; anything else in place of it is one not known. */
const rangeTexts = (list: Body | undefined): readonly Body[] => {
  if (!isSet(list)) return [];
  if (!Array.isArray(list)) return [null];
  return (list as readonly Body[]).map((entry) =>
    isObject(entry) ? (fields(entry).cidrIp ?? fields(entry).value ?? null) : entry,
  );
};

/** AWS Config and the EC2 API; Config writes IPv4 ranges twice, and its queries wrap texts in `{value}`. */
function permission(value: Body): Rules {
  if (!isObject(value)) return NOT_KNOWN;
  const p = fields(value);
  const ranges = new Set([p.ipRanges, p.ipv4Ranges].flatMap((list) => rangeTexts(list)));
  return rule(
    opening(p.ipProtocol, p.fromPort, p.toPort),
    { items: [...ranges].map(source), closed: true },
    sources(p.ipv6Ranges, source, 'cidrIpv6'),
    sources(p.prefixListIds, () => PREFIX_LIST),
    sources(p.userIdGroupPairs, () => GROUP),
  );
}

const GROUP_PROPERTIES = ['SourceSecurityGroupId', 'SourceSecurityGroupName', 'SourceSecurityGroupOwnerId'];

function cfnRule(value: Body): Rules {
  if (!isObject(value)) return NOT_KNOWN;
  const r = fields(value);
  return rule(
    opening(r.IpProtocol, r.FromPort, r.ToPort),
    one(r.CidrIp, source),
    one(r.CidrIpv6, source),
    one(r.SourcePrefixListId, () => PREFIX_LIST),
    { items: GROUP_PROPERTIES.some((name) => isSet(r[name])) ? [GROUP] : [], closed: true },
  );
}

/** An inline `ingress` block, or `aws_security_group_rule`. */
function terraformRule(value: Body): Rules {
  if (!isObject(value)) return NOT_KNOWN;
  const r = fields(value);
  const group = (v: Body | undefined): Rules => ({
    items: isSet(v) && v !== false && !(Array.isArray(v) && v.length === 0) ? [GROUP] : [],
    closed: true,
  });
  return rule(
    opening(r.protocol, r.from_port, r.to_port),
    sources(r.cidr_blocks, source),
    sources(r.ipv6_cidr_blocks, source),
    sources(r.prefix_list_ids, () => PREFIX_LIST),
    group(r.security_groups),
    group(r.source_security_group_id),
    group(r.self instanceof Unresolved ? null : r.self),
  );
}

/** `aws_vpc_security_group_ingress_rule`: one source each. */
function terraformIngressRule(value: Body): Rules {
  if (!isObject(value)) return NOT_KNOWN;
  const r = fields(value);
  return rule(
    opening(r.ip_protocol, r.from_port, r.to_port),
    one(r.cidr_ipv4, source),
    one(r.cidr_ipv6, source),
    one(r.prefix_list_id, () => PREFIX_LIST),
    { items: isSet(r.referenced_security_group_id) ? [GROUP] : [], closed: true },
  );
}

/** The rules listed at a place; several sources make several items. */
const rulesAt = (pointer: string, each: (value: Body) => Rules): Reader<readonly Item[]> =>
  derive<readonly Item[]>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') return unknown('unresolved', found.at, found.detail);
    const list: readonly Body[] = Array.isArray(found.value) ? (found.value as readonly Body[]) : [found.value];
    const { items, closed } = union(list.map(each));
    return { state: 'known', value: items, closed, at: found.at };
  });

/** The rules of a template's group; without any it lets nothing in. What is not in the template may add some. */
const cfnRules = derive<readonly Item[]>((native) => {
  const rules = rulesAt('/SecurityGroupIngress', cfnRule).orDefault([], NO_RULES)(native);
  return rules === undefined || rules.state === 'unknown' || native.complete ? rules : { ...rules, closed: false };
});

/**
 * Terraform shows the rules of a group that exists even where they are written elsewhere, as they are before the plan:
 * the plan may be about to change or delete them.
 */
const isWritten = (native: NativeResource, attribute: string): boolean => {
  const written = native.extra?.written;
  return !Array.isArray(written) || (written as readonly Body[]).includes(attribute);
};
const inline = rulesAt('/ingress', terraformRule);
const terraformRules = derive<readonly Item[]>((native) =>
  native.creates === true || isWritten(native, 'ingress') ? inline(native) : undefined,
);
const rulesBefore = derive<readonly Item[]>((native) =>
  native.creates === true || isWritten(native, 'ingress') ? undefined : inline(native),
);

/** A separate rule, unless it is about what goes out. */
const separateRule = derive<readonly Item[]>((native) => {
  const type = look(native, '/type');
  if (type.is === 'unresolved') return unknown('unresolved', type.at, type.detail);
  if (type.is !== 'value') return unknown('invalid', type.at, 'a rule is ingress or egress');
  if (type.value === 'egress') return { state: 'known', value: [], closed: true, at: type.at };
  return rulesAt('', terraformRule)(native);
});

const owner = (native: NativeResource): OwnerRef | undefined => {
  if (native.dialect === 'terraform') return terraformOwner(native, '/security_group_id');
  return templateOwner(native, 'GroupId') ?? templateOwner(native, 'GroupName');
};

type ItemsState = State<readonly Item[]>;

/** What matters most comes first: a list is cut at its end when it is too long. */
const rank = (item: Item): number => (item.internet === true ? 0 : item.internet === undefined ? 1 : 2);

/** All rules of the group, from wherever they are written. */
function ingress(parts: Parts): FactState {
  const own = parts.get<readonly Item[]>('rules');
  const separate = parts.all('rule').flatMap((p) => (p.readings.rule as ItemsState | undefined) ?? []);
  const states: ItemsState[] = own === undefined ? separate : [own, ...separate];
  const items = states.flatMap((s) => (s.state === 'unknown' ? [] : s.value)).sort((a, b) => rank(a) - rank(b));
  let closed = states.every((s) => s.state !== 'unknown' && s.closed !== false);
  const before = parts.get<readonly Item[]>('rules_before');
  if (before !== undefined) {
    const planned = new Set(items.map(canonicalJson));
    closed &&= before.state !== 'unknown' && before.value.every((item) => planned.has(canonicalJson(item)));
  } else if (own === undefined) closed &&= parts.complete;
  const at =
    states.find((s) => s.state === 'known' && s.value.includes(items[0] ?? {})) ??
    states.find((s) => s.state === 'known');
  if (at?.state === 'known') return { ...at, value: items, closed };
  if (own?.state === 'default') return { ...own, value: items, closed };
  const open = states.find((s) => s.state === 'unknown');
  if (open !== undefined) return open;
  return parts.complete && closed
    ? { state: 'default', value: [], closed, ...NO_RULES }
    : unknown('not_collected', undefined, 'the rules were not seen');
}

export const securityGroup = defineMapping('aws/security-group', {
  cloud: 'aws',
  kind: firewall,
  title: 'EC2 security group',
  parts: {
    group: {
      native: {
        'aws.config': 'AWS::EC2::SecurityGroup',
        'aws.cfn': 'AWS::EC2::SecurityGroup',
        terraform: ['aws_security_group', 'aws_default_security_group'],
      },
      readings: {
        rules: {
          'aws.config': rulesAt('/configuration/ipPermissions', permission),
          'aws.cfn': cfnRules,
          terraform: terraformRules,
        },
        rules_before: { terraform: rulesBefore },
      },
    },
    rule: {
      native: {
        'aws.cfn': 'AWS::EC2::SecurityGroupIngress',
        terraform: ['aws_security_group_rule', 'aws_vpc_security_group_ingress_rule'],
      },
      multiple: true,
      owner,
      readings: {
        rule: {
          'aws.cfn': rulesAt('', cfnRule),
          terraform: derive<readonly Item[]>((native) =>
            native.type === 'aws_security_group_rule'
              ? separateRule(native)
              : rulesAt('', terraformIngressRule)(native),
          ),
        },
      },
    },
  },
  facts: { ingress },
});
