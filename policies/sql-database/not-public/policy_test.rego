# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.sql_database.not_public_test

import data.edict.policies.sql_database.not_public as policy

test_no_public_endpoint_holds if {
	result := policy.result with input as {"facts": {"public_endpoint": false}, "closed": [], "now": 1800000000}
	"no-public-endpoint" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-endpoint"]) == 0
}

test_no_public_endpoint_fails if {
	result := policy.result with input as {"facts": {"public_endpoint": true}, "closed": [], "now": 1800000000}
	not "no-public-endpoint" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-endpoint"]) > 0
}

test_no_public_endpoint_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-public-endpoint" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-endpoint"]) == 0
}
