/**
 * Network security group. Its rules are read in the order of their priority; the first that matches a packet decides, so
 * what a rule lets in is what it allows less what rules before it deny. Only inbound rules count.
 *
 * A deny takes away only what it surely covers: the whole source, and the ports and protocols that it names. What a rule
 * that cannot be read might deny is not let in for sure, so the items after it are left out and the list is not closed.
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview (read 2026-11-25)
 */
import { firewall } from '../../kinds/firewall.ts';
import { type FactState, NONE, type Range, type RecordValue } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { parseCidr } from '../internet.ts';
import { defineMapping, type OwnerRef, type Parts, type SeenPart } from '../mapping.ts';
import { derive, look, type Reader, type Reading, type ReadingValue, unknown } from '../reader.ts';
import { ancestorOf, armName } from './arm-id.ts';
import { notSeen, scalarText } from './settle.ts';
import { azurermOwner, isUnset } from './terraform.ts';

const GROUP = 'microsoft.network/networksecuritygroups';
const RULE = `${GROUP}/securityrules`;

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'other'] as const;
type Protocol = (typeof PROTOCOLS)[number];
const PROTOCOL_OF: { readonly [native: string]: Protocol | 'all' } = {
  '*': 'all',
  any: 'all',
  tcp: 'tcp',
  udp: 'udp',
  icmp: 'icmp',
  icmpv6: 'icmp',
  esp: 'other',
  ah: 'other',
};
const hasPorts = (protocol: Protocol | 'all'): boolean => protocol !== 'icmp' && protocol !== 'other';
const ALL_PORTS: Range = { from: 0, to: 65_535 };

/** A rule as it is kept: `null` for what could not be read. */
interface Rule {
  readonly name: string;
  readonly inbound: boolean | null;
  readonly allow: boolean | null;
  readonly priority: number | null;
  readonly protocol: Protocol | 'all' | null;
  /** Address prefixes and tags as written; application security groups as `asg:<id>`. */
  readonly sources: readonly string[] | null;
  readonly ports: readonly Range[] | null;
  /** It matches every destination and every source port: only then does a deny take away what goes anywhere. */
  readonly everywhere: boolean | null;
  readonly [field: string]: ReadingValue;
}

/** How a dialect spells the properties of a rule. */
interface Spelling {
  readonly direction: string;
  readonly access: string;
  readonly priority: string;
  readonly protocol: string;
  readonly source: readonly [one: string, many: string, groups: string];
  readonly ports: readonly [one: string, many: string];
  readonly destination: readonly [one: string, many: string, groups: string];
  readonly sourcePorts: readonly [one: string, many: string];
}
const ARM: Spelling = {
  direction: '/properties/direction',
  access: '/properties/access',
  priority: '/properties/priority',
  protocol: '/properties/protocol',
  source: [
    '/properties/sourceAddressPrefix',
    '/properties/sourceAddressPrefixes',
    '/properties/sourceApplicationSecurityGroups',
  ],
  ports: ['/properties/destinationPortRange', '/properties/destinationPortRanges'],
  destination: [
    '/properties/destinationAddressPrefix',
    '/properties/destinationAddressPrefixes',
    '/properties/destinationApplicationSecurityGroups',
  ],
  sourcePorts: ['/properties/sourcePortRange', '/properties/sourcePortRanges'],
};
const AZURERM: Spelling = {
  direction: '/direction',
  access: '/access',
  priority: '/priority',
  protocol: '/protocol',
  source: ['/source_address_prefix', '/source_address_prefixes', '/source_application_security_group_ids'],
  ports: ['/destination_port_range', '/destination_port_ranges'],
  destination: [
    '/destination_address_prefix',
    '/destination_address_prefixes',
    '/destination_application_security_group_ids',
  ],
  sourcePorts: ['/source_port_range', '/source_port_ranges'],
};

const textAt = (native: NativeResource, pointer: string): string | null => {
  const found = look(native, pointer);
  return found.is === 'value' && (typeof found.value === 'string' || typeof found.value === 'number')
    ? String(found.value).trim()
    : null;
};

/** The texts at a scalar and a list property together; `null` if one of them cannot be known. */
function texts(native: NativeResource, one: string, many: string): readonly string[] | null {
  const all: string[] = [];
  const single = look(native, one);
  if (single.is === 'value') {
    // One property may hold several, as the portal writes them.
    for (const part of scalarText(single.value).split(',')) if (part.trim() !== '') all.push(part.trim());
  } else if (single.is !== 'absent' && !(single.is === 'unresolved' && single.unset === true)) return null;
  const list = look(native, many);
  if (list.is === 'value') {
    if (!Array.isArray(list.value)) return null;
    for (const item of list.value as readonly Body[]) {
      if (typeof item !== 'string' && typeof item !== 'number') return null;
      if (String(item).trim() !== '') all.push(String(item).trim());
    }
  } else if (list.is !== 'absent' && !(list.is === 'unresolved' && list.unset === true)) return null;
  return all;
}

