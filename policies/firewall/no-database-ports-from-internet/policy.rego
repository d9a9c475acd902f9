# METADATA
# title: "The internet cannot reach database and cache ports"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.firewall
package edict.policies.firewall.no_database_ports_from_internet

import data.edict.values

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["no-database-ports"]

database_ports := [
	{"from": 1433, "to": 1434},
	{"from": 1521, "to": 1521},
	{"from": 2483, "to": 2484},
	{"from": 3306, "to": 3306},
	{"from": 5432, "to": 5432},
	{"from": 5439, "to": 5439},
	{"from": 5984, "to": 5984},
	{"from": 6379, "to": 6380},
	{"from": 7000, "to": 7001},
	{"from": 7473, "to": 7474},
	{"from": 7687, "to": 7687},
	{"from": 8086, "to": 8086},
	{"from": 9042, "to": 9042},
	{"from": 9200, "to": 9200},
	{"from": 9300, "to": 9300},
	{"from": 11211, "to": 11211},
	{"from": 26257, "to": 26257},
	{"from": 27017, "to": 27019},
	{"from": 33060, "to": 33060},
	{"from": 50000, "to": 50000},
]

# no way in from the internet to the usual database and cache ports
holds contains "no-database-ports" if {
	is_array(input.facts.ingress)
	is_array(input.closed)
	"ingress" in input.closed
	every item in input.facts.ingress {
		no_database_ports_holds(item)
	}
}

fails contains {"clause": "no-database-ports", "item": i} if {
	is_array(input.facts.ingress)
	some i, item in input.facts.ingress
	item.internet == true
	item.protocol in {"all", "tcp"}
	values.is_range(item.ports)
	values.is_range_touching(item.ports, database_ports)
}

no_database_ports_holds(item) if item.internet == false

else if item.protocol in {"icmp", "other", "udp"}

else if item.ports == {"none": true}

else if {
	values.is_range(item.ports)
	not values.is_range_touching(item.ports, database_ports)
}
