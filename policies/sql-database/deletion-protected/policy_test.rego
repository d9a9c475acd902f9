# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.sql_database.deletion_protected_test

import data.edict.policies.sql_database.deletion_protected as policy

test_scope_holds if {
	result := policy.result with input as {"facts": {"environment": "production"}, "closed": [], "now": 1800000000}
	"scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_scope_fails if {
	result := policy.result with input as {"facts": {"environment": "staging"}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) > 0
}

test_scope_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_deletion_protected_holds if {
	result := policy.result with input as {"facts": {"deletion_protected": true}, "closed": [], "now": 1800000000}
	"deletion-protected" in result.holds
	count([failure | some failure in result.fails; failure.clause == "deletion-protected"]) == 0
}

test_deletion_protected_fails if {
	result := policy.result with input as {"facts": {"deletion_protected": false}, "closed": [], "now": 1800000000}
	not "deletion-protected" in result.holds
	count([failure | some failure in result.fails; failure.clause == "deletion-protected"]) > 0
}

test_deletion_protected_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "deletion-protected" in result.holds
	count([failure | some failure in result.fails; failure.clause == "deletion-protected"]) == 0
}
