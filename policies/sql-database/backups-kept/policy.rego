# METADATA
# title: "SQL databases keep automatic backups"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.sql_database
package edict.policies.sql_database.backups_kept

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["backups-kept"]

# automatic backups are kept long enough
holds contains "backups-kept" if {
	is_number(input.facts.backup_retention_days)
	input.facts.backup_retention_days >= 7
}

fails contains {"clause": "backups-kept"} if {
	is_number(input.facts.backup_retention_days)
	input.facts.backup_retention_days < 7
}
