# METADATA
# title: "Object stores cannot be read or written by the public"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.no_public_access

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["no-public-read", "no-public-write"]

# nobody can read objects
holds contains "no-public-read" if input.facts.public_read == false

fails contains {"clause": "no-public-read"} if input.facts.public_read == true

# nobody can write objects
holds contains "no-public-write" if input.facts.public_write == false

fails contains {"clause": "no-public-write"} if input.facts.public_write == true
