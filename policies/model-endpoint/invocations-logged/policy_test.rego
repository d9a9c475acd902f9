# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.model_endpoint.invocations_logged_test

import data.edict.policies.model_endpoint.invocations_logged as policy

test_invocations_logged_holds if {
	result := policy.result with input as {"facts": {"invocations_logged": true}, "closed": [], "now": 1800000000}
	"invocations-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "invocations-logged"]) == 0
}

test_invocations_logged_fails if {
	result := policy.result with input as {"facts": {"invocations_logged": false}, "closed": [], "now": 1800000000}
	not "invocations-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "invocations-logged"]) > 0
}

test_invocations_logged_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "invocations-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "invocations-logged"]) == 0
}
