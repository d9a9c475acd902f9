# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.versioned_test

import data.edict.policies.object_store.versioned as policy

test_versioned_holds if {
	result := policy.result with input as {"facts": {"versioned": true}, "closed": [], "now": 1800000000}
	"versioned" in result.holds
	count([failure | some failure in result.fails; failure.clause == "versioned"]) == 0
}

test_versioned_fails if {
	result := policy.result with input as {"facts": {"versioned": false}, "closed": [], "now": 1800000000}
	not "versioned" in result.holds
	count([failure | some failure in result.fails; failure.clause == "versioned"]) > 0
}

test_versioned_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "versioned" in result.holds
	count([failure | some failure in result.fails; failure.clause == "versioned"]) == 0
}
