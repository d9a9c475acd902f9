# METADATA
# title: "Models cannot be reached from the public network"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.model_endpoint
package edict.policies.model_endpoint.no_public_network

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["scope", "no-public-network"]

# It applies.
holds contains "scope" if input.facts.public_network in {false, true}

fails contains {"clause": "scope"} if input.facts.public_network == {"none": true}

# no model is reachable from the public network
holds contains "no-public-network" if input.facts.public_network == false

fails contains {"clause": "no-public-network"} if input.facts.public_network in {true, {"none": true}}
