# METADATA
# title: "Callers of models authenticate with identities, not shared keys"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.model_endpoint
package edict.policies.model_endpoint.no_static_keys

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["no-static-keys"]

# callers authenticate with identities, not with shared keys
holds contains "no-static-keys" if input.facts.static_keys == false

fails contains {"clause": "no-static-keys"} if input.facts.static_keys == true
