# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.sql_database.tls_required_test

import data.edict.policies.sql_database.tls_required as policy

test_tls_required_holds if {
	result := policy.result with input as {"facts": {"tls_required": true}, "closed": [], "now": 1800000000}
	"tls-required" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-required"]) == 0
}

test_tls_required_fails if {
	result := policy.result with input as {"facts": {"tls_required": false}, "closed": [], "now": 1800000000}
	not "tls-required" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-required"]) > 0
}

test_tls_required_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "tls-required" in result.holds
	count([failure | some failure in result.fails; failure.clause == "tls-required"]) == 0
}
