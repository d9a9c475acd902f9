# METADATA
# title: "Public access to object stores is impossible, whatever is configured below"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.public_access_blocked

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["blocked"]

# makes public access impossible
holds contains "blocked" if input.facts.public_access_blocked == true

fails contains {"clause": "blocked"} if input.facts.public_access_blocked == false
