# METADATA
# title: "SQL databases have no public endpoint"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.sql_database
package edict.policies.sql_database.not_public

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["no-public-endpoint"]

# no database has an endpoint with a public address
holds contains "no-public-endpoint" if input.facts.public_endpoint == false

fails contains {"clause": "no-public-endpoint"} if input.facts.public_endpoint == true
