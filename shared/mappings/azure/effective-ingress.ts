/**
 * What the rules of a network security group let in together: read in the order of their priority, the first that matches
 * a packet decides, so that a rule lets in what it allows less what rules before it deny. Only inbound rules count.
 *
 * A deny takes away only what it surely covers: sources by address, by tag and by group; the ports and protocols that it
 * names; and only where it covers every destination and source port of the rule after it. What a rule that cannot be read
 * might deny is not let in for sure, so the items after it are left out and the list is not closed.
 * https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview (read 2026-11-25)
 */
import { type IpRange, NONE, type Range, type RecordValue } from '../../model/fact.ts';
import { holdsInternet, parseCidr, withoutRange } from '../internet.ts';
import { canonicalJson } from '../../model/json.ts';
import type { ReadingValue } from '../reader.ts';

const PROTOCOLS = ['tcp', 'udp', 'icmp', 'other'] as const;
type Protocol = (typeof PROTOCOLS)[number];
/** The protocols of a rule by their native names, lower case. */
export const PROTOCOL_OF: { readonly [native: string]: Protocol | 'all' } = {
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
export const ALL_PORTS: Range = { from: 0, to: 65_535 };

/** A rule as it is kept: `null` for what could not be read. */
export interface Rule {
  readonly name: string;
  readonly inbound: boolean | null;
  readonly allow: boolean | null;
  readonly priority: number | null;
  readonly protocol: Protocol | 'all' | null;
  /** Address prefixes and tags as written; application security groups as `asg:<id>`. */
  readonly sources: readonly string[] | null;
  readonly ports: readonly Range[] | null;
  /** It matches every destination and every source port. If not, the two fields below say what it matches; else they are `null`. */
  readonly everywhere: boolean | null;
  readonly destinations: readonly string[] | null;
  readonly sourcePorts: readonly Range[] | null;
  readonly [field: string]: ReadingValue;
}

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
  destinations: null,
  sourcePorts: null,
}));

/** Where packets come from. */
interface Source {
  readonly name: string;
  readonly internet: boolean;
  /** The range that the rule writes; undefined for a tag or a group. */
  readonly range: IpRange | undefined;
  /** The addresses that are left of it; undefined for a tag or a group whose addresses are not known. */
  readonly left: readonly IpRange[] | undefined;
}
const ANY_RANGES = ['0.0.0.0/0', '::/0'] as const;
const isAny = (text: string): boolean => text === '*' || text.toLowerCase() === 'any';
const INTERNET = 'internet';
const VIRTUAL_NETWORK = 'virtualnetwork';

function ofRange(text: string): Source | undefined {
  const cidr = /^[\da-f:.]+(\/\d+)?$/i.test(text) ? parseCidr(text) : undefined;
  return cidr && { name: text, internet: cidr.internet, range: cidr.range, left: [cidr.range] };
}
const ANY: readonly Source[] = ANY_RANGES.flatMap((text) => ofRange(text) ?? []);

/** The sources that a text names; undefined if it cannot be read. */
function sourcesOf(text: string): readonly Source[] | undefined {
  if (isAny(text)) return ANY;
  const range = ofRange(text);
  if (range !== undefined) return [range];
  // Neither a range that can be read nor the name of a tag or group.
  if (!text.startsWith('asg:') && !/^[a-z][a-z0-9_.-]*$/i.test(text)) return undefined;
  const name = text.toLowerCase();
  if (name !== INTERNET) return [{ name, internet: false, range: undefined, left: undefined }];
  // A tag names a service or a network; only this one means everything outside, which lies within all addresses.
  return ANY.map(({ left }) => ({ name, internet: true, range: undefined, left }));
}

/** True if the destinations are all there are: what comes in always goes to an address of the virtual network. */
export function isEveryDestination(values: readonly string[]): boolean {
  return (
    values.some((v) => isAny(v) || v.toLowerCase() === VIRTUAL_NETWORK) ||
    ANY_RANGES.every((all) => values.includes(all))
  );
}

/** A deny that can be read, with its sources as it matches them. */
interface Denied {
  readonly rule: Rule;
  readonly protocol: Protocol | 'all';
  readonly ports: readonly Range[];
  readonly any: boolean;
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
  return { rule, protocol, ports, any: rule.sources.some(isAny), sources };
}

const isWithin = (inner: IpRange, outer: IpRange): boolean =>
  inner.family === outer.family && outer.first <= inner.first && outer.last >= inner.last;