/** Whether a list of references to groups is there; `null` if that cannot be known. */
function groups(native: NativeResource, pointer: string): readonly string[] | null {
  const found = look(native, pointer);
  if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) return [];
  if (found.is !== 'value' || !Array.isArray(found.value)) return null;
  return (found.value as readonly Body[]).map((group, i) => {
    const id = typeof group === 'string' ? group : textAt({ ...native, body: group }, '/id');
    return `asg:${(id ?? String(i)).toLowerCase()}`;
  });
}

function portRange(text: string): Range | undefined {
  if (text === '*') return ALL_PORTS;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && to <= ALL_PORTS.to ? { from, to } : undefined;
}

/** Whether one of the values matches everything; `null` where they cannot be known. */
const matchesAll = (values: readonly string[] | null): boolean | null =>
  values === null ? null : values.some((v) => v === '*' || v === '0-65535' || v.toLowerCase() === 'any');

/** Kleene's and. */
const both = (a: boolean | null, b: boolean | null): boolean | null =>
  a === false || b === false ? false : a === null || b === null ? null : true;

function readRule(native: NativeResource, as: Spelling, name: string): Rule {
  const direction = textAt(native, as.direction)?.toLowerCase();
  const access = textAt(native, as.access)?.toLowerCase();
  const priority = textAt(native, as.priority);
  const protocol = textAt(native, as.protocol)?.toLowerCase();
  const prefixes = texts(native, as.source[0], as.source[1]);
  const asgs = groups(native, as.source[2]);
  const sources = prefixes === null || asgs === null ? null : [...prefixes, ...asgs];
  const portTexts = texts(native, ...as.ports);
  const ports = portTexts?.map(portRange) ?? null;
  const destinations = texts(native, as.destination[0], as.destination[1]);
  const destinationGroups = groups(native, as.destination[2]);
  return {
    name,
    inbound: direction === 'inbound' ? true : direction === 'outbound' ? false : null,
    allow: access === 'allow' ? true : access === 'deny' ? false : null,
    priority: priority !== null && /^\d{1,5}$/.test(priority) ? Number(priority) : null,
    protocol: protocol !== undefined && Object.hasOwn(PROTOCOL_OF, protocol) ? (PROTOCOL_OF[protocol] ?? null) : null,
    sources: sources === null || sources.length === 0 ? null : sources,
    ports: ports === null || ports.length === 0 || ports.includes(undefined) ? null : (ports as Range[]),
    everywhere: both(
      both(matchesAll(destinations), destinationGroups === null ? null : destinationGroups.length === 0),
      matchesAll(texts(native, ...as.sourcePorts)),
    ),
  };
}

/** A rule of which nothing can be known: it may allow or deny anything. */
const opaque = (name: string): Rule => ({
  name,
  inbound: null,
  allow: null,
  priority: null,
  protocol: null,
  sources: null,
  ports: null,
  everywhere: null,
});

const ruleList = (pointer: string, as: Spelling): Reader<ReadingValue> =>
  derive<ReadingValue>((native) => {
    const found = look(native, pointer);
    if (found.is === 'absent') return undefined;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved') {
      return isUnset(native, pointer)
        ? { state: 'assumed', value: [], because: 'the plan does not show the rules inside the group' }
        : unknown('unresolved', found.at, found.detail);
    }
    if (!Array.isArray(found.value)) return unknown('invalid', found.at, 'expected a list of rules');
    const value = (found.value as readonly Body[]).map((body, i): Rule => {
      if (body instanceof Unresolved) return opaque(`#${i}`);
      const one = { ...native, body };
      return readRule(one, as, textAt(one, '/name') ?? `#${i}`);
    });
    return { state: 'known', value, at: found.at };
  });

const oneRule = (as: Spelling): Reader<ReadingValue> =>
  derive<ReadingValue>((native) => {
    const name = textAt(native, '/name') ?? native.name ?? armName(native.id);
    const value = native.body instanceof Unresolved ? opaque(name) : readRule(native, as, name);
    return { state: 'known', value, at: native.pointer };
  });

