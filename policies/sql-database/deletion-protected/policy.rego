# METADATA
# title: "Production SQL databases cannot be deleted by one call"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.sql_database
package edict.policies.sql_database.deletion_protected

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["scope", "deletion-protected"]

listed := {
	"staging",
	"development",
	"test",
	"sandbox",
	"other",
	{"none": true},
}

# It applies.
holds contains "scope" if input.facts.environment == "production"

fails contains {"clause": "scope"} if input.facts.environment in listed

# cannot be deleted by one call of the provider's API
holds contains "deletion-protected" if input.facts.deletion_protected == true

fails contains {"clause": "deletion-protected"} if input.facts.deletion_protected == false
