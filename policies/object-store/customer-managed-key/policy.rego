# METADATA
# title: "Confidential objects are encrypted under a key that we control"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.object_store
package edict.policies.object_store.customer_managed_key

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["scope", "customer-key"]

# It applies.
holds contains "scope" if input.facts.data_classification in {"confidential", "restricted"}

fails contains {"clause": "scope"} if input.facts.data_classification in {"internal", "public", {"none": true}}

# encrypted under a key we control
holds contains "customer-key" if input.facts.encryption == "customer_key"

fails contains {"clause": "customer-key"} if input.facts.encryption in {"none", "provider_key"}