/** What Azure adds to every group, after all rules of its own; then it denies. */
const BUILT_IN: readonly Rule[] = ['VirtualNetwork', 'AzureLoadBalancer'].map((tag, i) => ({
  name: `built-in ${tag}`,
  inbound: true,
  allow: true,
  priority: 65_000 + i,
  protocol: 'all',
  sources: [tag],
  ports: [ALL_PORTS],
  everywhere: true,
}));

/** Where packets come from: an address range, or a tag or group by name. */
interface Source {
  readonly name: string;
  readonly internet: boolean;
  readonly range: ReturnType<typeof parseCidr>;
}
const ANY: readonly Source[] = ['0.0.0.0/0', '::/0'].map((name) => ({ name, internet: true, range: parseCidr(name) }));
const isAny = (text: string): boolean => text === '*' || text.toLowerCase() === 'any';
const INTERNET = 'internet';

/** The sources that a text names; undefined if it cannot be read. */
function sourcesOf(text: string): readonly Source[] | undefined {
  if (isAny(text)) return ANY;
  const range = /^[\da-f:.]+(\/\d+)?$/i.test(text) ? parseCidr(text) : undefined;
  if (range !== undefined) return [{ name: text, internet: range.internet, range }];
  // Neither a range that can be read nor the name of a tag or group.
  if (!text.startsWith('asg:') && !/^[a-z][a-z0-9_.-]*$/i.test(text)) return undefined;
  // A tag names a service or a network; only one means everything outside.
  return [{ name: text.toLowerCase(), internet: text.toLowerCase() === INTERNET, range: undefined }];
}

/** A deny that can be read, with its sources as it matches them. */
interface Denied {
  readonly protocol: Protocol | 'all';
  readonly ports: readonly Range[];
  readonly everywhere: boolean;
  readonly any: boolean;
  readonly internet: boolean;
  readonly sources: readonly Source[];
}

/** The deny that a rule states; undefined if not all that it matches is known. */
function denied(rule: Rule): Denied | undefined {
  const { protocol, ports, everywhere } = rule;
  if (protocol === null || ports === null || everywhere === null || rule.sources === null) return undefined;
  const sources: Source[] = [];
  for (const text of rule.sources) {
    const named = sourcesOf(text);
    if (named === undefined) return undefined;
    sources.push(...named);
  }
  const internet = sources.some((s) => s.name === INTERNET);
  return { protocol, ports, everywhere, any: rule.sources.some(isAny), internet, sources };
}

function covers(deny: Denied, source: Source): boolean {
  if (deny.any) return true;
  return deny.sources.some((d) => {
    if (d.range === undefined || source.range === undefined) return d.range === source.range && d.name === source.name;
    const [outer, inner] = [d.range.range, source.range.range];
    return outer.family === inner.family && outer.first <= inner.first && outer.last >= inner.last;
  });
}

/** Ranges less the ports that are taken away. */
function without(ports: readonly Range[], taken: readonly Range[]): readonly Range[] {
  let left = ports;
  for (const t of taken) {
    left = left.flatMap((p) => {
      if (t.to < p.from || t.from > p.to) return [p];
      const rest: Range[] = [];
      if (p.from < t.from) rest.push({ from: p.from, to: t.from - 1 });
      if (p.to > t.to) rest.push({ from: t.to + 1, to: p.to });
      return rest;
    });
  }
  return left;
}

interface Item {
  readonly source: Source | undefined;
  readonly protocol: Protocol | 'all' | undefined;
  readonly ports: readonly Range[] | undefined;
}

/** What is left of an item after one deny; an item may fall into several. */
function after(item: Item, deny: Denied): readonly Item[] {
  const { source, protocol, ports } = item;
  if (source === undefined || protocol === undefined || ports === undefined) return [item];
  if (!deny.everywhere) return [item];
  const whole = covers(deny, source);
  if (!whole && !(deny.internet && source.internet)) return [item];
  const protocols = protocol === 'all' && deny.protocol !== 'all' ? PROTOCOLS : [protocol];
  return protocols.flatMap((p): readonly Item[] => {
    if (deny.protocol !== 'all' && deny.protocol !== p) return [{ ...item, protocol: p }];
    const taken = hasPorts(p) ? deny.ports : [ALL_PORTS];
    const left = without(ports, taken);
    const kept: Item[] = left.length === 0 ? [] : [{ source, protocol: p, ports: left }];
    if (whole) return kept;
    // The internet is taken out of a wider source: what is left of it is networks of one's own.
    const inside = without(ports, left);
    const inner: Source = { name: source.name, internet: false, range: undefined };
    return inside.length === 0 ? kept : [...kept, { source: inner, protocol: p, ports: inside }];
  });
}

