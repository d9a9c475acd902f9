/**
 * What an address range is: the `ip_range` value of a CIDR, and whether it means "the internet".
 *
 * The internet is any public range of IPv4 /8 or wider, or IPv6 /16 or wider. A range is public unless *all* of it
 * lies in the blocks below that are never routed between networks: `10.0.0.0/7` holds 11.0.0.0/8 and is therefore public.
 * https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry (read 2026-11-25)
 */
import ipaddr from 'ipaddr.js';
import type { IpRange } from '../model/fact.ts';

const MAX_IPV4_PREFIX = 8;
const MAX_IPV6_PREFIX = 16;

interface Block {
  readonly family: IpRange['family'];
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
}

const BITS = { ipv4: 32, ipv6: 128 } as const;

function bytesToBlock(family: IpRange['family'], bytes: readonly number[], prefix: number): Block {
  const address = bytes.reduce((n, b) => (n << 8n) | BigInt(b), 0n);
  const hostBits = BigInt(BITS[family] - prefix);
  const first = (address >> hostBits) << hostBits;
  return { family, first, last: first | ((1n << hostBits) - 1n), prefix };
}

/** The four-part decimal form only: other readers take 010.0.0.0 as octal and 167772160 as an address. */
const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;
const MAPPED_FIRST = 0xffff_0000_0000n; // ::ffff:0:0/96
const MAPPED_LAST = 0xffff_ffff_ffffn;

/** A CIDR or a single address as a block; host bits are cleared; a mapped IPv4 is IPv4. */
function parseBlock(text: string): Block | undefined {
  const [address, suffix, ...rest] = text.trim().split('/');
  if (address === undefined || rest.length > 0) return undefined;
  if (suffix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(suffix)) return undefined;
  const octets = IPV4.exec(address);
  if (octets !== null) {
    const bytes = octets.slice(1).map(Number);
    const prefix = suffix === undefined ? 32 : Number(suffix);
    return prefix > 32 || bytes.some((b) => b > 255) ? undefined : bytesToBlock('ipv4', bytes, prefix);
  }
  if (!address.includes(':') || address.includes('%') || !ipaddr.IPv6.isValid(address)) return undefined;
  const prefix = suffix === undefined ? 128 : Number(suffix);
  if (prefix > 128) return undefined;
  const block = bytesToBlock('ipv6', ipaddr.IPv6.parse(address).toByteArray(), prefix);
  if (block.first < MAPPED_FIRST || block.last > MAPPED_LAST) return block;
  return {
    family: 'ipv4',
    first: block.first - MAPPED_FIRST,
    last: block.last - MAPPED_FIRST,
    prefix: prefix - 96,
  };
}

const blocks = (...cidrs: readonly string[]): readonly Block[] =>
  cidrs.flatMap((c) => parseBlock(c) ?? []).sort((a, b) => (a.first < b.first ? -1 : 1));

const NOT_PUBLIC = {
  ipv4: blocks(
    '0.0.0.0/8', // "this network"
    '10.0.0.0/8', // private
    '100.64.0.0/10', // shared (carrier-grade NAT)
    '127.0.0.0/8', // loopback
    '169.254.0.0/16', // link-local
    '172.16.0.0/12', // private
    '192.0.0.0/24', // IETF protocol assignments
    '192.0.2.0/24', // documentation
    '192.168.0.0/16', // private
    '198.18.0.0/15', // benchmarking
    '198.51.100.0/24', // documentation
    '203.0.113.0/24', // documentation
    '224.0.0.0/4', // multicast
    '240.0.0.0/4', // reserved
  ),
  ipv6: blocks(
    '::/127', // unspecified and loopback
    '100::/64', // discard
    '2001:db8::/32', // documentation
    '3fff::/20', // documentation
    '5f00::/16', // segment routing
    'fc00::/7', // unique local
    'fe80::/9', // link-local and the deprecated site-local
    'ff00::/8', // multicast
  ),
};

/** True if every address of the block lies in one of the blocks that are not public (they are sorted and disjoint). */
function isNotPublic(block: Block): boolean {
  let next = block.first;
  for (const b of NOT_PUBLIC[block.family]) {
    if (b.last < next) continue;
    if (b.first > next) return false;
    next = b.last + 1n;
    if (next > block.last) return true;
  }
  return false;
}

function meansInternet(block: Block): boolean {
  if (isNotPublic(block)) return false;
  if (block.family === 'ipv4') return block.prefix <= MAX_IPV4_PREFIX;
  // An IPv6 range that holds all mapped addresses holds the whole IPv4 internet.
  return block.prefix <= MAX_IPV6_PREFIX || (block.first <= MAPPED_FIRST && block.last >= MAPPED_LAST);
}

const hex = (n: bigint, family: IpRange['family']): string => n.toString(16).padStart(BITS[family] / 4, '0');

export interface Cidr {
  readonly range: IpRange;
  /** The range means the internet: public and /8 or wider (IPv6: /16 or wider). */
  readonly internet: boolean;
  /** No address of the range is public: private, shared, unique-local, loopback, link-local, multicast, reserved. */
  readonly notPublic: boolean;
  /** Length of the prefix, of the IPv4 range where it is a mapped one. */
  readonly prefix: number;
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Undefined for anything else (octal or integer forms,
 * zone ids, net masks, `*`, tags): the caller then says `unknown`, or reads the tag.
 */
export function parseCidr(text: string): Cidr | undefined {
  const block = parseBlock(text);
  if (block === undefined) return undefined;
  const { family, first, last, prefix } = block;
  return {
    range: { family, first: hex(first, family), last: hex(last, family) },
    internet: meansInternet(block),
    notPublic: isNotPublic(block),
    prefix,
  };
}

/** The parts of a range that lie outside another one: none, one or two ranges. Bounds of one family are hex of one width. */
export function withoutRange(range: IpRange, taken: IpRange): readonly IpRange[] {
  const { family, first, last } = range;
  if (taken.family !== family || taken.last < first || taken.first > last) return [range];
  const left: IpRange[] = [];
  if (first < taken.first) left.push({ family, first, last: hex(BigInt(`0x${taken.first}`) - 1n, family) });
  if (last > taken.last) left.push({ family, first: hex(BigInt(`0x${taken.last}`) + 1n, family), last });
  return left;
}

/** True if a range, which need not be a CIDR, holds one that means the internet. */
export function holdsInternet({ family, first, last }: IpRange): boolean {
  const [from, to] = [BigInt(`0x${first}`), BigInt(`0x${last}`)];
  if (family === 'ipv6' && from <= MAPPED_FIRST && to >= MAPPED_LAST) return true;
  const prefix = family === 'ipv4' ? MAX_IPV4_PREFIX : MAX_IPV6_PREFIX;
  const size = 1n << BigInt(BITS[family] - prefix);
  for (let at = ((from + size - 1n) / size) * size; at + size - 1n <= to; at += size) {
    if (!isNotPublic({ family, first: at, last: at + size - 1n, prefix })) return true;
  }
  return false;
}
