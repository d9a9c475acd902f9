# METADATA
# title: "SQL databases are encrypted at rest"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.sql_database
package edict.policies.sql_database.encrypted_at_rest

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["encrypted"]

# storage of every database is encrypted
holds contains "encrypted" if input.facts.encryption in {"customer_key", "provider_key"}

fails contains {"clause": "encrypted"} if input.facts.encryption == "none"
