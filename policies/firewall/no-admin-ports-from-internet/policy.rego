# METADATA
# title: "The internet cannot reach administration ports"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.firewall
package edict.policies.firewall.no_admin_ports_from_internet

import data.edict.values

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["no-admin-ports"]

admin_ports := [
	{"from": 22, "to": 22},
	{"from": 3389, "to": 3389},
	{"from": 5985, "to": 5986},
]

# no way in from the internet to administration ports
holds contains "no-admin-ports" if {
	is_array(input.facts.ingress)
	is_array(input.closed)
	"ingress" in input.closed
	every item in input.facts.ingress {
		no_admin_ports_holds(item)
	}
}

fails contains {"clause": "no-admin-ports", "item": i} if {
	is_array(input.facts.ingress)
	some i, item in input.facts.ingress
	item.internet == true
	item.protocol in {"all", "tcp"}
	values.is_range(item.ports)
	values.is_range_touching(item.ports, admin_ports)
}

no_admin_ports_holds(item) if item.internet == false

else if item.protocol in {"icmp", "other", "udp"}

else if item.ports == {"none": true}

else if {
	values.is_range(item.ports)
	not values.is_range_touching(item.ports, admin_ports)
}
