# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.access_logged_test

import data.edict.policies.object_store.access_logged as policy

test_access_logged_holds if {
	result := policy.result with input as {"facts": {"access_logged": true}, "closed": [], "now": 1800000000}
	"access-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "access-logged"]) == 0
}

test_access_logged_fails if {
	result := policy.result with input as {"facts": {"access_logged": false}, "closed": [], "now": 1800000000}
	not "access-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "access-logged"]) > 0
}

test_access_logged_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "access-logged" in result.holds
	count([failure | some failure in result.fails; failure.clause == "access-logged"]) == 0
}
