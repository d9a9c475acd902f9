# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.public_access_blocked_test

import data.edict.policies.object_store.public_access_blocked as policy

test_blocked_holds if {
	result := policy.result with input as {"facts": {"public_access_blocked": true}, "closed": [], "now": 1800000000}
	"blocked" in result.holds
	count([failure | some failure in result.fails; failure.clause == "blocked"]) == 0
}

test_blocked_fails if {
	result := policy.result with input as {"facts": {"public_access_blocked": false}, "closed": [], "now": 1800000000}
	not "blocked" in result.holds
	count([failure | some failure in result.fails; failure.clause == "blocked"]) > 0
}

test_blocked_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "blocked" in result.holds
	count([failure | some failure in result.fails; failure.clause == "blocked"]) == 0
}
