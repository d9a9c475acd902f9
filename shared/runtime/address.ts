/**
 * Where we may go when a configuration says an address: to a server on the internet, over TLS. An address of this machine,
 * of the network around it or of the cloud's metadata service would make us the one who asks it.
 */
import { BlockList, isIP } from 'node:net';

/** Networks that are nobody's on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry, read 2026-11-25. */
const INSIDE = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ],
  ipv6: [
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2002::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['ff00::', 8],
  ],
} as const;
/** It takes an IPv4 address that is mapped into IPv6 for the IPv4 address. */
const inside = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const)
  for (const [net, prefix] of INSIDE[family]) inside.addSubnet(net, prefix, family);

/** Names that lead inside without a look at them; `metadata.google.internal` is one. */
const INSIDE_NAMES = /(^|\.)(localhost|local|internal|localdomain|home\.arpa)$/;

/**
 * Why we do not go to an address that a configuration names; undefined: we do. A URL writes an IPv4 address in many ways
 * (`https://2130706433`): the parser of URLs makes them one. What a name resolves to is not looked at: whoever says the
 * name says where it leads, and a message never does.
 */
export function refusedAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return 'it is no URL';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:') return 'it is not https';
  if (username !== '' || password !== '') return 'it names a user';
  const host = hostname.replace(/^\[|\]$|\.$/g, '');
  const family = isIP(host);
  if (family !== 0) {
    const of = family === 4 ? 'ipv4' : 'ipv6';
    return inside.check(host, of)
      ? 'it is an address of this machine, a private network or a metadata service'
      : undefined;
  }
  if (!host.includes('.') || INSIDE_NAMES.test(host)) return 'it is a name of a private network';
  return undefined;
}

/** An address of this very machine: a stand-in or a proxy, where nobody else is asked. */
export const isLoopback = (text: string | undefined): boolean =>
  text !== undefined && URL.canParse(text) && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(text).hostname);
