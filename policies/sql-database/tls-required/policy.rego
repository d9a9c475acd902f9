# METADATA
# title: "SQL databases refuse connections without TLS"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.sql_database
package edict.policies.sql_database.tls_required

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["tls-required"]

# clients cannot connect without TLS
holds contains "tls-required" if input.facts.tls_required == true

fails contains {"clause": "tls-required"} if input.facts.tls_required == false
