import { bool, ipRange, listOf, oneOf, optional, range } from '../model/fact.ts';
import { defineKind } from '../model/kind.ts';

/** Security group, network security group, VPC firewall rule. */
export const firewall = defineKind('firewall', {
  title: 'Firewall',
  facts: {
    ingress: listOf(
      'What it effectively lets in: one item for each (source, protocol, ports) that is allowed after its own deny rules and priorities; empty when nothing is let in.',
      {
        internet: bool(
          'The source is the internet: a public range (not private, shared or unique-local) of IPv4 /8 or wider or IPv6 /16 or wider, or a tag that means it.',
        ),
        source: optional(
          ipRange('The source addresses; none where the source is not an address range (a group, a tag, an identity).'),
        ),
        protocol: oneOf(['tcp', 'udp', 'icmp', 'other', 'all'], 'The protocol; all when every protocol is let in.'),
        ports: optional(range('The destination ports; none where the protocol has no ports.', { min: 0, max: 65_535 })),
      },
    ),
  },
});
