# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.sql_database.encrypted_at_rest_test

import data.edict.policies.sql_database.encrypted_at_rest as policy

test_encrypted_holds if {
	result := policy.result with input as {"facts": {"encryption": "provider_key"}, "closed": [], "now": 1800000000}
	"encrypted" in result.holds
	count([failure | some failure in result.fails; failure.clause == "encrypted"]) == 0
}

test_encrypted_fails if {
	result := policy.result with input as {"facts": {"encryption": "none"}, "closed": [], "now": 1800000000}
	not "encrypted" in result.holds
	count([failure | some failure in result.fails; failure.clause == "encrypted"]) > 0
}

test_encrypted_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "encrypted" in result.holds
	count([failure | some failure in result.fails; failure.clause == "encrypted"]) == 0
}
