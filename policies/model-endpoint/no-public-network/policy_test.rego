# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.model_endpoint.no_public_network_test

import data.edict.policies.model_endpoint.no_public_network as policy

test_scope_holds if {
	result := policy.result with input as {"facts": {"public_network": false}, "closed": [], "now": 1800000000}
	"scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_scope_fails if {
	result := policy.result with input as {"facts": {"public_network": {"none": true}}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) > 0
}

test_scope_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_no_public_network_holds if {
	result := policy.result with input as {"facts": {"public_network": false}, "closed": [], "now": 1800000000}
	"no-public-network" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-network"]) == 0
}

test_no_public_network_fails if {
	result := policy.result with input as {"facts": {"public_network": true}, "closed": [], "now": 1800000000}
	not "no-public-network" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-network"]) > 0
}

test_no_public_network_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-public-network" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-network"]) == 0
}
