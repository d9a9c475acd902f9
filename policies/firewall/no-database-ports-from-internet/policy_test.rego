# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.firewall.no_database_ports_from_internet_test

import data.edict.policies.firewall.no_database_ports_from_internet as policy

test_no_database_ports_holds if {
	result := policy.result with input as {"facts": {"ingress": []}, "closed": ["ingress"], "now": 1800000000}
	"no-database-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-database-ports"]) == 0
}

test_no_database_ports_fails if {
	result := policy.result with input as {"facts": {"ingress": [{"protocol": "all", "ports": {"from": 1520, "to": 5433}, "internet": true}]}, "closed": [], "now": 1800000000}
	not "no-database-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-database-ports"]) > 0
}

test_no_database_ports_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-database-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-database-ports"]) == 0
}
