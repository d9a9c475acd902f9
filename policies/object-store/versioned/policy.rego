# METADATA
# title: "Overwritten and deleted objects can be recovered"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.versioned

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["versioned"]

# can be recovered
holds contains "versioned" if input.facts.versioned == true

fails contains {"clause": "versioned"} if input.facts.versioned == false
