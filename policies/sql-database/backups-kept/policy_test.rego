# METADATA
# description: Generated from policy.yaml by npm run gen; edit that.
package edict.policies.sql_database.backups_kept_test

import data.edict.policies.sql_database.backups_kept as policy

test_backups_kept_holds if {
	result := policy.result with input as {"facts": {"backup_retention_days": 7}, "closed": [], "now": 1800000000}
	"backups-kept" in result.holds
	count([failure | some failure in result.fails; failure.clause == "backups-kept"]) == 0
}

test_backups_kept_fails if {
	result := policy.result with input as {"facts": {"backup_retention_days": 0}, "closed": [], "now": 1800000000}
	not "backups-kept" in result.holds
	count([failure | some failure in result.fails; failure.clause == "backups-kept"]) > 0
}

test_backups_kept_unknown if {
	result := policy.result with input as {"facts": {}, "closed": [], "now": 1800000000}
	not "backups-kept" in result.holds
	count([failure | some failure in result.fails; failure.clause == "backups-kept"]) == 0
}
