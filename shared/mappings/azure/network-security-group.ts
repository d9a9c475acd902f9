/**
 * Network security group: its rules, inside it or beside it, in every dialect. What they let in together is worked out in
 * effective-ingress.ts.
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview (read 2026-11-25)
 */
import { firewall } from '../../kinds/firewall.ts';
import type { FactState, Range } from '../../model/fact.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { isGone } from '../dialects/terraform.ts';
import { defineMapping, type OwnerRef, type Parts, type SeenPart } from '../mapping.ts';
import { derive, look, type Reader, type ReadingValue, unknown } from '../reader.ts';
import { ancestorOf, armName } from './arm-id.ts';
import { ALL_PORTS, effectiveIngress, isEveryDestination, PROTOCOL_OF, type Rule } from './effective-ingress.ts';
import { notSeen, scalarText } from './seen.ts';
import { azurermOwner, isUnset } from './terraform.ts';

const GROUP = 'microsoft.network/networksecuritygroups';
const RULE = `${GROUP}/securityrules`;

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
  if (text === '*' || text.toLowerCase() === 'any') return ALL_PORTS;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && to <= ALL_PORTS.to ? { from, to } : undefined;
}

/** Port ranges; `null` if there are none or one cannot be read. */
function portRanges(said: readonly string[] | null): readonly Range[] | null {
  const ranges = said?.map((t) => portRange(t)) ?? [];
  return ranges.length === 0 || ranges.includes(undefined) ? null : (ranges as readonly Range[]);
}

/** What a rule matches beside its source and its ports: in short, where that is everything. */
function where(native: NativeResource, as: Spelling): Pick<Rule, 'everywhere' | 'destinations' | 'sourcePorts'> {
  const prefixes = texts(native, as.destination[0], as.destination[1]);
  const asgs = groups(native, as.destination[2]);
  const destinations = prefixes === null || asgs === null ? null : [...prefixes, ...asgs];
  const sourcePorts = portRanges(texts(native, ...as.sourcePorts));
  if (destinations === null || destinations.length === 0 || sourcePorts === null)
    return { everywhere: null, destinations: null, sourcePorts: null };
  const everywhere = isEveryDestination(destinations) && sourcePorts.some((p) => p.from === 0 && p.to === ALL_PORTS.to);
  return everywhere ? { everywhere, destinations: null, sourcePorts: null } : { everywhere, destinations, sourcePorts };
}

function readRule(native: NativeResource, as: Spelling, name: string): Rule {
  const direction = textAt(native, as.direction)?.toLowerCase();
  const access = textAt(native, as.access)?.toLowerCase();
  const priority = textAt(native, as.priority);
  const protocol = textAt(native, as.protocol)?.toLowerCase();
  const prefixes = texts(native, as.source[0], as.source[1]);
  const asgs = groups(native, as.source[2]);
  const sources = prefixes === null || asgs === null ? null : [...prefixes, ...asgs];
  return {
    name,
    inbound: direction === 'inbound' ? true : direction === 'outbound' ? false : null,
    allow: access === 'allow' ? true : access === 'deny' ? false : null,
    priority: priority !== null && /^\d{1,5}$/.test(priority) ? Number(priority) : null,
    protocol: protocol !== undefined && Object.hasOwn(PROTOCOL_OF, protocol) ? (PROTOCOL_OF[protocol] ?? null) : null,
    sources: sources === null || sources.length === 0 ? null : sources,
    ports: portRanges(texts(native, ...as.ports)),
    ...where(native, as),
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
  destinations: null,
  sourcePorts: null,
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

/** The name of a separate rule. */
function nameIn({ readings }: SeenPart): string | undefined {
  const rule = readings['rule'];
  return rule?.state === 'known' ? (rule.value as Rule).name.toLowerCase() : undefined;
}

/** The plan deletes separate rules of a group whose configuration states none inside it. */
const someGone = derive<boolean>((native) =>
  isGone(native, 'azurerm_network_security_rule', 'security_rule')
    ? { state: 'known', value: true, at: native.pointer }
    : undefined,
);

function ingress(parts: Parts): FactState {
  const inline = parts.get<ReadingValue>('rules');
  if (inline?.state === 'unknown') return inline;
  const planned = parts.creates || parts.dialect === 'terraform';
  if (inline === undefined && !parts.complete && !parts.creates) return notSeen('the rules of the group were not seen');
  const group = parts.all('group')[0];
  // In live data the group shows all its rules: those that are older than it are in it, or gone.
  const separate = parts
    .all('rule')
    .filter((r: SeenPart) => parts.complete || r.orderKey === '' || r.orderKey > (group?.orderKey ?? ''));
  const rules = new Map<string, Rule>();
  const add = (value: unknown) => {
    const rule = value as Rule;
    const key = rule.name.toLowerCase();
    rules.set(rules.has(key) && planned ? `${key} #${rules.size}` : key, rule);
  };
  // A group that exists shows the separate rules too, as they are before the plan, which may change or delete them.
  const shown = planned && !parts.creates;
  const names = new Set(separate.map((part) => nameIn(part)));
  for (const rule of Array.isArray(inline?.value) ? inline.value : []) {
    const { name } = rule as Rule;
    if (shown && names.has(name.toLowerCase())) continue;
    add(shown && parts.get('some_gone') !== undefined ? opaque(name) : rule);
  }
  for (const part of separate) {
    const reading = part.readings['rule'];
    if (reading?.state !== 'known') return (reading as FactState | undefined) ?? notSeen('a rule cannot be read');
    add(reading.value);
  }
  const { items, closed } = effectiveIngress([...rules.values()]);
  const because = 'https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview';
  if (inline?.state === 'assumed') return { state: 'assumed', value: items, closed: false, because: inline.because };
  if (planned && !parts.complete) {
    const place = inline?.state === 'known' ? { at: inline.at } : {};
    return { state: 'assumed', value: items, closed: false, because: NO_FURTHER_RULES, ...place };
  }
  if (inline?.state === 'known') return { state: 'known', value: items, closed, at: inline.at };
  // A group that states no rules inside has none there; what lies beside it is all.
  return { state: 'default', value: items, closed, because, on: '2026-11-25' };
}

/** Where a part of a plan or template was not seen, it may hold further rules of the group. */
const NO_FURTHER_RULES = 'the rules that were not seen (a linked template, a part that is not planned) deny nothing';

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
        some_gone: { terraform: someGone },
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
