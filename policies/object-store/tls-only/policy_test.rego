# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.tls_only_test

import data.edict.policies.object_store.tls_only as policy

test_tls_only_holds if {
	result := policy.result with input as {"facts": {"tls_only": true}, "closed": [], "now": 1800000000}
	"tls-only" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-only"]) == 0
}

test_tls_only_fails if {
	result := policy.result with input as {"facts": {"tls_only": false}, "closed": [], "now": 1800000000}
	not "tls-only" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-only"]) > 0
}

test_tls_only_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "tls-only" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-only"]) == 0
}
