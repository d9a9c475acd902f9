/**
 * VPC firewall rule. One rule is one resource: what it lets in is judged, not what a deny rule beside it may keep out.
 * https://cloud.google.com/compute/docs/reference/rest/v1/firewalls (read 2026-11-25)
 */
import { firewall } from '../../kinds/firewall.ts';
import { type FactState, NONE, type RecordValue } from '../../model/fact.ts';
import { isObject } from '../../model/json.ts';
import { type Body, type NativeResource, Unresolved } from '../../model/native.ts';
import { parseCidr } from '../internet.ts';
import { defineMapping, type Mapping } from '../mapping.ts';
import { at, derive, look, type Reader, type Reading, unknown } from '../reader.ts';

const REFERENCE = 'https://cloud.google.com/compute/docs/reference/rest/v1/firewalls';
const VPC_RULES = 'https://cloud.google.com/firewall/docs/firewalls';
const ON = '2026-11-25';

/** Where a dialect writes the parts of a rule. */
interface Names {
  readonly allow: string;
  readonly deny: string;
  /** In lower case: clients of the API spell it `IPProtocol`, `IpProtocol` or `ipProtocol`. */
  readonly protocol: string;
  readonly ranges: string;
  readonly tags: string;
  readonly accounts: string;
}
const CAI: Names = {
  allow: '/allowed',
  deny: '/denied',
  protocol: 'ipprotocol',
  ranges: '/sourceRanges',
  tags: '/sourceTags',
  accounts: '/sourceServiceAccounts',
};
const TERRAFORM: Names = {
  allow: '/allow',
  deny: '/deny',
  protocol: 'protocol',
  ranges: '/source_ranges',
  tags: '/source_tags',
  accounts: '/source_service_accounts',
};

/** Protocols by name and by IANA number; every other one of either form is `other`. */
const PROTOCOLS: { readonly [said: string]: string } = {
  all: 'all',
  tcp: 'tcp',
  '6': 'tcp',
  udp: 'udp',
  '17': 'udp',
  icmp: 'icmp',
  '1': 'icmp',
  '58': 'icmp', // ICMPv6
  esp: 'other',
  ah: 'other',
  sctp: 'other',
  ipip: 'other',
};
const ALL_PORTS = { from: 0, to: 65_535 };

/** A field that stays away is unknown: a value that cannot be read never looks like a harmless one. */
type Item = { readonly [field: string]: RecordValue[string] };

function protocolOf(value: Body | undefined): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const said = String(value).toLowerCase();
  if (Object.hasOwn(PROTOCOLS, said)) return PROTOCOLS[said];
  return /^\d{1,3}$/.test(said) && Number(said) <= 255 ? 'other' : undefined;
}

const protocolIn = (entry: { readonly [key: string]: Body }, names: Names): Body | undefined =>
  Object.entries(entry).find(([key]) => key.toLowerCase() === names.protocol)?.[1];

/** `22` or `8000-8999`; undefined for anything else. */
function portsOf(value: Body): Item {
  const match =
    typeof value === 'string' || typeof value === 'number' ? /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value)) : null;
  if (match === null) return {};
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && to <= 65_535 ? { ports: { from, to } } : {};
}

/** The protocol and port items of one entry of `allowed`. */
function openings(entry: Body, names: Names): readonly Item[] {
  if (!isObject(entry)) return [{}];
  const protocol = protocolOf(protocolIn(entry, names));
  const said: Item = protocol === undefined ? {} : { protocol };
  if (protocol === 'icmp' || protocol === 'other') return [{ ...said, ports: NONE }];
  const ports = entry.ports;
  if (ports instanceof Unresolved) return [said];
  // Without ports the entry opens all of them.
  if (ports === undefined || ports === null || (Array.isArray(ports) && ports.length === 0)) {
    return [protocol === undefined ? said : { ...said, ports: ALL_PORTS }];
  }
  return Array.isArray(ports) ? ports.map((p) => ({ ...said, ...portsOf(p as Body) })) : [said];
}

function sourceOf(value: Body): Item {
  const cidr = typeof value === 'string' ? parseCidr(value) : undefined;
  return cidr === undefined ? {} : { internet: cidr.internet, source: cidr.range };
}

interface Sources {
  readonly items: readonly Item[];
  readonly closed: boolean;
}
const ANY = '0.0.0.0/0';
/** Instances of the network, whatever their addresses are. */
const NAMED: Item = { internet: false, source: NONE };
/** Terraform does not know a set of which it does not know an element: the account that the plan makes is one. */
const isAccount = (ref: string): boolean => /(?:^|\.)google_service_account\./.test(ref);

