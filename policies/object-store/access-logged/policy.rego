# METADATA
# title: "Access to object stores is logged"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.access_logged

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["access-logged"]

# access is logged
holds contains "access-logged" if input.facts.access_logged == true

fails contains {"clause": "access-logged"} if input.facts.access_logged == false