/** Whether a deny covers every destination and source port of a rule, for packets from this source. */
function coversWhere(deny: Rule, allow: Rule, source: Source): boolean {
  if (deny.everywhere === true) return true;
  if (allow.everywhere === null) return false;
  const [outer, inner] = [deny.destinations ?? ['*'], allow.destinations ?? ['*']];
  const [outerPorts, innerPorts] = [deny.sourcePorts ?? [ALL_PORTS], allow.sourcePorts ?? [ALL_PORTS]];
  if (without(innerPorts, outerPorts).length > 0) return false;
  if (isEveryDestination(outer)) return true;
  const family = source.left?.[0]?.family;
  const ranges = (text: string) =>
    isAny(text) || text.toLowerCase() === VIRTUAL_NETWORK
      ? ANY.flatMap((a) => a.range ?? [])
      : [parseCidr(text)?.range];
  return inner.every((text) =>
    ranges(text).every((range) =>
      // A packet's destination is of the family of its source.
      range === undefined
        ? outer.some((o) => o.toLowerCase() === text.toLowerCase())
        : (family !== undefined && range.family !== family) ||
          outer.some((o) => ranges(o).some((r) => r !== undefined && isWithin(range, r))),
    ),
  );
}

const meet = (a: IpRange, b: IpRange): boolean => a.family === b.family && a.first <= b.last && a.last >= b.first;

/** What is left of a source after a deny; undefined if nothing is, the same object if all is. */
function lessSource(source: Source, deny: Denied): Source | undefined {
  if (deny.any) return undefined;
  if (deny.sources.some((d) => d.name === source.name && d.range === undefined)) return undefined;
  let { left } = source;
  if (left === undefined) return source;
  for (const { range } of deny.sources) {
    if (range !== undefined && left.some((l) => meet(l, range))) left = left.flatMap((l) => withoutRange(l, range));
  }
  if (left.length === 0) return undefined;
  const internet =
    source.internet &&
    !deny.sources.some((d) => d.name === INTERNET) &&
    (left === source.left || left.some(holdsInternet));
  if (internet === source.internet) return { ...source, left };
  // The internet is taken out of a wider source: what is left of it is networks of one's own, or small.
  return { name: source.name, internet, range: undefined, left };
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
  readonly rule: Rule;
  readonly source: Source | undefined;
  readonly protocol: Protocol | 'all' | undefined;
  readonly ports: readonly Range[] | undefined;
}

/** What is left of an item after one deny; an item may fall into several. */
function after(item: Item, deny: Denied): readonly Item[] {
  const { source, protocol, ports } = item;
  if (source === undefined || protocol === undefined || ports === undefined) return [item];
  // What the deny does not touch at all is the usual case, and cheap to see.
  if (protocol !== 'all' && deny.protocol !== 'all' && protocol !== deny.protocol) return [item];
  const meets = (p: Range): boolean => deny.ports.some((d) => d.from <= p.to && d.to >= p.from);
  if (hasPorts(protocol) && hasPorts(deny.protocol) && !ports.some(meets)) return [item];
  if (!coversWhere(deny.rule, item.rule, source)) return [item];
  const less = lessSource(source, deny);
  if (less?.left === source.left && less?.internet === source.internet) return [item];
  const protocols = protocol === 'all' && deny.protocol !== 'all' ? PROTOCOLS : [protocol];
  return protocols.flatMap((p): readonly Item[] => {
    if (deny.protocol !== 'all' && deny.protocol !== p) return [{ ...item, protocol: p }];
    const left = without(ports, hasPorts(p) ? deny.ports : [ALL_PORTS]);
    const kept: Item[] = left.length === 0 ? [] : [{ ...item, protocol: p, ports: left }];
    const inside = less === undefined ? [] : without(ports, left);
    return less === undefined || inside.length === 0
      ? kept
      : [...kept, { ...item, source: less, protocol: p, ports: inside }];
  });
}

function records({ source, protocol, ports }: Item): readonly RecordValue[] {
  const base: RecordValue = {
    ...(source === undefined ? {} : { internet: source.internet, source: source.range ?? NONE }),
    ...(protocol === undefined ? {} : { protocol }),
  };
  if (protocol !== undefined && !hasPorts(protocol)) return [{ ...base, ports: NONE }];
  return ports === undefined ? [base] : ports.map((p) => ({ ...base, ports: p }));
}

/** About a second's work. An ordinary group takes thousands of steps; beyond this the rest is not looked at. */
const MOST_STEPS = 5_000_000;

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
  let steps = 0;
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
    const letIn = new Map<string, RecordValue>();
    const sources: (Source | undefined)[] = rule.sources === null ? [undefined] : [];
    for (const text of rule.sources ?? []) sources.push(...(sourcesOf(text) ?? [undefined]));
    for (const source of sources) {
      const { protocol, ports } = rule;
      let left: readonly Item[] = [{ rule, source, protocol: protocol ?? undefined, ports: ports ?? undefined }];
      for (const deny of denies) {
        for (const item of left) steps += 1 + (item.source?.left?.length ?? 0) * deny.sources.length;
        if (steps > MOST_STEPS) return { items: [...items, ...letIn.values()], closed: false };
        left = left.flatMap((item) => after(item, deny));
      }
      if (left.length === 0) continue;
      if (doubtful) closed = false;
      // The tag of the internet is two sources, one for each family, and one item where both are left.
      else for (const record of left.flatMap(records)) letIn.set(canonicalJson(record), record);
    }
    items.push(...letIn.values());
  }
  return { items, closed };
}
