/** The literals of the clause language: ranges, address ranges, `none`. */
import ipaddr from 'ipaddr.js';
import type { IpRange, None, Range } from '../model/fact.ts';
import { isObject } from '../model/json.ts';

/** True for `{none: true}` and nothing else. */
export const isNone = (v: unknown): v is None => isObject(v) && v.none === true && Object.keys(v).length === 1;

/** True for a not inverted `{from, to}` of numbers. */
export const isRange = (v: unknown): v is Range =>
  isObject(v) && typeof v.from === 'number' && typeof v.to === 'number' && v.from <= v.to;

/** Hex digits of an address bound. */
export const HEX_DIGITS = { ipv4: 8, ipv6: 32 } as const;

/** True for a not inverted `{family, first, last}` whose bounds have the width of the family. */
export function isIpRange(v: unknown): v is IpRange {
  if (!isObject(v) || (v.family !== 'ipv4' && v.family !== 'ipv6')) return false;
  const width = HEX_DIGITS[v.family];
  const { first, last } = v;
  return (
    typeof first === 'string' &&
    typeof last === 'string' &&
    Array.from(first).length === width &&
    Array.from(last).length === width &&
    first <= last
  );
}

/** `"22"` or `"20-25"` as a range; undefined if it is not one. */
export function parseRange(text: string): Range | undefined {
  const m = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text.trim());
  if (m === null) return undefined;
  const from = Number(m[1]);
  const to = m[2] === undefined ? from : Number(m[2]);
  return from <= to ? { from, to } : undefined;
}

const bytesToHex = (bytes: readonly number[]): string => bytes.map((b) => b.toString(16).padStart(2, '0')).join('');

/**
 * A CIDR (or one address) as an address range. An IPv4 address mapped into IPv6 is IPv4. Undefined if it is not a CIDR
 * or has host bits: `10.0.0.1/8` is a mistake in a policy, where it is only sloppy in a cloud.
 */
export function parseCidrLiteral(text: string): IpRange | undefined {
  const [address = '', suffix] = text.trim().split('/');
  if (suffix !== undefined && !/^(0|[1-9]\d{0,2})$/.test(suffix)) return undefined;
  const v4 = ipaddr.IPv4.isValidFourPartDecimal(address);
  if (!v4 && (!address.includes(':') || address.includes('%') || !ipaddr.IPv6.isValid(address))) return undefined;
  const bytes = v4 ? ipaddr.IPv4.parse(address).toByteArray() : ipaddr.IPv6.parse(address).toByteArray();
  const bits = bytes.length * 8;
  const prefix = suffix === undefined ? bits : Number(suffix);
  if (prefix > bits) return undefined;
  const hostMask = bytes.map((_, i) => 0xff >> Math.max(0, Math.min(8, prefix - i * 8)));
  if (bytes.some((b, i) => (b & (hostMask[i] ?? 0)) !== 0)) return undefined;
  const first = bytesToHex(bytes);
  const last = bytesToHex(bytes.map((b, i) => b | (hostMask[i] ?? 0)));
  const mapped = '00000000000000000000ffff';
  return !v4 && prefix >= 96 && first.startsWith(mapped)
    ? { family: 'ipv4', first: first.slice(mapped.length), last: last.slice(mapped.length) }
    : { family: v4 ? 'ipv4' : 'ipv6', first, last };
}

/** A CIDR where the range is one, else `first-last`, for readers. */
export function formatIpRange({ family, first, last }: IpRange): string {
  const parse = (hex: string) => {
    const bytes = hex.match(/../g)?.map((h) => Number.parseInt(h, 16)) ?? [];
    return ipaddr.fromByteArray(bytes).toString();
  };
  const differ = BigInt(`0x${first}`) ^ BigInt(`0x${last}`);
  const hostBits = differ === 0n ? 0 : differ.toString(2).length;
  const isBlock = differ === (1n << BigInt(hostBits)) - 1n && (BigInt(`0x${first}`) & differ) === 0n;
  return isBlock ? `${parse(first)}/${HEX_DIGITS[family] * 4 - hostBits}` : `${parse(first)}-${parse(last)}`;
}

/** `22` or `20-25`, for readers. */
export const formatRange = ({ from, to }: Range): string => (from === to ? String(from) : `${from}-${to}`);

/** The same set of integers as sorted, disjoint ranges with a gap between any two. */
export function coalesceRanges(ranges: readonly Range[]): readonly Range[] {
  const out: Range[] = [];
  for (const r of ranges.toSorted((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last !== undefined && r.from <= last.to + 1)
      out[out.length - 1] = { from: last.from, to: Math.max(last.to, r.to) };
    else out.push({ from: r.from, to: r.to });
  }
  return out;
}

/** The address after this one, in hex of the same width; undefined after the last. */
export function nextAddress(hex: string): string | undefined {
  const next = (BigInt(`0x${hex}`) + 1n).toString(16).padStart(hex.length, '0');
  return next.length > hex.length ? undefined : next;
}

/** The same set of addresses as sorted, disjoint ranges with a gap between any two of a family. */
export function coalesceIpRanges(ranges: readonly IpRange[]): readonly IpRange[] {
  const out: IpRange[] = [];
  const key = (r: IpRange): string => r.family + r.first;
  for (const r of ranges.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))) {
    const last = out.at(-1);
    const after = last === undefined ? undefined : nextAddress(last.last);
    if (last !== undefined && last.family === r.family && (after === undefined || r.first <= after)) {
      out[out.length - 1] = { ...last, last: r.last > last.last ? r.last : last.last };
    } else out.push({ family: r.family, first: r.first, last: r.last });
  }
  return out;
}
