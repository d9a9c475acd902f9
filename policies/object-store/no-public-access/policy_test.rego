# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.no_public_access_test

import data.edict.policies.object_store.no_public_access as policy

test_no_public_read_holds if {
	result := policy.result with input as {"facts": {"public_read": false}, "closed": [], "now": 1800000000}
	"no-public-read" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-read"]) == 0
}

test_no_public_read_fails if {
	result := policy.result with input as {"facts": {"public_read": true}, "closed": [], "now": 1800000000}
	not "no-public-read" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-read"]) > 0
}

test_no_public_read_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-public-read" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-read"]) == 0
}

test_no_public_write_holds if {
	result := policy.result with input as {"facts": {"public_write": false}, "closed": [], "now": 1800000000}
	"no-public-write" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-write"]) == 0
}

test_no_public_write_fails if {
	result := policy.result with input as {"facts": {"public_write": true}, "closed": [], "now": 1800000000}
	not "no-public-write" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-write"]) > 0
}

test_no_public_write_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "no-public-write" in result.holds
	count([failure | some failure in result.fails; failure.clause == "no-public-write"]) == 0
}
