# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.object_store.customer_managed_key_test

import data.edict.policies.object_store.customer_managed_key as policy

test_scope_holds if {
	result := policy.result with input as {"facts": {"data_classification": "confidential"}, "closed": [], "now": 1800000000}
	"scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_scope_fails if {
	result := policy.result with input as {"facts": {"data_classification": "public"}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) > 0
}

test_scope_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "scope" in result.holds
	count([failure | some failure in result.fails; failure.clause == "scope"]) == 0
}

test_customer_key_holds if {
	result := policy.result with input as {"facts": {"encryption": "customer_key"}, "closed": [], "now": 1800000000}
	"customer-key" in result.holds
	count([failure | some failure in result.fails; failure.clause == "customer-key"]) == 0
}

test_customer_key_fails if {
	result := policy.result with input as {"facts": {"encryption": "none"}, "closed": [], "now": 1800000000}
	not "customer-key" in result.holds
	count([failure | some failure in result.fails; failure.clause == "customer-key"]) > 0
}

test_customer_key_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "customer-key" in result.holds
	count([failure | some failure in result.fails; failure.clause == "customer-key"]) == 0
}
