# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.model_endpoint.no_static_keys_test

import data.edict.policies.model_endpoint.no_static_keys as policy

test_no_static_keys_holds if {
	result := policy.result with input as {"facts": {"static_keys": false}, "closed": [], "now": 1800000000}
	"no-static-keys" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-static-keys"]) == 0
}

test_no_static_keys_fails if {
	result := policy.result with input as {"facts": {"static_keys": true}, "closed": [], "now": 1800000000}
	not "no-static-keys" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-static-keys"]) > 0
}

test_no_static_keys_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-static-keys" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-static-keys"]) == 0
}
