# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.firewall.no_admin_ports_from_internet_test

import data.edict.policies.firewall.no_admin_ports_from_internet as policy

test_no_admin_ports_holds if {
	result := policy.result with input as {"facts": {"ingress": []}, "closed": ["ingress"], "now": 1800000000}
	"no-admin-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-admin-ports"]) == 0
}

test_no_admin_ports_fails if {
	result := policy.result with input as {"facts": {"ingress": [{"internet": true, "protocol": "tcp", "ports": {"from": 0, "to": 22}}]}, "closed": [], "now": 1800000000}
	not "no-admin-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-admin-ports"]) > 0
}

test_no_admin_ports_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-admin-ports" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-admin-ports"]) == 0
}
