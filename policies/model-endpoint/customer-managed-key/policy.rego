# METADATA
# title: "Model data is encrypted under a key that we control"
# description: Generated from policy.yaml by npm run gen; edit that.
# schemas:
#   - input: schema.model_endpoint
package edict.policies.model_endpoint.customer_managed_key

# METADATA
# entrypoint: true
result := {"declared": declared, "holds": holds, "fails": fails}

declared := ["customer-key"]

# under a key we control
holds contains "customer-key" if input.facts.encryption == "customer_key"

fails contains {"clause": "customer-key"} if input.facts.encryption in {"none", "provider_key"}
