# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.model_endpoint.customer_managed_key_test

import data.edict.policies.model_endpoint.customer_managed_key as policy

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