/** Ranges, tags and service accounts are alternatives: a packet needs to match one. Without any of them every source does. */
function sourcesOf(native: NativeResource, names: Names): Sources | Reading<never> {
  const items: Item[] = [];
  let closed = true;
  /** Tags or accounts are known after apply only: where they turn out to be none, and there are no ranges, every source matches. */
  let perhapsNone = false;
  for (const [pointer, named] of [
    [names.ranges, false],
    [names.tags, true],
    [names.accounts, true],
  ] as const) {
    const found = look(native, pointer);
    if (found.is === 'absent' || (found.is === 'unresolved' && found.unset === true)) continue;
    if (found.is === 'denied') return unknown('denied', found.at);
    if (found.is === 'unresolved' && !named) {
      items.push({}); // some range that is not known yet, perhaps several
      closed = false;
    } else if (named) {
      // Tags and service accounts are those of instances of the network, whichever they are.
      if (found.is === 'unresolved' && !found.refs.some(isAccount)) perhapsNone = true;
      else if (found.is !== 'value' || !Array.isArray(found.value) || found.value.length > 0) {
        items.push(NAMED);
      }
    } else if (found.is === 'value') {
      if (!Array.isArray(found.value)) return unknown('invalid', found.at);
      items.push(...found.value.map((range) => sourceOf(range as Body)));
    }
  }
  if (items.length === 0) return { items: [perhapsNone ? {} : sourceOf(ANY)], closed };
  return { items: perhapsNone ? [...items, NAMED] : items, closed };
}

const LONGEST_TEXT = 200;

/** The rule in words: `tcp:22 from 0.0.0.0/0`. */
function inWords(native: NativeResource, names: Names, allowed: readonly Body[]): string {
  const words = (value: Body | undefined): string =>
    Array.isArray(value)
      ? value.map((v) => words(v as Body)).join(', ')
      : typeof value === 'string' || typeof value === 'number'
        ? String(value)
        : 'unknown';
  const what = allowed.map((entry) => {
    if (!isObject(entry)) return 'unknown';
    const ports = words(entry.ports ?? []);
    return `${words(protocolIn(entry, names))}${ports === '' ? '' : `:${ports}`}`;
  });
  const whence = [names.ranges, names.tags, names.accounts].flatMap((pointer) => {
    const found = look(native, pointer);
    const said = found.is === 'value' ? words(found.value) : found.is === 'absent' ? '' : 'unknown';
    return said === '' ? [] : [said];
  });
  return `${what.join('; ')} from ${whence.length === 0 ? 'anywhere' : whence.join(', ')}`.slice(0, LONGEST_TEXT);
}

/** What a rule that is in force lets in. */
function letsIn(native: NativeResource, names: Names): FactState {
  const allow = look(native, names.allow);
  const deny = look(native, names.deny);
  const has = (found: typeof allow): boolean =>
    found.is === 'value' && (!Array.isArray(found.value) || found.value.length > 0);
  if (allow.is === 'denied') return unknown('denied', allow.at);
  if (allow.is === 'unresolved') return unknown('unresolved', allow.at, allow.detail);
  if (!has(allow) || allow.is !== 'value') {
    if (deny.is === 'unresolved') return unknown('unresolved', deny.at, deny.detail);
    return has(deny)
      ? { state: 'known', value: [], closed: true, at: deny.at }
      : unknown('invalid', allow.at, 'a rule allows or denies something');
  }
  if (!Array.isArray(allow.value)) return unknown('invalid', allow.at);
  const sources = sourcesOf(native, names);
  if ('state' in sources) return sources;
  const opened = allow.value.flatMap((entry) => openings(entry as Body, names));
  const items = sources.items.flatMap((source) => opened.map((o) => ({ ...source, ...o })));
  // A list is cut at its end when it is too long: what matters most comes first.
  const rank = (item: Item): number => (item.internet === true ? 0 : item.internet === undefined ? 1 : 2);
  items.sort((a, b) => rank(a) - rank(b));
  return {
    state: 'known',
    value: items,
    closed: sources.closed,
    at: allow.at,
    native: inWords(native, names, allow.value as readonly Body[]),
  };
}

const direction = at('/direction')
  .oneOf({ INGRESS: 'INGRESS', EGRESS: 'EGRESS' })
  .orDefault('INGRESS', { because: REFERENCE, on: ON });
const disabled = at('/disabled').bool().orDefault(false, { because: REFERENCE, on: ON });

const ingress = (names: Names): Reader<unknown> =>
  derive<unknown>((native) => {
    if (!isObject(native.body)) return unknown('unresolved', native.pointer, 'the rule was not seen');
    const [off, way] = [disabled(native), direction(native)];
    if (off === undefined || off.state === 'unknown') return off;
    if (off.value) return { state: 'known', value: [], closed: true, at: `${native.pointer}/disabled` };
    if (way === undefined || way.state === 'unknown') return way;
    if (way.value === 'EGRESS') return { state: 'known', value: [], closed: true, at: `${native.pointer}/direction` };
    const open = letsIn(native, names);
    if (open.state !== 'known' || (off.state === 'known' && way.state === 'known')) return open;
    return { ...open, state: 'default', because: VPC_RULES, on: ON };
  });

/** VPC firewall rule. */
export const firewallRule: Mapping = defineMapping('gcp/firewall-rule', {
  cloud: 'gcp',
  kind: firewall,
  title: 'VPC firewall rule',
  parts: {
    rule: { native: { 'gcp.cai': 'compute.googleapis.com/Firewall', terraform: 'google_compute_firewall' } },
  },
  facts: {
    ingress: { is: { 'gcp.cai': ingress(CAI), terraform: ingress(TERRAFORM) } },
  },
});