function records(item: Item): readonly RecordValue[] {
  const { source, protocol, ports } = item;
  const base: RecordValue = {
    ...(source === undefined ? {} : { internet: source.internet, source: source.range?.range ?? NONE }),
    ...(protocol === undefined ? {} : { protocol }),
  };
  if (protocol !== undefined && !hasPorts(protocol)) return [{ ...base, ports: NONE }];
  return ports === undefined ? [base] : ports.map((p) => ({ ...base, ports: p }));
}

/** What the rules let in, and whether that is all. */
export function effectiveIngress(rules: readonly Rule[]): {
  readonly items: readonly RecordValue[];
  readonly closed: boolean;
} {
  const inbound = [...rules, ...BUILT_IN]
    .filter((r) => r.inbound !== false)
    .sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0) || (a.name < b.name ? -1 : 1));
  const items: RecordValue[] = [];
  let closed = true;
  const denies: Denied[] = [];
  /** A rule came that may deny anything after it. */
  let doubtful = false;
  for (const rule of inbound) {
    if (rule.inbound === null || rule.allow === null || rule.priority === null) {
      if (rule.allow !== false) closed = false;
      if (rule.allow !== true) doubtful = true;
      continue;
    }
    if (!rule.allow) {
      const deny = denied(rule);
      if (deny === undefined) doubtful = true;
      else denies.push(deny);
      continue;
    }
    const sources: (Source | undefined)[] = rule.sources === null ? [undefined] : [];
    for (const text of rule.sources ?? []) sources.push(...(sourcesOf(text) ?? [undefined]));
    for (const source of sources) {
      let left: readonly Item[] = [{ source, protocol: rule.protocol ?? undefined, ports: rule.ports ?? undefined }];
      for (const deny of denies) left = left.flatMap((item) => after(item, deny));
      if (left.length === 0) continue;
      if (doubtful) closed = false;
      else items.push(...left.flatMap(records));
    }
  }
  return { items, closed };
}

function ingress(parts: Parts): FactState {
  const inline = parts.get<ReadingValue>('rules');
  if (inline?.state === 'unknown') return inline;
  if (inline === undefined && !parts.complete) return notSeen('the rules of the group were not seen');
  const group = parts.all('group')[0];
  const separate = parts.all('rule').filter((r: SeenPart) => parts.complete || r.orderKey > (group?.orderKey ?? ''));
  const rules = new Map<string, Rule>();
  const add = (value: unknown) => {
    const rule = value as Rule;
    const key = rule.name.toLowerCase();
    rules.set(rules.has(key) && parts.complete ? `${key} #${rules.size}` : key, rule);
  };
  for (const rule of Array.isArray(inline?.value) ? inline.value : []) add(rule);
  let readings: readonly Reading<ReadingValue>[] = [];
  for (const part of separate) {
    const reading = part.readings['rule'];
    if (reading?.state !== 'known') return (reading as FactState | undefined) ?? notSeen('a rule cannot be read');
    readings = [...readings, reading];
    add(reading.value);
  }
  const { items, closed } = effectiveIngress([...rules.values()]);
  const because = 'https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview';
  if (inline?.state === 'assumed') return { state: 'assumed', value: items, closed: false, because: inline.because };
  if (inline?.state === 'known') return { state: 'known', value: items, closed, at: inline.at };
  // A group that states no rules inside has none there; what lies beside it is all.
  return { state: 'default', value: items, closed, because, on: '2026-11-25' };
}

const groupOf = (native: NativeResource): OwnerRef | undefined => {
  if (native.dialect === 'terraform') return azurermOwner(native, GROUP, 'network_security_group_name');
  const id = ancestorOf(native.id, GROUP);
  return id === undefined ? undefined : { id };
};

export const networkSecurityGroup = defineMapping('azure/network-security-group', {
  cloud: 'azure',
  kind: firewall,
  title: 'Network security group',
  parts: {
    group: {
      native: { 'azure.arm': GROUP, 'azure.notification': GROUP, terraform: 'azurerm_network_security_group' },
      readings: {
        rules: {
          'azure.arm': ruleList('/properties/securityRules', ARM),
          'azure.notification': ruleList('/properties/securityRules', ARM),
          terraform: ruleList('/security_rule', AZURERM),
        },
      },
    },
    rule: {
      native: { 'azure.arm': RULE, terraform: 'azurerm_network_security_rule' },
      owner: groupOf,
      multiple: true,
      readings: {
        rule: { 'azure.arm': oneRule(ARM), terraform: oneRule(AZURERM) },
      },
    },
  },
  facts: { ingress },
});
